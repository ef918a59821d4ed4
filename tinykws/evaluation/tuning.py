# SPDX-License-Identifier: Apache-2.0
"""Chooses the detector to deploy: the settings with the highest recall at a wanted rate of false accepts.

The difficulty is to choose thresholds: half an hour of speech without a false accept does not distinguish a good
detector from one with two false accepts per hour. So a rate that is too low to be counted is extrapolated. The number
of peaks above a threshold falls about exponentially with the threshold, and lower, more frequent peaks show how fast
("peaks over threshold", as hydrologists estimate rare floods).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.confidence_intervals import hours_without_events_to_prove
from tinykws.evaluation.stream_measure import (
    CurvePoint,
    Recall,
    ScoredStreamSet,
    deployed_point,
    recall_of,
    score_detector,
)
from tinykws.evaluation.temporal_filter_fit import fit_temporal_filter
from tinykws.evaluation.timeline import MS_PER_HOUR
from tinykws.project.detector_settings import RECOGNIZE_COMMANDS, DetectorRequest, DetectorSettings
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.support.progress import SILENT, Progress

SMOOTHING_WINDOWS_MS = (400, 500, 700, 900)
"""Smoothing windows that are tried for recognize_commands."""
SUPPRESSIONS_MS = (500, 750, 1000, 1500)
"""Shortest first: it wins among equals, since it detects words in quick succession."""
LOWEST, HIGHEST = 128, 254
"""Range of thresholds: below, a word is less likely than everything else together; no score is above."""
ROUNDING = 1.001
"""Tolerance on an expected rate for rounding errors."""
COUNTABLE = 5.0
"""From this many false accepts on, the rate is counted and not extrapolated."""
TAIL = 10
"""Number of peaks from which a rate is extrapolated."""


Counts = npt.NDArray[np.int64]
_Choice = tuple[DetectorSettings, float]
"""A detector and its expected false accepts per hour."""


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

    @property
    def is_reached(self) -> bool:
        """Whether the expected rate is not higher than the wanted one."""
        return self.expected_per_hour <= self.wanted_per_hour * ROUNDING

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
    candidates = list(_candidates(scored, words, wishes))
    choices = [
        choice
        for settings in progress.track(candidates, "trying detectors")
        for choice in _with_thresholds(scored, settings, words, wishes.false_accepts_per_hour)
    ]
    best, expected = _best(choices, wishes.false_accepts_per_hour, lambda settings: _net_hits(scored, settings, words))
    if wishes.suppression_ms is None:
        quicker = [dataclasses.replace(best, suppression_ms=ms) for ms in SUPPRESSIONS_MS]
        best = max(quicker, key=lambda settings: _net_hits(scored, settings, words, negatives=True))
    positives = score_detector(scored.words, best, words)
    return Tuning(
        scenes=tuple(recall_of(stream.name, [score]) for stream, score in zip(scored.words, positives, strict=True)),
        detector=best,
        wanted_per_hour=wishes.false_accepts_per_hour,
        expected_per_hour=expected,
        point=deployed_point(scored, best, words),
        hours_wanted=hours_without_events_to_prove(wishes.false_accepts_per_hour),
        tried=len(candidates) + (len(SUPPRESSIONS_MS) if wishes.suppression_ms is None else 0),
    )


def _candidates(scored: ScoredStreamSet, words: Sequence[str], wishes: DetectorRequest) -> Iterator[DetectorSettings]:
    if wishes.kind != RECOGNIZE_COMMANDS:
        negatives = (*scored.negatives, *scored.others)
        yield dataclasses.replace(
            fit_temporal_filter(scored.words, negatives, words, wishes.inference_stride_ms), **wishes.given
        )
        return
    for window_ms in sorted({max(window_ms, wishes.inference_stride_ms) for window_ms in SMOOTHING_WINDOWS_MS}):
        scores = window_ms // wishes.inference_stride_ms
        settings = dataclasses.replace(wishes.defaults, average_window_ms=window_ms, minimum_count=max(1, scores // 2))
        yield dataclasses.replace(settings, **wishes.given)


def _best(choices: Sequence[_Choice], wanted_per_hour: float, net_hits: Callable[[DetectorSettings], int]) -> _Choice:
    """Returns the best choice that keeps the rate; if that costs over half of the words, the lowest rate.

    If every choice has more false accepts than hits, those that tie for the best are compared.
    """
    net_hits_of = [net_hits(settings) for settings, _ in choices]
    most = max(net_hits_of)
    useful = [at for at in range(len(choices)) if net_hits_of[at] >= min(most, most / 2)]
    keeping = [at for at in useful if choices[at][1] <= wanted_per_hour * ROUNDING]
    if keeping:
        return choices[max(keeping, key=lambda at: net_hits_of[at])]
    return choices[min(useful, key=lambda at: (choices[at][1], -net_hits_of[at]))]


def _with_thresholds(
    scored: ScoredStreamSet, settings: DetectorSettings, words: Sequence[str], wanted_per_hour: float
) -> Iterator[_Choice]:
    """Yields the settings with thresholds that may keep the rate, and their expected rate.

    With enough negatives, each word gets its own threshold and an equal share of the rate. Otherwise all words share
    one threshold, because the peaks of all words together give a better estimate.
    """
    hours = sum(stream.duration_ms for stream in scored.negatives) / MS_PER_HOUR
    share = wanted_per_hour / len(words)
    counts = _counts(scored, settings, words, enough=max(wanted_per_hour * hours, TAIL))
    if share * hours >= COUNTABLE:
        chosen = [counted_threshold(counts[:, at], hours, share) for at in range(len(words))]
        thresholds = tuple(threshold for threshold, _ in chosen)
        tuned = dataclasses.replace(settings, threshold=min(thresholds), word_thresholds=thresholds)
        yield tuned, sum(rate for _, rate in chosen)
        return
    together = counts.sum(axis=1)
    yield _with_threshold(settings, extrapolated_threshold(together, hours, wanted_per_hour))
    per_hour = wanted_per_hour
    # Higher rates are tried, too: a single loud sound in few negatives must not cost all recall.
    while per_hour <= max(wanted_per_hour, TAIL / hours):
        yield _with_threshold(settings, counted_threshold(together, hours, per_hour))
        per_hour *= 2


def _with_threshold(settings: DetectorSettings, chosen: tuple[int, float]) -> _Choice:
    threshold, expected = chosen
    return dataclasses.replace(settings, threshold=threshold), expected


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
    return LOWEST + at, _expected(falling, at) / hours


def extrapolated_threshold(counts: Counts, hours: float, wanted_per_hour: float) -> tuple[int, float]:
    """Returns the lowest threshold whose expected and counted rates are at most the wanted one, and its expected rate.

    If there is none, the threshold is HIGHEST. Arguments as for counted_threshold().
    """
    falling = np.maximum.accumulate(counts[::-1])[::-1]
    allowed = wanted_per_hour * hours
    kept = [at for at in range(len(falling)) if falling[at] <= allowed and _expected(falling, at) <= allowed]
    at = kept[0] if kept else len(falling) - 1
    return LOWEST + at, _expected(falling, at) / hours


def _expected(falling: Counts, at: int) -> float:
    """Returns the expected false accepts at a threshold: counted if there are many, else extrapolated."""
    if falling[at] >= COUNTABLE or falling[0] == 0:
        return float(falling[at])
    first, fall = _tail(falling)
    return max(float(falling[at]), float(falling[first]) * math.exp(-fall * max(0, at - first)))


def _tail(falling: Counts) -> tuple[int, float]:
    """Returns the highest threshold with TAIL peaks above it, and `fall`: the number falls by e^-fall per step.

    It is the maximum likelihood estimate for geometrically distributed heights.
    """
    first = int(np.flatnonzero(falling >= min(TAIL, falling[0]))[-1])
    mean_height = max(float(falling[first + 1 :].sum() / falling[first]), 1.0 / TAIL)
    return first, math.log1p(1 / mean_height)


def _net_hits(
    scored: ScoredStreamSet, settings: DetectorSettings, words: Sequence[str], *, negatives: bool = False
) -> int:
    """Returns the words found minus false accepts and confusions."""
    net_hits = sum(
        score.found - score.false_accepts - score.confused for score in score_detector(scored.words, settings, words)
    )
    if negatives:
        net_hits -= sum(score.false_accepts for score in score_detector(scored.negatives, settings, words))
    return net_hits
