# SPDX-License-Identifier: Apache-2.0
"""Writes a folder of generated files that may also contain a user's own files.

A manifest in the folder lists the generated files with their hashes. It tells which old files may be removed, and which
the user has changed: a changed file is renamed and kept, never lost.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from tinykws.support.errors import ConfigError
from tinykws.support.files import not_writable, write_bytes_if_changed, write_json

MANIFEST = ".tinykws-generated.json"
KEPT_SUFFIX = ".yours"


@dataclasses.dataclass(frozen=True)
class TreeChanges:
    """What write_tree() changed; names are relative, with forward slashes."""

    written: tuple[str, ...]
    """New or changed files."""
    removed: tuple[str, ...]
    """Files of an earlier run that are no longer generated."""
    kept: tuple[str, ...]
    """Generated files that the user had changed; each was renamed and now ends in `.yours`."""


def write_tree(folder: Path, files: Mapping[str, bytes]) -> TreeChanges:
    """Writes generated files to `folder` and removes outdated ones; equal files and the user's own stay untouched.

    Raises:
        ConfigError: the folder cannot be written.
    """
    before = _read_manifest(folder)
    try:
        kept = [name for name, data in files.items() if _keep_users(folder / name, before.get(name), data)]
        removed = [name for name, digest in before.items() if name not in files and _remove(folder / name, digest)]
        written = [name for name, data in files.items() if write_bytes_if_changed(folder / name, data)]
    except OSError as error:
        raise not_writable(folder, error) from error
    write_json(folder / MANIFEST, {name: _digest(data) for name, data in sorted(files.items())})
    return TreeChanges(tuple(written), tuple(removed), tuple(kept))


def _keep_users(path: Path, generated_digest: str | None, new: bytes) -> bool:
    if not path.is_file():
        return False
    present = path.read_bytes()
    if present == new or _digest(present) == generated_digest:
        return False
    path.replace(path.with_name(path.name + KEPT_SUFFIX))
    return True


def _remove(path: Path, generated_digest: str) -> bool:
    """Removes a file that is unchanged since it was generated, and its folder if it is then empty."""
    if not path.is_file() or _digest(path.read_bytes()) != generated_digest:
        return False
    path.unlink()
    with contextlib.suppress(OSError):
        path.parent.rmdir()
    return True


def _read_manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in values.items() if _is_inside(name)}
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"cannot read {path}", hint=f"remove the folder {folder}; tinykws generates its files again"
        ) from error


def _is_inside(name: str) -> bool:
    """Whether a name from the manifest is inside the folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
