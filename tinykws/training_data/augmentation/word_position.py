# SPDX-License-Identifier: Apache-2.0
"""Where a word stands in its clip: found, moved to any place of it, or cut off by its edge.

A device looks at the last second ten times a second, so a word comes in at one end and goes out at the other. It shall
be heard wherever it stands as long as it is whole, and not while most of it is missing: such cuts are taught as
unknown.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ

HOP = SAMPLE_RATE_HZ // 100
"""Speech is looked for in steps of 10 ms."""
BELOW_PEAK_DB = 30.0
"""Speech is what comes within this of the loudest hop …"""
ABOVE_FLOOR_DB = 8.0
"""… and is louder than the clip's background, its quietest tenth, by this."""
MARGIN_HOPS = 2
"""Beginnings and ends softer than that."""
KEPT_OF_CUT = (0.15, 0.5)
"""How much of a cut word is left."""

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


def speech_edges(sound: Floats) -> tuple[Places, Places]:
    """Returns where speech begins and ends in each of float32 [n, s], int [n] each; where all is alike, at the ends."""
    n_clips, n_samples = sound.shape
    n_hops = n_samples // HOP
    hops = sound[:, : n_hops * HOP].reshape(n_clips, n_hops, HOP)
    level_db = 10 * np.log10(np.einsum("ijk,ijk->ij", hops, hops) / HOP + 1)
    peak_db = level_db.max(axis=1, keepdims=True)
    threshold_db = np.maximum(
        peak_db - BELOW_PEAK_DB, np.percentile(level_db, 10, axis=1, keepdims=True) + ABOVE_FLOOR_DB
    )
    loud = (level_db >= threshold_db) | (threshold_db > peak_db)
    begins = np.maximum(loud.argmax(axis=1) - MARGIN_HOPS, 0) * HOP
    ends = np.minimum(n_hops - loud[:, ::-1].argmax(axis=1) + MARGIN_HOPS, n_hops) * HOP
    return begins, np.where(ends == n_hops * HOP, n_samples, ends)


def steps_within(begins: Places, ends: Places, n_samples: int, rng: np.random.Generator) -> Places:
    """Returns by how many samples to move each clip so that its speech stands, whole, at any place of it; int [n]."""
    room = n_samples - (ends - begins)
    return rng.integers(0, room, endpoint=True) - begins


def steps_cutting(begins: Places, ends: Places, n_samples: int, rng: np.random.Generator) -> Places:
    """Returns by how many samples to move each clip so that its speech comes in or goes out, most of it missing."""
    kept = np.rint(rng.uniform(*KEPT_OF_CUT, len(begins)) * (ends - begins)).astype(np.int64)
    comes_in, goes_out = n_samples - kept - begins, kept - ends
    return np.where(rng.random(len(begins)) < 0.5, comes_in, goes_out)


def moved(sound: Floats, steps: Places) -> Floats:
    """Returns [n, s] with each row moved by so many samples, to the right where positive; zeros come in."""
    n_samples = sound.shape[1]
    result = np.zeros_like(sound)
    for row, source, step in zip(result, sound, steps.tolist(), strict=True):
        if step >= 0:
            row[step:] = source[: max(0, n_samples - step)]
        else:
            row[:step] = source[-step:]
    return result
