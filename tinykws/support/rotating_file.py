# SPDX-License-Identifier: Apache-2.0
"""A text file to append to that never fills the disk: when it is full, it becomes FILE.1 and a new one begins."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType

from tinykws.support.files import not_writable


class RotatingFile:
    """UTF-8 lines in `path`, older ones in `path`.1; both together have at most `most_bytes`.

    What is not a plain file, such as a pipe, is only written to. Raises ConfigError if the file cannot be opened.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._room = most_bytes // 2
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("ab")
        except OSError as error:
            raise not_writable(path.parent, error) from error
        self._rotates = path.is_file()
        self._size = path.stat().st_size if self._rotates else 0

    def write_line(self, text: str) -> None:
        """Appends a line and flushes it, so that the file is complete if it is read or interrupted at any time."""
        data = f"{text}\n".encode(errors="backslashreplace")
        if self._rotates and self._size and self._size + len(data) > self._room:
            self._begin_again()
        self._stream.write(data)
        self._stream.flush()
        self._size += len(data)

    def __enter__(self) -> RotatingFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def _begin_again(self) -> None:
        """Renames the file; if that fails, because another program has the older one open, its lines are lost."""
        self._stream.close()
        with contextlib.suppress(OSError):
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._stream = self._path.open("wb")
        self._size = 0
