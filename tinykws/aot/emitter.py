"""C text of a lowered and planned model: data, a plan to read, and one call a line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tinykws.aot.call import Alias, Call, Parameters, Value
from tinykws.aot.graph import Graph, Op, Tensor
from tinykws.aot.planner import Placement, Workspace, arena_bytes
from tinykws.codegen.c_text import c_array

_C_TYPES = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t"}
_HEADER = """\
/* An int8 model as C, written by tinykws from its .tflite: do not edit.
 *
 * Input:  int8 {input_shape}, real = {input_scale} * (value - {input_zero_point})
 * Output: int8 {output_shape}, real = {output_scale} * (value - {output_zero_point})
 *
 * Fill the input whole before each invoke, which may overwrite it; the output is true until the next invoke.
 */
#ifndef MODEL_AOT_H
#define MODEL_AOT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define KWS_MODEL_INPUT_BYTES {input_bytes}
#define KWS_MODEL_INPUT_SCALE {input_scale}
#define KWS_MODEL_INPUT_ZERO_POINT ({input_zero_point})
#define KWS_MODEL_OUTPUT_BYTES {output_bytes}
#define KWS_MODEL_OUTPUT_SCALE {output_scale}
#define KWS_MODEL_OUTPUT_ZERO_POINT ({output_zero_point})
#define KWS_MODEL_ARENA_BYTES {arena_bytes}

int8_t *kws_model_input(void);
void kws_model_invoke(void);
const int8_t *kws_model_output(void);

#ifdef __cplusplus
}}
#endif
#endif
"""
_ENDS = """\
int8_t *kws_model_input(void)
{{
    return {input};
}}

const int8_t *kws_model_output(void)
{{
    return {output};
}}

void kws_model_invoke(void)
{{
{calls}
}}
"""


@dataclasses.dataclass(frozen=True)
class PlannedModel:
    """All that the C text says: a model, what runs each op, and where each computed tensor's buffer stands."""

    graph: Graph
    program: Sequence[Call | Alias]
    workspace: Workspace
    placements: Sequence[Placement]

    @property
    def arena_bytes(self) -> int:
        """Bytes of the one static arena."""
        return arena_bytes(self.placements)

    def place_of(self, tensor: Tensor) -> str:
        """Returns a C expression for a tensor's first byte."""
        number = self.workspace.of_tensor.get(tensor.index)
        return f"tensor{tensor.index}" if number is None else f"arena + {self.placements[number].offset}"

    def place_of_scratch(self, op: Op) -> str:
        """Returns a C expression for the first byte of an op's scratch memory."""
        return f"arena + {self.placements[self.workspace.of_scratch[op.index]].offset}"


def header_text(model: PlannedModel) -> str:
    """Returns model_aot.h."""
    source, output = model.graph.input, model.graph.output
    return _HEADER.format(
        input_shape=list(source.shape),
        input_bytes=source.size,
        input_scale=_float_text(source.scale),
        input_zero_point=source.zero_point,
        output_shape=list(output.shape),
        output_bytes=output.size,
        output_scale=_float_text(output.scale),
        output_zero_point=output.zero_point,
        arena_bytes=model.arena_bytes,
    )


def _float_text(value: float) -> str:
    """Returns the shortest C literal that reads back as this float32."""
    return f"{np.float32(value)!s}f"


def source_text(model: PlannedModel) -> str:
    """Returns model_aot.c."""
    steps = list(zip(model.graph.ops, model.program, strict=True))
    calls = [_call_line(model, op, item) for op, item in steps]
    ends = _ENDS.format(
        input=model.place_of(model.graph.input), output=model.place_of(model.graph.output), calls="\n".join(calls)
    )
    parts = [
        '/* Written by tinykws from a .tflite: do not edit. */\n#include "model_aot.h"\n\n#include "kws_nn.h"\n',
        _plan_text(model),
        *(_constant_text(tensor) for tensor in _constant_operands(model)),
        *(_parameters_text(op, item) for op, item in steps if isinstance(item, Call)),
        ends,
    ]
    return "\n".join(parts)


def _plan_text(model: PlannedModel) -> str:
    last = len(model.program) + 1
    rows = [
        f" * {place.offset:7d} {place.buffer.size:7d}  {_steps_text(place, last):>9}  {place.buffer.name}"
        for place in model.placements
    ]
    table = "\n".join(rows)
    return (
        "/* The arena. A buffer is needed from one op to another, both included; `in` is when the host fills the\n"
        f" * input, `out` when it reads the output.\n *\n *  offset   bytes        ops  buffer\n{table}\n */\n"
        "static int8_t arena[KWS_MODEL_ARENA_BYTES] KWS_NN_ALIGNED;\n"
    )


def _steps_text(placement: Placement, last: int) -> str:
    """Returns from which op to which, as `in-2`, `2-3`, `7-out`."""
    steps = sorted(placement.buffer.steps)
    names = {0: "in", last: "out"}
    first, end = (steps[1] if steps[-1] == last and 1 not in steps else steps[0]), steps[-1]
    return "-".join(names.get(step, str(step - 1)) for step in dict.fromkeys((first, end)))


def _constant_operands(model: PlannedModel) -> list[Tensor]:
    """Returns the constants that kernels read as tensors, each once."""
    tensors = (tensor for item in model.program if isinstance(item, Call) for tensor in item.inputs)
    constants = {tensor.index: tensor for tensor in tensors if tensor.index not in model.workspace.of_tensor}
    return list(constants.values())


def _constant_text(tensor: Tensor) -> str:
    assert tensor.data is not None
    return c_array(f"static const int8_t tensor{tensor.index}[{tensor.size}]", tensor.data.ravel().tolist())


def _parameters_text(op: Op, call: Call) -> str:
    prefix = f"op{op.index}"
    arrays: list[str] = []
    body = _struct_text(call.parameters, prefix, "    ", arrays)
    shapes = ", ".join(str(tensor) for tensor in call.inputs)
    title = f"/* {op.index}: {op.name}, {shapes} -> {call.output} */\n"
    return f"{title}{''.join(arrays)}static const {call.kernel}_params {prefix} = {body};\n"


def _struct_text(fields: Parameters, prefix: str, indent: str, arrays: list[str]) -> str:
    texts = {name: _value_text(value, f"{prefix}_{name}", indent, arrays) for name, value in fields.items()}
    lines = [f"{indent}.{name} = {text}," for name, text in texts.items()]
    return "{\n" + "\n".join(lines) + f"\n{indent[4:]}}}"


def _value_text(value: Value, name: str, indent: str, arrays: list[str]) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, np.ndarray):
        c_type = _C_TYPES[value.dtype.name]
        alignment = " KWS_NN_IN_WORDS" if value.dtype != np.int32 and value.ndim > 1 else ""
        arrays.append(c_array(f"static const {c_type} {name}[{value.size}]{alignment}", value.ravel().tolist()))
        return name
    if isinstance(value, Mapping):
        return _struct_text(value, name, indent + "    ", arrays)
    if isinstance(value, Sequence):
        return "{" + ", ".join(str(item) for item in value) + "}"
    return str(value)


def _call_line(model: PlannedModel, op: Op, item: Call | Alias) -> str:
    if isinstance(item, Alias):
        return f"    /* {op.index}: {op.name} moves nothing */"
    operands = [model.place_of(tensor) for tensor in (*item.inputs, item.output)]
    if item.scratch_bytes:
        operands.append(model.place_of_scratch(op))
    return f"    {item.kernel}(&op{op.index}, {', '.join(operands)});"
