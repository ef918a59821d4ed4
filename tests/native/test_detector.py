# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.native.detector import Detection, Detector
from tinykws.project.detector_settings import DETECTOR_KINDS, DetectorRequest, DetectorSettings

SILENCE, UNKNOWN, YES, NO = range(4)
DEFAULT = DetectorSettings()


class RecognizeCommands:
    """TFLM's rule written down a second time, plainly: examples/micro_speech/recognize_commands.h."""

    def __init__(self, settings: DetectorSettings) -> None:
        self.settings = settings
        self.results: list[tuple[int, list[int]]] = []
        self.previous_label = SILENCE
        self.previous_time_ms: int | None = None

    def step(self, scores: list[int], time_ms: int) -> Detection | None:
        settings = self.settings
        limit = time_ms - settings.average_window_ms
        self.results = [result for result in self.results if result[0] >= limit] + [(time_ms, scores)]
        duration = time_ms - self.results[0][0]
        if len(self.results) < settings.minimum_count or duration < settings.average_window_ms // 4:
            return None
        columns = zip(*(result[1] for result in self.results), strict=True)
        averages = [sum(score + 128 for score in column) // len(self.results) for column in columns]
        score = max(averages)
        label = averages.index(score) if score > 0 else 0
        quiet_ms = 2**31 - 1
        if self.previous_label != SILENCE and self.previous_time_ms is not None:
            quiet_ms = time_ms - self.previous_time_ms
        if score <= settings.threshold or (label == self.previous_label and quiet_ms <= settings.suppression_ms):
            return None
        self.previous_label, self.previous_time_ms = label, time_ms
        return Detection(time_ms, label, score) if label >= YES else None


class TemporalFilter:
    """The other rule written down a second time, plainly: sums over a list of scores, floating-point logarithms."""

    def __init__(self, settings: DetectorSettings, n_labels: int) -> None:
        self.settings, self.n_labels = settings, n_labels
        self.results: list[tuple[int, list[int]]] = []
        self.held = SILENCE
        self.quiet_until_ms = -1

    def step(self, scores: list[int], time_ms: int) -> Detection | None:
        settings = self.settings
        limit = time_ms - settings.average_window_ms
        self.results = [result for result in self.results if result[0] >= limit] + [(time_ms, scores)]
        if len(self.results) < settings.minimum_count or time_ms - self.results[0][0] < settings.average_window_ms // 4:
            return None
        heard = [row for _, row in reversed(self.results)]
        nothing = [127 if label == SILENCE else -128 for label in range(self.n_labels)]
        seen = (heard + [nothing] * settings.taps)[: settings.taps]
        thresholds = settings.thresholds(self.n_labels)
        sums = {word: self.sum_of(seen, word) for word in range(YES, self.n_labels)}
        passed = {word: min(255, max(0, total) >> settings.filter_shift) for word, total in sums.items()}
        excess = {word: passed[word] - thresholds[word] for word in passed}
        if self.held != SILENCE and excess[self.held] <= 0:
            self.held = SILENCE
        best = max(excess, key=lambda word: excess[word])
        if excess[best] <= 0 or best == self.held or time_ms <= self.quiet_until_ms:
            return None
        self.held, self.quiet_until_ms = best, time_ms + settings.suppression_ms
        return Detection(time_ms, best, passed[best])

    def sum_of(self, seen: list[list[int]], word: int) -> int:
        weights = np.array(self.settings.tap_weights).reshape(3, 2, -1)
        total = self.settings.filter_bias
        for role, label in enumerate([word, SILENCE, UNKNOWN]):
            for lag, row in enumerate(seen):
                heard = evidence_16ths(row[label])
                total += int(weights[role, int(heard > 0), lag]) * heard
        return total


def log2_16ths(value: int) -> int:
    """Of 1 to 256: 16 log2, with a straight line between powers of two, rounded down."""
    whole: int = math.floor(math.log2(value))
    return 16 * whole + math.floor(16 * (value / (1 << whole) - 1))


def evidence_16ths(score: int) -> int:
    return log2_16ths(score + 129) - log2_16ths(128 - score)


def scores_for(label: int, score: int = 127) -> np.ndarray:
    scores = np.full(4, -128, np.int8)
    scores[label] = score
    return scores


def run(detector: Detector, labels: list[int], step_ms: int = 100) -> list[Detection]:
    found = (detector.step(scores_for(label), step_ms * k) for k, label in enumerate(labels, 1))
    return [detection for detection in found if detection is not None]


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 900), st.integers(0, 3), st.integers(-128, 127), st.integers(-128, 127)), max_size=60
    ),
    average_window_ms=st.integers(100, 1500),
    threshold=st.integers(0, 255),
    suppression_ms=st.integers(0, 2000),
    minimum_count=st.integers(1, 6),
)
def test_the_rule_is_recognize_commands(
    steps: list[tuple[int, int, int, int]],
    average_window_ms: int,
    threshold: int,
    suppression_ms: int,
    minimum_count: int,
) -> None:
    settings = DetectorSettings(average_window_ms, threshold, suppression_ms, minimum_count)
    detector, reference = Detector(settings, 4), RecognizeCommands(settings)
    time_ms = 0
    for pause_ms, label, score, other in steps:
        time_ms += pause_ms
        scores = np.full(4, other, np.int8)
        scores[label] = score
        assert detector.step(scores, time_ms) == reference.step(scores.tolist(), time_ms)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1))
