# SPDX-License-Identifier: Apache-2.0
"""MUL and PRELU: products of two tensors, with broadcasting along dimensions that are 1 or missing at the front."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from tinykws.aot.lowering.call import Call, Parameters, RowWise, Value, activation, fused_activation, requantize, result
from tinykws.aot.lowering.elementwise import MAX_ADD_DIMENSIONS, common_shape, four_sizes, rows_of
from tinykws.aot.lowering.fixed_point import activation_range
from tinykws.aot.lowering.rows import pointwise_axis, with_rows
from tinykws.aot.lowering.weights import single_multiplier
from tinykws.aot.reader.graph import Graph, Op, Tensor


def lower_mul(graph: Graph, op: Op) -> Call:
    """Lowers the product of two tensors. Source: tensorflow/lite/micro/kernels/mul_common.cc."""
    first, second, output = _operands(graph, op)
    scaled = single_multiplier(op, first.scale * second.scale / output.scale)
    try:
        bounds = activation_range(fused_activation(op), output.scale, output.zero_point)
    except ValueError as error:
        raise op.error(str(error)) from error
    return _call("kws_nn_mul", first, second, output, {"requantize": requantize([scaled], output, bounds)})


def lower_prelu(graph: Graph, op: Op) -> Call:
    """Lowers PRELU: negative values are multiplied by the second input. Source: micro/kernels/prelu_common.cc."""
    first, second, output = _operands(graph, op)
    if tuple(output.shape) != tuple(first.shape):
        raise op.error(f"its slopes are {list(second.shape)} for an input of {list(first.shape)}")
    positive = single_multiplier(op, first.scale / output.scale)
    negative = single_multiplier(op, first.scale * second.scale / output.scale)
    return _call(
        "kws_nn_prelu",
        first,
        second,
        output,
        {"positive": requantize([positive], output), "negative": requantize([negative], output)},
    )


def _operands(graph: Graph, op: Op) -> tuple[Tensor, Tensor, Tensor]:
    first, second, output = activation(graph, op, 0), activation(graph, op, 1), result(graph, op)
    if max(len(first.shape), len(second.shape)) > MAX_ADD_DIMENSIONS:
        raise op.error(f"up to {MAX_ADD_DIMENSIONS} dimensions are supported")
    shape = common_shape(op, first, second)
    if list(output.shape) != shape:
        raise op.error(f"its output is {list(output.shape)}, its inputs give {shape}")
    return first, second, output


def _call(kernel: str, first: Tensor, second: Tensor, output: Tensor, scaling: Parameters) -> Call:
    def of(one: Tensor, other: Tensor, made: Tensor) -> Call:
        size = four_sizes(made.shape)
        parameters: Parameters = {"size": size, "first": _factor(one, size), "second": _factor(other, size), **scaling}
        return Call(kernel, parameters, (first, second), output)

    n_rows = rows_of(first, second)
    return of(first, second, output) if n_rows is None else _by_rows(of, first, second, output, n_rows)


def _by_rows(
    of: Callable[[Tensor, Tensor, Tensor], Call], first: Tensor, second: Tensor, output: Tensor, n_rows: int
) -> Call:
    def of_rows(count: int) -> Call:
        one, other = (tensor if tensor.data is not None else with_rows(tensor, count) for tensor in (first, second))
        return of(one, other, with_rows(output, count))

    rows = RowWise(n_rows, pointwise_axis(n_rows), lambda band: of_rows(len(band.rows)))
    return dataclasses.replace(of(first, second, output), rows=rows)


def _factor(tensor: Tensor, size: list[int]) -> dict[str, Value]:
    own = four_sizes(tensor.shape)
    strides = [math.prod(own[axis + 1 :]) if own[axis] == size[axis] else 0 for axis in range(4)]
    return {"stride": strides, "zero_point": tensor.zero_point}
