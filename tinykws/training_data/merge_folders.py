# SPDX-License-Identifier: Apache-2.0
"""Merges a folder of clips into a data folder that may contain the user's recordings, without replacing any file."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from pathlib import Path

from tinykws.audio.formats import is_readable_name
from tinykws.support.files import write_bytes_if_changed
from tinykws.training_data.clip_lists import bytes_of_lines, read_lines
from tinykws.training_data.folder_walk import find_audio
from tinykws.training_data.folders import LIST_FILES


def recordings_by_folder(folder: Path) -> dict[str, int]:
    """Returns the number of recordings in each subfolder, by name; subfolders without recordings are omitted."""
    if not folder.is_dir():
        return {}
    found = {path.name: _recordings(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    return {name: count for name, count in found.items() if count}


def count_recordings(folder: Path) -> int:
    """Returns the number of recordings anywhere below a folder; 0 if it does not exist."""
    return len(find_audio(folder).files)


def merge_into(fresh: Path, folder: Path) -> tuple[str, ...]:
    """Moves everything in `fresh` to `folder`, on the same disk; undoes the moves if one fails.

    If `folder` contains recordings, list files are merged instead of moved, see `_join_lists`.

    Returns:
        Files in `folder` that were kept although `fresh` has different recordings of the same name.
    """
    if not folder.exists():
        fresh.rename(folder)
        return ()
    has_recordings = bool(count_recordings(folder))
    lists = [fresh / name for name in LIST_FILES.values()] if has_recordings else []
    kept, moved, emptied = [], [], []
    try:
        for source in _sources(fresh, folder):
            target = folder / source.relative_to(fresh)
            if source in lists:
                continue
            if source.is_dir() and target.is_dir():  # an empty one, see _sources
                target.rmdir()
                emptied.append(target)
            if not target.exists():
                source.rename(target)
                moved.append((source, target))
            elif _is_other_recording(source, target):
                kept.append(target.relative_to(folder).as_posix())
    except BaseException:
        for source, target in reversed(moved):
            target.rename(source)
        for path in emptied:
            path.mkdir(exist_ok=True)
        raise
    for path in lists:
        _join_lists(path, folder / path.name)
    return tuple(kept)


def _sources(fresh: Path, folder: Path) -> Iterator[Path]:
    """Yields the paths to move: a whole folder if the target is missing or empty, otherwise its files."""
    for path in sorted(fresh.iterdir()):
        target = folder / path.name
        if path.is_dir() and target.is_dir() and any(target.iterdir()):
            yield from sorted(path.iterdir())
        else:
            yield path


def _is_other_recording(source: Path, target: Path) -> bool:
    if source.is_file() and target.is_file():
        return is_readable_name(source.name) and not filecmp.cmp(source, target, shallow=False)
    return source.is_dir()  # a word's folder, and the user has a file of that name


def _join_lists(theirs: Path, own: Path) -> None:
    """Adds the names in a list file to the user's list file, if there is one.

    Without one, no list is needed: `prepare` splits by the same hash that made Speech Commands' lists. A list would
    even do harm: clips that are in no list are used for training, so all of the user's recordings would be.
    """
    if theirs.exists() and own.exists():
        lines = dict.fromkeys(read_lines(own) + read_lines(theirs))
        write_bytes_if_changed(own, bytes_of_lines(list(lines)))


def _recordings(folder: Path) -> int:
    return sum(is_readable_name(path.name) for path in folder.iterdir())
