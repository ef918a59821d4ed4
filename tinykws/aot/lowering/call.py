# SPDX-License-Identifier: Apache-2.0
"""The result of lowering an op: one call of a kernel with its constant parameters."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykws.aot.lowering.fixed_point import Multiplier
from tinykws.aot.lowering.rows import Axis, Band
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.reader.schema import ACTIVATIONS

IntArray: TypeAlias = npt.NDArray[Any]
Value: TypeAlias = "int | Sequence[int] | IntArray | Mapping[str, Value] | None"
"""A field of a parameter struct: a number, a short list inside the struct, a constant array that the field points to,
NULL, or a struct."""
Parameters: TypeAlias = Mapping[str, Value]


class Form(enum.Enum):
    """How weights are stored."""

    COMPACT = "compact"
    """As in the model."""
    WIDE = "wide"
    """Widened for DSP instructions (wide_convolution.py)."""
    PACKED = "packed"
    """Two in a word, for two products in one multiplication (packed_convolution.py)."""


@dataclasses.dataclass(frozen=True, eq=False)
class RowWise:
    """How to compute only some rows of an op's output."""

    input_rows: int
    """Number of rows of the input."""
    axis: Axis
    """Which input rows each output row depends on."""
    call: Callable[[Band], Call]
    """Returns the call that computes a band of output rows from the band's input rows, which are contiguous. Constant
    inputs are passed whole."""

    def band(self, rows: range) -> Band:
        """Returns the band of these rows; there must be at least one."""
        first, last = self.axis.inputs_of(rows[0])[0], self.axis.inputs_of(rows[-1])[1]
        begin = min(max(first, 0), self.input_rows)
        return Band(rows, range(begin, max(begin, min(last + 1, self.input_rows))), begin - first)


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """`kernel(&parameters, inputs…, output[, scratch])`; the fields of `parameters` are in the C struct's order."""

    kernel: str
    parameters: Parameters
    inputs: tuple[Tensor, ...]
    output: Tensor
    scratch_bytes: int = 0
    """Size of the kernel's scratch memory; 0: the kernel has no such argument."""
    can_overwrite_input: bool = False
    """Whether the output may be written over the first input."""
    rows: RowWise | None = None
    """How to compute only some rows of the output; None if that is not possible."""
    forms: Mapping[Form, Call] = dataclasses.field(default_factory=dict)
    """The same with weights in other forms, which take more flash and fewer instructions."""

    def in_form(self, form: Form) -> Call:
        """Returns the call in a form if it has it, else the call; the same for calls of some of its rows."""
        chosen = self.forms.get(form, self)
        if chosen.rows is None:
            return chosen
        of_rows = chosen.rows.call
        rows = dataclasses.replace(chosen.rows, call=lambda band: of_rows(band).in_form(form))
        return dataclasses.replace(chosen, rows=rows)


@dataclasses.dataclass(frozen=True, eq=False)
class Alias:
    """An op that needs no code: the output is the input with another shape."""

    source: Tensor
    output: Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class Copy:
    """An op that copies bytes into one of the model's variables, or out of it."""

    source: Tensor
    output: Tensor


Item: TypeAlias = "Call | Alias | Copy"
"""What an op became."""
Lowering: TypeAlias = "Callable[[Graph, Op], Item]"
"""Checks an op completely and returns its call. Raises a ConfigError that names the op."""


def activation(graph: Graph, op: Op, position: int) -> Tensor:
    """Returns an input, which must be int8 and quantized per tensor."""
    tensor = graph.operand(op, position)
    if tensor is None:
        raise op.error(f"its input {position} is missing")
    return _quantized(op, tensor, f"input {position}")


def result(graph: Graph, op: Op) -> Tensor:
    """Returns the op's only output, which must be int8 and quantized per tensor."""
    return _quantized(op, graph.result(op), "output")


def _quantized(op: Op, tensor: Tensor, role: str) -> Tensor:
    if tensor.type != "INT8":
        raise op.error(f"its {role} is {tensor.type}, not int8")
    if tensor.size == 0:
        raise op.error(f"its {role} has the shape {list(tensor.shape)}, which holds no values")
    if len(tensor.scales) != 1 or len(tensor.zero_points) != 1 or tensor.scale <= 0:
        raise op.error(f"its {role} is not quantized per tensor, with one positive scale and one zero point")
    if not -128 <= tensor.zero_point <= 127:
        raise op.error(f"the zero point {tensor.zero_point} of its {role} is not an int8 value")
    return tensor


def constant(graph: Graph, op: Op, position: int, role: str) -> IntArray:
    """Returns the value of an input that must be constant, with the tensor's shape."""
    tensor = graph.operand(op, position)
    if tensor is None or tensor.data is None:
        raise op.error(f"its {role} must be a constant in the model")
    return tensor.data


def int32_constant(graph: Graph, op: Op, position: int, role: str) -> list[int]:
    """Returns the values of a constant int32 input."""
    values = constant(graph, op, position, role)
    if values.dtype != np.dtype("<i4"):
        raise op.error(f"its {role} is {values.dtype}, not int32")
    return [int(value) for value in values.ravel()]


def options(op: Op) -> Mapping[str, Any]:
    """Returns the op's options. Raises ConfigError if they are missing."""
    if not op.options:
        raise op.error("its options are missing; the file is damaged")
    return op.options


def fused_activation(op: Op) -> str:
    """Returns the name of the activation fused into the op."""
    number = options(op)["fused_activation_function"]
    if not 0 <= number < len(ACTIVATIONS):
        raise op.error(f"its activation has the number {number}; the file is damaged")
    return ACTIVATIONS[number]


def same_shape(op: Op, output: Tensor, shape: Sequence[int]) -> None:
    """Raises ConfigError unless the output has the shape that follows from the inputs."""
    if output.shape != tuple(shape):
        raise op.error(f"its output is {list(output.shape)}, its inputs give {list(shape)}")


def requantize(
    multipliers: Sequence[Multiplier], output: Tensor, bounds: tuple[int, int] = (-128, 127)
) -> dict[str, Value]:
    """Returns the fields of a kws_nn_requantize: one multiplier (per-tensor) or one per channel."""
    return {
        "multipliers": np.array([multiplier.value for multiplier in multipliers], np.int32),
        "shifts": np.array([multiplier.shift for multiplier in multipliers], np.int8),
        "step": int(len(multipliers) > 1),
        "zero_point": output.zero_point,
        "minimum": bounds[0],
        "maximum": bounds[1],
    }
