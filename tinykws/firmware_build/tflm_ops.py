# SPDX-License-Identifier: Apache-2.0
"""The operations of TensorFlow Lite Micro: their names in a model, and the methods of its op resolver."""

from __future__ import annotations

from collections.abc import Iterable

from tinykws.aot.reader.tflite import read_model
from tinykws.boards.rows import Board
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

RESOLVER_METHODS = {
    "ABS": "AddAbs",
    "ADD": "AddAdd",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEQUANTIZE": "AddDequantize",
    "ELU": "AddElu",
    "EXPAND_DIMS": "AddExpandDims",
    "FULLY_CONNECTED": "AddFullyConnected",
    "HARD_SWISH": "AddHardSwish",
    "LEAKY_RELU": "AddLeakyRelu",
    "LOGISTIC": "AddLogistic",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MAXIMUM": "AddMaximum",
    "MEAN": "AddMean",
    "MINIMUM": "AddMinimum",
    "MUL": "AddMul",
    "PACK": "AddPack",
    "PAD": "AddPad",
    "PADV2": "AddPadV2",
    "PRELU": "AddPrelu",
    "QUANTIZE": "AddQuantize",
    "REDUCE_MAX": "AddReduceMax",
    "RELU": "AddRelu",
    "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape",
    "SHAPE": "AddShape",
    "SOFTMAX": "AddSoftmax",
    "SPLIT": "AddSplit",
    "SQUEEZE": "AddSqueeze",
    "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub",
    "SUM": "AddSum",
    "SVDF": "AddSvdf",
    "TANH": "AddTanh",
    "TRANSPOSE": "AddTranspose",
    "TRANSPOSE_CONV": "AddTransposeConv",
    "UNPACK": "AddUnpack",
}
"""Methods of tflite::MicroMutableOpResolver. Source: tensorflow/lite/micro/micro_mutable_op_resolver.h.

An op is here if its kernel runs int8: NEG, which has a method too, runs float only."""


def resolver_methods(ops: Iterable[str]) -> list[tuple[str, str]]:
    """Returns (name, method) of each distinct op, in order. Raises ConfigError for one that is not in the table."""
    unknown = [name for name in ops if name not in RESOLVER_METHODS]
    if unknown:
        raise ConfigError(
            f"the tflm engine does not support {', '.join(unknown)}",
            hint="build the model from convolutions, dense layers, pooling and activations",
        )
    return [(name, RESOLVER_METHODS[name]) for name in dict.fromkeys(ops)]


def refuse_per_channel_dense(bundle: Bundle, board: Board) -> None:
    """Raises ConfigError for dense layers with a scale per output if the library would take the first for all."""
    assert board.tflm is not None
    if board.tflm.per_channel_fully_connected:
        return
    graph = read_model(bundle.model_bytes())
    for op in graph.ops:
        weights = graph.operand(op, 1) if op.name == "FULLY_CONNECTED" else None
        if weights is not None and len(weights.scales) > 1:
            raise ConfigError(
                f"op {op.index} (FULLY_CONNECTED) is quantized per channel, which {board.tflm.lib_deps[0]} does not"
                " understand: it would give wrong scores without an error",
                hint="use --engine aot, or convert with"
                " converter._experimental_disable_per_channel_quantization_for_dense_layers = True",
            )
