# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's converter: a trained network becomes an int8 .tflite that every TFLM library computes alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.support.errors import ToolError
from tinykws.training.keras_network import Features, Network
from tinykws.training.tensorflow_import import import_tensorflow, quiet

FULL_RANGE = (-128, 127)


def convert(network: Network, calibration: Features) -> bytes:
    """Returns the int8 .tflite of a network; the same bytes for the same weights and calibration.

    Args:
        network: the trained network.
        calibration: int8 [n, n_frames, n_mels], of training clips: ranges inside the network are taken from these.

    Raises:
        ToolError: the converter failed.
    """
    tensorflow = import_tensorflow()
    try:
        with quiet():
            converter = tensorflow.lite.TFLiteConverter.from_keras_model(_with_batch_of_one(network.model))
            _ask_for_int8(converter, tensorflow)
            converter.representative_dataset = lambda: _rows(network, calibration)
            return _slimmed(converter.convert())
    except Exception as error:  # the converter raises what it likes: ConverterError, RuntimeError, ValueError …
        raise ToolError(
            f"TensorFlow Lite's converter failed: {str(error).strip().splitlines()[0] if str(error) else repr(error)}",
            hint="check the architecture's layers; docs/adding_an_architecture.md says which convert",
        ) from error


def with_full_range(features: Features) -> Features:
    """Returns the calibration features with one value at each end of int8.

    They make the input's scale exactly the front-end's, whatever the clips reached. They stand in the first clip's
    corner, so that no layer inside sees an image that never comes.
    """
    forced: Features = features.copy()
    forced[0, 0, :2] = FULL_RANGE
    return forced


def _rows(network: Network, calibration: Features) -> Iterator[list[npt.NDArray[np.float32]]]:
    inputs = network.inputs(with_full_range(calibration))
    return ([inputs[at : at + 1]] for at in range(len(inputs)))


def _with_batch_of_one(model: Any) -> Any:
    """A free batch dimension would add SHAPE, STRIDED_SLICE and PACK around every reshape."""
    import keras

    features = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    return keras.Model(features, model(features, training=False))


def _ask_for_int8(converter: Any, tensorflow: Any) -> None:
    """Asks for int8 all through, with one scale a tensor.

    Dense layers with a scale for each output are computed wrongly by many TFLM libraries. For convolutions a scale
    for each channel costs 24 bytes a channel, a third of a small model, and gained nothing measurable on ours.
    """
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tensorflow.int8
    converter.inference_output_type = tensorflow.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    converter._experimental_disable_per_channel = True


def _slimmed(tflite: bytes) -> bytes:
    """Returns the model without what costs flash or memory on the chip and changes no result.

    Tensor names and the converter's notes are kilobytes that nothing reads (and they count Keras's objects); a RESHAPE
    before a dense layer copies its input, which a dense layer takes in any shape.
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
    """Lets readers take a skippable op's input, and removes the op where nothing else takes its output."""
    for op in [op for op in subgraph.operators if is_skippable(op)]:
        readers = [reader for reader in subgraph.operators if op.outputs[0] in reader.inputs]
        if readers and all(is_reader(reader) and reader.inputs[0] == op.outputs[0] for reader in readers):
            for reader in readers:
                reader.inputs[0] = op.inputs[0]
            subgraph.operators.remove(op)
