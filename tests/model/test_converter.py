# SPDX-License-Identifier: Apache-2.0
"""converter: the .tflite computes what the network computes, with the front-end's scale, and nothing else in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from networks import ONE_OF_A_KIND

from tinykws.aot.reader.tflite import read_model
from tinykws.evaluation.scoring import probability_of_score
from tinykws.model import converter
from tinykws.model.converter import convert, with_full_range
from tinykws.model.interpreter import Interpreter
from tinykws.project.frontend_settings import FEATURE_SCALE
from tinykws.project.model_settings import STREAM_SMALL
from tinykws.project.training_settings import TrainingSettings
from tinykws.support.errors import ToolError
from tinykws.training.keras_network import Network, real_values
from tinykws.training.trainer import Trainer

pytestmark = pytest.mark.slow

SHAPE = (24, 40)


def faint_features(n: int, seed: int = 0) -> npt.NDArray[np.int8]:
    """Far from full scale, as a quiet room's: calibration on these alone would set a finer scale.

    Every third clip is brighter in its low channels, every third in its high ones.
    """
    features = np.random.default_rng(seed).integers(-120, -20, (n, *SHAPE), np.int8)
    features[1::3, :, : SHAPE[1] // 2] += 40
    features[2::3, :, SHAPE[1] // 2 :] += 40
    return features


@pytest.fixture(scope="module", params=ONE_OF_A_KIND)
def network(request: pytest.FixtureRequest) -> Network:
    trainer = Trainer(request.param, SHAPE, 3, 300, TrainingSettings(epochs=6, batch_size=16, learning_rate=0.003))
    for seed in range(6):
        trainer.train_epoch(faint_features(300, seed), np.arange(300) % 3, np.ones(300, np.float32))
    return trainer.network


@pytest.fixture(scope="module")
def tflite(network: Network) -> bytes:
    return convert(network, faint_features(100))


def test_int8_follows_float(network: Network, tflite: bytes) -> None:
    interpreter = Interpreter(tflite)
    fresh = faint_features(60, seed=9)
    int8 = probability_of_score(np.array([interpreter.invoke(clip) for clip in fresh]))
    # Probabilities are 256ths in int8; all networks are within five of them (bc_resnet, with its 39 ops), most in two;
    # a wrong scale is far outside.
    rounded = 10 if network.model.name == "stream_tcn" else 6  # fifteen layers, each of which rounds
    assert np.abs(int8 - network.probabilities(fresh)).max() < rounded / 256
    assert (int8.argmax(axis=1) == np.arange(60) % 3).mean() > 0.9


def test_input_and_output_are_the_front_ends_and_the_detectors(tflite: bytes) -> None:
    graph = read_model(tflite)
    assert graph.input.scale == FEATURE_SCALE
    assert graph.input.zero_point == -128
    assert graph.output.scale == 1 / 256
    assert graph.output.zero_point == -128
    assert graph.input.shape[0] == 1


def test_one_scale_a_tensor_and_no_names(tflite: bytes) -> None:
    graph = read_model(tflite)
    assert {len(tensor.scales) for tensor in graph.tensors} <= {0, 1}
    assert {tensor.name for tensor in graph.tensors} == {""}


def test_the_same_model_gives_the_same_bytes_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    network = Network.untrained("ds_cnn", SHAPE, 3)
    assert convert(network, faint_features(100)) == convert(network, faint_features(100))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("name", ["ds_cnn", STREAM_SMALL])
def test_the_graph_is_what_keras_own_export_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Op by op, with the same weights and scales: the graph is converted without a SavedModel."""
    import keras
    import tensorflow

    def of_keras(model: Any, _: Any) -> Any:
        clip = keras.Input(batch_shape=(1, *model.input_shape[1:]))
        return tensorflow.lite.TFLiteConverter.from_keras_model(keras.Model(clip, model(clip, training=False)))

    network = Network.untrained(name, SHAPE, 3)
    network.randomize_biases()
    direct = read_model(convert(network, faint_features(4)))
    monkeypatch.setattr(converter, "_converter_of", of_keras)
    exported = read_model(convert(network, faint_features(4)))
    assert [op.name for op in direct.ops] == [op.name for op in exported.ops]
    for one, other in zip(direct.ops, exported.ops, strict=True):
        operands = zip((*one.inputs, *one.outputs), (*other.inputs, *other.outputs), strict=True)
        for at, its in operands:
            tensor, as_exported = direct.tensors[at], exported.tensors[its]
            assert (tensor.shape, tensor.scales) == (as_exported.shape, as_exported.scales)
            np.testing.assert_array_equal(tensor.data, as_exported.data)


def test_full_range_touches_one_corner_only() -> None:
    features = faint_features(3)
    forced = with_full_range(features)
    assert (forced.min(), forced.max()) == (-128, 127)
    assert (forced != features).sum() <= 2
    assert features.max() < 127, "the input is left alone"


def test_real_values_are_upstreams() -> None:
    assert real_values(np.array([[-128, 0, 127]], np.int8)).tolist() == [[0.0, 13.0, 25.8984375]]


def test_a_failing_converter_is_one_readable_error(capfd: pytest.CaptureFixture[str]) -> None:
    import keras

    clip = keras.Input((4, 4))
    unquantizable = keras.Model(clip, keras.ops.erfinv(clip))
    with pytest.raises(ToolError, match="converter failed"):
        convert(Network(unquantizable), np.zeros((3, 4, 4), np.int8))
    assert capfd.readouterr().err == ""


def test_dense_layers_read_what_is_there_without_a_copy(tflite: bytes) -> None:
    ops = read_model(tflite).ops
    for op in ops:
        if op.name == "FULLY_CONNECTED":
            assert [before.name for before in ops if op.inputs[0] in before.outputs] in (
                ["CONV_2D"],
                ["AVERAGE_POOL_2D"],
            )
