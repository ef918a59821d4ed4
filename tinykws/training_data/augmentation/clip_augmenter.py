# SPDX-License-Identifier: Apache-2.0
"""Augments training clips with more positions, speakers, rooms, microphones, noises and levels than were recorded.

The steps follow the path of a sound: the word's position in the clip; speed (a larger or smaller speaker); room and
microphone; noise and babble; gain, with occasional overdrive. Every random choice comes from the given Generator: the
same seed gives the same clips.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.acoustics import random_impulse_responses
from tinykws.audio.filters import Spectra, fast_speeds, filtered, frequencies_hz, transform_length
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples, saturated
from tinykws.project.training_settings import AugmentationSettings
from tinykws.training_data.augmentation.backgrounds import Backgrounds, Floats, add_noise
from tinykws.training_data.augmentation.microphone_responses import random_responses
from tinykws.training_data.augmentation.word_position import shift, shifts_cutting_off, shifts_inside, speech_edges
from tinykws.training_data.folders import SILENCE_INDEX, UNKNOWN_INDEX

ROOMS = 64
MICROPHONES = 64
"""Rooms and microphones are simulated once; each clip gets a random one."""
BLOCK_CLIPS = 32
"""Clips per block: their spectra fit into the processor's cache."""

LabelIds = npt.NDArray[np.int64]


class Augmenter:
    """Augments the training clips of one dataset.

    Args:
        settings: probability and strength of each step.
        clips: int16 [n, s], all training clips; babble is mixed from the unknown words among them.
        label_ids: int [n].
        noise: recordings int16 [m].
        rng: for the rooms, microphones and noises, which are simulated here.
    """

    def __init__(
        self,
        settings: AugmentationSettings,
        clips: Samples,
        label_ids: LabelIds,
        noise: Sequence[Samples],
        rng: np.random.Generator,
    ) -> None:
        clip_samples = clips.shape[1]
        self._settings = settings
        self._backgrounds = Backgrounds(noise, clips, np.flatnonzero(label_ids == UNKNOWN_INDEX), rng)
        self._speeds = fast_speeds(clip_samples, settings.speed_percent)
        self._microphones = random_responses(MICROPHONES, frequencies_hz(clip_samples), settings.equalizer_db, rng)
        rooms = random_impulse_responses(ROOMS if settings.room_probability else 1, rng)
        self._rooms = np.fft.rfft(rooms, transform_length(clip_samples), axis=1)

    def augment(self, clips: Samples, label_ids: LabelIds, rng: np.random.Generator) -> tuple[Samples, LabelIds]:
        """Returns augmented clips, int16 [n, s], and their labels, int [n]; a word that was cut off becomes unknown."""
        augmented, new_ids = np.empty_like(clips), np.empty_like(label_ids)
        for start in range(0, len(clips), BLOCK_CLIPS):
            block = slice(start, start + BLOCK_CLIPS)
            sound, new_ids[block] = self._positioned(clips[block].astype(np.float32), label_ids[block], rng)
            sound = self._noisy(self._in_rooms(sound, rng), new_ids[block], rng)
            augmented[block] = self._amplified(sound, rng)
        return augmented, new_ids

    def _positioned(self, sound: Floats, label_ids: LabelIds, rng: np.random.Generator) -> tuple[Floats, LabelIds]:
        n_clips, n_samples = sound.shape
        settings = self._settings
        most = settings.shift_ms * SAMPLE_RATE_HZ // 1000
        steps = np.asarray(rng.integers(-most, most, n_clips, endpoint=True), np.int64)
        begins, ends = speech_edges(sound)
        anywhere = (label_ids != SILENCE_INDEX) & _at_random(settings.place_probability, n_clips, rng)
        steps = np.where(anywhere, shifts_inside(begins, ends, n_samples, rng), steps)
        cut = (label_ids > UNKNOWN_INDEX) & _at_random(settings.cut_probability, n_clips, rng)
        steps = np.where(cut, shifts_cutting_off(begins, ends, n_samples, rng), steps)
        return shift(sound, steps), np.where(cut, UNKNOWN_INDEX, label_ids)

    def _in_rooms(self, sound: Floats, rng: np.random.Generator) -> Floats:
        """Applies speed, room and microphone in one filter; not to noise, whose recordings include them."""
        n_clips = len(sound)
        speeds = rng.choice(self._speeds, n_clips)
        in_room = _at_random(self._settings.room_probability, n_clips, rng)
        coloured = _at_random(self._settings.microphone_probability, n_clips, rng)
        responses: Spectra = np.ones((n_clips, self._rooms.shape[1]), np.complex64)
        responses[in_room] = self._rooms[rng.integers(len(self._rooms), size=int(in_room.sum()))]
        responses[coloured] *= self._microphones[rng.integers(MICROPHONES, size=int(coloured.sum()))]
        changed = in_room | coloured | (speeds != 1)
        sound[changed] = filtered(sound[changed], responses[changed], speeds[changed])
        return sound

    def _noisy(self, sound: Floats, label_ids: LabelIds, rng: np.random.Generator) -> Floats:
        """Adds noise to some clips and babble to others; silence with babble would no longer be silence."""
        n_clips, settings = len(sound), self._settings
        snr_db = rng.uniform(settings.noise_snr_db_min, settings.noise_snr_db_max, n_clips)
        babble = _at_random(settings.babble_probability, n_clips, rng) & (label_ids != SILENCE_INDEX)
        noise = _at_random(settings.noise_probability, n_clips, rng) & ~babble
        sound[noise] = add_noise(sound[noise], self._backgrounds.noise(int(noise.sum()), rng), snr_db[noise])
        sound[babble] = add_noise(sound[babble], self._backgrounds.babble(int(babble.sum()), rng), snr_db[babble])
        return sound

    def _amplified(self, sound: Floats, rng: np.random.Generator) -> Samples:
        n_clips, settings = len(sound), self._settings
        gain_db = rng.uniform(-settings.gain_db, settings.gain_db, n_clips)
        overdrive_db = rng.uniform(0, settings.overdrive_db, n_clips)
        overdrive_db[~_at_random(settings.overdrive_probability, n_clips, rng)] = 0
        limits = np.abs(sound).max(axis=1, keepdims=True) * _factors(-overdrive_db)
        return saturated(np.clip(sound, -limits, limits) * _factors(gain_db))


def _factors(level_db: npt.NDArray[np.float64]) -> Floats:
    """Returns amplitude factors, float32 [n, 1], for levels in dB, float [n]."""
    return np.asarray(10 ** (level_db[:, None] / 20), np.float32)


def _at_random(probability: float, count: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    return rng.random(count) < probability
