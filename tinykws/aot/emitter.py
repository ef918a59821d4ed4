# SPDX-License-Identifier: Apache-2.0
"""Prints a scheduled model as C: constants, the memory plan as a comment, and one kernel call per line."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np

from tinykws.aot.lowering.call import IntArray, Parameters, Value
from tinykws.aot.reader.graph import Tensor
from tinykws.aot.scheduling.arena import Placement, arena_bytes
from tinykws.aot.scheduling.schedule import Move, NoOp, Operand, Place, Run, Schedule, Step
from tinykws.support.c_text import c_array, c_comment, c_name

_C_TYPES = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t"}
_SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* An int8 model as C, written by tinykws from its .tflite: do not edit.
 *
 * Input:  int8 {input_shape}, real = {input_scale} * (value - {input_zero_point})
 * Output: int8 {output_shape}, real = {output_scale} * (value - {output_zero_point})
 *
{manual}
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
#define KWS_MODEL_INFERENCE_STRIDE {inference_stride}

{memory}{reset}int8_t *kws_model_input({argument});
void kws_model_invoke({argument});
const int8_t *kws_model_output({argument});

#ifdef __cplusplus
}}
#endif
#endif
"""
_CALLERS_MEMORY = """\
/* The working memory of one model, the caller's: set it to 0 before the first inference. */
typedef struct {
    int8_t arena[KWS_MODEL_ARENA_BYTES] __attribute__((aligned(16)));
    int32_t turn;
} kws_model_memory;

"""
_WHOLE_MANUAL = """\
 * Fill the whole input before each inference, which may overwrite it. The output is valid until the next inference."""
_KEPT_MANUAL = """\
 * An inference leaves the input unchanged. The output is valid until the next inference."""
_STREAM_MANUAL = """\
 * Streaming mode: inferences reuse rows that earlier ones computed. Call kws_model_invoke each time the input,
 * [frames, values], has moved up by {inference_stride} frame{s} and as many new frames have been written at its end,
 * also while the input fills for the first time. Once every frame in it was added like this, the output equals that
 * of the whole window. An inference leaves the input unchanged. The output is valid until the next inference."""
_STATE_MANUAL = """\
 * The model keeps state: an inference continues what the one before began. Call kws_model_reset before the first one,
 * and to forget what was heard. Fill the whole input with new frames before each inference, which leaves it unchanged.
 * The output is valid until the next inference."""
_RESET = """\
#define KWS_MODEL_STATE_BYTES {state_bytes}
void kws_model_reset({argument});
"""
_RESET_BODY = """\
void kws_model_reset({argument})
{{
{fills}
}}
"""
_ENDS = """\
int8_t *kws_model_input({argument})
{{
    return {input};
}}

const int8_t *kws_model_output({argument})
{{
    return {output};
}}

void kws_model_invoke({argument})
{{
{calls}
}}
"""


@dataclasses.dataclass(frozen=True)
class PlannedModel:
    """Everything that is printed as C: what an inference does, and the offset of each buffer."""

    schedule: Schedule
    placements: Sequence[Placement]
    explanation: str = ""
    """Why it is in streaming or in whole-window mode; empty if there was no choice."""
    callers_memory: bool = False
    """Whether the working memory is an argument of its functions, instead of a static array."""

    @property
    def argument(self) -> str:
        """The C parameters of its functions."""
        return "kws_model_memory *memory" if self.callers_memory else "void"

    @property
    def arena_bytes(self) -> int:
        """Bytes of the one static arena."""
        return arena_bytes(self.placements)

    def text_of(self, operand: Operand) -> str:
        """Returns a C expression for an operand's first byte."""
        if isinstance(operand, Tensor):
            return f"tensor{operand.index}"
        arena = "memory->arena" if self.callers_memory else "arena"
        text = f"{arena} + {self.placements[operand.buffer].offset + operand.offset}"
        return text if operand.copies == 1 else f"{text} + {_turn(operand.copies)} * {operand.copy_bytes}"


def _turn(copies: int) -> str:
    """Returns the C name of the index of the copy in use, of so many copies."""
    return f"turn_of_{copies}"


def header_text(model: PlannedModel) -> str:
    """Returns model_aot.h."""
    source, output = model.schedule.graph.input, model.schedule.graph.output
    return _HEADER.format(
        manual=_manual(model),
        input_shape=list(source.shape),
        input_bytes=source.size,
        input_scale=_float_text(source.scale),
        input_zero_point=source.zero_point,
        output_shape=list(output.shape),
        output_bytes=output.size,
        output_scale=_float_text(output.scale),
        output_zero_point=output.zero_point,
        arena_bytes=model.arena_bytes,
        inference_stride=model.schedule.inference_stride,
        memory=_CALLERS_MEMORY if model.callers_memory else "",
        reset=_reset_declaration(model),
        argument=model.argument,
    )


