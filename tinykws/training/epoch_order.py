# SPDX-License-Identifier: Apache-2.0
"""Which clips an epoch shows, in which order."""

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
    """Returns the rows to show, shuffled: as many as there are clips, or `most`; each label has its part of them.

    Where all clips of a label are recorded, or all spoken, each comes once, or waits for another epoch. Where labels
    have both, the recorded clips have the same part of each label's turns. Otherwise the network would learn who
    speaks, a person or a computer, in the place of what is said: it would take every recording for unknown where the
    words are spoken and other words recorded. So few recordings come several times (altered anew each time), and many
    wait. Their part is `recordings_share`, or more where every label has more recordings.

    Args:
        label_ids: int [n].
        recorded: bool [n], which clips people recorded.
        recordings_share: 0 to 1.
        most: turns in an epoch.
        rng: of the choice and the order.
    """
    labels = np.unique(label_ids)
    parts = [float(recorded[label_ids == label].mean()) for label in labels if label != SILENCE_INDEX]
    part = max(recordings_share, min(parts, default=0.0))
    scale = min(1.0, most / max(1, len(label_ids)))
    turns = []
    for label in labels:
        of_label = label_ids == label
        count = int(scale * of_label.sum())
        turns.append(
            _turns(np.flatnonzero(of_label & recorded), np.flatnonzero(of_label & ~recorded), part, count, rng)
        )
    return rng.permutation(np.concatenate(turns))


def _turns(ours: Rows, spoken: Rows, part: float, count: int, rng: np.random.Generator) -> Rows:
    if not len(ours) or not len(spoken):
        return _in_turn(np.concatenate([ours, spoken]), count, rng)
    n_ours = round(part * count)
    return np.concatenate([_in_turn(ours, n_ours, rng), _in_turn(spoken, count - n_ours, rng)])


def _in_turn(rows: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Returns so many of the rows: all equally often, or one time more."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate([*rounds, rows[:0]])[:count]
