# SPDX-License-Identifier: Apache-2.0
"""Generates streams of speech from clips of single words: meaningless sentences, used if there are no recordings.

Single words between pauses are unrealistic negatives: people hardly talk like that, and a detector that rejects all of
them also rejects most keywords. Sentences are closer to the speech that a device hears most of the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.evaluation.timeline import Event
from tinykws.evaluation.word_stream import (
    SPEECH_DB,
    Clips,
    Scene,
    at_level,
    draw_samples,
    in_noise,
    long_enough,
    speech_bounds,
)

PASSES = 3
"""Each clip is used this often, next to different clips."""
SENTENCE_WORDS = (2, 9)
BETWEEN_WORDS_MS = (20, 200)
BETWEEN_SENTENCES_MS = (400, 1500)
UNEVEN_DB = 3.0
"""Greatest difference in level between a word and its sentence."""


class TalkStream:
    """Several passes through all clips, in sentences at different levels."""

    def __init__(self, words: Clips, scene: Scene, *, noise: Sequence[Samples] = (), seed: int = 1) -> None:
        """Plans the stream.

        Args:
            words: clips of words that are not keywords.
            scene: name and noise.
            noise: recordings int16 [m] that were not used for training clips; those under a second are not used.
            seed: for order, pauses, levels and noise.
        """
        self.name = scene.name
        self.events: tuple[Event, ...] = ()
        self._words = words
        self._scene = scene
        self._noise = long_enough(noise)
        self._seeds = [seed, *scene.name.encode()]
        self._bounds = [speech_bounds(clip) for clip in words.samples]
        self._sentences = tuple(self._plan())

    @property
    def duration_ms(self) -> int:
        """The stream's length."""
        return sum(length for _, length in self._sentences) * 1000 // SAMPLE_RATE_HZ

    @property
    def pieces(self) -> int:
        """Number of pieces that the stream yields."""
        return len(self._sentences)

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces, each a sentence and the pause after it."""
        for number, (placed, length) in enumerate(self._sentences):
            yield self._said(placed, length, np.random.default_rng([*self._seeds, number]))

    def _plan(self) -> Iterator[tuple[list[tuple[int, int]], int]]:
        """Yields for each sentence its clips with their first samples, and its length including the pause."""
        rng = np.random.default_rng(self._seeds)
        order = [int(number) for _ in range(PASSES) for number in rng.permutation(len(self._words))]
        while order:
            count = int(rng.integers(*SENTENCE_WORDS, endpoint=True))
            placed, at = [], 0
            for number in order[:count]:
                first, last = self._bounds[number]
                placed.append((number, at))
                at += last - first + draw_samples(BETWEEN_WORDS_MS, rng)
            yield placed, at + draw_samples(BETWEEN_SENTENCES_MS, rng)
            order = order[count:]

    def _said(self, placed: Sequence[tuple[int, int]], length: int, rng: np.random.Generator) -> Samples:
        level_db = float(rng.choice(SPEECH_DB))
        sound: npt.NDArray[np.float32] = np.zeros(length, np.float32)
        for number, at in placed:
            first, last = self._bounds[number]
            word = at_level(self._words.samples[number], level_db + rng.uniform(-UNEVEN_DB, UNEVEN_DB))[first:last]
            sound[at : at + word.size] += word
        return in_noise(sound, self._scene, level_db, self._noise, rng)
