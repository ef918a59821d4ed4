# SPDX-License-Identifier: Apache-2.0
"""fetch: adds a public data set to the folder of recordings, from a server or from a file.

The archive is downloaded next to the folder, checked by its SHA-256, unpacked next to it, and moved in once complete.
The user's files are never replaced or removed. `.fetched.json` in the folder lists what was fetched, so that a second
run has nothing to do.
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
from tinykws.training_data.merge_folders import count_recordings, merge_into, recordings_by_folder
from tinykws.training_data.public_datasets import PublicDataset

FETCHED = ".fetched.json"
DOWNLOAD = ".download"
"""Suffix of an archive that fetch may remove: users may keep their own next to the folder."""
BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class FetchReport:
    """The result of fetch."""

    name: str
    folder: Path
    fetched: bool
    """False if it was there already."""
    recordings: dict[str, int]
    """Number of recordings of the data set, by folder."""
    kept: tuple[str, ...]
    """The user's own files that have the same name as one of the data set but other content: they were kept."""
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
    """Adds a data set to a folder.

    Args:
        public_set: the data set.
        folder: the folder of recordings; it need not exist.
        urls: sources of the archive instead of the public ones: http, https, file://, or a path.
        add: allow a folder that already contains recordings. Existing files are kept.
        progress: shows the download, the check and the unpacking.
        sleep: waits between attempts.

    Raises:
        ConfigError: the folder contains recordings and `add` is not set; not enough space; no permission; a bad URL.
        ToolError: no URL delivers the archive, its checksum is wrong, or it is damaged.
    """
    folder = folder.resolve()  # a symbolic link to another disk: unpack there
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
                raise ToolError(f"{archive.name} contains no recordings", hint="expected: <word>/*.wav or *.flac")
            if not add:
                _refuse_recordings(folder, public_set.name)  # hours may have passed
            kept = merge_into(fresh, folder)
    write_json(folder / FETCHED, {**_fetched(folder), public_set.name: counts})
    if local is None:
        archive.unlink()
    return FetchReport(public_set.name, folder, True, counts, kept, public_set.licence)


def _fetched(folder: Path) -> dict[str, dict[str, int]]:
    """Returns the data sets that were fetched into a folder, each with its number of recordings by folder."""
    try:
        value: Any = json.loads((folder / FETCHED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_there(folder: Path, counts: dict[str, int]) -> bool:
    """Returns whether recordings are left in the fetched folders; the user may have removed single ones."""
    return isinstance(counts, dict) and not recordings_by_folder(folder).keys().isdisjoint(counts)


def _refuse_recordings(folder: Path, name: str) -> None:
    found = count_recordings(folder)
    if found:
        raise ConfigError(
            f"{folder} already contains {found:,} recordings, so nothing was fetched",
            hint=f"to add {name} to them (no file is replaced): --add\n"
            "to keep them apart: --into FOLDER, and `data: FOLDER` in kws.yaml",
        )


def _split_urls(urls: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Returns the archive if the first URL is a local file, else all URLs. Raises ConfigError."""
    scheme, is_url, _ = urls[0].partition("://")
    if is_url and scheme.lower() != "file":
        for url in urls:
            check_url(url)
        return None, list(urls)
    path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(urls[0]).path)) if is_url else Path(urls[0])
    if not path.is_file():
        raise ConfigError(f"the file {path} does not exist", hint="--url takes an archive: a .tar.gz or a .zip")
    return path, []


@contextlib.contextmanager
def _removed_if_bad(downloaded: Path | None) -> Iterator[None]:
    """Removes a downloaded archive that turns out to be invalid, so that the next run downloads it again."""
    try:
        yield
    except ToolError:
        if downloaded:
            downloaded.unlink()
        raise


def _check(archive: Path, public_set: PublicDataset, progress: Progress) -> None:
    """Raises ToolError if the archive's SHA-256 is wrong."""
    found = _sha256(archive, progress)
    if found != public_set.sha256:
        raise ToolError(
            f"{archive.name} is not the expected archive: its SHA-256 is {found}, not {public_set.sha256}",
            hint="fetch it again: it arrived damaged, or somebody changed it in transit or at its source\n"
            f"if you know that this archive is good: --sha256 {found}",
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
    """Unpacks an archive to a temporary folder on the target's disk and yields it; removes it at the end."""
    temporary = folder.with_name(f".{folder.name}-unpacking")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a run that was killed
    try:
        _make_folder(temporary)
        with progress.track_bytes("unpacking", archive.stat().st_size) as show:
            unpack(archive, temporary, limit, show)
        yield _without_wrapper(temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _without_wrapper(folder: Path) -> Path:
    """Returns the folder that contains the words' folders: some archives nest them in further folders."""
    while not recordings_by_folder(folder) and len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder.parent, error) from error
