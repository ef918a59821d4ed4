# SPDX-License-Identifier: Apache-2.0
"""A lock on a folder, so that two commands do not build in one project at once: the second waits, and says for whom.

The system frees the lock when its owner ends, however that happens, so a lock cannot be left behind. A file next to it
says who owns it; without the lock that file means nothing.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

LOCK_NAME, OWNER_NAME = "stamps/.lock", "stamps/.lock-owner.json"


@contextlib.contextmanager
def locked(folder: Path, command: str, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Holds the folder's lock while the context lasts; the same process may take it several times.

    A folder that cannot be written, or a file system without locks, is used without a lock.

    Args:
        folder: made if it is missing.
        command: who takes the lock, for those who wait.
        on_wait: called with a message before this waits.
    """
    lock = _lock_of(folder)
    is_first = not lock.is_locked
    try:
        (folder / LOCK_NAME).parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, folder, on_wait)
    except (OSError, NotImplementedError):
        yield
        return
    try:
        with _naming_the_owner(folder / OWNER_NAME, command, is_first=is_first):
            yield
    finally:
        lock.release()


def _acquire(lock: filelock.BaseFileLock, folder: Path, on_wait: Callable[[str], None]) -> None:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        on_wait(f"waiting for {_owner(folder / OWNER_NAME)}, which works in {folder}; Ctrl-C ends the wait")
        lock.acquire()


def _owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"`{owner['command']}` (process {int(owner['pid'])})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another tinykws command"


@contextlib.contextmanager
def _naming_the_owner(path: Path, command: str, *, is_first: bool) -> Iterator[None]:
    if not is_first:
        yield
        return
    with contextlib.suppress(OSError):
        path.write_text(json.dumps({"pid": os.getpid(), "command": command}), encoding="utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def _lock_of(folder: Path) -> filelock.BaseFileLock:
    return _lock_at(str((folder / LOCK_NAME).absolute()))


@functools.cache
def _lock_at(path: str) -> filelock.BaseFileLock:
    return filelock.FileLock(path)