def test_long_streams_of_words_follow_the_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    settings = dataclasses.replace(DEFAULT, threshold=int(rng.integers(60, 200)))
    detector, reference = Detector(settings, 4), RecognizeCommands(settings)
    labels = np.repeat(rng.integers(0, 4, 40), rng.integers(1, 25, 40))
    for k, label in enumerate(labels):
        scores = rng.integers(-128, 20, 4).astype(np.int8)
        scores[label] = 120
        assert detector.step(scores, 20 * k) == reference.step(scores.tolist(), 20 * k)


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32 - 1),
    suppression_ms=st.integers(0, 1500),
    inference_stride_ms=st.sampled_from([20, 60, 100, 900, 3000]),
    pace_percent=st.sampled_from([30, 100, 170]),
)
def test_the_temporal_filter_is_a_weighted_sum(
    seed: int, suppression_ms: int, inference_stride_ms: int, pace_percent: int
) -> None:
    rng = np.random.default_rng(seed)
    settings = dataclasses.replace(
        DetectorRequest(inference_stride_ms=inference_stride_ms).defaults,
        word_thresholds=tuple(map(int, rng.integers(0, 255, 2))),
        suppression_ms=suppression_ms,
        filter_weights=tuple(map(int, rng.integers(-127, 128, 48))),
        filter_bias=int(rng.integers(-(2**20), 2**20)),
        filter_shift=int(rng.integers(6, 14)),
    )
    detector, reference = Detector(settings, 4), TemporalFilter(settings, 4)
    labels = np.repeat(rng.integers(0, 4, 40), rng.integers(1, 12, 40))
    longest = max(2, inference_stride_ms * pace_percent // 100)
    times = np.cumsum(rng.integers(1, longest, len(labels)))
    scores = rng.integers(-128, 20, (len(labels), 4)).astype(np.int8)
    scores[np.arange(len(labels)), labels] = rng.integers(20, 128, len(labels))
    expected = [reference.step(row.tolist(), int(time)) for row, time in zip(scores, times, strict=True)]
    assert Detector(settings, 4).run(scores, times.astype(np.uint32)) == [one for one in expected if one is not None]
    assert [detector.step(row, int(time)) for row, time in zip(scores, times, strict=True)] == expected


FILTER = dataclasses.replace(DetectorRequest().defaults, word_thresholds=(150, 200))


def test_words_have_their_own_thresholds() -> None:
    said = [SILENCE] * 20 + [YES] * 6 + [SILENCE] * 20
    found = run(Detector(FILTER, 4), said)
    assert [one.label_index for one in found] == [YES]
    assert found[0].score > 150
    other = dataclasses.replace(FILTER, word_thresholds=(255, 150))
    assert run(Detector(other, 4), said) == []
    assert len(run(Detector(other, 4), [NO if label == YES else label for label in said])) == 1


def test_a_word_between_pauses_is_surer_than_one_in_a_sentence() -> None:
    """The same six scores of yes."""

    def highest(before: int, after: int) -> int:
        """Of the thresholds at which it is heard."""
        labels = [before] * 25 + [YES] * 6 + [after] * 12 + [SILENCE] * 20
        settings = [dataclasses.replace(FILTER, word_thresholds=(threshold, 255)) for threshold in range(255)]
        return max((each.word_thresholds[0] for each in settings if run(Detector(each, 4), labels)), default=-1)

    alone = highest(SILENCE, SILENCE)
    assert alone > highest(SILENCE, UNKNOWN)
    assert alone > highest(UNKNOWN, UNKNOWN)


def test_a_held_sound_is_one_word_at_most_and_a_word_said_twice_is_two() -> None:
    assert len(run(Detector(FILTER, 4), [SILENCE] * 20 + [YES] * 60)) <= 1
    once = [YES] * 6 + [SILENCE] * 20
    assert len(run(Detector(FILTER, 4), [SILENCE] * 20 + once + once)) == 2


@pytest.mark.parametrize("kind", DETECTOR_KINDS)
def test_a_run_over_scores_of_another_shape_is_refused(kind: str) -> None:
    detector = Detector(dataclasses.replace(DEFAULT, kind=kind), 4)
    with pytest.raises(ValueError, match="for 3 times and 4 labels"):
        detector.run(np.zeros((3, 5), np.int8), np.arange(3, dtype=np.uint32))
    assert detector.run(np.zeros((0, 4), np.int8), np.zeros(0, np.uint32)) == []


def test_a_word_is_reported_once_with_time_and_score() -> None:
    # It is sure from the first step, but the window must be a quarter full (250 ms) and hold three scores.
    assert run(Detector(DEFAULT, 4), [YES] * 12) == [Detection(400, YES, 255)]


def test_a_held_word_comes_again_after_the_suppression() -> None:
    found = run(Detector(DEFAULT, 4), [YES] * 40)
    assert [detection.time_ms for detection in found] == [400, 2000, 3600]


def test_another_word_is_not_suppressed() -> None:
    found = run(Detector(dataclasses.replace(DEFAULT, threshold=140), 4), [YES] * 8 + [NO] * 8)
    assert [detection.label_index for detection in found] == [YES, NO]


def test_silence_between_ends_the_suppression() -> None:
    settings = dataclasses.replace(DEFAULT, threshold=130, average_window_ms=300)
    found = run(Detector(settings, 4), [YES] * 3 + [SILENCE] * 3 + [YES] * 3)
    assert [detection.label_index for detection in found] == [YES, YES]
    assert found[1].time_ms - found[0].time_ms < DEFAULT.suppression_ms


@pytest.mark.parametrize("label", [SILENCE, UNKNOWN])
def test_silence_and_unknown_are_not_reported(label: int) -> None:
    assert run(Detector(DEFAULT, 4), [label] * 40) == []


def test_the_threshold_must_be_passed() -> None:
    at_threshold = [Detector(DEFAULT, 4), Detector(dataclasses.replace(DEFAULT, threshold=254), 4)]
    assert run(at_threshold[1], [YES] * 5)
    detector = Detector(dataclasses.replace(DEFAULT, threshold=255), 4)
    assert run(detector, [YES] * 5) == []


def test_reset_forgets() -> None:
    detector = Detector(DEFAULT, 4)
    first = run(detector, [YES] * 12)
    detector.reset()
    assert run(detector, [YES] * 12) == first


def test_time_goes_on() -> None:
    detector = Detector(DEFAULT, 4)
    detector.step(scores_for(YES), 100)
    with pytest.raises(ValueError, match="from 100 to 100 ms"):
        detector.step(scores_for(YES), 100)


def test_other_numbers_of_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="4 scores"):
        Detector(DEFAULT, 4).step(np.zeros(3, np.int8), 100)


@pytest.mark.slow
def test_a_window_of_scores_every_five_milliseconds_fits() -> None:
    """More than the 50 results upstream can hold."""
    settings = dataclasses.replace(DEFAULT, average_window_ms=5000, threshold=100)
    detector, reference = Detector(settings, 4), RecognizeCommands(settings)
    for k in range(3000):
        scores = scores_for((k // 700) % 4)
        assert detector.step(scores, 5 * k) == reference.step(scores.tolist(), 5 * k)
