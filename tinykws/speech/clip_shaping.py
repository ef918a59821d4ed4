# SPDX-License-Identifier: Apache-2.0
"""Turns synthesized speech into a clip: trims it, places it in the clip at a level, and adds a faint noise floor."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tinykws.audio.noise import PINK, coloured_noise, decibels
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated

TRIM_DB = -40.0
"""Speech starts and ends with the first and last 5 ms frame whose peak is within this of the loudest."""
TRIM_FRAME = SAMPLE_RATE_HZ * 5 // 1000
FADE = SAMPLE_RATE_HZ * 5 // 1000
"""Cut edges fade over 5 ms, so that a model cannot learn to recognize a click."""


@dataclasses.dataclass(frozen=True)
class ClipPlacement:
    """Where, how loud and how completely a word is placed in its clip."""

    position: float
    """0: the word is at the clip's start; 1: at its end."""
    peak_db: float
    """Level of the loudest sample, in dB of full scale."""
    noise_floor_db: float
    """RMS of the pink noise under the word, in dB of full scale."""
    kept: tuple[float, float] = (0.0, 1.0)
    """Share of the word that is kept, from and to; (0, 0.4) is its beginning only."""


def trimmed(speech: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns float [n] without silence at both ends; empty if there is no sound at all."""
    n_frames = -(-speech.size // TRIM_FRAME)
    frames = np.abs(np.pad(speech, (0, n_frames * TRIM_FRAME - speech.size))).reshape(n_frames, TRIM_FRAME)
    peaks = frames.max(axis=1, initial=0.0)
    loud = np.flatnonzero(peaks > peaks.max(initial=0.0) * decibels(TRIM_DB))
    return speech[loud[0] * TRIM_FRAME : (loud[-1] + 1) * TRIM_FRAME] if loud.size else speech[:0]


def place_in_clip(
    speech: npt.NDArray[np.float64], clip_samples: int, placement: ClipPlacement, rng: np.random.Generator
) -> Samples:
    """Returns int16 [clip_samples] that contains trimmed speech, float [n] of any scale; the rest is cut off."""
    word = _cut(speech, placement.kept)[:clip_samples]
    start = round(placement.position * (clip_samples - word.size))
    clip = np.zeros(clip_samples)
    clip[start : start + word.size] = word * (
        decibels(placement.peak_db) / max(float(np.abs(word).max(initial=0)), 1e-9)
    )
    clip += decibels(placement.noise_floor_db) * coloured_noise((clip_samples,), PINK, rng)
    return saturated(clip * FULL_SCALE)


def _cut(speech: npt.NDArray[np.float64], kept: tuple[float, float]) -> npt.NDArray[np.float64]:
    begin, end = (round(edge * speech.size) for edge in kept)
    piece = np.array(speech[begin:end])
    ramp = np.linspace(0.0, 1.0, min(FADE, piece.size // 2), endpoint=False)
    if begin > 0:
        piece[: ramp.size] *= ramp
    if end < speech.size:
        piece[piece.size - ramp.size :] *= ramp[::-1]
    return piece
