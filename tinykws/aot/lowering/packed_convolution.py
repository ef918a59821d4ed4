# SPDX-License-Identifier: Apache-2.0
"""Packed kernels: two products in one multiplication, for cores without DSP instructions.

They take more flash than those of fast_convolution.py and less than half of the instructions. All have the same
outputs; which is used is decided for each board (cost/execution_mode.py).
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tinykws.aot.lowering.call import Call, IntArray, Parameters, Value
from tinykws.aot.lowering.fast_convolution import Convolution, up_to_multiple
from tinykws.aot.lowering.fast_requantization import fast_requantize
from tinykws.aot.lowering.kernel_window import shape_fields, window_fields
from tinykws.aot.lowering.packed_weights import ROW_STEP, packed_streams
from tinykws.aot.lowering.rows import Axis, pointwise_axis
from tinykws.aot.lowering.wide_convolution import along_one_axis, bounds_of, scaling_of

PIXELS = 4
"""kws_nn_conv_2d_packed.c: pixels at once; kws_nn_conv_2d_packed_pixel.c: channels."""
FEW_PIXELS = 2
"""Up to so many pixels four channels at once are fewer instructions than four pixels, of which some are not needed."""
PACKED, PIXEL, STRIP = "kws_nn_conv_2d_packed", "kws_nn_conv_2d_packed_pixel", "kws_nn_conv_2d_packed_strip"
MOST_PIXELS_BYTES = 2048
"""Memory for the columns of more than four pixels."""
STRIP_MOST_POSITIONS = 1.25
"""A strip computes whole fours of pixels in each row: at most so many times those that are needed."""
MAX_BYTES = 4096
"""Most memory for columns and lines."""
OUTPUTS = 4
"""kws_nn_depthwise_conv_2d_packed.c: neighbouring outputs at once."""
ROW_STRIDES = (1, 2)
"""Its strides."""


def packed_convolution(convolution: Convolution) -> Call | None:
    """Returns the call of a packed kernel for a convolution of one group, None if none fits."""
    requantize = fast_requantize(convolution.requantize, convolution.weights.sum_bounds)
    dilated = convolution.columns.dilation > 1 and convolution.columns.size > 1
    if requantize is None or dilated:
        return None
    turned = _with_rows_as_columns(convolution)
    kernel = _kernel_for(turned)
    pairs = _pairs_of_rows(turned.by_channel)
    words = pairs.shape[1]
    streams = packed_streams(pairs, PIXELS if kernel == PIXEL else 1)
    layout = _layout(turned, kernel, words)
    if streams is None or layout is None:
        return None
    scaling = scaling_of(requantize)
    bias = _folded_bias(convolution)
    parameters: Parameters = {
        "input": shape_fields(turned.source),
        "output": shape_fields(turned.output),
        "window": window_fields(turned.rows, turned.columns),
        "input_zero_point": convolution.source.zero_point,
        "words": words,
        "pixels_at_once": layout.pixels_at_once,
        "pixel_words": layout.pixel_words,
        "pitch": layout.pitch,
        "weights": streams,
        "bias": np.concatenate([bias, np.zeros(-len(bias) % PIXELS, np.int32)]) if kernel == PIXEL else bias,
        "scaling": scaling,
        "scaling_step": 3 if len(scaling) > 1 else 0,
        **bounds_of(requantize),
    }
    in_place = convolution.rows.is_pointwise and convolution.columns.is_pointwise and convolution.keeps_shape
    return Call(kernel, parameters, (convolution.source,), convolution.output, layout.scratch_bytes, in_place)


def _kernel_for(convolution: Convolution) -> str:
    rows, columns = convolution.rows, convolution.columns
    if math.prod(convolution.output.shape[:3]) <= FEW_PIXELS:
        return PIXEL
    in_words = columns.stride * convolution.depth % 2 == 0 and rows.dilation == 1
    is_even = up_to_multiple(columns.positions, PIXELS) <= STRIP_MOST_POSITIONS * columns.positions
    return STRIP if in_words and columns.size > columns.stride and is_even else PACKED


@dataclasses.dataclass(frozen=True)
class _Layout:
    """A kernel's scratch memory."""

    pixels_at_once: int
    pixel_words: int
    pitch: int
    scratch_bytes: int


