from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.chip.detector import Detection, Detector
from tinykws.config import DETECTOR_KINDS, SPEECH_AWARE, DetectorSettings

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
        never = self.previous_label == SILENCE or self.previous_time_ms is None
        quiet_ms = 2**31 - 1 if never else time_ms - self.previous_time_ms
        if score <= settings.threshold or (label == self.previous_label and quiet_ms <= settings.suppression_ms):
            return None
        self.previous_label, self.previous_time_ms = label, time_ms
        return Detection(time_ms, label, score) if label >= YES else None


class SpeechAware:
    """The other rule written down a second time, plainly: a score that leaves the window tells of speech."""

    def __init__(self, settings: DetectorSettings, n_labels: int) -> None:
        self.settings, self.n_labels = settings, n_labels
        self.results: list[tuple[int, list[int]]] = []
        self.speech = 0
        self.held = SILENCE
        self.quiet_until_ms = -1

    def step(self, scores: list[int], time_ms: int) -> Detection | None:
        settings = self.settings
        while self.results and self.results[0][0] < time_ms - settings.average_window_ms:
            _, gone = self.results.pop(0)
            self.speech += gone[UNKNOWN] + 128 - (self.speech >> settings.speech_shift)
        self.results.append((time_ms, scores))
        if len(self.results) < settings.minimum_count or time_ms - self.results[0][0] < settings.average_window_ms // 4:
            return None
        raised = (self.speech * settings.speech_weight) >> settings.speech_shift
        columns = list(zip(*(result[1] for result in self.results), strict=True))
        sums = [sum(score + 128 for score in column) for column in columns]
        thresholds = settings.thresholds(self.n_labels)
        excess = {
            word: 256 * sums[word] // len(self.results) - raised - 256 * thresholds[word]
            for word in range(YES, self.n_labels)
        }
        if self.held != SILENCE and excess[self.held] <= 0:
            self.held = SILENCE
        best = max(excess, key=lambda word: excess[word])
        if excess[best] <= 0 or best == self.held or time_ms <= self.quiet_until_ms:
            return None
        self.held, self.quiet_until_ms = best, time_ms + settings.suppression_ms
        return Detection(time_ms, best, sums[best] // len(self.results))


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


@given(
    seed=st.integers(0, 2**32 - 1),
    average_window_ms=st.integers(20, 900),
    suppression_ms=st.integers(0, 1500),
    minimum_count=st.integers(1, 6),
    weight=st.integers(0, 255),
    inference_ms=st.sampled_from([20, 100, 3000]),
)
def test_speech_raises_the_thresholds(
    seed: int, average_window_ms: int, suppression_ms: int, minimum_count: int, weight: int, inference_ms: int
) -> None:
    rng = np.random.default_rng(seed)
    settings = DetectorSettings(
        average_window_ms, 200, suppression_ms, minimum_count, inference_ms, SPEECH_AWARE,
        tuple(map(int, rng.integers(0, 255, 2))), weight,
    )  # fmt: skip
    detector, reference = Detector(settings, 4), SpeechAware(settings, 4)
    labels = np.repeat(rng.integers(0, 4, 40), rng.integers(1, 25, 40))
    times = np.cumsum(rng.integers(1, 60, len(labels)))
    scores = rng.integers(-128, 20, (len(labels), 4)).astype(np.int8)
    scores[np.arange(len(labels)), labels] = rng.integers(20, 128, len(labels))
    expected = [reference.step(row.tolist(), int(time)) for row, time in zip(scores, times, strict=True)]
    assert Detector(settings, 4).run(scores, times.astype(np.uint32)) == [one for one in expected if one is not None]
    assert [detector.step(row, int(time)) for row, time in zip(scores, times, strict=True)] == expected


WEIGHED = DetectorSettings(300, 200, 500, 2, kind=SPEECH_AWARE, word_thresholds=(200, 240), speech_weight=96)


def test_words_have_their_own_thresholds() -> None:
    assert [one.label_index for one in run(Detector(WEIGHED, 4), [SILENCE] * 9 + [YES] * 5)] == [YES]
    unsure = [scores_for(label, 100) for label in [YES] * 5 + [SILENCE] * 5 + [NO] * 5]
    times = np.arange(100, 1600, 100, np.uint32)
    assert [one.label_index for one in Detector(WEIGHED, 4).run(np.array(unsure), times)] == [YES]


def test_in_the_midst_of_speech_a_word_must_be_surer() -> None:
    assert run(Detector(WEIGHED, 4), [SILENCE] * 60 + [YES] * 6)
    assert run(Detector(WEIGHED, 4), [UNKNOWN] * 60 + [YES] * 6) == []
    assert run(Detector(WEIGHED, 4), [UNKNOWN] * 60 + [SILENCE] * 60 + [YES] * 6)


def test_a_held_sound_is_one_word_and_a_word_said_twice_is_two() -> None:
    assert len(run(Detector(WEIGHED, 4), [YES] * 60)) == 1
    assert len(run(Detector(WEIGHED, 4), [YES] * 5 + [SILENCE] * 4 + [YES] * 5)) == 2


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


def test_a_window_of_scores_every_five_milliseconds_fits() -> None:
    """More than the 50 results upstream can hold."""
    settings = dataclasses.replace(DEFAULT, average_window_ms=5000, threshold=100)
    detector, reference = Detector(settings, 4), RecognizeCommands(settings)
    for k in range(3000):
        scores = scores_for((k // 700) % 4)
        assert detector.step(scores, 5 * k) == reference.step(scores.tolist(), 5 * k)
