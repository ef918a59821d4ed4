# SPDX-License-Identifier: Apache-2.0
"""Runs a program to its end: its lines as they come, a time limit always, and nothing of it left running."""

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
from tinykws.support.interrupts import start_whole

TOOL_OUTPUT = "tinykws.tool_output"
"""The logger (level debug) of every command that is run, and of each line it prints."""
TIDY_SECONDS = 2.0
"""How long a program that is to end may take for it."""


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
    """Runs a program; `on_line` gets each line of its stdout as it comes.

    Ctrl-C and the time limit end the program and all it has started.

    Raises:
        ToolError: it cannot be started, or takes longer than `timeout_s`.
    """
    started = time.monotonic()
    logging.getLogger(TOOL_OUTPUT).debug("$ %s", shlex.join(command))
    process = _start(command, env)
    try:  # at once: a Ctrl-C must find somebody who ends the process
        assert process.stdout is not None
        assert process.stderr is not None
        stdout, stderr = _Reader(process.stdout, on_line), _Reader(process.stderr, lambda _: None)
        ended = _wait(process, timeout_s)
    finally:
        end_group(process)
    if not ended:
        last_words = stdout.text()[-500:].strip()
        raise ToolError(f"no end after {timeout_s:.0f} s: {shlex.join(command)}", hint=last_words or None)
    return Finished(process.returncode, stdout.text(), stderr.text(), time.monotonic() - started)


class _Reader:
    """Collects a stream's text in a thread of its own, so that neither stream can block the program."""

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
        """All that came, once the stream has ended."""
        self._thread.join(timeout=5)
        return "".join(self._lines)


def start_group(
    command: Sequence[str] | str, env: Mapping[str, str] | None, *, stderr: int = subprocess.PIPE
) -> subprocess.Popen[str]:
    """Starts a program as the head of a group of its own, so that `end_group` ends its children with it.

    Args:
        command: program and arguments; a text goes to a shell.
        env: its environment; None: ours.
        stderr: subprocess.PIPE, or subprocess.STDOUT for both in one stream.

    Raises:
        OSError: it cannot be started.
    """
    return start_whole(
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
        end_group,
    )


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
    """Ends what still runs of a program and all it has started; it must be the head of a group of its own."""
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
    """Gives compilers the time to remove their temporary files. Raises ProcessLookupError once all have ended."""
    deadline = time.monotonic() + TIDY_SECONDS
    while time.monotonic() < deadline:
        process.poll()
        os.killpg(process.pid, 0)
        time.sleep(0.01)
