# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D."""

from __future__ import annotations

import dataclasses

import numpy as np

from tinykws.aot.lowering.call import (
    Call,
    Parameters,
    RowWise,
    activation,
    fused_activation,
    options,
    result,
    same_shape,
)
from tinykws.aot.lowering.fixed_point import activation_range
from tinykws.aot.lowering.kernel_window import check_image, shape_fields, window_axes, window_fields
from tinykws.aot.lowering.rows import Axis, Band, with_rows
from tinykws.aot.reader.graph import Graph, Op, Tensor

_KERNELS = {"AVERAGE_POOL_2D": "kws_nn_average_pool_2d", "MAX_POOL_2D": "kws_nn_max_pool_2d"}
_SCALE_TOLERANCE = 1e-6
"""TFLM's: pooling does not rescale."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Pool:
    """A checked pooling op."""

    kernel: str
    source: Tensor
    output: Tensor
    rows: Axis
    columns: Axis
    bounds: tuple[int, int]

    def of_rows(self, band: Band) -> _Pool:
        source, output = with_rows(self.source, len(band.input_rows)), with_rows(self.output, len(band.rows))
        rows = dataclasses.replace(self.rows, pad=band.pad, positions=len(band.rows))
        return dataclasses.replace(self, source=source, output=output, rows=rows)

    def call(self) -> Call:
        parameters: Parameters = {
            "input": shape_fields(self.source),
            "output": shape_fields(self.output),
            "window": window_fields(self.rows, self.columns),
            "minimum": self.bounds[0],
            "maximum": self.bounds[1],
        }
        return Call(self.kernel, parameters, (self.source,), self.output)


def lower_pool_2d(graph: Graph, op: Op) -> Call:
    """Lowers pooling: the mean or the maximum of a kernel window; input and output have the same scale."""
    source, output = activation(graph, op, 0), result(graph, op)
    check_image(op, source, "input")
    check_image(op, output, "output")
    _check_same_scale(op, source, output)
    rows, columns = window_axes(op, source, options(op)["filter_height"], options(op)["filter_width"])
    same_shape(op, output, (source.shape[0], rows.positions, columns.positions, source.shape[3]))
    try:
        bounds = activation_range(fused_activation(op), output.scale, output.zero_point)
    except ValueError as error:
        raise op.error(str(error)) from error
    pool = _Pool(_KERNELS[op.name], source, output, rows, columns, bounds)
    if source.shape[0] != 1:
        return pool.call()
    by_rows = RowWise(source.shape[1], rows, lambda band: pool.of_rows(band).call())
    return dataclasses.replace(pool.call(), rows=by_rows)


def _check_same_scale(op: Op, source: Tensor, output: Tensor) -> None:
    difference = abs(float(np.float32(source.scale) - np.float32(output.scale)))
    if difference > _SCALE_TOLERANCE or source.zero_point != output.zero_point:
        raise op.error("its input and output are quantized differently")
