# SPDX-License-Identifier: Apache-2.0
"""ADD and SUB."""

from __future__ import annotations

import dataclasses
import math

from tinykws.aot.lowering.call import (
    Call,
    Parameters,
    RowWise,
    Value,
    activation,
    fused_activation,
    requantize,
    result,
    same_shape,
)
from tinykws.aot.lowering.fixed_point import Multiplier, activation_range
from tinykws.aot.lowering.rows import pointwise_axis, with_rows
from tinykws.aot.lowering.weights import single_multiplier
from tinykws.aot.reader.graph import Graph, Op, Tensor

_KERNELS = {"ADD": "kws_nn_add", "SUB": "kws_nn_sub"}
MAX_ADD_DIMENSIONS = 4
LEFT_SHIFT = 20
"""As in kws_nn_add.c and kws_nn_sub.c. Source: tensorflow/lite/micro/kernels/add_common.cc and sub_common.cc."""


def lower_add(graph: Graph, op: Op) -> Call:
    """Lowers a sum or a difference, with broadcasting along dimensions that are 1 or missing at the front."""
    first, second, output = activation(graph, op, 0), activation(graph, op, 1), result(graph, op)
    if max(len(first.shape), len(second.shape)) > MAX_ADD_DIMENSIONS:
        raise op.error(f"up to {MAX_ADD_DIMENSIONS} dimensions are supported")
    same_shape(op, output, common_shape(op, first, second))
    common_scale = 2 * max(first.scale, second.scale)
    total = _multiplier_below_one(op, common_scale / (2**LEFT_SHIFT * output.scale))
    try:
        bounds = activation_range(fused_activation(op), output.scale, output.zero_point)
    except ValueError as error:
        raise op.error(str(error)) from error
    scaling = requantize([total], output, bounds)
    call = _call(op, first, second, output, scaling)
    n_rows = rows_of(first, second)
    if n_rows is None:
        return call

    def of_rows(count: int) -> Call:
        one, other = (tensor if tensor.data is not None else with_rows(tensor, count) for tensor in (first, second))
        return _call(op, one, other, with_rows(output, count), scaling)

    rows = RowWise(n_rows, pointwise_axis(n_rows), lambda band: of_rows(len(band.rows)))
    return dataclasses.replace(call, rows=rows)


def _call(op: Op, first: Tensor, second: Tensor, output: Tensor, scaling: dict[str, Value]) -> Call:
    size = four_sizes(output.shape)
    common_scale = 2 * max(first.scale, second.scale)
    parameters: Parameters = {
        "size": size,
        "first": _addend(op, first, size, common_scale),
        "second": _addend(op, second, size, common_scale),
        "requantize": scaling,
    }
    return Call(_KERNELS[op.name], parameters, (first, second), output)


def rows_of(first: Tensor, second: Tensor) -> int | None:
    """Returns how many rows both inputs have, None if a constant differs between rows or an input is not an image."""
    computed = [tensor for tensor in (first, second) if tensor.data is None]
    repeated = [tensor for tensor in (first, second) if tensor.data is not None]
    heights = {tensor.shape[:2] for tensor in computed}
    if len(heights) != 1 or any(len(tensor.shape) != 4 for tensor in computed):
        return None
    batches, height = next(iter(heights))
    one_for_all = all(four_sizes(tensor.shape)[:2] == [1, 1] for tensor in repeated)
    return height if batches == 1 and one_for_all else None


def common_shape(op: Op, first: Tensor, second: Tensor) -> list[int]:
    """Returns the shape to which both inputs are repeated. Raises ConfigError if there is none."""
    rank = max(len(first.shape), len(second.shape))
    pairs = zip(four_sizes(first.shape), four_sizes(second.shape), strict=True)
    shape = []
    for one, other in list(pairs)[4 - rank :]:
        if one != other and 1 not in (one, other):
            raise op.error(f"inputs of {list(first.shape)} and {list(second.shape)} cannot be combined")
        shape.append(max(one, other))
    return shape


def four_sizes(shape: tuple[int, ...]) -> list[int]:
    """Returns a shape with ones in front, as the kernels have it."""
    return [1] * (4 - len(shape)) + list(shape)


def _addend(op: Op, tensor: Tensor, size: list[int], common_scale: float) -> dict[str, Value]:
    own = four_sizes(tensor.shape)
    strides = [math.prod(own[axis + 1 :]) if own[axis] == size[axis] else 0 for axis in range(4)]
    multiplier = _multiplier_below_one(op, tensor.scale / common_scale)
    return {
        "stride": strides,
        "zero_point": tensor.zero_point,
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
    }


def _multiplier_below_one(op: Op, real: float) -> Multiplier:
    """The reference requires a factor below 1 (QuantizeMultiplierSmallerThanOneExp), which keeps sums in 32 bits."""
    multiplier = single_multiplier(op, real)
    if multiplier.shift > 0:
        raise op.error("its output's scale is too small for its inputs' scales")
    return multiplier