def _reset_declaration(model: PlannedModel) -> str:
    states = model.schedule.states
    state_bytes = sum(state.initial.size for state in states)
    return _RESET.format(state_bytes=state_bytes, argument=model.argument) if states else ""


def _manual(model: PlannedModel) -> str:
    if model.schedule.states:
        return _STATE_MANUAL
    inference_stride = model.schedule.inference_stride
    if inference_stride:
        return _STREAM_MANUAL.format(inference_stride=inference_stride, s="s" * (inference_stride > 1))
    return _KEPT_MANUAL if model.schedule.keeps_input else _WHOLE_MANUAL


def _float_text(value: float) -> str:
    """Returns the shortest C literal that reads back as this float32. Raises ValueError for infinity and NaN."""
    if not np.isfinite(np.float32(value)):
        raise ValueError(f"{value} has no literal in C")
    return f"{np.float32(value)!s}f"


def source_text(model: PlannedModel) -> str:
    """Returns model_aot.c."""
    schedule = model.schedule
    lines = [*_turn_lines(model), *(_step_line(model, step) for step in schedule.steps)]
    ends = _ENDS.format(
        input=model.text_of(schedule.input),
        output=model.text_of(schedule.output),
        calls="\n".join(lines),
        argument=model.argument,
    )
    arrays = _Arrays()
    parts = [
        _title(model),
        _plan_text(model),
        *(_constant_text(tensor) for tensor in _constant_operands(schedule)),
        *(_parameters_text(step, arrays) for step in schedule.steps if isinstance(step, Run)),
        *_reset_texts(model),
        ends,
    ]
    return "\n".join(parts)


def _reset_texts(model: PlannedModel) -> list[str]:
    """Returns C that gives variables their first values; nothing for a model without any."""
    states = model.schedule.states
    if not states:
        return []
    constants, fills = [], []
    for number, state in enumerate(states):
        to, size = model.text_of(state.place), state.initial.size
        if np.all(state.initial == state.initial[0]):
            fills.append(f"    memset({to}, {state.initial[0]}, {size});")
        else:
            constants.append(c_array(f"static const int8_t initial{number}[{size}]", state.initial.tolist()))
            fills.append(f"    memcpy({to}, initial{number}, {size});")
    return [*constants, _RESET_BODY.format(argument=model.argument, fills="\n".join(fills))]


def _title(model: PlannedModel) -> str:
    lines = ["Written by tinykws from a .tflite: do not edit."]
    if model.explanation:
        explanation = c_comment(model.explanation)
        lines += ["", *textwrap.wrap(explanation[0].upper() + explanation[1:] + ".", 117)]
    text = "\n".join(f" * {line}".rstrip() for line in lines)
    head = f"{_SPDX}/*{text[2:]}{chr(10) if len(lines) > 1 else ''} */\n"
    string_h = "#include <string.h>\n\n" if model.schedule.states else ""
    return f'{head}#include "model_aot.h"\n\n{string_h}#include "kws_nn.h"\n'


def _plan_text(model: PlannedModel) -> str:
    rows = [
        f" * {place.offset:7d} {place.buffer.size:7d}  {_steps_text(place, model.schedule):>9}"
        f"  {c_comment(place.buffer.name)}"
        for place in model.placements
    ]
    table = "\n".join(rows)
    declaration = "" if model.callers_memory else "static int8_t arena[KWS_MODEL_ARENA_BYTES] KWS_NN_ALIGNED;\n"
    return (
        "/* The arena. A buffer is needed from one op to another, both included. `in`: the caller fills the input;\n"
        " * `out`: the caller reads the output; `always`: it keeps its content from one inference to the next.\n"
        f" *\n *  offset   bytes        ops  buffer\n{table}\n */\n"
        f"{declaration}"
    )


def _steps_text(placement: Placement, schedule: Schedule) -> str:
    """Returns the range of ops during which a buffer is needed: `in-2`, `2-3`, `7-out`, or `always`."""
    last = len(schedule.steps) + 1
    steps = sorted(placement.buffer.steps)
    if len(steps) == last + 1:
        return "always"
    names = {0: "in", last: "out"}
    first, end = (steps[1] if steps[-1] == last and 1 not in steps else steps[0]), steps[-1]
    texts = (names.get(step) or str(schedule.steps[step - 1].op.index) for step in (first, end))
    return "-".join(dict.fromkeys(texts))


