# SPDX-License-Identifier: Apache-2.0
"""Builds graphs op by op, from tensors and ops as the aot engine's reader has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.aot.reader.graph import Op, Tensor
from tinykws.aot.reader.schema import OPTIONS
from tinykws.exports.esphome.tflite_writer import Subgraph


class GraphBuilder:
    """Tensors and ops of a subgraph, in the order in which they were added."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []

    def tensor(
        self,
        shape: Sequence[int],
        *,
        scale: float,
        zero_point: int = 0,
        kind: str = "INT8",
        data: npt.NDArray[Any] | None = None,
    ) -> Tensor:
        """Adds a tensor with one scale."""
        return self.add(Tensor(0, "", kind, tuple(shape), (scale,), (zero_point,), data=data))

    def like(self, tensor: Tensor, shape: Sequence[int]) -> Tensor:
        """Adds a computed tensor with the quantization of another one."""
        return self.add(dataclasses.replace(tensor, shape=tuple(shape), data=None))

    def add(self, tensor: Tensor) -> Tensor:
        """Adds a tensor, of another graph too; it gets an index here."""
        added = dataclasses.replace(tensor, index=len(self.tensors), name="")
        self.tensors.append(added)
        return added

    def integers(self, values: Sequence[int]) -> Tensor:
        """Adds a constant int32 [n]: a shape, or the bounds of a slice."""
        data = np.array(values, "<i4")
        return self.add(Tensor(0, "", "INT32", data.shape, data=data))

    def handle(self, name: str) -> Tensor:
        """Adds the handle of a variable."""
        handle = self.add(Tensor(0, "", "RESOURCE", ()))
        self.op("VAR_HANDLE", (), handle, {"shared_name": name.encode()})
        return handle

    def op(
        self, name: str, inputs: Sequence[Tensor], output: Tensor | None, options: Mapping[str, Any] | None = None
    ) -> None:
        """Adds an op; options that are not given have the schema's defaults."""
        outputs = () if output is None else (output.index,)
        _, fields = OPTIONS.get(name, (0, {}))
        given = {field: default for field, (_, _, default) in fields.items()} | dict(options or {})
        self.ops.append(Op(len(self.ops), name, 1, tuple(tensor.index for tensor in inputs), outputs, given))

    def reshaped(self, tensor: Tensor, shape: Sequence[int]) -> Tensor:
        """Adds a RESHAPE."""
        output = self.like(tensor, shape)
        self.op("RESHAPE", (tensor, self.integers(shape)), output)
        return output

    def from_index(self, tensor: Tensor, first: int, axis: int = 1) -> Tensor:
        """Adds a STRIDED_SLICE of everything from an index of an axis on."""
        begin = [first if at == axis else 0 for at in range(len(tensor.shape))]
        shape = [size - begin[at] for at, size in enumerate(tensor.shape)]
        bounds = (self.integers(begin), self.integers(tensor.shape), self.integers([1] * len(begin)))
        output = self.like(tensor, shape)
        self.op("STRIDED_SLICE", (tensor, *bounds), output)
        return output

    def joined(self, first: Tensor, second: Tensor) -> Tensor:
        """Adds a CONCATENATION along axis 1 of two tensors with the same quantization."""
        shape = list(first.shape)
        shape[1] += second.shape[1]
        output = self.like(first, shape)
        self.op("CONCATENATION", (first, second), output, {"axis": 1})
        return output

    def dense(
        self,
        values: Tensor,
        weights: npt.NDArray[np.float64],
        bias: npt.NDArray[np.float64],
        *,
        step: float,
        scale: float,
        zero_point: int,
    ) -> Tensor:
        """Adds a FULLY_CONNECTED layer of real weights [outputs, inputs] and bias [outputs].

        Args:
            values: its input, [1, inputs].
            weights: multiples of `step`, up to 127 of it.
            bias: in the unit of the output.
            step: real value of one step of a weight.
            scale: the output's.
            zero_point: the output's.
        """
        weight = self.tensor(weights.shape, scale=step, data=np.rint(weights / step).astype(np.int8))
        unit = values.scale * step
        offset = self.tensor(bias.shape, kind="INT32", scale=unit, data=np.rint(bias / unit).astype("<i4"))
        output = self.tensor((1, len(bias)), scale=scale, zero_point=zero_point)
        self.op("FULLY_CONNECTED", (values, weight, offset), output)
        return output

    def subgraph(self, inputs: Sequence[Tensor] = (), outputs: Sequence[Tensor] = ()) -> Subgraph:
        """Returns what was built."""
        ends = [[tensor.index for tensor in some] for some in (inputs, outputs)]
        return Subgraph(self.tensors, self.ops, ends[0], ends[1])
