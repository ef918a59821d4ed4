# SPDX-License-Identifier: Apache-2.0
"""Reads an untrusted .tflite file.

A graph from `read_model` is consistent: indexes are in range, constants are as large as their shapes say, every value
is computed before it is used. Whether the aot engine supports an op, and whether its shapes match, is checked when it
is lowered (tinykws/aot/lowering).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from tinykws.aot.reader.flatbuffer import Table, corrupt
from tinykws.aot.reader.graph import ABSENT, Graph, Op, Tensor, Variable
from tinykws.aot.reader.schema import BUILTIN_OPERATORS, IDENTIFIER, OPTIONS, TENSOR_TYPES, VERSION
from tinykws.aot.reader.state import ASSIGN, Subgraph, initial_subgraph, with_variables
from tinykws.support.errors import ConfigError

MAX_ELEMENTS = 1 << 22
"""Largest tensor accepted, 4 MB of int8: too large for any microcontroller, and small enough that the kernels' 32-bit
sums over a kernel window and all indexes stay in range."""
MAX_DIMENSIONS = 8
MAX_OPS = 4096
MAX_BYTES = 64 << 20
"""Largest file accepted, four times the flash of any board."""
SPLITS = ("SPLIT", "SPLIT_V")
"""The ops that may have several outputs."""
UINT8_OFFSET = 128
"""What a uint8 value is more than the int8 value that stands for it."""
_DTYPES = {"INT8": "int8", "INT32": "int32"}
_INT8_HINT = (
    "convert to full int8: representative_dataset, target_spec.supported_ops = [TFLITE_BUILTINS_INT8], "
    "inference_input_type = inference_output_type = int8"
)


def read_model(tflite: bytes) -> Graph:
    """Returns the model in a .tflite file.

    Raises:
        ConfigError: it is not a .tflite, is damaged, does not have exactly one subgraph with one int8 input and one
            int8 output (besides the one that gives variables their first values), or an op has a tensor that is not
            int8 (int32 for biases, axes, shapes); names the op and its position. A uint8 output is read as int8 if a
            QUANTIZE makes it.
    """
    model = _root(tflite)
    subgraphs = model.tables(2)
    if not subgraphs:
        raise ConfigError("the .tflite model has no subgraph")
    main = _read_subgraph(model, subgraphs[0])
    initial = initial_subgraph(main.ops, len(subgraphs))
    if len(subgraphs) != (1 if initial is None else 2):
        raise ConfigError(f"the .tflite model has {len(subgraphs)} subgraphs, not one (and one that sets first values)")
    op_names = dict.fromkeys(op.name for op in main.ops)
    variables: tuple[Variable, ...] = ()
    if initial is not None:
        first_values = _read_subgraph(model, subgraphs[initial])
        op_names |= dict.fromkeys(op.name for op in first_values.ops)
        main, variables = with_variables(main, first_values)
    ends = [_read_end(subgraphs[0], slot, name, main.tensors) for slot, name in ((1, "input"), (2, "output"))]
    tensors = _with_int8_output(main.ops, main.tensors, ends[1])
    for op in main.ops:
        _check_types(op, tensors)
    for index, name in zip(ends, ("input", "output"), strict=True):
        _check_end(tensors[index], name)
    ops = tuple(part for op in main.ops for part in _parts(op))
    has_uint8_output = main.tensors[ends[1]].type == "UINT8"
    graph = Graph(tensors, ops, (ends[0],), (ends[1],), variables, tuple(op_names), has_uint8_output)
    _check_order(graph)
    return graph


def _read_subgraph(model: Table, subgraph: Table) -> Subgraph:
    n_ops = len(subgraph.tables(3))
    if n_ops > MAX_OPS:
        raise ConfigError(f"the .tflite model has {n_ops} ops; {MAX_OPS} is the most")
    ops = _read_ops(subgraph.tables(3), model.tables(1), len(subgraph.tables(0)))
    return Subgraph(ops, _read_tensors(subgraph.tables(0), model.tables(4), ops))


def _parts(op: Op) -> list[Op]:
    """Returns an op as one op for each of its outputs."""
    if op.name not in SPLITS or len(op.outputs) < 2:
        return [op]
    parts, count = enumerate(op.outputs), len(op.outputs)
    return [dataclasses.replace(op, outputs=(output,), part=at, n_parts=count) for at, output in parts]


def _with_int8_output(ops: tuple[Op, ...], tensors: tuple[Tensor, ...], output: int) -> tuple[Tensor, ...]:
    """Returns the tensors with a uint8 output of the model as int8: every value, and its zero point, is 128 less.

    That is exact for the op that ends such models, QUANTIZE: it clamps to the type's range.
    """
    tensor = tensors[output]
    makers = [op for op in ops if output in op.outputs]
    readers = [op for op in ops if output in op.inputs]
    if tensor.type != "UINT8" or readers or [op.name for op in makers] != ["QUANTIZE"]:
        return tensors
    points = tuple(point - UINT8_OFFSET for point in tensor.zero_points)
    int8 = dataclasses.replace(tensor, type="INT8", zero_points=points)
    return (*tensors[:output], int8, *tensors[output + 1 :])


def _root(tflite: bytes) -> Table:
    if len(tflite) > MAX_BYTES:
        raise ConfigError(f"the .tflite model has {len(tflite):,} bytes; {MAX_BYTES:,} is the most")
    if tflite[4:8] != IDENTIFIER:
        raise ConfigError(
            "this is not a .tflite model: bytes 5 to 8 are not TFL3",
            hint="give a file that TensorFlow converted",
        )
    model = Table.root(tflite)
    version = model.scalar(0, "uint32")
    if version != VERSION:
        raise ConfigError(f"the .tflite model is of schema version {version}, not {VERSION}")
    return model


def _read_ops(tables: list[Table], codes: list[Table], n_tensors: int) -> tuple[Op, ...]:
    return tuple(_read_op(index, table, codes, n_tensors) for index, table in enumerate(tables))


def _read_op(index: int, table: Table, codes: list[Table], n_tensors: int) -> Op:
    code_index = table.scalar(0, "uint32")
    if code_index >= len(codes):
        raise corrupt(f"op {index} is of kind {code_index}, of which there are {len(codes)}")
    code = codes[code_index]
    number = max(code.scalar(0, "int8"), code.scalar(3, "int32"))
    name = BUILTIN_OPERATORS[number] if 0 <= number < len(BUILTIN_OPERATORS) else f"OPERATOR_{number}"
    inputs, outputs = (tuple(int(value) for value in table.numbers(slot, "int32")) for slot in (1, 2))
    op = Op(index, name, code.scalar(2, "int32", 1), inputs, outputs, _read_options(name, table))
    for operand in (*inputs, *outputs):
        if not ABSENT <= operand < n_tensors or (operand == ABSENT and operand in outputs):
            raise op.error(f"it names tensor {operand} of {n_tensors}; the file is damaged")
    return op


def _read_options(name: str, table: Table) -> dict[str, Any]:
    number, fields = OPTIONS.get(name, (None, {}))
    options = table.table(4)
    if options is None or table.scalar(3, "uint8") != number:
        return {}
    return {field: _read_option(options, *where) for field, where in fields.items()}


def _read_option(options: Table, slot: int, kind: str, default: Any) -> Any:
    return options.numbers(slot, "uint8").tobytes() if kind == "bytes" else options.scalar(slot, kind, default)


def _read_tensors(tables: list[Table], buffers: list[Table], ops: tuple[Op, ...]) -> tuple[Tensor, ...]:
    users = {operand: op for op in reversed(ops) for operand in (*op.inputs, *op.outputs)}
    tensors = []
    for index, table in enumerate(tables):
        try:
            tensors.append(_read_tensor(index, table, buffers))
        except ConfigError as error:
            if index not in users:
                raise
            raise users[index].error(error.message, hint=error.hint) from error
    return tuple(tensors)


def _read_tensor(index: int, table: Table, buffers: list[Table]) -> Tensor:
    number = table.scalar(1, "int8")
    type_ = TENSOR_TYPES[number] if 0 <= number < len(TENSOR_TYPES) else f"TYPE_{number}"
    name = table.text(3)
    called = f"tensor {index} {name!r}"
    if table.table(6) is not None:
        raise ConfigError(f"{called} is sparse", hint="convert without sparsity")
    if table.scalar(5, "bool"):
        raise ConfigError(f"{called} is a variable; models that keep state are not supported")
    shape = _read_shape(table, called)
    scales, zero_points, dimension = _read_quantization(table, called, shape)
    data = _read_data(table, buffers, called, type_, shape)
    return Tensor(index, name, type_, shape, scales, zero_points, dimension, data)


def _read_shape(table: Table, called: str) -> tuple[int, ...]:
    dims = table.numbers(0, "int32")
    if len(dims) > MAX_DIMENSIONS:
        raise ConfigError(f"{called} has {len(dims)} dimensions; {MAX_DIMENSIONS} is the most")
    shape = tuple(int(dim) for dim in dims)
    if any(dim < 0 for dim in shape):
        raise ConfigError(
            f"{called} has the shape {list(shape)}: every size must be fixed", hint="convert with batch 1"
        )
    if math.prod(max(dim, 1) for dim in shape) > MAX_ELEMENTS:
        raise ConfigError(f"{called} has the shape {list(shape)}: more than {MAX_ELEMENTS} elements")
    return shape


def _read_quantization(
    table: Table, called: str, shape: tuple[int, ...]
) -> tuple[tuple[float, ...], tuple[int, ...], int]:
    quantization = table.table(4)
    if quantization is None:
        return (), (), 0
    scales, zero_points = quantization.numbers(2, "float32"), quantization.numbers(3, "int64")
    dimension = quantization.scalar(6, "int32")
    if len(scales) > 1 and not (0 <= dimension < len(shape) and len(scales) == shape[dimension]):
        raise ConfigError(f"{called}: {len(scales)} scales along dimension {dimension} of {list(shape)}")
    if len(zero_points) not in (0, 1, len(scales)):
        raise ConfigError(f"{called}: {len(scales)} scales but {len(zero_points)} zero points")
    if not np.all(np.isfinite(scales) & (scales >= 0)):
        raise ConfigError(f"{called}: its scales are not all finite and positive")
    return tuple(float(scale) for scale in scales), tuple(int(point) for point in zero_points), dimension


def _read_data(
    table: Table, buffers: list[Table], called: str, type_: str, shape: tuple[int, ...]
) -> np.ndarray[Any, Any] | None:
    buffer_index = table.scalar(2, "uint32")
    if buffer_index >= len(buffers):
        raise ConfigError(f"{called}: its buffer {buffer_index} is missing; the file is damaged")
    buffer = buffers[buffer_index]
    if buffer.scalar(1, "uint64") > 1:
        raise ConfigError(f"{called}: its data lies outside the model's tables, which is not supported")
    content = buffer.shared_numbers(0, "uint8")
    if type_ not in _DTYPES or (len(content) == 0 and math.prod(shape) > 0):
        return None
    dtype = np.dtype(_DTYPES[type_]).newbyteorder("<")
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ConfigError(f"{called}: {len(content)} bytes for {type_.lower()} {list(shape)}; the file is damaged")
    return np.frombuffer(content.data, dtype).reshape(shape)


def _check_types(op: Op, tensors: tuple[Tensor, ...]) -> None:
    for index in (*op.inputs, *op.outputs):
        if index != ABSENT and tensors[index].type not in _DTYPES:
            tensor = tensors[index]
            raise op.error(f"tensor {index} {tensor.name!r} is {tensor.type}, not int8", hint=_INT8_HINT)


def _read_end(subgraph: Table, slot: int, name: str, tensors: tuple[Tensor, ...]) -> int:
    indexes = subgraph.numbers(slot, "int32")
    if len(indexes) != 1:
        raise ConfigError(f"the model has {len(indexes)} {name}s, not one")
    index = int(indexes[0])
    if not 0 <= index < len(tensors):
        raise corrupt(f"its {name} is tensor {index} of {len(tensors)}")
    return index


def _check_end(tensor: Tensor, name: str) -> None:
    if tensor.type != "INT8":
        raise ConfigError(f"the model's {name} is {tensor.type}, not int8", hint=_INT8_HINT)
    if len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
        raise ConfigError(f"the model's {name} has no scale and zero point", hint=_INT8_HINT)


def _check_order(graph: Graph) -> None:
    """Every value is computed once, before its first use."""
    if not graph.ops:
        raise ConfigError("the model has no operation")
    if graph.input.data is not None:
        raise ConfigError("the model's input is constant; the file is damaged")
    known = {ABSENT, graph.input.index} | {tensor.index for tensor in graph.tensors if tensor.data is not None}
    states = {variable.tensor.index for variable in graph.variables}
    known |= states
    for op in graph.ops:
        for index in op.inputs:
            if index not in known:
                raise op.error(f"tensor {index} {graph.tensors[index].name!r} is used before it is computed")
        for index in op.outputs:
            if index in known and not (index in states and op.name == ASSIGN):
                raise op.error(f"tensor {index} {graph.tensors[index].name!r} is computed but already has a value")
            known.add(index)
    if not any(graph.output.index in op.outputs for op in graph.ops):
        raise ConfigError("no operation computes the model's output")
