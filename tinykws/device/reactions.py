# SPDX-License-Identifier: Apache-2.0
"""Runs the user's commands when words are detected; monitoring continues whatever a command does.

A thread reads each command's output and `poll` returns it, so output can neither block nor clutter the terminal.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from tinykws.device.protocol import Heard
from tinykws.project.labels import label_of_word
from tinykws.support.errors import ConfigError
from tinykws.support.run_command import end_group, start_group

MOST_LINES_WAITING = 200
"""Lines of output that are kept between two polls; further ones are dropped, so that monitoring does not wait."""
MOST_CHARACTERS = 500


@dataclasses.dataclass(frozen=True)
class Reaction:
    """A command to run when a word is detected."""

    word: str
    """The word's label, as the device prints it."""
    command: str
    arguments: tuple[str, ...]
    """Empty if a shell runs the command."""


def parse_reaction(word: str, command: str, *, shell: bool = False) -> Reaction:
    """Parses a command: split into words as a shell would do, or, with `shell`, left for a shell to run.

    Raises:
        ConfigError: an invalid word; an empty command, quotes that do not match, or a program that does not exist.
    """
    word = label_of_word(word).name
    if not command.strip():
        raise ConfigError(f"the command for {word!r} is empty")
    if shell:
        return Reaction(word, command, ())
    try:
        arguments = shlex.split(command, posix=sys.platform != "win32")
    except ValueError as error:
        raise ConfigError(f"the command for {word!r} cannot be parsed: {error}", hint="check its quotes") from error
    if shutil.which(arguments[0]) is None:
        raise ConfigError(
            f"the command for {word!r}: there is no program {arguments[0]}",
            hint="name a program on PATH; pipes, && and the like need --shell",
        )
    return Reaction(word, command, tuple(arguments))


class Reactions:
    """Starts commands, one at a time for each word, and reports their output and failures.

    Args:
        reactions: what to run, by word.
        every_s: shortest time between two starts for the same word; detections in between start nothing.
        timeout_s: a command that runs longer is stopped.
        clock: a clock in seconds.
    """

    def __init__(
        self,
        reactions: Sequence[Reaction] = (),
        *,
        every_s: float = 1.0,
        timeout_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reactions = list(reactions)
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._clock = clock
        self._runs: dict[Reaction, _Run] = {}

    @property
    def words(self) -> frozenset[str]:
        """The words that have a command."""
        return frozenset(reaction.word for reaction in self._reactions)

    def on(self, heard: Heard) -> list[str]:
        """Starts the commands for a detection. Returns messages for the user."""
        return [self._start(reaction, heard) for reaction in self._reactions if reaction.word == heard.label]

    def poll(self) -> list[str]:
        """Returns new output of running commands, and failures; stops commands that time out."""
        return [text for run in self._runs.values() for text in run.poll(self._clock(), self._timeout_s)]

    def close(self) -> None:
        """Stops every command that still runs."""
        for run in self._runs.values():
            if run.is_running:
                run.end()

    def _start(self, reaction: Reaction, heard: Heard) -> str:
        last, now = self._runs.get(reaction), self._clock()
        if last is not None and last.is_running:
            return f"on {reaction.word}: not started: the last run has not finished"
        if last is not None and now - last.started < self._every_s:
            return f"on {reaction.word}: not started: the last start was less than {self._every_s:g} s ago"
        try:
            self._runs[reaction] = _Run(reaction, _environment(heard), now)
        except OSError as error:
            return f"on {reaction.word}: cannot start: {error.strerror or error}"
        return f"on {reaction.word}: started {reaction.command}"


class _Run:
    """One run of a command."""

    def __init__(self, reaction: Reaction, environment: Mapping[str, str], now: float) -> None:
        self.started = now
        self._word = reaction.word
        self._output: queue.Queue[str] = queue.Queue(MOST_LINES_WAITING)
        self._process = start_group(reaction.arguments or reaction.command, environment, stderr=subprocess.STDOUT)
        self._end_reported = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def poll(self, now: float, timeout_s: float) -> list[str]:
        if self.is_running and now - self.started > timeout_s:
            self.end()
            self._end_reported = True
            return [*self._lines(), f"on {self._word}: timed out after {timeout_s:g} s"]
        lines = self._lines()
        if not self.is_running and not self._end_reported and not self._reader.is_alive():
            self._end_reported = True
            lines += self._lines()
            if self._process.returncode:
                lines.append(f"on {self._word}: failed, exit code {self._process.returncode}")
        return lines

    def end(self) -> None:
        end_group(self._process)

    def _lines(self) -> list[str]:
        """Returns the output so far; not more, since a command may print faster than this reads."""
        return [f"on {self._word}: {self._output.get_nowait()}" for _ in range(self._output.qsize())]

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            while line := stream.readline(MOST_CHARACTERS):
                with contextlib.suppress(queue.Full):
                    self._output.put_nowait(line.rstrip())


def _environment(heard: Heard) -> Mapping[str, str]:
    return {**os.environ, "KWS_WORD": heard.label, "KWS_SCORE": str(heard.score), "KWS_TIME_MS": str(heard.time_ms)}
