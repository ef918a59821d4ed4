# SPDX-License-Identifier: Apache-2.0
"""From a spoken word to a clip: trimmed, cut, placed with room around, at a level, over a faint noise floor."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from tinykws.audio.noise import PINK, coloured_noise, decibels
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated

TRIM_DB = -40.0
"""Speech begins and ends where 5 ms pieces come within this of the loudest."""
TRIM_HOP = SAMPLE_RATE_HZ * 5 // 1000
FADE = SAMPLE_RATE_HZ * 5 // 1000
"""Cut edges rise and fall over 5 ms, so that no click says "this was cut"."""


@dataclasses.dataclass(frozen=True)
class ClipShape:
    """How one spoken word stands in its clip."""

    place: float
    """Where in the room left the word stands: 0 at the clip's start, 1 at its end."""
    peak_db: float
    """Level of the loudest sample, in dB of full scale."""
    floor_db: float
    """RMS of the pink noise below everything, in dB of full scale."""
    keep: tuple[float, float] = (0.0, 1.0)
    """Which part of the word is kept; (0, 0.4) is its beginning alone."""


def trimmed(speech: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns float [n] without the quiet before and after; empty where there is no sound at all."""
    hops = -(-speech.size // TRIM_HOP)
    pieces = np.abs(np.pad(speech, (0, hops * TRIM_HOP - speech.size))).reshape(hops, TRIM_HOP)
    peaks = pieces.max(axis=1, initial=0.0)
    loud = np.flatnonzero(peaks > peaks.max(initial=0.0) * decibels(TRIM_DB))
    return speech[loud[0] * TRIM_HOP : (loud[-1] + 1) * TRIM_HOP] if loud.size else speech[:0]


def shaped_clip(
    speech: npt.NDArray[np.float64], clip_samples: int, shape: ClipShape, rng: np.random.Generator
) -> Samples:
    """Returns int16 [clip_samples] with trimmed speech (float [n], any scale) in it; what does not fit is cut off."""
    word = _part(speech, shape.keep)[:clip_samples]
    start = round(shape.place * (clip_samples - word.size))
    clip = np.zeros(clip_samples)
    clip[start : start + word.size] = word * (decibels(shape.peak_db) / max(float(np.abs(word).max(initial=0)), 1e-9))
    clip += decibels(shape.floor_db) * coloured_noise((clip_samples,), PINK, rng)
    return saturated(clip * FULL_SCALE)


def _part(speech: npt.NDArray[np.float64], keep: tuple[float, float]) -> npt.NDArray[np.float64]:
    begin, end = (round(edge * speech.size) for edge in keep)
    part = np.array(speech[begin:end])
    ramp = np.linspace(0.0, 1.0, min(FADE, part.size // 2), endpoint=False)
    if begin > 0:
        part[: ramp.size] *= ramp
    if end < speech.size:
        part[part.size - ramp.size :] *= ramp[::-1]
    return part
