# SPDX-License-Identifier: Apache-2.0
"""What takes seconds to make and several test files need: made once in a run, by whichever worker is first."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

_VARIABLE = "TINYKWS_TESTS_SHARED"
if _VARIABLE not in os.environ:
    # The first process of the run, whose variables pytest-xdist's workers inherit; it removes the folder at its end.
    _OWN = tempfile.TemporaryDirectory(prefix="tinykws-tests-", ignore_cleanup_errors=True)
    os.environ[_VARIABLE] = _OWN.name
FOLDER = Path(os.environ[_VARIABLE])


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Returns the folder of this name, which `make` fills if no worker has yet. Tests must not change it."""
    folder, done = FOLDER / name, FOLDER / f"{name}.done"
    with FileLock(FOLDER / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            done.touch()
    return folder


def compiled_objects(compiler: str, flags: Sequence[str], sources: Sequence[Path]) -> list[Path]:
    """Returns the object file of each C source; what has the same flags and preprocessed text is compiled once.

    Args:
        compiler: gcc, or another with its options.
        flags: of compiler and preprocessor. Definitions and include paths count by what they do to the text.
        sources: C files.

    Raises:
        AssertionError: with what the compiler said.
    """
    return [_object(compiler, list(flags), source) for source in sources]


def _object(compiler: str, flags: list[str], source: Path) -> Path:
    text = _run([compiler, *flags, "-E", "-P", str(source)])
    lasting = [flag for flag in flags if not flag.startswith(("-I", "-D"))]
    key = hashlib.sha256("\0".join([compiler, *lasting, source.name, text]).encode()).hexdigest()[:24]
    target = FOLDER / "objects" / f"{source.stem}-{key}.o"
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            made = Path(scratch) / target.name
            _run([compiler, *flags, "-c", str(source), "-o", str(made)])
            made.replace(target)
    return target


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
