# SPDX-License-Identifier: Apache-2.0
"""Generates streams from held-back clips, one after another with pauses, at different levels, in noise and in rooms.

A stream is generated in blocks of ten clips, so memory does not grow with its length. The same clips and seed give the
same samples. The times of all words are known before any sample is computed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.acoustics import random_impulse_responses
from tinykws.audio.filters import fast_length
from tinykws.audio.noise import BROWN, PINK, WHITE, coloured_noise, decibels, with_rms_1
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated
from tinykws.evaluation.timeline import Event

BLOCK_CLIPS = 10
"""Clips per block; they share noise, level and room."""
PAUSE_MS = (1500, 3000)
"""Shortest and longest time between one clip and the next."""
GAP_AFTER_SPEECH_MS = (100, 400)
"""Shortest and longest time from the end of another word to the word, in the scene after speech."""
SPEECH_DB = (-18.0, -26.0, -36.0)
"""RMS of speech in noise, in dB of full scale: a near speaker, a normal one, and one across the room."""
FAINT_DB = -65.0
"""RMS of the noise in a quiet scene: a microphone's own noise."""
BOUNDS_DB = 30.0
"""A word lasts from the first to the last 10 ms that are within this of the loudest 10 ms."""
COMPUTED_NOISE_SHARE = 0.3
"""Share of blocks with computed noise even if there are recordings."""
LEVEL_SAMPLES = SAMPLE_RATE_HZ // 100


@dataclasses.dataclass(frozen=True)
class Scene:
    """Acoustic conditions of a stream."""

    name: str
    snr_db: float | None = None
    """Signal-to-noise ratio; None: only faint noise, and clips at the level at which they were recorded."""
    in_room: bool = False
    after_speech: bool = False
    """Whether another word directly precedes each word."""


QUIET = Scene("quiet")
SCENES = (
    QUIET,
    Scene("noise 20 dB", 20.0),
    Scene("noise 10 dB", 10.0),
    Scene("noise 5 dB", 5.0),
    Scene("room", 20.0, in_room=True),
    Scene("after speech", after_speech=True),
)


@dataclasses.dataclass(frozen=True)
class Clips:
    """Clips with their labels."""

    samples: Samples
    """int16 [n, s]."""
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


class WordStream:
    """One pass through all clips in random order, in one scene."""

    def __init__(
        self,
        words: Clips,
        scene: Scene = QUIET,
        *,
        others: Clips | None = None,
        noise: Sequence[Samples] = (),
        seed: int = 1,
    ) -> None:
        """Plans the stream.

        Args:
            words: clips of the words.
            scene: acoustic conditions.
            others: clips of other words, for the scene after speech; without any, it equals the quiet scene.
            noise: recordings int16 [m] that were not used for training clips; those under a second are not used.
            seed: for order, pauses, noise, levels and rooms.
        """
        self.name = scene.name
        self._words = words
        self._others = others if scene.after_speech and others is not None and len(others) else None
        self._scene = scene
        self._noise = long_enough(noise)
        self._seeds = [seed, *scene.name.encode()]
        self._blocks = tuple(self._plan())
        self.events = tuple(event for block in self._blocks for event in block.events)

    @property
    def duration_ms(self) -> int:
        """The stream's length."""
        return sum(block.length for block in self._blocks) * 1000 // SAMPLE_RATE_HZ

    @property
    def pieces(self) -> int:
        """Number of pieces that the stream yields."""
        return len(self._blocks)

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces, one per block."""
        for number, block in enumerate(self._blocks):
            yield self._played(block, np.random.default_rng([*self._seeds, number]))

    def _plan(self) -> Iterator[_Block]:
        rng = np.random.default_rng(self._seeds)
        order = rng.permutation(len(self._words))
        start = 0
        for first in range(0, len(order), BLOCK_CLIPS):
            block = self._plan_block(order[first : first + BLOCK_CLIPS], start, rng)
            start += block.length
            yield block

    def _plan_block(self, chosen: npt.NDArray[np.int64], start: int, rng: np.random.Generator) -> _Block:
        placed, events, at = [], [], 0
        for number in map(int, chosen):
            clip = self._words.samples[number]
            pause = draw_samples(PAUSE_MS, rng)
            at += pause // 2
            if self._others is not None:
                other = self._others.samples[int(rng.integers(len(self._others)))]
                at += clip.size
                said = at + speech_bounds(clip)[0] - draw_samples(GAP_AFTER_SPEECH_MS, rng)
                placed.append((other, max(0, said - speech_bounds(other)[1])))
            placed.append((clip, at))
            first, last = ((start + at + edge) * 1000 for edge in speech_bounds(clip))
            events.append(Event(first // SAMPLE_RATE_HZ, -(-last // SAMPLE_RATE_HZ), self._words.labels[number]))
            at += clip.size + pause - pause // 2
        return _Block(tuple(placed), at, tuple(events))

    def _played(self, block: _Block, rng: np.random.Generator) -> Samples:
        scene = self._scene
        level_db = float(rng.choice(SPEECH_DB))
        sound = np.zeros(block.length, np.float32)
        for clip, at in block.placed:
            sound[at : at + clip.size] += clip if scene.snr_db is None else at_level(clip, level_db)
        if scene.in_room:
            sound = reverberated(sound, random_impulse_responses(1, rng)[0])
        return in_noise(sound, scene, level_db, self._noise, rng)


@dataclasses.dataclass(frozen=True)
class _Block:
    """Clips that are generated together."""

    placed: tuple[tuple[Samples, int], ...]
    """Each clip with its first sample in the block."""
    length: int
    events: tuple[Event, ...]


def long_enough(recordings: Sequence[Samples]) -> list[Samples]:
    """Returns the recordings, int16 [m], that are at least a second long."""
    return [recording for recording in recordings if recording.size >= SAMPLE_RATE_HZ]


def in_noise(
    sound: npt.NDArray[np.float32],
    scene: Scene,
    level_db: float,
    recordings: Sequence[Samples],
    rng: np.random.Generator,
) -> Samples:
    """Returns int16 [n]: speech, float32 [n] at a level, plus the scene's noise, from recordings or computed."""
    noise_db = FAINT_DB if scene.snr_db is None else level_db - scene.snr_db
    return saturated(
        sound + np.float32(FULL_SCALE * decibels(noise_db)) * _noise_bed(scene, recordings, sound.size, rng)
    )


