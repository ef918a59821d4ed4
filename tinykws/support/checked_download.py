# SPDX-License-Identifier: Apache-2.0
"""Brings a file from an address or from a folder of this computer, and keeps it only if its checksum is right."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinykws.support.download import Sleep, check_url, download, downloaded_bytes, require_free_space
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import SILENT, Progress

DOWNLOAD = ".download"
"""Suffix of a file that is not checked yet; users may keep files of theirs next to it."""
_BLOCK = 1 << 20
_NAMES = {"sha256": "SHA-256", "sha512": "SHA-512", "md5": "MD5"}


def checked_download(
    url: str, path: Path, size: int, checksum: str, *, progress: Progress = SILENT, sleep: Sleep = time.sleep
) -> None:
    """Brings a file to `path`; does nothing if it is there. A download that broke is resumed.

    Args:
        url: http, https, file://, or a path.
        path: its folder must exist.
        size: bytes.
        checksum: an algorithm of hashlib, a colon, and hex digits.
        progress: shows the download.
        sleep: waits between attempts.

    Raises:
        ToolError: the file did not arrive, or is another one; it is removed then.
        ConfigError: a file of this computer does not exist, the disk is full, or the address is none.
    """
    if path.exists():
        return
    fresh = path.with_name(path.name + DOWNLOAD)
    require_free_space(path.parent, max(0, size - downloaded_bytes(fresh)), path.name)
    if (local := local_path(url)) is not None:
        if not local.is_file():
            raise ConfigError(f"the file {local} does not exist", hint=f"--url takes the folder that holds {path.name}")
        shutil.copyfile(local, fresh)
    else:
        check_url(url)
        download([url], fresh, size, progress=progress, sleep=sleep)
    found = digest_of(fresh, checksum.partition(":")[0])
    if found != checksum:
        fresh.unlink()
        raise ToolError(
            f"{path.name} is not the expected file: its checksum is {found}, not {checksum}",
            hint="fetch it again: it arrived damaged, or somebody changed it in transit or at its source",
        )
    fresh.replace(path)


@contextlib.contextmanager
def checked_archive(
    urls: Sequence[str],
    path: Path,
    size: int | None,
    checksum: str,
    *,
    room: int = 0,
    what: str = "",
    progress: Progress = SILENT,
    sleep: Sleep = time.sleep,
) -> Iterator[Path]:
    """Yields an archive whose checksum is right. A file of the user's is used in place and stays.

    What was downloaded is removed when the archive was used, or when it turns out to be bad: then the block raises
    ToolError. After any other failure it stays, so that the next call need not download it again.

    Args:
        urls: addresses of the same bytes, tried in order; or a file:// address or path.
        path: where the download goes, with DOWNLOAD added; its folder must exist.
        size: bytes of the archive, if known.
        checksum: an algorithm of hashlib, a colon, and hex digits.
        room: bytes of disk space that using it will take.
        what: the archive's content, for the error when there is no room.
        progress: shows the download and the check.
        sleep: waits between attempts.

    Raises:
        ToolError: no address delivers the archive, or its checksum is wrong.
        ConfigError: a file does not exist, an address is none, or the disk has no room.
    """
    local, remote = split_urls(urls)
    archive = local or path.with_name(path.name + DOWNLOAD)
    missing = 0 if archive.exists() else (size or 0) - downloaded_bytes(archive)
    require_free_space(path.parent, max(missing, 0) + room, what or path.name)
    if local is None:
        download(remote, archive, size, progress=progress, sleep=sleep)
    try:
        _check(archive, checksum, progress)
        yield archive
    except ToolError:
        if local is None:
            archive.unlink()
        raise
    if local is None:
        archive.unlink()


def split_urls(urls: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Returns the archive if the first address is a local file, else all addresses. Raises ConfigError."""
    local = local_path(urls[0])
    if local is None:
        for url in urls:
            check_url(url)
        return None, list(urls)
    if not local.is_file():
        raise ConfigError(f"the file {local} does not exist", hint="--url takes an archive: a .tar.gz or a .zip")
    return local, []


def local_path(url: str) -> Path | None:
    """Returns the path of a file:// address or of a plain path; None for other addresses."""
    scheme, is_url, _ = url.partition("://")
    if not is_url:
        return Path(url)
    return Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path)) if scheme.lower() == "file" else None


def digest_of(path: Path, algorithm: str, progress: Progress = SILENT) -> str:
    """Returns the checksum of a file as `algorithm:hex`."""
    digest, done = hashlib.new(algorithm, usedforsecurity=False), 0
    with path.open("rb") as file, progress.track_bytes("checking", path.stat().st_size) as show:
        while block := file.read(_BLOCK):
            digest.update(block)
            done += len(block)
            show(done)
    return f"{algorithm}:{digest.hexdigest()}"


def _check(archive: Path, checksum: str, progress: Progress) -> None:
    """Raises ToolError if an archive's checksum is wrong."""
    algorithm, _, wanted = checksum.partition(":")
    found = digest_of(archive, algorithm, progress).partition(":")[2]
    if found == wanted:
        return
    sha256 = found if algorithm == "sha256" else digest_of(archive, "sha256", progress).partition(":")[2]
    raise ToolError(
        f"{archive.name} is not the expected archive: its {_NAMES[algorithm]} is {found}, not {wanted}",
        hint="fetch it again: it arrived damaged, or somebody changed it in transit or at its source\n"
        f"if you know that this archive is good: --sha256 {sha256}",
    )
