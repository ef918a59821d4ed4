# SPDX-License-Identifier: Apache-2.0
"""Random layers for each fast kernel: all shapes, zero points and multipliers at their limits."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.aot.lowering.call import Call
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.support.errors import ConfigError

ZERO_POINTS = st.one_of(st.sampled_from([-128, -127, -1, 0, 1, 126, 127]), st.integers(-128, 127))
FACTORS = st.one_of(
    # Where the fast scaling begins and ends (a half, 2^-22), and factors that make all outputs 0.
    st.sampled_from([0.4999999, 0.25, 0.2500001, 2.0**-21, 2.0**-21.9, 2.0**-22, 2.0**-22.1, 2.0**-31, 2.0**-33]),
    st.floats(2.0**-14, 0.49),
)
"""Requantization of a layer: from its sums to its outputs."""
ACTIVATIONS = st.sampled_from([0, 0, 1, 2, 3])


@dataclasses.dataclass(frozen=True)
class Layer:
    """A model of one layer, and the call that it becomes."""

    model: bytes
    call: Call


@st.composite
def windows(
    draw: st.DrawFn, size: int, *, largest: int, strides: tuple[int, ...], dilations: tuple[int, ...]
) -> tuple[int, int, int]:
    """Size, stride and dilation of a kernel window along an axis."""
    return (
        draw(st.integers(1, largest)),
        draw(st.sampled_from(strides)),
        draw(st.sampled_from(dilations)),
    )


@st.composite
def conv_2d_strip(draw: st.DrawFn) -> Layer:
    """Few channels, kernel windows without overlap."""
    depth, stride_x = draw(st.sampled_from([(1, 2), (2, 1)]))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 9)), draw(st.integers(1, 12)), depth)
    columns = (draw(st.integers(1, 8 // depth)), stride_x, 1)
    rows = (draw(st.integers(1, 6)), draw(st.integers(1, 3)), 1)
    return draw(_convolution(shape, rows, columns, draw(st.sampled_from([4, 8, 12, 16])), "kws_nn_conv_2d_strip"))


@st.composite
def conv_2d_tile(draw: st.DrawFn) -> Layer:
    """Kernel windows of most kinds."""
    shape = (
        draw(st.integers(1, 2)), draw(st.integers(1, 7)), draw(st.integers(1, 7)),
        draw(st.sampled_from([1, 2, 3, 4, 5, 8, 12, 17])),
    )  # fmt: skip
    rows = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    columns = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), 1)
    return draw(_convolution(shape, rows, columns, draw(st.integers(1, 9)), "kws_nn_conv_2d_tile"))


@st.composite
def _convolution(
    draw: st.DrawFn,
    shape: tuple[int, ...],
    rows: tuple[int, int, int],
    columns: tuple[int, int, int],
    channels: int,
    kernel: str,
) -> Layer:
    depth = shape[3]
    weights = (channels, rows[0], columns[0], depth)
    options, positions = draw(_positions(shape, rows, columns))
    return draw(_layer("CONV_2D", kernel, shape, weights, 0, (shape[0], *positions, channels), options))


@st.composite
def depthwise_conv_2d_planar(draw: st.DrawFn) -> Layer:
    """One filter a channel; half of them of 3x3 without stride along the rows, or along the columns."""
    channels = draw(st.sampled_from([4, 8, 12]))
    shape = (1, draw(st.integers(1, 9)), draw(st.integers(1, 9)), channels)
    if draw(st.booleans()):
        rows, columns = (3, draw(st.integers(1, 2)), 1), (3, draw(st.integers(1, 2)), 1)
    else:
        rows = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), 1)
        columns = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), 1)
    options, positions = draw(_positions(shape, rows, columns))
    weights, output = (1, rows[0], columns[0], channels), (1, *positions, channels)
    kernel, options = "kws_nn_depthwise_conv_2d_planar", options | {"depth_multiplier": 1}
    return draw(_layer("DEPTHWISE_CONV_2D", kernel, shape, weights, 3, output, options))


@st.composite
def conv_2d_wide(draw: st.DrawFn) -> Layer:
    """Kernel windows of most kinds, a third of them over whole rows or a pixel, whose values are one run."""
    depth, width = draw(st.sampled_from([1, 3, 4, 8, 12, 17])), draw(st.integers(1, 7))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 7)), width, depth)
    rows = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    columns = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), 1)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        rows = columns = (1, draw(st.integers(1, 2)), 1)
    elif kind == 1:
        rows, columns, shape = (rows[0], rows[1], 1), (1, 1, 1), (*shape[:2], 1, depth)
    kernel = draw(st.sampled_from(["kws_nn_conv_2d_wide", "kws_nn_conv_2d_wide_relu"]))
    return draw(_convolution(shape, rows, columns, draw(st.sampled_from([4, 8, 12])), kernel))


@st.composite
def depthwise_conv_2d_row(draw: st.DrawFn) -> Layer:
    """One filter a channel along one axis: every length and stride."""
    return draw(_along_one_axis(st.sampled_from([4, 8, 12]), (1, 1, 2, 3, 4), "kws_nn_depthwise_conv_2d_row"))


@st.composite
def _along_one_axis(
    draw: st.DrawFn, all_channels: st.SearchStrategy[int], strides: tuple[int, ...], kernel: str
) -> Layer:
    channels, size = draw(all_channels), draw(st.integers(1, 15))
    along = (draw(st.integers(1, 12)), draw(st.sampled_from(strides)), 1)
    is_swapped = draw(st.booleans())
    shape = (1, 1, size, channels) if is_swapped else (1, size, 1, channels)
    rows, columns = ((1, 1, 1), along) if is_swapped else (along, (1, 1, 1))
    options, positions = draw(_positions(shape, rows, columns))
    weights, output = (1, rows[0], columns[0], channels), (1, *positions, channels)
    options = options | {"depth_multiplier": 1}
    return draw(_layer("DEPTHWISE_CONV_2D", kernel, shape, weights, 3, output, options))


@st.composite
def conv_2d_packed(draw: st.DrawFn) -> Layer:
    """Kernel windows of most kinds, many pixels and few; a third over whole rows or a pixel: one run of values."""
    depth, width = draw(st.sampled_from([1, 2, 3, 4, 8, 17])), draw(st.integers(1, 14))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 7)), width, depth)
    rows = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(1, 2)))
    columns = (draw(st.integers(1, 8)), draw(st.integers(1, 3)), 1)
    kind = draw(st.integers(0, 5))
    if kind == 0:
        rows = columns = (1, draw(st.integers(1, 2)), 1)
    elif kind == 1:
        rows, columns, shape = (rows[0], rows[1], 1), (1, 1, 1), (*shape[:2], 1, depth)
    kernel = draw(st.sampled_from(["kws_nn_conv_2d_packed", "kws_nn_conv_2d_packed", "kws_nn_conv_2d_packed_pixel"]))
    return draw(_convolution(shape, rows, columns, draw(st.integers(1, 9)), kernel))


@st.composite
def conv_2d_packed_strip(draw: st.DrawFn) -> Layer:
    """Windows that overlap and lie an even number of values apart."""
    depth = draw(st.sampled_from([1, 2, 3, 4]))
    stride_x = draw(st.sampled_from([1, 2] if depth % 2 == 0 else [2, 4]))
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 9)), draw(st.integers(3, 18)), depth)
    columns = (draw(st.integers(stride_x + 1, 8)), stride_x, 1)
    rows = (draw(st.integers(1, 6)), draw(st.integers(1, 4)), 1)
    return draw(_convolution(shape, rows, columns, draw(st.integers(1, 9)), "kws_nn_conv_2d_packed_strip"))


@st.composite
def depthwise_conv_2d_packed(draw: st.DrawFn) -> Layer:
    """One filter a channel along one axis: every length, strides of one and two, any number of channels."""
    return draw(_along_one_axis(st.integers(1, 9), (1, 1, 2), "kws_nn_depthwise_conv_2d_packed"))


@st.composite
def fully_connected_folded(draw: st.DrawFn) -> Layer:
    """Dense layers whose depth is a multiple of four."""
    rows, depth, units = draw(st.integers(1, 3)), 4 * draw(st.integers(1, 40)), draw(st.integers(1, 9))
    kernel = "kws_nn_fully_connected_folded"
    return draw(_layer("FULLY_CONNECTED", kernel, (rows, depth), (units, depth), 0, (rows, units), {}))


@st.composite
def average_pool_2d(draw: st.DrawFn) -> Layer:
    """Windows of most kinds, some of more values than four channels are summed together for (256)."""
    channels, is_large = draw(st.integers(1, 9)), draw(st.integers(0, 4)) == 0
    sizes = [draw(st.integers(15, 20)) if is_large else draw(st.integers(1, 9)) for _ in range(2)]
    shape = (draw(st.integers(1, 2)), *sizes, channels)
    rows, columns = ((size if is_large else draw(st.integers(1, 9)), draw(st.integers(1, 3)), 1) for size in shape[1:3])
    options, positions = draw(_positions(shape, rows, columns))
    zero_point, activation = draw(ZERO_POINTS), draw(ACTIVATIONS)
    options = options | {"filter_height": rows[0], "filter_width": columns[0], "fused_activation_function": activation}
    tensors = [
        TensorSpec(size, scales=(1.0,), zero_points=(zero_point,)) for size in (shape, (shape[0], *positions, channels))
    ]
    model = build_model(tensors, [OpSpec("AVERAGE_POOL_2D", [0], [1], options)])
    (call,) = lower(read_model(model))
    assert isinstance(call, Call)
    return Layer(model, call)


@st.composite
def _positions(
    draw: st.DrawFn, shape: tuple[int, ...], rows: tuple[int, int, int], columns: tuple[int, int, int]
) -> tuple[dict[str, int], tuple[int, int]]:
    """Options of windows over an image, and how many positions they have; VALID where they fit into it."""
    spans = [(size - 1) * dilation + 1 for size, _, dilation in (rows, columns)]
    valid = spans[0] <= shape[1] and spans[1] <= shape[2] and draw(st.booleans())
    positions = [
        -(-(size + 1 - span if valid else size) // window[1])
        for size, span, window in zip(shape[1:3], spans, (rows, columns), strict=True)
    ]
    options = {
        "padding": int(valid), "stride_h": rows[1], "stride_w": columns[1],
        "dilation_h_factor": rows[2], "dilation_w_factor": columns[2],
    }  # fmt: skip
    return options, (positions[0], positions[1])


@st.composite
def _layer(
    draw: st.DrawFn,
    name: str,
    kernel: str,
    shape: tuple[int, ...],
    weights_shape: tuple[int, ...],
    channel_dimension: int,
    output_shape: tuple[int, ...],
    options: dict[str, int],
) -> Layer:
    """Scales of input and output are 1, so that the weights' are the factors."""
    channels = weights_shape[channel_dimension]
    count = channels if draw(st.booleans()) else 1
    factors = [draw(FACTORS) for _ in range(count)]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = generator.integers(-127, 128, weights_shape, dtype=np.int8)
    if draw(st.integers(0, 4)) == 0:
        weights = np.sign(weights) * np.int8(127)
    tensors = [
        TensorSpec(shape, scales=(1.0,), zero_points=(draw(ZERO_POINTS),)),
        TensorSpec(
            weights_shape, scales=factors, zero_points=[0] * count, dimension=channel_dimension, data=weights.tobytes()
        ),
        TensorSpec(output_shape, scales=(1.0,), zero_points=(draw(ZERO_POINTS),)),
    ]
    inputs = [0, 1]
    if draw(st.integers(0, 4)) > 0:
        reach = 2 ** draw(st.integers(0, 29))
        bias = generator.integers(-reach, reach + 1, channels, dtype=np.int32)
        tensors.append(TensorSpec([channels], "INT32", factors, [0] * count, data=bias.tobytes()))
        inputs.append(3)
    options = options | {"fused_activation_function": draw(ACTIVATIONS)}
    model = build_model(tensors, [OpSpec(name, inputs, [2], options)])
    try:
        (call,) = lower(read_model(model))
    except ConfigError:  # a sum that can leave 32 bits
        assume(False)
        raise
    assert isinstance(call, Call)
    found = next((form for form in (call, *call.forms.values()) if form.kernel == kernel), None)
    assume(found is not None)
    assert found is not None
    return Layer(model, found)
