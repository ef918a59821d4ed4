# SPDX-License-Identifier: Apache-2.0
"""The temporal filter's weights: learned from how scores go when a word is said, and when something else is.

By logistic regression. When in the time that counts as found a word is surest is not known beforehand, nor which
moments of other speech are the hardest: both are looked up with the weights of the round before (multiple-instance
learning; Andrews et al. 2002), a few times. Moments that were the hardest once stay: else rounds go to and fro.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.stream_scores import ScoredStream
from tinykws.evaluation.timeline import GRACE_MS, Event
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import DetectorSettings, temporal_filter_settings
from tinykws.project.labels import FIRST_WORD
from tinykws.training_data.folders import SILENCE_INDEX, UNKNOWN_INDEX

ROUNDS = 4
APART_MS = 1500
"""Of other speech the hardest moment counts in each stretch of this length …"""
HARDEST = 600
"""… and of these, so many of each stream and word."""
WORD_BEFORE_SILENCE = slice(1, 5)
"""Before the first round: the surest moment is when the word was likely at these ages, and now there is silence."""
PENALTY = 0.02
"""On the squares of weights for a bit of evidence: where the data do not say, as of ages at which there hardly ever is
any, a weight is small."""
NEWTON_STEPS = 30
SMALL_STEP = 1e-6
SHAPE = (len(temporal_filter.ROLES), len(temporal_filter.SIDES), temporal_filter.N_AGES)
"""Of the weights."""

Floats = npt.NDArray[np.float64]


def fit_filter(
    said: Sequence[ScoredStream], unsaid: Sequence[ScoredStream], words: Sequence[str], inference_stride_ms: int
) -> DetectorSettings:
    """Returns a temporal filter that tells what is said from what is not; all words share its weights.

    Args:
        said: streams with words.
        unsaid: streams without.
        words: labels, in the model's order.
        inference_stride_ms: time from one inference to the next.
    """
    seen = [_Seen(stream, evidence_by_age(stream.scores, inference_stride_ms)) for stream in said]
    others = [_Seen(stream, evidence_by_age(stream.scores, inference_stride_ms)) for stream in unsaid]
    weights = _first_guess()
    bias = 0.0
    negative: list[Floats] = []
    for _ in range(ROUNDS):
        positive = np.concatenate([list(_surest(each, weights, words)) for each in seen])
        negative += [_hardest(each, weights, inference_stride_ms) for each in others]
        weights, bias = logistic_regression(positive, np.concatenate(negative))
    return temporal_filter_settings([role.tolist() for role in weights.reshape(SHAPE)], bias, inference_stride_ms)


def evidence(scores: npt.NDArray[np.int8]) -> Floats:
    """Returns float [...] of int8 [...]: the logarithm of each score's odds, in bits, -8 to 8."""
    steps = scores.astype(np.float64) + 128
    return np.asarray(np.log2(steps + 1) - np.log2(256 - steps), np.float64)


def evidence_by_age(scores: npt.NDArray[np.int8], inference_stride_ms: int) -> Floats:
    """Returns float [n, n_labels, SIDES, N_AGES] of int8 [n, n_labels]: mean evidence, in bits, at each moment.

    Before the first score there was silence.
    """
    of_age = np.asarray(temporal_filter.ages(inference_stride_ms))
    before = np.full((len(of_age), scores.shape[1]), -128, np.int8)
    before[:, SILENCE_INDEX] = 127
    heard = evidence(np.concatenate([before, scores]))
    sums = np.cumsum(np.stack([np.minimum(heard, 0), np.maximum(heard, 0)], axis=2), axis=0)
    ends = np.arange(len(of_age), len(of_age) + len(scores))
    means = np.zeros((*scores.shape, len(temporal_filter.SIDES), temporal_filter.N_AGES))
    for age in np.unique(of_age):
        newest, oldest = np.flatnonzero(of_age == age)[[0, -1]]
        means[..., age] = (sums[ends - newest] - sums[ends - oldest - 1]) / (oldest - newest + 1)
    return means


def logistic_regression(positive: Floats, negative: Floats, penalty: float = PENALTY) -> tuple[Floats, float]:
    """Returns weights [k] and bias of the logarithm of the odds; both kinds, float [n, k], count the same in all."""
    inputs = np.concatenate([positive, negative])
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + SMALL_STEP
    design = np.column_stack([np.ones(len(inputs)), (inputs - mean) / spread])
    truth = np.repeat([1.0, 0.0], [len(positive), len(negative)])
    counts = np.repeat([1 / len(positive), 1 / len(negative)], [len(positive), len(negative)])
    penalties = np.concatenate([[SMALL_STEP], 2 * penalty / spread**2])
    solution = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        gradient = design.T @ (counts * (chance - truth)) + penalties * solution
        curvature = (design * (counts * chance * (1 - chance))[:, None]).T @ design + np.diag(penalties)
        step = np.linalg.solve(curvature, gradient)
        solution -= step
        if np.abs(step).max() < SMALL_STEP:
            break
    weights = solution[1:] / spread
    return weights, float(solution[0] - weights @ mean)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """A stream as the filter sees it."""

    stream: ScoredStream
    evidence: Floats
    """[n, n_labels, SIDES, N_AGES]."""

    def of(self, label: int) -> Floats:
        """Returns float [n, k], the filter's inputs for a label, as many as SHAPE has."""
        return self.evidence[:, [label, SILENCE_INDEX, UNKNOWN_INDEX]].reshape(len(self.evidence), -1)

    def moments(self, event: Event) -> slice:
        """Returns the inferences at which an event's word would count as found."""
        first, end = np.searchsorted(self.stream.times_ms, [event.start_ms, event.end_ms + GRACE_MS + 1])
        return slice(int(first), int(end))


def _first_guess() -> Floats:
    guess = np.zeros(SHAPE)
    guess[0, :, WORD_BEFORE_SILENCE] = 1
    guess[1, :, 0] = 2
    return guess.ravel()


def _surest(seen: _Seen, weights: Floats, words: Sequence[str]) -> Iterator[Floats]:
    """Yields each word's inputs at the moment, of those at which it would be found, that the filter is surest of."""
    inputs = {word: seen.of(FIRST_WORD + at) for at, word in enumerate(words)}
    for event in seen.stream.events:
        moments = inputs[event.label][seen.moments(event)]
        if len(moments):
            yield moments[np.argmax(moments @ weights)]


def _hardest(seen: _Seen, weights: Floats, inference_stride_ms: int) -> Floats:
    """Returns float [m, …], the inputs of each word at the hardest moments, but where a word was said after all."""
    length = max(1, APART_MS // inference_stride_ms)
    unsaid = np.ones(len(seen.evidence), np.bool_)
    for event in seen.stream.events:
        unsaid[seen.moments(event)] = False
    found = []
    for label in range(FIRST_WORD, seen.evidence.shape[1]):
        inputs = seen.of(label)[unsaid]
        sums = inputs @ weights
        starts = np.arange(0, len(sums), length)
        moments = np.array([start + int(np.argmax(sums[start : start + length])) for start in starts], np.int64)
        found.append(inputs[moments[np.argsort(-sums[moments], kind="stable")[:HARDEST]]])
    return np.concatenate(found)
