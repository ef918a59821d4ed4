# SPDX-License-Identifier: Apache-2.0
"""Streaming mode gives, byte for byte, the outputs of whole-window mode."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from aot_native import NativeModel
from hypothesis import given, settings
from hypothesis import strategies as st
from models_in_one_program import numbers_here, numbers_on_mps2
from networks import ONE_OF_A_KIND
from random_networks import Net, random_stream, time_layer
from sanitized_models import SANITIZERS, spaced_apart
from streams_in_one_program import Stream, write_streams
from tflite_builder import TensorSpec, build_model

from tinykws.aot.compiler import AotModel, compile_model, compile_schedule
from tinykws.aot.lowering.call import Form
from tinykws.aot.lowering.ops import in_form, lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.overlap import OverlapAnalysis, find_overlap
from tinykws.aot.scheduling.schedule import Schedule
from tinykws.aot.scheduling.streaming import streaming_schedules
from tinykws.model.converter import convert
from tinykws.project.training_settings import TrainingSettings
from tinykws.support.errors import ConfigError
from tinykws.training.trainer import Trainer

MICRO_SPEECH, KWS_REF = "micro_speech_quantized.tflite", "kws_ref_model.tflite"
FRAMES = 49


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where models are compiled; the kernels are built in it once."""
    return tmp_path_factory.mktemp("streaming")


def analysis_of(tflite: bytes, frames: int, inference_stride: int) -> OverlapAnalysis:
    graph = read_model(tflite)
    return find_overlap(graph, lower(graph), frames, inference_stride)


def every_schedule(tflite: bytes, frames: int, inference_stride: int) -> list[Schedule]:
    """All ways to stream a model, with weights in each form in turn."""
    graph = read_model(tflite)
    program = lower(graph)
    overlap = find_overlap(graph, program, frames, inference_stride)
    forms = [streaming_schedules(graph, form, overlap) for form in (in_form(program, each) for each in Form)]
    return [ways[number % len(ways)] for number, ways in enumerate(zip(*forms, strict=True))]


def every_stream(tflite: bytes, frames: int, inference_stride: int) -> list[AotModel]:
    """The same as C."""
    return [compile_schedule(schedule) for schedule in every_schedule(tflite, frames, inference_stride)]


def windows_of(
    frames: int, values: int, inference_stride: int, count: int, generator: np.random.Generator
) -> Iterator[tuple[bool, npt.NDArray[np.int8]]]:
    """Yields what a listener gives from a reset on: windows `inference_stride` frames apart, and whether all frames in
    one are new.

    What stands in front of the first new frame is left over from before the reset.
    """
    spread = generator.choice([3, 40, 128])
    window = generator.integers(-128, 128, (frames, values), dtype=np.int8)
    for frame in range(1, frames + count):
        new = generator.integers(-spread, spread, (1, values), dtype=np.int8)
        window = np.concatenate([window[1:], new])
        if (frame - frames) % inference_stride == 0:
            yield frame >= frames, window


