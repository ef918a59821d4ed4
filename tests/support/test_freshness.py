# SPDX-License-Identifier: Apache-2.0
"""Freshness: by content of settings, inputs and outputs; dates play no part."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tinykws.support.errors import ConfigError
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


def test_changes_behind_links_are_seen(tmp_path: Path) -> None:
    """A data folder that is a link, a folder in it that is one, and a link that leads round in a circle."""
    elsewhere = tmp_path / "disk" / "yes"
    elsewhere.mkdir(parents=True)
    (elsewhere / "a.wav").write_text("a")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "yes").symlink_to(elsewhere)
    (tmp_path / "data" / "round").symlink_to(tmp_path / "data")
    (tmp_path / "top").symlink_to(tmp_path / "data")
    (tmp_path / "out").mkdir()
    for top in (tmp_path / "data", tmp_path / "top"):
        stage_files = StageFiles({}, [top], [tmp_path / "out"])
        write_stamp(tmp_path / "stamp.json", stage_files.inputs(), stage_files)
        assert is_fresh(tmp_path / "stamp.json", stage_files)
        (elsewhere / "a.wav").write_text(f"changed, {top.name}")
        assert not is_fresh(tmp_path / "stamp.json", stage_files)
        write_stamp(tmp_path / "stamp.json", stage_files.inputs(), stage_files)
        (elsewhere / f"{top.name}.wav").write_text("new")
        assert not is_fresh(tmp_path / "stamp.json", stage_files)


def test_a_file_that_cannot_be_read_is_a_refusal_in_words(tmp_path: Path) -> None:
    memory = Path("/proc/self/mem")  # a regular file that nobody can read from its start, whoever they are
    if not memory.is_file():
        pytest.skip("needs a file that cannot be read")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a b.wav").symlink_to(memory)
    stage_files = StageFiles({}, [tmp_path / "in"], [tmp_path / "in"])
    with pytest.raises(ConfigError, match=r"cannot read .*a b\.wav: ") as error:
        stage_files.inputs()
    assert f"ls -l '{tmp_path / 'in' / 'a b.wav'}'" in (error.value.hint or "")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind everybody here")
def test_a_folder_that_cannot_be_read_is_a_refusal_in_words(tmp_path: Path) -> None:
    (tmp_path / "in" / "closed").mkdir(parents=True)
    (tmp_path / "in" / "closed").chmod(0)
    with pytest.raises(ConfigError, match=r"cannot read .*closed: Permission denied"):
        StageFiles({}, [tmp_path / "in"], []).inputs()
