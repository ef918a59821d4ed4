# SPDX-License-Identifier: Apache-2.0
"""Ops that move bytes without computing: CONCATENATION, STRIDED_SLICE, SPLIT, TRANSPOSE, and arithmetic on shapes."""

from __future__ import annotations

import dataclasses
import math

from tinykws.aot.lowering.call import (
    Alias,
    Call,
    Parameters,
    RowWise,
    activation,
    fused_activation,
    int32_constant,
    options,
    result,
    same_shape,
)
from tinykws.aot.lowering.rows import pointwise_axis
from tinykws.aot.reader.graph import ABSENT, Graph, Op, Tensor

MAX_DIMENSIONS = 4
MAX_CONCATENATED = 4
"""kws_nn_concatenation_2.c to _4.c."""


def lower_concatenation(graph: Graph, op: Op) -> Call:
    """Lowers the concatenation of two to four tensors along any axis; all have one quantization."""
    output = result(graph, op)
    if not 2 <= len(op.inputs) <= MAX_CONCATENATED:
        raise op.error(f"it has {len(op.inputs)} inputs; 2 to {MAX_CONCATENATED} are supported")
    sources = tuple(activation(graph, op, position) for position in range(len(op.inputs)))
    rank = len(output.shape)
    axis = options(op)["axis"]
    if not -rank <= axis < rank:
        raise op.error(f"its axis {axis} is none of the output's {rank} dimensions")
    _check_concatenation(op, sources, output, axis % rank)
    runs = [math.prod(source.shape[axis % rank :]) for source in sources]
    parameters: Parameters = {
        "rows": math.prod(output.shape[: axis % rank]),
        "run": runs + [0] * (MAX_CONCATENATED - len(runs)),
    }
    call = Call(f"kws_nn_concatenation_{len(sources)}", parameters, sources, output)
    if axis % rank < 2 or output.shape[0] != 1 or any(source.data is not None for source in sources):
        return call

    def of_rows(count: int) -> Call:
        rows = count * math.prod(output.shape[2 : axis % rank])
        return dataclasses.replace(call, parameters={**parameters, "rows": rows})

    n_rows = output.shape[1]
    by_rows = RowWise(n_rows, pointwise_axis(n_rows), lambda band: of_rows(len(band.rows)))
    return dataclasses.replace(call, rows=by_rows)


def _check_concatenation(op: Op, sources: tuple[Tensor, ...], output: Tensor, axis: int) -> None:
    if fused_activation(op) != "NONE":
        raise op.error("its fused activation is not supported")
    for source in sources:
        if (source.scale, source.zero_point) != (output.scale, output.zero_point):
            raise op.error("its inputs and output are quantized differently")
        rest = (*source.shape[:axis], *source.shape[axis + 1 :])
        if len(source.shape) != len(output.shape) or rest != (*output.shape[:axis], *output.shape[axis + 1 :]):
            raise op.error(f"inputs of {[list(one.shape) for one in sources]} do not give {list(output.shape)}")
    if sum(source.shape[axis] for source in sources) != output.shape[axis]:
        raise op.error(f"inputs of {[list(one.shape) for one in sources]} do not give {list(output.shape)}")


def lower_strided_slice(graph: Graph, op: Op) -> Call:
    """Lowers a slice with constant begin, end and stride, for up to four dimensions."""
    source, output = _moved(graph, op)
    slices = _slices(graph, op, source.shape)
    shrunk = options(op)["shrink_axis_mask"]
    same_shape(op, output, [len(part) for axis, part in enumerate(slices) if not shrunk >> axis & 1])
    strides = _element_strides(source.shape)
    first = sum(part[0] * stride for part, stride in zip(slices, strides, strict=True) if part)
    # Of one index the step is never taken, and a damaged model can have one that does not fit 32 bits.
    steps = [part.step * stride if len(part) > 1 else 0 for part, stride in zip(slices, strides, strict=True)]
    return _strided_copy(source, output, [len(part) for part in slices], steps, first)


def lower_split(graph: Graph, op: Op) -> Call:
    """Lowers one output of SPLIT or SPLIT_V, a slice along a constant axis. Source: micro/kernels/split_v.cc."""
    at_source, at_axis = (1, 0) if op.name == "SPLIT" else (0, 2)
    source, output = _moved(graph, op, at_source)
    axis = _split_axis(op, int32_constant(graph, op, at_axis, "axis"), len(source.shape))
    sizes, part = _split_sizes(graph, op, source.shape[axis]), op.part or 0
    same_shape(op, output, [sizes[part] if at == axis else size for at, size in enumerate(source.shape)])
    strides = _element_strides(source.shape)
    return _strided_copy(source, output, list(output.shape), strides, sum(sizes[:part]) * strides[axis])


