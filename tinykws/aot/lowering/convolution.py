# SPDX-License-Identifier: Apache-2.0
"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

from tinykws.aot.lowering.call import Call, Form, Parameters, RowWise, activation, options, result, same_shape
from tinykws.aot.lowering.fast_convolution import STRIP, Convolution, fast_convolution, fast_depthwise_convolution
from tinykws.aot.lowering.kernel_window import check_image, shape_fields, window_axes, window_fields
from tinykws.aot.lowering.packed_convolution import packed_convolution, packed_depthwise_convolution
from tinykws.aot.lowering.weights import read_weights, weighted_requantize
from tinykws.aot.lowering.wide_convolution import wide_convolution, wide_depthwise_convolution
from tinykws.aot.reader.graph import Graph, Op


def lower_conv_2d(graph: Graph, op: Op) -> Call:
    """Lowers a convolution with weights int8 [output channels, height, width, input channels / groups]."""
    source, output = activation(graph, op, 0), result(graph, op)
    check_image(op, source, "input")
    check_image(op, output, "output")
    weights = read_weights(graph, op, channel_dimension=0, n_dimensions=4)
    channels, height, width, depth = weights.values.shape
    groups = source.shape[3] // depth
    if source.shape[3] % depth or channels % groups:
        raise op.error(f"its weights are {list(weights.values.shape)} for an input of {source.shape[3]} channels")
    rows, columns = window_axes(op, source, height, width)
    same_shape(op, output, (source.shape[0], rows.positions, columns.positions, channels))
    requantize = weighted_requantize(op, source, weights.tensor, output)
    convolution = Convolution(source, output, rows, columns, weights.values, weights, requantize)
    return _by_rows(partial(_conv_2d, groups), convolution)


def lower_depthwise_conv_2d(graph: Graph, op: Op) -> Call:
    """Lowers a depthwise convolution with weights int8 [1, height, width, output channels]."""
    source, output = activation(graph, op, 0), result(graph, op)
    check_image(op, source, "input")
    check_image(op, output, "output")
    weights = read_weights(graph, op, channel_dimension=3, n_dimensions=4)
    one, height, width, channels = weights.values.shape
    multiplier = options(op)["depth_multiplier"]
    if one != 1 or channels != multiplier * source.shape[3]:
        raise op.error(
            f"its weights are {list(weights.values.shape)} for an input of {source.shape[3]} channels"
            f" with depth multiplier {multiplier}"
        )
    rows, columns = window_axes(op, source, height, width)
    same_shape(op, output, (source.shape[0], rows.positions, columns.positions, channels))
    requantize = weighted_requantize(op, source, weights.tensor, output)
    by_channel = weights.values.transpose(3, 1, 2, 0)
    convolution = Convolution(source, output, rows, columns, by_channel, weights, requantize)
    return _by_rows(partial(_depthwise_conv_2d, multiplier), convolution)


def _by_rows(lower: Callable[[Convolution], Call], convolution: Convolution) -> Call:
    """Returns the call for all rows; for a batch of one it can also compute some rows only."""
    call = lower(convolution)
    batches, height = convolution.source.shape[:2]
    if batches != 1:
        return call
    rows = RowWise(height, convolution.rows, lambda band: lower(convolution.of_rows(band)))
    forms = {form: dataclasses.replace(other, rows=rows) for form, other in call.forms.items()}
    return dataclasses.replace(call, rows=rows, forms=forms)


def _conv_2d(groups: int, convolution: Convolution) -> Call:
    fast = fast_convolution(convolution) if groups == 1 else None
    if fast is not None:
        return _with_forms(fast, wide_convolution(convolution), packed_convolution(convolution))
    return _plain("kws_nn_conv_2d", convolution, groups=groups)


def _with_forms(call: Call, wide: Call | None, packed: Call | None) -> Call:
    """Returns a call with its forms. A strip has no use for a wide one: its weights are int16 anyway."""
    forms = {Form.WIDE: None if call.kernel == STRIP else wide, Form.PACKED: packed}
    return dataclasses.replace(call, forms={form: other for form, other in forms.items() if other is not None})


def _depthwise_conv_2d(multiplier: int, convolution: Convolution) -> Call:
    # With one input channel, every output channel depends on the whole input: an ordinary convolution.
    is_common = convolution.depth == 1
    fast = fast_convolution(convolution) if is_common else fast_depthwise_convolution(convolution)
    if fast is not None:
        if is_common:
            return _with_forms(fast, wide_convolution(convolution), packed_convolution(convolution))
        return _with_forms(fast, wide_depthwise_convolution(convolution), packed_depthwise_convolution(convolution))
    return _plain("kws_nn_depthwise_conv_2d", convolution, multiplier=multiplier)


def _plain(kernel: str, convolution: Convolution, **of_kernel: int) -> Call:
    """Returns the call of a kernel that takes every shape; `of_kernel` is the parameter that only this kernel has."""
    parameters: Parameters = {
        "input": shape_fields(convolution.source),
        "output": shape_fields(convolution.output),
        "window": window_fields(convolution.rows, convolution.columns),
        **of_kernel,
        "input_zero_point": convolution.source.zero_point,
        "weights": convolution.weights.values,
        "bias": convolution.weights.bias,
        "requantize": convolution.requantize,
    }
    return Call(kernel, parameters, (convolution.source,), convolution.output)
