# SPDX-License-Identifier: Apache-2.0
"""kws_sliding_mean against ESPHome's rule, written down frame by frame from its streaming_model.cpp."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.model.wake_manifest import COOL_OFF_FRAMES
from tinykws.native.detector import Detector
from tinykws.project.detector_settings import SLIDING_MEAN, DetectorSettings

FRAME_MS = 10


def settings_for(cutoff: int, window: int, stride: int) -> DetectorSettings:
    """Returns the detector of a model that takes `stride` frames at once."""
    return DetectorSettings(
        average_window_ms=window * stride * FRAME_MS,
        threshold=cutoff,
        suppression_ms=COOL_OFF_FRAMES * FRAME_MS,
        minimum_count=window,
        inference_stride_ms=stride * FRAME_MS,
        kind=SLIDING_MEAN,
    )


class EsphomeModel:
    """WakeWordModel of ESPHome, with its names; it is asked once per new probability (see kws_detector.h)."""

    def __init__(self, cutoff: int, window: int, stride: int) -> None:
        self.probability_cutoff, self.sliding_window_size, self.stride = cutoff, window, stride
        self.current_stride_step = self.last_n_index = 0
        self.reset_probabilities()

    def reset_probabilities(self) -> None:
        self.recent_streaming_probabilities = [0] * self.sliding_window_size
        self.ignore_windows = -COOL_OFF_FRAMES

    def frame(self, next_probability: int) -> bool:
        """perform_streaming_inference() and determine_detected() for one frame; returns whether it detects."""
        is_new = False
        self.current_stride_step = self.current_stride_step % self.stride + 1
        if self.current_stride_step >= self.stride:
            self.last_n_index = (self.last_n_index + 1) % self.sliding_window_size
            self.recent_streaming_probabilities[self.last_n_index] = next_probability
            is_new = True
        if self.recent_streaming_probabilities[self.last_n_index] < self.probability_cutoff:
            self.ignore_windows = min(self.ignore_windows + 1, 0)
        if not is_new or self.ignore_windows < 0:
            return False
        detected = sum(self.recent_streaming_probabilities) > self.probability_cutoff * self.sliding_window_size
        if detected:
            self.reset_probabilities()
        return detected


def expected_of(probabilities: list[int], cutoff: int, window: int, stride: int) -> list[int]:
    """Returns the times of ESPHome's detections: of frame n, 30 ms + 10 ms for each frame before."""
    model, times = EsphomeModel(cutoff, window, stride), []
    for number in range(len(probabilities) * stride):
        if model.frame(probabilities[number // stride]):
            times.append(30 + number * FRAME_MS)
    return times


def ours_of(probabilities: list[int], settings: DetectorSettings) -> list[tuple[int, int]]:
    word = np.array(probabilities, np.int16) - 128
    scores = np.stack([np.full_like(word, -128), -1 - word, word], axis=1).astype(np.int8)
    first_ms = 30 + settings.inference_stride_ms - FRAME_MS
    times = (first_ms + settings.inference_stride_ms * np.arange(len(word))).astype(np.uint32)
    return [(one.time_ms, one.score) for one in Detector(settings, 3).run(scores, times)]


@given(
    st.integers(1, 5), st.integers(1, 12), st.integers(0, 255), st.integers(0, 2**32 - 1), st.floats(0, 1)
)  # fmt: skip
def test_it_detects_when_esphome_does(stride: int, window: int, cutoff: int, seed: int, loud: float) -> None:
    rng = np.random.default_rng(seed)
    count = 600 // stride
    held = np.repeat(rng.random(count // 4 + 1) < 0.4 * loud, 4)[:count]
    probabilities = np.where(held, rng.integers(128, 256, count), rng.integers(0, 140, count)).tolist()
    found = ours_of(probabilities, settings_for(cutoff, window, stride))
    assert [time_ms for time_ms, _ in found] == expected_of(probabilities, cutoff, window, stride)
    assert all(score > cutoff for _, score in found)


@pytest.mark.parametrize(("stride", "first"), [(1, 101), (2, 51), (3, 34), (5, 21)])
def test_nothing_is_detected_in_the_first_second(stride: int, first: int) -> None:
    """A second of low probabilities opens it; one that is low itself may end the second."""
    settings = settings_for(100, 1, stride)
    for quiet, is_heard in ((first - 2, False), (first - 1, True)):
        assert bool(ours_of([0] * quiet + [255], settings)) == is_heard
        assert bool(expected_of([0] * quiet + [255], 100, 1, stride)) == is_heard


def test_a_score_is_the_mean_rounded_up_so_that_it_exceeds_the_cutoff_exactly_if_the_sum_does() -> None:
    settings = settings_for(200, 5, 3)
    quiet = [0] * 60
    assert ours_of([*quiet, 200, 200, 200, 200, 200], settings) == []
    assert [score for _, score in ours_of([*quiet, 200, 200, 200, 200, 201], settings)] == [201]


def test_a_word_is_detected_once_and_again_after_a_second_below_the_cutoff() -> None:
    settings = settings_for(100, 5, 3)
    word, pause = [250] * 20, [0] * 34
    assert len(ours_of([0] * 60 + word * 10, settings)) == 1
    assert len(ours_of([0] * 60 + word + pause + word, settings)) == 2
    assert len(ours_of([0] * 60 + word + pause[:-5] + word, settings)) == 1


def test_levels_are_what_is_compared() -> None:
    detector = Detector(dataclasses.replace(settings_for(100, 2, 3)), 3)
    detector.step(np.array([-128, 0, -1], np.int8), 50)
    assert detector.levels.tolist() == [0, 0, 64]
