# SPDX-License-Identifier: Apache-2.0
"""List files of clips, as Windows, macOS, spreadsheets and people write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from tinykws.support.errors import ConfigError
from tinykws.training_data.clip_lists import ClipNames, bytes_of_lines, read_clip_list, read_lines

SOURCES = ["yes/a.wav", "yes/B.WAV", "yes/c.flac", "yes/anna/1.wav", "yes/anna/2.wav", "no/a.wav", "no/cafe\u0301.wav"]
SOURCES += ["no/x.wav", "no/x.mp3", "no/Y.wav", "no/y.wav", "yes_01.wav"]


def found(folder: Path, text: str | bytes) -> tuple[list[str], list[str]]:
    """The clips that a list names, and the lines that name none."""
    path = folder / "data" / "testing_list.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    result = read_clip_list(path, ClipNames(path.parent, SOURCES))
    return sorted(result.sources), list(result.unmatched)


@pytest.mark.parametrize(
    "line",
    [
        "yes/a.wav",
        "yes\\a.wav",
        ".\\yes\\a.wav",
        "./yes/a.wav",
        "/yes/a.wav",
        "yes//a.wav",
        "data/yes/a.wav",
        "./data/yes/a.wav",
        "data\\yes\\a.wav",
        "  yes/a.wav  ",
        '"yes/a.wav"',
        "yes/a.WAV",
        "Yes/A.wav",
        "yes/a.mp3",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_names_its_clip_however_it_is_written(tmp_path: Path, line: str, end: str) -> None:
    assert found(tmp_path, f"{line}{end}no/a.wav{end}") == (["no/a.wav", "yes/a.wav"], [])


def test_an_absolute_path_names_its_clip(tmp_path: Path) -> None:
    assert found(tmp_path, f"{tmp_path / 'data' / 'yes' / 'a.wav'}\n") == (["yes/a.wav"], [])


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("yes/b.wav", "yes/B.WAV"),
        ("yes/c.wav", "yes/c.flac"),
        ("no/café.wav", "no/cafe\u0301.wav"),
        ("c.flac", "yes/c.flac"),
    ],
)
def test_a_clip_is_found_if_only_one_can_be_meant(tmp_path: Path, line: str, source: str) -> None:
    assert found(tmp_path, line) == ([source], [])


@pytest.mark.parametrize("line", ["no/x.ogg", "no/Y.WAV", "a.wav", "other/c.flac", "yes/none.wav", "../yes/a.wav"])
def test_a_line_that_may_mean_several_or_none_is_not_guessed(tmp_path: Path, line: str) -> None:
    assert found(tmp_path, line) == ([], [line])


def test_exact_case_comes_first(tmp_path: Path) -> None:
    assert found(tmp_path, "no/Y.wav") == (["no/Y.wav"], [])


def test_a_folder_names_all_its_clips(tmp_path: Path) -> None:
    assert found(tmp_path, "yes/anna/") == (["yes/anna/1.wav", "yes/anna/2.wav"], [])
    assert found(tmp_path, "no\\")[0] == [source for source in sorted(SOURCES) if source.startswith("no/")]


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_marks_of_windows_editors_are_not_part_of_a_name(tmp_path: Path, mark: str) -> None:
    assert found(tmp_path, "yes/a.wav\r\nno/a.wav\r\n".encode(mark)) == (["no/a.wav", "yes/a.wav"], [])


def test_comments_and_empty_lines_name_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, "# my list\n\n  \nyes/a.wav\n") == (["yes/a.wav"], [])


def test_bytes_that_are_not_utf8_stay_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "ignore_list.txt"
    path.write_bytes(b"yes/caf\xe9.wav\n")
    lines = read_lines(path)
    assert bytes_of_lines(lines) == b"yes/caf\xe9.wav\n"


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"\0", b"yes\0no", b"\x7fELF\0\0"])
def test_what_is_not_text_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"testing_list\.txt"):
        found(tmp_path, data)


def test_no_list_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.txt") == []
