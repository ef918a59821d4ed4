# SPDX-License-Identifier: Apache-2.0
"""Generated C against TFLite Micro's own interpreter, byte for byte."""

from __future__ import annotations

import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from aot_native import NativeModel
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import random_convolution, random_net, random_net_of_all_ops
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm, tflm
from variable_batch import conv_1d_transpose_model

from tinykws.aot.compiler import AotModel, compile_model
from tinykws.aot.lowering.call import Form
from tinykws.aot.lowering.ops import LOWERINGS
from tinykws.aot.reader.tflite import read_model
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

FAST_KERNELS = (
    "kws_nn_conv_2d_strip.c",
    "kws_nn_conv_2d_tile.c",
    "kws_nn_depthwise_conv_2d_planar.c",
    "kws_nn_fully_connected_folded.c",
    "kws_nn_conv_2d_wide.c",
    "kws_nn_conv_2d_wide_relu.c",
    "kws_nn_conv_2d_packed.c",
    "kws_nn_conv_2d_packed_pixel.c",
    "kws_nn_conv_2d_packed_strip.c",
)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models are compiled; the kernels are built in it once."""
    return tmp_path_factory.mktemp("aot")


def inputs_of(size: int, count: int, seed: int) -> list[np.ndarray]:
    """Random inputs of several spreads, and the two ends of the range."""
    generator = np.random.default_rng(seed)
    ends = [np.full(size, value, np.int8) for value in (-128, 127, 0)]
    spreads = [(-128, 128), (-128, -100), (100, 128), (-8, 8)]
    return ends + [generator.integers(*spreads[n % 4], size, dtype=np.int8) for n in range(count)]


def assert_equal_to_tflm(tflite: bytes, folder: Path, count: int, seed: int) -> int:
    """Compares on `count` random inputs; returns how many different outputs there were."""
    native, interpreter = NativeModel(_one_form_of(tflite), folder), tflm(tflite)
    outputs = set()
    for values in inputs_of(read_model(tflite).input.size, count, seed):
        expected = interpreter.invoke(values)
        np.testing.assert_array_equal(native.invoke(values, expected.size), expected)
        outputs.add(expected.tobytes())
    return len(outputs)


def _one_form_of(tflite: bytes) -> AotModel:
    """The model as C, with weights in one of all forms."""
    return compile_model(tflite, tuple(Form)[zlib.crc32(tflite) % len(Form)])


@pytest.mark.slow
@needs_tflm
@pytest.mark.parametrize(("name", "count"), [("micro_speech_quantized.tflite", 2000), ("kws_ref_model.tflite", 1000)])
def test_reference_models(name: str, count: int, shared: Path, workshop: Path) -> None:
    different = assert_equal_to_tflm((shared / "models" / name).read_bytes(), workshop, count, seed=1)
    assert different > 50


@pytest.mark.slow
@needs_tflm
@settings(max_examples=120, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_networks(workshop: Path, source: random.Random) -> None:
    model = random_net(source)
    try:
        compile_model(model)
    except ConfigError:
        return
    assert_equal_to_tflm(model, workshop, 25, seed=2)


@pytest.mark.slow
@needs_tflm
@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_convolutions(workshop: Path, source: random.Random) -> None:
    model = random_convolution(source)
    if _compiles(model):
        assert_equal_to_tflm(model, workshop, 12, seed=4)


@pytest.mark.slow
@needs_tflm
@settings(max_examples=120, deadline=None)
@given(st.randoms(use_true_random=False))
def test_random_networks_of_all_ops(workshop: Path, source: random.Random) -> None:
    model = random_net_of_all_ops(source)
    if _compiles(model):
        assert_equal_to_tflm(model, workshop, 12, seed=4)


@needs_tflm
@pytest.mark.slow
def test_a_model_of_a_variable_batch(workshop: Path) -> None:
    assert assert_equal_to_tflm(conv_1d_transpose_model(), workshop, 20, seed=6) > 15


@pytest.mark.slow
@needs_tflm
def test_random_networks_of_all_ops_hold_all_ops(workshop: Path) -> None:
    models = [random_net_of_all_ops(random.Random(seed)) for seed in range(60)]
    compiled = [model for model in models if _compiles(model)]
    assert len(compiled) >= 50
    assert sum(assert_equal_to_tflm(model, workshop, 8, seed=5) > 1 for model in compiled) >= 25
    names = {op.name for model in compiled for op in read_model(model).ops}
    of_state = {"READ_VARIABLE", "ASSIGN_VARIABLE", "SPLIT", "SPLIT_V"}  # the random networks of test_state.py
    assert names >= set(LOWERINGS) - {"SOFTMAX", "SHAPE", "PACK"} - of_state


@pytest.mark.slow
@needs_tflm
@pytest.mark.parametrize("part", [0, 1])
def test_a_part_of_a_split_that_is_reshaped_keeps_its_place(part: int, workshop: Path) -> None:
    """The part is neighbouring bytes of another tensor, and the model's output is the same bytes once more."""
    axis, shape = (
        TensorSpec((len(values),), "INT32", (), (), data=np.array(values, "<i4").tobytes()) for values in ([1], [1, 3])
    )
    tensors = [TensorSpec((1, 6)), axis, *[TensorSpec((1, 3))] * 3, shape]
    ops = [OpSpec("SPLIT", [1, 0], [2, 3], {"num_splits": 2}), OpSpec("RESHAPE", [2 + part, 5], [4], None)]
    assert assert_equal_to_tflm(build_model(tensors, ops, outputs=[4]), workshop, 20, seed=7) > 15


