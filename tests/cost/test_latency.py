# SPDX-License-Identifier: Apache-2.0
"""How much of a board's time listening takes, and what is refused as too slow."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.aot.reader.tflite import read_model
from tinykws.boards.cores import CORES
from tinykws.boards.rows import Board, TflmLibrary, find_board, load_boards
from tinykws.cost.latency import Speed, counting_board, estimate_speed, refuse_if_too_slow, speed_from_instructions
from tinykws.cost.tflm_instructions import kernels_of, rates_for, tflm_instructions
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

NANO = find_board("nano33ble")


def speed(board: Board, bundle: Bundle, per_inference: int, per_frame: int = 30_000) -> Speed:
    return speed_from_instructions(bundle, board, per_inference, per_frame, "by a test")


def test_figures_follow_from_instructions(tiny_model_bundle: Bundle) -> None:
    cycles = CORES["cortex-m4f"].cycles_per_instruction
    of_nano = speed(NANO, tiny_model_bundle, 1_000_000)
    assert of_nano.times is not None
    assert of_nano.inferences_per_second == 1000 / tiny_model_bundle.detector.inference_stride_ms
    assert of_nano.instructions_per_second == 1_000_000 * of_nano.inferences_per_second + 50 * 30_000
    assert of_nano.times.ms_per_inference == pytest.approx(1_000_000 * cycles / 64_000)
    assert of_nano.times.ms_per_second == pytest.approx(of_nano.instructions_per_second * cycles / 64_000)
    assert of_nano.times.share_of_clock == pytest.approx(of_nano.times.ms_per_second / 1000)


@pytest.mark.parametrize("board", [board for board in load_boards().values() if board.core], ids=lambda board: board.id)
@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_every_board_that_has_a_core_has_a_speed(board: Board, engine: str, tiny_model_bundle: Bundle) -> None:
    if engine not in board.engines or not board.clock_hz:
        return
    estimated = estimate_speed(tiny_model_bundle, board, engine)
    assert estimated is not None
    assert estimated.times is not None
    assert 0 < estimated.times.share_of_clock < 1
    assert estimated.how
    assert estimated.cycles_how


def test_every_real_board_has_a_core_and_a_clock() -> None:
    for board in load_boards().values():
        assert board.core or board.emulator == "process", board.id
        assert board.clock_hz or board.emulator, board.id


def test_an_unknown_core_has_no_speed(tiny_model_bundle: Bundle) -> None:
    assert estimate_speed(tiny_model_bundle, dataclasses.replace(NANO, core=""), "aot") is None
    refuse_if_too_slow(None, tiny_model_bundle, NANO, "aot")


def test_without_a_clock_there_are_instructions_and_no_times(tiny_model_bundle: Bundle) -> None:
    board = dataclasses.replace(NANO, clock_hz=0)
    estimated = estimate_speed(tiny_model_bundle, board, "aot")
    assert estimated is not None
    assert estimated.instructions_per_inference > 0
    assert estimated.times is None
    refuse_if_too_slow(speed(board, tiny_model_bundle, 10**10), tiny_model_bundle, board, "aot")


def test_counting_is_for_boards_whose_instructions_an_emulator_executes() -> None:
    boards = load_boards().values()
    counters = {board.id: counting_board(board, boards) for board in boards}
    assert {name: counter.id for name, counter in counters.items() if counter and counter.id != name} == {
        **{name: f"qemu-cortex-m4-for-{name}" for name in ("nano33ble", "xiao_nrf52840", "nucleo_l4r5zi")},
        **{name: f"qemu-cortex-m4-for-{name}" for name in ("teensy41", "portenta_h7")},
        **{name: f"qemu-cortex-m4-for-{name}" for name in ("nano33ble_rev2", "feather_sense", "circuitplay_bluefruit")},
        **{name: f"qemu-cortex-m4-for-{name}" for name in ("clue", "pico2", "teensy40", "nicla_vision", "giga_r1")},
        **{name: f"qemu-riscv32-for-{name}" for name in ("esp32", "esp32s3", "m5atom_echo", "xiao_esp32s3")},
        **{name: f"qemu-riscv32-for-{name}" for name in ("esp32s3_eye", "m5cardputer", "m5stickc_plus2")},
        **{name: f"qemu-riscv32-for-{name}" for name in ("esp32c3", "esp32c6")},
    }
    assert counters["qemu-cortex-m3"] == find_board("qemu-cortex-m3")
    assert counters["pico"] is counters["host"] is None
    nano = counters["nano33ble"]
    assert nano is not None
    assert nano.ram_bytes == NANO.ram_bytes


def test_an_unknown_core_is_an_error() -> None:
    with pytest.raises(ConfigError, match="core is 'cortex-m9'"):
        dataclasses.replace(NANO, core="cortex-m9")


MICRO_SPEECH = "micro_speech_quantized.tflite"


def bundle_of(model: str, shared: Path, bundle: Bundle) -> Bundle:
    """The bundle, with a model of other people's."""
    imported = dataclasses.replace(bundle)
    object.__setattr__(imported, "model_bytes", (shared / "models" / model).read_bytes)
    return imported


