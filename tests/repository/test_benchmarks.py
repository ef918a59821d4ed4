# SPDX-License-Identifier: Apache-2.0
"""The benchmarks' own arithmetic: cycles by Arm's tables, instructions by function."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks" / "firmware"))

from cycles import TIMINGS, cycles_of
from histogram import from_first_call_on, functions_of, instructions_by_function

PROGRAM = """
.syntax unified
.cpu cortex-m4
.thumb
.text
.thumb_func
.global first
.type first, %function
first:
    push {r4-r6, lr}
    ldr r0, [r1]
    ldr r2, [r1, #4]
    str r2, [r1]
    mla r0, r2, r0, r3
    ldrd r4, r5, [r1]
    udiv r0, r0, r2
    cbz r0, 1f
    adds r0, #1
1:  pop {r4-r6, pc}
.size first, . - first
.space 64
.thumb_func
.global second
.type second, %function
second:
    adds r0, #1
    bx lr
.size second, . - second
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.s").write_text(PROGRAM)
    linked = folder / "program.elf"
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-nostdlib", "-Wl,-Ttext=0x100,--entry=first"]
    subprocess.run([*command, folder / "program.s", "-o", linked], check=True)
    return linked


def run_through(program: Path) -> npt.NDArray[np.uint32]:
    """The addresses of first() with its branch taken, then of second()."""
    functions = {name: (begin, size) for begin, size, name in functions_of(program)}
    begin, size = functions["first"]
    # push ldr ldr str (2 bytes each), mla ldrd udiv (4 each), cbz; adds is jumped over; pop is the last.
    offsets = [0, 2, 4, 6, 8, 12, 16, 20, size - 2]
    second = functions["second"][0]
    return np.array([*(begin + offset for offset in offsets), second, second + 2], np.uint32)


def test_cycles_are_those_of_arms_tables(program: Path) -> None:
    executed = run_through(program)
    # push 5, ldr 2, ldr behind a load 1, str 1, mla 1, ldrd 3, udiv 7, cbz 1 + 2 taken, pop 5 + 2, adds 1, bx 1
    assert cycles_of(program, executed, TIMINGS["Cortex-M4F"]) == 5 + 2 + 1 + 1 + 1 + 3 + 7 + 3 + 7 + 1 + 1
    # On the M3 mla takes two.
    assert cycles_of(program, executed, TIMINGS["Cortex-M3"]) == 33
    # On the M0+ loads do not overlap, stores take two, branches two; it has no mla, ldrd and udiv.
    assert cycles_of(program, executed, TIMINGS["Cortex-M0+"]) == 5 + 2 + 2 + 2 + 1 + 3 + 1 + 2 + 6 + 1 + 1


def test_instructions_belong_to_the_function_they_stand_in(program: Path) -> None:
    executed = run_through(program)
    assert instructions_by_function(program, executed) == {"first": 9, "second": 2}
    assert instructions_by_function(program, from_first_call_on("second", program, executed)) == {"second": 2}
