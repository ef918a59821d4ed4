# SPDX-License-Identifier: Apache-2.0
"""Writes a .tflite of several subgraphs from tensors and ops, as the reader has them (tinykws/aot/reader).

Slots are those of TensorFlow's schema, schema version 3: tensorflow/compiler/mlir/lite/schema/schema.fbs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tinykws.aot.reader.graph import Op, Tensor
from tinykws.aot.reader.schema import BUILTIN_OPERATORS, IDENTIFIER, OPTIONS, TENSOR_TYPES, VERSION
from tinykws.exports.esphome.flatbuffer_writer import Scalar, Table, Text, Vector, serialized

DATA_ALIGNMENT = 16
"""Of a buffer's bytes in the file, which TFLite's kernels read in place."""
CODES = {"int8": "b", "bool": "?", "int32": "i", "float32": "f"}
STATE_OPTIONS = {"CALL_ONCE": 103, "VAR_HANDLE": 111}
"""Numbers in the union BuiltinOptions."""
_LAST_OLD_CODE = 127
"""Operators above it have no number in the field of 8 bits, which then holds this."""


@dataclasses.dataclass(frozen=True)
class Subgraph:
    """One subgraph: tensors by index, and ops in the order they run."""

    tensors: Sequence[Tensor]
    ops: Sequence[Op]
    inputs: Sequence[int] = ()
    outputs: Sequence[int] = ()


def write_tflite(subgraphs: Sequence[Subgraph]) -> bytes:
    """Returns the file; equal constants are stored once."""
    names = list(dict.fromkeys(op.name for subgraph in subgraphs for op in subgraph.ops))
    contents: dict[bytes, int] = {b"": 0}
    tables = [_subgraph(subgraph, names, contents) for subgraph in subgraphs]
    codes = [_operator_code(name) for name in names]
    model = Table({0: Scalar("I", VERSION), 1: codes, 2: tables, 4: [_buffer(content) for content in contents]})
    return serialized(model, IDENTIFIER)


def _operator_code(name: str) -> Table:
    number = BUILTIN_OPERATORS.index(name)
    return Table({0: Scalar("b", min(number, _LAST_OLD_CODE)), 2: Scalar("i", 1), 3: Scalar("i", number)})


def _buffer(content: bytes) -> Table:
    return Table({0: Vector(np.frombuffer(content, np.uint8), DATA_ALIGNMENT)} if content else {})


def _subgraph(subgraph: Subgraph, names: Sequence[str], contents: dict[bytes, int]) -> Table:
    return Table(
        {
            0: [_tensor(tensor, contents) for tensor in subgraph.tensors],
            1: _indexes(subgraph.inputs),
            2: _indexes(subgraph.outputs),
            3: [_operator(op, names) for op in subgraph.ops],
        }
    )


def _tensor(tensor: Tensor, contents: dict[bytes, int]) -> Table:
    content = b"" if tensor.data is None else np.ascontiguousarray(tensor.data).tobytes()
    buffer = contents.setdefault(content, len(contents))
    fields: dict[int, Scalar | Vector | Text | Table | Sequence[Table]] = {
        0: _indexes(tensor.shape),
        1: Scalar("b", TENSOR_TYPES.index(tensor.type)),
        2: Scalar("I", buffer),
        3: Text(tensor.name.encode()),
    }
    if tensor.scales:
        scales = Vector(np.array(tensor.scales, np.float32))
        zero_points = Vector(np.array(tensor.zero_points, np.int64), 8)
        fields[4] = Table({2: scales, 3: zero_points, 6: Scalar("i", tensor.quantized_dimension)})
    return Table(fields)


def _operator(op: Op, names: Sequence[str]) -> Table:
    fields: dict[int, Scalar | Vector | Text | Table | Sequence[Table]] = {
        0: Scalar("I", names.index(op.name)),
        1: _indexes(op.inputs),
        2: _indexes(op.outputs),
    }
    if op.name in OPTIONS and op.name not in STATE_OPTIONS:
        number, slots = OPTIONS[op.name]
        values = {
            slot: Scalar(CODES[kind], op.options.get(field, default)) for field, (slot, kind, default) in slots.items()
        }
        fields |= {3: Scalar("B", number), 4: Table(values)}
    elif op.name in STATE_OPTIONS:
        fields |= {3: Scalar("B", STATE_OPTIONS[op.name]), 4: _state_options(op)}
    return Table(fields)


def _state_options(op: Op) -> Table:
    if op.name == "CALL_ONCE":
        return Table({0: Scalar("i", op.options["init_subgraph_index"])})
    return Table({0: Text(b""), 1: Text(op.options["shared_name"])})


def _indexes(values: Sequence[int]) -> Vector:
    return Vector(np.array(values, np.int32))
