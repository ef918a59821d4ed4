# SPDX-License-Identifier: Apache-2.0
"""What a teacher says of the clips and recordings that segments are made of, moment by moment.

A segment is put together from pieces, each of which may be cut, sped up or slowed down. The teacher heard every clip
and recording once, as it is; this module finds what it said at the moment that a row of the segment is about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]
"""[rows, n_labels]; row r is of the sound up to sample (r + 1) * hop_samples."""
Places = npt.NDArray[np.float64]
"""Samples from the start of a segment or recording."""


@dataclasses.dataclass(frozen=True)
class Lessons:
    """The teacher's outputs."""

    hop_samples: int
    clips: Sequence[Logits]
    """Of each training clip, and of a moment of silence after it."""
    talk: Sequence[Logits]
    """Of each recording without the words."""


@dataclasses.dataclass(frozen=True)
class Said:
    """What the teacher said of a piece of a clip or recording that lies in a segment."""

    logits: Logits
    """Of the whole clip or recording."""
    hop_samples: int
    at: float
    """Where in the segment …"""
    start: float
    """… this sample of the clip or recording lies."""
    speed: float = 1.0
    """Samples of the recording per sample of the segment."""

    def about(self, places: Places) -> Logits:
        """Returns the logits at places in the segment, float [n, n_labels], interpolated between the teacher's rows."""
        rows = (self.start + (places - self.at) * self.speed) / self.hop_samples - 1
        rows = np.clip(rows, 0, len(self.logits) - 1)
        before = np.minimum(rows.astype(np.int64), max(len(self.logits) - 2, 0))
        after = np.minimum(before + 1, len(self.logits) - 1)
        share = (rows - before)[:, None].astype(np.float32)
        return np.asarray(self.logits[before] * (1 - share) + self.logits[after] * share, np.float32)


def rows_taught(places: Places, pieces: Sequence[tuple[float, float, Said]], n_labels: int) -> Logits:
    """Returns what the teacher says of each place, float [n, n_labels]; NaN where it heard nothing.

    Args:
        places: of the rows' ends in the segment.
        pieces: from which to which sample each is heard, and what was said of it; of two that overlap the first counts.
        n_labels: number of labels.
    """
    taught = np.full((len(places), n_labels), np.nan, np.float32)
    for start, end, said in reversed(pieces):
        here = (places >= start) & (places < end)
        taught[here] = said.about(places[here])
    return taught
