"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

import numpy as np

from tinykws.aot.call import Call, Parameters, activation, fused_activation, options, result, same_shape
from tinykws.aot.fixed_point import activation_range
from tinykws.aot.graph import Graph, Op, Tensor
from tinykws.aot.windows import image, window_axes, window_fields

_KERNELS = {"AVERAGE_POOL_2D": "kws_nn_average_pool_2d", "MAX_POOL_2D": "kws_nn_max_pool_2d"}
_SCALE_TOLERANCE = 1e-6
"""TFLM's: pooling does not rescale."""


def lower_pool_2d(graph: Graph, op: Op) -> Call:
    """A window's mean or largest value; input and output have one scale."""
    source, output = activation(graph, op, 0), result(graph, op)
    input_shape, output_shape = image(op, source, "input"), image(op, output, "output")
    _check_same_scale(op, source, output)
    rows, columns = window_axes(op, source, options(op)["filter_height"], options(op)["filter_width"])
    same_shape(op, output, (source.shape[0], rows.positions, columns.positions, source.shape[3]))
    try:
        minimum, maximum = activation_range(fused_activation(op), output.scale, output.zero_point)
    except ValueError as error:
        raise op.error(str(error)) from error
    parameters: Parameters = {
        "input": input_shape,
        "output": output_shape,
        "window": window_fields(rows, columns),
        "minimum": minimum,
        "maximum": maximum,
    }
    return Call(_KERNELS[op.name], parameters, (source,), output)


def _check_same_scale(op: Op, source: Tensor, output: Tensor) -> None:
    difference = abs(float(np.float32(source.scale) - np.float32(output.scale)))
    if difference > _SCALE_TOLERANCE or source.zero_point != output.zero_point:
        raise op.error("its input and output are quantized differently")
