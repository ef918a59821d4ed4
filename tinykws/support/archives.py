# SPDX-License-Identifier: Apache-2.0
"""Unpacks an untrusted .tar.gz or .zip, which may be damaged or malicious.

Only the content of plain files is written: no link, device, owner or mode of an archive ever reaches the disk. That is
stricter than tarfile's `data` filter, and the same on every Python (3.10 has no filter before 3.10.12). An archive with
a name that leads out of the folder, or with a member of another kind, is refused as a whole.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import gzip
import io
import shutil
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from tinykws.support.errors import ToolError
from tinykws.support.files import is_reserved_by_windows, not_writable
from tinykws.support.progress import SILENT, Progress

BLOCK = 1 << 18
MAX_READ_BYTES = 1 << 22
"""No header of a valid archive is longer; tarfile would read a longer one into memory at once."""
MAX_MEMBERS = 1_000_000
MOST_PATH_BYTES, MOST_NAME_BYTES, MOST_DEPTH = 1024, 255, 32
"""Limits of a member's name: those of common file systems, with room for the folder that it goes into."""
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_LITTER = ("__MACOSX", ".DS_Store", "._")
"""Files that macOS adds to archives; they are skipped."""


class _Member(NamedTuple):
    name: str
    content: Generator[bytes, None, None] | None
    """In blocks; None for a folder."""
    packed_end: int
    """Where in the archive we are after this member, for the progress bar."""


def unpack(
    archive: Path,
    folder: Path,
    limit: int,
    on_progress: Callable[[int], None] = lambda _: None,
    keep: Callable[[str], bool] = lambda _: True,
) -> int:
    """Unpacks an archive into an empty folder; the caller removes the folder if this fails.

    Args:
        archive: a .tar.gz or .zip, recognized by its first bytes.
        folder: must exist.
        limit: the largest number of bytes to write.
        on_progress: called with the number of bytes of the archive that are done.
        keep: says by a file's name in the archive whether it is written; the others are checked all the same.

    Returns:
        The number of files written.

    Raises:
        ToolError: the archive is of neither kind, is damaged or larger than `limit`, or has a member that is not a
            plain file or folder, would lie outside `folder`, or occurs twice.
    """
    files = written = 0
    try:
        with contextlib.closing(_members(archive, limit)) as members:
            for member in members:
                path = folder / _inside(member.name, archive)
                if any(part.startswith(_LITTER) for part in PurePosixPath(member.name).parts):
                    continue
                if member.content is None:
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                on_progress(member.packed_end)
                if not keep(member.name):
                    continue
                written += _write(member.content, path, limit - written, archive)
                files += 1
    except (FileExistsError, NotADirectoryError) as error:
        raise _bad(archive, f"contains a name twice: {error.filename}") from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise _bad(archive, f"contains a name that is too long here: {str(error.filename)[-60:]}") from error
    on_progress(archive.stat().st_size)
    return files


@contextlib.contextmanager
def unpacked_beside(
    archive: Path, folder: Path, limit: int, progress: Progress = SILENT, keep: Callable[[str], bool] = lambda _: True
) -> Iterator[Path]:
    """Unpacks an archive to a temporary folder next to `folder`, so on its disk, and yields it; removes it at the end.

    Raises ToolError as `unpack` does, and ConfigError if the disk is full or not writable.
    """
    temporary = folder.with_name(f".{folder.name}-unpacking")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a run that was killed
    try:
        try:
            temporary.mkdir(parents=True)
            with progress.track_bytes("unpacking", archive.stat().st_size) as show:
                unpack(archive, temporary, limit, show, keep)
        except OSError as error:
            raise not_writable(folder.parent, error) from error
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _members(archive: Path, limit: int) -> Generator[_Member, None, None]:
    with archive.open("rb") as file:
        start = file.read(len(_ZIP))
    if start == _ZIP:
        return _zip_members(archive)
    if start.startswith(_GZIP):
        return _tar_members(archive, limit)
    raise _bad(archive, f"is neither a .tar.gz nor a .zip: it begins with {start!r}")


