"""The console: tables, and progress that machines can read past."""

from __future__ import annotations

import pytest

from tinykws.cli.console import CLEAR_LINE, ConsoleProgress, table


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    assert table(["label", "recall"], [["yes", "91.5 %"], ["unknown", "7 %"]]) == (
        "label    recall\nyes      91.5 %\nunknown     7 %"
    )


def test_without_a_terminal_progress_is_plain_and_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykws.cli.console.PLAIN_SECONDS", -1.0)
    progress = ConsoleProgress()
    assert list(progress.track([7, 8, 9], "reading")) == [7, 8, 9]
    progress.say("done")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == ["reading: 0 of 3", "reading: 1 of 3", "reading: 2 of 3", "done"]


def test_no_number_stands_to_the_right_too_and_wide_characters_count_twice() -> None:
    assert table(["word", "recall"], [["你好", "-"], ["да", "7 %"]]) == "word  recall\n你好       -\nда       7 %"


def test_on_a_terminal_a_line_replaces_the_bar_which_goes_on_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = ConsoleProgress()
    progress.say("before")
    for _ in progress.track([1, 2], "train"):
        progress.say("epoch")
        progress.result("heard")
    progress.say("after")
    captured = capsys.readouterr()
    assert captured.out == "heard\nheard\n"
    assert captured.err.startswith("before\n")
    assert captured.err.count(f"{CLEAR_LINE}epoch\n") == 2
    assert captured.err.endswith("\nafter\n")
    assert f"{CLEAR_LINE}after" not in captured.err
