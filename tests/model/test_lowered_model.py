# SPDX-License-Identifier: Apache-2.0
"""Lowered models, run by the kernels in the wheel: TFLite Micro's bytes, in whole windows and along streams."""

from __future__ import annotations

import random
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import random_convolution, random_net, random_net_of_all_ops, random_stream
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm, tflm
from tiny_model import tiny_tflite

from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.schedule import whole_window_schedule
from tinykws.model import lowered_model
from tinykws.model.lowered_model import LoweredModel, plan_of
from tinykws.native.plan import KernelCall, KernelPlan, Operand, PlanMemory, kernel_names
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.resources import FIRMWARE

RANDOMS = st.randoms(use_true_random=False)
SPREADS = [(-128, 128), (-128, -100), (100, 128), (-8, 8)]


def inputs_of(size: int, count: int, seed: int) -> np.ndarray:
    """Random inputs of several spreads, and the ends of the range."""
    generator = np.random.default_rng(seed)
    drawn = [generator.integers(*SPREADS[n % 4], size, dtype=np.int8) for n in range(count)]
    return np.array([np.full(size, value, np.int8) for value in (-128, 127, 0)] + drawn)


def assert_equal_to_tflm(model: bytes, count: int = 12) -> None:
    """In both forms of weights; a model that one of the two cannot run is passed over."""
    try:
        graph = read_model(model)
        program = lower(graph)
        oracle = tflm(model)
    except (ConfigError, ToolError):
        return
    inputs = inputs_of(graph.input.size, count, seed=3)
    expected = np.array([oracle.invoke(values) for values in inputs])
    narrow = plan_of(whole_window_schedule(graph, program)).run_windows(inputs, graph.input.size, len(inputs))
    np.testing.assert_array_equal(narrow, expected)
    np.testing.assert_array_equal(LoweredModel(graph).invoke_all(inputs), expected)


@needs_tflm
@pytest.mark.parametrize("name", ["micro_speech_quantized.tflite", "kws_ref_model.tflite"])
def test_reference_models(name: str, shared: Path) -> None:
    assert_equal_to_tflm((shared / "models" / name).read_bytes(), count=40)


@needs_tflm
@pytest.mark.parametrize("networks", [random_net, random_convolution, random_net_of_all_ops])
def test_some_random_networks(networks: object) -> None:
    assert callable(networks)
    for seed in range(40):
        assert_equal_to_tflm(networks(random.Random(seed)), count=5)


@needs_tflm
@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(RANDOMS, st.sampled_from([random_net, random_convolution, random_net_of_all_ops]))
def test_random_networks(source: random.Random, networks: object) -> None:
    assert callable(networks)
    assert_equal_to_tflm(networks(source))


def windows_of(frames: np.ndarray, n_frames: int, stride: int) -> np.ndarray:
    starts = range(0, len(frames) - n_frames + 1, stride)
    return np.array([frames[start : start + n_frames] for start in starts])


@settings(max_examples=80, deadline=None)
@given(RANDOMS, st.integers(1, 5), st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 4))
def test_rows_computed_once_give_what_whole_windows_give(
    source: random.Random, stride: int, seed: int, later_ops: bool, threads: int
) -> None:
    model, n_frames = random_stream(source, later_ops=later_ops)
    graph = read_model(model)
    try:
        lowered = LoweredModel(graph)
    except ConfigError:
        return
    generator = np.random.default_rng(seed)
    shape = (int(generator.integers(1, 6 * n_frames + 40)), graph.input.size // n_frames)
    frames = generator.integers(-128, 128, shape, dtype=np.int8)
    windows = windows_of(frames, n_frames, stride)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowered_model, "process_count", lambda: threads)
        along = lowered.scores_along(frames, n_frames, stride)
    expected = lowered.invoke_all(windows) if len(windows) else np.zeros((0, graph.output.size), np.int8)
    np.testing.assert_array_equal(along, expected)


