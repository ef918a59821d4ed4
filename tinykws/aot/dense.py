"""FULLY_CONNECTED."""

from __future__ import annotations

from tinykws.aot.call import Call, Parameters, activation, options, result
from tinykws.aot.graph import Graph, Op
from tinykws.aot.weights import read_weights, weighted_requantize


def lower_fully_connected(graph: Graph, op: Op) -> Call:
    """Weights int8 [units, depth]; the input, of any shape, is read as rows of `depth` values."""
    source, output = activation(graph, op, 0), result(graph, op)
    if options(op)["weights_format"] != 0:
        raise op.error("its weights are shuffled; the default format is wanted")
    weights = read_weights(graph, op, channel_dimension=0, n_dimensions=2)
    units, depth = weights.values.shape
    rows = source.size // depth
    if source.size % depth or not output.shape or output.shape[-1] != units or output.size != rows * units:
        raise op.error(f"weights of [{units}, {depth}] do not lead from {list(source.shape)} to {list(output.shape)}")
    per_tensor = len(weights.tensor.scales) == 1
    parameters: Parameters = {
        "rows": rows,
        "depth": depth,
        "units": units,
        "input_zero_point": source.zero_point,
        "weights": weights.values,
        "bias": weights.bias,
        "requantize": weighted_requantize(op, source, weights.tensor, output, product_in_float=per_tensor),
    }
    return Call("kws_nn_fully_connected", parameters, (source,), output)
