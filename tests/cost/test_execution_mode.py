# SPDX-License-Identifier: Apache-2.0
"""Whole-window or streaming mode: which is chosen, its estimated cost, and its explanation."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from tiny_model import tiny_bundle, tiny_tflite

from tinykws.aot.compiler import AotModel
from tinykws.boards.rows import find_board
from tinykws.cost.execution_mode import (
    ModeChoice,
    Workload,
    choose_mode_for_board,
    compile_for_board,
    compile_for_workload,
    workload_on,
)
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

COUNTED = json.loads((FIRMWARE.parent / "benchmarks" / "firmware.json").read_text())
ESTIMATE_ERROR = 0.06
"""As test_cost.py allows of whole windows."""
NRF52840 = Workload(frames=49, inference_stride=5, instruction_set="armv7e-m", ram_bytes=262_144, flash_bytes=983_040)


@pytest.fixture(scope="module")
def micro_speech(shared: Path) -> bytes:
    return (shared / "models" / "micro_speech_quantized.tflite").read_bytes()


@pytest.fixture(scope="module")
def kws_ref(shared: Path) -> bytes:
    return (shared / "models" / "kws_ref_model.tflite").read_bytes()


def compiled(tflite: bytes, **changes: Any) -> tuple[AotModel, ModeChoice]:
    model = compile_for_workload(tflite, dataclasses.replace(NRF52840, **changes))
    assert model.choice.cost.arena_bytes == model.arena_bytes
    return model, model.choice


@pytest.mark.parametrize("inference_stride", [1, 2, 5])
def test_micro_speech_streams_with_less_of_everything(micro_speech: bytes, inference_stride: int) -> None:
    model, choice = compiled(micro_speech, inference_stride=inference_stride)
    assert choice.keeps_rows
    assert choice.cost.instructions < choice.whole.instructions / 2
    assert choice.cost.arena_bytes < 4400
    assert choice.whole.arena_bytes > 6900
    assert f"#define KWS_MODEL_INFERENCE_STRIDE {inference_stride}\n" in model.header
    frames = "a frame" if inference_stride == 1 else f"{inference_stride} frames"
    shared = "reuse rows up to op 1 (DEPTHWISE_CONV_2D) and the partial sums of op 2 (FULLY_CONNECTED)"
    assert choice.explanation == f"inferences {frames} apart {shared}"
    head = model.source.split("*/")[1].replace("\n * ", " ")
    assert f"Inferences {frames} apart {shared}." in head


@pytest.mark.parametrize("name", ["micro_speech", "kws_ref"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_estimates_come_near_what_was_counted(name: str, at: int, micro_speech: bytes, kws_ref: bytes) -> None:
    counted = COUNTED[name]["streams"][at]
    _, choice = compiled(
        {"micro_speech": micro_speech, "kws_ref": kws_ref}[name], inference_stride=counted["inference_stride"]
    )
    assert choice.keeps_rows
    assert choice.cost.instructions == pytest.approx(counted["instructions"], rel=ESTIMATE_ERROR)
    assert choice.cost.arena_bytes == counted["arena_bytes"]


def test_a_report_says_what_is_spared(micro_speech: bytes) -> None:
    _, choice = compiled(micro_speech)
    figures = (choice.cost.instructions, choice.whole.instructions, choice.cost.arena_bytes, choice.whole.arena_bytes)
    assert choice.report.in_words().endswith(
        "; an inference takes about {:,} instructions instead of {:,}, and {:,} bytes of working memory"
        " instead of {:,}".format(*figures)
    )
    _, whole = compiled(micro_speech, inference_stride=45)
    assert whole.report.in_words() == whole.explanation


def test_a_chip_with_little_ram_spends_little(kws_ref: bytes) -> None:
    _, rich = compiled(kws_ref, inference_stride=1)
    model, poor = compiled(kws_ref, inference_stride=1, ram_bytes=32_768)
    assert rich.keeps_rows
    assert rich.cost.arena_bytes > 40_000 > poor.cost.arena_bytes
    assert not poor.keeps_rows
    assert "#define KWS_MODEL_INFERENCE_STRIDE 0\n" in model.header
    assert poor.explanation.startswith("every inference computes the whole window: reusing rows would take ")
    assert poor.explanation.endswith(f"bytes of working memory instead of {poor.whole.arena_bytes:,}")
    assert poor.cost == poor.whole == rich.whole


def test_a_chip_with_little_flash_spends_little(kws_ref: bytes) -> None:
    """Weights become int16 where the flash is worth less than the instructions saved."""
    rich, much = compiled(kws_ref, inference_stride=45)
    poor, little = compiled(kws_ref, inference_stride=45, flash_bytes=65_536)
    assert {"kws_nn_conv_2d_wide_relu.c"} <= set(rich.kernels) - set(poor.kernels)
    assert {"kws_nn_conv_2d_tile.c"} <= set(poor.kernels) - set(rich.kernels)
    assert much.cost.constant_bytes > little.cost.constant_bytes + 16_000
    assert much.cost.instructions < little.cost.instructions
    for flash_bytes in range(30_000, 120_000, 10_000):
        _, choice = compiled(kws_ref, inference_stride=45, flash_bytes=flash_bytes)
        is_wide = choice.cost.constant_bytes > little.cost.constant_bytes
        assert not is_wide or choice.cost.constant_bytes <= flash_bytes / 2


def test_kws_ref_says_up_to_where_it_streams(kws_ref: bytes) -> None:
    _, choice = compiled(kws_ref, inference_stride=2, ram_bytes=0)
    assert choice.explanation == (
        "inferences 2 frames apart reuse rows up to op 8 (CONV_2D);"
        " op 9 (AVERAGE_POOL_2D) computes its output from the whole window"
    )


def test_without_reusable_rows_the_whole_window_is_computed(micro_speech: bytes) -> None:
    model, choice = compiled(micro_speech, inference_stride=45)
    assert choice.explanation == (
        "every inference computes the whole window: op 1 (DEPTHWISE_CONV_2D) has 25 rows, none of which can be reused:"
        " each depends on padding or on new frames"
    )
    assert "An inference leaves the input unchanged" in model.header
    assert "input, int8 [1, 1960]" in model.source
    assert "  always  input" in model.source


def test_a_model_that_begins_with_a_dense_layer_says_so() -> None:
    _, choice = compiled(tiny_tflite(), frames=4, inference_stride=1)
    assert choice.explanation == (
        "every inference computes the whole window: op 0 (FULLY_CONNECTED) computes its output from the whole window"
    )


def test_an_input_that_does_not_consist_of_frames_is_refused(micro_speech: bytes) -> None:
    with pytest.raises(ConfigError, match=r"input int8 \[1, 1960\] cannot be divided into 48 frames"):
        compiled(micro_speech, frames=48)


def test_a_board_is_asked_for_its_inference_stride_core_and_memory(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    nano = find_board("nano33ble")
    assert workload_on(bundle, nano) == Workload(4, 5, "armv7e-m", 262_144, 983_040)
    assert workload_on(bundle, find_board("host")).instruction_set == "armv7-m"
    choice = choose_mode_for_board(bundle, nano)
    assert compile_for_board(bundle, nano).arena_bytes == choice.cost.arena_bytes
