# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX."""

from __future__ import annotations

from tinykws.aot.lowering.call import Call, Parameters, activation, options, result, same_shape
from tinykws.aot.lowering.fixed_point import softmax_multiplier
from tinykws.aot.reader.graph import Graph, Op

MAX_DEPTH = 511
"""With more values, the sum of exponentials can reach a value at which the reference aborts the program."""


def lower_softmax(graph: Graph, op: Op) -> Call:
    """Lowers softmax along the last dimension; TFLite fixes the output's scale to 1/256 and its zero point to -128."""
    source, output = activation(graph, op, 0), result(graph, op)
    same_shape(op, output, source.shape)
    if not source.shape or source.shape[-1] > MAX_DEPTH:
        raise op.error(f"its input is {list(source.shape)}; the last dimension must have 1 to {MAX_DEPTH} values")
    if (output.scale, output.zero_point) != (1 / 256, -128):
        raise op.error(f"its output has scale {output.scale:g} and zero point {output.zero_point}, not 1/256 and -128")
    try:
        multiplier, smallest_difference = softmax_multiplier(options(op)["beta"], source.scale)
    except ValueError as error:
        raise op.error(str(error)) from error
    parameters: Parameters = {
        "rows": source.size // source.shape[-1],
        "depth": source.shape[-1],
        "multiplier": multiplier.value,
        "shift": multiplier.shift,
        "smallest_difference": smallest_difference,
    }
    return Call("kws_nn_softmax", parameters, (source,), output)
