# SPDX-License-Identifier: Apache-2.0
"""Opens ONNX networks with onnxruntime, which is imported only when it is used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.support.errors import ConfigError, ToolError

THREADS = 2
QUIET = 3
"""onnxruntime's level at which it reports errors only."""
Floats = npt.NDArray[np.float32]


def open_session(path: Path, network: bytes | None = None) -> Callable[[Floats], Floats]:
    """Returns the network of a file, or what was made of it, as a function of its only input.

    Raises:
        ConfigError: the file is no ONNX network, or has more than one input.
        ToolError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ToolError(f"onnxruntime cannot be used: {error}", hint="pip install 'tinykws[teacher]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = THREADS, QUIET
    try:
        session: Any = onnxruntime.InferenceSession(
            network or path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's exceptions have no common class
        raise ConfigError(
            f"{path} cannot be used as a network: {_first_line(error)}", hint="write the file again, as ONNX"
        ) from error
    inputs = [one.name for one in session.get_inputs()]
    if len(inputs) != 1:
        raise ConfigError(f"{path} has {len(inputs)} inputs ({', '.join(inputs)}), not one")

    def run(values: Floats) -> Floats:
        try:
            return np.asarray(session.run(None, {inputs[0]: values})[0], np.float32)
        except Exception as error:
            raise ConfigError(f"{path} does not take float {list(values.shape)}: {_first_line(error)}") from error

    return run


def digest_of(paths: Iterable[Path], more: str) -> str:
    """Returns a digest of files' contents and a text."""
    digest = hashlib.sha256(more.encode())
    for path in paths:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
