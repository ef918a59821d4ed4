# SPDX-License-Identifier: Apache-2.0
"""Files are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing, replacing_folder, sha256_of_file, write_json, write_text_if_changed


def test_a_file_appears_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    with replacing(tmp_path / "deep" / "a.txt") as temporary:
        temporary.write_text("new")
        assert temporary.suffix == ".txt"
        assert not (tmp_path / "deep" / "a.txt").exists()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.txt"]
    assert stat.S_IMODE((tmp_path / "deep" / "a.txt").stat().st_mode) & 0o444 == 0o444


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, interruption: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(interruption), replacing(path) as temporary:
        temporary.write_text("half")
        raise interruption
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.txt", "old")]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_an_interrupted_folder_leaves_the_old_one(tmp_path: Path, interruption: type[BaseException]) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(interruption), replacing_folder(folder) as temporary:
        (temporary / "new").touch()
        raise interruption
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == ["f", "f/old"]


def test_a_folder_is_swapped_whole(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "old").touch()
    with replacing_folder(folder) as temporary:
        (temporary / "new").touch()
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == ["f", "f/new"]


def test_an_equal_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"word": "да"})
    os.utime(path, (1, 1))
    assert not write_text_if_changed(path, '{\n  "word": "да"\n}\n')
    assert path.stat().st_mtime == 1
    assert write_text_if_changed(path, "other")
    assert len(sha256_of_file(path)) == 64


def test_a_folder_in_the_way_of_a_file_is_a_readable_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot write in"):
        write_text_if_changed(tmp_path / "file" / "a.txt", "x")
