# SPDX-License-Identifier: Apache-2.0
"""Finds the audio files below a folder, and says why each of the others is not used. Opens no pipe and no device."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinykws.audio.formats import has_audio_inside, is_audio_name, is_readable_name, not_a_file
from tinykws.support.errors import ConfigError
from tinykws.support.safe_text import visible_line

DEEPEST = 12
"""Levels of folders below the data folder."""
MAC_RESOURCE = "._"
"""Prefix of files that macOS writes next to others on foreign disks; they hold no sound."""


@dataclasses.dataclass(frozen=True)
class AudioFile:
    """A regular file with a name of a format that libsndfile reads."""

    path: Path
    parts: tuple[str, ...]
    """Folders below the data folder, and the file's name."""

    @property
    def source(self) -> str:
        """`folder/name`, with forward slashes."""
        return "/".join(self.parts)


@dataclasses.dataclass(frozen=True)
class UnusedFile:
    """An audio file that is not used."""

    source: str
    """`folder/name` below the data folder, as text that can be printed."""
    reason: str


@dataclasses.dataclass
class FoundFiles:
    """The audio files below a folder."""

    files: list[AudioFile] = dataclasses.field(default_factory=list)
    unused: list[UnusedFile] = dataclasses.field(default_factory=list)


def printable(name: str) -> str:
    """Returns a file name with bytes that are not UTF-8, and control characters, as escapes such as `\\xe9`."""
    return visible_line(os.fsencode(name).decode("utf-8", "backslashreplace"))


def find_audio(folder: Path, skip: Sequence[Path] = ()) -> FoundFiles:
    """Returns all audio files below a folder, sorted by name; nothing if the folder does not exist.

    Args:
        folder: where to search.
        skip: folders below it that are used for something else.

    Raises:
        ConfigError: the folder cannot be read.
    """
    found = FoundFiles()
    if folder.exists():
        _Walk(found, {path.resolve() for path in skip}).enter(folder, ())
    found.files.sort(key=lambda file: file.parts)
    found.unused.sort(key=lambda file: file.source)
    return found


class _Walk:
    """One walk through a folder."""

    def __init__(self, found: FoundFiles, skip: set[Path]) -> None:
        self._found = found
        self._skip = skip
        self._open: set[tuple[int, int]] = set()
        """Folders that the walk is in, so that a link to one of them does not lead round in a circle."""

    def enter(self, folder: Path, parts: tuple[str, ...]) -> None:
        """Adds everything below a folder."""
        info = folder.stat()
        identity = (info.st_dev, info.st_ino)
        if identity in self._open or (self._skip and folder.resolve() in self._skip):
            return
        if len(parts) > DEEPEST:
            self._leave_out(parts, f"the folder is more than {DEEPEST} levels below the data folder")
            return
        self._open.add(identity)
        for entry in self._entries(folder, parts):
            self._add(entry, (*parts, entry.name))
        self._open.remove(identity)

    def _entries(self, folder: Path, parts: tuple[str, ...]) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from entries
        except OSError as error:
            if not parts:
                raise ConfigError(
                    f"cannot read the folder {folder}: {error.strerror}", hint="check its permissions"
                ) from error
            self._leave_out(parts, f"the folder cannot be read: {error.strerror}")

    def _add(self, entry: os.DirEntry[str], parts: tuple[str, ...]) -> None:
        if entry.name.startswith(MAC_RESOURCE):
            return
        try:
            mode = entry.stat().st_mode
        except OSError as error:
            if is_audio_name(entry.name):
                self._leave_out(parts, "a link to nothing" if entry.is_symlink() else str(error.strerror))
            return
        if not stat.S_ISDIR(mode) or is_readable_name(entry.name):
            self._add_file(entry, parts, mode)
        elif not _is_utf8(entry.name):
            self._leave_out(parts, _NOT_UTF8)
        else:
            self.enter(Path(entry.path), parts)

    def _add_file(self, entry: os.DirEntry[str], parts: tuple[str, ...], mode: int) -> None:
        reason = _why_unused(entry, parts, mode)
        if reason is None:
            self._found.files.append(AudioFile(Path(entry.path), parts))
        elif reason:
            self._leave_out(parts, reason)

    def _leave_out(self, parts: tuple[str, ...], reason: str) -> None:
        self._found.unused.append(UnusedFile(printable("/".join(parts)), reason))


_NOT_UTF8 = "its name is not UTF-8: rename it"


def _why_unused(entry: os.DirEntry[str], parts: tuple[str, ...], mode: int) -> str | None:
    """Returns why a file is not used; None if it is, "" if it is not audio."""
    is_hidden = any(part.startswith(".") for part in parts)
    if not is_audio_name(entry.name):
        is_audio = stat.S_ISREG(mode) and not is_hidden and has_audio_inside(Path(entry.path))
        return "its name does not end like a recording's (.wav, .flac, .mp3 …): rename it" if is_audio else ""
    if is_hidden:
        return "hidden: its name, or its folder's, begins with a dot"
    kind = not_a_file(mode)
    if kind is not None:
        return f"it is {kind}, not a file"
    if not _is_utf8(entry.name):
        return _NOT_UTF8
    if not is_readable_name(entry.name):
        return f"{Path(entry.name).suffix.lower()} cannot be read: convert it to WAV, FLAC or MP3"
    return None


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
