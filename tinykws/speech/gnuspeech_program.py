# SPDX-License-Identifier: Apache-2.0
"""GnuSpeech's WebAssembly in Python: what it imports, over files in memory. It sees no file, clock or network.

The program is npm's @echogarden/gnuspeech-wasm 0.3.0, which emscripten compiled from C++ for JavaScript. Its imports
are a few POSIX calls, with names that were shortened to a letter, so this fits that one build, which `tinykws fetch`
knows by its checksum. Its data files are inside the program; it hands them over at the start.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.support.errors import ToolError
from tinykws.support.interrupts import uninterrupted

MOST_MEMORY_BYTES = 1 << 28
"""It grows to 40 MB."""
_PAGE = 1 << 16
_CREATE, _TRUNCATE, _WRITES = 0o100, 0o1000, 3
"""Flags of open() in Linux's numbers, as emscripten has them."""
_NO_ENTRY, _BAD_FILE, _NO_TERMINAL = 44, 8, 59
"""Errors in WASI's numbers, as emscripten has them."""
_FIRST_FILE = 3
"""0, 1 and 2 are standard input, output and error."""
_DICTIONARY = "data/en/MainDictionary.txt"


@dataclasses.dataclass
class _OpenFile:
    content: bytearray
    position: int = 0


class GnuspeechProgram:
    """A running program; a text is spoken by `speak`, whose result depends on its arguments only.

    Args:
        wasm: the file gnuspeech.wasm.

    Raises:
        ToolError: wasmtime is not installed, or the file is another program.
    """

    def __init__(self, wasm: Path) -> None:
        try:
            import wasmtime
        except ImportError as error:
            raise ToolError(f"wasmtime is not installed: {error}", hint='pip install "tinykws[synth]"') from error
        self._wasmtime: Any = wasmtime
        try:
            self._engine = wasmtime.Engine()
            self._module = wasmtime.Module.from_file(self._engine, str(wasm))
        except (wasmtime.WasmtimeError, OSError) as error:
            raise _not_gnuspeech(wasm, error) from error
        self._wasm = wasm
        self._start()

    def speak(self, text: str, files: dict[str, str], seed: int) -> bytes:
        """Returns a WAV file.

        Args:
            text: words that `files` or the program's own dictionary spells out.
            files: names to contents of files in `data/en/` that replace the program's own.
            seed: of its random numbers, which move the pitch a little.

        Raises:
            ToolError: the program stopped.
        """
        self._rng = np.random.default_rng(seed)
        for name, content in files.items():
            self._files[f"data/en/{name}"] = bytearray(content.encode())
        try:
            self._call(text)
            return bytes(self._files.pop("out.wav"))
        except (self._wasmtime.WasmtimeError, self._wasmtime.Trap, _StoppedError, KeyError) as error:
            self._start()  # its memory is in an unknown state
            raise ToolError(f"GnuSpeech stopped at {text!r}: {_first_line(error)}") from error

    def own_file(self, name: str) -> str:
        """Returns a file of the program's own data. Raises ToolError if it has none of this name."""
        if f"data/en/{name}" not in self._own_files:
            raise _not_gnuspeech(self._wasm, f"it has no {name}")
        return self._own_files[f"data/en/{name}"].decode("latin-1")

    def _start(self) -> None:
        """Loads the program into fresh memory and lets it unpack its files."""
        wasmtime = self._wasmtime
        self._store = wasmtime.Store(self._engine)
        self._store.set_limits(memory_size=MOST_MEMORY_BYTES)
        self._files: dict[str, bytearray] = {}
        self._open: dict[int, _OpenFile] = {}
        self._rng = np.random.default_rng(0)
        calls, linker = self._imports(), wasmtime.Linker(self._engine)
        try:
            for wanted in self._module.imports:
                function = wasmtime.Func(self._store, wanted.type, calls[wanted.name])
                linker.define(self._store, wanted.module, wanted.name, function)
            exports = linker.instantiate(self._store, self._module).exports(self._store)
            self._memory, self._free, self._allocate, self._synthesize = (exports[name] for name in "ruvw")
            uninterrupted(lambda: exports["s"](self._store))
        except (wasmtime.WasmtimeError, wasmtime.Trap, KeyError, _StoppedError) as error:
            raise _not_gnuspeech(self._wasm, error) from error
        self._own_files = {name: bytes(content) for name, content in self._files.items()}

    def _call(self, text: str) -> None:
        texts = [self._copied_in(each) for each in (text, "./out.wav", "/data/en", "./out-parameters.txt")]
        try:
            uninterrupted(lambda: self._synthesize(self._store, *texts, 0))  # it calls Python back
        finally:
            self._open.clear()
        for address in texts:
            self._free(self._store, address)

    def _copied_in(self, text: str) -> int:
        data = text.encode() + b"\0"
        address = int(self._allocate(self._store, len(data)))
        self._write(address, data)
        return address

    def _imports(self) -> dict[str, Callable[..., Any]]:
        """Returns a function for each letter that the program imports."""
        return {
            "a": _stop_with("a C++ exception"),
            "b": _stop_with("a failed assertion"),
            "c": self._fd_close,
            "d": self._fd_write,
            "e": lambda *_: 0,  # fcntl
            "f": self._fd_read,
            "g": lambda *_: -_NO_TERMINAL,  # ioctl
            "h": self._openat,
            "i": self._memcpy,
            "j": self._receive_own_files,
            "k": self._fd_seek,
            "l": self._random_get,
            "m": lambda *_: None,  # tzset
            "n": lambda *_: 0,  # environ_get
            "o": self._environ_sizes_get,
            "p": _stop_with("abort"),
            "q": self._resize_heap,
        }

    def _read(self, address: int, count: int) -> bytes:
        return bytes(self._memory.read(self._store, address & 0xFFFFFFFF, (address & 0xFFFFFFFF) + count))

    def _write(self, address: int, data: bytes) -> None:
        self._memory.write(self._store, data, address & 0xFFFFFFFF)

    def _words(self, address: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}I", self._read(address, 4 * count))

    def _text_at(self, address: int) -> str:
        text = b""
        while b"\0" not in text:
            text += self._read(address + len(text), 1)
        return text[:-1].decode()

    def _receive_own_files(self, table: int) -> None:
        """The table has name, length and content of each file, and ends with a zero."""
        while self._words(table, 1) != (0,):
            name, size, content = self._words(table, 3)
            self._files[self._text_at(name).lstrip("/")] = bytearray(self._read(content, size))
            table += 12

    def _openat(self, _folder: int, path: int, flags: int, _mode: int) -> int:
        name = self._text_at(path).removeprefix("./").lstrip("/")
        if flags & _CREATE and (flags & _TRUNCATE or name not in self._files):
            self._files[name] = bytearray()
        if name not in self._files:
            return -_NO_ENTRY
        number = max(self._open, default=_FIRST_FILE - 1) + 1
        self._open[number] = _OpenFile(self._files[name])
        return number

    def _fd_close(self, number: int) -> int:
        self._open.pop(number, None)
        return 0

    def _fd_read(self, number: int, parts: int, count: int, result: int) -> int:
        if number not in self._open:
            return _BAD_FILE
        file, done = self._open[number], 0
        for address, size in struct.iter_unpack("<II", self._read(parts, 8 * count)):
            data = bytes(file.content[file.position : file.position + size])
            self._write(address, data)
            file.position += len(data)
            done += len(data)
        self._write(result, struct.pack("<I", done))
        return 0

    def _fd_write(self, number: int, parts: int, count: int, result: int) -> int:
        done = 0
        for address, size in struct.iter_unpack("<II", self._read(parts, 8 * count)):
            if number in self._open:
                file = self._open[number]
                file.content[file.position : file.position + size] = self._read(address, size)
                file.position += size
            done += size
        self._write(result, struct.pack("<I", done))
        return 0

    def _fd_seek(self, number: int, low: int, high: int, whence: int, result: int) -> int:
        if number not in self._open:
            return _BAD_FILE
        file = self._open[number]
        base = (0, file.position, len(file.content))[whence]
        file.position = base + ((low & 0xFFFFFFFF) | (high << 32))
        self._write(result, struct.pack("<q", file.position))
        return 0

    def _random_get(self, address: int, count: int) -> int:
        self._write(address, self._rng.bytes(count))
        return 0

    def _memcpy(self, to: int, source: int, count: int) -> None:
        self._write(to, self._read(source, count))

    def _environ_sizes_get(self, count: int, size: int) -> int:
        self._write(count, bytes(4))
        self._write(size, bytes(4))
        return 0

    def _resize_heap(self, wanted: int) -> int:
        have = self._memory.data_len(self._store)
        wanted = max(wanted & 0xFFFFFFFF, min(have * 6 // 5, MOST_MEMORY_BYTES))
        try:
            self._memory.grow(self._store, -(-(wanted - have) // _PAGE))
        except self._wasmtime.WasmtimeError:
            return 0
        return 1


class _StoppedError(Exception):
    """The program ended itself."""


def _stop_with(why: str) -> Callable[..., None]:
    def stop(*_: int) -> None:
        raise _StoppedError(why)

    return stop


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0]


def _not_gnuspeech(wasm: Path, why: object) -> ToolError:
    return ToolError(
        f"{wasm} is not the GnuSpeech that tinykws knows: {_first_line(why)}",
        hint="delete it, and: tinykws fetch voices gnuspeech",
    )
