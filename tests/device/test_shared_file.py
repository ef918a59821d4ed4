# SPDX-License-Identifier: Apache-2.0
"""The emulated machines' quicker road: Python's end of it against C's, byte by byte."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.device.transport.shared_file import (
    BLOCK_BYTES,
    BLOCKS,
    FILE_NAME,
    MARK,
    SharedFileTransport,
    open_shared_file,
)
from tinykws.support.resources import FIRMWARE

LIBRARY = FIRMWARE / "ports" / "semihosting"
UART_RING_BYTES = 16384


class Uart:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def send_bytes(self, data: bytes) -> None:
        self.sent += data


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = tmp_path_factory.mktemp("wire") / "machine"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-g", "-fsanitize=address,undefined", f"-I{LIBRARY}"]
    source = Path(__file__).parent.parent / "c" / "fast_transport_stdin.c"
    subprocess.run(["gcc", *flags, source, LIBRARY / "kws_fast_transport.c", "-o", program], check=True)
    return program


def taken(machine: Path, uart: bytes, file: Path | None, most: int = 256) -> bytes:
    """What the machine's main loop gets."""
    with (file or machine).open("rb") as stdin:
        command = [str(machine), str(most), "file" if file else "none", uart.hex()]
        done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


LINES = st.lists(st.text("AZaz09+/= !@#", max_size=1100), min_size=1, max_size=8)


@settings(deadline=None, max_examples=25)
@given(sends=st.lists(LINES, min_size=1, max_size=4), most=st.sampled_from([1, 7, 256, 1000]))
def test_lines_arrive_as_they_were_sent(machine: Path, sends: list[list[str]], most: int) -> None:
    uart = Uart()
    with open_shared_file() as file:
        transport = SharedFileTransport(uart, file)  # type: ignore[arg-type]
        for lines in sends:
            transport.send_lines(lines)
        arrived = taken(machine, uart.sent, Path(file.name), most)
    assert [line for line in arrived.decode().split("\n") if line] == [
        line for lines in sends for line in lines if line
    ]


def test_the_file_is_used_round_its_end(machine: Path) -> None:
    uart = Uart()
    with open_shared_file() as file:
        transport = SharedFileTransport(uart, file)  # type: ignore[arg-type]
        for number in range(BLOCKS + 3):
            transport.send_lines([f"line {number}"])
        assert Path(file.name).stat().st_size == BLOCKS * BLOCK_BYTES
        arrived = taken(machine, uart.sent[-BLOCKS:], Path(file.name))
    assert arrived.split() == b" ".join(b"line %d" % number for number in range(3, BLOCKS + 3)).split()


def test_bytes_of_the_uart_keep_their_place_among_blocks(machine: Path, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"a" * BLOCK_BYTES + b"b" * BLOCK_BYTES)
    uart = b"!INFO\n" + bytes([MARK + 1]) + b"x" + bytes([MARK]) + b"\n"
    expected = b"!INFO\n" + b"b" * BLOCK_BYTES + b"x" + b"a" * BLOCK_BYTES + b"\n"
    assert taken(machine, uart, file) == expected


def test_without_a_file_a_mark_is_a_byte_like_any_other(machine: Path) -> None:
    every_byte = bytes(range(256)) * 3
    assert taken(machine, every_byte, None) == every_byte


def test_a_block_beyond_the_files_end_is_a_byte_too(machine: Path, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"a" * 100)
    assert taken(machine, bytes([MARK]) + b"rest", file) == bytes([MARK]) + b"rest"


def test_what_finds_no_room_in_the_uarts_ring_is_lost(machine: Path) -> None:
    assert taken(machine, b"x" * (UART_RING_BYTES + 10), None) == b"x" * UART_RING_BYTES


def test_both_ends_hold_the_same_numbers() -> None:
    header = (LIBRARY / "kws_fast_transport.h").read_text()
    numbers = dict(re.findall(r"#define KWS_FAST_TRANSPORT_(\w+) (?:\")?(\w+?)u?(?:\")?\s", header))
    assert int(numbers["BLOCK_BYTES"]) == BLOCK_BYTES
    assert int(numbers["MARK"], 16) == MARK
    assert int(numbers["RING_BYTES"]) == UART_RING_BYTES
    assert numbers["FILE"] == FILE_NAME
    assert MARK + BLOCKS == 256
