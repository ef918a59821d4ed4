# SPDX-License-Identifier: Apache-2.0
"""espeak-ng as a speech engine: its variants and speakers drawn at random, each in every accent of the language."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
from collections.abc import Iterator

import numpy as np

from tinykws.speech.engines import Saying, Sound, Speak, SpeechEngine
from tinykws.speech.espeak_library import INSTALL_HINT, VARIANTS, Espeak
from tinykws.speech.random_voices import made_voice
from tinykws.speech.voices import Cast, Vocabulary
from tinykws.support.errors import ToolError

MADE = tuple(f"made{number}" for number in range(150))
"""Speakers drawn at random beside espeak-ng's own variants, the same for the same seed."""


class EspeakEngine(SpeechEngine):
    """All languages, with accents; near-misses by its own phonemes."""

    name = "espeak"
    clips_at_once = None
    """Its noise goes on from one clip to the next, so a voice's clips stay together."""

    @classmethod
    def version(cls) -> str:
        """Returns the version of the package that holds the library."""
        try:
            return importlib.metadata.version("espeakng-loader")
        except importlib.metadata.PackageNotFoundError as error:
            raise ToolError("espeak-ng is not installed", hint=INSTALL_HINT) from error

    def voices(self) -> tuple[str, ...]:
        """Returns espeak-ng's variants and the made speakers."""
        return (*VARIANTS, *MADE)

    def cast(self, vocabulary: Vocabulary) -> Cast:
        """Returns all voices, which say everything, with all accents; near-misses are its own phonemes already."""
        voices, texts = self.voices(), vocabulary.texts
        return Cast(
            self.name,
            dict(zip(voices, voices, strict=True)),
            dict(zip(texts, texts, strict=True)),
            vocabulary.accents,
            vocabulary.foreign,
        )

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields a freshly loaded library's speech, seeded with the project's seed."""
        with Espeak(self.setup.settings.seed) as espeak:
            yield functools.partial(self._say, espeak)

    def speak(self, voice: str, saying: Saying) -> Sound:
        """Says one thing alone."""
        with self.speaking(saying.seed) as speak:
            return speak(voice, saying)

    def _say(self, espeak: Espeak, voice: str, saying: Saying) -> Sound:
        if voice in MADE:
            rng = np.random.default_rng([self.setup.settings.seed, 17, MADE.index(voice)])
            espeak.add_variant(voice, made_voice(voice, rng))
        samples = espeak.speak(
            saying.text, f"{saying.accent}+{voice}", saying.rate_wpm, saying.pitch, saying.pitch_range
        )
        return Sound(samples, espeak.sample_rate_hz)
