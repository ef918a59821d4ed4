# SPDX-License-Identifier: Apache-2.0
"""Temporary files and folders of runs that were killed: how a run marks its own, and how the next removes the others.

A run holds a lock on what it is writing (flock, which ends with the process, however it ends). What has the name of a
temporary file or folder and is not locked belongs to nobody. Where there are no such locks (Windows, some network
disks), nothing is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

if sys.platform != "win32":
    import fcntl

_RANDOM = r"[a-z0-9_]{8}"
"""What tempfile puts into names."""
OLD_SUFFIX = "-old"
"""Of a folder that is being replaced."""


@contextlib.contextmanager
def owned(path: Path) -> Iterator[bool]:
    """Holds the lock of a temporary file or folder; yields False if it was removed before it could be locked."""
    descriptor = _locked(path, wait=True)
    try:
        yield path.exists()
    finally:
        if descriptor is not None:
            os.close(descriptor)


def remove_abandoned_folders(path: Path) -> None:
    """Removes temporary folders next to `path` that killed runs left while they were making it.

    If the run was killed while it replaced `path`, the folder as it was before is put back.
    """
    name = re.compile(rf"\.{re.escape(path.name)}-{_RANDOM}")
    for temporary in _matching(path.parent, name):
        descriptor = _locked(temporary, wait=False)
        if descriptor is None:
            continue
        try:
            _give_back(temporary.with_name(temporary.name + OLD_SUFFIX), path)
            shutil.rmtree(temporary, ignore_errors=True)
        finally:
            os.close(descriptor)
    for old in _matching(path.parent, re.compile(name.pattern + OLD_SUFFIX)):
        if not old.with_name(old.name.removesuffix(OLD_SUFFIX)).exists():
            _give_back(old, path)


def remove_abandoned_files(folder: Path, names: Iterable[str]) -> None:
    """Removes temporary files that killed runs left while they wrote files, given by their names below `folder`."""
    patterns: dict[str, list[str]] = {}
    for name in map(PurePosixPath, names):
        pattern = rf"\.{re.escape(name.stem)}-{_RANDOM}{re.escape(name.suffix)}"
        patterns.setdefault(name.parent.as_posix(), []).append(pattern)
    for parent, alternatives in patterns.items():
        for temporary in _matching(folder / parent, re.compile("|".join(alternatives))):
            descriptor = _locked(temporary, wait=False)
            if descriptor is not None:
                temporary.unlink(missing_ok=True)
                os.close(descriptor)


def _give_back(old: Path, path: Path) -> None:
    """Renames the former folder back if its place is empty, otherwise removes it."""
    if old.is_dir() and not path.exists():
        old.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _matching(folder: Path, name: re.Pattern[str]) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(one.path) for one in entries if name.fullmatch(one.name) and not one.is_symlink()]
    except OSError:
        return []


def _locked(path: Path, *, wait: bool) -> int | None:
    """Returns a descriptor that holds the lock of a file or folder; None if another holds it or there are no locks."""
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
