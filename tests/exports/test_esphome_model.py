# SPDX-License-Identifier: Apache-2.0
"""Streaming models for ESPHome: run by TFLite Micro, they give what the bundle's model gives on whole model inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from stream_model import stream_tflite, wandering_frames
from tflite_micro import runtime

from tinykws.aot.reader.tflite import read_model
from tinykws.exports.esphome.guard import MOST_VARIABLES, model_faults, model_warnings
from tinykws.exports.esphome.operating_point import probabilities_along
from tinykws.exports.esphome.streaming_model import SILENT_FEATURE, StreamNetwork, stream_network, word_graph
from tinykws.exports.esphome.streaming_model import streaming_tflite as streaming
from tinykws.exports.esphome.word_head import MOST_DIFFERENCE
from tinykws.model.lowered_model import LoweredModel
from tinykws.support.errors import ConfigError

ARENA_BYTES = 200_000


def network_of(n_frames: int = 148, n_labels: int = 3, width: int = 16) -> StreamNetwork:
    return stream_network(stream_tflite(n_frames, n_labels, width))


def heard_by_tflm(model: bytes, frames: npt.NDArray[np.int8], stride: int) -> npt.NDArray[np.uint8]:
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=ARENA_BYTES)
    heard = []
    for start in range(0, len(frames) - stride + 1, stride):
        interpreter.set_input(frames[None, start : start + stride], 0)
        interpreter.invoke()
        heard.append(interpreter.get_output(0).item())
    return np.array(heard, np.uint8)


@pytest.mark.parametrize(("n_frames", "n_labels", "stride"), [(148, 3, 4), (74, 3, 10), (147, 4, 2), (74, 6, 2)])
def test_the_streaming_model_gives_what_whole_inputs_give(n_frames: int, n_labels: int, stride: int) -> None:
    network, frames = network_of(n_frames, n_labels), wandering_frames(1200, 5)
    word = n_labels - 1
    heard = heard_by_tflm(streaming(network, word, stride), frames, stride)
    whole = probabilities_along(network, LoweredModel(word_graph(network, word)), frames, stride)
    assert np.unique(whole).size > 5, "the network says always the same"
    np.testing.assert_array_equal(heard, whole)


def test_the_probability_is_that_of_the_bundles_softmax() -> None:
    network, frames = network_of(), wandering_frames(2000, 6)
    word = 2
    exported = probabilities_along(network, LoweredModel(word_graph(network, word)), frames, 2).astype(int)
    n_frames = network.graph.input.size // network.n_mels
    starts = np.full((network.frames_seen - 2, 40), SILENT_FEATURE, np.int8)
    ends = np.full((n_frames - network.frames_seen, 40), SILENT_FEATURE, np.int8)
    softmax = LoweredModel(network.graph).scores_along(np.concatenate([starts, frames, ends]), n_frames, 2)[:, word]
    difference = np.abs(exported - (softmax.astype(int) + 128))
    assert difference.max() <= MOST_DIFFERENCE
    assert difference.mean() < 1


def test_with_several_words_a_likely_word_has_the_bundles_probability() -> None:
    network, frames = network_of(74, 6), wandering_frames(1500, 7)
    softmax = LoweredModel(network.graph).scores_along(frames, 74, 2).astype(int) + 128
    for word in range(2, 6):
        model = LoweredModel(word_graph(network, word))
        exported = model.scores_along(frames, 74, 2)[:, 0].astype(int) + 128
        assert np.all(exported <= softmax[:, word] + MOST_DIFFERENCE)
        likely = softmax[:, word] >= 230
        assert np.all(np.abs(exported - softmax[:, word])[likely] <= MOST_DIFFERENCE)


def test_silence_for_ever_is_how_it_begins() -> None:
    network = network_of()
    silence = np.full((400, 40), SILENT_FEATURE, np.int8)
    assert np.unique(heard_by_tflm(streaming(network, 2, 4), silence, 4)).size == 1


def test_weights_and_scales_are_the_bundles() -> None:
    tflite = stream_tflite(148, 3, 16)
    network = stream_network(tflite)
    graph = word_graph(network, 2)
    constants = [tensor for tensor in network.graph.tensors if tensor.data is not None][:-2]  # but the last layer
    copied = [tensor for tensor in graph.tensors if tensor.data is not None]
    for mine, theirs in zip(copied, constants, strict=False):
        assert (mine.scales, mine.zero_points) == (theirs.scales, theirs.zero_points)
        np.testing.assert_array_equal(mine.data, theirs.data)


def test_esphome_would_load_it() -> None:
    network = network_of()
    model = streaming(network, 2, 4)
    assert (model_faults(model), model_warnings(model)) == ([], [])
    assert MOST_VARIABLES >= 8  # one for each layer that looks back
    assert model == streaming(network, 2, 4)


def test_an_inference_between_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match="every 3 frames") as caught:
        streaming(network_of(), 2, 3)
    assert "inference_stride_ms" in str(caught.value.hint)


def test_a_network_for_clips_is_refused_by_the_op_in_the_way(shared: Path) -> None:
    model = (shared / "models" / "micro_speech_quantized.tflite").read_bytes()
    read_model(model)
    with pytest.raises(ConfigError) as caught:
        stream_network(model)
    assert "size: medium" in str(caught.value.hint)
