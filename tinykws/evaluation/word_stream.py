# SPDX-License-Identifier: Apache-2.0
"""Streams made of held-back clips: one after another, with pauses, and noise, levels and rooms put on them.

A stream is made a block of ten clips at a time, so its length costs no memory; the same clips and seed give the same
samples. When each word is said is known before anything is computed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.acoustics import random_impulse_responses
from tinykws.audio.noise import BROWN, PINK, WHITE, coloured_noise, decibels, with_rms_1
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated
from tinykws.evaluation.timeline import Event

BLOCK_CLIPS = 10
"""Clips that share a noise, a level and a room."""
PAUSE_MS = (1500, 3000)
"""Shortest and longest time between one clip and the next."""
RIGHT_UPON_MS = (100, 400)
"""Shortest and longest time from the end of another word to the word, where that follows upon speech."""
SPEECH_DB = (-18.0, -26.0, -36.0)
"""Levels of speech in noise: its RMS in dB of full scale. A near voice, an ordinary one, one across the room."""
FAINT_DB = -65.0
"""Noise where there is none: what a microphone makes by itself."""
BOUNDS_DB = 30.0
"""A word goes from the first to the last 10 ms that are not this much weaker than its loudest."""
MADE_NOISE_PART = 0.3
"""Part of the blocks that get computed noise though there are recordings."""
HOP = SAMPLE_RATE_HZ // 100


@dataclasses.dataclass(frozen=True)
class Scene:
    """Where a stream is heard."""

    name: str
    snr_db: float | None = None
    """Of the speech against the noise; None: only faint noise, and clips as loud as they were recorded."""
    in_room: bool = False
    after_speech: bool = False
    """Before each word another one is said, right before it."""


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
    """Clips and what is said in them."""

    samples: Samples
    """int16 [n, s]."""
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


class WordStream:
    """One pass through all clips, in an order of its own, in one scene."""

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
            words: what is said.
            scene: where it is heard.
            others: other words, for a scene that is after speech; such a scene without any is like the quiet one.
            noise: recordings int16 [m] that no training clip was cut from; those under a second are not used.
            seed: of order, pauses, noise, levels and rooms.
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
        """How many pieces there are to come."""
        return len(self._blocks)

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces, one a block."""
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
                said = at + speech_bounds(clip)[0] - draw_samples(RIGHT_UPON_MS, rng)
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
    """Clips that are played together."""

    placed: tuple[tuple[Samples, int], ...]
    """Each clip, and at which sample of the block it begins."""
    length: int
    events: tuple[Event, ...]


def long_enough(recordings: Sequence[Samples]) -> list[Samples]:
    """Returns the recordings, int16 [m], that noise can be made of: those of a second and more."""
    return [recording for recording in recordings if recording.size >= SAMPLE_RATE_HZ]


def in_noise(
    sound: npt.NDArray[np.float32],
    scene: Scene,
    level_db: float,
    recordings: Sequence[Samples],
    rng: np.random.Generator,
) -> Samples:
    """Returns int16 [n]: float32 [n] of speech at a level, and the scene's noise, of those recordings or computed."""
    noise_db = FAINT_DB if scene.snr_db is None else level_db - scene.snr_db
    return saturated(
        sound + np.float32(FULL_SCALE * decibels(noise_db)) * _noise_bed(scene, recordings, sound.size, rng)
    )


def _noise_bed(
    scene: Scene, recordings: Sequence[Samples], samples: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Returns float32 [samples] of RMS 1: a recording again and again, or computed noise."""
    if scene.snr_db is None:
        return coloured_noise((samples,), PINK, rng)
    if not recordings or rng.random() < MADE_NOISE_PART:
        return coloured_noise((samples,), rng.uniform(WHITE, BROWN), rng)
    return with_rms_1(looped(recordings[int(rng.integers(len(recordings)))], samples))


def speech_bounds(clip: Samples) -> tuple[int, int]:
    """Returns where in int16 [n] the speech begins and ends, in samples; the whole of a clip without any."""
    hops = np.square(clip[: clip.size // HOP * HOP].astype(np.float64)).reshape(-1, HOP).sum(axis=1)
    loud = np.flatnonzero(hops > hops.max(initial=0.0) * decibels(-BOUNDS_DB) ** 2)
    if not loud.size:
        return 0, clip.size
    return int(loud[0]) * HOP, (int(loud[-1]) + 1) * HOP


def at_level(clip: Samples, level_db: float) -> npt.NDArray[np.float32]:
    """Returns float32 [n]: int16 [n] with its speech, the part within its bounds, at an RMS in dB of full scale."""
    first, last = speech_bounds(clip)
    rms = np.sqrt(np.mean(np.square(clip[first:last], dtype=np.float64)))
    return np.asarray(clip * (FULL_SCALE * decibels(level_db) / max(rms, 1.0)), np.float32)


def reverberated(sound: npt.NDArray[np.float32], response: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns float32 [n]: a sound [n] as heard in a room; what rings on after its end is cut off."""
    length = sound.size + response.size - 1
    spectrum = np.fft.rfft(sound, length) * np.fft.rfft(response, length)
    return np.asarray(np.fft.irfft(spectrum, length)[: sound.size], np.float32)


def looped(recording: Samples, samples: int) -> npt.NDArray[np.float32]:
    """Returns float32 [samples]: a recording over and over, its end faded into its start so that nothing clicks."""
    sound = recording.astype(np.float32)
    overlap = SAMPLE_RATE_HZ // 20
    fade = np.linspace(0, 1, overlap, dtype=np.float32)
    sound[:overlap] = sound[:overlap] * fade + sound[-overlap:] * (1 - fade)
    return np.asarray(np.resize(sound[:-overlap], samples), np.float32)


def draw_samples(range_ms: tuple[int, int], rng: np.random.Generator) -> int:
    """Returns a number of samples between the shortest and the longest time."""
    shortest, longest = (ms * SAMPLE_RATE_HZ // 1000 for ms in range_ms)
    return int(rng.integers(shortest, longest, endpoint=True))
