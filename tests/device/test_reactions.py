# SPDX-License-Identifier: Apache-2.0
"""Commands that a detection starts: what they get, and that none of them can hold the monitor."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import text_of, wait_until, wait_until_gone

from tinykws.device.protocol import Heard
from tinykws.device.reactions import MOST_CHARACTERS, MOST_LINES_WAITING, Reactions, parse_reaction
from tinykws.support.errors import ConfigError

YES = Heard("yes", 201, 4056)


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def poll_until(reactions: Reactions, good: Callable[[list[str]], bool]) -> list[str]:
    """Polls until what was told is good; returns all that was told."""
    told: list[str] = []

    def enough() -> bool:
        told.extend(reactions.poll())
        return good(told)

    wait_until(enough)
    return told


@pytest.fixture
def made() -> Iterator[Callable[..., Reactions]]:
    """Makes Reactions that are closed at the end."""
    all_made: list[Reactions] = []

    def make(*args: Any, **options: Any) -> Reactions:
        all_made.append(Reactions(*args, **options))
        return all_made[-1]

    yield make
    for reactions in all_made:
        reactions.close()


def test_a_command_runs_with_the_detection_in_its_environment(made: Callable[..., Reactions]) -> None:
    code = "import os; print(*(os.environ['KWS_' + n] for n in ('WORD', 'SCORE', 'TIME_MS')))"
    reactions = made([parse_reaction("yes", python(code))])
    (started,) = reactions.on(YES)
    assert started.startswith("on yes: started ")
    assert poll_until(reactions, bool) == ["on yes: yes 201 4056"]
    assert reactions.on(Heard("no", 201, 4056)) == []


def test_arguments_are_split_and_never_seen_by_a_shell(made: Callable[..., Reactions], tmp_path: Path) -> None:
    script = tmp_path / "show.py"
    script.write_text("import sys; print(sys.argv[1:])")
    command = f"{shlex.quote(sys.executable)} {script} 'two words' $HOME ; rm * && x"
    reactions = made([parse_reaction("yes", command)])
    reactions.on(YES)
    expected = ["two words", "$HOME", ";", "rm", "*", "&&", "x"]
    assert poll_until(reactions, bool) == [f"on yes: {expected}"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of another kind")
def test_a_shell_runs_it_when_asked(made: Callable[..., Reactions]) -> None:
    reactions = made([parse_reaction("yes", 'echo "$KWS_WORD" | tr a-z A-Z && exit 7', shell=True)])
    reactions.on(YES)
    told = poll_until(reactions, lambda told: len(told) == 2)
    assert told == ["on yes: YES", "on yes: failed, exit code 7"]


def test_words_are_written_as_the_device_writes_them() -> None:
    words = [parse_reaction(word, "python3", shell=True).word for word in ("hey robot", "да", "Yes")]
    assert words == ["hey_robot", "da", "yes"]
    with pytest.raises(ConfigError, match="a word is empty"):
        parse_reaction("", "python3")


@pytest.mark.parametrize(
    ("command", "says"),
    [("", "is empty"), ("  ", "is empty"), ("echo 'x", "cannot be parsed"), ("no-such-program x", "no-such-program")],
)
def test_a_command_that_cannot_run_is_told_before_anything_begins(command: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_reaction("yes", command)


def test_the_rate_is_limited_and_one_runs_at_a_time(made: Callable[..., Reactions]) -> None:
    clock = [0.0]
    reactions = made([parse_reaction("yes", python("pass"))], every_s=5.0, clock=lambda: clock[0])
    slow = made([parse_reaction("yes", python("import signal; signal.pause()"))], every_s=0.0)
    assert "started" in reactions.on(YES)[0]
    poll_until(reactions, lambda _: "the last start was" in reactions.on(YES)[0])
    clock[0] = 4.9
    assert reactions.on(YES) == ["on yes: not started: the last start was less than 5 s ago"]
    clock[0] = 5.0
    assert "on yes: started" in reactions.on(YES)[0]
    assert "on yes: started" in slow.on(YES)[0]
    assert slow.on(YES) == ["on yes: not started: the last run has not finished"]


@pytest.mark.slow
def test_a_command_that_hangs_is_ended_with_all_it_started(made: Callable[..., Reactions], tmp_path: Path) -> None:
    own_id = tmp_path / "id"
    child = f"import os, pathlib, signal; pathlib.Path({str(own_id)!r}).write_text(str(os.getpid())); signal.pause()"
    code = f"import subprocess, sys; print('up', flush=True); subprocess.run([sys.executable, '-c', {child!r}])"
    clock = [0.0]
    reactions = made([parse_reaction("yes", python(code))], timeout_s=60.0, clock=lambda: clock[0])
    reactions.on(YES)
    child_id = int(text_of(own_id))
    clock[0] = 60.1
    assert reactions.poll()[-1] == "on yes: timed out after 60 s"
    assert reactions.poll() == []
    wait_until_gone(child_id)


def test_a_command_that_talks_without_end_is_cut_short(made: Callable[..., Reactions]) -> None:
    reactions = made([parse_reaction("yes", python("while True: print('x' * 10_000)"))])
    reactions.on(YES)
    (run,) = reactions._runs.values()
    for _ in range(2):
        wait_until(run._output.full)
        told = reactions.poll()
        assert len(told) == MOST_LINES_WAITING
    reactions.close()
    left_in_pipe = 65536 // MOST_CHARACTERS
    told += poll_until(reactions, lambda told: "exit code" in "".join(told))
    assert MOST_LINES_WAITING <= len(told) <= 2 * MOST_LINES_WAITING + left_in_pipe + 2
    assert max(map(len, told)) < MOST_CHARACTERS + 20


def test_closing_ends_what_runs(made: Callable[..., Reactions]) -> None:
    reactions = made([parse_reaction("yes", python("import signal; signal.pause()"))])
    reactions.on(YES)
    reactions.close()
    assert any("exit code" in text for text in poll_until(reactions, bool))


def test_a_program_that_vanishes_is_told(made: Callable[..., Reactions], tmp_path: Path) -> None:
    program = tmp_path / "lamp"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    reactions = made([parse_reaction("yes", str(program))])
    program.unlink()
    assert reactions.on(YES)[0].startswith("on yes: cannot start: No such file")
