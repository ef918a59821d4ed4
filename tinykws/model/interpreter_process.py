# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's interpreter in a process of its own, for models from elsewhere: a crash there is an error here."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from tinykws.model import interpreter_worker as worker
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.piped_process import PipedProcess
from tinykws.support.run_command import Finished, run_command

_MEMORY_BYTES = 2 << 30
"""Address space of the process in addition to the arena; Python with numpy takes a tenth of it."""
_CRASH_HINT = "the file is damaged, or made to crash programs: convert the network again, or ask where you got it"
_LONGEST_QUOTE = 200


class InterpreterProcess:
    """Runs an int8 model in a process that ends with this object."""

    def __init__(self, tflite: bytes, shape: Sequence[int], arena_bytes: int, version: str) -> None:
        """Starts the process and loads the model.

        Args:
            tflite: the model.
            shape: the input's.
            arena_bytes: size of the tensor arena.
            version: TFLite Micro's, for errors.

        Raises:
            ConfigError: the model crashes TFLite Micro, takes too much time or memory, or is damaged.
            ToolError: TFLite Micro rejects the model.
        """
        self._version = version
        self._process = PipedProcess([sys.executable, worker.__file__, "serve"], _environment())
        settings = {
            "model_bytes": len(tflite),
            "arena_bytes": arena_bytes,
            "memory_bytes": _MEMORY_BYTES + arena_bytes,
            "shape": list(shape),
        }
        self._ask(json.dumps(settings).encode() + b"\n" + tflite, "refuses")

    def invoke(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Runs one inference: returns the output, int8 [n]. Raises as the constructor does."""
        return np.frombuffer(self._ask(values.tobytes(), "cannot run"), np.int8)

    def _ask(self, request: bytes, refusal: str) -> bytes:
        try:
            self._process.send(request)
            head = self._process.receive(worker.ANSWER.size)
            kind, length = worker.ANSWER.unpack(head) if len(head) == worker.ANSWER.size else (b"", 0)
            content = self._process.receive(length)
        except BaseException:  # Ctrl-C between a request and its answer: the next answer would be that of this request
            self._process.kill()
            raise
        if not kind:
            raise crash_error(self._process.wait())
        if kind in (worker.REFUSED, worker.DAMAGED):
            self._refuse(kind, content, refusal)
        return content

    def _refuse(self, kind: bytes, reason: bytes, refusal: str) -> NoReturn:
        self._process.wait()
        lines = self._process.error_lines()
        told = _printable(lines[-1] if lines else reason)
        if kind == worker.DAMAGED:
            raise ConfigError(
                f"TFLite Micro {self._version} cannot read the model: {_printable(reason)}", hint=_CRASH_HINT
            )
        raise ToolError(f"TFLite Micro {self._version} {refusal} the model: {told}")


def measured_arena(model: Path, arena_bytes: int) -> int | None:
    """Returns the bytes that TFLite Micro counts in an arena of this size, None if the model does not run in it.

    It runs in a separate process even for a model of our own: TFLite Micro prints the count from C++, and can crash if
    the arena is too small.
    """
    arguments = ["measure", str(model), str(arena_bytes), str(_MEMORY_BYTES + arena_bytes)]
    done: Finished = run_command([sys.executable, worker.__file__, *arguments], timeout_s=600, env=_environment())
    match = re.search(r"Arena allocation total (\d+) bytes", done.stdout + done.stderr)
    return int(match.group(1)) if match and done.exit_code == 0 else None


def crash_error(exit_code: int) -> ConfigError:
    """Returns the error for a process that ended without an answer, by its exit code (negative: a signal)."""
    if exit_code == -getattr(signal, "SIGXCPU", 0):
        return ConfigError(
            f"TFLite Micro's interpreter took more than {worker.SECONDS_PER_REQUEST} s of processor time on this model",
            hint="no microcontroller could run it: use a smaller model",
        )
    try:
        how = signal.Signals(-exit_code).name
    except ValueError:
        how = f"exit code {exit_code}"
    return ConfigError(f"TFLite Micro's interpreter crashed on this model ({how})", hint=_CRASH_HINT)


def _environment() -> dict[str, str]:
    """One thread for numpy: each more reserves address space, which is limited."""
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _printable(text: bytes) -> str:
    """Returns text that may be shown in a terminal: it can quote names from the model."""
    line = " ".join(text.decode(errors="replace").split())[:_LONGEST_QUOTE]
    return "".join(letter if letter.isprintable() else "?" for letter in line)
