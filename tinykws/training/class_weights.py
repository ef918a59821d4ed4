# SPDX-License-Identifier: Apache-2.0
"""Weights of clips in the training loss, by label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def class_weights(label_ids: npt.NDArray[np.int64], n_labels: int, balance: float = 1.0) -> npt.NDArray[np.float32]:
    """Returns float [n_labels]: the weight of a clip of each label.

    Args:
        label_ids: int [n], labels of the clips.
        n_labels: number of labels.
        balance: 1: all labels have the same total weight; 0: all clips have the same weight; or between.

    The mean over all clips is 1; labels without clips get 0.
    """
    counts = np.bincount(label_ids, minlength=n_labels)
    present = counts > 0
    weights = np.zeros(n_labels)
    weights[present] = (1 / counts[present]) ** balance
    return np.asarray(weights * len(label_ids) / (weights @ counts), np.float32)
