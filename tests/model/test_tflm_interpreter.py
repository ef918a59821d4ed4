# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's interpreter, where it is installed: outputs, the measured arena, and errors where it cannot work."""

from __future__ import annotations

import random
import signal
import struct
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from random_networks import random_net
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm

from tinykws.aot.reader.tflite import read_model
from tinykws.model import interpreter_process, own_models, tflm_interpreter
from tinykws.model.interpreter_process import InterpreterProcess
from tinykws.model.tflm_interpreter import TflmInterpreter, smallest_arena
from tinykws.support.errors import ConfigError, ToolError

pytestmark = needs_tflm


def loaded(tflite: bytes) -> TflmInterpreter:
    return TflmInterpreter(read_model(tflite), tflite)


def doubling_model(op: str = "ADD") -> bytes:
    """y = x + x, with y's scale so that the bytes double."""
    tensors = [TensorSpec((1, 4), scales=(0.5,)), TensorSpec((1, 4), scales=(0.5,))]
    return build_model(tensors, [OpSpec(op, [0, 0], [1], {"fused_activation_function": 0} if op == "ADD" else None)])


def test_computes() -> None:
    scores = loaded(doubling_model()).invoke(np.array([1, -3, 60, 100], np.int8))
    assert scores.dtype == np.int8
    assert scores.tolist() == [2, -6, 120, 127]


def test_takes_any_shape_of_the_right_size() -> None:
    runner = loaded(doubling_model())
    values = np.array([[[1], [2]], [[3], [4]]], np.int8)
    assert runner.invoke(values).tolist() == [2, 4, 6, 8]
    with pytest.raises(ValueError, match="reshape"):
        runner.invoke(np.zeros(5, np.int8))


def test_an_output_is_not_changed_by_the_next_invoke() -> None:
    runner = loaded(doubling_model())
    first = runner.invoke(np.array([1, 1, 1, 1], np.int8))
    runner.invoke(np.array([5, 5, 5, 5], np.int8))
    assert first.tolist() == [2, 2, 2, 2]


