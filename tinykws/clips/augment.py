"""What is done to training clips, so that a model hears more rooms, voices and levels than were recorded.

All functions work on a whole batch at once, leave their input alone and take every random choice from the Generator
they are given: the same seed gives the same clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio import SAMPLE_RATE_HZ, Samples, saturated
from tinykws.clips.noise import BROWN, WHITE, coloured_noise, with_rms_1
from tinykws.config import AugmentationSettings

FEATURE_FLOOR = -128
"""What masked features become: the front-end's zero."""
MADE_NOISE_PART = 0.3
"""Part of the noisy clips that get made, coloured noise though there are recordings."""
SILENT_RMS = 1.0
"""A clip below this RMS has no level that noise could be measured against; it gets none."""

Floats = npt.NDArray[np.float32]


def augment_clips(
    clips: Samples, settings: AugmentationSettings, noise: Sequence[Samples], rng: np.random.Generator
) -> Samples:
    """Shifts clips, adds noise and changes their gain.

    Args:
        clips: int16 [n, s].
        settings: how much of each.
        noise: recordings int16 [m] to cut from; those shorter than a clip are not used.
        rng: of all choices.

    Returns:
        int16 [n, s]; what gets too loud stays at the limit.
    """
    moved = shift(clips, settings.shift_ms * SAMPLE_RATE_HZ // 1000, rng)
    noisy = rng.random(len(clips)) < settings.noise_probability
    snr_db = rng.uniform(settings.noise_snr_db_min, settings.noise_snr_db_max, len(clips))
    sound = moved.astype(np.float32)
    if noisy.any():
        added = draw_noise((int(noisy.sum()), clips.shape[1]), noise, rng)
        sound[noisy] = add_noise(sound[noisy], added, snr_db[noisy])
    gain_db = rng.uniform(-settings.gain_db, settings.gain_db, (len(clips), 1))
    return saturated(sound * 10 ** (gain_db / 20))


def shift(clips: Samples, most_samples: int, rng: np.random.Generator) -> Samples:
    """Moves each row of [n, s] by up to `most_samples` to either side; zeros come in."""
    n_clips, length = clips.shape
    shifts = rng.integers(-most_samples, most_samples, (n_clips, 1), endpoint=True)
    padded = np.pad(clips, ((0, 0), (most_samples, most_samples)))
    return np.asarray(padded[np.arange(n_clips)[:, None], most_samples - shifts + np.arange(length)])


def add_noise(sound: npt.NDArray[Any], noise: npt.NDArray[Any], snr_db: npt.NDArray[Any]) -> Floats:
    """Returns float32 [n, s]: sound plus noise, scaled so that each row has its SNR in dB (RMS against RMS).

    Rows of sound that are silent, and rows of noise that are, stay as they are.
    """
    signal_rms = np.sqrt(np.mean(np.square(sound, dtype=np.float64), axis=1, keepdims=True))
    wanted_rms = np.where(signal_rms < SILENT_RMS, 0.0, signal_rms / 10 ** (snr_db[:, None] / 20))
    return np.asarray(sound + with_rms_1(noise) * wanted_rms, np.float32)


def draw_noise(shape: tuple[int, int], noise: Sequence[Samples], rng: np.random.Generator) -> Floats:
    """Returns float32 [n, s]: stretches of the recordings, and made noise between white and brown."""
    n_clips, length = shape
    recordings = [recording for recording in noise if recording.size >= length]
    made = rng.random(n_clips) < (MADE_NOISE_PART if recordings else 1.0)
    drawn = np.empty(shape, np.float32)
    if made.any():
        drawn[made] = coloured_noise((int(made.sum()), length), rng.uniform(WHITE, BROWN), rng)
    for row in np.flatnonzero(~made):
        recording = recordings[int(rng.integers(len(recordings)))]
        start = int(rng.integers(recording.size - length + 1))
        drawn[row] = recording[start : start + length]
    return drawn


def mask_features(
    features: npt.NDArray[np.int8], settings: AugmentationSettings, rng: np.random.Generator
) -> npt.NDArray[np.int8]:
    """Blanks a run of frames and a band of channels in each of int8 [n, f, m], of random width up to the settings'.

    Source: SpecAugment (Park et al. 2019), one time and one frequency mask.
    """
    n_clips, n_frames, n_mels = features.shape
    blank = (
        _runs(n_clips, n_frames, settings.time_mask_frames, rng)[:, :, None]
        | _runs(n_clips, n_mels, settings.mel_mask_channels, rng)[:, None, :]
    )
    return np.where(blank, np.int8(FEATURE_FLOOR), features)


def _runs(n_clips: int, length: int, longest: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Returns bool [n_clips, length] with one run of true in each row, 0 to `longest` long."""
    widths = rng.integers(0, min(longest, length), n_clips, endpoint=True)[:, None]
    starts = np.floor(rng.random((n_clips, 1)) * (length - widths + 1))
    at = np.arange(length)
    return np.asarray((at >= starts) & (at < starts + widths))