def _layout(convolution: Convolution, kernel: str, words: int) -> _Layout | None:
    """Returns the memory for the windows of at least four pixels; None if it is too much."""
    columns, lines, pixel_words, pitch = convolution.columns, 0, 0, 0
    pixels = columns.positions if kernel == STRIP else math.prod(convolution.output.shape[:3])
    room = max(MOST_PIXELS_BYTES // (4 * words) // PIXELS, 1) * PIXELS
    at_once = 1 if kernel == PIXEL else min(up_to_multiple(pixels, PIXELS), room)
    if kernel == STRIP:
        pixel_words = columns.stride * convolution.depth // 2
        row_words = words // convolution.rows.size
        pitch = (up_to_multiple(columns.positions, PIXELS) - 1) * pixel_words + row_words
        lines = convolution.rows.size * pitch
    scratch_bytes = 4 * (words * at_once + lines)
    return _Layout(at_once, pixel_words, pitch, scratch_bytes) if scratch_bytes <= MAX_BYTES else None


def _folded_bias(convolution: Convolution) -> IntArray:
    """Returns int32 [channels], modulo 2^32 as the kernels add: the bias less what the zero point adds to every sum."""
    by_channel = convolution.by_channel.reshape(convolution.channels, -1).astype(np.int64)
    folded = convolution.bias.astype(np.int64) - convolution.source.zero_point * by_channel.sum(axis=1)
    wrapped: IntArray = (folded & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    return wrapped


def _with_rows_as_columns(convolution: Convolution) -> Convolution:
    """Returns the same convolution with all that a window sees as one row, if windows are whole rows of the image."""
    rows, columns, by_channel = convolution.rows, convolution.columns, convolution.by_channel
    batches, height, width, depth = convolution.source.shape
    if (columns.size, columns.positions, columns.pad, rows.dilation) != (width, 1, 0, 1):
        return convolution
    source = dataclasses.replace(convolution.source, shape=(batches, 1, height, width * depth))
    output = dataclasses.replace(convolution.output, shape=(batches, 1, rows.positions, convolution.channels))
    flat = by_channel.reshape(convolution.channels, 1, rows.size, width * depth)
    return dataclasses.replace(
        convolution, source=source, output=output, rows=pointwise_axis(1), columns=rows, by_channel=flat
    )


def _pairs_of_rows(by_channel: IntArray) -> IntArray:
    """Returns int8 [channels, pairs, 2]; each row of the window begins a new pair."""
    channels, height = by_channel.shape[:2]
    rows = by_channel.reshape(channels, height, -1)
    filled = np.concatenate([rows, np.zeros((channels, height, rows.shape[2] % 2), np.int8)], axis=2)
    return filled.reshape(channels, -1, 2)


def packed_depthwise_convolution(convolution: Convolution) -> Call | None:
    """Returns the call of a packed kernel with one filter per channel, None if none fits: windows along one axis."""
    requantize = fast_requantize(convolution.requantize, convolution.weights.sum_bounds)
    axes = along_one_axis(convolution)
    if requantize is None or axes is None or convolution.depth != convolution.channels:
        return None
    axis, size = axes
    taps = _even(convolution.by_channel.reshape(convolution.channels, axis.size))
    words = taps.shape[1] // 2
    length = up_to_multiple(axis.positions, OUTPUTS) + (2 if axis.stride == 1 else 1) * (words - 1)
    streams = packed_streams(taps.reshape(convolution.channels, words, 2), 1, ROW_STEP)
    is_one_image = convolution.source.shape[0] == 1 and axis.stride in ROW_STRIDES
    if streams is None or not is_one_image or 4 * length > MAX_BYTES:
        return None
    scaling = scaling_of(requantize)
    parameters: dict[str, Value] = {
        "channels": convolution.channels,
        **_along(axis, size, convolution.depth),
        "length": length,
        "words": words,
        "input_zero_point": convolution.source.zero_point,
        "weights": streams,
        "bias": _folded_bias(convolution),
        "scaling": scaling,
        "scaling_step": 3 if len(scaling) > 1 else 0,
        **bounds_of(requantize),
    }
    kernel, in_place = "kws_nn_depthwise_conv_2d_packed", convolution.keeps_shape
    return Call(kernel, parameters, (convolution.source,), convolution.output, 4 * length, in_place)


def _along(axis: Axis, size: int, channels: int) -> dict[str, Value]:
    return {
        "input_size": size,
        "output_size": axis.positions,
        "stride": axis.stride,
        "pad": axis.pad,
        "input_step": channels,
        "output_step": channels,
    }


def _even(taps: IntArray) -> IntArray:
    """Returns taps, [channels, taps], filled up to an even number."""
    return np.concatenate([taps, np.zeros((len(taps), taps.shape[1] % 2), taps.dtype)], axis=1)
