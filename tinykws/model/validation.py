# SPDX-License-Identifier: Apache-2.0
"""Checks that an int8 .tflite will give the same results on a chip as in training.

Each check catches an error that is common in practice, in which a model works on the computer but outputs a single word
for everything on the chip: an input scale other than the front-end's, per-channel dense layers, or missing ops.
"""

from __future__ import annotations

from tinykws.aot.lowering.label_scores import gives_one_probability
from tinykws.aot.reader.graph import Graph, Tensor
from tinykws.model import input_scale
from tinykws.model.bundle import TensorInfo
from tinykws.model.input_layout import check_layout
from tinykws.project.frontend_settings import FEATURE_SCALE, FEATURE_ZERO_POINT, FrontendSettings
from tinykws.support.errors import ConfigError

OUTPUT_SCALE = 1.0 / 256.0
"""Scale of a softmax, fixed by TFLite; the detector uses score + 128, 0 to 255."""
OUTPUT_ZERO_POINT = -128
_OUTPUT_TOLERANCE = 1e-6
"""Relative; TFLite writes it as a float32."""
DEPLOYABLE_OPS = (
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "AVERAGE_POOL_2D",
    "MEAN",
    "MAX_POOL_2D",
    "ADD",
    "PAD",
    "RESHAPE",
    "SOFTMAX",
)
"""Operators that both engines (aot and tflm) run on every board."""


def check_input(graph: Graph, frontend: FrontendSettings) -> TensorInfo:
    """Returns the model's input.

    Raises:
        ConfigError: it does not accept the front-end's int8 features, frame by frame and about in their scale. What the
            rest of the scale's difference does to the scores is measured by input_scale.py.
    """
    info = _int8_info(graph.input, "input")
    check_layout(graph, frontend)
    if not input_scale.is_tolerable(info.scale) or info.zero_point != FEATURE_ZERO_POINT:
        raise _quantization_error("input", info, FEATURE_SCALE, FEATURE_ZERO_POINT, _input_hint(info))
    return info


def _input_hint(info: TensorInfo) -> str:
    error = input_scale.input_error(info.scale) if info.scale > 0 else float("inf")
    return (
        f"train on features from 0.0 to 26.0; the loudest would be off by {error:.0f} of 255 steps,"
        f" {input_scale.LARGEST_INPUT_ERROR:.0f} is the most"
    )


def check_output(graph: Graph, n_labels: int) -> TensorInfo:
    """Returns the model's output. Raises ConfigError unless it is one int8 softmax probability per label, or that of
    the word of a streaming wake word model."""
    info = _int8_info(graph.output, "output")
    if not gives_one_probability(graph) and info.size != n_labels:
        raise ConfigError(
            f"the model has {info.size} outputs, but there are {n_labels} labels",
            hint="name one label for each output, in the model's order: --labels silence,unknown,yes,no",
        )
    is_softmax = abs(info.scale / OUTPUT_SCALE - 1) <= _OUTPUT_TOLERANCE
    if not is_softmax or info.zero_point != OUTPUT_ZERO_POINT:
        hint = "end the model with a softmax: its outputs are probabilities"
        raise _quantization_error("output", info, OUTPUT_SCALE, OUTPUT_ZERO_POINT, hint)
    return info


def check_ops(graph: Graph) -> None:
    """Raises ConfigError if the model contains an op that one of the engines does not support."""
    for op in graph.ops:
        if op.name not in DEPLOYABLE_OPS:
            raise op.error(
                "one of the engines does not support it",
                hint="build the architecture from: " + ", ".join(DEPLOYABLE_OPS),
            )


def check_dense_per_tensor(graph: Graph) -> None:
    """Raises ConfigError if a dense layer has per-channel quantized weights.

    TFLM supports them since 2024-09; older libraries (such as Chirale_TensorFLowLite 2.0.0) use the first scale for all
    outputs, without an error.
    """
    for op in graph.ops:
        weights = graph.operand(op, 1) if op.name == "FULLY_CONNECTED" else None
        if weights is not None and len(weights.scales) > 1:
            raise op.error(
                f"its weights have {len(weights.scales)} scales, which many TFLM libraries compute wrongly",
                hint="convert with _experimental_disable_per_channel_quantization_for_dense_layers = True",
            )


def op_names(graph: Graph) -> tuple[str, ...]:
    """Returns the ops' names, each once, in order of first use."""
    return graph.op_names


def _int8_info(tensor: Tensor, what: str) -> TensorInfo:
    if tensor.type != "INT8" or len(tensor.scales) != 1:
        raise ConfigError(
            f"the model's {what} is {tensor}, not quantized int8",
            hint="convert with full integer quantization: inference_input_type = inference_output_type = tf.int8",
        )
    return TensorInfo(tuple(tensor.shape), float(tensor.scale), int(tensor.zero_point))


def _quantization_error(what: str, info: TensorInfo, scale: float, zero_point: int, hint: str) -> ConfigError:
    return ConfigError(
        f"the model's {what} has scale {info.scale:.7g} and zero point {info.zero_point}; "
        f"expected are {scale:.7g} and {zero_point}",
        hint=hint,
    )