def _noise_bed(
    scene: Scene, recordings: Sequence[Samples], samples: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Returns float32 [samples] of RMS 1: a looped recording, or computed noise."""
    if scene.snr_db is None:
        return coloured_noise((samples,), PINK, rng)
    if not recordings or rng.random() < COMPUTED_NOISE_SHARE:
        return coloured_noise((samples,), rng.uniform(WHITE, BROWN), rng)
    return with_rms_1(looped(recordings[int(rng.integers(len(recordings)))], samples))


def speech_bounds(clip: Samples) -> tuple[int, int]:
    """Returns first and last sample of the speech in int16 [n]; the whole clip if it is silent."""
    energies = (
        np.square(clip[: clip.size // LEVEL_SAMPLES * LEVEL_SAMPLES].astype(np.float64))
        .reshape(-1, LEVEL_SAMPLES)
        .sum(axis=1)
    )
    loud = np.flatnonzero(energies > energies.max(initial=0.0) * decibels(-BOUNDS_DB) ** 2)
    if not loud.size:
        return 0, clip.size
    return int(loud[0]) * LEVEL_SAMPLES, (int(loud[-1]) + 1) * LEVEL_SAMPLES


def at_level(clip: Samples, level_db: float) -> npt.NDArray[np.float32]:
    """Returns float32 [n]: int16 [n] scaled so that its speech (speech_bounds) has this RMS in dB of full scale."""
    first, last = speech_bounds(clip)
    rms = np.sqrt(np.mean(np.square(clip[first:last], dtype=np.float64)))
    return np.asarray(clip * (FULL_SCALE * decibels(level_db) / max(rms, 1.0)), np.float32)


def reverberated(sound: npt.NDArray[np.float32], response: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns float32 [n]: a sound [n] with a room's impulse response; the reverberation after its end is cut off."""
    length = fast_length(sound.size + response.size - 1)
    spectrum = np.fft.rfft(sound, length) * np.fft.rfft(response, length)
    return np.asarray(np.fft.irfft(spectrum, length)[: sound.size], np.float32)


def looped(recording: Samples, samples: int) -> npt.NDArray[np.float32]:
    """Returns float32 [samples]: a looped recording, its end cross-faded into its start to avoid clicks."""
    sound = recording.astype(np.float32)
    overlap = SAMPLE_RATE_HZ // 20
    fade = np.linspace(0, 1, overlap, dtype=np.float32)
    sound[:overlap] = sound[:overlap] * fade + sound[-overlap:] * (1 - fade)
    return np.asarray(np.resize(sound[:-overlap], samples), np.float32)


def draw_samples(range_ms: tuple[int, int], rng: np.random.Generator) -> int:
    """Returns a random number of samples between the shortest and the longest time."""
    shortest, longest = (ms * SAMPLE_RATE_HZ // 1000 for ms in range_ms)
    return int(rng.integers(shortest, longest, endpoint=True))
