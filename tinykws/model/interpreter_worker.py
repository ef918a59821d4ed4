# SPDX-License-Identifier: Apache-2.0
"""The program of the process in which TFLite Micro runs an untrusted model (interpreter_process.py starts it).

It imports nothing of tinykws, so that it starts quickly. The limits are set before the model is read: memory; processor
time per request, so that nothing depends on how busy the computer is; no core dump.

    interpreter_worker.py serve                       the protocol below, on stdin and stdout
    interpreter_worker.py measure MODEL ARENA MEMORY  runs the model once and prints the size of its arena

Protocol: a line of JSON {"model_bytes", "arena_bytes", "memory_bytes", "shape"} and the model; then an input (the bytes
of int8 `shape`) for each inference. Each gets an answer: one byte (READY, OUTPUT, REFUSED or DAMAGED), the length as
uint32, and so many bytes: the output, or a reason as text. The end of stdin ends the process.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import struct
import sys
from typing import Any, BinaryIO

READY, OUTPUT, REFUSED, DAMAGED = b"+", b"o", b"r", b"d"
ANSWER = struct.Struct("<cI")
SECONDS_PER_REQUEST = 60
"""Processor time for loading the model, and for each inference."""
ERROR_TEXT_BYTES = 1 << 20
"""Largest file that the process may write: its stderr."""


def main(arguments: list[str]) -> None:
    """Runs the program."""
    if arguments[0] == "serve":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the parent, and so stdin
        with os.fdopen(os.dup(1), "wb") as answers:
            os.dup2(2, 1)  # what C++ prints must not get between the answers
            serve(sys.stdin.buffer, answers)
    else:
        path, arena_bytes, memory_bytes = arguments[1], int(arguments[2]), int(arguments[3])
        limit_memory(memory_bytes)
        limit_time()
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is one more import
            measure(file.read(), arena_bytes)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until there are no more."""

    def answer(kind: bytes, content: bytes = b"") -> None:
        answers.write(ANSWER.pack(kind, len(content)) + content)
        answers.flush()

    settings = json.loads(requests.readline())
    limit_memory(settings["memory_bytes"])
    limit_time()
    import numpy as np

    try:
        interpreter = load(requests.read(settings["model_bytes"]), settings["arena_bytes"])
        answer(READY)
        shape = settings["shape"]
        while len(values := requests.read(math.prod(shape))) == math.prod(shape):
            limit_time()
            interpreter.set_input(np.frombuffer(values, np.int8).reshape(shape), 0)
            interpreter.invoke()
            answer(OUTPUT, np.asarray(interpreter.get_output(0), np.int8).tobytes())
    except RuntimeError as error:
        answer(REFUSED, str(error).encode())
    except Exception as error:  # struct.error, IndexError, MemoryError … of TFLite Micro's own reader
        answer(DAMAGED, f"{type(error).__name__}: {error}".encode())


def load(model: bytes, arena_bytes: int) -> Any:
    """Returns TFLite Micro's interpreter with a model."""
    from tflite_micro import runtime

    return runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)


def measure(model: bytes, arena_bytes: int) -> None:
    """Runs a model once and prints what TFLite Micro counts."""
    interpreter = load(model, arena_bytes)
    interpreter.invoke()
    interpreter.print_allocations()


def limit_memory(memory_bytes: int) -> None:
    """Limits this process's memory and files; the next larger request fails."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (ERROR_TEXT_BYTES, ERROR_TEXT_BYTES))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def limit_time() -> None:
    """Ends this process (SIGXCPU) when it has used SECONDS_PER_REQUEST more seconds of processor time."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = math.ceil(used.ru_utime + used.ru_stime) + SECONDS_PER_REQUEST
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        sys.path.pop(0)  # this file's folder, whose modules must not hide others
    main(sys.argv[1:])
