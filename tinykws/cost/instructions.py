# SPDX-License-Identifier: Apache-2.0
"""Instructions of a model, from the calls it is made of: a guess for computers without an emulator to count in.

The constants are fitted to calls that were counted (kernel_costs.py); how far the guess is off for other models stands
there too, and a test holds it to the counts of benchmarks/firmware.json.
"""

from __future__ import annotations

from tinykws.aot.lowering.call import Call
from tinykws.aot.scheduling.schedule import Move, Run, Schedule, Step
from tinykws.cost.kernel_costs import COSTS, TYPICAL_ERROR
from tinykws.cost.kernel_work import work_of

MOVED_BYTE = 0.6
"""Instructions of kws_nn_move for a byte: ten for four words."""


def call_instructions(call: Call, instruction_set: str) -> float:
    """Returns about how many instructions a call takes, GCC -O2, on processors of an instruction set (cores.py)."""
    kernel, work = work_of(call)
    costs = COSTS[instruction_set][kernel]
    return sum(count * costs[name] for name, count in work.items())


def instructions(schedule: Schedule, instruction_set: str) -> int:
    """Returns about how many instructions an invoke takes."""
    return round(sum(_step_instructions(step, instruction_set) for step in schedule.steps))


def typical_error(schedule: Schedule, instruction_set: str) -> float:
    """Returns the share by which instructions() is usually off, each call's by its part in the whole."""
    parts = [
        (call_instructions(call, instruction_set), TYPICAL_ERROR[instruction_set][work_of(call)[0]])
        for call in schedule.calls
    ]
    total = sum(part for part, _ in parts)
    return sum(part * error for part, error in parts) / total if total else 0.0


def _step_instructions(step: Step, instruction_set: str) -> float:
    if isinstance(step, Run):
        return call_instructions(step.call, instruction_set)
    return MOVED_BYTE * step.size if isinstance(step, Move) else 0.0
