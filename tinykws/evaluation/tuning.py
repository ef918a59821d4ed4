# SPDX-License-Identifier: Apache-2.0
"""Chooses the detector to deploy: the settings with the highest recall at a wanted rate of false accepts.

The difficulty is to choose thresholds: half an hour of speech without a false accept does not distinguish a good
detector from one with two false accepts per hour. So a rate that is too low to be counted is extrapolated from lower,
more frequent peaks of the scores (score_peaks.py). Then it does not depend on one sound, and holds on speech of other
kinds too.

A detector may also not take too long: of those that are quick enough, measured on the clips, the one with the highest
recall is chosen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.confidence_intervals import hours_without_events_to_prove
from tinykws.evaluation.score_peaks import bits_of_threshold, find_peaks
from tinykws.evaluation.stream_measure import (
    CurvePoint,
    Recall,
    ScoredStreamSet,
    deployed_point,
    recall_of,
    score_detector,
)
from tinykws.evaluation.temporal_filter_fit import fit_temporal_filter
from tinykws.evaluation.timeline import GRACE_MS, MS_PER_HOUR, StreamScore
from tinykws.project.detector_settings import RECOGNIZE_COMMANDS, DetectorRequest, DetectorSettings
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.support.progress import SILENT, Progress

SMOOTHING_WINDOWS_MS = (400, 500, 700, 900)
"""Smoothing windows that are tried for recognize_commands …"""
QUICK_WINDOWS_MS = (100, 200, 300)
"""… and these as well if the latency is limited: a word is detected about half of a window later."""
SUPPRESSIONS_MS = (500, 750, 1000, 1500)
"""Shortest first: it wins among equals, since it detects words in quick succession."""
LOWEST, HIGHEST = 128, 254
"""Range of thresholds: below, a word is less likely than everything else together; no score is above."""
ROUNDING = 1.001
"""Tolerance on an expected rate for rounding errors."""
COUNTABLE = 5.0
"""From this many false accepts on, the rate is counted and not extrapolated."""


Counts = npt.NDArray[np.int64]
_Choice = tuple[DetectorSettings, float]
"""A detector and its expected false accepts per hour."""


@dataclasses.dataclass(frozen=True)
class _Trial:
    """A detector that was tried on the streams with words."""

    settings: DetectorSettings
    expected_per_hour: float
    net_hits: int
    """Words found minus false accepts and confusions."""
    latency_ms: float
    """In the median; infinite if it found nothing."""


@dataclasses.dataclass(frozen=True)
class Tuning:
    """The chosen detector, and its measurements on the streams that it was chosen on."""

    detector: DetectorSettings
    wanted_per_hour: float
    expected_per_hour: float
    """Counted or extrapolated; higher than the wanted rate if that cannot be reached."""
    point: CurvePoint
    hours_wanted: float
    """Hours of negatives without a false accept that would prove the wanted rate."""
    tried: int
    """Detectors compared."""
    scenes: tuple[Recall, ...] = ()
    """Recall in each scene; empty in reports of older versions."""
    most_latency_ms: int | None = None
    """The longest median latency that was allowed; None: any, and in reports of older versions."""

    @property
    def is_reached(self) -> bool:
        """Whether the expected rate is not higher than the wanted one."""
        return self.expected_per_hour <= self.wanted_per_hour * ROUNDING

    @property
    def is_quick(self) -> bool:
        """Whether the median latency is not longer than allowed."""
        latency_ms = self.point.recall.latency_median_ms
        return self.most_latency_ms is None or latency_ms is None or latency_ms <= self.most_latency_ms

    @property
    def is_sure(self) -> bool:
        """Whether the confidence interval of the counted rate is below the wanted rate."""
        return self.point.rate.high <= self.wanted_per_hour


def tune_detector(
    scored: ScoredStreamSet, labels: Sequence[Label], wishes: DetectorRequest, progress: Progress = SILENT
) -> Tuning:
    """Chooses the detector; settings that `wishes` specifies are kept.

    Args:
        scored: streams of validation clips, and negatives that are not used for evaluation.
        labels: the model's labels.
        wishes: kind, wanted rate, and settings that are fixed.
    """
    words = tuple(label.name for label in labels[FIRST_WORD:])
    most_latency_ms = wishes.latency_limit_ms(len(words))
    candidates = list(_candidates(scored, words, wishes, most_latency_ms))
    trials = [
        _tried(scored, choice, words)
        for settings in progress.track(candidates, "trying detectors")
        for choice in _with_thresholds(scored, settings, words, wishes.false_accepts_per_hour)
    ]
    chosen = _best(_quick_enough(trials, most_latency_ms), wishes.false_accepts_per_hour)
    best = chosen.settings
    if wishes.suppression_ms is None:
        quicker = [dataclasses.replace(best, suppression_ms=ms) for ms in SUPPRESSIONS_MS]
        best = max(quicker, key=lambda settings: _net_hits(scored, settings, words))
    positives = score_detector(scored.words, best, words)
    return Tuning(
        scenes=tuple(recall_of(stream.name, [score]) for stream, score in zip(scored.words, positives, strict=True)),
        detector=best,
        wanted_per_hour=wishes.false_accepts_per_hour,
        expected_per_hour=chosen.expected_per_hour,
        point=deployed_point(scored, best, words),
        hours_wanted=hours_without_events_to_prove(wishes.false_accepts_per_hour),
        tried=len(candidates) + (len(SUPPRESSIONS_MS) if wishes.suppression_ms is None else 0),
        most_latency_ms=most_latency_ms,
    )


def _candidates(
    scored: ScoredStreamSet, words: Sequence[str], wishes: DetectorRequest, most_latency_ms: int | None
) -> Iterator[DetectorSettings]:
    stride_ms = wishes.inference_stride_ms
    if wishes.kind != RECOGNIZE_COMMANDS:
        negatives = (*scored.negatives, *scored.others)
        limits = (GRACE_MS,) if most_latency_ms is None else (GRACE_MS, most_latency_ms, most_latency_ms // 2)
        for latest_ms in limits:
            fitted = fit_temporal_filter(scored.words, negatives, words, stride_ms, latest_ms=latest_ms)
            yield dataclasses.replace(fitted, **wishes.given)
        return
    windows = SMOOTHING_WINDOWS_MS if most_latency_ms is None else (*QUICK_WINDOWS_MS, *SMOOTHING_WINDOWS_MS)
    for window_ms in sorted({max(window_ms, stride_ms) for window_ms in windows}):
        scores = window_ms // stride_ms
        settings = dataclasses.replace(wishes.defaults, average_window_ms=window_ms, minimum_count=max(1, scores // 2))
        yield dataclasses.replace(settings, **wishes.given)


def _tried(scored: ScoredStreamSet, choice: _Choice, words: Sequence[str]) -> _Trial:
    scores = score_detector(scored.words, choice[0], words)
    latency_ms = recall_of("all", scores).latency_median_ms
    return _Trial(*choice, _net_hits_of(scores), float("inf") if latency_ms is None else latency_ms)


def _quick_enough(trials: Sequence[_Trial], most_latency_ms: int | None) -> Sequence[_Trial]:
    """Returns the detectors that are quick enough; if that costs over half of the words, up to the quickest useful."""
    most = float("inf") if most_latency_ms is None else most_latency_ms
    quickest = min(trial.latency_ms for trial in _useful(trials))
    return [trial for trial in trials if trial.latency_ms <= max(most, quickest)]


def _useful(trials: Sequence[_Trial]) -> list[_Trial]:
    """Returns those that find at least half of what the best one finds.

    If every one has more false accepts than hits, those that tie for the best are returned.
    """
    most = max(trial.net_hits for trial in trials)
    return [trial for trial in trials if trial.net_hits >= min(most, most / 2)]


def _best(trials: Sequence[_Trial], wanted_per_hour: float) -> _Trial:
    """Returns the best trial that keeps the rate; if that costs over half of the words, the lowest rate."""
    useful = _useful(trials)
    keeping = [trial for trial in useful if trial.expected_per_hour <= wanted_per_hour * ROUNDING]
    if keeping:
        return max(keeping, key=lambda trial: trial.net_hits)
    return min(useful, key=lambda trial: (trial.expected_per_hour, -trial.net_hits))


def _with_thresholds(
    scored: ScoredStreamSet, settings: DetectorSettings, words: Sequence[str], wanted_per_hour: float
) -> Iterator[_Choice]:
    """Yields the settings with thresholds that may keep the rate, and their expected rate.

    With enough negatives, each word gets its own threshold and an equal share of the rate. Otherwise all words share
    one threshold, because the peaks of all words together give a better estimate.
    """
    hours = sum(stream.duration_ms for stream in scored.negatives) / MS_PER_HOUR
    share = wanted_per_hour / len(words)
    if share * hours >= COUNTABLE:
        counts = _counts(scored, settings, words, enough=wanted_per_hour * hours)
        chosen = [counted_threshold(counts[:, at], hours, share) for at in range(len(words))]
        thresholds = tuple(threshold for threshold, _ in chosen)
        tuned = dataclasses.replace(settings, threshold=min(thresholds), word_thresholds=thresholds)
        yield tuned, sum(rate for _, rate in chosen)
        return
    rates = _expected_rates(scored, settings, words)
    for threshold in _strictest_first(rates, wanted_per_hour):
        yield dataclasses.replace(settings, threshold=threshold), float(rates[threshold - LOWEST])


def _strictest_first(rates: npt.NDArray[np.float64], wanted_per_hour: float) -> list[int]:
    """Returns the thresholds for the wanted rate, and for twice as high ones in case it costs most of the recall."""
    found: list[int] = []
    per_hour = wanted_per_hour
    while not found or found[-1] > LOWEST:
        low_enough = np.flatnonzero(rates <= per_hour)
        threshold = LOWEST + int(low_enough[0]) if low_enough.size else HIGHEST
        found += [threshold] if threshold not in found else []
        per_hour *= 2
    return found


def _expected_rates(
    scored: ScoredStreamSet, settings: DetectorSettings, words: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Returns float [thresholds from LOWEST to HIGHEST]: false accepts per hour that are expected above each."""
    peaks = find_peaks(scored.negatives, settings, words)
    thresholds = range(LOWEST, HIGHEST + 1)
    return np.array([peaks.expected_per_hour(bits_of_threshold(settings, threshold)) for threshold in thresholds])


