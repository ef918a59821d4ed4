# SPDX-License-Identifier: Apache-2.0
"""Which detector to deploy: the settings of the highest recall that keep to a wanted rate of false accepts.

Thresholds are where the trouble is: half an hour of speech in which a good detector errs not once does not tell it from
one that errs twice an hour. So where a rate is too low to be counted, it is extrapolated: how often what a threshold is
put to is high falls off about exponentially with the height, and how fast it falls can be seen in lower, more frequent
peaks ("peaks over threshold", as floods are reckoned from the years without).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.confidence_intervals import hours_to_show
from tinykws.evaluation.stream_measure import CurvePoint, ScoredMaterial, deployed_point, hear
from tinykws.evaluation.temporal_filter_fit import fit_filter
from tinykws.evaluation.timeline import MS_PER_HOUR
from tinykws.project.detector_settings import RECOGNIZE_COMMANDS, DetectorRequest, DetectorSettings
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.support.progress import SILENT, Progress

WINDOWS_MS = (400, 500, 700, 900)
"""Averaging windows of recognize_commands."""
SUPPRESSIONS_MS = (500, 750, 1000, 1500)
"""Shortest first: of equals that is the one that hears quick words."""
LOWEST, HIGHEST = 128, 254
"""Thresholds: below the one a word is no surer than all else together; above the other nothing is."""
ROUNDING = 1.001
"""A rate that is reckoned may miss the wanted one by so little."""
COUNTABLE = 5.0
"""Expected false accepts from which on they are counted and not extrapolated."""
TAIL = 10
"""Peaks from which a rate is extrapolated."""


Counts = npt.NDArray[np.int64]
_Choice = tuple[DetectorSettings, float]
"""A detector, and its expected false accepts per hour."""


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What was chosen, and how it does on what it was chosen on."""

    detector: DetectorSettings
    wanted_per_hour: float
    expected_per_hour: float
    """Counted or extrapolated; above what is wanted where that cannot be reached."""
    point: CurvePoint
    hours_wanted: float
    """Of negatives without a false accept, to be sure of the wanted rate."""
    tried: int
    """Detectors compared."""

    @property
    def is_reached(self) -> bool:
        """Whether the wanted rate is expected to be kept."""
        return self.expected_per_hour <= self.wanted_per_hour * ROUNDING

    @property
    def is_sure(self) -> bool:
        """Whether there were negatives enough to be sure of the rate, at 95 of 100, and not only to expect it."""
        return self.point.rate.high <= self.wanted_per_hour


def tune_detector(
    scored: ScoredMaterial, labels: Sequence[Label], wishes: DetectorRequest, progress: Progress = SILENT
) -> Tuning:
    """Chooses the detector; what `wishes` gives is kept.

    Args:
        scored: of validation clips and negatives that nothing is reported on.
        labels: the model's.
        wishes: kind, wanted rate, and what is not to be chosen.
    """
    words = tuple(label.name for label in labels[FIRST_WORD:])
    candidates = list(_candidates(scored, words, wishes))
    choices = [
        choice
        for settings in progress.track(candidates, "trying detectors")
        for choice in _with_thresholds(scored, settings, words, wishes.false_accepts_per_hour)
    ]
    best, expected = _best(choices, wishes.false_accepts_per_hour, lambda settings: _merit(scored, settings, words))
    if wishes.suppression_ms is None:
        quicker = [dataclasses.replace(best, suppression_ms=ms) for ms in SUPPRESSIONS_MS]
        best = max(quicker, key=lambda settings: _merit(scored, settings, words, negatives=True))
    return Tuning(
        detector=best,
        wanted_per_hour=wishes.false_accepts_per_hour,
        expected_per_hour=expected,
        point=deployed_point(scored, best, words),
        hours_wanted=hours_to_show(wishes.false_accepts_per_hour),
        tried=len(candidates) + (len(SUPPRESSIONS_MS) if wishes.suppression_ms is None else 0),
    )


