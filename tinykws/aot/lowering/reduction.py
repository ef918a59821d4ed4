# SPDX-License-Identifier: Apache-2.0
"""MEAN and REDUCE_MAX."""

from __future__ import annotations

import math
from itertools import groupby

from tinykws.aot.lowering.call import Call, Parameters, activation, int32_constant, options, requantize, result
from tinykws.aot.lowering.fixed_point import mean_multiplier
from tinykws.aot.reader.graph import Graph, Op, Tensor

MAX_MEAN_DIMENSIONS = 4


def lower_mean(graph: Graph, op: Op) -> Call:
    """Lowers the mean over any axes, for up to four dimensions."""
    source, output = activation(graph, op, 0), result(graph, op)
    axes = _axes(graph, op, source)
    _check_output(op, source, axes, output)
    kept, averaged = _loops(source.shape, axes)
    count = math.prod(size for size, _ in averaged)
    try:
        multiplier = mean_multiplier(source.scale / output.scale, count)
    except ValueError as error:
        raise op.error(str(error)) from error
    parameters: Parameters = {
        "kept": [size for size, _ in kept],
        "kept_stride": [stride for _, stride in kept],
        "averaged": [size for size, _ in averaged],
        "averaged_stride": [stride for _, stride in averaged],
        "input_zero_point": source.zero_point,
        "requantize": requantize([multiplier], output),
    }
    return Call("kws_nn_mean", parameters, (source,), output)


def lower_reduce_max(graph: Graph, op: Op) -> Call:
    """Lowers the largest value over any axes, for up to four dimensions; input and output have one quantization."""
    source, output = activation(graph, op, 0), result(graph, op)
    axes = _axes(graph, op, source)
    _check_output(op, source, axes, output)
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        raise op.error("its input and output are quantized differently")
    kept, reduced = _loops(source.shape, axes)
    parameters: Parameters = {
        "kept": [size for size, _ in kept],
        "kept_stride": [stride for _, stride in kept],
        "reduced": [size for size, _ in reduced],
        "reduced_stride": [stride for _, stride in reduced],
    }
    return Call("kws_nn_reduce_max", parameters, (source,), output)


def _axes(graph: Graph, op: Op, source: Tensor) -> set[int]:
    rank = len(source.shape)
    if not 1 <= rank <= MAX_MEAN_DIMENSIONS:
        raise op.error(f"its input is {list(source.shape)}; up to {MAX_MEAN_DIMENSIONS} dimensions are supported")
    axes = int32_constant(graph, op, 1, "axes")
    if not axes or any(not -rank <= axis < rank for axis in axes):
        raise op.error(f"its axes {axes} are none of the input's {rank} dimensions")
    return {axis % rank for axis in axes}


def _check_output(op: Op, source: Tensor, axes: set[int], output: Tensor) -> None:
    keep_dims = options(op)["keep_dims"]
    expected = [1 if axis in axes else size for axis, size in enumerate(source.shape) if keep_dims or axis not in axes]
    if list(output.shape) != expected:
        raise op.error(f"its output is {list(output.shape)}, its input and axes give {expected}")


def _loops(shape: tuple[int, ...], axes: set[int]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Returns (size, stride) of two loops over kept dimensions and two over averaged ones, the outer loop first.

    Neighbouring dimensions of the same kind are merged; four dimensions then leave at most two loops of each kind.
    """
    loops: dict[bool, list[tuple[int, int]]] = {False: [(1, 0), (1, 0)], True: [(1, 0), (1, 0)]}
    for reduced, dimensions in groupby(range(len(shape)), lambda axis: axis in axes):
        run = list(dimensions)
        loops[reduced].append((math.prod(shape[axis] for axis in run), math.prod(shape[run[-1] + 1 :])))
    return loops[False][-2:], loops[True][-2:]
