# SPDX-License-Identifier: Apache-2.0
"""Digests that are remembered: no file is hashed twice that did not change, and none that changed is not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tinykws.support import digest_cache
from tinykws.support.digest_cache import COARSEST_TICK_NS, digests_of
from tinykws.support.files import sha256_of_file
from tinykws.support.user_cache import CACHE_DIR_VARIABLE

CONTENT = {"a.wav": b"one", "b.wav": b"two"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "clips").mkdir()
    for name, content in CONTENT.items():
        (tmp_path / "clips" / name).write_bytes(content)
    return tmp_path / "clips"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read."""
    names: list[str] = []
    original = sha256_of_file

    def spy(path: Path) -> str:
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(digest_cache, "sha256_of_file", spy)
    return names


@pytest.fixture
def old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if files had been there for long: their times count for less than the cache's."""
    monkeypatch.setattr(digest_cache, "COARSEST_TICK_NS", -COARSEST_TICK_NS)


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def right(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files_in(folder)}


def test_a_file_is_hashed_once(folder: Path, hashed: list[str], old_files: None) -> None:
    assert digests_of(folder, files_in(folder)) == right(folder)
    assert hashed == ["a.wav", "b.wav"]
    assert digests_of(folder, files_in(folder)) == right(folder)
    assert hashed == ["a.wav", "b.wav"]


def test_a_change_of_the_same_size_and_time_is_seen(folder: Path, hashed: list[str], old_files: None) -> None:
    digests_of(folder, files_in(folder))
    times = (folder / "a.wav").stat()
    (folder / "a.wav").write_bytes(b"ONE")
    os.utime(folder / "a.wav", ns=(times.st_atime_ns, times.st_mtime_ns))  # as `cp --preserve` does; ctime remains
    assert digests_of(folder, files_in(folder)) == right(folder)
    assert hashed == ["a.wav", "b.wav", "a.wav"]


def test_a_replaced_file_is_seen(folder: Path, hashed: list[str], old_files: None) -> None:
    digests_of(folder, files_in(folder))
    (folder / "new").write_bytes(b"TWO")
    (folder / "new").replace(folder / "b.wav")
    assert digests_of(folder, files_in(folder)) == right(folder)


def test_a_file_that_was_just_written_is_hashed_again(folder: Path, hashed: list[str]) -> None:
    """It could change once more without a new time."""
    digests_of(folder, files_in(folder))
    digests_of(folder, files_in(folder))
    assert hashed == ["a.wav", "b.wav"] * 2


def test_files_that_are_gone_are_forgotten(folder: Path, old_files: None) -> None:
    digests_of(folder, files_in(folder))
    (folder / "a.wav").unlink()
    (folder / "b.wav").write_bytes(b"three")
    digests_of(folder, files_in(folder))
    (cache,) = (folder.parent / "cache" / "digests").iterdir()
    assert "a.wav" not in cache.read_text(encoding="utf-8")


@pytest.mark.parametrize("damage", ["", "[]", '{"x": 1}', '{"x": [1, 2, 3]}', "{", "[" * 5000])
def test_a_damaged_cache_is_no_error(folder: Path, old_files: None, damage: str) -> None:
    digests_of(folder, files_in(folder))
    (cache,) = (folder.parent / "cache" / "digests").iterdir()
    cache.write_text(damage, encoding="utf-8")
    assert digests_of(folder, files_in(folder)) == right(folder)


def test_a_cache_that_is_not_writable_is_no_error(folder: Path) -> None:
    (folder.parent / "cache").write_text("a file")
    assert digests_of(folder, files_in(folder)) == right(folder)


def test_a_file_that_cannot_be_read_is_an_error_and_leaves_the_cache(folder: Path, old_files: None) -> None:
    digests_of(folder, files_in(folder))
    with pytest.raises(FileNotFoundError):
        digests_of(folder, [*files_in(folder), folder / "missing"])
    assert len(list((folder.parent / "cache" / "digests").iterdir())) == 1
