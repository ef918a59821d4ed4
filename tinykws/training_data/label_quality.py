# SPDX-License-Identifier: Apache-2.0
"""Finds likely label errors by confident learning, with networks that were not trained on the clips they judge.

Source: Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021. A label is
a likely error if such a network gives another label a higher probability than the clip's own, and at least the mean
probability that it gives to that other label's clips.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tinykws.training_data.dataset import RECORDED_PREFIX, is_recording
from tinykws.training_data.folders import speaker_in_name, speaker_of

Rows = npt.NDArray[np.int64]
TrainAndPredict: TypeAlias = Callable[[Rows, Rows], npt.NDArray[np.float32]]
"""Trains on the first rows; returns probabilities, float [n, n_labels], for the second rows."""
N_FOLDS = 3


@dataclasses.dataclass(frozen=True)
class LabelError:
    """A clip whose label is probably wrong."""

    row: int
    other_label_id: int
    own_probability: float
    other_probability: float


def assign_folds(sources: Sequence[str], n_folds: int = N_FOLDS) -> Rows:
    """Returns each clip's fold, int [n]: all clips of one speaker (`<speaker>_nohash_…`) are in the same."""
    speakers = (_speaker(source) for source in sources)
    digests = (hashlib.sha1(speaker.encode(), usedforsecurity=False).digest() for speaker in speakers)
    return np.array([int.from_bytes(digest[:4], "big") % n_folds for digest in digests], np.int64)


def _speaker(source: str) -> str:
    """Returns the speaker of a clip by its name in the dataset."""
    if is_recording(source):
        return speaker_of(source.removeprefix(RECORDED_PREFIX))
    return speaker_in_name(source)


def out_of_fold_probabilities(
    folds: Rows, n_labels: int, train_and_predict: TrainAndPredict
) -> npt.NDArray[np.float32]:
    """Returns float [n, n_labels]: each clip's probabilities from a network trained on the other folds."""
    probabilities = np.zeros((len(folds), n_labels), np.float32)
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        probabilities[own] = train_and_predict(np.flatnonzero(folds != fold), own)
    return probabilities


def find_label_errors(label_ids: Rows, probabilities: npt.NDArray[np.float32]) -> list[LabelError]:
    """Returns the likely label errors, the worst first, given labels int [n] and probabilities float [n, n_labels]."""
    rows = np.arange(len(label_ids))
    own = probabilities[rows, label_ids]
    thresholds = np.full(probabilities.shape[1], np.inf, np.float32)
    for label_id in np.unique(label_ids):
        thresholds[label_id] = own[label_ids == label_id].mean()
    others = np.where(probabilities >= thresholds, probabilities, 0)
    others[rows, label_ids] = 0
    best = others.argmax(axis=1)
    found = [
        LabelError(int(row), int(best[row]), float(own[row]), float(others[row, best[row]]))
        for row in np.flatnonzero(others[rows, best] > own)
    ]
    return sorted(found, key=lambda error: error.own_probability - error.other_probability)
