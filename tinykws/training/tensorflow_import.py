# SPDX-License-Identifier: Apache-2.0
"""Imports TensorFlow, and hides the messages that its C++ code prints regardless of settings, unless a call fails."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

from tinykws.support.errors import ToolError


def import_tensorflow() -> Any:
    """Returns the tensorflow module, imported silently. Raises ToolError if it is not installed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    try:
        with quiet():
            import tensorflow
    except ImportError as error:
        raise ToolError(f"TensorFlow cannot be used: {error}", hint="pip install 'tinykws[train]'") from error
    return tensorflow


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hides stdout and stderr of Python and C++, and Python's warnings.

    An exception gets the end of the hidden output as a note (from Python 3.11 on).
    """
    with tempfile.TemporaryFile() as hidden, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with _descriptors_to(hidden.fileno()):
                yield
        except BaseException as error:
            hidden.seek(0)
            _add_note(error, hidden.read()[-2000:].decode(errors="replace"))
            raise


@contextlib.contextmanager
def _descriptors_to(target: int) -> Iterator[None]:
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [(descriptor, os.dup(descriptor)) for descriptor in (1, 2)]
    try:
        with open(os.dup(target), "w", encoding="utf-8") as text, contextlib.redirect_stdout(text):  # noqa: PTH123
            for descriptor, _ in saved:
                os.dup2(target, descriptor)
            yield
    finally:
        for descriptor, copy in saved:
            os.dup2(copy, descriptor)
            os.close(copy)


def _add_note(error: BaseException, text: str) -> None:
    if text.strip() and hasattr(error, "add_note"):
        error.add_note(text)
