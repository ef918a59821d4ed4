# SPDX-License-Identifier: Apache-2.0
"""SHA-256 of files, remembered as long as a file does not change: the same inode, size, and times in nanoseconds.

The digests of the files below a folder are kept in the user's cache, one JSON file for each folder. A file that was
changed shortly before it was hashed is not remembered: another change within the clock tick of its file system would
leave its time the same. The file system's own time decides what is short, by a file that is made in the cache.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing, sha256_of_file
from tinykws.support.user_cache import user_cache_dir

COARSEST_TICK_NS = 2_000_000_000
"""FAT's: times are in steps of two seconds."""
_Known: TypeAlias = "dict[str, tuple[list[int], str]]"
"""Path -> identity and SHA-256."""


def digests_of(top: Path, files: Sequence[Path]) -> dict[Path, str]:
    """Returns the SHA-256 of files, hashing only those that changed since they were hashed last.

    Args:
        top: the folder, or file, by which they are remembered.
        files: all files below it; others are forgotten.

    Raises:
        OSError: a file cannot be read.
    """
    cache = user_cache_dir() / "digests" / f"{_name_of(top)}.json"
    known, identities = _read(cache), {path: _identity(path) for path in files}
    found = {path: _remembered(known, path, identity) for path, identity in identities.items()}
    changed = [path for path, digest in found.items() if digest is None]
    if not changed:
        return {path: digest for path, digest in found.items() if digest is not None}
    now_ns = _time_in(cache.parent)
    digests = {path: digest or _hashed(path) for path, digest in found.items()}
    if now_ns is not None:
        _write(cache, identities, digests, now_ns)
    return digests


def _hashed(path: Path) -> str:
    """Returns a file's SHA-256. Raises OSError, which names the file even if reading fails after opening."""
    try:
        return sha256_of_file(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _time_in(folder: Path) -> int | None:
    """Returns the time of a new file in the cache; None if that is not writable, which is not an error."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_mtime_ns
    return None


def _write(cache: Path, identities: Mapping[Path, list[int]], digests: Mapping[Path, str], now_ns: int) -> None:
    settled = {
        str(path): [identity, digests[path]]
        for path, identity in identities.items()
        if max(identity[-2:]) < now_ns - COARSEST_TICK_NS
    }
    with contextlib.suppress(ConfigError, OSError), replacing(cache) as fresh:
        fresh.write_text(json.dumps(settled), encoding="utf-8", errors="surrogateescape")


def _name_of(top: Path) -> str:
    return hashlib.sha256(os.fsencode(os.path.abspath(top))).hexdigest()[:32]  # noqa: PTH100 - links stay


def _identity(path: Path) -> list[int]:
    """Returns what changes with a file's content; the last two are times in ns."""
    info = path.stat()
    return [info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns]


def _read(cache: Path) -> _Known:
    """Returns what is remembered; nothing if the file is damaged. It is read once as long as it does not change."""
    try:
        return _parsed(cache, *_identity(cache))
    except OSError:
        return {}


@functools.lru_cache(maxsize=16)
def _parsed(cache: Path, *_: int) -> _Known:
    try:
        content: Any = json.loads(cache.read_text(encoding="utf-8", errors="surrogateescape"))
        return {str(path): (list(identity), str(digest)) for path, (identity, digest) in content.items()}
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return {}


def _remembered(known: _Known, path: Path, identity: list[int]) -> str | None:
    before = known.get(str(path))
    return before[1] if before is not None and before[0] == identity else None
