# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tinykws.firmware_build.elf_sizes import Section, footprint, is_elf
from tinykws.support.errors import ConfigError

PROGBITS, STRTAB, NOBITS = 1, 3, 8
WRITE, ALLOC, EXECUTE = 1, 2, 4

Row = tuple[str, int, int, int, int]
"""name, type, flags, address, size"""


def write_elf(path: Path, rows: list[Row]) -> Path:
    """Writes an ELF32 file of nothing but section headers; the ELF specification has the layout."""
    all_rows = [("", 0, 0, 0, 0), *rows, (".shstrtab", STRTAB, 0, 0, 0)]
    names = b"".join(name.encode() + b"\0" for name, *_ in all_rows)
    headers, name_at = b"", 0
    for name, kind, flags, address, size in all_rows:
        size = len(names) if name == ".shstrtab" else size  # noqa: PLW2901
        headers += struct.pack("<10I", name_at, kind, flags, address, 52, size, 0, 0, 4, 0)
        name_at += len(name) + 1
    header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, 0, 0, 52 + len(names), 0, 52, 32, 0, 40, len(all_rows), len(all_rows) - 1
    )
    path.write_bytes(header + names + headers)
    return path


CORTEX_M: list[Row] = [
    (".text", PROGBITS, ALLOC | EXECUTE, 0x0, 1000),
    (".rodata", PROGBITS, ALLOC, 0x1000, 200),
    (".data", PROGBITS, ALLOC | WRITE, 0x20000000, 30),
    (".bss", NOBITS, ALLOC | WRITE, 0x20000100, 400),
    (".comment", PROGBITS, 0, 0, 99),
    (".empty", PROGBITS, ALLOC, 0, 0),
]


def test_initialised_variables_take_flash_and_ram(tmp_path: Path) -> None:
    sizes = footprint(write_elf(tmp_path / "x.elf", CORTEX_M), 0x20000000, 0x1000)
    assert sizes.sections == (
        Section(".text", 1000, 0),
        Section(".rodata", 200, 0),
        Section(".data", 30, 30),
        Section(".bss", 0, 400),
    )
    assert (sizes.flash_bytes, sizes.ram_bytes) == (1230, 430)


def test_without_an_address_the_writable_is_ram(tmp_path: Path) -> None:
    sizes = footprint(write_elf(tmp_path / "x.elf", CORTEX_M))
    assert (sizes.flash_bytes, sizes.ram_bytes) == (1230, 430)


def test_address_space_that_is_only_reserved_counts_as_neither(tmp_path: Path) -> None:
    """As in an ESP32's program: writable, without contents, in the window that maps flash."""
    rows: list[Row] = [
        (".dram0.data", PROGBITS, ALLOC | WRITE, 0x3FFB0000, 50),
        (".dram0.bss", NOBITS, ALLOC | WRITE, 0x3FFB1000, 60),
        (".flash_rodata_dummy", NOBITS, ALLOC | WRITE, 0x3F400020, 70000),
        (".flash.text", PROGBITS, ALLOC | EXECUTE, 0x400D0020, 800),
    ]
    sizes = footprint(write_elf(tmp_path / "x.elf", rows), 0x3FFAE000, 327680)
    assert (sizes.flash_bytes, sizes.ram_bytes) == (850, 110)
    assert [section.name for section in sizes.sections] == [".dram0.data", ".dram0.bss", ".flash.text"]


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"\x7fELF", b"\x7fELF" + bytes(20)])
def test_what_is_no_elf_is_a_readable_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "firmware.elf"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"firmware\.elf is not an ELF program"):
        footprint(path)


def test_a_damaged_elf_is_a_readable_error(tmp_path: Path) -> None:
    path = write_elf(tmp_path / "firmware.elf", CORTEX_M)
    whole = path.read_bytes()
    for length in range(5, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ConfigError, match="is not an ELF program"):
            footprint(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*gone\.elf"):
        footprint(tmp_path / "gone.elf")


def test_elf_files_are_told_from_others(tmp_path: Path) -> None:
    assert is_elf(write_elf(tmp_path / "a", CORTEX_M))
    (tmp_path / "b").write_bytes(b"\xcf\xfa\xed\xfe")
    assert not is_elf(tmp_path / "b")


def test_sizes_agree_with_the_linkers_own_tool(tmp_path: Path, qemu_cortex_m4: None) -> None:
    source = tmp_path / "x.c"
    source.write_text("int a = 5; int b[50]; const int c[9] = {1}; int main(void) { return a + b[1] + c[0]; }\n")
    elf = tmp_path / "x.elf"
    compiler = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "--specs=nosys.specs", "-o", str(elf), str(source)]
    subprocess.run(compiler, check=True, capture_output=True, timeout=600)
    size_tool = shutil.which("arm-none-eabi-size")
    assert size_tool is not None
    output = subprocess.run([size_tool, str(elf)], check=True, capture_output=True, text=True, timeout=600).stdout
    text, data, bss = (int(number) for number in output.splitlines()[1].split()[:3])
    sizes = footprint(elf)
    assert (sizes.flash_bytes, sizes.ram_bytes) == (text + data, data + bss)
