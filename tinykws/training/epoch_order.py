# SPDX-License-Identifier: Apache-2.0
"""Chooses the clips of an epoch and their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.training_data.folders import SILENCE_INDEX

Rows = npt.NDArray[np.int64]


def epoch_order(
    label_ids: npt.NDArray[np.int64],
    recorded: npt.NDArray[np.bool_],
    recordings_share: float,
    most: int,
    rng: np.random.Generator,
) -> Rows:
    """Returns shuffled rows of clips: as many as there are clips, but at most `most`; each label has its share.

    If all clips of a label are recorded, or all are synthetic, each occurs at most once per epoch. If labels have both,
    recordings get the same share of each label. Otherwise the network could learn the difference between recordings and
    synthetic clips instead of words: with synthetic keywords and recorded unknown words it would classify every
    recording as unknown. So a few recordings occur several times (augmented differently), and of many only some occur.
    Their share is `recordings_share`, or more if every label has a larger share of recordings.

    Args:
        label_ids: int [n].
        recorded: bool [n], which clips are recordings.
        recordings_share: 0 to 1.
        most: greatest number of clips in an epoch.
        rng: for the choice and the order.
    """
    labels = np.unique(label_ids)
    shares = [float(recorded[label_ids == label].mean()) for label in labels if label != SILENCE_INDEX]
    share = max(recordings_share, min(shares, default=0.0))
    scale = min(1.0, most / max(1, len(label_ids)))
    chosen = []
    for label in labels:
        of_label = label_ids == label
        count = int(scale * of_label.sum())
        chosen.append(
            _choose(np.flatnonzero(of_label & recorded), np.flatnonzero(of_label & ~recorded), share, count, rng)
        )
    return rng.permutation(np.concatenate(chosen))


def _choose(recordings: Rows, synthetic: Rows, share: float, count: int, rng: np.random.Generator) -> Rows:
    if not len(recordings) or not len(synthetic):
        return _in_turn(np.concatenate([recordings, synthetic]), count, rng)
    n_recordings = round(share * count)
    return np.concatenate([_in_turn(recordings, n_recordings, rng), _in_turn(synthetic, count - n_recordings, rng)])


def _in_turn(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Returns `count` rows: each occurs equally often, or once more than others."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate([*rounds, rows[:0]])[:count]
