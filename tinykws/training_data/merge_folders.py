# SPDX-License-Identifier: Apache-2.0
"""Moving a folder of clips into another one that may hold a user's own: nothing is ever replaced or lost."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from pathlib import Path

from tinykws.support.files import write_text_if_changed
from tinykws.training_data.folders import LIST_FILES, SUFFIXES


def recordings_by_folder(folder: Path) -> dict[str, int]:
    """Returns how many recordings each folder below a data folder holds, by name; those without any are left out."""
    if not folder.is_dir():
        return {}
    found = {path.name: _recordings(path) for path in sorted(folder.iterdir()) if path.is_dir()}
    return {name: count for name, count in found.items() if count}


def move_in(fresh: Path, folder: Path) -> tuple[str, ...]:
    """Moves all that is in `fresh` to `folder`, on the same disk; undoes it where it fails.

    Where `folder` holds recordings, list files are joined and not moved, see `_join_lists`.

    Returns:
        What in `folder` has a name, and not the content, of recordings in `fresh`: it stayed.
    """
    if not folder.exists():
        fresh.rename(folder)
        return ()
    has_recordings = bool(recordings_by_folder(folder))
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
    """Yields what to move: whole folders where the target has none or an empty one, and else file by file."""
    for path in sorted(fresh.iterdir()):
        target = folder / path.name
        if path.is_dir() and target.is_dir() and any(target.iterdir()):
            yield from sorted(path.iterdir())
        else:
            yield path


def _is_other_recording(source: Path, target: Path) -> bool:
    if source.is_file() and target.is_file():
        return source.suffix.lower() in SUFFIXES and not filecmp.cmp(source, target, shallow=False)
    return source.is_dir()  # a word's folder, where the user has a file of that name


def _join_lists(theirs: Path, own: Path) -> None:
    """Adds the names in a list file to the user's, where he has one.

    Where he has none it is not needed: the hash by which `prepare` splits is the one Speech Commands' lists were made
    with. And it would do harm: clips that are in no list are for training, all of the user's own among them.
    """
    if theirs.exists() and own.exists():
        lines = own.read_text(encoding="utf-8").splitlines() + theirs.read_text(encoding="utf-8").splitlines()
        write_text_if_changed(own, "\n".join(dict.fromkeys(lines)) + "\n")


def _recordings(folder: Path) -> int:
    return sum(path.suffix.lower() in SUFFIXES for path in folder.iterdir())
