# SPDX-License-Identifier: Apache-2.0
"""Freshness: by content of settings, inputs and outputs; dates play no part."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tinykws.support.freshness import StageFiles, is_fresh, write_stamp


@pytest.fixture
def stage(tmp_path: Path) -> StageFiles:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a").write_text("input")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b").write_text("output")
    stage_files = StageFiles({"epochs": 3}, [tmp_path / "in"], [tmp_path / "out"])
    write_stamp(tmp_path / "stamp.json", stage_files.inputs_digest(), stage_files)
    return stage_files


def test_nothing_changed_is_fresh_whatever_the_dates(stage: StageFiles, tmp_path: Path) -> None:
    os.utime(tmp_path / "in" / "deep" / "a", (1, 1))
    assert is_fresh(tmp_path / "stamp.json", stage)


def test_a_moved_project_stays_fresh(stage: StageFiles, tmp_path: Path) -> None:
    there = tmp_path / "moved"
    shutil.copytree(tmp_path / "in", there / "in")
    shutil.copytree(tmp_path / "out", there / "out")
    assert is_fresh(tmp_path / "stamp.json", StageFiles(stage.settings, [there / "in"], [there / "out"]))


@pytest.mark.parametrize("change", ["settings", "input", "new input", "output", "no output", "stamp", "no stamp"])
def test_any_change_is_stale(stage: StageFiles, tmp_path: Path, change: str) -> None:
    settings = stage.settings
    match change:
        case "settings":
            settings = {"epochs": 4}
        case "input":
            (tmp_path / "in" / "deep" / "a").write_text("changed")
        case "new input":
            (tmp_path / "in" / "b").touch()
        case "output":
            (tmp_path / "out" / "b").write_text("touched by hand")
        case "no output":
            shutil.rmtree(tmp_path / "out")
        case "stamp":
            (tmp_path / "stamp.json").write_text("{")
        case "no stamp":
            (tmp_path / "stamp.json").unlink()
    assert not is_fresh(tmp_path / "stamp.json", StageFiles(settings, stage.reads, stage.writes))
