# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import pytest

from tinykws.firmware_build import generated_tree
from tinykws.firmware_build.generated_tree import MANIFEST, write_tree
from tinykws.support.errors import ConfigError
from tinykws.support.files import write_bytes_if_changed

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


def test_every_edit_is_kept(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    kept_as: list[str] = []
    for text in ("first\n", "second\n", "third\n", "second\n"):
        (tmp_path / "platformio.ini").write_text(text)
        kept_as += write_tree(tmp_path, FILES).kept_as
    assert kept_as == ["platformio.ini.yours", "platformio.ini.yours-2", "platformio.ini.yours-3", kept_as[1]]
    assert tree(tmp_path) == FILES | {
        "platformio.ini.yours": b"first\n",
        "platformio.ini.yours-2": b"second\n",
        "platformio.ini.yours-3": b"third\n",
    }


@pytest.mark.parametrize("kind", ["folder", "link", "dead link"])
def test_what_has_the_name_of_a_kept_file_stays(tmp_path: Path, kind: str) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / "elsewhere").write_text("edited\n")
    taken = tmp_path / "platformio.ini.yours"
    if kind == "folder":
        taken.mkdir()
    else:
        taken.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "none"))
    (tmp_path / "platformio.ini").write_text("edited\n")
    assert write_tree(tmp_path, FILES).kept_as == ("platformio.ini.yours-2",)
    assert taken.is_dir() if kind == "folder" else taken.is_symlink()


@pytest.mark.parametrize("name", ["src/model.c", "src/deep/down.c"])
def test_nothing_is_removed_through_a_link(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "project", tmp_path / "outside"
    write_tree(folder, {"platformio.ini": b"one\n", name: b"two\n"})
    (folder / "src").rename(outside)
    (folder / "src").symlink_to(outside)
    assert write_tree(folder, {"platformio.ini": b"one\n"}).removed == ()
    assert (tmp_path / name.replace("src", "outside")).read_bytes() == b"two\n"


def test_a_file_that_is_a_link_is_left_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_tree(folder, FILES)
    (tmp_path / "mine.c").write_bytes(FILES["src/model.c"])
    (folder / "src" / "model.c").unlink()
    (folder / "src" / "model.c").symlink_to(tmp_path / "mine.c")
    write_tree(folder, FILES | {"src/model.c": b"new\n"})
    assert (tmp_path / "mine.c").read_bytes() == FILES["src/model.c"]
    assert (folder / "src" / "model.c").read_bytes() == b"new\n"
    (folder / "src" / "model.c").unlink()
    (folder / "src" / "model.c").symlink_to(tmp_path / "mine.c")
    write_tree(folder, {"platformio.ini": b"one\n"})
    assert (tmp_path / "mine.c").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "src").symlink_to(tmp_path / "outside")
    with pytest.raises(ConfigError, match="src is a symbolic link to"):
        write_tree(tmp_path / "project", FILES)
    assert list((tmp_path / "outside").iterdir()) == []
    assert [path.name for path in (tmp_path / "project").iterdir()] == ["src"]


def test_a_link_to_the_folder_itself_is_fine(tmp_path: Path) -> None:
    (tmp_path / "other disk").mkdir()
    (tmp_path / "project").symlink_to(tmp_path / "other disk")
    write_tree(tmp_path / "project", FILES)
    assert tree(tmp_path / "other disk") == FILES


@pytest.mark.parametrize("after", range(5))
def test_a_killed_run_leaves_nothing_of_another_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    first = {"platformio.ini": b"one\n", "src/aot.c": b"a\n", "src/main.c": b"m\n"}
    second = {"platformio.ini": b"two\n", "src/tflm.c": b"t\n", "src/main.c": b"m2\n"}
    write_tree(tmp_path, first)
    left = after

    def killed(path: Path, data: bytes) -> bool:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        return write_bytes_if_changed(path, data)

    with monkeypatch.context() as patched, contextlib.suppress(KeyboardInterrupt):
        patched.setattr(generated_tree, "write_bytes_if_changed", killed)
        write_tree(tmp_path, second)
    for files in (first, second, first):
        assert write_tree(tmp_path, files).kept == ()
        assert tree(tmp_path) == files
    assert all(isinstance(digest, str) for digest in json.loads((tmp_path / MANIFEST).read_text()).values())


def test_the_first_run_killed_is_forgotten_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "platformio.ini").write_text("my own\n")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(generated_tree, "_keep_users", killed)
        write_tree(tmp_path, FILES)
    assert write_tree(tmp_path, FILES).kept == ("platformio.ini",)
    assert (tmp_path / "platformio.ini.yours").read_text() == "my own\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_temporary_files_of_a_killed_run_go(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / "src" / ".model-ab3_x9zz.c").write_text("half")
    (tmp_path / "src" / ".model-of-mine.c").write_text("mine")
    (tmp_path / ".platformio-ab3_x9zz.ini").write_text("half")
    write_tree(tmp_path, FILES)
    assert tree(tmp_path) == FILES | {"src/.model-of-mine.c": b"mine"}


@pytest.mark.parametrize("name", ["", ".", "a\0b", "..", "/etc/passwd"])
def test_a_name_that_is_none_is_ignored(tmp_path: Path, name: str) -> None:
    write_tree(tmp_path, FILES)
    (tmp_path / MANIFEST).write_text(json.dumps({name: "x"}))
    assert write_tree(tmp_path, FILES).removed == ()


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
