# SPDX-License-Identifier: Apache-2.0
"""Processor cores: their instruction sets, and estimates of cycles per instruction.

The estimates leave out waiting for memory: with flash behind a cache that does not hold the loop, all are higher.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Core:
    """A processor core."""

    name: str
    """Name for people."""
    counted_as: str
    """The instruction set whose instruction counts (cost/kernel_costs.py) apply. Only armv7e-m has DSP instructions;
    a Cortex-M33's are the same. For Xtensa there is no compiler and emulator here: the counts of rv32imc are used."""
    cycles_per_instruction: float
    """Estimate for kernels and front-end, without waiting for memory."""
    source: str
    """Where the estimate comes from, in words."""


_TABLES = "by Arm's table of cycles for the instructions of an inference and of the front-end"
"""See benchmarks/firmware/cycles.py, which evaluates traces of all executed instructions."""
_BY_COREMARK = "the Cortex-M4's, by CoreMark/MHz: 3.40 against "
"""The scores: Arm's pages on the Cortex-M4, M7 and M33 (the last from memory; NXP's AN12284 gives 4.02); Espressif's
data sheets of ESP32 (504.85 on one core at 240 MHz), ESP32-S3 (613.86 on one at 240), ESP32-C3 (407.22 at 160) and,
from memory, ESP32-C6 (496.66 at 160)."""

CORES = {
    "cortex-m0plus": Core("Cortex-M0+", "armv6-m", 1.4, f"1.27 to 1.38 {_TABLES} (DDI 0484)"),
    "cortex-m3": Core("Cortex-M3", "armv7-m", 1.9, f"1.28, in packed kernels up to 1.90 {_TABLES} (DDI 0337)"),
    "cortex-m33": Core("Cortex-M33", "armv7e-m", 1.2, f"{_BY_COREMARK}4.10"),
    "cortex-m4f": Core("Cortex-M4F", "armv7e-m", 1.5, f"1.23 to 1.49 {_TABLES} (DDI 0439)"),
    "cortex-m7": Core("Cortex-M7", "armv7e-m", 1.0, f"{_BY_COREMARK}5.01"),
    "rv32imc": Core("rv32imc", "rv32imc", 2.0, f"{_BY_COREMARK}2.55 of an ESP32-C3"),
    "rv32imac": Core("rv32imac", "rv32imc", 1.6, f"{_BY_COREMARK}3.10 of an ESP32-C6"),
    "lx6": Core("Xtensa LX6", "rv32imc", 2.4, f"{_BY_COREMARK}2.10 of an ESP32"),
    "lx7": Core("Xtensa LX7", "rv32imc", 2.0, f"{_BY_COREMARK}2.56 of an ESP32-S3"),
}
"""By id, the value of `core` in boards.yaml."""