def with_library(board: Board, **columns: Any) -> Board:
    return dataclasses.replace(board, tflm=TflmLibrary(**{"lib_deps": ("a/b@1",), **columns}))


@pytest.mark.parametrize(
    ("model", "kernels", "counted"),
    [
        (MICRO_SPEECH, "cmsis_nn", 1_495_400),
        (MICRO_SPEECH, "reference", 9_308_960),
        (MICRO_SPEECH, "", 9_308_960),
        ("kws_ref_model.tflite", "cmsis_nn", 7_697_400),
        ("kws_ref_model.tflite", "reference", 43_023_480),
    ],
)
def test_the_tflm_estimate_fits_its_counts(
    model: str, kernels: str, counted: int, shared: Path, tiny_model_bundle: Bundle
) -> None:
    imported = bundle_of(model, shared, tiny_model_bundle)
    estimated = estimate_speed(imported, with_library(NANO, kernels=kernels), "tflm")
    assert estimated is not None
    assert estimated.instructions_per_inference == pytest.approx(counted, rel=0.05)
    assert ("CMSIS-NN" in estimated.how) == (kernels == "cmsis_nn")


def test_reference_kernels_that_cannot_keep_up_are_refused(shared: Path, tiny_model_bundle: Bundle) -> None:
    """micro_speech in 10 inferences a second is 93 M instructions; it was accepted as 98.8 % of 25 MHz."""
    imported = bundle_of(MICRO_SPEECH, shared, tiny_model_bundle)
    board = dataclasses.replace(with_library(NANO), clock_hz=25_000_000)
    estimated = estimate_speed(imported, board, "tflm")
    assert estimated is not None
    assert estimated.instructions_per_second == pytest.approx(94_600_000, rel=0.03)
    assert "write `kernels: cmsis_nn` under `tflm:` in" in refusal(estimated, imported, board, "tflm")[1]
    faster = with_library(board, kernels="cmsis_nn")
    refuse_if_too_slow(estimate_speed(imported, faster, "tflm"), imported, faster, "tflm")
    assert "kernels:" not in refusal(estimated, imported, faster, "tflm")[1]


@pytest.mark.parametrize(
    ("manifest", "column", "kernels"),
    [
        ({"tinykws": {"kernels": "cmsis_nn"}}, "reference", "cmsis_nn"),
        ({"tinykws": {"kernels": "reference"}, "build": {"flags": ["-DCMSIS_NN"]}}, "cmsis_nn", "reference"),
        ({"build": {"flags": ["-DCMSIS_NN", "-I."]}}, "", "cmsis_nn"),
        ({"build": {"flags": "-I. -DCMSIS_NN"}}, "", "cmsis_nn"),
        ({"build": {"flags": ["-I."]}}, "", "reference"),
        ({"build": {"flags": ["-I."]}}, "cmsis_nn", "cmsis_nn"),
        ({"tinykws": 3}, "", "reference"),
        ({"tinykws": {"kernels": ["x"]}, "build": {"flags": {"a": 1}}}, "cmsis_nn", "cmsis_nn"),
        ([], "", "reference"),
        (None, "", "reference"),
    ],
)
def test_a_library_on_this_computer_says_which_kernels_it_has(
    manifest: object, column: str, kernels: str, tmp_path: Path
) -> None:
    if manifest is not None:
        (tmp_path / "library.json").write_text(json.dumps(manifest))
    assert kernels_of(TflmLibrary((f"symlink://{tmp_path}",), kernels=column)) == kernels


