# SPDX-License-Identifier: Apache-2.0
"""Wide kernels: convolutions whose weights and multipliers are brought into the kernel's form at build time.

They take more flash and fewer instructions than those of fast_convolution.py: weights are int16 pairs in the order in
which the kernel reads them. Both have the same outputs; which is used is decided for each board
(cost/execution_mode.py).
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tinykws.aot.lowering.call import Call, IntArray, Parameters, Value
from tinykws.aot.lowering.fast_convolution import Convolution, up_to_multiple
from tinykws.aot.lowering.fast_requantization import fast_requantize
from tinykws.aot.lowering.kernel_window import shape_fields, window_fields
from tinykws.aot.lowering.rows import Axis

PIXELS, CHANNELS, VALUES = 2, 4, 4
"""kws_nn_conv_2d_wide.h: pixels and channels computed at once; a kernel window is padded to a multiple of the third."""
MAX_BYTES = 4096
"""Memory for unrolled kernel windows."""
MOST_SHIFT = 9
"""Of kws_nn_conv_2d_wide_relu.c: with larger ones the input times 2^8 is too much."""
ROW_CHANNELS, ROW_WORDS = 4, 4
"""kws_nn_depthwise_conv_2d_row.c: channels whose lines are in memory at once; fewest words that two outputs see."""
ROW_MAX_BYTES = 4096
"""Most memory for these lines."""
_ORDER = [0, 2, 1, 3]
"""Four values as two pairs: of even and of odd bytes."""


def wide_convolution(convolution: Convolution) -> Call | None:
    """Returns the call of a wide kernel for a convolution of one group, None if none fits."""
    requantize = fast_requantize(convolution.requantize, convolution.weights.sum_bounds)
    values = math.prod(convolution.by_channel.shape[1:])
    filled = up_to_multiple(values, VALUES)
    room = MAX_BYTES // (2 * filled) // PIXELS * PIXELS
    dilated = convolution.columns.dilation > 1 and convolution.columns.size > 1
    if requantize is None or room == 0 or dilated or convolution.channels % CHANNELS:
        return None
    at_once = min(up_to_multiple(math.prod(convolution.output.shape[:3]), PIXELS), room)
    weights = np.zeros((convolution.channels, filled), np.int64)
    weights[:, :values] = convolution.by_channel.reshape(convolution.channels, values)
    form = _scaled_to_upper_half(convolution, weights, requantize) or _doubled(convolution, weights, requantize)
    n_scalings = len(form.scaling)
    parameters: Parameters = {
        "input": shape_fields(convolution.source),
        "output": shape_fields(convolution.output),
        "window": window_fields(convolution.rows, convolution.columns),
        "input_zero_point": convolution.source.zero_point,
        "window_values": filled,
        "pixels_at_once": at_once,
        "weights": _tile_weights(form.weights, form.bias),
        "scaling": form.scaling if n_scalings > 1 else np.repeat(form.scaling, CHANNELS, axis=0),
        "scaling_bytes": form.scaling[0].nbytes * CHANNELS if n_scalings > 1 else 0,
        **bounds_of(requantize),
    }
    in_place = convolution.rows.is_pointwise and convolution.columns.is_pointwise and convolution.keeps_shape
    return Call(form.kernel, parameters, (convolution.source,), convolution.output, 2 * filled * at_once, in_place)


@dataclasses.dataclass(frozen=True, eq=False)
class _TileForm:
    """What a kernel of tiles reads."""

    kernel: str
    weights: IntArray
    """int64 [channels, values], within int16"""
    bias: IntArray
    """int64 [channels]; of its bits the lowest 32 count"""
    scaling: IntArray
    """int32 [channels or 1, words]"""


def _doubled(convolution: Convolution, weights: IntArray, requantize: dict[str, Value]) -> _TileForm:
    bias = 2 * convolution.bias.astype(np.int64)
    return _TileForm("kws_nn_conv_2d_wide", 2 * weights, bias, scaling_of(requantize))


def _scaled_to_upper_half(
    convolution: Convolution, weights: IntArray, requantize: dict[str, Value]
) -> _TileForm | None:
    """Returns the form in which multiplications leave outputs in upper halves of words; None if that is not exact.

    kws_nn_conv_2d_wide_relu.c has the formula.
    """
    multipliers, shifts = _multipliers_and_shifts(requantize)
    zero_point, all_shifts = _zero_point_of(requantize), np.broadcast_to(shifts, convolution.channels)
    is_zero = np.broadcast_to(multipliers == 0, convolution.channels)
    sums = np.where(is_zero, 0, convolution.weights.sum_bounds.astype(np.float64) * 2.0 ** (17 - all_shifts))
    if not _cannot_be_negative(requantize) or shifts.max() > MOST_SHIFT or sums.max() >= 2**31:
        return None
    scaled = np.where(is_zero[:, None], 0, weights << (9 - all_shifts)[:, None])
    input_zero_points = convolution.source.zero_point * weights.sum(axis=1)
    bias = np.where(is_zero, 0, (convolution.bias.astype(np.int64) - input_zero_points) << (17 - all_shifts))
    offsets = (2 * zero_point + 1) * 2**15 + 2 ** (15 - shifts) + 128 * 2**16
    scaling = np.stack([multipliers, offsets], axis=1).astype(np.int32)
    return _TileForm("kws_nn_conv_2d_wide_relu", scaled, bias, scaling)


def _tile_weights(weights: IntArray, bias: IntArray) -> IntArray:
    """Returns int32 [blocks of channels, words]: the biases of a block, then its pairs of weights."""
    fours = weights.reshape(-1, CHANNELS, weights.shape[1] // VALUES, VALUES)[..., _ORDER]
    pairs = _pairs(fours.reshape(len(fours), CHANNELS, -1, 2)).transpose(0, 2, 1).reshape(len(fours), -1)
    return np.concatenate([bias.reshape(-1, CHANNELS), pairs], axis=1).astype(np.int32)


def _pairs(values: IntArray) -> IntArray:
    """Returns int16 [..., 2] as words, int64 [...], the first in the lower half."""
    words: IntArray = (values[..., 0] & 0xFFFF) + (values[..., 1].astype(np.int64) << 16)
    return words


def scaling_of(requantize: dict[str, Value]) -> IntArray:
    """Returns int32 [multipliers, 3]: multiplier, offset and shift, as kws_nn_scaling_of() makes them."""
    multipliers, shifts = _multipliers_and_shifts(requantize)
    offsets = (2 * _zero_point_of(requantize) + 1) * (1 << (shifts - 1))
    return np.stack([multipliers, offsets, shifts], axis=1).astype(np.int32)


def _multipliers_and_shifts(requantize: dict[str, Value]) -> tuple[IntArray, IntArray]:
    """Returns int64 [multipliers], and their shifts to the right."""
    multipliers, shifts = requantize["multipliers"], requantize["shifts"]
    assert isinstance(multipliers, np.ndarray)
    assert isinstance(shifts, np.ndarray)
    return multipliers.astype(np.int64), -shifts.astype(np.int64)


def _zero_point_of(requantize: dict[str, Value]) -> int:
    zero_point = requantize["zero_point"]
    assert isinstance(zero_point, int)
    return zero_point


def bounds_of(requantize: dict[str, Value]) -> dict[str, Value]:
    """Returns the range of outputs as fields of a parameter struct."""
    return {"minimum": requantize["minimum"], "maximum": requantize["maximum"]}


def _cannot_be_negative(requantize: dict[str, Value]) -> bool:
    """Whether outputs below the zero point are clamped to it, so that it is the same how they were rounded."""
    minimum = requantize["minimum"]
    assert isinstance(minimum, int)
    return minimum >= _zero_point_of(requantize)


def wide_depthwise_convolution(convolution: Convolution) -> Call | None:
    """Returns the call of a wide kernel with one filter per channel, None if none fits: windows along one axis."""
    requantize = fast_requantize(convolution.requantize, convolution.weights.sum_bounds)
    axes = along_one_axis(convolution)
    whole = convolution.depth == convolution.channels and convolution.channels % ROW_CHANNELS == 0
    if requantize is None or axes is None or not whole or convolution.source.shape[0] != 1:
        return None
    axis, size = axes
    taps = convolution.by_channel.reshape(convolution.channels, axis.size).astype(np.int64)
    words = max(ROW_WORDS, up_to_multiple(-(-(axis.size + axis.stride) // 2), 2))
    length = (up_to_multiple(axis.positions, 2) - 2) * axis.stride + 2 * words
    if 2 * ROW_CHANNELS * length > ROW_MAX_BYTES:
        return None
    scaling = scaling_of(requantize)
    parameters: Parameters = {
        "channels": convolution.channels,
        "input_size": max(0, min(size, length - axis.pad)),
        "output_size": axis.positions,
        "stride": axis.stride,
        "pad": min(axis.pad, length),
        "input_step": convolution.depth,
        "output_step": convolution.channels,
        "length": length,
        "words": words,
        "input_zero_point": convolution.source.zero_point,
        "weights": _row_weights(taps, convolution.bias, axis.stride, words),
        "scaling": scaling,
        "scaling_step": 3 if len(scaling) > 1 else 0,
        **bounds_of(requantize),
    }
    scratch_bytes, in_place = 2 * ROW_CHANNELS * length, convolution.keeps_shape
    kernel = "kws_nn_depthwise_conv_2d_row"
    return Call(kernel, parameters, (convolution.source,), convolution.output, scratch_bytes, in_place)


def along_one_axis(convolution: Convolution) -> tuple[Axis, int] | None:
    """Returns the axis along which a window slides and the image's size, if the other axis is one pixel wide."""
    _, height, width, _ = convolution.source.shape
    for along, size, across, across_size in (
        (convolution.rows, height, convolution.columns, width),
        (convolution.columns, width, convolution.rows, height),
    ):
        is_one = (across.size, across.positions, across_size, across.pad) == (1, 1, 1, 0)
        if is_one and along.dilation == 1:
            return along, size
    return None


def _row_weights(taps: IntArray, bias: IntArray, stride: int, words: int) -> IntArray:
    """Returns int32 [channels, words]: the bias, then two pairs of weights of each output in turns; all doubled."""
    channels, size = taps.shape
    of_outputs = np.zeros((channels, 2, 2 * words), np.int64)
    of_outputs[:, 0, :size] = of_outputs[:, 1, stride : stride + size] = 2 * taps
    pairs = _pairs(of_outputs.reshape(channels, 2, words // 2, 2, 2)).transpose(0, 2, 1, 3)
    return np.concatenate([2 * bias[:, None], pairs.reshape(channels, -1)], axis=1).astype(np.int32)
