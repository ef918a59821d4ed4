# SPDX-License-Identifier: Apache-2.0
"""PAD and PADV2."""

from __future__ import annotations

import dataclasses

from tinykws.aot.lowering.call import Call, Parameters, RowWise, Value, activation, int32_constant, result, same_shape
from tinykws.aot.lowering.rows import Axis, Band
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.reader.tflite import MAX_ELEMENTS

MAX_PAD_DIMENSIONS = 4


def lower_pad(graph: Graph, op: Op) -> Call:
    """Lowers constant padding, for up to four dimensions; the value is the output's zero point, or the third input."""
    source, output = activation(graph, op, 0), result(graph, op)
    rank = len(source.shape)
    if rank > MAX_PAD_DIMENSIONS:
        raise op.error(f"its input is {list(source.shape)}; up to {MAX_PAD_DIMENSIONS} dimensions are supported")
    amounts = int32_constant(graph, op, 1, "paddings")
    if len(amounts) != 2 * rank or any(not 0 <= amount <= MAX_ELEMENTS for amount in amounts):
        raise op.error(f"its paddings {amounts} do not fit the input {list(source.shape)}")
    before, after = amounts[0::2], amounts[1::2]
    same_shape(op, output, [sum(sizes) for sizes in zip(before, source.shape, after, strict=True)])
    missing = 4 - rank
    parameters: dict[str, Value] = {
        "input": [1] * missing + list(source.shape),
        "output": [1] * missing + list(output.shape),
        "before": [0] * missing + before,
        "value": _value(graph, op, output),
    }
    call = Call("kws_nn_pad", parameters, (source,), output)
    if rank != 4 or before[0] or after[0] or source.shape[0] != 1:
        return call

    def of_rows(band: Band) -> Call:
        part: Parameters = parameters | {
            "input": [1, len(band.input_rows), *source.shape[2:]],
            "output": [1, len(band.rows), *output.shape[2:]],
            "before": [0, band.pad, *before[2:]],
        }
        return dataclasses.replace(call, parameters=part)

    axis = Axis(1, 1, 1, before[1], output.shape[1])
    return dataclasses.replace(call, rows=RowWise(source.shape[1], axis, of_rows))


def _value(graph: Graph, op: Op, output: Tensor) -> int:
    if graph.operand(op, 2) is None:
        return output.zero_point
    value = activation(graph, op, 2)
    if value.data is None or value.size != 1:
        raise op.error("the value it pads with must be one constant")
    if (value.scale, value.zero_point) != (output.scale, output.zero_point):
        raise op.error("the value it pads with is quantized differently from its output")
    return int(value.data.reshape(-1)[0])
