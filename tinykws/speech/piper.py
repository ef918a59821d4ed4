# SPDX-License-Identifier: Apache-2.0
"""Piper, neural speech, as a speech engine: voices are the user's files, each with one speaker or hundreds of them.

onnxruntime gives a voice's random numbers their seed when it loads the file. So each job loads it anew, on one thread:
the same job gives the same bytes. It also reports its use to its makers from its import on, unless it is told not to,
which is done here. Piper is GPL-3.0: an optional extra that the user installs.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.audio.samples import FULL_SCALE, saturated
from tinykws.speech.engines import USUAL_WPM, Saying, Sound, Speak, SpeechEngine
from tinykws.support.errors import ConfigError, ToolError

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # here: read once, when onnxruntime is first imported

INSTALL_HINT = 'pip install "tinykws[piper]"'
VOICES_HINT = "a voice is two files, NAME.onnx and NAME.onnx.json, of the ones that Piper's project publishes"
PACKAGES = ("piper-tts", "onnxruntime")
NOISE = (0.7, 1.3)
"""noise_scale (how a voice sounds) and noise_w (how long its phonemes are) are drawn about the voice's own values."""
ONE_LANGUAGE = {"zh": "cmn", "no": "nb"}
"""Piper's names of languages that are not espeak-ng's."""


class PiperEngine(SpeechEngine):
    """Whatever languages the voices have; near-misses in IPA where a voice takes espeak-ng's phonemes, as most do."""

    name = "piper"

    @classmethod
    def version(cls) -> str:
        """Returns the versions of Piper and of what computes for it."""
        try:
            return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
        except importlib.metadata.PackageNotFoundError as error:
            raise ToolError("Piper is not installed", hint=INSTALL_HINT) from error

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the files of kws.yaml and their descriptions."""
        return tuple(file for each in self._models for file in (each, _description_of(each)))

    def voices(self) -> tuple[str, ...]:
        """Returns all speakers of all files."""
        if not self._models:
            raise ConfigError(
                "synth: engines holds piper, and piper_voices is empty",
                hint=f"piper_voices: [voices/NAME.onnx]; {VOICES_HINT}",
            )
        if len({model.stem for model in self._models}) < len(self._models):
            raise ConfigError("synth: piper_voices holds two files of one name", hint="a voice twice, or rename a file")
        return tuple(self._speakers)

    def says(self, text: str) -> bool:
        """Returns whether all voices have all of a text's phonemes."""
        return all(_has_phonemes(voice, text) for voice in self._phonemizers)

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:
        """Yields speech by freshly loaded voices, each loaded when it first speaks."""
        load = functools.cache(functools.partial(_load, seed=seed))
        yield lambda voice, saying: self._say(load(self._speakers[voice][0]), self._speakers[voice][1], saying)

    def speak(self, voice: str, saying: Saying) -> Sound:
        """Says one thing alone."""
        with self.speaking(saying.seed) as speak:
            return speak(voice, saying)

    def _say(self, voice: Any, speaker: int, saying: Saying) -> Sound:
        from piper import SynthesisConfig

        usual, rng = voice.config, np.random.default_rng([saying.seed, 23])
        manner = SynthesisConfig(
            speaker_id=speaker,
            length_scale=usual.length_scale * USUAL_WPM / saying.rate_wpm,
            noise_scale=usual.noise_scale * float(rng.uniform(*NOISE)),
            noise_w_scale=usual.noise_w_scale * float(rng.uniform(*NOISE)),
        )
        said = [chunk.audio_float_array for chunk in voice.synthesize(_written(saying.text), manner)]
        samples = np.concatenate(said) if said else np.zeros(0)
        return Sound(saturated(samples * FULL_SCALE), usual.sample_rate)

    @property
    def _models(self) -> tuple[Path, ...]:
        return tuple(map(self.path, self.setup.settings.piper_voices))

    @functools.cached_property
    def _speakers(self) -> dict[str, tuple[Path, int]]:
        """File and number of each speaker by name."""
        speakers = {}
        for model in self._models:
            described = _describe(model, self.setup.language)
            for number in range(described["num_speakers"]):
                speakers[f"{model.stem}-{number}"] = (model, number)
        return speakers

    @functools.cached_property
    def _phonemizers(self) -> list[Any]:
        return [_voice(_describe(model, self.setup.language), session=None) for model in self._models]


def _description_of(model: Path) -> Path:
    return model.with_name(f"{model.name}.json")


def _describe(model: Path, language: str = "") -> dict[str, Any]:
    """Reads a voice's .onnx.json. Raises ConfigError where a file is not there, is damaged, or of another language."""
    for file in (model, _description_of(model)):
        if not file.is_file():
            raise ConfigError(f"there is no {file}, for synth: piper_voices", hint=VOICES_HINT)
    try:
        described: dict[str, Any] = json.loads(_description_of(model).read_text(encoding="utf-8"))
        _voice(described, session=None)
        language_of = described.get("language", {})
        names = {described["espeak"]["voice"], language_of.get("code", ""), language_of.get("family", "")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{_description_of(model)} describes no Piper voice: {error!r}", hint=VOICES_HINT) from error
    if language and _family(language) not in set(map(_family, names)):
        raise ConfigError(
            f"{model} speaks {described['espeak']['voice']}, and language is {language!r}",
            hint="take a voice of the words' language; leave piper out of synth: engines where there is none",
        )
    return described


def _voice(described: dict[str, Any], session: Any) -> Any:
    """Returns piper's own voice; without a session it turns text into phonemes only."""
    try:
        from piper import PiperVoice
        from piper.config import PiperConfig
    except ImportError as error:
        raise ToolError(f"Piper does not load: {error}", hint=INSTALL_HINT) from error
    return PiperVoice(session=session, config=PiperConfig.from_dict(described))


def _load(model: Path, seed: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # sums in one order, and our processes side by side
    options.log_severity_level = 3
    onnxruntime.set_seed(seed)
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds, without a common one
        raise ConfigError(f"{model} is no voice that onnxruntime reads: {error}", hint=VOICES_HINT) from error
    return _voice(_describe(model), session)


def _has_phonemes(voice: Any, text: str) -> bool:
    phonemes = [each for sentence in voice.phonemize(_written(text)) for each in sentence]
    return bool(phonemes) and all(each in voice.config.phoneme_id_map for each in phonemes)


def _written(text: str) -> str:
    """Returns a text as Piper takes it: it takes phonemes apart as its voices know them, but not those in brackets."""
    return unicodedata.normalize("NFD", text) if text.startswith("[[") else text


def _family(language: str) -> str:
    family = language.lower().replace("_", "-").split("-")[0]
    return ONE_LANGUAGE.get(family, family)