def test_a_board_that_says_nothing_has_the_slower_kernels() -> None:
    assert kernels_of(None) == kernels_of(TflmLibrary(("a/b@1",))) == "reference"
    assert {kernels_of(board.tflm) for board in load_boards().values() if board.tflm} == {"cmsis_nn"}


def test_with_tflm_a_transposed_convolution_multiplies_each_input_by_each_weight() -> None:
    tensors = [
        TensorSpec((1, 5, 5, 2)),
        TensorSpec((4,), "INT32", (), (), data=np.array([1, 10, 10, 4], "<i4").tobytes()),
        TensorSpec((4, 3, 3, 2), data=bytes(72)),
        TensorSpec((1, 10, 10, 4)),
    ]
    options = {"padding": 0, "stride_h": 2, "stride_w": 2, "fused_activation_function": 0}
    graph = read_model(build_model(tensors, [OpSpec("TRANSPOSE_CONV", [1, 2, 0], [3], options)]))
    rates = rates_for(None, "armv6-m")
    assert tflm_instructions(graph, rates) == round(5 * 5 * 2 * 3 * 3 * 4 * rates.conv)


def refusal(of: Speed, bundle: Bundle, board: Board, engine: str = "aot") -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        refuse_if_too_slow(of, bundle, board, engine)
    return caught.value.message, str(caught.value.hint)


def test_what_cannot_keep_up_is_refused(tiny_model_bundle: Bundle) -> None:
    message, hint = refusal(speed(NANO, tiny_model_bundle, 5_000_000), tiny_model_bundle, NANO)
    assert "Arduino Nano 33 BLE Sense cannot keep up: one second of listening takes about" in message
    assert "10 inferences of 117 ms" in message
    assert "`detector: {inference_stride_ms: 140}` in kws.yaml" in hint
    assert hint.splitlines()[-1].startswith("--force")


def test_the_inferences_advised_would_keep_up(tiny_model_bundle: Bundle) -> None:
    slower = dataclasses.replace(
        tiny_model_bundle, detector=dataclasses.replace(tiny_model_bundle.detector, inference_stride_ms=140)
    )
    refuse_if_too_slow(speed(NANO, slower, 5_000_000), slower, NANO, "aot")
    just_not = dataclasses.replace(
        tiny_model_bundle, detector=dataclasses.replace(tiny_model_bundle.detector, inference_stride_ms=120)
    )
    refusal(speed(NANO, just_not, 5_000_000), just_not, NANO)


def test_what_no_pause_helps_has_no_such_advice(tiny_model_bundle: Bundle) -> None:
    assert "inference_stride_ms" not in refusal(speed(NANO, tiny_model_bundle, 500_000_000), tiny_model_bundle, NANO)[1]
    assert (
        "inference_stride_ms"
        not in refusal(speed(NANO, tiny_model_bundle, 1000, per_frame=2_000_000), tiny_model_bundle, NANO)[1]
    )


def test_the_other_engine_is_advised_where_it_keeps_up(tiny_model_bundle: Bundle) -> None:
    assert (
        "use --engine aot (" in refusal(speed(NANO, tiny_model_bundle, 5_000_000), tiny_model_bundle, NANO, "tflm")[1]
    )
    only_tflm = dataclasses.replace(NANO, engines=("tflm",))
    assert (
        "--engine"
        not in refusal(speed(only_tflm, tiny_model_bundle, 5_000_000), tiny_model_bundle, only_tflm, "tflm")[1]
    )


def test_what_just_keeps_up_and_what_has_no_time_pass(tiny_model_bundle: Bundle) -> None:
    refuse_if_too_slow(speed(NANO, tiny_model_bundle, 4_000_000), tiny_model_bundle, NANO, "aot")
    emulated = find_board("qemu-cortex-m4")
    refuse_if_too_slow(speed(emulated, tiny_model_bundle, 50_000_000), tiny_model_bundle, emulated, "aot")
