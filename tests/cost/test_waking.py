# SPDX-License-Identifier: Apache-2.0
"""How long a model takes to catch up when a gate wakes it, and when build warns of it."""

from __future__ import annotations

import dataclasses

import pytest

from tinykws.boards.rows import Board, find_board
from tinykws.cli.build_view import _speed
from tinykws.cost.latency import estimate_speed, speed_from_counts
from tinykws.cost.waking import Waking, estimate_waking
from tinykws.model.bundle import Bundle

NANO = find_board("nano33ble")


def gated(bundle: Bundle, gate_db: int = 4) -> Bundle:
    return dataclasses.replace(bundle, detector=dataclasses.replace(bundle.detector, gate_db=gate_db))


def slowed(board: Board, times: float) -> Board:
    return dataclasses.replace(board, clock_hz=round(board.clock_hz / times))


def test_in_streaming_mode_each_inference_stride_of_the_input_is_computed_again(tiny_model_bundle: Bundle) -> None:
    bundle = gated(tiny_model_bundle)
    assert (bundle.frontend.n_frames, bundle.frontend.stride_ms) == (4, 20)
    inferences = {20: 4, 40: 2, 60: 2, 80: 1, 100: 1}
    for stride_ms, expected in inferences.items():
        detector = dataclasses.replace(bundle.detector, inference_stride_ms=stride_ms)
        of_stride = dataclasses.replace(bundle, detector=detector)
        assert estimate_waking(of_stride, NANO, 30.0, keeps_rows=True) == Waking(expected * 30.0, 512.0)
        assert estimate_waking(of_stride, NANO, 30.0, keeps_rows=False) == Waking(30.0, 512.0)


def test_without_a_gate_or_a_microphone_there_is_nothing_to_tell(tiny_model_bundle: Bundle) -> None:
    assert estimate_waking(tiny_model_bundle, NANO, 30.0, keeps_rows=True) is None
    assert estimate_waking(gated(tiny_model_bundle), find_board("qemu-cortex-m4"), 30.0, keeps_rows=True) is None


@pytest.mark.parametrize("counted", [False, True])
def test_build_warns_if_more_sound_comes_than_the_ring_buffer_holds(tiny_model_bundle: Bundle, counted: bool) -> None:
    def told(bundle: Bundle, board: Board) -> str:
        speed = estimate_speed(bundle, board, "aot")
        assert speed is not None
        if counted:
            speed = speed_from_counts(speed, bundle, board, speed.instructions_per_inference, 30_000)
        return "\n".join(line for line in _speed(speed) if line.startswith("warning: "))

    speed = estimate_speed(gated(tiny_model_bundle), NANO, "aot")
    assert speed is not None
    assert speed.waking is not None
    to_the_brim = speed.waking.ring_ms / speed.waking.ms
    assert told(gated(tiny_model_bundle), slowed(NANO, 0.99 * to_the_brim)) == ""
    assert "catching up takes up to 517 ms, but the microphone's ring buffer holds 512 ms: sound may be lost" in told(
        gated(tiny_model_bundle), slowed(NANO, 1.01 * to_the_brim)
    )
    assert told(tiny_model_bundle, slowed(NANO, 1.01 * to_the_brim)) == "", "without a gate"
