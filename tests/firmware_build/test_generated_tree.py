# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from tinykws.firmware_build.generated_tree import MANIFEST, write_tree
from tinykws.support.errors import ConfigError

FILES = {"platformio.ini": b"one\n", "src/model.c": b"two\n"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_files_are_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "project"
    first = write_tree(folder, FILES)
    dates = {name: (folder / name).stat().st_mtime_ns for name in FILES}
    second = write_tree(folder, FILES)
    assert set(first.written) == set(FILES)
    assert (second.written, second.removed, second.kept) == ((), (), ())
    assert {name: (folder / name).stat().st_mtime_ns for name in FILES} == dates
    assert tree(folder) == FILES


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    changes = write_tree(tmp_path, FILES | {"src/model.c": b"three\n"})
    assert changes.written == ("src/model.c",)
    assert changes.kept == ()
    assert tree(tmp_path)["src/model.c"] == b"three\n"


def test_what_no_longer_belongs_goes_and_a_users_own_stays(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES | {"lib/old/kernel.c": b"k"})
    (tmp_path / "src" / "mine.c").write_text("my own\n")
    changes = write_tree(tmp_path, FILES)
    assert changes.removed == ("lib/old/kernel.c",)
    assert not (tmp_path / "lib" / "old").exists()
    assert tree(tmp_path) == FILES | {"src/mine.c": b"my own\n"}


def test_a_file_that_a_user_changed_is_not_removed(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / "src" / "model.c").write_text("improved\n")
    changes = write_tree(tmp_path, {"platformio.ini": b"one\n"})
    assert changes.removed == ()
    assert (tmp_path / "src" / "model.c").read_text() == "improved\n"


def test_a_file_that_a_user_changed_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / "platformio.ini").write_text("improved\n")
    changes = write_tree(tmp_path, FILES)
    assert changes.kept == ("platformio.ini",)
    assert tree(tmp_path) == FILES | {"platformio.ini.yours": b"improved\n"}


def test_a_file_that_was_there_before_is_kept_beside_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_text("a project of my own\n")
    assert write_tree(tmp_path, FILES).kept == ("platformio.ini",)
    assert (tmp_path / "platformio.ini.yours").read_text() == "a project of my own\n"


def test_a_manifest_cannot_reach_outside(tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.write_bytes(b"x")
    folder = tmp_path / "project"
    write_tree(folder, FILES)
    manifest = json.loads((folder / MANIFEST).read_text())
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of b"x"
    (folder / MANIFEST).write_text(json.dumps(manifest | {"../precious": digest, str(outside): digest}))
    assert write_tree(folder, FILES).removed == ()
    assert outside.read_bytes() == b"x"


@pytest.mark.parametrize("text", ["{", "[1]", '"x"'])
def test_a_damaged_manifest_is_an_error_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ConfigError, match="cannot read") as caught:
        write_tree(tmp_path, FILES)
    assert "remove the folder" in (caught.value.hint or "")


def test_a_folder_that_is_a_file_is_a_readable_error(tmp_path: Path) -> None:
    (tmp_path / "project").write_text("not a folder")
    with pytest.raises(ConfigError, match="cannot write"):
        write_tree(tmp_path / "project", FILES)
