# SPDX-License-Identifier: Apache-2.0
"""The espeak-ng engine: its voice variants and randomly generated voices, each in every accent of the language."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
from collections.abc import Iterator

import numpy as np

from tinykws.speech.engines import EngineVoices, Sound, Speak, SpeechEngine, Utterance
from tinykws.speech.espeak_library import INSTALL_HINT, VARIANTS, Espeak
from tinykws.speech.random_voices import random_voice
from tinykws.speech.vocabulary import Vocabulary
from tinykws.support.errors import ToolError

RANDOM_VOICES = tuple(f"made{number}" for number in range(150))
"""Randomly generated voices in addition to espeak-ng's variants; the same seed gives the same voices."""


class EspeakEngine(SpeechEngine):
    """Speaks all languages, with accents; near-misses are written in its own phonemes."""

    name = "espeak"
    clips_at_once = None
    """The library's noise generator keeps its state between clips, so all clips of a voice are one job."""

    @classmethod
    def version(cls) -> str:
        """Returns the version of the package that contains the library."""
        try:
            return importlib.metadata.version("espeakng-loader")
        except importlib.metadata.PackageNotFoundError as error:
            raise ToolError("espeak-ng is not installed", hint=INSTALL_HINT) from error

    def voices(self) -> tuple[str, ...]:
        """Returns espeak-ng's variants and the random voices."""
        return (*VARIANTS, *RANDOM_VOICES)

    def engine_voices(self, vocabulary: Vocabulary) -> EngineVoices:
        """Returns all voices with all texts and accents; near-misses need no translation."""
        voices, texts = self.voices(), vocabulary.texts
        return EngineVoices(
            self.name,
            dict(zip(voices, voices, strict=True)),
            dict(zip(texts, texts, strict=True)),
            vocabulary.accents,
            vocabulary.foreign,
            self.share(len(voices)),
        )

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields `speak` of a freshly loaded library, seeded with the project's seed."""
        with Espeak(self.setup.settings.seed) as espeak:
            yield functools.partial(self._synthesize, espeak)

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes one utterance in a job of its own."""
        with self.speaking(utterance.seed) as speak:
            return speak(voice, utterance)

    def _synthesize(self, espeak: Espeak, voice: str, utterance: Utterance) -> Sound:
        if voice in RANDOM_VOICES:
            rng = np.random.default_rng([self.setup.settings.seed, 17, RANDOM_VOICES.index(voice)])
            espeak.add_variant(voice, random_voice(voice, rng))
        samples = espeak.speak(
            utterance.text, f"{utterance.accent}+{voice}", utterance.rate_wpm, utterance.pitch, utterance.pitch_range
        )
        return Sound(samples, espeak.sample_rate_hz)
