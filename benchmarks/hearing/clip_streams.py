# SPDX-License-Identifier: Apache-2.0
"""Clips of people, one word a file, one after another with pauses: what a detector hears of people who say a word."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tinykws.audio.files import read_audio
from tinykws.audio.noise import PINK, coloured_noise, decibels
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples, saturated
from tinykws.audio.speech_bounds import speech_bounds
from tinykws.evaluation.timeline import Event
from tinykws.evaluation.word_stream import FAINT_DB, PAUSE_MS, draw_samples
from tinykws.support.files import sha256_of_file

MOST_CLIPS = 200
"""Clips per stream: short streams keep all processors busy until the end."""


@dataclasses.dataclass(frozen=True)
class Clip:
    """A recording of a person who says one word."""

    path: Path
    label: str
    """The word."""


@dataclasses.dataclass(frozen=True)
class Placed:
    """A clip in a stream."""

    clip: Clip
    begin: int
    """Its first sample in the stream."""
    samples: int
    speech_end: int
    """End of its speech in the stream, by tinykws.audio.speech_bounds; its last sample if no speech was found."""
    has_speech: bool
    """Whether speech was found in it."""
    sha256: str
    """Of the file."""


class ClipStream:
    """Clips as loud as they were recorded, with pauses of 1.5 to 3 s, over the faint noise of a quiet room.

    The pauses and the noise are those of the scene `quiet` of `tinykws evaluate --stream`. An event lasts from the
    clip's first sample to the end of its speech.
    """

    def __init__(self, name: str, clips: Sequence[Clip], seed: int) -> None:
        """Plans the stream; reads each file once.

        Args:
            name: the stream's name.
            clips: in the order in which they are played.
            seed: for pauses and noise.

        Raises:
            ConfigError: a file is not audio.
        """
        self.name = name
        self._seeds = [seed, *name.encode()]
        self.placed, self._samples = self._plan(clips)
        self.events = tuple(
            Event(_ms(one.begin), max(_ms(one.begin) + 1, _ms(one.speech_end)), one.clip.label) for one in self.placed
        )

    @property
    def duration_ms(self) -> int:
        """The stream's length."""
        return _ms(self._samples)

    @property
    def pieces(self) -> int:
        """Number of pieces that the stream yields: each is a clip with half of the pauses around it."""
        return len(self.placed)

    @property
    def slots_ms(self) -> tuple[int, ...]:
        """[clips + 1]: where each clip begins, then the stream's end. What is heard from there on belongs to the clip.

        A clip's time begins with its first sample and ends with the first sample of the next one.
        """
        return (*(_ms(one.begin) for one in self.placed), self.duration_ms)

    @property
    def identity(self) -> str:
        """Names everything that decides the samples."""
        parts = [f"{one.sha256} {one.begin}" for one in self.placed]
        return hashlib.sha256(f"{self._seeds} {self._samples} {parts}".encode()).hexdigest()

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces."""
        ends = [*(one.begin for one in self.placed[1:]), self._samples]
        position = 0
        for number, (one, end) in enumerate(zip(self.placed, ends, strict=True)):
            sound = np.zeros(end - position, np.float32)
            sound[one.begin - position :][: one.samples] = read_audio(one.clip.path).samples
            noise = coloured_noise((sound.size,), PINK, np.random.default_rng([*self._seeds, number]))
            yield saturated(sound + np.float32(FULL_SCALE * decibels(FAINT_DB)) * noise)
            position = end

    def _plan(self, clips: Sequence[Clip]) -> tuple[tuple[Placed, ...], int]:
        rng = np.random.default_rng(self._seeds)
        placed, position = [], 0
        for clip in clips:
            samples = read_audio(clip.path).samples
            pause = draw_samples(PAUSE_MS, rng)
            bounds = speech_bounds(samples, SAMPLE_RATE_HZ)
            begin = position + pause // 2
            speech_end = begin + (bounds[1] if bounds else samples.size)
            placed.append(Placed(clip, begin, samples.size, speech_end, bounds is not None, sha256_of_file(clip.path)))
            position = begin + samples.size + pause - pause // 2
        return tuple(placed), position


def clip_streams(name: str, clips: Iterable[Clip], seed: int) -> tuple[ClipStream, ...]:
    """Returns streams of up to MOST_CLIPS clips each, in a random order. Raises ConfigError."""
    listed = sorted(clips, key=lambda clip: (clip.label, clip.path.as_posix()))
    mixed = [listed[at] for at in np.random.default_rng([seed, *name.encode()]).permutation(len(listed))]
    parts = [mixed[first : first + MOST_CLIPS] for first in range(0, len(mixed), MOST_CLIPS)]
    return tuple(ClipStream(f"{name} {number}", part, seed) for number, part in enumerate(parts, start=1))


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ
