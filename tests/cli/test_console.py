# SPDX-License-Identifier: Apache-2.0
"""The console: tables, and progress that machines can read past."""

from __future__ import annotations

import pytest

from tinykws.cli.console import ConsoleProgress, table
from tinykws.cli.terminal import CLEAR_LINE


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


def test_bytes_are_told_with_their_pace_from_where_this_run_began(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("tinykws.cli.console.time.monotonic", lambda: now[0])
    with ConsoleProgress().track_bytes("downloading", 2_400_000_000) as show:
        for seconds, done in [(0, 1_000_000_000), (1, 1_001_000_000), (20, 1_200_000_000), (20, 9_000_000)]:
            now[0] += seconds
            show(done)
    assert capsys.readouterr().err.splitlines() == [
        "downloading: 1,200 of 2,400 MB, 9.5 MB/s, 126 s left",
        "downloading: 9.0 of 2,400 MB",  # from its start again
    ]


def test_bytes_of_an_unknown_total(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinykws.cli.console.PLAIN_SECONDS", -1.0)
    with ConsoleProgress().track_bytes("downloading") as show:
        show(1_000_000)
    assert capsys.readouterr().err == "downloading: 1.0 MB\n"


def test_a_terminal_shows_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with ConsoleProgress().track_bytes("checking", 4_000_000) as show:
        show(1_000_000)
        show(4_000_000)
    said = capsys.readouterr().err
    assert "checking" in said
    assert "100%  4.0 of 4.0 MB" in said
