# SPDX-License-Identifier: Apache-2.0
"""Files that are never half-written: each is written to a temporary file in the same folder, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinykws.support.abandoned import OLD_SUFFIX, owned, remove_abandoned_folders
from tinykws.support.errors import ConfigError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the folder of `path`; renames it to `path` on success, removes it on any failure.

    The suffix is kept, for writers that depend on it. Raises ConfigError if the folder is not writable.
    """
    with _beside(path) as temporary:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)


@contextlib.contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Like `replacing`, but never replaces a file: raises FileExistsError if `path` exists."""
    with _beside(path) as temporary:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if path.exists():
                raise FileExistsError(path) from None
            temporary.rename(path)


def write_bytes(path: Path, data: bytes) -> None:
    """Like Path.write_bytes, but an error names the file: those of a full disk do not. Raises OSError."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the folder of `path`; removes it afterwards if it still exists."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise not_writable(path.parent, error) from error
    os.close(descriptor)
    temporary = Path(name)
    try:
        with owned(temporary), _telling_a_full_disk(path.parent):
            yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields an empty temporary folder next to `path`; it replaces `path` on success, and is removed on any failure.

    Temporary folders of runs that were killed are removed first.
    """
    with _folder_beside(path) as temporary:
        old = temporary.with_name(temporary.name + OLD_SUFFIX)
        try:
            temporary.chmod(0o777 & ~_umask())
            with _telling_a_full_disk(path.parent):
                yield temporary
            if path.exists():
                path.rename(old)
            temporary.rename(path)
        finally:
            if old.exists() and not path.exists():
                old.rename(path)
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """Yields a new temporary folder next to `path` that other runs know to be in use."""
    remove_abandoned_folders(path)
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        except OSError as error:
            raise not_writable(path.parent, error) from error
        with owned(temporary) as is_there:
            if is_there:  # otherwise another run took it for abandoned
                yield temporary
                return


def write_text_if_changed(path: Path, text: str) -> bool:
    """Writes UTF-8 text with Unix line ends unless the file is identical already. Returns whether it wrote.

    Bytes of file names that are not UTF-8 become `\\udcXX`, which JSON reads as Python's `surrogateescape`.
    """
    return write_bytes_if_changed(path, text.encode(errors="backslashreplace"))


def write_bytes_if_changed(path: Path, data: bytes) -> bool:
    """Like write_text_if_changed, for bytes; an unchanged file keeps its date, which PlatformIO looks at."""
    if path.is_file() and path.read_bytes() == data:
        return False
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return True


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON, completely or not at all."""
    write_text_if_changed(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256_of_file(path: Path) -> str:
    """Returns the SHA-256 of a file's bytes in hex."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_reserved_by_windows(name: str) -> bool:
    """Returns whether Windows takes a file's or folder's name for a device (CON, nul.txt), or cannot keep it."""
    return _WINDOWS_DEVICE.fullmatch(name.partition(".")[0].rstrip()) is not None or name.endswith((".", " "))


def not_writable(folder: Path, error: OSError) -> ConfigError:
    """Returns the error for a folder that is not writable."""
    hint = os_error_hint(error)
    return ConfigError(
        f"cannot write in {folder}: {error.strerror or error}",
        hint=f"{hint}, or choose another folder" if hint.startswith("check") else hint,
    )


def made_folder(folder: Path) -> Path:
    """Makes a folder and those above it, unless it is there; returns it. Raises ConfigError if that is not possible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder.parent, error) from error
    return folder


def os_error_hint(error: OSError) -> str:
    """Returns what to do about an error of the operating system."""
    return _HINTS.get(error.errno or 0, "check the folder's permissions and free space")


@contextlib.contextmanager
def _telling_a_full_disk(folder: Path) -> Iterator[None]:
    """Turns the errors of a full or read-only disk, also those of worker processes, into a ConfigError."""
    try:
        yield
    except OSError as error:
        if error.errno in _HINTS:
            named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else folder
            raise not_writable(folder if folder in (named, *named.parents) else named.parent, error) from error
        raise


_WINDOWS_DEVICE = re.compile(r"con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]", re.IGNORECASE)
_HINTS = {
    errno.ENOSPC: "free some space on this disk, then run the same command again: nothing is half-written",
    errno.EDQUOT: "your quota on this disk is used up: delete files of yours, then run the same command again",
    errno.EROFS: "the file system is read-only: copy the project to another folder",
    errno.EMFILE: "this process has too many files open; allow more, then run the same command again: ulimit -n 4096",
    errno.ENFILE: "all programs together have too many files open: close some, then run the same command again",
    errno.EFBIG: "the file system, or ulimit -f, does not allow files of this size",
    errno.ENAMETOOLONG: "the name is too long for the file system: choose a shorter one",
    errno.EIO: "the disk reports an error: check it, and copy what you need elsewhere",
}
"""What to do, by errno."""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
