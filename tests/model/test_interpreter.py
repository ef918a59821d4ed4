# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's interpreter behind its door: outputs, the measured arena, and words where it cannot work."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from random_networks import random_net
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.model import interpreter
from tinykws.model.interpreter import Interpreter
from tinykws.support.errors import ConfigError, ToolError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="TFLite Micro's interpreter has wheels for Linux only")


def doubling_model(op: str = "ADD") -> bytes:
    """y = x + x, with y's scale so that the bytes double."""
    tensors = [TensorSpec((1, 4), scales=(0.5,)), TensorSpec((1, 4), scales=(0.5,))]
    return build_model(tensors, [OpSpec(op, [0, 0], [1], {"fused_activation_function": 0} if op == "ADD" else None)])


def test_computes() -> None:
    scores = Interpreter(doubling_model()).invoke(np.array([1, -3, 60, 100], np.int8))
    assert scores.dtype == np.int8
    assert scores.tolist() == [2, -6, 120, 127]


def test_takes_any_shape_of_the_right_size() -> None:
    runner = Interpreter(doubling_model())
    values = np.array([[[1], [2]], [[3], [4]]], np.int8)
    assert runner.invoke(values).tolist() == [2, 4, 6, 8]
    with pytest.raises(ValueError, match="reshape"):
        runner.invoke(np.zeros(5, np.int8))


def test_an_output_is_not_changed_by_the_next_invoke() -> None:
    runner = Interpreter(doubling_model())
    first = runner.invoke(np.array([1, 1, 1, 1], np.int8))
    runner.invoke(np.array([5, 5, 5, 5], np.int8))
    assert first.tolist() == [2, 2, 2, 2]


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


def test_the_arena_of_micro_speech(shared: Path) -> None:
    """FACTS: 7,584 bytes."""
    tflite = (shared / "models" / "micro_speech_quantized.tflite").read_bytes()
    assert Interpreter(tflite).arena_bytes == 7584


@pytest.mark.slow
def test_the_arena_measured_is_enough_where_the_allocators_count_is_not() -> None:
    """This net keeps less than loading it needs."""
    from tflite_micro import runtime

    tflite = random_net(random.Random(3))
    arena = Interpreter(tflite).arena_bytes
    runtime.Interpreter.from_bytes(tflite, arena_size=arena).invoke()
    assert arena < 8192


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(ConfigError):
        Interpreter(b"no model at all")


def test_an_op_that_tflm_has_not_is_refused_in_words() -> None:
    with pytest.raises(ToolError, match=r"TFLite Micro .* refuses the model"):
        Interpreter(doubling_model("STABLEHLO_ADD"))


def test_where_the_package_is_missing_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    with pytest.raises(ToolError) as caught:
        Interpreter(doubling_model())
    assert "pip install tflite-micro" in str(caught.value.hint)


def test_the_version_is_the_one_pinned() -> None:
    pyproject = (Path(__file__).parent.parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"tflite-micro=={interpreter.VERSION}; ' in pyproject
