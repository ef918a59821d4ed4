# SPDX-License-Identifier: Apache-2.0
"""Fits the weights of the temporal filter by logistic regression on the scores of streams with and without words.

The inputs are log-odds of the last few seconds of scores, averaged by age. It is not known in advance at which moment
of an utterance the filter should respond, nor which moments of other speech are the hardest negatives. So a few rounds
choose both with the weights of the round before (multiple-instance learning; Andrews et al. 2002). Hard negatives are
kept in all later rounds; otherwise the weights would oscillate.
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
NEGATIVE_SPACING_MS = 1500
"""The hardest moment of each interval of this length is a negative example …"""
MAX_NEGATIVES = 600
"""… up to this many for each stream and word, the hardest ones."""
WORD_BEFORE_SILENCE = slice(1, 5)
"""Ages of the word in the initial weights, which look for the word at these ages followed by silence."""
PENALTY = 0.02
"""L2 penalty on the weights (per bit of log-odds): keeps weights small at ages at which scores hardly vary."""
NEWTON_STEPS = 30
SMALL_STEP = 1e-6
WEIGHTS_SHAPE = (len(temporal_filter.ROLES), len(temporal_filter.SIDES), temporal_filter.N_AGES)
"""[roles, sides, ages], see tinykws/project/temporal_filter.py."""

Floats = npt.NDArray[np.float64]


def fit_temporal_filter(
    positives: Sequence[ScoredStream],
    negatives: Sequence[ScoredStream],
    words: Sequence[str],
    inference_stride_ms: int,
    latest_ms: int = GRACE_MS,
) -> DetectorSettings:
    """Returns a temporal filter that separates words from other sound; all words share its weights.

    Args:
        positives: scored streams with words.
        negatives: scored streams without words (or with few, which are skipped).
        words: labels, in the model's order.
        inference_stride_ms: time from one inference to the next.
        latest_ms: the filter learns to respond at most this long after a word's end; what comes later, such as the
            pause after a command, it cannot wait for.
    """
    with_words = [
        _StreamFeatures(stream, log_odds_features(stream.scores, inference_stride_ms)) for stream in positives
    ]
    without_words = [
        _StreamFeatures(stream, log_odds_features(stream.scores, inference_stride_ms)) for stream in negatives
    ]
    weights = _initial_weights()
    bias = 0.0
    negative_examples: list[Floats] = []
    for _ in range(ROUNDS):
        positive_examples = np.concatenate(
            [list(_positive_examples(each, weights, words, latest_ms)) for each in with_words]
        )
        negative_examples += [_hard_negative_examples(each, weights, inference_stride_ms) for each in without_words]
        weights, bias = logistic_regression(positive_examples, np.concatenate(negative_examples))
    return temporal_filter_settings(
        [role.tolist() for role in weights.reshape(WEIGHTS_SHAPE)], bias, inference_stride_ms
    )


def log_odds(scores: npt.NDArray[np.int8]) -> Floats:
    """Returns the log-odds of scores, float [...] for int8 [...]: log2 of p / (1 - p), -8 to 8 bits."""
    steps = scores.astype(np.float64) + 128
    return np.asarray(np.log2(steps + 1) - np.log2(256 - steps), np.float64)


def log_odds_features(scores: npt.NDArray[np.int8], inference_stride_ms: int) -> Floats:
    """Returns float [n, n_labels, SIDES, N_AGES] of int8 [n, n_labels]: mean log-odds in bits by age, at each moment.

    Negative and positive log-odds (SIDES) are averaged separately. Before the first score, silence is assumed.
    """
    of_age = np.asarray(temporal_filter.ages(inference_stride_ms))
    before = np.full((len(of_age), scores.shape[1]), -128, np.int8)
    before[:, SILENCE_INDEX] = 127
    heard = log_odds(np.concatenate([before, scores]))
    sums = np.cumsum(np.stack([np.minimum(heard, 0), np.maximum(heard, 0)], axis=2), axis=0)
    ends = np.arange(len(of_age), len(of_age) + len(scores))
    means = np.zeros((*scores.shape, len(temporal_filter.SIDES), temporal_filter.N_AGES))
    for age in np.unique(of_age):
        newest, oldest = np.flatnonzero(of_age == age)[[0, -1]]
        means[..., age] = (sums[ends - newest] - sums[ends - oldest - 1]) / (oldest - newest + 1)
    return means


def logistic_regression(positive: Floats, negative: Floats, penalty: float = PENALTY) -> tuple[Floats, float]:
    """Returns weights float [k] and bias that predict the log-odds of being positive, by Newton's method.

    Positive and negative examples, float [n, k], have the same total weight. The penalty is L2.
    """
    inputs = np.concatenate([positive, negative])
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0) + SMALL_STEP
    design = np.column_stack([np.ones(len(inputs)), (inputs - mean) / spread])
    truth = np.repeat([1.0, 0.0], [len(positive), len(negative)])
    example_weights = np.repeat([1 / len(positive), 1 / len(negative)], [len(positive), len(negative)])
    penalties = np.concatenate([[SMALL_STEP], 2 * penalty / spread**2])
    solution = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        probability = 1 / (1 + np.exp(-np.clip(design @ solution, -30, 30)))
        gradient = design.T @ (example_weights * (probability - truth)) + penalties * solution
        curvature = (design * (example_weights * probability * (1 - probability))[:, None]).T @ design + np.diag(
            penalties
        )
        step = np.linalg.solve(curvature, gradient)
        solution -= step
        if np.abs(step).max() < SMALL_STEP:
            break
    weights = solution[1:] / spread
    return weights, float(solution[0] - weights @ mean)


@dataclasses.dataclass(frozen=True)
class _StreamFeatures:
    """A scored stream with the filter's inputs."""

    scored: ScoredStream
    features: Floats
    """[n, n_labels, SIDES, N_AGES]."""

    def of_label(self, label: int) -> Floats:
        """Returns float [n, k], the filter's inputs for a label, as many as WEIGHTS_SHAPE has."""
        return self.features[:, [label, SILENCE_INDEX, UNKNOWN_INDEX]].reshape(len(self.features), -1)

    def moments_of(self, event: Event, latest_ms: int = GRACE_MS) -> slice:
        """Returns the inferences at which a detection would count for an utterance, up to a time after its end."""
        first, end = np.searchsorted(self.scored.times_ms, [event.start_ms, event.end_ms + latest_ms + 1])
        return slice(int(first), int(end))


