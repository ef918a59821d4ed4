# SPDX-License-Identifier: Apache-2.0
"""A log of bounded size: the newest lines are kept, the oldest go, and no line is torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykws.support.errors import ConfigError
from tinykws.support.rotating_file import RotatingFile


def test_both_files_together_keep_within_the_limit_and_hold_the_newest_lines(tmp_path: Path) -> None:
    path, older = tmp_path / "new" / "log.jsonl", tmp_path / "new" / "log.jsonl.1"
    with RotatingFile(path, 1000) as file:
        for number in range(500):
            file.write_line(f"line {number}")
            sizes = [each.stat().st_size for each in (path, older) if each.exists()]
            assert sum(sizes) <= 1000
    lines = (older.read_text() + path.read_text()).splitlines()
    assert lines == [f"line {number}" for number in range(500 - len(lines), 500)]
    assert len(lines) > 50


def test_what_an_earlier_run_wrote_counts(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("x" * 499 + "\n")
    with RotatingFile(path, 1000) as file:
        file.write_line("new")
    assert path.read_text() == "new\n"
    assert path.with_name("log.jsonl.1").stat().st_size == 500


def test_a_line_larger_than_the_limit_is_written_alone(tmp_path: Path) -> None:
    with RotatingFile(tmp_path / "log", 100) as file:
        for _ in range(3):
            file.write_line("y" * 70)
    assert (tmp_path / "log").read_text() == "y" * 70 + "\n"


def test_a_folder_in_its_place_is_a_readable_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write in"):
        RotatingFile(tmp_path, 100)
