# SPDX-License-Identifier: Apache-2.0
"""Selects a fast kernel for a convolution, and reorders the weights as it reads them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tinykws.aot.lowering.call import Call, IntArray, Parameters, Value
from tinykws.aot.lowering.fast_requantization import fast_requantize
from tinykws.aot.lowering.kernel_window import shape_fields, window_fields
from tinykws.aot.lowering.rows import Axis, Band, with_rows
from tinykws.aot.lowering.weights import Weights
from tinykws.aot.reader.graph import Tensor

TILE_PIXELS, TILE_CHANNELS, TILE_VALUES = 4, 2, 4
"""kws_nn_conv_2d_tile.c: pixels and channels computed at once; a kernel window is padded to a multiple of the third."""
TILE_MAX_BYTES = 8192
"""Memory for unrolled kernel windows; the more there are at once, the less often weights are expanded."""
STRIP = "kws_nn_conv_2d_strip"
STRIP_CHANNELS, STRIP_PAIRS = 4, 4
"""kws_nn_conv_2d_strip.c: channels computed at once; pairs of values in a row of the kernel window."""
STRIP_PITCH = 8
"""The int16 values of a line are padded to a multiple of this."""
STRIP_MAX_CHANNELS = 16
"""Most output channels: with more, kws_nn_conv_2d_tile.c costs less than int16 weights."""
PLANAR_CHANNELS = 4
"""kws_nn_depthwise_conv_2d_planar.c: channels whose planes are in memory at once."""
PLANAR_MAX_BYTES = 4096
"""Most memory for these planes."""


@dataclasses.dataclass(frozen=True, eq=False)
class Convolution:
    """A checked convolution: of one group, or depthwise."""

    source: Tensor
    output: Tensor
    rows: Axis
    columns: Axis
    by_channel: IntArray
    """int8 [output channels, height, width, input channels per output channel]"""
    weights: Weights
    requantize: dict[str, Value]

    def of_rows(self, band: Band) -> Convolution:
        """Returns the same convolution for some rows only."""
        source, output = with_rows(self.source, len(band.input_rows)), with_rows(self.output, len(band.rows))
        rows = dataclasses.replace(self.rows, pad=band.pad, positions=len(band.rows))
        return dataclasses.replace(self, source=source, output=output, rows=rows)

    @property
    def depth(self) -> int:
        """Input channels."""
        return self.source.shape[3]

    @property
    def channels(self) -> int:
        """Output channels."""
        return self.output.shape[3]

    @property
    def keeps_shape(self) -> bool:
        """Whether input and output have the same shape."""
        return self.source.shape == self.output.shape

    @property
    def bias(self) -> IntArray:
        """int32 [output channels]; zeros if there is no bias."""
        return np.zeros(self.channels, np.int32) if self.weights.bias is None else self.weights.bias


def fast_convolution(convolution: Convolution) -> Call | None:
    """Returns the call of a fast kernel, None if none fits."""
    requantize = fast_requantize(convolution.requantize, convolution.weights.sum_bounds)
    if requantize is None:
        return None
    if _fits_strip(convolution):
        return _strip(convolution, requantize)
    return _tile(convolution, requantize)


def _fits_strip(convolution: Convolution) -> bool:
    side_by_side = convolution.columns.stride * convolution.depth == 2
    dense = convolution.columns.dilation == convolution.rows.dilation == 1
    few_channels = convolution.channels % STRIP_CHANNELS == 0 and convolution.channels <= STRIP_MAX_CHANNELS
    short_rows = convolution.columns.size * convolution.depth <= 2 * STRIP_PAIRS
    return side_by_side and dense and few_channels and short_rows


def _strip(convolution: Convolution, requantize: dict[str, Value]) -> Call:
    channels, height, width, depth = convolution.by_channel.shape
    weights = np.zeros((channels, height, 2 * STRIP_PAIRS), np.int16)
    weights[:, :, : width * depth] = convolution.by_channel.reshape(channels, height, width * depth)
    blocks = 2 * weights.reshape(channels // STRIP_CHANNELS, STRIP_CHANNELS, height, STRIP_PAIRS, 2)
    last_of_two = -(-convolution.columns.positions // 2) * 2 - 1
    pitch = up_to_multiple(2 * (last_of_two + STRIP_PAIRS), STRIP_PITCH)
    parameters: Parameters = {
        "input": shape_fields(convolution.source),
        "output": shape_fields(convolution.output),
        "window": window_fields(convolution.rows, convolution.columns),
        "input_zero_point": convolution.source.zero_point,
        "pitch": pitch,
        "weights": blocks.transpose(0, 2, 3, 1, 4),
        "bias": 2 * convolution.bias,
        "requantize": requantize,
    }
    return Call(STRIP, parameters, (convolution.source,), convolution.output, 2 * height * pitch)


def _tile(convolution: Convolution, requantize: dict[str, Value]) -> Call | None:
    values = math.prod(convolution.by_channel.shape[1:])
    filled = up_to_multiple(values, TILE_VALUES)
    room = TILE_MAX_BYTES // (2 * filled) // TILE_PIXELS * TILE_PIXELS
    if room == 0 or (convolution.columns.dilation > 1 and convolution.columns.size > 1):
        return None
    at_once = min(up_to_multiple(math.prod(convolution.output.shape[:3]), TILE_PIXELS), room)
    weights = np.zeros((convolution.channels, filled), np.int8)
    weights[:, :values] = convolution.by_channel.reshape(convolution.channels, values)
    parameters: Parameters = {
        "input": shape_fields(convolution.source),
        "output": shape_fields(convolution.output),
        "window": window_fields(convolution.rows, convolution.columns),
        "input_zero_point": convolution.source.zero_point,
        "window_values": filled,
        "pixels_at_once": at_once,
        "weights": weights,
        "bias": convolution.bias,
        "requantize": requantize,
    }
    scratch_bytes = 2 * filled * (at_once + TILE_CHANNELS)
    in_place = convolution.rows.is_pointwise and convolution.columns.is_pointwise and convolution.keeps_shape
    return Call("kws_nn_conv_2d_tile", parameters, (convolution.source,), convolution.output, scratch_bytes, in_place)


def up_to_multiple(number: int, of: int) -> int:
    """Returns the smallest multiple that is at least the number."""
    return -(-number // of) * of


def fast_depthwise_convolution(convolution: Convolution) -> Call | None:
    """Returns the call of a fast kernel with one filter per channel, None if none fits."""
    requantize = fast_requantize(convolution.requantize, convolution.weights.sum_bounds)
    dense = convolution.columns.dilation == convolution.rows.dilation == 1
    whole = convolution.depth == convolution.channels and convolution.channels % PLANAR_CHANNELS == 0
    if requantize is None or not dense or not whole or convolution.source.shape[0] != 1:
        return None
    long_rows = max(
        (_planes(convolution, swapped=swapped) for swapped in (False, True)), key=lambda planes: planes.evenness
    )
    if long_rows.scratch_bytes > PLANAR_MAX_BYTES:
        return None
    parameters: Parameters = {
        "channels": convolution.channels,
        "rows": long_rows.rows,
        "columns": long_rows.columns,
        "pitch": long_rows.pitch,
        "plane": long_rows.plane,
        "input_zero_point": convolution.source.zero_point,
        "weights": long_rows.weights,
        "bias": convolution.bias,
        "requantize": requantize,
    }
    kernel = "kws_nn_depthwise_conv_2d_planar"
    scratch_bytes, in_place = long_rows.scratch_bytes, convolution.keeps_shape
    return Call(kernel, parameters, (convolution.source,), convolution.output, scratch_bytes, in_place)


@dataclasses.dataclass(frozen=True, eq=False)
class _Planes:
    """A memory layout of an image's planes."""

    rows: dict[str, Value]
    columns: dict[str, Value]
    pitch: int
    plane: int
    weights: IntArray
    evenness: float
    """The share of a row's outputs that can be computed in pairs."""

    @property
    def scratch_bytes(self) -> int:
        """Bytes of all planes that are in memory at once."""
        return 2 * PLANAR_CHANNELS * self.plane


