# SPDX-License-Identifier: Apache-2.0
"""List files of clips, as people and programs write them: validation_list.txt, testing_list.txt, ignore_list.txt.

One clip or folder per line. Lines from Windows, with `./` before them, with another case, or with the suffix that a
clip had before it was converted, still name their clip if only one can be meant.
"""

from __future__ import annotations

import codecs
import dataclasses
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class ClipList:
    """A list file, and the clips that it names."""

    name: str
    sources: frozenset[str]
    """`folder/name` of the clips that exist."""
    lines: int
    unmatched: tuple[str, ...]
    """Lines that name no clip."""


class ClipNames:
    """Finds clips by the names in list files."""

    def __init__(self, folder: Path, sources: Sequence[str]) -> None:
        """Takes the data folder, and `folder/name` of all clips in it."""
        self._roots = dict.fromkeys([folder.resolve().as_posix(), folder.as_posix(), folder.resolve().name])
        self._sources = sources
        self._exact: dict[str, list[str]] = {}
        self._near: tuple[dict[str, list[str]], ...] | None = None
        for source in sources:
            name = _composed(source)
            while name:
                self._exact.setdefault(name, []).append(source)
                name = name.rpartition("/")[0]

    def find(self, line: str) -> list[str]:
        """Returns the clips that a line names: one, all of a folder, or none."""
        for name in dict.fromkeys([line, *self._spellings(line)]):
            if found := self._exact.get(_composed(name)):
                return found
            tables = self._near_tables() if "/" not in name else self._near_tables()[:-1]
            for table, key in zip(tables, _near_keys(name), strict=False):
                if len(found := table.get(key, [])) == 1:
                    return found
        return []

    def _near_tables(self) -> tuple[dict[str, list[str]], ...]:
        """Returns clips by each of `_near_keys`; made when a list first needs them."""
        if self._near is None:
            self._near = ({}, {}, {})
            for source in self._sources:
                for table, key in zip(self._near, _near_keys(source), strict=True):
                    table.setdefault(key, []).append(source)
        return self._near

    def _spellings(self, line: str) -> Iterable[str]:
        text = line.strip().strip("\"'").replace("\\", "/")
        yield _plain(text)
        for root in self._roots:
            for spelling in (text, _plain(text)):
                if spelling.startswith(f"{root}/"):
                    yield _plain(spelling[len(root) + 1 :])


def read_lines(path: Path) -> list[str]:
    """Returns the lines of a list file without empty ones; [] if it does not exist.

    Bytes that are not UTF-8 are kept as `surrogateescape`, as Python has them in file names.

    Raises:
        ConfigError: it cannot be read, or is not text.
    """
    try:
        data = path.read_bytes() if path.is_file() or not path.exists() else b"\0"
        text = _decoded(data)
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read {path}: {error}", hint="it must be a text file with one folder/name per line"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def bytes_of_lines(lines: Sequence[str]) -> bytes:
    """Returns the content of a list file with these lines, as `read_lines` reads it."""
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def read_clip_list(path: Path, names: ClipNames) -> ClipList:
    """Reads a list file and finds its clips. Raises ConfigError like `read_lines`."""
    found: list[str] = []
    unmatched = []
    lines = [line for line in read_lines(path) if not line.startswith("#")]
    for line in lines:
        clips = names.find(line)
        found += clips
        unmatched += [] if clips else [line]
    return ClipList(path.name, frozenset(found), len(lines), tuple(unmatched))


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    text = data.decode("utf-8-sig", "surrogateescape")
    if "\0" in text:
        raise UnicodeDecodeError("utf-8", data, data.index(0), data.index(0) + 1, "not text")
    return text


def _plain(text: str) -> str:
    return "/".join(part for part in text.split("/") if part not in ("", "."))


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _near_keys(source: str) -> tuple[str, str, str]:
    """Returns the name without case, the same without its suffix, and the file's name without its folder."""
    folded = _composed(source).casefold()
    folder, _, name = folded.rpartition("/")
    stem = name.rpartition(".")[0] or name
    return folded, f"{folder}/{stem}", name
