# SPDX-License-Identifier: Apache-2.0
"""Which word each clip is of, known from the folder that holds it: `go` and `down` are two words among the unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinykws.training.epochs import Epoch
from tinykws.training_data.dataset import Dataset

NOT_KNOWN = -1


class Words:
    """The words of a dataset's training clips."""

    def __init__(self, dataset: Dataset) -> None:
        self._label_ids = np.asarray(dataset.label_ids("training"), np.int64)
        self.names, self._ids = numbered([folder_of(source) for source in dataset.sources("training")])

    def of(self, epoch: Epoch) -> npt.NDArray[np.int64]:
        """Returns int [n]: the number of each clip's word in `names`, NOT_KNOWN where augmentation cut it."""
        whole = epoch.label_ids == self._label_ids[epoch.rows]
        return np.where(whole, self._ids[epoch.rows], NOT_KNOWN)


def folder_of(source: str) -> str:
    """Returns the folder that a source, `…/folder/name`, was in."""
    return source.split("/")[-2]


def numbered(words: Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Returns the different words, sorted, and each word's number among them."""
    names, ids = np.unique(np.array(words), return_inverse=True)
    return tuple(str(name) for name in names), np.asarray(ids, np.int64)
