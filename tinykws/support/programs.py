# SPDX-License-Identifier: Apache-2.0
"""Finds compilers and emulators on PATH; if one is missing, the error names the package to install."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tinykws.support.errors import ToolError

DEBIAN_PACKAGES = {
    "gcc": "gcc",
    "g++": "g++",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-g++": "gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    "festival": "festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
    "qemu-system-arm": "qemu-system-arm",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    "qemu-system-riscv32": "qemu-system-misc",
}
"""Packages that contain a program on Debian and Ubuntu."""


def find_programs(names: Iterable[str]) -> list[Path]:
    """Returns the programs' paths, in order.

    Raises:
        ToolError: one or more are not on PATH; the hint is the command that installs them all.
    """
    names = list(names)
    paths = {name: shutil.which(name) for name in names}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        raise ToolError(f"{' and '.join(missing)} not found on PATH", hint=install_hint(missing))
    return [Path(path) for path in paths.values() if path is not None]


def install_hint(names: Iterable[str]) -> str:
    """Returns how to install the programs."""
    packages = " ".join(DEBIAN_PACKAGES.get(name, name) for name in names).split()
    return (
        f"on Debian or Ubuntu: sudo apt install {' '.join(dict.fromkeys(packages))}\n"
        "on other systems: install it with the system's package manager and put it on PATH"
    )
