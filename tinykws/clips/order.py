"""Which clips an epoch shows, in which order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def epoch_order(
    label_ids: npt.NDArray[np.int64],
    recorded: npt.NDArray[np.bool_],
    recordings_part: float,
    rng: np.random.Generator,
) -> Rows:
    """Returns the rows to show, shuffled, as many as there are clips.

    Every clip comes once, but for labels that have both recorded and spoken clips, and few recorded ones: of such a
    label's turns at least `recordings_part` go to the recorded clips, which come several times (altered anew each
    time), and spoken ones stand back. Twenty recordings among hundreds of spoken clips would hardly count otherwise.
    """
    turns = [_turns(label_ids == label, recorded, recordings_part, rng) for label in np.unique(label_ids)]
    return rng.permutation(np.concatenate(turns))


def _turns(
    of_label: npt.NDArray[np.bool_], recorded: npt.NDArray[np.bool_], part: float, rng: np.random.Generator
) -> Rows:
    ours, spoken = np.flatnonzero(of_label & recorded), np.flatnonzero(of_label & ~recorded)
    wanted = round(part * (len(ours) + len(spoken)))
    if not len(ours) or len(ours) >= wanted or not len(spoken):
        return np.concatenate([ours, spoken])
    repeated = np.concatenate([rng.permutation(ours) for _ in range(-(-wanted // len(ours)))])[:wanted]
    return np.concatenate([repeated, rng.permutation(spoken)[: len(ours) + len(spoken) - wanted]])