def _tar_members(archive: Path, limit: int) -> Generator[_Member, None, None]:
    with _parsing(archive), archive.open("rb") as packed, gzip.GzipFile(fileobj=packed) as unpacked:
        # Headers and padding come on top of the content.
        stream = _Stream(unpacked, 2 * limit + MAX_READ_BYTES, archive)
        with tarfile.open(fileobj=stream, mode="r:") as tar:
            for count, info in enumerate(tar):
                if not (info.isreg() or info.isdir()):
                    raise _bad(archive, f"holds {info.name!r}, which is neither file nor folder")
                if count >= MAX_MEMBERS:
                    raise _bad(archive, f"holds more than {MAX_MEMBERS:,} files")
                content = None if info.isdir() else _blocks(functools.partial(tar.extractfile, info), archive)
                yield _Member(info.name, content, packed.tell())
                tar.members.clear()  # type: ignore[attr-defined]  # else all headers stay in memory
        # gzip's checksum is at its end, and tarfile takes a header that it cannot read for the end of the archive.
        while rest := stream.read(BLOCK):
            if any(rest):
                raise tarfile.ReadError("something follows its last file")


def _zip_members(archive: Path) -> Generator[_Member, None, None]:
    with _parsing(archive), zipfile.ZipFile(archive) as zipped:
        for info in zipped.infolist():
            mode = stat.S_IFMT(info.external_attr >> 16)
            if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _bad(archive, f"holds {info.filename!r}, which is neither file nor folder")
            if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise _bad(archive, f"holds {info.filename!r}, which is encrypted or packed in an unusual way")
            content = None if info.is_dir() else _blocks(functools.partial(zipped.open, info), archive)
            yield _Member(info.filename, content, info.header_offset + info.compress_size)


def _blocks(open_member: Callable[[], IO[bytes] | None], archive: Path) -> Generator[bytes, None, None]:
    with _parsing(archive):
        content = open_member()
        assert content is not None  # tarfile returns None for anything but a file
        with content:
            while block := content.read(BLOCK):
                yield block


@contextlib.contextmanager
def _parsing(archive: Path) -> Iterator[None]:
    """Turns any exception of Python's readers into a ToolError: on damaged archives they raise almost anything."""
    try:
        yield
    except ToolError:
        raise
    except Exception as error:
        raise _bad(archive, f"is damaged: {error or type(error).__name__}") from error


def _inside(name: str, archive: Path) -> PurePosixPath:
    """Returns a member's path if it stays in the folder on every system: relative, no `..`, no drive, printable."""
    path = PurePosixPath(name)
    if len(name.encode(errors="replace")) > MOST_PATH_BYTES or len(path.parts) > MOST_DEPTH:
        raise _bad(archive, f"contains a name of {len(name):,} characters, {len(path.parts):,} folders deep: too long")
    if any(len(part.encode(errors="replace")) > MOST_NAME_BYTES for part in path.parts):
        raise _bad(archive, f"contains a name that is too long for a file: {name[:60]!r}…")
    if sys.platform == "win32" and any(map(is_reserved_by_windows, path.parts)):
        raise _bad(archive, f"contains {name!r}, a name that Windows reserves")
    if path.is_absolute() or ".." in path.parts or any(sign in name for sign in '\\:*?"<>|') or not name.isprintable():
        raise _bad(archive, f"contains {name!r}, a name that is not safe to unpack")
    return path


def _write(content: Generator[bytes, None, None], path: Path, room: int, archive: Path) -> int:
    """Writes a new file of at most `room` bytes; returns how many it has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("xb") as file, contextlib.closing(content):
        for block in content:
            written += len(block)
            if written > room:
                raise _too_large(archive)
            file.write(block)
    return written


class _Stream(io.RawIOBase):
    """A stream for tarfile that only moves forward, and ends with an error beyond `limit` bytes."""

    def __init__(self, file: gzip.GzipFile, limit: int, archive: Path) -> None:
        self._file = file
        self._limit = limit
        self._archive = archive
        self._at = 0

    def readable(self) -> bool:
        """Returns True."""
        return True

    def seekable(self) -> bool:
        """Returns True; only forward seeks work."""
        return True

    def tell(self) -> int:
        """Returns the number of bytes read so far."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Reads `size` bytes, fewer at the end."""
        if not 0 <= size <= MAX_READ_BYTES:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        data = self._file.read(size)
        self._at += len(data)
        if self._at > self._limit:
            raise _too_large(self._archive)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves forward to an offset."""
        if whence != io.SEEK_SET or offset < self._at:
            raise tarfile.ReadError("it is not in order")
        while self._at < offset and self.read(min(BLOCK, offset - self._at)):
            pass
        return self._at


def _too_large(archive: Path) -> ToolError:
    return _bad(archive, "unpacks to far more than this data set has")


def _bad(archive: Path, what: str) -> ToolError:
    return ToolError(f"{archive.name} {what}", hint="fetch it again, or from another address: --url ADDRESS")