def _split_sizes(graph: Graph, op: Op, whole: int) -> list[int]:
    """Returns the size of each part along the axis; a SPLIT_V may leave one to be computed, as -1."""
    if op.name == "SPLIT":
        sizes = [whole // op.n_parts] * op.n_parts
    else:
        sizes = int32_constant(graph, op, 1, "sizes of parts")
        if sizes.count(-1) == 1:
            sizes = [whole - sum(sizes) - 1 if size == -1 else size for size in sizes]
    if len(sizes) != op.n_parts or sum(sizes) != whole or min(sizes) < 1:
        raise op.error(f"parts of {sizes[:8]} do not make {whole} in {op.n_parts} outputs")
    return sizes


def _split_axis(op: Op, values: list[int], rank: int) -> int:
    if len(values) != 1 or not -rank <= values[0] < rank:
        raise op.error(f"its axis {values} is none of the input's {rank} dimensions")
    return values[0] % rank


def lower_transpose(graph: Graph, op: Op) -> Call:
    """Lowers any permutation of up to four dimensions."""
    source, output = _moved(graph, op)
    order = int32_constant(graph, op, 1, "permutation")
    if sorted(order) != list(range(len(source.shape))):
        raise op.error(f"its permutation {order} does not fit the input {list(source.shape)}")
    same_shape(op, output, [source.shape[axis] for axis in order])
    strides = _element_strides(source.shape)
    return _strided_copy(source, output, list(output.shape), [strides[axis] for axis in order], 0)


def lower_shape_arithmetic(graph: Graph, op: Op) -> Alias:
    """Drops an op that computes a shape, as a model with a variable batch does: here shapes are fixed.

    Any other op that reads its result refuses it, since it is not constant.
    """
    output = graph.result(op)
    computed = [graph.tensors[at] for at in op.inputs if at != ABSENT and graph.tensors[at].data is None]
    if output.type != "INT32" or output.index == graph.output.index or not computed:
        raise op.error("it is supported only where it computes the shape for another op")
    return Alias(computed[0], output)


def _moved(graph: Graph, op: Op, position: int = 0) -> tuple[Tensor, Tensor]:
    source, output = activation(graph, op, position), result(graph, op)
    if not 1 <= len(source.shape) <= MAX_DIMENSIONS:
        raise op.error(f"its input is {list(source.shape)}; up to {MAX_DIMENSIONS} dimensions are supported")
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        raise op.error("its input and output are quantized differently")
    return source, output


def _slices(graph: Graph, op: Op, shape: tuple[int, ...]) -> list[range]:
    """Returns the indexes that are taken along each axis. Source: lite/kernels/internal/strided_slice_logic.h."""
    numbers = [int32_constant(graph, op, at, name) for at, name in ((1, "begin"), (2, "end"), (3, "strides"))]
    masks = options(op)
    if masks["ellipsis_mask"] or masks["new_axis_mask"] or masks["offset"]:
        raise op.error("an ellipsis, a new axis or ends relative to begins are not supported")
    if any(len(values) != len(shape) for values in numbers) or 0 in numbers[2]:
        raise op.error(f"its begin, end and strides {numbers} do not fit the input {list(shape)}")
    slices = []
    for axis, (begin, end, step) in enumerate(zip(*numbers, strict=True)):
        bounds = slice(
            None if masks["begin_mask"] >> axis & 1 else begin, None if masks["end_mask"] >> axis & 1 else end, step
        )
        part = range(*bounds.indices(shape[axis]))
        if masks["shrink_axis_mask"] >> axis & 1:
            part = range(part.start, part.start + 1) if step > 0 and part.start < shape[axis] else range(0)
        if not part:
            raise op.error(f"it takes nothing along dimension {axis}")
        slices.append(part)
    return slices


def _element_strides(shape: tuple[int, ...]) -> list[int]:
    return [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]


def _strided_copy(source: Tensor, output: Tensor, sizes: list[int], steps: list[int], first: int) -> Call:
    missing = MAX_DIMENSIONS - len(sizes)
    parameters: Parameters = {"size": [1] * missing + sizes, "step": [0] * missing + steps, "first": first}
    return Call("kws_nn_strided_copy", parameters, (source,), output)
