# SPDX-License-Identifier: Apache-2.0
"""Weights, biases and their scales, for convolutions and dense layers."""

from __future__ import annotations

import dataclasses

import numpy as np

from tinykws.aot.lowering.call import IntArray, Value, activation, constant, fused_activation, requantize
from tinykws.aot.lowering.fixed_point import INT32_MAX, Multiplier, activation_range, quantize_multiplier
from tinykws.aot.reader.graph import Graph, Op, Tensor


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """An op's weights with its bias, int32 [channels], None without one."""

    tensor: Tensor
    values: IntArray
    bias: IntArray | None
    sum_bounds: IntArray
    """int64 [channels]: upper bound of every sum's magnitude, for any input and any order of additions."""


def read_weights(
    graph: Graph, op: Op, channel_dimension: int, n_dimensions: int, *, source: int = 0, bias: int = 2
) -> Weights:
    """Returns the constant int8 weights and int32 bias of an op.

    Args:
        graph: the model.
        op: its second input is the weights.
        channel_dimension: dimension of the output channels.
        n_dimensions: how many dimensions weights have.
        source: position of the input that is multiplied by the weights.
        bias: position of the bias, which may be missing and is the last.
    """
    values = constant(graph, op, 1, "weights")
    tensor = graph.operand(op, 1)
    assert tensor is not None
    if values.dtype != np.int8 or values.ndim != n_dimensions or values.size == 0:
        raise op.error(f"its weights are {tensor}, not int8 with {n_dimensions} dimensions")
    if any(tensor.zero_points) or not tensor.scales:
        raise op.error("its weights are not quantized symmetrically, with zero point 0")
    if len(tensor.scales) > 1 and tensor.quantized_dimension != channel_dimension:
        raise op.error(f"its weights have scales along dimension {tensor.quantized_dimension}, not {channel_dimension}")
    biases = _read_bias(graph, op, bias, values.shape[channel_dimension])
    zero_point = activation(graph, op, source).zero_point
    sum_bounds = sum_bounds_of(np.moveaxis(values, channel_dimension, 0), biases, zero_point)
    if (sum_bounds > INT32_MAX).any():
        raise op.error(f"the sum of output channel {int(np.argmax(sum_bounds > INT32_MAX))} can overflow 32 bits")
    return Weights(tensor, values, biases, sum_bounds)


def _read_bias(graph: Graph, op: Op, position: int, channels: int) -> IntArray | None:
    if len(op.inputs) not in (position, position + 1):
        raise op.error(f"it has {len(op.inputs)} inputs, not {position} or {position + 1}")
    if graph.operand(op, position) is None:
        return None
    bias = constant(graph, op, position, "bias")
    if bias.dtype != np.dtype("<i4") or bias.size != channels:
        raise op.error(f"its bias is {bias.dtype} {list(bias.shape)}, not int32 for {channels} channels")
    return bias.reshape(-1)


def sum_bounds_of(by_channel: IntArray, bias: IntArray | None, zero_point: int) -> IntArray:
    """Returns for each channel the largest magnitude of bias + some of weight * (input - zero point), for any input."""
    flat = by_channel.reshape(by_channel.shape[0], -1).astype(np.int64)
    lowest, highest = flat * (-128 - zero_point), flat * (127 - zero_point)
    least = np.minimum(np.minimum(lowest, highest), 0).sum(axis=1)
    most = np.maximum(np.maximum(lowest, highest), 0).sum(axis=1)
    offset = np.zeros(len(flat), np.int64) if bias is None else bias.astype(np.int64)
    sum_bounds: IntArray = np.maximum(most + np.maximum(offset, 0), -(least + np.minimum(offset, 0)))
    return sum_bounds


def weighted_requantize(
    op: Op, source: Tensor, weights: Tensor, output: Tensor, *, product_in_float: bool = False
) -> dict[str, Value]:
    """Returns the fields of a kws_nn_requantize from the scales of input, weights and output.

    Args:
        product_in_float: multiply input and weight scale in float32, as TFLM's per-tensor FULLY_CONNECTED does.
    """
    try:
        if product_in_float:
            with np.errstate(over="ignore", under="ignore"):
                product = float(np.float32(source.scale) * np.float32(weights.scale))
            multipliers = [quantize_multiplier(product / output.scale)]
        else:
            multipliers = [quantize_multiplier(source.scale * scale / output.scale) for scale in weights.scales]
        bounds = activation_range(fused_activation(op), output.scale, output.zero_point)
    except ValueError as error:
        raise op.error(str(error)) from error
    return requantize(multipliers, output, bounds)


def single_multiplier(op: Op, real: float) -> Multiplier:
    """Returns the fixed-point form of a factor. Raises a ConfigError that names the op if there is none."""
    try:
        return quantize_multiplier(real)
    except ValueError as error:
        raise op.error(str(error)) from error
