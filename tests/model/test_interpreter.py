# SPDX-License-Identifier: Apache-2.0
"""The host's interpreter: what runs a model, where TFLite Micro is installed and where it is not."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from random_networks import random_stream
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm
from tiny_model import tiny_tflite

from tinykws.aot.reader.tflite import read_model
from tinykws.model import interpreter, tflm_interpreter
from tinykws.model.computed_arena import computed_arena
from tinykws.model.interpreter import Interpreter
from tinykws.model.lowered_model import MOST_PRODUCTS, LoweredModel
from tinykws.model.tflm_interpreter import HIDING_VARIABLE, TflmInterpreter
from tinykws.support.errors import ConfigError, ToolError


def doubling_model(op: str = "ADD", fused: int = 0) -> bytes:
    """y = x + x, with y's scale so that the bytes double."""
    tensors = [TensorSpec((1, 4), scales=(0.5,)), TensorSpec((1, 4), scales=(0.5,))]
    options = {"fused_activation_function": fused} if op == "ADD" else None
    return build_model(tensors, [OpSpec(op, [0, 0], [1], options)])


def model_that_only_tflm_runs() -> bytes:
    """The sum of four dimensions and one more: the aot engine's kernels have four."""
    tensors = [TensorSpec((1, 1, 1, 1, 4), scales=(0.5,)), TensorSpec((1, 1, 1, 1, 4), scales=(0.5,))]
    return build_model(tensors, [OpSpec("ADD", [0, 0], [1], {"fused_activation_function": 0})])


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer without TFLite Micro: importing it fails."""
    monkeypatch.setenv(HIDING_VARIABLE, "1")
    monkeypatch.setitem(sys.modules, "tflite_micro", None)


def test_computes_without_tflite_micro(hidden: None) -> None:
    scores = Interpreter(doubling_model()).invoke(np.array([1, -3, 60, 100], np.int8))
    assert scores.dtype == np.int8
    assert scores.tolist() == [2, -6, 120, 127]


def test_takes_any_shape_of_the_right_size() -> None:
    runner = Interpreter(doubling_model())
    values = np.array([[[1], [2]], [[3], [4]]], np.int8)
    assert runner.invoke(values).tolist() == [2, 4, 6, 8]
    assert runner.invoke(np.arange(8, dtype=np.int8)[::2]).tolist() == [0, 4, 8, 12]
    with pytest.raises(ValueError, match="reshape"):
        runner.invoke(np.zeros(5, np.int8))


def test_an_output_is_not_changed_by_the_next_invoke() -> None:
    runner = Interpreter(doubling_model())
    first = runner.invoke(np.array([1, 1, 1, 1], np.int8))
    runner.invoke(np.array([5, 5, 5, 5], np.int8))
    assert first.tolist() == [2, 2, 2, 2]


def test_many_inputs_at_once() -> None:
    model = tiny_tflite()
    inputs = np.random.default_rng(0).integers(-128, 128, (100, 4, 40), np.int8)
    runner = Interpreter(model)
    together = runner.invoke_all(inputs)
    assert together.tolist() == [runner.invoke(values).tolist() for values in inputs]
    assert runner.invoke_all(inputs[:0]).shape == (0, 3)


def test_scores_along_a_stream_want_frames_that_fill_the_input() -> None:
    runner = Interpreter(tiny_tflite())
    frames = np.zeros((10, 40), np.int8)
    assert runner.scores_along(frames, 4, 2).shape == (4, 3)
    assert runner.scores_along(frames[:3], 4, 2).shape == (0, 3)
    with pytest.raises(ValueError, match="5 frames of 40 are not an input of 160"):
        runner.scores_along(frames, 5, 1)


def test_the_aot_engine_runs_what_it_can_and_tflite_micro_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "is_installed", lambda: True)
    monkeypatch.setattr(interpreter, "TflmInterpreter", lambda graph, tflite: ("tflm", len(tflite)))
    model, other = doubling_model(), model_that_only_tflm_runs()
    assert isinstance(interpreter.choose_backend(read_model(model), model), LoweredModel)
    assert repr(interpreter.choose_backend(read_model(other), other)) == repr(("tflm", len(other)))


def test_without_tflite_micro_other_models_are_refused_by_op(hidden: None) -> None:
    with pytest.raises(ToolError) as caught:
        Interpreter(model_that_only_tflm_runs())
    assert "op 0 (ADD): up to 4 dimensions are supported; TFLite Micro's interpreter" in caught.value.message
    assert "tinykws[tflm]" in str(caught.value.hint)


@needs_tflm
def test_what_the_aot_engine_cannot_run_runs_in_tflite_micro() -> None:
    runner = Interpreter(model_that_only_tflm_runs())
    assert isinstance(runner._backend, TflmInterpreter)
    assert runner.invoke(np.array([1, -3, 60, 100], np.int8)).tolist() == [2, -6, 120, 127]
    frames = np.array([[1, 2], [3, 4], [5, 6]], np.int8)
    assert runner.scores_along(frames, 2, 1).tolist() == [[2, 4, 6, 8], [6, 8, 10, 12]]


@needs_tflm
def test_along_a_stream_it_gives_what_tflite_micro_gives_for_each_window() -> None:
    model, n_frames = random_stream(random.Random(5))
    graph = read_model(model)
    frames = np.random.default_rng(1).integers(-128, 128, (n_frames + 40, graph.input.size // n_frames), np.int8)
    expected = TflmInterpreter(graph, model).scores_along(frames, n_frames, 3)
    assert Interpreter(model).scores_along(frames, n_frames, 3).tolist() == expected.tolist()


def test_a_model_that_crashes_tflm_is_refused() -> None:
    tensors = [
        TensorSpec((1, 4, 4, 1), scales=(0.5,)),
        TensorSpec((1, 1, 1, 1), scales=(0.5,), data=b"\x02"),
        TensorSpec((1, 4, 4, 1), scales=(0.5,)),
    ]
    options = {"padding": 1, "stride_w": 1, "stride_h": 1, "depth_multiplier": 1, "fused_activation_function": 0}
    tflite = build_model(tensors, [OpSpec("DEPTHWISE_CONV_2D", [0, 1, -1], [2], options)])
    with pytest.raises(ToolError, match=r"op 0 \(DEPTHWISE_CONV_2D\).*bias"):
        Interpreter(tflite)


def test_a_model_that_would_take_minutes_is_refused() -> None:
    shape = (1, 1024, 1024, 1)
    tensors = [
        TensorSpec(shape, scales=(0.5,)),
        TensorSpec((1, 128, 128, 1), scales=(0.5,), data=bytes(128 * 128)),
        TensorSpec(shape, scales=(0.5,)),
    ]
    options = {"padding": 0, "stride_w": 1, "stride_h": 1, "fused_activation_function": 0}
    with pytest.raises(ConfigError, match="17,179,869,184 multiply-accumulates, too many"):
        Interpreter(build_model(tensors, [OpSpec("CONV_2D", [0, 1, -1], [2], options)]))
    assert MOST_PRODUCTS > 1000 * 3_000_000, "a thousand times a large keyword model"


def test_a_model_that_takes_more_memory_than_any_chip_has_is_refused() -> None:
    sizes = [TensorSpec((1, 1 << 22), scales=(0.5,)) for _ in range(20)]
    ops = [OpSpec("ADD", [at, at], [at + 1], {"fused_activation_function": 0}) for at in range(19)]
    with pytest.raises(ConfigError, match="bytes of activations"):
        Interpreter(build_model(sizes, ops))


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(ConfigError):
        Interpreter(b"no model at all")


def test_the_arena_is_computed_where_it_cannot_be_measured(hidden: None, shared: Path) -> None:
    tflite = (shared / "models" / "micro_speech_quantized.tflite").read_bytes()
    assert Interpreter(tflite).arena_bytes == computed_arena(read_model(tflite)) == 7648
    assert interpreter.arena_measured_by().startswith("calculation, tinykws ")
    assert interpreter.tool_versions() == {}


@needs_tflm
def test_the_arena_is_measured_where_it_can(shared: Path) -> None:
    tflite = (shared / "models" / "micro_speech_quantized.tflite").read_bytes()
    assert Interpreter(tflite).arena_bytes == 7584
    assert interpreter.arena_measured_by() == f"tflite-micro {tflm_interpreter.VERSION}"
    assert interpreter.tool_versions() == {"tflite-micro": tflm_interpreter.VERSION}