def test_a_network_of_valid_convolutions_really_streams() -> None:
    """Else the test above compares whole windows with themselves."""
    streaming = 0
    for seed in range(30):
        model, n_frames = random_stream(random.Random(seed))
        try:
            streaming += LoweredModel(read_model(model))._stream_plan(n_frames, 1) is not None
        except ConfigError:
            continue
    assert streaming > 10


def test_a_network_that_cannot_stream_is_run_in_whole_windows() -> None:
    lowered = LoweredModel(read_model(tiny_tflite()))
    frames = np.random.default_rng(2).integers(-128, 128, (200, 40), np.int8)
    assert lowered.scores_along(frames, 4, 1).tolist() == lowered.invoke_all(windows_of(frames, 4, 1)).tolist()


def test_threads_share_one_model() -> None:
    lowered = LoweredModel(read_model(tiny_tflite()))
    inputs = np.random.default_rng(2).integers(-128, 128, (200, 160), np.int8)
    alone, results = lowered.invoke_all(inputs).tolist(), list[object]()
    threads = [threading.Thread(target=lambda: results.append(lowered.invoke_all(inputs).tolist())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [alone] * 4


def test_every_kernel_can_be_called() -> None:
    """The table in C has each function that kws_nn.h declares."""
    header = (FIRMWARE / "lib" / "kws_nn" / "kws_nn.h").read_text(encoding="utf-8")
    declared = re.findall(r"^void (kws_nn_\w+)\(", header, re.MULTILINE)
    assert len(declared) > 25
    assert sorted(kernel_names()) == sorted(declared)


def test_a_plan_refuses_too_few_bytes() -> None:
    memory = PlanMemory(arena_bytes=16, input=0, input_bytes=8, output=8, output_bytes=4)
    plan = KernelPlan([KernelCall("kws_nn_move", {}, [Operand(offset=0), Operand(offset=8)], 4)], memory)
    assert plan.run_windows(np.arange(16, dtype=np.int8), 8, 2).tolist() == [[0, 1, 2, 3], [8, 9, 10, 11]]
    with pytest.raises(ValueError, match="expected 16 contiguous"):
        plan.run_windows(np.zeros(15, np.int8), 8, 2)
    with pytest.raises(ValueError, match="expected 8 contiguous"):
        plan.run_windows(np.zeros(16, np.int8)[::2], 8, 1)
    with pytest.raises(ValueError, match="cannot move on by 9"):
        plan.run_stream(np.zeros(90, np.int8), 9, 0, 1)
    with pytest.raises(ValueError, match="expected 12 contiguous"):
        plan.run_stream(np.zeros(11, np.int8), 4, 1, 2)
    with pytest.raises(KeyError):
        KernelPlan([KernelCall("kws_nn_unheard_of", {}, [])], memory)


def test_a_stream_moves_the_input_on() -> None:
    memory = PlanMemory(arena_bytes=16, input=0, input_bytes=6, output=8, output_bytes=6)
    plan = KernelPlan([KernelCall("kws_nn_move", {}, [Operand(offset=0), Operand(offset=8)], 6)], memory)
    stream = np.arange(1, 9, dtype=np.int8)
    assert plan.run_stream(stream, 2, 1, 3).tolist() == [[0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [3, 4, 5, 6, 7, 8]]


def test_a_stride_beyond_32_bits_that_is_never_taken() -> None:
    """A damaged model can have one; in C it does not fit the parameter."""
    numbers = [np.array(values, "<i4").tobytes() for values in ([0, 0], [2, 4], [2**30, 1])]
    tensors = [
        TensorSpec((2, 4), scales=(0.5,)),
        *(TensorSpec((2,), "INT32", (), (), data=data) for data in numbers),
        TensorSpec((1, 4), scales=(0.5,)),
    ]
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    model = build_model(tensors, [OpSpec("STRIDED_SLICE", [0, 1, 2, 3], [4], masks)])
    values = np.arange(8, dtype=np.int8)
    assert LoweredModel(read_model(model)).invoke(values).tolist() == [0, 1, 2, 3]
