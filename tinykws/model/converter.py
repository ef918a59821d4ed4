# SPDX-License-Identifier: Apache-2.0
"""Converts a trained network to an int8 .tflite that gives the same results in every version of TFLite Micro."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.model.own_models import trust
from tinykws.support.errors import ToolError
from tinykws.training.keras_network import Features, Network
from tinykws.training.tensorflow_import import import_tensorflow, quiet

FULL_RANGE = (-128, 127)


def convert(network: Network, calibration: Features) -> bytes:
    """Returns the int8 .tflite of a network; the same weights and calibration give the same bytes.

    Args:
        network: the trained network.
        calibration: int8 [n, n_frames, n_mels], features of training clips, from which value ranges are measured.

    Raises:
        ToolError: the converter failed.
    """
    tensorflow = import_tensorflow()
    try:
        with quiet():
            converter = _converter_of(network.model, tensorflow)
            _request_int8(converter, tensorflow)
            converter.representative_dataset = lambda: _rows(network, calibration)
            model = _stripped(converter.convert())
    except Exception as error:  # the converter raises ConverterError, RuntimeError, ValueError …
        raise ToolError(
            f"TensorFlow Lite's converter failed: {str(error).strip().splitlines()[0] if str(error) else repr(error)}",
            hint="check the architecture's layers; docs/guides/add_an_architecture.md says which convert",
        ) from error
    trust(model)
    return model


def with_full_range(features: Features) -> Features:
    """Returns the calibration features with the values -128 and 127 set in the first clip.

    This makes the input's scale exactly the front-end's, whatever range the clips have. Two features in a corner hardly
    change the ranges of the layers inside.
    """
    forced: Features = features.copy()
    forced[0, 0, :2] = FULL_RANGE
    return forced


def _rows(network: Network, calibration: Features) -> Iterator[list[npt.NDArray[np.float32]]]:
    inputs = network.inputs(with_full_range(calibration))
    return ([inputs[at : at + 1]] for at in range(len(inputs)))


def _converter_of(model: Any, tensorflow: Any) -> Any:
    """Returns a converter of the model's graph with batch size 1.

    A variable batch size would add SHAPE, STRIDED_SLICE and PACK to every reshape. The graph is converted directly:
    from_keras_model() writes a SavedModel first, which takes five times as long and gives the same ops and weights.
    """
    features = tensorflow.TensorSpec((1, *model.input_shape[1:]), tensorflow.float32)
    call = tensorflow.function(lambda values: model(values, training=False)).get_concrete_function(features)
    converter = tensorflow.lite.TFLiteConverter.from_concrete_functions([call], model)
    converter.experimental_lower_to_saved_model = False
    return converter


def _request_int8(converter: Any, tensorflow: Any) -> None:
    """Requests int8 for all tensors, with per-tensor quantization.

    Many TFLM libraries compute per-channel dense layers wrongly. Per-channel convolutions cost 24 bytes per channel, a
    third of a small model, and did not measurably improve our models.
    """
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tensorflow.int8
    converter.inference_output_type = tensorflow.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter._experimental_disable_per_channel = True


def _stripped(tflite: bytes) -> bytes:
    """Returns the model without parts that cost flash or memory on the chip and do not change results.

    Tensor names and the converter's metadata are kilobytes that nothing reads (and names depend on how many Keras
    objects there were). A RESHAPE before a dense layer copies its input, but a dense layer accepts any shape.
    """
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    flatbuffer_utils.strip_strings(model)
    model.metadata = None
    reshape, dense = schema.BuiltinOperator.RESHAPE, schema.BuiltinOperator.FULLY_CONNECTED
    for subgraph in model.subgraphs:
        _skip_before(subgraph, lambda op: _code(model, op) == reshape, lambda op: _code(model, op) == dense)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _code(model: Any, op: Any) -> int:
    code = model.operatorCodes[op.opcodeIndex]
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _skip_before(subgraph: Any, is_skippable: Callable[[Any], bool], is_reader: Callable[[Any], bool]) -> None:
    """Connects the readers of a skippable op to its input and removes the op, if all its readers qualify."""
    for op in [op for op in subgraph.operators if is_skippable(op)]:
        readers = [reader for reader in subgraph.operators if op.outputs[0] in reader.inputs]
        if readers and all(is_reader(reader) and reader.inputs[0] == op.outputs[0] for reader in readers):
            for reader in readers:
                reader.inputs[0] = op.inputs[0]
            subgraph.operators.remove(op)
