# SPDX-License-Identifier: Apache-2.0
"""Bare C programs on an emulated Cortex-M4: with the product's start-up code, standard output and files."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from firmware_sources import INCLUDES

from tinykws.support.resources import FIRMWARE

PORT = FIRMWARE / "ports" / "qemu_mps2"
STDIO = Path(__file__).parent.parent / "c" / "mps2_stdio.c"
FPU = ["-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
INSTRUCTION_CLOCK = "shift=10"
"""1024 ns of the machine's time per instruction: more than its timer's 40 ns, so single instructions can be counted."""


def compile_program(
    sources: Sequence[Path], program: Path, *, core: str = "cortex-m4", flags: Sequence[str] = (), optimize: str = "-O2"
) -> Path:
    """Compiles C sources, with main() among them, to `program`. `core` may be less than a Cortex-M4, which runs it all
    the same. Returns `program`.
    """
    machine = [f"-mcpu={core}", "-mthumb", *(FPU if core == "cortex-m4" else ["-mfloat-abi=soft"])]
    common = ["-std=gnu99", optimize, "-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fdata-sections"]
    includes = [*INCLUDES, f"-I{PORT}"]
    link = ["-nostartfiles", "--specs=nano.specs", "--specs=rdimon.specs", "-Wl,--gc-sections"]
    link.append(f"-T{PORT / 'mps2_an386.ld'}")
    inputs = [*sources, STDIO, PORT / "kws_startup_mps2.c"]
    command = ["arm-none-eabi-gcc", *machine, *common, *flags, *includes, *inputs, *link, "-o", program]
    _run([str(word) for word in command], program.parent)
    return program


def run_program(program: Path, folder: Path) -> str:
    """Runs it with `folder` as its files' folder; returns what it printed."""
    machine = ["qemu-system-arm", "-machine", "mps2-an386", "-cpu", "cortex-m4", "-icount", INSTRUCTION_CLOCK]
    no_devices = ["-display", "none", "-monitor", "none", "-serial", "none"]
    semihosting = ["-semihosting-config", "enable=on,target=native"]
    return _run([*machine, *no_devices, *semihosting, "-kernel", str(program)], folder)


def _run(command: list[str], folder: Path) -> str:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500, check=False)
    if result.returncode:
        raise RuntimeError(f"exit code {result.returncode}: {' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout
