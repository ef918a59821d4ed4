# SPDX-License-Identifier: Apache-2.0
"""The hibari engine (PyPI hibari-tts): small neural voices of English; one is in its package, four can be fetched.

hibari's network gives a spectrum and a pitch for each 12.5 ms; the pitch is changed here before hibari's vocoder makes
samples of both. hibari and its voices are Apache-2.0.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.audio.samples import FULL_SCALE, saturated
from tinykws.speech.engines import USUAL_WPM, Sound, Speak, SpeechEngine, Utterance
from tinykws.speech.english_ipa import bracketed_ipa, in_english_letters, is_english, require_english
from tinykws.speech.misaki_alphabet import in_misaki
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ConfigError, ToolError

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # here: read once, when onnxruntime is first imported

INSTALL_HINT = 'pip install "tinykws[synth]"'
SPEEDS = (0.5, 2.0)
"""What the network was made for."""
VOICED_HZ = 40.0
"""hibari's own limit: frames below are not voiced."""


class HibariEngine(SpeechEngine):
    """The voice of hibari's package, and those that `tinykws fetch voices hibari` downloaded."""

    name = "hibari"

    @classmethod
    def version(cls) -> str:
        """Returns hibari's version and which FFT it uses: with scipy, samples differ in the last bits."""
        backend = _imported().dsp.FFT_BACKEND
        return f"{importlib.metadata.version('hibari-tts')}, {backend}"

    @classmethod
    def speaks(cls, language: str) -> bool:
        """Returns whether the language is English."""
        return is_english(language)

    def voices(self) -> tuple[str, ...]:
        """Returns the names of the voices whose files are on this computer."""
        require_english(self.setup.language, "hibari", "hibari")
        return tuple(name for name in _imported().voices.VOICES if self._model(name).is_file())

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the files of the voices that were fetched; the package's own has the package's version."""
        registry = _imported().voices.VOICES
        fetched = [self._model(name) for name, voice in registry.items() if not voice.get("bundled")]
        return tuple(file for file in fetched if file.is_file())

    def says(self, text: str) -> bool:
        """Returns whether a text is in English letters, or in IPA for which hibari has symbols."""
        return in_english_letters(text) if bracketed_ipa(text) is None else in_misaki(text) is not None

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields `speak`; each voice is loaded when it is first used."""
        load = functools.cache(self._load)
        yield lambda voice, utterance: _synthesize(load(voice), utterance)

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes one utterance in a job of its own."""
        with self.speaking(utterance.seed) as speak:
            return speak(voice, utterance)

    def _load(self, voice: str) -> Any:
        model = self._model(voice)
        try:
            return _imported().Hibari(voice=voice, model=str(model))
        except Exception as error:  # onnxruntime's exceptions have no common base class
            hint = f"delete it, and: tinykws fetch voices {self.name}"
            raise ConfigError(f"{model} is not a voice that onnxruntime can read: {error}", hint=hint) from error

    def _model(self, voice: str) -> Path:
        hibari = _imported()
        described = hibari.voices.VOICES[voice]
        folder = Path(hibari.__file__).parent / "assets" if described.get("bundled") else voices_dir(self.name)
        return folder / str(described["file"])


def _imported() -> Any:
    try:
        import hibari
        import hibari.dsp
        import hibari.voices
    except ImportError as error:
        raise ToolError(f"hibari is not installed: {error}", hint=INSTALL_HINT) from error
    return hibari


def _synthesize(hibari: Any, utterance: Utterance) -> Sound:
    rng = np.random.default_rng([utterance.seed, 29])
    speed = float(np.clip(utterance.rate_wpm / USUAL_WPM, *SPEEDS))
    pieces = [np.zeros(0)]
    for phonemes in _phonemes(hibari, utterance.text):
        inputs = {"ids": np.array([hibari.ids(phonemes)], np.int64), "speed": np.array([speed], np.float32)}
        *spectra, pitch_hz = (output[0] for output in hibari.sess.run(None, inputs))
        pieces.append(_imported().dsp.synth(*spectra, _shifted(pitch_hz, utterance), rng))
    return Sound(saturated(np.concatenate(pieces) * FULL_SCALE), int(hibari.sample_rate))


def _phonemes(hibari: Any, text: str) -> list[str]:
    written = in_misaki(text)
    return list(hibari.phonemize(text)) if written is None else [written]


def _shifted(pitch_hz: np.ndarray[Any, Any], utterance: Utterance) -> np.ndarray[Any, Any]:
    """Returns a pitch contour, Hz float32 [frames], moved by up to half an octave, with a smaller or larger range."""
    voiced = pitch_hz > VOICED_HZ
    if not voiced.any():
        return pitch_hz
    octaves = np.log2(np.where(voiced, pitch_hz, 1))
    middle = octaves[voiced].mean()
    moved = middle + (utterance.pitch - 50) / 100 + (octaves - middle) * utterance.pitch_range / 50
    return np.where(voiced, 2**moved, pitch_hz).astype(np.float32)