def _candidates(scored: ScoredMaterial, words: Sequence[str], wishes: DetectorRequest) -> Iterator[DetectorSettings]:
    if wishes.kind != RECOGNIZE_COMMANDS:
        unsaid = (*scored.negatives, *scored.others)
        yield dataclasses.replace(fit_filter(scored.words, unsaid, words, wishes.inference_stride_ms), **wishes.given)
        return
    for window_ms in sorted({max(window_ms, wishes.inference_stride_ms) for window_ms in WINDOWS_MS}):
        scores = window_ms // wishes.inference_stride_ms
        settings = dataclasses.replace(wishes.defaults, average_window_ms=window_ms, minimum_count=max(1, scores // 2))
        yield dataclasses.replace(settings, **wishes.given)


def _best(choices: Sequence[_Choice], wanted_per_hour: float, merit: Callable[[DetectorSettings], int]) -> _Choice:
    """Returns the best of those that keep the rate; where that costs over half of the words, the most careful other."""
    merits = [merit(settings) for settings, _ in choices]
    useful = [at for at in range(len(choices)) if 2 * merits[at] >= max(merits)]
    keeping = [at for at in useful if choices[at][1] <= wanted_per_hour * ROUNDING]
    if keeping:
        return choices[max(keeping, key=lambda at: merits[at])]
    return choices[min(useful, key=lambda at: (choices[at][1], -merits[at]))]


def _with_thresholds(
    scored: ScoredMaterial, settings: DetectorSettings, words: Sequence[str], wanted_per_hour: float
) -> Iterator[_Choice]:
    """Yields the settings with thresholds that may keep to the rate, and the rate they are expected to have.

    Each word has its own threshold, and an even share of the rate, where there are negatives enough to count that;
    else all have one, for which the peaks of all words together tell more.
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
    yield _with_threshold(settings, reckoned_threshold(together, hours, wanted_per_hour))
    per_hour = wanted_per_hour
    while per_hour <= max(wanted_per_hour, TAIL / hours):  # one loud accident in few negatives must not cost all words
        yield _with_threshold(settings, counted_threshold(together, hours, per_hour))
        per_hour *= 2


def _with_threshold(settings: DetectorSettings, chosen: tuple[int, float]) -> _Choice:
    threshold, expected = chosen
    return dataclasses.replace(settings, threshold=threshold), expected


def _counts(scored: ScoredMaterial, settings: DetectorSettings, words: Sequence[str], enough: float) -> Counts:
    """Returns int [thresholds from LOWEST to HIGHEST, words]: false accepts at each threshold.

    They are counted from above, down to where all words have so many that no lower threshold would be chosen.
    """
    counts = np.zeros((HIGHEST - LOWEST + 1, len(words)), np.int64)
    for row in range(HIGHEST - LOWEST, -1, -1):
        moved = dataclasses.replace(settings, threshold=LOWEST + row, word_thresholds=())
        for score in hear(scored.negatives, moved, words):
            counts[row] += [word.false_accepts for word in score.words]
        if counts[row].min() > enough:
            counts[:row] = counts[row]
            break
    return counts


def counted_threshold(counts: Counts, hours: float, wanted_per_hour: float) -> tuple[int, float]:
    """Returns the lowest threshold that accepts no more than is wanted of what was heard, and the rate expected there.

    Args:
        counts: int [HIGHEST - LOWEST + 1] false accepts at each threshold from LOWEST on.
        hours: in which they were counted.
        wanted_per_hour: the rate.
    """
    falling = np.maximum.accumulate(counts[::-1])[::-1]
    few = np.flatnonzero(falling <= wanted_per_hour * hours)
    at = int(few[0]) if few.size else len(falling) - 1
    return LOWEST + at, _expected(falling, at) / hours


def reckoned_threshold(counts: Counts, hours: float, wanted_per_hour: float) -> tuple[int, float]:
    """Returns the lowest threshold at which a rate is expected to be kept, or HIGHEST, and the rate expected there.

    It accepts no more than wanted of what was heard, either. Arguments as for counted_threshold().
    """
    falling = np.maximum.accumulate(counts[::-1])[::-1]
    allowed = wanted_per_hour * hours
    kept = [at for at in range(len(falling)) if falling[at] <= allowed and _expected(falling, at) <= allowed]
    at = kept[0] if kept else len(falling) - 1
    return LOWEST + at, _expected(falling, at) / hours


def _expected(falling: Counts, at: int) -> float:
    """Returns how many false accepts are expected at a threshold: as many as counted, where those are many."""
    if falling[at] >= COUNTABLE or falling[0] == 0:
        return float(falling[at])
    first, fall = _tail(falling)
    return max(float(falling[at]), float(falling[first]) * math.exp(-fall * max(0, at - first)))


def _tail(falling: Counts) -> tuple[int, float]:
    """Returns from which threshold on there are TAIL peaks, and by what factor e^-fall their number falls a step.

    The likeliest fall, if heights are distributed geometrically.
    """
    first = int(np.flatnonzero(falling >= min(TAIL, falling[0]))[-1])
    mean_height = max(float(falling[first + 1 :].sum() / falling[first]), 1.0 / TAIL)
    return first, math.log1p(1 / mean_height)


def _merit(scored: ScoredMaterial, settings: DetectorSettings, words: Sequence[str], *, negatives: bool = False) -> int:
    """Words found, less those heard where there is none."""
    merit = sum(score.found - score.false_accepts - score.confused for score in hear(scored.words, settings, words))
    if negatives:
        merit -= sum(score.false_accepts for score in hear(scored.negatives, settings, words))
    return merit
