# SPDX-License-Identifier: Apache-2.0
"""The aot (ahead-of-time) engine: compiles an int8 .tflite to C that needs no interpreter.

`reader` turns untrusted bytes into a checked graph, `lowering` turns each op into a kernel call with constant
parameters, `scheduling` orders the calls and places every buffer, `emitter` prints C. The kernels are in
firmware/lib/kws_nn.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.emitter import PlannedModel, header_text, source_text
from tinykws.aot.lowering.call import Form
from tinykws.aot.lowering.ops import in_form, lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.arena import place
from tinykws.aot.scheduling.schedule import Move, Schedule, whole_window_schedule


@dataclasses.dataclass(frozen=True)
class AotModel:
    """A model as C. The same .tflite always gives the same text."""

    source: str
    """Text of model_aot.c, which includes model_aot.h and kws_nn.h."""
    header: str
    """Text of model_aot.h."""
    arena_bytes: int
    """All working memory: the size of a static array in model_aot.c, or of the caller's."""
    kernels: tuple[str, ...]
    """Names of the files in firmware/lib/kws_nn to compile with it, in addition to that folder's headers."""


def compile_model(tflite: bytes, form: Form = Form.COMPACT) -> AotModel:
    """Returns an int8 model as C, in whole-window mode.

    Args:
        tflite: the model.
        form: how weights are stored, where an op has that form.

    Raises:
        ConfigError: it is not a .tflite, is damaged, is not int8, or contains an op that the engine cannot compute
            exactly as TFLite Micro does. If an op is the cause, the error names it and its position.
    """
    graph = read_model(tflite)
    program = lower(graph)
    return compile_schedule(whole_window_schedule(graph, in_form(program, form)))


def compile_schedule(schedule: Schedule, explanation: str = "", *, callers_memory: bool = False) -> AotModel:
    """Returns a schedule as C.

    Args:
        schedule: the model.
        explanation: goes into the comment at its head.
        callers_memory: its functions take a `kws_model_memory`; without it, the working memory is a static array, and
            there is one model in a program.
    """
    model = PlannedModel(schedule, place(schedule.buffers), explanation, callers_memory)
    kernels = {f"{call.kernel}.c" for call in schedule.calls}
    if any(isinstance(step, Move) for step in schedule.steps):
        kernels.add("kws_nn_move.c")
    return AotModel(source_text(model), header_text(model), model.arena_bytes, tuple(sorted(kernels)))
