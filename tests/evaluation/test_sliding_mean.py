# SPDX-License-Identifier: Apache-2.0
"""ESPHome's rule: equal to a frame-by-frame transcription of streaming_model.cpp."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.sliding_mean import SlidingMean, detected_frames


def as_the_device_does(probabilities: npt.NDArray[np.uint8], rule: SlidingMean, stride: int) -> list[int]:
    """The state of StreamingModel and WakeWordModel, asked after every frame as MicroWakeWord asks them."""
    recent, last, ignore_windows, unprocessed = [0] * rule.window, 0, -100, False
    found, frame = [], 0
    for probability in map(int, probabilities):
        for step in range(stride):
            frame += 1
            if step == 0:
                last = (last + 1) % rule.window
                recent[last], unprocessed = probability, True
            if recent[last] < rule.cutoff:
                ignore_windows = min(ignore_windows + 1, 0)
            if unprocessed and ignore_windows >= 0:
                unprocessed = False
                if sum(recent) > rule.cutoff * rule.window:
                    found.append(frame)
                    recent, ignore_windows = [0] * rule.window, -100
    return found


def test_it_detects_when_the_device_does() -> None:
    rng, detections = np.random.default_rng(0), 0
    for _ in range(800):
        count, stride = int(rng.integers(1, 400)), int(rng.integers(1, 7))
        rule = SlidingMean(int(rng.integers(0, 255)), int(rng.integers(1, 60)))
        words = np.repeat(rng.random(count // 4 + 1) < rng.random(), 4)[:count]
        probabilities = np.where(words, rng.integers(150, 256, count), rng.integers(0, 256, count)).astype(np.uint8)
        expected = as_the_device_does(probabilities, rule, stride)
        assert detected_frames(probabilities, rule, stride) == expected
        detections += len(expected)
    assert detections > 300


def test_the_first_second_is_not_heard() -> None:
    word = np.full(3, 255, np.uint8)
    quiet = np.zeros(24, np.uint8)
    rule = SlidingMean(200, 3)
    assert detected_frames(np.concatenate([quiet, word]), rule, 4) == []
    assert detected_frames(np.concatenate([quiet, [0], word]).astype(np.uint8), rule, 4) == [4 * 27 + 1]


def test_a_manifest_gives_the_device_the_same_cutoff() -> None:
    assert [int(SlidingMean(cutoff, 1).probability_cutoff * 255) for cutoff in range(255)] == list(range(255))
