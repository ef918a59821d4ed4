"""The aot engine: from an int8 .tflite to C that needs no interpreter.

The way of a model: reader.py checks bytes into a graph, lowering.py checks each op into the call of a kernel with
constant parameters, planner.py places every buffer, emitter.py prints C. The kernels are firmware/lib/kws_nn.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.call import Call
from tinykws.aot.emitter import PlannedModel, header_text, source_text
from tinykws.aot.lowering import lower
from tinykws.aot.planner import place, workspace_of
from tinykws.aot.reader import read_model


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
    """Returns the C of an int8 model.

    Raises:
        ConfigError: it is no .tflite, damaged, not int8, or holds an op that the engine cannot do exactly as TFLite
            Micro; where an op is to blame, it is named with its position.
    """
    graph = read_model(tflite)
    program = lower(graph)
    workspace = workspace_of(graph, program)
    model = PlannedModel(graph, program, workspace, place(workspace.buffers))
    kernels = sorted({f"{item.kernel}.c" for item in program if isinstance(item, Call)})
    return AotModel(source_text(model), header_text(model), model.arena_bytes, tuple(kernels))
