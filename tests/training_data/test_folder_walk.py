# SPDX-License-Identifier: Apache-2.0
"""Audio files are found wherever they are; everything else that looks like one is named, and nothing else is opened."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from tinykws.audio.formats import SUFFIXES
from tinykws.support.errors import ConfigError
from tinykws.training_data.folder_walk import find_audio, printable

WAV = b"RIFF\x24\0\0\0WAVEfmt "


def touch(folder: Path, *names: str, data: bytes = b"") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def unused(folder: Path) -> dict[str, str]:
    return {one.source: one.reason for one in find_audio(folder).unused}


def sources(folder: Path) -> list[str]:
    return [file.source for file in find_audio(folder).files]


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_all_formats_that_libsndfile_reads_are_recordings(tmp_path: Path, suffix: str) -> None:
    touch(tmp_path, f"yes/a{suffix}", f"yes/B{suffix.upper()}")
    assert sources(tmp_path) == [f"yes/B{suffix.upper()}", f"yes/a{suffix}"]


def test_files_are_found_at_any_depth(tmp_path: Path) -> None:
    touch(tmp_path, "top.wav", "yes/a.wav", "yes/anna/b.wav", "yes/anna/monday/c.wav")
    assert sources(tmp_path) == ["top.wav", "yes/a.wav", "yes/anna/b.wav", "yes/anna/monday/c.wav"]


@pytest.mark.parametrize("suffix", [".m4a", ".aac", ".WMA", ".amr", ".webm", ".mp4"])
def test_formats_that_cannot_be_read_are_named(tmp_path: Path, suffix: str) -> None:
    touch(tmp_path, f"yes/a{suffix}")
    assert unused(tmp_path) == {f"yes/a{suffix}": f"{suffix.lower()} cannot be read: convert it to WAV, FLAC or MP3"}


@pytest.mark.parametrize("start", [WAV, b"fLaC\0\0\0\x22", b"OggS\0\2", b"ID3\4\0", b"FORM\0\0\0\0AIFF", b".snd\0\0"])
def test_recordings_without_the_name_of_one_are_named(tmp_path: Path, start: bytes) -> None:
    touch(tmp_path, "yes/a", "yes/b.wav.bak", data=start)
    assert set(unused(tmp_path)) == {"yes/a", "yes/b.wav.bak"}


def test_other_files_are_nobodys_business(tmp_path: Path) -> None:
    touch(tmp_path, "yes/readme.txt", "validation_list.txt", "yes/._a.wav", ".DS_Store", data=b"text")
    assert (sources(tmp_path), unused(tmp_path)) == ([], {})


def test_hidden_recordings_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "yes/.a.wav", ".trash/b.wav")
    assert set(unused(tmp_path)) == {"yes/.a.wav", ".trash/b.wav"}


@pytest.mark.skipif(sys.platform == "win32", reason="has none of these")
def test_what_is_not_a_file_is_named_without_being_opened(tmp_path: Path) -> None:
    touch(tmp_path, "yes/good.wav")
    os.mkfifo(tmp_path / "yes" / "pipe.wav")
    (tmp_path / "yes" / "endless.wav").symlink_to("/dev/zero")
    (tmp_path / "yes" / "lost.wav").symlink_to(tmp_path / "none")
    (tmp_path / "yes" / "round.wav").symlink_to(tmp_path / "yes" / "round.wav")
    (tmp_path / "yes" / "folder.wav").mkdir()
    (tmp_path / "yes" / "pipe_without_suffix").symlink_to(tmp_path / "yes" / "pipe.wav")
    listener = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(tmp_path / "yes")  # names of sockets are short
    listener.bind("s.wav")
    os.chdir(here)
    listener.close()
    assert sources(tmp_path) == ["yes/good.wav"]
    assert unused(tmp_path) == {
        "yes/pipe.wav": "it is a named pipe, not a file",
        "yes/endless.wav": "it is a device, not a file",
        "yes/lost.wav": "a link to nothing",
        "yes/round.wav": "a link to nothing",
        "yes/folder.wav": "it is a folder, not a file",
        "yes/s.wav": "it is a socket, not a file",
    }


def test_links_to_files_and_folders_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/a.wav", "data/yes/b.wav")
    (tmp_path / "data" / "yes" / "c.wav").symlink_to(tmp_path / "elsewhere" / "a.wav")
    (tmp_path / "data" / "no").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "yes" / "round").symlink_to(tmp_path / "data")
    assert sources(tmp_path / "data") == ["no/a.wav", "yes/b.wav", "yes/c.wav"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "yes/good.wav", "yes/caf\udce9.wav", "caf\udce9/a.wav")
    assert sources(tmp_path) == ["yes/good.wav"]
    assert unused(tmp_path) == dict.fromkeys(["yes/caf\\xe9.wav", "caf\\xe9"], "its name is not UTF-8: rename it")


def test_control_characters_are_shown_as_escapes() -> None:
    assert printable("a\x1b[2Jb\n") == "a\\x1b[2Jb\\n"
    assert printable("да é") == "да é"


def test_folders_for_something_else_are_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "yes/a.wav", "long/b.wav")
    assert [file.source for file in find_audio(tmp_path, [tmp_path / "long"]).files] == ["yes/a.wav"]


def test_no_folder_holds_nothing(tmp_path: Path) -> None:
    assert (sources(tmp_path / "none"), unused(tmp_path / "none")) == ([], {})


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "data")
    with pytest.raises(ConfigError, match="cannot read the folder"):
        find_audio(tmp_path / "data")


def test_what_is_too_deep_is_told(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*"abcdefghijklm")
    folder.mkdir(parents=True)
    (folder / "a.wav").touch()
    (folder.parent / "b.wav").touch()
    found = find_audio(tmp_path)
    assert [file.path.name for file in found.files] == ["b.wav"]
    (unused,) = found.unused
    assert unused.source == "a/b/c/d/e/f/g/h/i/j/k/l/m"
    assert "more than 12 levels below" in unused.reason
