# SPDX-License-Identifier: Apache-2.0
"""A .tflite model as plain values: the result of the reader."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinykws.support.errors import ConfigError

ABSENT = -1
"""Tensor index of an optional input that is absent."""


@dataclasses.dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor; `shape` () is a scalar.

    `scales` and `zero_points` are empty for a tensor that is not quantized; they have one entry for per-tensor
    quantization, and one per index of dimension `quantized_dimension` for per-channel quantization. `data` is a
    read-only array of `shape`, None for a computed tensor.
    """

    index: int
    name: str
    type: str
    """As in the TFLite schema: INT8, INT32, FLOAT32, …"""
    shape: tuple[int, ...]
    scales: tuple[float, ...] = ()
    zero_points: tuple[int, ...] = ()
    quantized_dimension: int = 0
    data: np.ndarray[Any, Any] | None = None

    @property
    def size(self) -> int:
        """Number of elements; for int8 also the number of bytes."""
        return math.prod(self.shape)

    @property
    def scale(self) -> float:
        """The scale of a tensor with per-tensor quantization."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a tensor with per-tensor quantization."""
        return self.zero_points[0]

    def __str__(self) -> str:
        return f"{self.type.lower()} {list(self.shape)}"


@dataclasses.dataclass(frozen=True, eq=False)
class Op:
    """One operation, at position `index` of the model; `inputs` may hold ABSENT."""

    index: int
    name: str
    """As in the TFLite schema: CONV_2D, …"""
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The schema's option fields, for the ops that the aot engine supports; empty for others and if absent."""
    part: int | None = None
    """Of an op with several outputs, which is read as one op for each of them: which output this one is of."""
    n_parts: int = 1
    """How many outputs it has in the file."""

    @property
    def where(self) -> str:
        """The op's name in errors."""
        return f"op {self.index} ({self.name})"

    @property
    def c_name(self) -> str:
        """Its name in generated C."""
        return f"op{self.index}" if self.part is None else f"op{self.index}_{self.part}"

    def error(self, message: str, *, hint: str | None = None) -> ConfigError:
        """Returns an error about this op, which names it."""
        return ConfigError(f"{self.where}: {message}", hint=hint)


@dataclasses.dataclass(frozen=True, eq=False)
class Variable:
    """State that a model keeps from one inference to the next."""

    tensor: Tensor
    """int8, without data: input of its READ_VARIABLE, output of its ASSIGN_VARIABLE."""
    initial: np.ndarray[Any, Any]
    """int8 [size]: its content after a reset."""


@dataclasses.dataclass(frozen=True, eq=False)
class Graph:
    """A model with one input and one output, ops in the order they run."""

    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    """Without those that only set up variables (state.SETUP_OPS)."""
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    variables: tuple[Variable, ...] = ()
    """Empty for a model without state."""
    op_names: tuple[str, ...] = ()
    """Names of all operators that an interpreter of the file needs, each once, in order of first use."""
    has_uint8_output: bool = False
    """Whether the output in the file is uint8. Here it is int8, each value 128 less, and so is its zero point."""

    @property
    def input(self) -> Tensor:
        """The model's input."""
        return self.tensors[self.inputs[0]]

    @property
    def output(self) -> Tensor:
        """The model's output."""
        return self.tensors[self.outputs[0]]

    def operand(self, op: Op, position: int) -> Tensor | None:
        """Returns an op's input, None if it is absent."""
        index = op.inputs[position] if position < len(op.inputs) else ABSENT
        return None if index == ABSENT else self.tensors[index]

    def result(self, op: Op) -> Tensor:
        """Returns an op's only output. Raises ConfigError if it has none or several."""
        if len(op.outputs) != 1:
            raise op.error(f"it has {len(op.outputs)} outputs, not one")
        return self.tensors[op.outputs[0]]
