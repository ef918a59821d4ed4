# SPDX-License-Identifier: Apache-2.0
"""Instructions of a model with the aot engine, estimated from its kernel calls: no compiler or emulator is needed.

The estimate is the sum over all calls of (work of the call, kernel_work.py) x (instructions per unit of work,
kernel_costs.py). The latter are fitted to calls that were counted in emulation; kernel_costs.py also has the typical
error for other calls. tests/cost/test_instructions.py compares estimates with the counts of benchmarks/firmware.json.
"""

from __future__ import annotations

from tinykws.aot.lowering.call import Call
from tinykws.aot.scheduling.schedule import Move, Run, Schedule, Step
from tinykws.cost.kernel_costs import COSTS, TYPICAL_ERROR
from tinykws.cost.kernel_work import work_of

MOVED_BYTE = 0.6
"""Instructions of kws_nn_move per byte: ten for four words."""


def call_instructions(call: Call, instruction_set: str) -> float:
    """Returns the estimated instructions of a kernel call, GCC -O2, for an instruction set (`counted_as`, cores.py)."""
    kernel, work = work_of(call)
    costs = COSTS[instruction_set][kernel]
    return sum(count * costs[name] for name, count in work.items())


def inference_instructions(schedule: Schedule, instruction_set: str) -> int:
    """Returns the estimated instructions of one inference."""
    return round(sum(_step_instructions(step, instruction_set) for step in schedule.steps))


def typical_error(schedule: Schedule, instruction_set: str) -> float:
    """Returns the typical relative error of inference_instructions(): the calls' errors, weighted by instructions."""
    shares = [
        (call_instructions(call, instruction_set), TYPICAL_ERROR[instruction_set][work_of(call)[0]])
        for call in schedule.calls
    ]
    total = sum(count for count, _ in shares)
    return sum(count * error for count, error in shares) / total if total else 0.0


def _step_instructions(step: Step, instruction_set: str) -> float:
    if isinstance(step, Run):
        return call_instructions(step.call, instruction_set)
    return MOVED_BYTE * step.size if isinstance(step, Move) else 0.0
