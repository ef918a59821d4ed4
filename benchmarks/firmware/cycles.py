# SPDX-License-Identifier: Apache-2.0
"""Cycles of executed instructions by Arm's tables: the basis of the estimated cycles per instruction.

Sources: the Technical Reference Manuals of Cortex-M4 (Arm DDI 0439, 3.3.1), Cortex-M3 (DDI 0337, 3.3.1) and
Cortex-M0+ (DDI 0484, 3.3). Memory is assumed to have no wait states; those of flash are
extra, and differ between boards.
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Timing:
    """A core's cycles; an instruction that is not mentioned takes one."""

    refill: int
    """Extra cycles of a taken branch; the tables of M3 and M4 say 1 to 3, this is the middle."""
    store: int
    overlaps: bool
    """A load right behind a single load or store takes one cycle less."""
    slow: Mapping[str, int]
    """By prefix of the mnemonic; divisions take 2 to 12, this is the middle."""


TIMINGS = {
    "Cortex-M4F": Timing(2, 1, True, {"sdiv": 7, "udiv": 7}),
    "Cortex-M3": Timing(
        2, 1, True, {"sdiv": 7, "udiv": 7, "mla": 2, "mls": 2, "smull": 4, "umull": 4, "smlal": 6, "umlal": 6}
    ),
    "Cortex-M0+": Timing(1, 2, False, {}),
}
LINE = re.compile(r"^\s*([0-9a-f]+):\t([0-9a-f]+(?: [0-9a-f]+)?)\s*\t(\S+)(?:\t([^@;\n]*))?", re.MULTILINE)
SINGLE = re.compile(r"^(ldr|str)(b|h|sb|sh)?(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?(\.[nw])?$")
SEVERAL = re.compile(r"^(ldm|stm|push|pop|vldm|vstm|vpush|vpop)")


def cycles_of(program: Path, executed: npt.NDArray[np.uint32], timing: Timing) -> int:
    """Returns the cycles of a run, from the addresses executed one after the other."""
    text = subprocess.run(["arm-none-eabi-objdump", "-d", str(program)], capture_output=True, text=True, check=True)
    instructions = {int(at, 16): (code, name, operands or "") for at, code, name, operands in LINE.findall(text.stdout)}
    places, which = np.unique(executed, return_inverse=True)
    known = [instructions[int(place)] for place in places]
    cycles = np.array([_cycles(name, operands, timing) for _, name, operands in known])[which]
    is_single = np.array([bool(SINGLE.match(name)) for _, name, _ in known])[which]
    is_load = np.array([name.startswith("ldr") and bool(SINGLE.match(name)) for _, name, _ in known])[which]
    sizes = np.array([len(code.replace(" ", "")) // 2 for code, _, _ in known])[which]
    overlapping = (is_load[1:] & is_single[:-1]).sum() if timing.overlaps else 0
    # If the next address is not the following instruction, a branch was taken.
    taken = np.diff(executed.astype(np.int64)) != sizes[:-1]
    return int(cycles.sum() - overlapping + timing.refill * taken.sum())


def _cycles(name: str, operands: str, timing: Timing) -> int:
    for start, cycles in timing.slow.items():
        if name.startswith(start):
            return cycles
    if SINGLE.match(name):
        return 2 if name.startswith("ldr") else timing.store
    if name.startswith(("ldrd", "strd")):
        return 3
    if SEVERAL.match(name):
        return 1 + _registers(operands[operands.index("{") :])
    return 1


def _registers(operands: str) -> int:
    """Returns the number of registers in a list such as `{r4, r5-r7, lr}`."""
    total = 0
    for item in operands.strip("{} \t").split(","):
        numbers = [int(number) for number in re.findall(r"\d+", item)]
        total += numbers[1] - numbers[0] + 1 if "-" in item else 1
    return total
