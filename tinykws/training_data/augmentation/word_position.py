# SPDX-License-Identifier: Apache-2.0
"""The position of a word in its clip: finds it, and shifts it inside the clip or beyond its edge.

A device runs the model on the last second of sound several times per second, so a word enters at one end and leaves at
the other. The model should accept a word at any position while it is complete, and not while most of it is missing: cut
words are training examples of the label unknown.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ

LEVEL_SAMPLES = SAMPLE_RATE_HZ // 100
"""Levels are measured over 10 ms."""
BELOW_PEAK_DB = 30.0
"""Speech is within this of the loudest 10 ms …"""
ABOVE_FLOOR_DB = 8.0
"""… and this much louder than the background, the quietest tenth of the clip."""
MARGIN = 2
"""Times 10 ms, added on both sides for soft starts and ends."""
KEPT_OF_CUT = (0.15, 0.5)
"""Least and greatest share of a cut word that remains."""

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


def speech_edges(sound: Floats) -> tuple[Places, Places]:
    """Returns the first and last sample of speech in float32 [n, s], int [n] each; the whole clip if it is uniform."""
    n_clips, n_samples = sound.shape
    n_levels = n_samples // LEVEL_SAMPLES
    pieces = sound[:, : n_levels * LEVEL_SAMPLES].reshape(n_clips, n_levels, LEVEL_SAMPLES)
    level_db = 10 * np.log10(np.einsum("ijk,ijk->ij", pieces, pieces) / LEVEL_SAMPLES + 1)
    peak_db = level_db.max(axis=1, keepdims=True)
    threshold_db = np.maximum(
        peak_db - BELOW_PEAK_DB, np.percentile(level_db, 10, axis=1, keepdims=True) + ABOVE_FLOOR_DB
    )
    loud = (level_db >= threshold_db) | (threshold_db > peak_db)
    begins = np.maximum(loud.argmax(axis=1) - MARGIN, 0) * LEVEL_SAMPLES
    ends = np.minimum(n_levels - loud[:, ::-1].argmax(axis=1) + MARGIN, n_levels) * LEVEL_SAMPLES
    return begins, np.where(ends == n_levels * LEVEL_SAMPLES, n_samples, ends)


def shifts_inside(begins: Places, ends: Places, n_samples: int, rng: np.random.Generator) -> Places:
    """Returns a random shift per clip, int [n] samples, that keeps all speech inside the clip."""
    room = n_samples - (ends - begins)
    return rng.integers(0, room, endpoint=True) - begins


def shifts_cutting_off(begins: Places, ends: Places, n_samples: int, rng: np.random.Generator) -> Places:
    """Returns a random shift per clip, int [n] samples, that cuts off most of the speech at one edge."""
    kept = np.rint(rng.uniform(*KEPT_OF_CUT, len(begins)) * (ends - begins)).astype(np.int64)
    entering, leaving = n_samples - kept - begins, kept - ends
    return np.where(rng.random(len(begins)) < 0.5, entering, leaving)


def shift(sound: Floats, steps: Places) -> Floats:
    """Returns [n, s] with each row shifted by a number of samples, int [n], to the right if positive; zeros fill in."""
    n_samples = sound.shape[1]
    result = np.zeros_like(sound)
    for row, source, step in zip(result, sound, steps.tolist(), strict=True):
        if step >= 0:
            row[step:] = source[: max(0, n_samples - step)]
        else:
            row[:step] = source[-step:]
    return result
