# SPDX-License-Identifier: Apache-2.0
"""How often sound without words exceeds a threshold, also if the threshold is too high to be exceeded in it.

A detector's scores are smoothed or filtered; the highest of each interval is a peak. In bits of log-odds, the number of
peaks above a height falls about exponentially with the height, and lower, more frequent peaks show how fast ("peaks
over threshold", as hydrologists estimate rare floods; J. Pickands, "Statistical inference using extreme order
statistics", 1975).

How many peaks the estimate takes decides how far it can be trusted on speech of other kinds than that at hand. With
few, half an hour without a loud peak promises a rate that other speech exceeds ten times; docs/explanation/measuring.md
has the figures.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.evaluation.temporal_filter_fit import log_odds_features
from tinykws.evaluation.timeline import GRACE_MS, MS_PER_HOUR
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import TEMPORAL_FILTER, DetectorSettings
from tinykws.project.labels import FIRST_WORD
from tinykws.training_data.folders import SILENCE_INDEX, UNKNOWN_INDEX

SPACING_MS = 1500
"""Length of the intervals, as long as a detector usually stays silent after a detection."""
TAIL = 60
"""Number of peaks from which a rate is extrapolated."""
LOWEST_BITS = -6.0
"""Lower peaks are not used: scores of 0 have no height."""
PRIOR_BITS, PRIOR_PEAKS = 1.0, 2
"""The estimate of the fall begins with so many peaks of this mean height, for sound that has hardly any."""
SCORE_STEPS_PER_BIT = temporal_filter.SCORE_STEPS * math.log(2)

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Peaks:
    """The peaks of streams without words."""

    bits: Floats
    """[n], the highest first."""
    hours: float

    def expected_per_hour(self, bits: float) -> float:
        """Returns how many peaks an hour are expected above a height: counted where there are TAIL, else extrapolated.

        The number above the lowest peak of the tail is a Poisson count, so one is added to it.
        """
        base, mean = self._tail
        if bits <= base:
            return float(np.sum(self.bits > bits)) / self.hours
        return float(np.sum(self.bits > base) + 1) * math.exp(-(bits - base) / mean) / self.hours

    def height_at(self, per_hour: float) -> float:
        """Returns the height in bits above which this many peaks an hour are expected."""
        base, mean = self._tail
        height = base + mean * math.log((float(np.sum(self.bits > base)) + 1) / (per_hour * self.hours))
        if height >= base or not len(self.bits):
            return height
        return float(self.bits[min(int(per_hour * self.hours), len(self.bits) - 1)])

    @property
    def _tail(self) -> tuple[float, float]:
        """The height at which the tail begins, and the mean height of its peaks above that, in bits."""
        base = max(LOWEST_BITS, float(self.bits[min(TAIL, len(self.bits) - 1)])) if len(self.bits) else LOWEST_BITS
        excess = self.bits[self.bits > base] - base
        return base, float(excess.sum() + PRIOR_BITS * PRIOR_PEAKS) / (len(excess) + PRIOR_PEAKS)


def find_peaks(streams: Iterable[ScoredStream], settings: DetectorSettings, words: Sequence[str]) -> Peaks:
    """Returns the peaks of a detector's scores, the highest of all words, outside of the words in the streams.

    Args:
        streams: scored streams without words, or with few.
        settings: the detector; its thresholds do not matter.
        words: labels of the words, in the model's order.
    """
    found, length_ms = [np.zeros(0)], 0
    per_interval = max(1, SPACING_MS // settings.inference_stride_ms)
    for stream in streams:
        heights = _heights(stream, settings, len(words))
        heights[_not_counted(stream)] = -np.inf
        intervals = np.arange(0, len(heights), per_interval)
        found.append(np.maximum.reduceat(heights, intervals) if len(heights) else heights)
        length_ms += stream.duration_ms
    return Peaks(np.sort(np.concatenate(found))[::-1], length_ms / MS_PER_HOUR)


def bits_of_threshold(settings: DetectorSettings, threshold: int) -> float:
    """Returns the height that a score must exceed."""
    return float(_bits_of_scores(np.array([threshold], np.float64), settings)[0])


def _bits_of_scores(scores: Floats, settings: DetectorSettings) -> Floats:
    """Returns log-odds in bits of the scores that thresholds are compared with."""
    if settings.kind == TEMPORAL_FILTER:
        return np.asarray((scores - temporal_filter.EVEN_ODDS) / SCORE_STEPS_PER_BIT)
    return np.asarray(np.log2(scores + 1) - np.log2(256 - scores))


def _not_counted(stream: ScoredStream) -> npt.NDArray[np.bool_]:
    """Returns bool [n]: inferences in the lead-in, and those at which a word may be detected."""
    not_counted = stream.times_ms < stream.lead_in_ms
    for event in stream.events:
        not_counted |= (stream.times_ms >= event.start_ms) & (stream.times_ms <= event.end_ms + GRACE_MS)
    return np.asarray(not_counted, np.bool_)


def _heights(stream: ScoredStream, settings: DetectorSettings, n_words: int) -> Floats:
    """Returns float [n]: the highest smoothed or filtered score of all words at each inference, in bits."""
    scores = _filtered(stream, settings) if settings.kind == TEMPORAL_FILTER else _averages(stream, settings)
    return _bits_of_scores(scores[:, FIRST_WORD : FIRST_WORD + n_words].max(axis=1), settings)


def _averages(stream: ScoredStream, settings: DetectorSettings) -> Floats:
    """Returns float [n, n_labels]: the average of each label's scores over the smoothing window, 0 to 255."""
    length = max(1, settings.average_window_ms // settings.inference_stride_ms)
    sums = np.cumsum(stream.scores.astype(np.int64) + 128, axis=0)
    sums[length:] -= sums[:-length].copy()
    counts = np.minimum(np.arange(1, len(sums) + 1), length)
    return np.asarray(sums / counts[:, None], np.float64)


def _filtered(stream: ScoredStream, settings: DetectorSettings) -> Floats:
    """Returns float [n, n_labels]: the temporal filter's score of each label, not limited to 0 to 255."""
    stride_ms = settings.inference_stride_ms
    of_age = temporal_filter.ages(stride_ms)
    counts = np.array([of_age.count(age) for age in range(temporal_filter.N_AGES)])
    sums = log_odds_features(stream.scores, stride_ms) * counts * temporal_filter.EVIDENCE_STEPS
    shape = (len(temporal_filter.ROLES), len(temporal_filter.SIDES), temporal_filter.N_AGES)
    word, silence, unknown = np.asarray(settings.filter_weights, np.float64).reshape(shape)
    around = np.sum(sums[:, SILENCE_INDEX] * silence + sums[:, UNKNOWN_INDEX] * unknown, axis=(1, 2))
    of_label = np.sum(sums * word, axis=(2, 3)) + around[:, None]
    return np.asarray((settings.filter_bias + of_label) / 2**settings.filter_shift, np.float64)