def _counts(scored: ScoredStreamSet, settings: DetectorSettings, words: Sequence[str], enough: float) -> Counts:
    """Returns int [thresholds from LOWEST to HIGHEST, words]: false accepts at each threshold.

    Counting starts at the highest threshold and stops when every word has more than `enough` false accepts.
    """
    counts = np.zeros((HIGHEST - LOWEST + 1, len(words)), np.int64)
    for row in range(HIGHEST - LOWEST, -1, -1):
        lowered = dataclasses.replace(settings, threshold=LOWEST + row, word_thresholds=())
        for score in score_detector(scored.negatives, lowered, words):
            counts[row] += [word.false_accepts for word in score.words]
        if counts[row].min() > enough:
            counts[:row] = counts[row]
            break
    return counts


def counted_threshold(counts: Counts, hours: float, wanted_per_hour: float) -> tuple[int, float]:
    """Returns the lowest threshold whose counted rate is at most the wanted one, and its expected rate.

    Args:
        counts: int [HIGHEST - LOWEST + 1] false accepts at each threshold from LOWEST on.
        hours: length of the negatives.
        wanted_per_hour: the wanted rate.
    """
    falling = np.maximum.accumulate(counts[::-1])[::-1]
    few = np.flatnonzero(falling <= wanted_per_hour * hours)
    at = int(few[0]) if few.size else len(falling) - 1
    return LOWEST + at, float(falling[at]) / hours


def _net_hits(scored: ScoredStreamSet, settings: DetectorSettings, words: Sequence[str]) -> int:
    """Returns the words found minus false accepts and confusions, in streams with words and without."""
    return _net_hits_of(score_detector((*scored.words, *scored.negatives), settings, words))


def _net_hits_of(scores: Sequence[StreamScore]) -> int:
    return sum(score.found - score.false_accepts - score.confused for score in scores)
