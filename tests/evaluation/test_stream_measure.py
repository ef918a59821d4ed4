# SPDX-License-Identifier: Apache-2.0
"""Figures and choices on made scores, where the truth is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tinykws.evaluation.stream_measure import ScoredStreamSet, StreamMeasure, detections, measure, with_moved_thresholds
from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.evaluation.timeline import MS_PER_HOUR, Event
from tinykws.evaluation.tuning import HIGHEST, LOWEST, counted_threshold, tune_detector
from tinykws.native.detector import Detector
from tinykws.project.detector_settings import RECOGNIZE_COMMANDS, TEMPORAL_FILTER, DetectorRequest, DetectorSettings
from tinykws.project.labels import labels_of_words

LABELS = labels_of_words(["yes", "no"])
WORDS = ("yes", "no")
DETECTOR = DetectorSettings(500, 200, 750, 2)
COMMANDS = DetectorRequest(kind=RECOGNIZE_COMMANDS, average_window_ms=500)
HOURS = 0.5


def stream(name: str, peaks: list[tuple[int, int, int]], hours: float, *, said: bool) -> ScoredStream:
    """A stream that is silence but for plateaus of 600 ms: (time in ms, label, height 0 to 255)."""
    times = np.arange(100, int(hours * MS_PER_HOUR), 100, dtype=np.uint32)
    scores = np.full((len(times), 4), -128, np.int8)
    scores[:, 0] = 127
    for time_ms, label, height in peaks:
        scores[time_ms // 100 : time_ms // 100 + 6, [0, label]] = (-128, height - 128)
    events = tuple(Event(time - 100, time + 400, WORDS[label - 2]) for time, label, _ in peaks) if said else ()
    return ScoredStream(name, int(hours * MS_PER_HOUR), events, times, scores)


def material(
    *, positive_heights: list[int], false_heights: dict[int, list[int]], hours: float = HOURS
) -> ScoredStreamSet:
    """Words of both kinds with these heights, and false peaks by label."""
    said = [(3000 * (at + 1), 2 + at % 2, height) for at, height in enumerate(positive_heights)]
    false = [(label, height) for label, heights in false_heights.items() for height in heights]
    heard = [(5000 * (at + 1), label, height) for at, (label, height) in enumerate(false)]
    words = stream("quiet", said, (3 * len(said) + 6) / 3600, said=True)
    return ScoredStreamSet((words,), (stream("talk", heard, hours, said=False),), ())


@pytest.fixture(scope="module")
def figures() -> StreamMeasure:
    made = material(positive_heights=[190, 210, 230, 250], false_heights={2: [205, 215, 240], 3: [180]})
    return measure(made, DETECTOR, LABELS)


def test_the_deployed_detector(figures: StreamMeasure) -> None:
    deployed = figures.deployed
    assert deployed.thresholds == (200, 200)
    assert (deployed.recall.found, deployed.recall.utterances) == (3, 4)
    assert (deployed.rate.false_accepts, deployed.rate.hours, deployed.rate.per_hour) == (3, HOURS, 6)
    yes, no = deployed.words
    assert (yes.recall.found, yes.recall.utterances, yes.rate.false_accepts) == (1, 2, 3)
    assert (no.recall.found, no.recall.utterances, no.rate.false_accepts) == (2, 2, 0)
    assert deployed.recall.low is not None
    assert deployed.recall.low < 0.75 < (deployed.recall.high or 0)
    # Heard once the average of 6 scores, at most, is above 200 of a plateau that ends 200 ms after the word.
    assert -100 <= (deployed.recall.latency_median_ms or 0) <= 200
    assert figures.scenes[0].name == "quiet"
    assert figures.negatives[0].false_accepts == 3


def test_the_curve_goes_from_careful_to_eager(figures: StreamMeasure) -> None:
    assert [point.rate.false_accepts for point in figures.curve] == [0, 1, 2, 3, 4]
    assert [point.recall.found for point in figures.curve] == [1, 2, 3, 4, 4]
    none, one = figures.best_at(1.9), figures.best_at(2)
    assert none is not None
    assert one is not None
    assert (none.recall.found, one.recall.found) == (1, 2)
    assert all(point.rate.per_hour <= 30 for point in figures.curve)


def test_a_curve_that_begins_above_the_rate_has_no_point_there() -> None:
    made = material(positive_heights=[250], false_heights={2: [255] * 5}, hours=1)
    weak = dataclasses.replace(DETECTOR, minimum_count=1)
    assert measure(made, weak, LABELS).best_at(-1) is None


def test_thresholds_move_together_within_bounds() -> None:
    own = dataclasses.replace(DETECTOR, word_thresholds=(100, 250))
    assert with_moved_thresholds(own, 20, 4).thresholds(4) == (220, 220, 120, 255)
    assert with_moved_thresholds(own, -230, 4).thresholds(4) == (0, 0, 0, 20)


def test_detections_are_the_detectors_own() -> None:
    made = material(positive_heights=[250, 250], false_heights={}).words[0]
    detector = Detector(DETECTOR, 4)
    steps = [detector.step(row, int(time)) for row, time in zip(made.scores, made.times_ms, strict=True)]
    expected = [(one.time_ms, WORDS[one.label_index - 2]) for one in steps if one is not None]
    assert [(one.time_ms, one.label) for one in detections(made, DETECTOR, WORDS)] == expected
    assert len(expected) == 2


def counts_of(heights: list[int]) -> np.ndarray:
    return np.array([sum(height > threshold for height in heights) for threshold in range(LOWEST, HIGHEST + 1)])


def test_what_can_be_counted_is_counted() -> None:
    heights = list(range(150, 250))
    threshold, expected = counted_threshold(counts_of(heights), hours=20, wanted_per_hour=0.5)
    assert (threshold, expected) == (239, 0.5)


def test_without_false_peaks_the_lowest_will_do() -> None:
    assert counted_threshold(counts_of([]), 1, 0.5) == (LOWEST, 0.0)


def test_too_many_peaks_at_the_top() -> None:
    threshold, expected = counted_threshold(counts_of([255] * 30), 1, 0.5)
    assert threshold == HIGHEST
    assert expected == 30


def test_tuning_keeps_to_the_rate_and_finds_what_can_be_found() -> None:
    heights = {2: list(range(120, 220, 2)), 3: list(range(120, 180, 2))}
    made = material(positive_heights=[235] * 20, false_heights=heights, hours=1)
    tuning = tune_detector(made, LABELS, dataclasses.replace(COMMANDS, false_accepts_per_hour=20))
    assert tuning.is_reached
    assert tuning.point.recall.share == 1.0
    assert tuning.point.rate.per_hour <= 20
    yes, no = tuning.detector.thresholds(4)[2:]
    assert yes > no


@pytest.mark.slow
def test_what_is_given_is_kept() -> None:
    made = material(positive_heights=[235] * 4, false_heights={2: [150] * 9})
    wishes = dataclasses.replace(COMMANDS, average_window_ms=400, suppression_ms=900, minimum_count=3)
    detector = tune_detector(made, LABELS, wishes).detector
    assert (detector.kind, detector.average_window_ms, detector.minimum_count) == (RECOGNIZE_COMMANDS, 400, 3)
    assert detector.suppression_ms == 900
    filtered = tune_detector(made, LABELS, DetectorRequest(suppression_ms=900)).detector
    assert (filtered.kind, filtered.suppression_ms, filtered.taps) == (TEMPORAL_FILTER, 900, 25)


def test_a_rate_that_would_cost_most_words_is_not_reached() -> None:
    made = material(positive_heights=[240] * 20, false_heights={2: list(range(130, 238, 4))}, hours=1)
    tuning = tune_detector(made, LABELS, COMMANDS)
    assert not tuning.is_reached
    assert tuning.point.recall.found == 20
    assert not tuning.is_sure


def test_one_loud_accident_does_not_cost_all_words() -> None:
    """It is louder than any word: the wanted rate would leave none, twice the rate leaves all."""
    made = material(positive_heights=[230] * 20, false_heights={2: [250, *range(130, 150, 4)]}, hours=1)
    tuning = tune_detector(made, LABELS, COMMANDS)
    assert not tuning.is_reached
    assert tuning.point.recall.found == 20
    assert tuning.point.rate.false_accepts == 1


@pytest.mark.slow
def test_a_long_quiet_is_sure() -> None:
    made = material(positive_heights=[200] * 4, false_heights={}, hours=1)
    tuning = tune_detector(made, LABELS, dataclasses.replace(COMMANDS, false_accepts_per_hour=4))
    assert tuning.is_reached
    assert tuning.is_sure
    assert not tune_detector(made, LABELS, dataclasses.replace(COMMANDS, false_accepts_per_hour=3)).is_sure


@pytest.mark.parametrize("kind", [RECOGNIZE_COMMANDS, TEMPORAL_FILTER])
def test_a_wake_word_is_detected_soon(kind: str) -> None:
    """Talk has the word in mid-sentence, so waiting for the pause after it would help; 300 ms are the limit."""
    made = one_word(positive_heights=[230] * 12, false_heights={2: [200] * 6, 1: [250] * 20})
    wishes = DetectorRequest(kind=kind, false_accepts_per_hour=20)
    quick = tune_detector(made, labels_of_words(["yes"]), wishes)
    assert quick.most_latency_ms == 300
    assert quick.is_quick
    assert quick.point.recall.share == 1.0
    assert quick.point.recall.latency_median_ms is not None
    assert quick.point.recall.latency_median_ms <= 300
    given = tune_detector(made, labels_of_words(["yes"]), dataclasses.replace(wishes, most_latency_ms=0))
    assert given.most_latency_ms == 0, "if none is quick enough, the quickest"
    assert given.point.recall.latency_median_ms is not None
    assert given.point.recall.latency_median_ms <= quick.point.recall.latency_median_ms


def one_word(*, positive_heights: list[int], false_heights: dict[int, list[int]]) -> ScoredStreamSet:
    """The streams of material() for a model of one word."""
    said = [(3000 * (at + 1), 2, height) for at, height in enumerate(positive_heights)]
    false = [(label, height) for label, heights in false_heights.items() for height in heights]
    heard = [(5000 * (at + 1), label, height) for at, (label, height) in enumerate(false)]
    words = stream("quiet", said, (3 * len(said) + 6) / 3600, said=True)
    talk = stream("talk", heard, 0.1, said=False)
    three = [dataclasses.replace(one, scores=np.ascontiguousarray(one.scores[:, :3])) for one in (words, talk)]
    return ScoredStreamSet((three[0],), (three[1],), ())
