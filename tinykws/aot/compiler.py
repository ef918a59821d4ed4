# SPDX-License-Identifier: Apache-2.0
"""The aot engine: from an int8 .tflite to C that needs no interpreter.

The way of a model: reader.py checks bytes into a graph, lowering.py checks each op into the call of a kernel with
constant parameters, planner.py places every buffer, emitter.py prints C. The kernels are firmware/lib/kws_nn.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.emitter import PlannedModel, header_text, source_text
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.arena import place
from tinykws.aot.scheduling.schedule import Move, Schedule, whole_window


@dataclasses.dataclass(frozen=True)
class AotModel:
    """A model as C, the same text for the same .tflite always."""

    source: str
    """model_aot.c; includes model_aot.h and kws_nn.h."""
    header: str
    """model_aot.h."""
    arena_bytes: int
    """Working memory, all of it: a static array in model_aot.c."""
    kernels: tuple[str, ...]
    """The files of firmware/lib/kws_nn to compile with it, beside that folder's headers."""


def compile_model(tflite: bytes) -> AotModel:
    """Returns the C of an int8 model, which computes the whole window in each invoke.

    Raises:
        ConfigError: it is no .tflite, damaged, not int8, or holds an op that the engine cannot do exactly as TFLite
            Micro; where an op is to blame, it is named with its position.
    """
    graph = read_model(tflite)
    return compile_schedule(whole_window(graph, lower(graph)))


def compile_schedule(schedule: Schedule, explanation: str = "") -> AotModel:
    """Returns the C of a schedule; `explanation` stands at its head."""
    model = PlannedModel(schedule, place(schedule.buffers), explanation)
    kernels = {f"{call.kernel}.c" for call in schedule.calls}
    if any(isinstance(step, Move) for step in schedule.steps):
        kernels.add("kws_nn_move.c")
    return AotModel(source_text(model), header_text(model), model.arena_bytes, tuple(sorted(kernels)))