def assert_exact(
    tflite: bytes,
    frames: int,
    inference_stride: int,
    folder: Path,
    lengths: tuple[int, ...],
    compiled: AotModel | None = None,
) -> int:
    """Compares every way to stream, or one, with the whole window over streams with a reset between each and the next;
    returns how many inferences were compared.
    """
    graph = read_model(tflite)
    whole, n_compared = NativeModel(tflite, folder), 0
    for model in [compiled] if compiled else every_stream(tflite, frames, inference_stride):
        native, generator = NativeModel(model, folder), np.random.default_rng(inference_stride)
        for length in lengths:
            for is_full, window in windows_of(frames, graph.input.size // frames, inference_stride, length, generator):
                output = native.invoke(window.ravel(), graph.output.size)
                if is_full:
                    np.testing.assert_array_equal(output, whole.invoke(window.ravel(), graph.output.size))
                    n_compared += 1
    return n_compared


@pytest.mark.parametrize("inference_stride", [1, 2, 3, 4, 5, 7, 10, 19, 38])
@pytest.mark.slow
def test_micro_speech(inference_stride: int, shared: Path, workshop: Path) -> None:
    tflite = (shared / "models" / MICRO_SPEECH).read_bytes()
    assert assert_exact(tflite, FRAMES, inference_stride, workshop, (1500, 1, 77, 400)) > 2 * 1900 // inference_stride


@pytest.mark.parametrize("inference_stride", [1, 4])
@pytest.mark.slow
def test_kws_ref(inference_stride: int, shared: Path, workshop: Path) -> None:
    """Its every op up to the pooling streams; here all of them at once, and the first convolution alone."""
    tflite = (shared / "models" / KWS_REF).read_bytes()
    ways = every_stream(tflite, FRAMES, inference_stride)
    for compiled in (ways[0], ways[-1]):
        assert assert_exact(tflite, FRAMES, inference_stride, workshop, (60, 9), compiled) > 60 // inference_stride


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_OF_A_KIND)
def test_our_own_networks(name: str, workshop: Path) -> None:
    """As far as each streams, and half as far."""
    features = np.random.default_rng(0).integers(-128, 128, (4, FRAMES, 40), np.int8)
    tflite = convert(Trainer(name, (FRAMES, 40), 4, 4, TrainingSettings(epochs=1)).network, features)
    for inference_stride in (1, 5):
        ways = every_stream(tflite, FRAMES, inference_stride)
        for compiled in {len(ways): ways[-1], len(ways) // 2: ways[len(ways) // 2]}.values():
            assert (
                assert_exact(tflite, FRAMES, inference_stride, workshop, (60, 17, 30), compiled)
                > 100 // inference_stride
            )


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_random_networks_at_any_inference_stride(workshop: Path, source: random.Random, inference_stride: int) -> None:
    tflite, frames = random_stream(source)
    if compiles(tflite):
        assert_exact(tflite, frames, inference_stride, workshop, (3 * inference_stride + 20, 2 * inference_stride))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_random_networks_of_all_ops_stream(workshop: Path, source: random.Random, inference_stride: int) -> None:
    tflite, frames = random_stream(source, later_ops=True)
    if compiles(tflite):
        assert_exact(tflite, frames, inference_stride, workshop, (3 * inference_stride + 10, 2 * inference_stride))


def layers_over_time(source: random.Random) -> tuple[bytes, int]:
    """A network as stream_tcn builds them: nothing padded, one filter a channel and 1x1 in turns, one row is left."""
    net, left = Net(source), source.randint(0, 14)
    taps = [source.randint(1, 5) for _ in range(3)]
    stride, first, width = source.choice([1, 2]), source.randint(1, 5), source.choice([4, 8, 12])
    frames = first + stride * (left + sum(size - 1 for size in taps))
    net.tensor(TensorSpec([1, frames, 1, 4 * source.randint(1, 3)], scales=(0.1,), zero_points=(-128,)))
    time_layer(net, first, stride, width)
    for size in [*taps, left + 1]:
        time_layer(net, size, 1, None)
        time_layer(net, 1, 1, width)
    return build_model(net.tensors, net.ops), frames


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_random_networks_for_streams(workshop: Path, source: random.Random, inference_stride: int) -> None:
    tflite, frames = layers_over_time(source)
    if compiles(tflite):
        assert_exact(tflite, frames, inference_stride, workshop, (3 * inference_stride + 12, 2 * inference_stride))


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_two_streams_of_one_model_in_memories_of_their_own(
    workshop: Path, source: random.Random, inference_stride: int
) -> None:
    """In turn, as a program has two microphones: what one keeps from inference to inference is not the other's."""
    tflite, frames = layers_over_time(source)
    graph, whole = read_model(tflite), NativeModel(tflite, workshop)
    for schedule in every_schedule(tflite, frames, inference_stride):
        model = NativeModel(compile_schedule(schedule, callers_memory=True), workshop)
        models, values = (model, model.beside()), graph.input.size // frames
        streams = [
            windows_of(frames, values, inference_stride, 12, np.random.default_rng(number)) for number in range(2)
        ]
        for pair in zip(*streams, strict=True):
            for one, (is_full, window) in zip(models, pair, strict=True):
                output = one.invoke(window.ravel(), graph.output.size)
                assert not is_full or (output == whole.invoke(window.ravel(), graph.output.size)).all()


@pytest.mark.slow
def test_networks_for_streams_run_in_wide_kernels() -> None:
    """Else the test above shows nothing of them."""
    made = [layers_over_time(random.Random(seed)) for seed in range(30)]
    made = [(tflite, frames) for tflite, frames in made if compiles(tflite)]
    kernels = {kernel for tflite, frames in made for way in every_stream(tflite, frames, 2) for kernel in way.kernels}
    assert {"kws_nn_conv_2d_wide.c", "kws_nn_conv_2d_wide_relu.c", "kws_nn_depthwise_conv_2d_row.c"} <= kernels


def compiles(tflite: bytes) -> bool:
    try:
        compile_model(tflite)
    except ConfigError:
        return False
    return True


def test_random_networks_stream_in_many_ways() -> None:
    """Else the test above shows nothing."""
    models = [random_stream(random.Random(seed)) for seed in range(60)]
    kernels, copies, depths = set(), set(), []
    for number, (tflite, frames) in enumerate(models):
        if compiles(tflite):
            analysis = analysis_of(tflite, frames, 1 + number % 3)
            depths.append(analysis.n_ops)
            copies |= {overlap.copies for overlap in analysis.of_tensor.values()}
            kernels |= {kernel for way in every_stream(tflite, frames, 1) for kernel in way.kernels}
    assert len(depths) >= 55
    assert sum(depth >= 3 for depth in depths) >= 10
    assert {1, 2, 3, 4} <= copies
    assert {"kws_nn_fully_connected_rows.c", "kws_nn_pad.c", "kws_nn_add.c", "kws_nn_max_pool_2d.c"} <= kernels


def test_what_windows_of_micro_speech_share(shared: Path) -> None:
    """A convolution of 10 frames, stride 2, over 49: 5 of its 25 rows see padding."""
    tflite = (shared / "models" / MICRO_SPEECH).read_bytes()
    graph = read_model(tflite)
    overlap = analysis_of(tflite, FRAMES, 2).of_tensor[graph.ops[1].outputs[0]]
    assert (overlap.copies, overlap.top, overlap.shared) == (1, range(2), range(2, 21))
    assert (overlap.new, overlap.end) == (range(21, 22), range(22, 25))
    odd = analysis_of(tflite, FRAMES, 5).of_tensor[graph.ops[1].outputs[0]]
    assert (odd.copies, odd.shared, odd.new) == (2, range(2, 17), range(17, 22))


def test_why_a_model_does_not_stream(shared: Path) -> None:
    kws_ref, micro_speech = ((shared / "models" / name).read_bytes() for name in (KWS_REF, MICRO_SPEECH))
    at_once = (
        "op 1 (DEPTHWISE_CONV_2D) has 25 rows, none of which can be reused: each depends on padding or on new frames"
    )
    assert analysis_of(micro_speech, FRAMES, 41).ends == at_once
    assert (
        analysis_of(micro_speech, FRAMES, 1).ends == "op 2 (FULLY_CONNECTED) computes its output from the whole window"
    )
    assert analysis_of(kws_ref, FRAMES, 1).ends.startswith("op 9 (AVERAGE_POOL_2D)")


def a_few_streams(compiled_by: Callable[[Schedule], AotModel]) -> tuple[list[Stream], list[Stream]]:
    """Random networks, streamed as far as they go, and whole."""
    streamed, whole = [], []
    for seed in range(24):
        tflite, frames = random_stream(random.Random(seed))
        inference_stride = 1 + seed % 4
        ways = every_schedule(tflite, frames, inference_stride) if compiles(tflite) else []
        if ways:
            graph = read_model(tflite)
            sizes = (frames, graph.input.size // frames, graph.output.size, inference_stride)
            streamed.append(Stream(compiled_by(ways[-1]), *sizes))
            whole.append(Stream(compile_model(tflite), *sizes))
    assert len(streamed) > 10
    return streamed, whole


def numbers_of_whole(whole: list[Stream], folder: Path) -> list[int]:
    folder.mkdir()
    return numbers_here(write_streams(whole, 12, folder), folder, "-O1")


@pytest.mark.slow
def test_streams_read_and_write_only_what_is_theirs(tmp_path: Path) -> None:
    """Every buffer stands alone, and what is between two may not be touched."""
    streamed, whole = a_few_streams(lambda schedule: spaced_apart(lambda: compile_schedule(schedule)))
    expected = numbers_of_whole(whole, tmp_path / "whole")
    assert numbers_here(write_streams(streamed, 12, tmp_path), tmp_path, *SANITIZERS) == expected


@pytest.mark.slow
def test_streams_on_a_cortex_m4(tmp_path: Path) -> None:
    if shutil.which("qemu-system-arm") is None or shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs qemu-system-arm and arm-none-eabi-gcc")
    streamed, whole = a_few_streams(compile_schedule)
    expected = numbers_of_whole(whole, tmp_path / "whole")
    sources = write_streams(streamed, 12, tmp_path)
    flags = ["-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-O2"]
    assert numbers_on_mps2(sources, tmp_path, "cortex-m4", "mps2-an386", *flags) == expected
