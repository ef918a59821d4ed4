# SPDX-License-Identifier: Apache-2.0
"""TRANSPOSE_CONV."""

from __future__ import annotations

from tinykws.aot.lowering.call import Call, Parameters, activation, result
from tinykws.aot.lowering.kernel_window import check_image, shape_fields, window_axes, window_fields
from tinykws.aot.lowering.weights import read_weights, weighted_requantize
from tinykws.aot.reader.graph import Graph, Op

_WEIGHTS, _SOURCE, _BIAS = 1, 2, 3
"""Positions of the inputs. The first, the output's shape, is ignored: the output has it."""


def lower_transpose_conv(graph: Graph, op: Op) -> Call:
    """Lowers a transposed convolution with weights int8 [output channels, height, width, input channels].

    Source: tensorflow/lite/micro/kernels/transpose_conv.cc.
    """
    source, output = activation(graph, op, _SOURCE), result(graph, op)
    check_image(op, source, "input")
    check_image(op, output, "output")
    weights = read_weights(graph, op, channel_dimension=0, n_dimensions=4, source=_SOURCE, bias=_BIAS)
    channels, height, width, depth = weights.values.shape
    if depth != source.shape[3]:
        raise op.error(f"its weights are {list(weights.values.shape)} for an input of {source.shape[3]} channels")
    rows, columns = window_axes(op, output, height, width)
    batches, n_rows, n_columns, _ = source.shape
    if (batches, n_rows, n_columns, channels) != (output.shape[0], rows.positions, columns.positions, output.shape[3]):
        raise op.error(f"its output is {list(output.shape)}, which does not fit an input of {list(source.shape)}")
    parameters: Parameters = {
        "input": shape_fields(source),
        "output": shape_fields(output),
        "window": window_fields(rows, columns),
        "input_zero_point": source.zero_point,
        "weights": weights.values,
        "bias": weights.bias,
        "requantize": weighted_requantize(op, source, weights.tensor, output),
    }
    return Call("kws_nn_transpose_conv", parameters, (source,), output)