def _planes(convolution: Convolution, *, swapped: bool) -> _Planes:
    """Returns the layout of the image as it is, or with rows and columns swapped."""
    _, height, width, depth = convolution.source.shape
    output_width, channels = convolution.output.shape[2:]
    rows = _axis_fields(convolution.rows, height, width * depth, output_width * channels)
    columns = _axis_fields(convolution.columns, width, depth, channels)
    weights = convolution.by_channel[:, :, :, 0].transpose(1, 2, 0)
    long, short = convolution.columns, convolution.rows
    if swapped:
        rows, columns, long, short = columns, rows, short, long
        weights = weights.transpose(1, 0, 2)
    lengths = [_padded(axis, size) for axis, size in ((short, rows["input_size"]), (long, columns["input_size"]))]
    pitch = -(-lengths[1] // 2) * 2
    evenness = (long.positions // 2 * 2) / long.positions
    return _Planes(rows, columns, pitch, lengths[0] * pitch, weights, evenness)


def _axis_fields(axis: Axis, input_size: int, input_step: int, output_step: int) -> dict[str, Value]:
    return {
        "input_size": input_size,
        "output_size": axis.positions,
        "window": axis.size,
        "stride": axis.stride,
        "pad": axis.pad,
        "input_step": input_step,
        "output_step": output_step,
    }


def _padded(axis: Axis, input_size: Value) -> int:
    """Returns the padded length of an axis: it covers all kernel windows and the whole image."""
    assert isinstance(input_size, int)
    return max(axis.pad + input_size, (axis.positions - 1) * axis.stride + axis.size)
