# SPDX-License-Identifier: Apache-2.0
"""The model slot of a board: flash outside the program for a model that is written by itself."""

from __future__ import annotations

import dataclasses
import re

from tinykws.support.dataclass_reader import require_at_least, require_in_range, require_one_of
from tinykws.support.errors import ConfigError

ESPTOOL, BOSSAC, EMULATOR = WRITERS = ("esptool", "bossac", "emulator")
"""What writes a slot: the board's upload tool, or nothing but a file that the emulator reads at start."""
PORTS = ("slot_esp32", "slot_memory", "slot_file")
"""Folders of firmware/ports that read one: a partition, memory, a file of this computer."""
ALIGNMENT = 4096
"""Flash is erased in pages of this size on all chips of boards.yaml."""
LARGEST_BYTES = 16 * 1024 * 1024
PARTITION = "kws_model"
"""Name of the slot's partition; kws_model_slot_esp32.cpp looks for it."""
_PARTITION = re.compile(r"[a-z0-9_]{1,15}(?:, *[a-z0-9_]+){2}(?:, *0x[0-9a-f]+){2}")


@dataclasses.dataclass(frozen=True)
class ModelSlot:
    """Where the slot is, and who reads and writes it."""

    port: str
    """Folder in firmware/ports with the code that reads it: slot_esp32, slot_memory or slot_file."""
    writer: str
    """What writes it: esptool, bossac, or emulator: a file that QEMU or the program reads at start."""
    address: int
    """Its first address, in flash as the chip sees it; a multiple of 4096."""
    size_bytes: int
    """Its size, a multiple of 4096. What is written is a model of this size at most, with about 300 bytes around it."""
    program_bytes: int = 0
    """Flash that the program may use because the slot comes after it; 0: as much as without a slot."""
    upload_base: int = 0
    """bossac: address that the boot loader calls 0, from which it counts."""
    partitions: tuple[str, ...] = ()
    """esptool: the other lines of the table of partitions, as `name, type, subtype, offset, size`."""

    def __post_init__(self) -> None:
        require_one_of("port", self.port, PORTS)
        require_one_of("writer", self.writer, WRITERS)
        require_in_range("size_bytes", self.size_bytes, ALIGNMENT, LARGEST_BYTES)
        require_in_range("address", self.address, 0, 2**32 - self.size_bytes)
        require_at_least("program_bytes", self.program_bytes, 0)
        require_in_range("upload_base", self.upload_base, 0, self.address)
        for key in ("address", "size_bytes", "upload_base"):
            if getattr(self, key) % ALIGNMENT:
                raise ConfigError(f"{key} is {getattr(self, key)}", hint=f"use a multiple of {ALIGNMENT}")
        for line in self.partitions:
            self._check_partition(line)
        if self.writer == ESPTOOL and not self.partitions:
            raise ConfigError("key 'partitions' is missing", hint="esptool: write the other lines of the table")

    def _check_partition(self, line: str) -> None:
        if not _PARTITION.fullmatch(line):
            raise ConfigError(
                f"partitions holds {line!r}", hint='write as in "app0, app, ota_0, 0x10000, 0x140000", in hexadecimal'
            )
        begin, size = (int(cell, 16) for cell in line.split(",")[3:])
        if begin < self.address + self.size_bytes and self.address < begin + size:
            raise ConfigError(
                f"partitions: {line.split(',', maxsplit=1)[0]} overlaps the model slot",
                hint=f"the slot is at 0x{self.address:x} to 0x{self.address + self.size_bytes:x}",
            )

    @property
    def partition_table(self) -> tuple[str, ...]:
        """The lines of the table with the slot's own, ascending, as gen_esp32part.py wants them; empty without any."""
        if not self.partitions:
            return ()
        own = f"{PARTITION}, data, 0x40, 0x{self.address:x}, 0x{self.size_bytes:x}"
        return tuple(sorted((*self.partitions, own), key=lambda line: int(line.split(",")[3], 16)))

    @property
    def upload_offset(self) -> int:
        """Where its writer puts it: its address, counted from `upload_base`."""
        return self.address - self.upload_base
