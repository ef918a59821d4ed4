# SPDX-License-Identifier: Apache-2.0
"""Reads from an ELF file how much flash and RAM a program takes, by section."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinykws.support.errors import ConfigError

SHF_WRITE = 1
SHF_ALLOC = 2
"""Section flags, from the ELF specification."""


@dataclasses.dataclass(frozen=True)
class Section:
    """A section that is in memory at run time; initialised variables take both flash and RAM."""

    name: str
    flash_bytes: int
    ram_bytes: int


@dataclasses.dataclass(frozen=True)
class Footprint:
    """The sections of a program, in the file's order."""

    sections: tuple[Section, ...]

    @property
    def flash_bytes(self) -> int:
        """Code, constants, and the initial values of variables."""
        return sum(section.flash_bytes for section in self.sections)

    @property
    def ram_bytes(self) -> int:
        """Variables, and the stack that the linker script reserves; not memory that is allocated at run time."""
        return sum(section.ram_bytes for section in self.sections)


def footprint(elf: Path, ram_address: int = 0, ram_bytes: int = 0) -> Footprint:
    """Reads the sizes of a program.

    Args:
        elf: a linked program.
        ram_address: start of RAM; 0: every writable section counts as RAM. (Prefer an address: vendors' linker scripts
            have writable sections outside RAM that only reserve addresses.)
        ram_bytes: size of RAM.

    Raises:
        ConfigError: it is not a valid ELF file.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    ram = range(ram_address, ram_address + ram_bytes) if ram_address else None
    try:
        with elf.open("rb") as file:
            return Footprint(tuple(_sections(ELFFile(file), ram)))
    except (ELFError, ValueError, EOFError) as error:
        raise ConfigError(f"{elf} is not an ELF program: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {elf}: {error.strerror}") from error


def is_elf(program: Path) -> bool:
    """Returns whether a file starts with the ELF magic number; programs of macOS and Windows do not."""
    with program.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _sections(elf: Any, ram: range | None) -> Iterator[Section]:
    for section in elf.iter_sections():
        flags, size = section["sh_flags"], section["sh_size"]
        if not flags & SHF_ALLOC or not size:
            continue
        in_file = section["sh_type"] != "SHT_NOBITS"
        in_ram = bool(flags & SHF_WRITE) if ram is None else section["sh_addr"] in ram
        if in_file or in_ram:
            yield Section(section.name, size if in_file else 0, size if in_ram else 0)
