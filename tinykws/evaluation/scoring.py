# SPDX-License-Identifier: Apache-2.0
"""Scores predictions on clips: accuracy, precision, recall, F1, confusion matrix; agreement of int8 and float model."""

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
    """One label's scores; None if undefined (no clips of the label, or it was never predicted)."""

    label: str
    clips: int
    precision: float | None
    """Share of clips predicted as this label that have this label."""
    recall: float | None
    """Share of this label's clips that were predicted correctly."""
    f1: float | None
    """Harmonic mean of precision and recall."""


@dataclasses.dataclass(frozen=True)
class Score:
    """Scores of a model on a set of clips."""

    clips: int
    accuracy: float
    mean_recall: float
    """Mean over the labels that have clips; each label has the same weight."""
    labels: tuple[LabelScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Clips by [true label][predicted label]."""


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Difference between an int8 model and the float model it was converted from."""

    clips: int
    agreeing_clips: int
    """Clips for which both predict the same label."""
    accuracy_difference: float
    """int8 minus float."""
    largest_score_difference: float
    """In probability, over all clips and labels."""


def score(true_ids: Ids, predicted_ids: Ids, labels: Sequence[str]) -> Score:
    """Returns scores of predicted labels int [n], given the true labels int [n].

    Raises:
        ValueError: there are no clips, or the lengths differ.
    """
    confusion = confusion_matrix(true_ids, predicted_ids, len(labels))
    if not len(true_ids):
        raise ValueError("there are no clips to score")
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
    """Returns clip counts, int [true label, predicted label]. Raises ValueError if the lengths differ."""
    if len(true_ids) != len(predicted_ids):
        raise ValueError(f"{len(predicted_ids)} predictions for {len(true_ids)} clips")
    pairs = np.asarray(true_ids, np.int64) * n_labels + np.asarray(predicted_ids, np.int64)
    return np.bincount(pairs, minlength=n_labels * n_labels).reshape(n_labels, n_labels)


def agreement(true_ids: Ids, probabilities: npt.NDArray[np.float32], scores: npt.NDArray[np.int8]) -> Agreement:
    """Returns the difference between float probabilities and int8 scores of the same clips, [n, n_labels] each."""
    float_ids, int8_ids = probabilities.argmax(axis=1), scores.argmax(axis=1)
    difference = probability_of_score(scores) - probabilities
    return Agreement(
        clips=len(true_ids),
        agreeing_clips=int(np.sum(float_ids == int8_ids)),
        accuracy_difference=float(np.mean(int8_ids == true_ids) - np.mean(float_ids == true_ids)),
        largest_score_difference=float(np.abs(difference).max()),
    )


def probability_of_score(scores: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """Returns the probabilities of int8 softmax outputs: (score + 128) / 256."""
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


def _ratio(count: int, total: int) -> float | None:
    return count / total if total else None
