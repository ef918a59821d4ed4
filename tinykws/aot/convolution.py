"""CONV_2D and DEPTHWISE_CONV_2D."""

from __future__ import annotations

from tinykws.aot.call import Call, Parameters, activation, options, result, same_shape
from tinykws.aot.fast_convolution import Convolution, fast_convolution, fast_depthwise_convolution
from tinykws.aot.graph import Graph, Op
from tinykws.aot.weights import read_weights, weighted_requantize
from tinykws.aot.windows import image, window_axes, window_fields


def lower_conv_2d(graph: Graph, op: Op) -> Call:
    """Weights int8 [output channels, height, width, input channels / groups]."""
    source, output = activation(graph, op, 0), result(graph, op)
    input_shape, output_shape = image(op, source, "input"), image(op, output, "output")
    weights = read_weights(graph, op, channel_dimension=0, n_dimensions=4)
    channels, height, width, depth = weights.values.shape
    groups = source.shape[3] // depth
    if source.shape[3] % depth or channels % groups:
        raise op.error(f"its weights are {list(weights.values.shape)} for an input of {source.shape[3]} channels")
    rows, columns = window_axes(op, source, height, width)
    same_shape(op, output, (source.shape[0], rows.positions, columns.positions, channels))
    requantize = weighted_requantize(op, source, weights.tensor, output)
    if groups == 1:
        fast = fast_convolution(Convolution(source, output, rows, columns, weights.values, weights, requantize))
        if fast is not None:
            return fast
    parameters: Parameters = {
        "input": input_shape,
        "output": output_shape,
        "window": window_fields(rows, columns),
        "groups": groups,
        "input_zero_point": source.zero_point,
        "weights": weights.values,
        "bias": weights.bias,
        "requantize": requantize,
    }
    return Call("kws_nn_conv_2d", parameters, (source,), output)


def lower_depthwise_conv_2d(graph: Graph, op: Op) -> Call:
    """Weights int8 [1, height, width, output channels]."""
    source, output = activation(graph, op, 0), result(graph, op)
    input_shape, output_shape = image(op, source, "input"), image(op, output, "output")
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
    same = Convolution(source, output, rows, columns, by_channel, weights, requantize)
    # Over one input channel each output channel sees all of the input: a common convolution.
    fast = fast_convolution(same) if source.shape[3] == 1 else fast_depthwise_convolution(same)
    if fast is not None:
        return fast
    parameters: Parameters = {
        "input": input_shape,
        "output": output_shape,
        "window": window_fields(rows, columns),
        "multiplier": multiplier,
        "input_zero_point": source.zero_point,
        "weights": weights.values,
        "bias": weights.bias,
        "requantize": requantize,
    }
    return Call("kws_nn_depthwise_conv_2d", parameters, (source,), output)
