# SPDX-License-Identifier: Apache-2.0
"""Runs a program with a time limit, passes its output on line by line, and leaves no process of it running."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from tinykws.support.errors import ToolError
from tinykws.support.interrupts import start_uninterrupted

TOOL_OUTPUT = "tinykws.tool_output"
"""The logger (level debug) of every command that is run, and of each line it prints."""
TIDY_SECONDS = 2.0
"""How long a program may take to terminate before it is killed."""


@dataclasses.dataclass(frozen=True)
class Finished:
    """How a program ended."""

    exit_code: int
    stdout: str
    stderr: str
    seconds: float


def run_command(
    command: Sequence[str],
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Runs a program; `on_line` is called with each line of its stdout as it arrives.

    Ctrl-C and the time limit end the program and all processes it has started.

    Raises:
        ToolError: the program cannot be started, or takes longer than `timeout_s`.
    """
    started = time.monotonic()
    logging.getLogger(TOOL_OUTPUT).debug("$ %s", shlex.join(command))
    process = _start(command, env)
    try:  # immediately: from here on, Ctrl-C must end the process
        assert process.stdout is not None
        assert process.stderr is not None
        stdout, stderr = _Reader(process.stdout, on_line), _Reader(process.stderr, lambda _: None)
        ended = _wait(process, timeout_s)
    finally:
        end_group(process)
    if not ended:
        last_output = stdout.text()[-500:].strip()
        shown = f"\nits last output:\n{last_output}" if last_output else ""
        raise ToolError(f"timed out after {timeout_s:.0f} s: {shlex.join(command)}{shown}")
    return Finished(process.returncode, stdout.text(), stderr.text(), time.monotonic() - started)


class _Reader:
    """Collects a stream's text in a thread, so that neither of two streams can block the program."""

    def __init__(self, stream: IO[str], on_line: Callable[[str], None]) -> None:
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, args=(stream, on_line), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[str], on_line: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                self._lines.append(line)
                logging.getLogger(TOOL_OUTPUT).debug("%s", line.rstrip())
                on_line(line.rstrip())

    def text(self) -> str:
        """Returns the whole text, once the stream has ended."""
        self._thread.join(timeout=5)
        return "".join(self._lines)


def start_group(
    command: Sequence[str] | str, env: Mapping[str, str] | None, *, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Starts a program as the leader of a new process group, so that `end_group` ends its children too.

    Args:
        command: program and arguments; a string is run by a shell.
        env: the program's environment; None: this process's.
        stderr: subprocess.PIPE, or subprocess.STDOUT for both in one stream.

    Raises:
        OSError: it cannot be started.
    """
    return start_uninterrupted(
        lambda: subprocess.Popen(
            command,
            shell=isinstance(command, str),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=sys.platform != "win32",
        ),
        _discard,
    )


def _discard(process: subprocess.Popen[str]) -> None:
    """Ends a program whose output nobody reads yet, and closes its pipes."""
    end_group(process)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _start(command: Sequence[str], env: Mapping[str, str] | None) -> subprocess.Popen[str]:
    try:
        return start_group(list(command), env)
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}: {error.strerror}") from error


def _wait(process: subprocess.Popen[str], timeout_s: float) -> bool:
    """Returns whether it ended in time."""
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def end_group(process: subprocess.Popen[str]) -> None:
    """Ends a program and all processes it has started; it must be the leader of its process group (`start_group`)."""
    if sys.platform == "win32":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/PID", str(process.pid), "/T", "/F"], capture_output=True, check=False, timeout=30
            )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
            _wait_for_group(process)
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait_for_group(process: subprocess.Popen[str]) -> None:
    """Gives compilers time to remove their temporary files. Raises ProcessLookupError once all have ended."""
    deadline = time.monotonic() + TIDY_SECONDS
    while time.monotonic() < deadline:
        process.poll()
        os.killpg(process.pid, 0)
        time.sleep(0.01)
