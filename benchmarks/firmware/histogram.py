# SPDX-License-Identifier: Apache-2.0
"""Instructions by function: QEMU's trace of every executed instruction, assigned to the functions of the ELF file."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from programs import Machine, emulation

EXECUTED = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.MULTILINE)
HARNESS = frozenset({"main", "fill_samples", "machine_exit", "kws_mps2_exit", "kws_virt_exit"})
"""Functions of the harness, which are not counted."""
Addresses = npt.NDArray[np.uint32]
CHUNK_BYTES = 1 << 24


def executed_addresses(machine: Machine, program: Path, folder: Path) -> Addresses:
    """Returns the address of every instruction that the program executes, in order."""
    pipe = folder / "trace"
    os.mkfifo(pipe)
    # An instruction a block, and no block jumping to the next unseen, so that each is a line of the trace.
    command = [*emulation(machine, program), "-singlestep", "-d", "exec,nochain", "-D", str(pipe)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    ended = threading.Thread(target=process.wait)
    ended.start()
    addresses, rest = [], b""
    with pipe.open("rb") as lines:
        while chunk := lines.read(CHUNK_BYTES):
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            addresses.append(np.array([int(text, 16) for text in EXECUTED.findall(whole)], np.uint32))
    ended.join()
    pipe.unlink()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return np.concatenate(addresses)


def functions_of(program: Path) -> list[tuple[int, int, str]]:
    """Returns address, size and name of every function, by address."""
    with program.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(symbols, SymbolTableSection)
        functions = [
            (symbol["st_value"] & ~1, symbol["st_size"], symbol.name)
            for symbol in symbols.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        ]
    return sorted(functions)


def from_first_call_on(function: str, program: Path, executed: Addresses) -> Addresses:
    """Returns what is executed from a function's first instruction on."""
    entry = next(begin for begin, _, name in functions_of(program) if name == function)
    return executed[np.argmax(executed == entry) :]


def instructions_by_function(program: Path, executed: Addresses) -> dict[str, int]:
    """Returns how many instructions each function executes itself, the most first, without the harness's."""
    places, counts = np.unique(executed, return_counts=True)
    found: dict[str, int] = {}
    for begin, size, name in functions_of(program):
        inside = (places >= begin) & (places < begin + size)
        if name not in HARNESS and inside.any():
            found[name] = found.get(name, 0) + int(counts[inside].sum())
            counts = np.where(inside, 0, counts)  # a function with two names counts once
    return dict(sorted(found.items(), key=lambda item: -item[1]))
