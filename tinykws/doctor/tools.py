# SPDX-License-Identifier: Apache-2.0
"""Checks compilers and emulators on PATH, and whether they have the parts that the boards' firmware needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinykws.doctor.computer import Program
from tinykws.doctor.finding import Finding
from tinykws.support.programs import install_hint

AREA = "tools"


def check_compiler(program: Program, specs: Mapping[str, bool], boards: Sequence[str]) -> Finding:
    """Checks a compiler.

    Args:
        program: the facts about it.
        specs: spec files of the C library that the firmware is linked with, and whether the compiler has each.
        boards: ids of the boards that need it.
    """
    if program.path is None:
        return _missing(program.name, f"not on PATH; needed for {', '.join(boards)}")
    if not program.version:
        return _missing(program.name, f"{program.path} does not run; needed for {', '.join(boards)}")
    lacking = [name for name, there in specs.items() if not there]
    if lacking:
        return _missing(program.name, f"{program.version}, without the C library ({', '.join(lacking)})")
    return Finding(AREA, program.name, "ok", _with(program.version, specs))


def check_emulator(program: Program, machines: Mapping[str, bool]) -> Finding:
    """Checks a QEMU; `machines`: the machines that boards need, and whether it has each."""
    if program.path is None:
        return _missing(program.name, f"not on PATH; needed for {', '.join(machines)}")
    unknown = [name for name, known in machines.items() if not known]
    if unknown:
        found = f"{program.version or 'does not run'}, without {', '.join(unknown)}"
        return Finding(AREA, program.name, "missing", found, "install QEMU 7.2 or newer")
    return Finding(AREA, program.name, "ok", _with(program.version, machines))


def _with(version: str, parts: Mapping[str, bool]) -> str:
    return f"{version}, with {', '.join(parts)}" if parts else version


def _missing(name: str, found: str) -> Finding:
    return Finding(AREA, name, "missing", found, install_hint([name]).splitlines()[0])
