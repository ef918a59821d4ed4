# SPDX-License-Identifier: Apache-2.0
"""Writes small .tflite files directly with the flatbuffers package: no TensorFlow, a millisecond each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
import numpy as np

from tinykws.aot.reader.schema import BUILTIN_OPERATORS, OPTIONS, TENSOR_TYPES


@dataclasses.dataclass(frozen=True)
class TensorSpec:
    """A tensor to write, valid or not."""

    shape: Sequence[int]
    type: str = "INT8"
    scales: Sequence[float] = (1.0,)
    zero_points: Sequence[int] = (0,)
    dimension: int = 0
    data: bytes | None = None
    name: str = "tensor"
    buffer: int | None = None
    sparse: bool = False
    variable: bool = False


@dataclasses.dataclass(frozen=True)
class OpSpec:
    """An operation; `options` None leaves them out."""

    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Mapping[str, Any] | None = None
    code: int | None = None


_PREPEND = {
    "bool": "PrependBoolSlot",
    "int8": "PrependInt8Slot",
    "int32": "PrependInt32Slot",
    "float32": "PrependFloat32Slot",
}


def build_model(
    tensors: Sequence[TensorSpec],
    ops: Sequence[OpSpec],
    inputs: Sequence[int] = (0,),
    outputs: Sequence[int] | None = None,
    *,
    version: int = 3,
    n_subgraphs: int = 1,
    initial: tuple[Sequence[TensorSpec], Sequence[OpSpec]] | None = None,
) -> bytes:
    """Returns the file; its output is by default the last op's. `initial`: tensors and ops of a second subgraph."""
    builder = flatbuffers.Builder(4096)
    outputs = ops[-1].outputs if outputs is None else outputs
    others, other_ops = initial or ((), ())
    contents = [b"", *(tensor.data for tensor in (*tensors, *others) if tensor.data is not None)]
    buffers = _tables(builder, [_buffer(builder, content) for content in contents])
    codes = _tables(builder, [_operator_code(builder, op) for op in (*ops, *other_ops)])
    parts = [_subgraph(builder, tensors, ops, inputs, outputs)] * n_subgraphs
    if initial is not None:
        first_buffer = 1 + sum(tensor.data is not None for tensor in tensors)
        parts.append(_subgraph(builder, others, other_ops, (), (), first_buffer, len(ops)))
    subgraphs = _tables(builder, parts)
    builder.StartObject(8)
    builder.PrependUint32Slot(0, version, 0)
    for slot, offset in ((1, codes), (2, subgraphs), (4, buffers)):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _subgraph(
    builder: Any,
    tensors: Sequence[TensorSpec],
    ops: Sequence[OpSpec],
    inputs: Any,
    outputs: Any,
    first_buffer: int = 1,
    first_code: int = 0,
) -> int:
    numbers = iter(range(first_buffer, first_buffer + len(tensors)))
    tensor_offsets = [_tensor(builder, tensor, next(numbers) if tensor.data is not None else 0) for tensor in tensors]
    tensor_table = _tables(builder, tensor_offsets)
    op_table = _tables(builder, [_operator(builder, index, op) for index, op in enumerate(ops, start=first_code)])
    ends = [_int32s(builder, indexes) for indexes in (inputs, outputs)]
    builder.StartObject(5)
    for slot, offset in enumerate((tensor_table, *ends, op_table)):
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return int(builder.EndObject())


def _tensor(builder: Any, tensor: TensorSpec, buffer: int) -> int:
    name = builder.CreateString(tensor.name)
    shape = _int32s(builder, tensor.shape)
    quantization = _quantization(builder, tensor)
    sparsity = _empty_table(builder) if tensor.sparse else 0
    builder.StartObject(10)
    builder.PrependUOffsetTRelativeSlot(0, shape, 0)
    builder.PrependInt8Slot(1, TENSOR_TYPES.index(tensor.type), 0)
    builder.PrependUint32Slot(2, buffer if tensor.buffer is None else tensor.buffer, 0)
    builder.PrependUOffsetTRelativeSlot(3, name, 0)
    builder.PrependUOffsetTRelativeSlot(4, quantization, 0)
    builder.PrependBoolSlot(5, tensor.variable, False)
    builder.PrependUOffsetTRelativeSlot(6, sparsity, 0)
    return int(builder.EndObject())


def _quantization(builder: Any, tensor: TensorSpec) -> int:
    if not tensor.scales:
        return 0
    scales = builder.CreateNumpyVector(np.array(tensor.scales, np.float32))
    zero_points = builder.CreateNumpyVector(np.array(tensor.zero_points, np.int64))
    builder.StartObject(7)
    builder.PrependUOffsetTRelativeSlot(2, scales, 0)
    builder.PrependUOffsetTRelativeSlot(3, zero_points, 0)
    builder.PrependInt32Slot(6, tensor.dimension, 0)
    return int(builder.EndObject())


def _operator_code(builder: Any, op: OpSpec) -> int:
    number = BUILTIN_OPERATORS.index(op.name) if op.code is None else op.code
    builder.StartObject(4)
    builder.PrependInt8Slot(0, min(number, 127), 0)
    builder.PrependInt32Slot(2, 1, 1)
    builder.PrependInt32Slot(3, number, 0)
    return int(builder.EndObject())


def _operator(builder: Any, index: int, op: OpSpec) -> int:
    inputs, outputs = _int32s(builder, op.inputs), _int32s(builder, op.outputs)
    union, options = _options(builder, op)
    builder.StartObject(9)
    builder.PrependUint32Slot(0, index, 0)
    builder.PrependUOffsetTRelativeSlot(1, inputs, 0)
    builder.PrependUOffsetTRelativeSlot(2, outputs, 0)
    builder.PrependUint8Slot(3, union, 0)
    builder.PrependUOffsetTRelativeSlot(4, options, 0)
    return int(builder.EndObject())


def _options(builder: Any, op: OpSpec) -> tuple[int, int]:
    if op.options is None:
        return 0, 0
    union, fields = OPTIONS[op.name]
    texts = {
        field: builder.CreateString(op.options[field].decode())
        for field, (_, kind, _) in fields.items()
        if kind == "bytes" and field in op.options
    }
    builder.StartObject(8)
    for field, (slot, kind, default) in fields.items():
        if kind == "bytes":
            builder.PrependUOffsetTRelativeSlot(slot, texts.get(field, 0), 0)
            continue
        getattr(builder, _PREPEND[kind])(slot, op.options.get(field, default), default)
    return union, int(builder.EndObject())


def _buffer(builder: Any, content: bytes) -> int:
    data = _aligned_bytes(builder, content) if content else 0
    builder.StartObject(3)
    builder.PrependUOffsetTRelativeSlot(0, data, 0)
    return int(builder.EndObject())


def _aligned_bytes(builder: Any, content: bytes) -> int:
    builder.StartVector(1, len(content), 16)
    builder.head = builder.head - len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    return int(builder.EndVector())


def _int32s(builder: Any, values: Sequence[int]) -> int:
    return int(builder.CreateNumpyVector(np.array(values, np.int32)))


def _tables(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _empty_table(builder: Any) -> int:
    builder.StartObject(1)
    return int(builder.EndObject())
