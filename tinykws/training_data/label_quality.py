# SPDX-License-Identifier: Apache-2.0
"""Which labels are doubtful: by networks that never heard the clip they are asked about.

Confident learning (Northcutt, Jiang, Chuang: Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 2021):
a clip is doubtful where a network that was not trained on it gives another label at least the probability which it
gives that label's own clips on average.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Ask: TypeAlias = Callable[[Rows, Rows], npt.NDArray[np.float32]]
"""Trains on the first rows; returns probabilities float [n, n_labels] of the second ones."""
N_FOLDS = 3


@dataclasses.dataclass(frozen=True)
class Doubt:
    """A clip whose label may be wrong."""

    row: int
    other_label_id: int
    own_probability: float
    other_probability: float


def folds_of(sources: Sequence[str], n_folds: int = N_FOLDS) -> Rows:
    """Returns each clip's fold, int [n]: all clips of one speaker (`<speaker>_nohash_…`) are in the same."""
    speakers = (re.sub(r"_nohash_.*$", "", PurePosixPath(source).name) for source in sources)
    digests = (hashlib.sha1(speaker.encode(), usedforsecurity=False).digest() for speaker in speakers)
    return np.array([int.from_bytes(digest[:4], "big") % n_folds for digest in digests], np.int64)


def probabilities_by_others(folds: Rows, n_labels: int, ask: Ask) -> npt.NDArray[np.float32]:
    """Returns float [n, n_labels]: every clip's probabilities by a network that was trained on the other folds."""
    probabilities = np.zeros((len(folds), n_labels), np.float32)
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        probabilities[own] = ask(np.flatnonzero(folds != fold), own)
    return probabilities


def doubts(label_ids: Rows, probabilities: npt.NDArray[np.float32]) -> list[Doubt]:
    """Returns the doubtful clips of label_ids int [n] and probabilities float [n, n_labels], the worst first."""
    rows = np.arange(len(label_ids))
    own = probabilities[rows, label_ids]
    usual = np.full(probabilities.shape[1], np.inf, np.float32)
    for label_id in np.unique(label_ids):
        usual[label_id] = own[label_ids == label_id].mean()
    others = np.where(probabilities >= usual, probabilities, 0)
    others[rows, label_ids] = 0
    best = others.argmax(axis=1)
    found = [
        Doubt(int(row), int(best[row]), float(own[row]), float(others[row, best[row]]))
        for row in np.flatnonzero(others[rows, best] > own)
    ]
    return sorted(found, key=lambda doubt: doubt.own_probability - doubt.other_probability)
