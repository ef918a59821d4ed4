# SPDX-License-Identifier: Apache-2.0
"""Writes a folder of generated files that may also contain a user's own files.

A manifest in the folder lists the generated files with their hashes. It tells which old files may be removed, and which
the user has changed: a changed file is renamed and kept, never lost. The manifest is written before the first file,
with the old and the new hashes, and again at the end: a run that is killed in between leaves nothing that the next one
does not know. Nothing is written or removed through a symbolic link.

Files that are written once belong to the user from then on: they are in no manifest, and no later run changes, renames
or removes them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

from tinykws.support.abandoned import remove_abandoned_files
from tinykws.support.errors import ConfigError
from tinykws.support.files import not_writable, write_bytes_if_changed, write_json

MANIFEST = ".tinykws-generated.json"
KEPT_SUFFIX = ".yours"

Manifest: TypeAlias = dict[str, frozenset[str]]
"""SHA-256 of a generated file by its name; two of a file that a killed run may or may not have written."""


@dataclasses.dataclass(frozen=True)
class TreeChanges:
    """What write_tree() changed; names are relative, with forward slashes."""

    written: tuple[str, ...]
    """New or changed files."""
    removed: tuple[str, ...]
    """Files of an earlier run that are no longer generated."""
    kept: tuple[str, ...]
    """Generated files that the user had changed; each was renamed."""
    kept_as: tuple[str, ...] = ()
    """Their new names: with `.yours` at the end, or `.yours-2` and so on if there is one already."""


def write_tree(folder: Path, files: Mapping[str, bytes], once: Mapping[str, bytes] | None = None) -> TreeChanges:
    """Writes generated files to `folder` and removes outdated ones; equal files and the user's own stay untouched.

    Args:
        folder: where they go.
        files: contents by name, relative to the folder, with forward slashes.
        once: the same, of files that are written only where nothing has that name, not even a link.

    Raises:
        ConfigError: the folder cannot be written, or a folder in it is a link to another place.
    """
    new = {name: data for name, data in (once or {}).items() if not os.path.lexists(folder / name)}
    before = {name: digests for name, digests in _read_manifest(folder).items() if name not in (once or {})}
    _refuse_links(folder, [*files, *new])
    try:
        _write_manifest(folder, before, files)
        ours = {*before, *files, *new}
        remove_abandoned_files(folder, [name for name in ours if not _is_behind_link(folder, name)])
        kept = {name: _keep_users(folder / name, before.get(name, frozenset()), data) for name, data in files.items()}
        removed = [name for name, digests in before.items() if name not in files and _remove(folder, name, digests)]
        written = [name for name, data in {**files, **new}.items() if write_bytes_if_changed(folder / name, data)]
    except OSError as error:
        raise not_writable(folder, error) from error
    _write_manifest(folder, {}, files)
    changed = {name: path.relative_to(folder).as_posix() for name, path in kept.items() if path is not None}
    return TreeChanges(tuple(written), tuple(removed), tuple(changed), tuple(changed.values()))


def _keep_users(path: Path, generated_digests: frozenset[str], new: bytes) -> Path | None:
    """Renames a file that the user has changed; returns its new path, or None if it is not changed."""
    if not path.is_file():
        return None
    present = path.read_bytes()
    if present == new or _digest(present) in generated_digests:
        return None
    target = _free_name(path, present)
    path.replace(target)
    return target


def _free_name(path: Path, content: bytes) -> Path:
    """Returns the first name with `.yours` at the end that is free, or has the same content."""
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    candidates = (path.with_name(f"{path.name}{KEPT_SUFFIX}{number}") for number in numbers)
    return next(one for one in candidates if not os.path.lexists(one) or _is_copy(one, content))


def _is_copy(path: Path, content: bytes) -> bool:
    return not path.is_symlink() and path.is_file() and path.read_bytes() == content


def _remove(folder: Path, name: str, generated_digests: frozenset[str]) -> bool:
    """Removes a file that is unchanged since it was generated, and its folder if it is then empty."""
    path = folder / name
    if _is_behind_link(folder, name) or path.is_symlink() or not path.is_file():
        return False
    if _digest(path.read_bytes()) not in generated_digests:
        return False
    path.unlink()
    with contextlib.suppress(OSError):
        path.parent.rmdir()
    return True


def _refuse_links(folder: Path, names: Iterable[str]) -> None:
    """Raises ConfigError if a file would be written through a symbolic link."""
    for name in names:
        link = _link_above(folder, name)
        if link is not None:
            raise ConfigError(
                f"{link} is a symbolic link to {link.readlink()}: nothing is generated outside {folder}",
                hint=f"remove the link, {link}; or name another folder",
            )


def _is_behind_link(folder: Path, name: str) -> bool:
    return _link_above(folder, name) is not None


def _link_above(folder: Path, name: str) -> Path | None:
    """Returns the first folder on the way to a file, below `folder`, that is a symbolic link."""
    above = list(PurePosixPath(name).parents)[:-1]
    return next((folder / part for part in reversed(above) if (folder / part).is_symlink()), None)


def _write_manifest(folder: Path, before: Manifest, files: Mapping[str, bytes]) -> None:
    """Writes the hashes of files, and of those that were there before."""
    digests = {name: before.get(name, frozenset()) for name in before}
    for name, data in files.items():
        digests[name] = digests.get(name, frozenset()) | {_digest(data)}
    write_json(folder / MANIFEST, {name: _entry(both) for name, both in sorted(digests.items())})


def _entry(digests: frozenset[str]) -> Any:
    return next(iter(digests)) if len(digests) == 1 else sorted(digests)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): _digests(entry) for name, entry in values.items() if _is_inside(name)}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ConfigError(
            f"cannot read {path}",
            hint=f"remove it: rm {path}\ntinykws generates its files again, and keeps those that differ as"
            f" NAME{KEPT_SUFFIX}; do not remove the folder: files of yours may be in it",
        ) from error


def _digests(entry: Any) -> frozenset[str]:
    return frozenset(map(str, entry)) if isinstance(entry, list) else frozenset([str(entry)])


def _is_inside(name: str) -> bool:
    """Whether a name from the manifest is that of a file inside the folder."""
    return bool(name) and "\0" not in name and not Path(name).is_absolute() and ".." not in Path(name).parts


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
