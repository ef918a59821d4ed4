# SPDX-License-Identifier: Apache-2.0
"""What a person who records is asked and shown."""

from __future__ import annotations

import click
import numpy as np
import pytest
from click.testing import CliRunner

from tinykws.audio.speech_bounds import CutClip
from tinykws.cli.recording_prompts import AutomaticPrompts, TerminalPrompts

CLIP = CutClip(np.zeros(16000, np.int16), 480, -14.2, ())
CUT = CutClip(np.zeros(16000, np.int16), 480, -14.2, ("it is cut off at the end: speak a little earlier",))


def ask(clip: CutClip, typed: str) -> tuple[str, str]:
    """Returns the desk's answer to what a person types, and what the person saw."""
    answers: list[str] = []
    result = CliRunner().invoke(
        click.Command("ask", callback=lambda: answers.append(TerminalPrompts().judge(clip))), input=typed
    )
    assert result.exit_code == 0, result.output
    return answers[0], result.output


@pytest.mark.parametrize(
    ("clip", "typed", "answer"),
    [
        (CLIP, "\n", "keep"),
        (CLIP, "a\n", "again"),
        (CLIP, "q\n", "quit"),
        (CUT, "\n", "again"),
        (CUT, "k\n", "keep"),
        (CLIP, "nonsense\nq\n", "quit"),
    ],
)
def test_enter_keeps_what_is_good_and_speaks_again_what_is_not(clip: CutClip, typed: str, answer: str) -> None:
    said, seen = ask(clip, typed)
    assert said == answer
    assert "480 ms of speech, peak -14 dBFS" in seen
    assert all(defect in seen for defect in clip.defects)


@pytest.mark.parametrize(("typed", "ready"), [("\n", True), ("q\n", False), (" Q \n", False)])
def test_enter_begins_and_q_ends(typed: str, ready: bool) -> None:
    answers: list[bool] = []
    command = click.Command("ask", callback=lambda: answers.append(TerminalPrompts().prompt("hey robot", 2, 5)))
    result = CliRunner().invoke(command, input=typed)
    assert answers == [ready]
    assert "(2 of 5)" in result.output
    assert "hey robot" in result.output


def test_the_meter_moves_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = AutomaticPrompts()
    desk.show_level(np.array([-16384, 3], np.int16))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for samples, shown in (([-16384], "-6 dBFS"), ([0], "silence"), ([-32768], "TOO LOUD"), ([], None)):
        desk.show_level(np.array(samples, np.int16))
        err = capsys.readouterr().err
        assert err == "" if shown is None else shown in err
    desk.recording_ended()
    assert "dBFS" not in capsys.readouterr().err
