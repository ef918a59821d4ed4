# SPDX-License-Identifier: Apache-2.0
"""Instructions of a model with the tflm engine: a rough estimate from counts of TFLite Micro with two other models.

Unlike the aot engine's kernels, TFLite Micro's were not counted call by call: one rate per kind of op must do.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from tinykws.aot.reader.graph import Graph, Op
from tinykws.boards.rows import CMSIS_NN, REFERENCE, TFLM_KERNELS, TflmLibrary, is_local, local_path


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


def rates_for(library: TflmLibrary | None, instruction_set: str) -> TflmRates:
    """Returns the rates of a row's library on an instruction set (`counted_as` of boards/cores.py).

    CMSIS-NN without DSP instructions counts as the reference kernels.
    """
    uses_cmsis_nn = kernels_of(library) == CMSIS_NN and instruction_set == "armv7e-m"
    return _CMSIS_NN if uses_cmsis_nn else _REFERENCE_KERNELS


def kernels_of(library: TflmLibrary | None) -> str:
    """Returns which kernels a row's library has: as the library itself says, or its row; otherwise the slower ones."""
    if library is None:
        return REFERENCE
    told = (_told_by(Path(local_path(entry))) for entry in library.lib_deps if is_local(entry))
    return next(filter(None, told), library.kernels or REFERENCE)


def _told_by(folder: Path) -> str:
    """Returns what the library.json of a library on this computer says about its kernels; "" if nothing."""
    try:
        manifest = json.loads((folder / "library.json").read_text(encoding="utf-8"))
        kernels = manifest.get("tinykws", {}).get("kernels")
        flags = manifest.get("build", {}).get("flags", ())
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""
    if isinstance(kernels, str) and kernels in TFLM_KERNELS:
        return kernels
    words = flags.split() if isinstance(flags, str) else flags
    return CMSIS_NN if isinstance(words, list) and "-DCMSIS_NN" in words else ""


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
