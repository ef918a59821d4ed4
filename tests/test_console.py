"""The console: tables, and progress that machines can read past."""

from __future__ import annotations

import pytest

from tinykws.cli.console import ConsoleProgress, table


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
