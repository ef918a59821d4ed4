# SPDX-License-Identifier: Apache-2.0
"""Filters many clips and changes their speed, in one FFT and one inverse FFT.

A clip's spectrum is multiplied by the response of a room and a microphone. The inverse FFT then has more or fewer
points than the FFT, which plays the sound slower or faster; pitch and formants change with it, as for a larger or
smaller speaker.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ

TAIL_MS = 500
"""Zeros after each clip in which a filter may ring; longer ringing would wrap around to the clip's start."""

Floats = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]


def transform_length(clip_samples: int) -> int:
    """Returns the length of the FFT for clips of this length: one that is fast and has room for the tail."""
    return fast_length(clip_samples + TAIL_MS * SAMPLE_RATE_HZ // 1000)


def fast_length(wanted: int) -> int:
    """Returns the smallest length of at least `wanted` at which an FFT is fast."""
    return next(length for length in range(wanted, 2 * wanted + 3) if _is_fast(length))


def frequencies_hz(clip_samples: int) -> npt.NDArray[np.float64]:
    """Returns float [bins]: the frequencies at which responses for clips of this length are sampled."""
    return np.asarray(np.fft.rfftfreq(transform_length(clip_samples), 1 / SAMPLE_RATE_HZ), np.float64)


def fast_speeds(clip_samples: int, percent: float) -> npt.NDArray[np.float64]:
    """Returns the speeds from 1 - percent/100 to 1 + percent/100 with a fast inverse FFT, ascending; 1 is included."""
    length = transform_length(clip_samples)
    slowest, fastest = round(length / (1 - percent / 100)), round(length / (1 + percent / 100))
    return np.array([length / other for other in range(slowest, fastest - 1, -1) if _is_fast(other)])


def filtered(sound: Floats, responses: Spectra, speeds: npt.NDArray[np.float64]) -> Floats:
    """Returns float32 [n, s]: each clip filtered and at its speed; the middle of the clip stays in place.

    Args:
        sound: float32 [n, s].
        responses: complex64 [n, bins], at `frequencies_hz(s)`.
        speeds: float [n], of `fast_speeds(s, …)`.
    """
    n_samples = sound.shape[1]
    length = transform_length(n_samples)
    spectra = np.fft.rfft(sound, length, axis=1)
    spectra *= responses
    result = np.empty_like(sound)
    for speed in np.unique(speeds):
        rows = np.flatnonzero(speeds == speed)
        played = np.asarray(np.fft.irfft(spectra[rows], round(length / speed), axis=1), np.float32)
        played *= np.float32(1 / speed)
        result[rows] = _about_middle(played, n_samples, round(n_samples / speed))
    return result


def _about_middle(played: Floats, wanted: int, now: int) -> Floats:
    """Cuts or pads [n, more] to [n, wanted], so that the middle of its first `now` samples comes to the middle."""
    if now >= wanted:
        start = (now - wanted) // 2
        return played[:, start : start + wanted]
    before = (wanted - now) // 2
    after_start = played[:, : wanted - before]
    return np.pad(after_start, ((0, 0), (before, wanted - before - after_start.shape[1])))


def _is_fast(length: int) -> bool:
    """Whether an FFT of this length is fast: the length is even, and a product of 2, 3 and 5."""
    if length % 2:
        return False
    for factor in (2, 3, 5):
        while length % factor == 0:
            length //= factor
    return length == 1
