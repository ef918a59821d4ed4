# SPDX-License-Identifier: Apache-2.0
"""The word of each training clip, from its folder; unknown words such as `go` and `down` are distinct words here.

The trainer's auxiliary output learns to classify them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinykws.training.epochs import Epoch
from tinykws.training_data.dataset import Dataset

NO_WORD = -1


class WordTargets:
    """The words of a dataset's training clips, as numbers."""

    def __init__(self, dataset: Dataset) -> None:
        self._label_ids = np.asarray(dataset.label_ids("training"), np.int64)
        self.names, self._ids = number_words([folder_of(source) for source in dataset.sources("training")])

    def ids_of(self, epoch: Epoch) -> npt.NDArray[np.int64]:
        """Returns int [n]: the index in `names` of each clip's word, or NO_WORD if augmentation cut it off."""
        whole = epoch.label_ids == self._label_ids[epoch.rows]
        return np.where(whole, self._ids[epoch.rows], NO_WORD)


def folder_of(source: str) -> str:
    """Returns the folder of a source `…/folder/name`."""
    return source.split("/")[-2]


def number_words(words: Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Returns the distinct words, sorted, and the index of each word among them."""
    names, ids = np.unique(np.array(words), return_inverse=True)
    return tuple(str(name) for name in names), np.asarray(ids, np.int64)