def _constant_operands(schedule: Schedule) -> list[Tensor]:
    """Returns the constant tensors that kernels read, each once."""
    operands = (operand for step in schedule.steps for operand in _operands_of(step))
    return list({operand.index: operand for operand in operands if isinstance(operand, Tensor)}.values())


def _constant_text(tensor: Tensor) -> str:
    assert tensor.data is not None
    return c_array(f"static const int8_t tensor{tensor.index}[{tensor.size}]", tensor.data.ravel().tolist())


class _Arrays:
    """Constant arrays of parameters; equal arrays are printed only once."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, bytes, bool], str] = {}
        self._texts: list[str] = []

    def name_of(self, array: IntArray, name: str) -> str:
        """Returns the name of the array with this content; it becomes `name` if there is none yet."""
        in_words = array.dtype != np.int32 and array.ndim > 1
        key = (array.dtype.name, array.tobytes(), in_words)
        if key not in self._names:
            self._names[key] = name
            declaration = f"static const {_C_TYPES[array.dtype.name]} {name}[{array.size}]"
            alignment = " KWS_NN_IN_WORDS" if in_words else ""
            self._texts.append(c_array(declaration + alignment, array.ravel().tolist()))
        return self._names[key]

    def take_texts(self) -> str:
        """Returns the text of the arrays added since the last call."""
        texts, self._texts = self._texts, []
        return "".join(texts)


def _parameters_text(step: Run, arrays: _Arrays) -> str:
    body = _struct_text(step.call.parameters, step.name, "    ", arrays)
    shapes = ", ".join(str(tensor) for tensor in step.call.inputs)
    about = f", {step.about}" if step.about else ""
    title = c_comment(f"{step.op.index}: {step.op.name}{about}, {shapes} -> {step.call.output}")
    declaration = f"static const {c_name(step.call.kernel)}_params {c_name(step.name)} = {body};\n"
    return f"/* {title} */\n{arrays.take_texts()}{declaration}"


def _struct_text(fields: Parameters, prefix: str, indent: str, arrays: _Arrays) -> str:
    texts = {name: _value_text(value, f"{prefix}_{name}", indent, arrays) for name, value in fields.items()}
    lines = [f"{indent}.{name} = {text}," for name, text in texts.items()]
    return "{\n" + "\n".join(lines) + f"\n{indent[4:]}}}"


def _value_text(value: Value, name: str, indent: str, arrays: _Arrays) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, np.ndarray):
        return arrays.name_of(value, name)
    if isinstance(value, Mapping):
        return _struct_text(value, name, indent + "    ", arrays)
    if isinstance(value, Sequence):
        return "{" + ", ".join(str(item) for item in value) + "}"
    return str(value)


def _turn_lines(model: PlannedModel) -> list[str]:
    """Returns C that counts inferences, if any buffer has copies that are used in turn."""
    schedule = model.schedule
    if schedule.copies == 1:
        return []
    places = [place for step in schedule.steps for place in _places_of(step)]
    copies = sorted({place.copies for place in places if place.copies > 1})
    turn = "memory->turn" if model.callers_memory else "turn"
    return [
        *([] if model.callers_memory else ["    static int32_t turn;"]),
        *(f"    const int32_t {_turn(number)} = {turn} % {number};" for number in copies),
        f"    {turn} = ({turn} + 1) % {schedule.copies};",
    ]


def _operands_of(step: Step) -> Sequence[Operand]:
    if isinstance(step, Move):
        return (step.source,)
    return step.operands if isinstance(step, Run) else ()


def _places_of(step: Step) -> list[Place]:
    if isinstance(step, Move):
        return [place for place in (step.to, step.source) if isinstance(place, Place)]
    return [operand for operand in step.operands if isinstance(operand, Place)] if isinstance(step, Run) else []


def _step_line(model: PlannedModel, step: Step) -> str:
    if isinstance(step, NoOp):
        return f"    /* {c_comment(f'{step.op.index}: {step.op.name}')} needs no code */"
    if isinstance(step, Move):
        return f"    kws_nn_move({model.text_of(step.to)}, {model.text_of(step.source)}, {step.size});"
    places = step.operands if step.scratch is None else (*step.operands, step.scratch)
    return f"    {step.call.kernel}(&{step.name}, {', '.join(map(model.text_of, places))});"
