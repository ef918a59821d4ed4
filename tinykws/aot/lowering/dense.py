# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED."""

from __future__ import annotations

import dataclasses

import numpy as np

from tinykws.aot.lowering.call import Call, RowWise, Value, activation, options, result
from tinykws.aot.lowering.fast_requantization import fast_requantize
from tinykws.aot.lowering.rows import pointwise_axis
from tinykws.aot.lowering.weights import Weights, read_weights, sum_bounds_of, weighted_requantize
from tinykws.aot.reader.graph import Graph, Op

FOLDED = "kws_nn_fully_connected_folded"
FOLDED_UNITS, FOLDED_VALUES = 4, 4
"""kws_nn_fully_connected_folded.c: units computed at once, and neighbouring values of each unit's weights."""


def lower_fully_connected(graph: Graph, op: Op) -> Call:
    """Lowers a dense layer with weights int8 [units, depth]; the input is read as rows of `depth` values."""
    source, output = activation(graph, op, 0), result(graph, op)
    if options(op)["weights_format"] != 0:
        raise op.error("its weights are shuffled; only the default format is supported")
    weights = read_weights(graph, op, channel_dimension=0, n_dimensions=2)
    units, depth = weights.values.shape
    rows = source.size // depth
    if source.size % depth or not output.shape or output.shape[-1] != units or output.size != rows * units:
        raise op.error(f"weights of [{units}, {depth}] do not lead from {list(source.shape)} to {list(output.shape)}")
    per_tensor = len(weights.tensor.scales) == 1
    requantize = weighted_requantize(op, source, weights.tensor, output, product_in_float=per_tensor)
    parameters: dict[str, Value] = {
        "rows": rows,
        "depth": depth,
        "units": units,
        "input_zero_point": source.zero_point,
        "weights": weights.values,
        "bias": weights.bias,
        "requantize": requantize,
    }
    folded = _folded(weights, source.zero_point, requantize)
    kernel = "kws_nn_fully_connected" if folded is None else FOLDED
    return _by_rows(Call(kernel, {**parameters, **(folded or {})}, (source,), output), rows)


def _by_rows(call: Call, rows: int) -> Call:
    def of_rows(count: int) -> Call:
        return dataclasses.replace(call, parameters={**call.parameters, "rows": count})

    by_rows = RowWise(rows, pointwise_axis(rows), lambda band: of_rows(len(band.rows)))
    return dataclasses.replace(call, rows=by_rows)


def _folded(weights: Weights, zero_point: int, requantize: dict[str, Value]) -> dict[str, Value] | None:
    """Returns the fields that change if the zero point is folded into the bias; None if the fast kernel cannot run."""
    units, depth = weights.values.shape
    if depth % FOLDED_VALUES:
        return None
    bias = np.zeros(units, np.int64) if weights.bias is None else weights.bias.astype(np.int64)
    bias -= zero_point * weights.values.astype(np.int64).sum(axis=1)
    sum_bounds = np.maximum(weights.sum_bounds, sum_bounds_of(weights.values, bias, 0))
    fast = fast_requantize(requantize, sum_bounds)
    if fast is None:
        return None
    missing = -units % FOLDED_UNITS
    filled = np.concatenate([weights.values, np.zeros((missing, depth), np.int8)])
    blocks = filled.reshape(-1, FOLDED_UNITS, depth // FOLDED_VALUES, FOLDED_VALUES)
    return {
        "weights": blocks.transpose(0, 2, 1, 3),
        "bias": np.concatenate([bias, np.zeros(missing, np.int64)]).astype(np.int32),
        "requantize": fast,
    }