def test_threads_that_share_one_get_the_scores_of_their_own_inputs() -> None:
    runner, wrong = loaded(doubling_model()), list[object]()

    def ask(value: int) -> None:
        for _ in range(200):
            scores = runner.invoke(np.full(4, value, np.int8)).tolist()
            if scores != [2 * value] * 4:
                wrong.append((value, scores))

    threads = [threading.Thread(target=ask, args=(value,)) for value in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_large_transposed_convolution_has_room_for_its_sums() -> None:
    tensors = [
        TensorSpec((1, 2, 2, 1)),
        TensorSpec((4,), "INT32", (), (), data=np.array([1, 300, 300, 4], "<i4").tobytes()),
        TensorSpec((4, 1, 1, 1), data=b"\x01\x02\x03\x04"),
        TensorSpec((1, 300, 300, 4)),
    ]
    options = {"padding": 0, "stride_w": 150, "stride_h": 150, "fused_activation_function": 0}
    tflite = build_model(tensors, [OpSpec("TRANSPOSE_CONV", [1, 2, 0], [3], options)])
    output = loaded(tflite).invoke(np.array([1, 2, 3, 4], np.int8)).reshape(300, 300, 4)
    assert output[0, 0].tolist() == [1, 2, 3, 4]
    assert output[150, 150].tolist() == [4, 8, 12, 16]
    assert np.count_nonzero(output) == 16


def test_a_model_that_crashes_tflm_is_refused() -> None:
    tensors = [
        TensorSpec((1, 4, 4, 1), scales=(0.5,)),
        TensorSpec((1, 1, 1, 1), scales=(0.5,), data=b"\x02"),
        TensorSpec((1, 4, 4, 1), scales=(0.5,)),
    ]
    options = {"padding": 1, "stride_w": 1, "stride_h": 1, "depth_multiplier": 1, "fused_activation_function": 0}
    tflite = build_model(tensors, [OpSpec("DEPTHWISE_CONV_2D", [0, 1, -1], [2], options)])
    with pytest.raises(ToolError, match=r"op 0 \(DEPTHWISE_CONV_2D\).*bias"):
        loaded(tflite)


CRASHES = {
    "SIGABRT": build_model(
        [TensorSpec((1, 4)), TensorSpec((1, 4), scales=(1 / 256,), zero_points=(-128,))],
        [OpSpec("SOFTMAX", [0], [1], None)],
    ),
    "SIGFPE": build_model(
        [
            TensorSpec((1, 4, 4, 1)),
            TensorSpec((1, 1, 1, 3), data=b"\x01\x02\x03"),
            TensorSpec((1,), "INT32", data=bytes(4)),
            TensorSpec((1, 4, 4, 1)),
        ],
        [OpSpec("CONV_2D", [0, 1, 2], [3], {"padding": 1, "stride_w": 1, "stride_h": 1})],
    ),
    "SIGSEGV": build_model([TensorSpec((1, 4)), TensorSpec((1, 4))], [OpSpec("WHILE", [0], [1], None)]),
}
"""Files of which the reader accepts every byte, and TFLite Micro ends the program, one of them in an inference."""


@pytest.mark.parametrize("signal_name", CRASHES)
def test_a_crash_of_tflm_is_an_error_and_not_the_end(signal_name: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"TFLite Micro's interpreter crashed on this model \({signal_name}\)"
    ) as caught:
        runner = loaded(CRASHES[signal_name])
        runner.invoke(np.zeros(runner._input_shape, np.int8))
    assert caught.value.hint


def test_a_file_that_tflms_own_reader_cannot_read_is_refused() -> None:
    """The model's description, which our reader does not read, lies behind the end of the file."""
    model = bytearray(doubling_model())
    vtable = struct.unpack_from("<I", model)[0] - struct.unpack_from("<i", model, struct.unpack_from("<I", model)[0])[0]
    description = vtable + 4 + 2 * 3
    model[description : description + 2] = b"\xff\x7f"
    with pytest.raises(ConfigError, match=r"cannot read the model: error: unpack_from") as caught:
        loaded(bytes(model))
    assert caught.value.hint


def test_a_model_that_takes_too_long_is_refused() -> None:
    error = interpreter_process.crash_error(-signal.SIGXCPU)
    assert "more than 60 s of processor time" in error.message


def test_a_model_that_takes_more_memory_than_any_chip_has_is_refused() -> None:
    sizes = [TensorSpec((1, 1 << 22), scales=(0.5,)) for _ in range(20)]
    ops = [OpSpec("ADD", [at, at], [at + 1], {"fused_activation_function": 0}) for at in range(19)]
    with pytest.raises(ConfigError, match="bytes of activations"):
        loaded(build_model(sizes, ops))


def test_a_folder_of_the_user_cannot_replace_modules_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert loaded(doubling_model()).invoke(np.array([1, 2, 3, 4], np.int8)).tolist() == [2, 4, 6, 8]


def test_only_a_model_made_here_runs_without_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(own_models, "_trusted", set())
    model = doubling_model()
    assert isinstance(loaded(model)._backend, InterpreterProcess)
    own_models.remember(model)
    assert not isinstance(loaded(model)._backend, InterpreterProcess)
    monkeypatch.setattr(own_models, "_trusted", set())  # as in a later program
    assert own_models.is_own(model)
    assert not own_models.is_own(model + b"\0")
    assert loaded(model).invoke(np.array([1, -3, 60, 100], np.int8)).tolist() == [2, -6, 120, 127]


def test_a_cache_that_is_not_writable_is_not_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "file"))
    own_models.remember(b"a model")
    assert own_models.is_own(b"a model"), "until the program ends"


def test_the_arena_of_micro_speech(shared: Path) -> None:
    """FACTS: 7,584 bytes."""
    tflite = (shared / "models" / "micro_speech_quantized.tflite").read_bytes()
    assert smallest_arena(read_model(tflite), tflite) == 7584


@pytest.mark.slow
def test_the_arena_measured_is_enough_where_the_allocators_count_is_not() -> None:
    """This net keeps less than loading it needs."""
    from tflite_micro import runtime

    tflite = random_net(random.Random(3))
    arena = smallest_arena(read_model(tflite), tflite)
    runtime.Interpreter.from_bytes(tflite, arena_size=arena).invoke()
    assert arena < 8192


def test_an_op_that_tflm_has_not_is_refused_in_words() -> None:
    with pytest.raises(ToolError, match=r"TFLite Micro .* refuses the model"):
        loaded(doubling_model("STABLEHLO_ADD"))


def test_where_the_package_is_missing_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    with pytest.raises(ToolError) as caught:
        loaded(doubling_model())
    assert "tinykws[tflm]" in str(caught.value.hint)


def test_the_version_is_the_one_pinned() -> None:
    pyproject = (Path(__file__).parent.parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"tflite-micro=={tflm_interpreter.VERSION}; ' in pyproject
