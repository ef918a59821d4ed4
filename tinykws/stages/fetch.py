# SPDX-License-Identifier: Apache-2.0
"""fetch: a public data set into the folder of recordings, from a server or from a file.

The archive is downloaded beside the folder, checked by its SHA-256, unpacked beside it, and moved in when all is good.
Nothing of the user's is ever replaced or removed. `.fetched.json` in the folder remembers what was fetched, so that
a second run has nothing to do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tinykws.support.archives import unpack
from tinykws.support.download import Sleep, check_url, download, downloaded_bytes, require_free_space
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.files import not_writable, write_json
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.merge_folders import merge_into, recordings_by_folder
from tinykws.training_data.public_datasets import PublicDataset

FETCHED = ".fetched.json"
DOWNLOAD = ".download"
"""Ends the name of an archive that is ours to remove: a user may keep his own beside the folder."""
BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class FetchReport:
    """What is in the folder now."""

    name: str
    folder: Path
    fetched: bool
    """False where it was there already."""
    recordings: dict[str, int]
    """Files of the data set by folder, as they came."""
    kept: tuple[str, ...]
    """The user's own files that have a name, and not the content, of one of the data set's: they stayed."""
    licence: str


def fetch(
    public_set: PublicDataset,
    folder: Path,
    urls: Sequence[str] = (),
    *,
    add: bool = False,
    progress: Progress = SILENT,
    sleep: Sleep = time.sleep,
) -> FetchReport:
    """Puts a data set into a folder.

    Args:
        public_set: which.
        folder: for recordings; need not exist.
        urls: where to get the archive instead of the public addresses: http, https, file://, or a path.
        add: into a folder that holds recordings. Files of the same name stay as they are.
        progress: draws the download, the check and the unpacking.
        sleep: waits between tries.

    Raises:
        ConfigError: a folder with recordings and not `add`, no room, no right to write, a wrong address.
        ToolError: no address gives the archive, or it is not the one that its checksum tells, or damaged.
    """
    folder = folder.resolve()  # a link to another disk: unpack there
    before = _fetched(folder).get(public_set.name)
    if before is not None and _is_there(folder, before):
        return FetchReport(public_set.name, folder, False, before, (), public_set.licence)
    if not add:
        _refuse_recordings(folder, public_set.name)
    _make_folder(folder.parent)
    local, remote = _split_urls(urls or public_set.urls)
    archive = local or folder.parent / (public_set.archive + DOWNLOAD)
    missing = 0 if archive.exists() else (public_set.size or 0) - downloaded_bytes(archive)
    require_free_space(folder.parent, max(missing, 0) + public_set.unpacked, public_set.name)
    if local is None:
        download(remote, archive, public_set.size, progress=progress, sleep=sleep)
    with _removed_if_bad(archive if local is None else None):
        _check(archive, public_set, progress)
        with _unpacked(archive, folder, public_set.unpacked, progress) as fresh:
            counts = recordings_by_folder(fresh)
            if not counts:
                raise ToolError(f"{archive.name} holds no recordings", hint="<word>/*.wav or *.flac is looked for")
            if not add:
                _refuse_recordings(folder, public_set.name)  # hours may have passed
            kept = merge_into(fresh, folder)
    write_json(folder / FETCHED, {**_fetched(folder), public_set.name: counts})
    if local is None:
        archive.unlink()
    return FetchReport(public_set.name, folder, True, counts, kept, public_set.licence)


def _fetched(folder: Path) -> dict[str, dict[str, int]]:
    """Returns the data sets that were fetched into a folder, each with its recordings by folder."""
    try:
        value: Any = json.loads((folder / FETCHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_there(folder: Path, counts: dict[str, int]) -> bool:
    """Returns whether recordings are left in the folders that were fetched; single ones may have been weeded out."""
    return isinstance(counts, dict) and not recordings_by_folder(folder).keys().isdisjoint(counts)


def _refuse_recordings(folder: Path, name: str) -> None:
    found = recordings_by_folder(folder)
    if found:
        raise ConfigError(
            f"{folder} holds {sum(found.values()):,} recordings already, and nothing was fetched into it",
            hint=f"--add, to put {name} beside them; no file is replaced\n"
            "--into FOLDER, and `data: FOLDER` in kws.yaml, to keep them apart",
        )


def _split_urls(urls: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Returns the archive, where the first address is a file here, and else all addresses. Raises ConfigError."""
    scheme, is_url, _ = urls[0].partition("://")
    if is_url and scheme.lower() != "file":
        for url in urls:
            check_url(url)
        return None, list(urls)
    path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(urls[0]).path)) if is_url else Path(urls[0])
    if not path.is_file():
        raise ConfigError(f"there is no file {path}", hint="--url takes an archive: a .tar.gz or a .zip")
    return path, []


@contextlib.contextmanager
def _removed_if_bad(downloaded: Path | None) -> Iterator[None]:
    """Removes a downloaded archive that turns out to be none or another, so that the next run starts anew."""
    try:
        yield
    except ToolError:
        if downloaded:
            downloaded.unlink()
        raise


def _check(archive: Path, public_set: PublicDataset, progress: Progress) -> None:
    """Raises ToolError unless the archive is the one."""
    found = _sha256(archive, progress)
    if found != public_set.sha256:
        raise ToolError(
            f"{archive.name} is not the archive it should be: its SHA-256 is {found}, not {public_set.sha256}",
            hint="fetch it again: it came damaged, or somebody changed it on the way or at its source\n"
            f"--sha256 {found}, if you know that this archive is good",
        )


def _sha256(path: Path, progress: Progress) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file, progress.track_bytes("checking", path.stat().st_size) as show:
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            show(done)
    return digest.hexdigest()


@contextlib.contextmanager
def _unpacked(archive: Path, folder: Path, limit: int, progress: Progress) -> Iterator[Path]:
    """Yields a folder with the data set, on the disk where it belongs; removes what is left there at the end."""
    temporary = folder.with_name(f".{folder.name}-unpacking")
    shutil.rmtree(temporary, ignore_errors=True)  # of a run that was killed
    try:
        _make_folder(temporary)
        with progress.track_bytes("unpacking", archive.stat().st_size) as show:
            unpack(archive, temporary, limit, show)
        yield _without_wrapper(temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _without_wrapper(folder: Path) -> Path:
    """Returns the folder that holds the words' folders: some archives wrap all in one or more."""
    while not recordings_by_folder(folder) and len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder.parent, error) from error
