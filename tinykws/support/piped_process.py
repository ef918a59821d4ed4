# SPDX-License-Identifier: Apache-2.0
"""A program that answers requests over its stdin and stdout, and ends with the object that started it."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from typing import IO

from tinykws.support.interrupts import start_uninterrupted


class PipedProcess:
    """A running program. What it writes to stderr goes to a temporary file."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts the program. Raises OSError if it cannot be started."""
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = start_uninterrupted(
            lambda: subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, env=env
            ),
            lambda process: _end(process, self._errors),
        )
        weakref.finalize(self, _end, self._process, self._errors)

    def send(self, request: bytes) -> None:
        """Writes to stdin; does nothing if the program has ended, which `receive` then shows."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(request)
            self._process.stdin.flush()

    def receive(self, length: int) -> bytes:
        """Returns so many bytes of stdout, fewer if the program has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.read(length)

    def kill(self) -> None:
        """Ends the program at once."""
        self._process.kill()

    def wait(self) -> int:
        """Waits for its end and returns the exit code; a negative one is a signal."""
        return self._process.wait()

    def error_lines(self) -> list[bytes]:
        """Returns the lines that it has written to stderr, without empty ones."""
        self._errors.seek(0)
        return [line for line in self._errors.read().splitlines() if line.strip()]


def _end(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, errors):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
