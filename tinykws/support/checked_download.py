# SPDX-License-Identifier: Apache-2.0
"""Brings a file from an address or from a folder of this computer, and keeps it only if its checksum is right."""

from __future__ import annotations

import hashlib
import shutil
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tinykws.support.download import Sleep, check_url, download, downloaded_bytes, require_free_space
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import SILENT, Progress

DOWNLOAD = ".download"
"""Suffix of a file that is not checked yet."""
_BLOCK = 1 << 20


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


def local_path(url: str) -> Path | None:
    """Returns the path of a file:// address or of a plain path; None for other addresses."""
    scheme, is_url, _ = url.partition("://")
    if not is_url:
        return Path(url)
    return Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path)) if scheme.lower() == "file" else None


def digest_of(path: Path, algorithm: str) -> str:
    """Returns the checksum of a file as `algorithm:hex`."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return f"{algorithm}:{digest.hexdigest()}"