def _initial_weights() -> Floats:
    weights = np.zeros(WEIGHTS_SHAPE)
    weights[0, :, WORD_BEFORE_SILENCE] = 1
    weights[1, :, 0] = 2
    return weights.ravel()


def _positive_examples(
    stream: _StreamFeatures, weights: Floats, words: Sequence[str], latest_ms: int
) -> Iterator[Floats]:
    """Yields the inputs for each utterance, at the moment at which the filter's output is highest."""
    inputs = {word: stream.of_label(FIRST_WORD + at) for at, word in enumerate(words)}
    for event in stream.scored.events:
        moments = inputs[event.label][stream.moments_of(event, latest_ms)]
        if len(moments):
            yield moments[np.argmax(moments @ weights)]


def _hard_negative_examples(stream: _StreamFeatures, weights: Floats, inference_stride_ms: int) -> Floats:
    """Returns float [m, k], inputs for each word at the moments of highest output, outside of utterances."""
    length = max(1, NEGATIVE_SPACING_MS // inference_stride_ms)
    is_negative = np.ones(len(stream.features), np.bool_)
    for event in stream.scored.events:
        is_negative[stream.moments_of(event)] = False
    found = []
    for label in range(FIRST_WORD, stream.features.shape[1]):
        inputs = stream.of_label(label)[is_negative]
        sums = inputs @ weights
        starts = np.arange(0, len(sums), length)
        moments = np.array([start + int(np.argmax(sums[start : start + length])) for start in starts], np.int64)
        found.append(inputs[moments[np.argsort(-sums[moments], kind="stable")[:MAX_NEGATIVES]]])
    return np.concatenate(found)
