# SPDX-License-Identifier: Apache-2.0
"""Instructions of a model with the tflm engine: a rough estimate from counts of TFLite Micro with two other models.

Unlike the aot engine's kernels, TFLite Micro's were not counted call by call: one rate per kind of op must do.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.reader.graph import Graph, Op


@dataclasses.dataclass(frozen=True)
class TflmRates:
    """Instructions per multiplication of TFLite Micro's kernels, and per input value of other ops."""

    kernels: str
    """Which kernels these are, in words."""
    conv: float
    pointwise_conv: float
    depthwise: float
    depthwise_of_one_channel: float
    dense: float
    value: float = 8.0


_CMSIS_NN = TflmRates("CMSIS-NN", 3.5, 2.1, 7.8, 4.6, 1.9)
_REFERENCE_KERNELS = TflmRates("its reference kernels", 14.8, 14.8, 28.0, 28.0, 14.8)
"""From counts of micro_speech and MLPerf's DS-CNN on a Cortex-M4F (TFLM of 2026-08-20, GCC 12.2): op by op with
CMSIS-NN, as a whole with the reference kernels."""


_WITHOUT_WORK = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SHAPE", "PACK")
"""At most a copy, or arithmetic on a few sizes."""
_TRANSPOSE_CONV_SOURCE = 2
"""Position of its input."""


def rates_for(instruction_set: str) -> TflmRates:
    """Returns the rates for an instruction set (`counted_as` of boards/cores.py): CMSIS-NN needs DSP instructions."""
    return _CMSIS_NN if instruction_set == "armv7e-m" else _REFERENCE_KERNELS


def tflm_instructions(graph: Graph, rates: TflmRates) -> int:
    """Returns the estimated instructions of one inference."""
    return round(sum(_op_instructions(graph, op, rates) for op in graph.ops if op.name not in _WITHOUT_WORK))


def _op_instructions(graph: Graph, op: Op, rates: TflmRates) -> float:
    output, weights = graph.result(op), graph.operand(op, 1)
    rate = {
        "CONV_2D": rates.pointwise_conv if weights and weights.shape[1:3] == (1, 1) else rates.conv,
        "DEPTHWISE_CONV_2D": rates.depthwise,
        "FULLY_CONNECTED": rates.dense,
    }.get(op.name)
    if op.name == "TRANSPOSE_CONV" and weights is not None:
        # Each input value is multiplied by its channel's weights.
        source = graph.tensors[op.inputs[_TRANSPOSE_CONV_SOURCE]]
        return source.size * (weights.size / source.shape[-1]) * rates.conv
    source = graph.tensors[op.inputs[0]]
    if rate is None or weights is None:
        return source.size * rates.value
    if op.name == "DEPTHWISE_CONV_2D" and source.shape[-1] == 1:
        rate = rates.depthwise_of_one_channel
    # Each output is a sum over the weights of its channel.
    return output.size * (weights.size / output.shape[-1]) * rate
