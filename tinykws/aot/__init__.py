"""The aot engine: from an int8 .tflite to C that needs no interpreter.

The way of a model: reader.py checks bytes into a graph, lowering.py checks each op into the call of a kernel with
constant parameters, planner.py places every buffer, emitter.py prints C. The kernels are firmware/lib/kws_nn.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.choice import Choice, Listening, choose
from tinykws.aot.emitter import PlannedModel, header_text, source_text
from tinykws.aot.lowering import lower
from tinykws.aot.planner import place
from tinykws.aot.reader import read_model
from tinykws.aot.schedule import Move, Schedule, whole_window


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
    choice: Choice | None = dataclasses.field(default=None, compare=False)
    """Of a model for listening: what it keeps between invokes, and what each way would cost."""


def compile_model(tflite: bytes) -> AotModel:
    """Returns the C of an int8 model, which computes the whole window in each invoke.

    Raises:
        ConfigError: it is no .tflite, damaged, not int8, or holds an op that the engine cannot do exactly as TFLite
            Micro; where an op is to blame, it is named with its position.
    """
    graph = read_model(tflite)
    return compile_schedule(whole_window(graph, lower(graph)))


def compile_for_listening(tflite: bytes, listening: Listening) -> AotModel:
    """Returns the C of an int8 model whose input is a listener's window: no invoke changes it, and what windows share
    is kept from one to the next where that costs less.

    Raises:
        ConfigError: as compile_model(), or the model's input is no such window.
    """
    graph = read_model(tflite)
    choice = choose(graph, lower(graph), listening)
    return dataclasses.replace(compile_schedule(choice.schedule, choice.explanation), choice=choice)


def compile_schedule(schedule: Schedule, explanation: str = "") -> AotModel:
    """Returns the C of a schedule; `explanation` stands at its head."""
    model = PlannedModel(schedule, place(schedule.buffers), explanation)
    kernels = {f"{call.kernel}.c" for call in schedule.calls}
    if any(isinstance(step, Move) for step in schedule.steps):
        kernels.add("kws_nn_move.c")
    return AotModel(source_text(model), header_text(model), model.arena_bytes, tuple(sorted(kernels)))
