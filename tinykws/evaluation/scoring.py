# SPDX-License-Identifier: Apache-2.0
"""How good predictions are: accuracy, precision, recall and F1 of each label, the confusion matrix, agreement."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[Any]
"""Label numbers, int [n]."""


@dataclasses.dataclass(frozen=True)
class LabelScore:
    """One label's figures; None where nothing can be said (no such clip, never predicted)."""

    label: str
    clips: int
    precision: float | None
    """Of the clips taken for this label, the part that are."""
    recall: float | None
    """Of this label's clips, the part that were found."""
    f1: float | None
    """Harmonic mean of both."""


@dataclasses.dataclass(frozen=True)
class Score:
    """How a model did on some clips."""

    clips: int
    accuracy: float
    mean_recall: float
    """Mean over the labels that have clips: many clips of one label do not outweigh the others."""
    labels: tuple[LabelScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Clips by [true label][predicted label]."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How far an int8 model's answers are from those of the float model it was made from."""

    clips: int
    agreeing_clips: int
    """Both name the same label."""
    accuracy_difference: float
    """int8 minus float."""
    largest_score_difference: float
    """In probability, over all clips and labels."""


def score(true_ids: Ids, predicted_ids: Ids, labels: Sequence[str]) -> Score:
    """Returns the figures of predictions int [n] against the truth int [n].

    Raises:
        ValueError: no clip, or not as many predictions as clips.
    """
    confusion = confusion_matrix(true_ids, predicted_ids, len(labels))
    if not len(true_ids):
        raise ValueError("no clip to score")
    scores = tuple(_label_score(confusion, at, label) for at, label in enumerate(labels))
    recalls = [label.recall for label in scores if label.recall is not None]
    return Score(
        clips=len(true_ids),
        accuracy=float(np.trace(confusion)) / len(true_ids),
        mean_recall=sum(recalls) / len(recalls),
        labels=scores,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def confusion_matrix(true_ids: Ids, predicted_ids: Ids, n_labels: int) -> npt.NDArray[np.int64]:
    """Returns how many clips int [true label, predicted label]. Raises ValueError where the lengths differ."""
    if len(true_ids) != len(predicted_ids):
        raise ValueError(f"{len(predicted_ids)} predictions for {len(true_ids)} clips")
    pairs = np.asarray(true_ids, np.int64) * n_labels + np.asarray(predicted_ids, np.int64)
    return np.bincount(pairs, minlength=n_labels * n_labels).reshape(n_labels, n_labels)


def agreement(true_ids: Ids, probabilities: npt.NDArray[np.float32], scores: npt.NDArray[np.int8]) -> Agreement:
    """Returns how float probabilities [n, n_labels] and int8 scores [n, n_labels] of the same clips differ."""
    float_ids, int8_ids = probabilities.argmax(axis=1), scores.argmax(axis=1)
    difference = probability_of_score(scores) - probabilities
    return Agreement(
        clips=len(true_ids),
        agreeing_clips=int(np.sum(float_ids == int8_ids)),
        accuracy_difference=float(np.mean(int8_ids == true_ids) - np.mean(float_ids == true_ids)),
        largest_score_difference=float(np.abs(difference).max()),
    )


def probability_of_score(scores: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """Returns what int8 softmax outputs stand for: (score + 128) / 256."""
    steps: npt.NDArray[np.float32] = scores.astype(np.float32) + 128
    steps /= 256
    return steps


def _label_score(confusion: npt.NDArray[np.int64], at: int, label: str) -> LabelScore:
    hits, clips, predicted = (int(n) for n in (confusion[at, at], confusion[at].sum(), confusion[:, at].sum()))
    return LabelScore(
        label=label,
        clips=clips,
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, clips),
        f1=_ratio(2 * hits, clips + predicted),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