def test_random_convolutions_meet_every_kernel() -> None:
    models = [random_convolution(random.Random(seed)) for seed in range(250)]
    compiled = [compile_model(model, form) for model in models if _compiles(model) for form in Form]
    kernels = [kernel for model in compiled for kernel in model.kernels]
    for name in ("conv_2d", "depthwise_conv_2d", "fully_connected"):
        assert sum(kernel.startswith(f"kws_nn_{name}") for kernel in kernels) > 20
    for kernel in FAST_KERNELS:
        assert kernels.count(kernel) >= 4, kernel


@pytest.mark.slow
@needs_tflm
def test_random_networks_are_neither_refused_nor_dull(workshop: Path) -> None:
    """Else the test above shows nothing: nearly all compile, most tell inputs apart, and all ops occur."""
    models = [random_net(random.Random(seed)) for seed in range(40)]
    different = [assert_equal_to_tflm(model, workshop, 15, seed=3) for model in models if _compiles(model)]
    assert len(different) >= 38
    assert sum(count > 1 for count in different) >= 16
    names = {op.name for model in models for op in read_model(model).ops}
    assert names == {
        *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "ADD"),
        *("PAD", "PADV2", "RESHAPE", "SOFTMAX"),
    }


def _compiles(model: bytes) -> bool:
    try:
        compile_model(model)
    except ConfigError:
        return False
    return True


def test_the_text_is_the_same_each_time_and_knows_no_machine() -> None:
    model = random_net(random.Random(5))
    first, second = compile_model(model), compile_model(bytes(bytearray(model)))
    assert first == second
    assert str(Path.home()) not in first.source + first.header


def test_one_call_a_line_for_each_op_that_computes() -> None:
    for seed in range(20):
        model = random_net(random.Random(seed))
        if not _compiles(model):
            continue
        body = compile_model(model).source.split("void kws_model_invoke(void)\n{\n")[1].splitlines()[:-1]
        names = [op.name for op in read_model(model).ops]
        assert [line.startswith("    /* ") for line in body] == [name == "RESHAPE" for name in names]


def test_the_kernels_named_are_those_called() -> None:
    for seed in range(20):
        model = random_net(random.Random(seed))
        if not _compiles(model):
            continue
        compiled = compile_model(model)
        called = {line.split("(")[0].strip() for line in compiled.source.splitlines() if line.startswith("    kws_nn_")}
        assert set(compiled.kernels) == {f"{name}.c" for name in called}
        assert all((FIRMWARE / "lib" / "kws_nn" / kernel).is_file() for kernel in compiled.kernels)


def test_names_in_the_model_cannot_leave_a_comment() -> None:
    tensors = [TensorSpec((4,), name='*/ #error "\n'), TensorSpec((4,), name="*/ #error")]
    compiled = compile_model(build_model(tensors, [OpSpec("ADD", [0, 0], [1], {"fused_activation_function": 0})]))
    assert "#error" not in compiled.source + compiled.header
