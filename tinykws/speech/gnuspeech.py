# SPDX-License-Identifier: Apache-2.0
"""The GnuSpeech engine: a model of the human vocal tract, so speakers of any size can be made, children too.

Its program is WebAssembly that wasmtime runs (gnuspeech_program.py). It is GPL-3.0, so it is not part of tinykws: the
user fetches it. Words that its dictionary lacks are spelled out by espeak-ng's phonemes; its own letter rules are poor.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import soundfile

from tinykws.audio.samples import FULL_SCALE, saturated
from tinykws.speech.engines import USUAL_WPM, EngineVoices, Sound, Speak, SpeechEngine, Utterance
from tinykws.speech.english_ipa import (
    STRESS,
    bracketed_ipa,
    in_english_letters,
    is_english,
    require_english,
    split_sounds,
)
from tinykws.speech.espeak_library import Espeak
from tinykws.speech.gnuspeech_program import GnuspeechProgram
from tinykws.speech.vocabulary import Vocabulary
from tinykws.speech.vocal_tracts import random_tract, with_pitch
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ToolError

FETCH_HINT = "tinykws fetch voices gnuspeech"
PROGRAM = "gnuspeech.wasm"
TRACTS = tuple(f"tract{number}" for number in range(120))
"""Randomly generated speakers; the same seed gives the same ones."""
DICTIONARY = "MainDictionary.txt"
STEM_LETTERS = 4
"""A dictionary's entry may lack the last letters of a word of the text, as `run` lacks those of `running`."""

_POSTURES = """
eɪ=e_i aɪ=ah_i aʊ=aa_u ɔɪ=o_i oʊ=uh_uu əʊ=uh_uu tʃ=ch dʒ=j iə=i_uh ɪə=i_uh eə=e_uh ʊə=u_uh ɑː=ar ɔː=aw
ɜː=er iː=ee uː=uu oː=aw n̩=uh_n l̩=uh_l m̩=uh_m i=ee ɪ=i ᵻ=i ʊ=u u=uu ʌ=a æ=aa a=aa ɛ=e e=e ɒ=o ɔ=aw ɑ=ar
ə=uh ɐ=uh ɚ=uh_r ɜ=er o=aw b=b d=d f=f ɡ=g h=h j=y k=k l=l ɫ=l m=m n=n ŋ=ng p=p ɹ=r r=r s=s ʃ=sh t=t ɾ=t
ʔ=t θ=th ð=dh v=v w=w x=k z=z ʒ=zh
"""
POSTURES = {ipa: postures.split("_") for ipa, _, postures in (entry.partition("=") for entry in _POSTURES.split())}
"""espeak-ng's IPA of English to GnuSpeech's postures of the vocal tract."""
_VOWELS = frozenset("aeiou")

_CONTROL = """
control_rate = 250.0
voice_name = male
tempo = {tempo:.4f}
pitch_offset = -4.0
drift_deviation = {drift:.4f}
drift_lowpass_cutoff = 0.5
micro_intonation = 1
macro_intonation = 1
intonation_drift = 1
random_intonation = 1
notional_pitch = 2.0
pretonic_range = {pretonic:.4f}
pretonic_lift = 4.0
tonic_range = {tonic:.4f}
tonic_movement = 4.0
dictionary_1_file = none
dictionary_2_file = none
dictionary_3_file = MainDictionary.txt
"""
"""The program's settings; all others are its defaults. The ranges of pitch are in semitones."""


class GnuspeechEngine(SpeechEngine):
    """Random speakers of all sizes; says near-misses and words of no dictionary by phonemes."""

    name = "gnuspeech"
    clips_at_once = 150
    """Each job compiles the program, which takes half a second."""

    @classmethod
    def version(cls) -> str:
        """Returns the version of wasmtime and that of the program, which is the only one that fits."""
        try:
            wasmtime = importlib.metadata.version("wasmtime")
        except importlib.metadata.PackageNotFoundError as error:
            raise ToolError("wasmtime is not installed", hint='pip install "tinykws[synth]"') from error
        if not _program_file().is_file():
            raise ToolError("GnuSpeech was not fetched", hint=FETCH_HINT)
        return f"0.3.0, wasmtime {wasmtime}"

    @classmethod
    def speaks(cls, language: str) -> bool:
        """Returns whether the language is English."""
        return is_english(language)

    def voices(self) -> tuple[str, ...]:
        """Returns the random speakers."""
        require_english(self.setup.language, "GnuSpeech", "gnuspeech")
        return TRACTS

    def says(self, text: str) -> bool:
        """Returns whether a text is in English letters, or in IPA for which there are postures."""
        ipa = bracketed_ipa(text)
        return in_english_letters(text) if ipa is None else split_sounds(ipa.replace(" ", ""), POSTURES) is not None

    def engine_voices(self, vocabulary: Vocabulary) -> EngineVoices:
        """Returns all speakers; texts with a word that is not in the dictionary become IPA, word by word."""
        voices = super().engine_voices(vocabulary)
        known = _entries(GnuspeechProgram(_program_file()).own_file(DICTIONARY))
        strange = [text for text in voices.engine_texts if bracketed_ipa(text) is None and not _is_known(text, known)]
        with Espeak(self.setup.settings.seed) as espeak:
            accent = vocabulary.accents[0]
            spelled = {text: espeak.spelled(text, accent) for text in strange}
        texts = {text: spelled.get(text, written) for text, written in voices.engine_texts.items()}
        sayable = {text: written for text, written in texts.items() if self.says(written)}
        return dataclasses.replace(voices, engine_texts=sayable)

    @contextlib.contextmanager
    def speaking(self, seed: int) -> Iterator[Speak]:  # noqa: ARG002
        """Yields `speak` of a freshly started program."""
        if not _program_file().is_file():
            raise ToolError("GnuSpeech was not fetched", hint=FETCH_HINT)
        program = GnuspeechProgram(_program_file())
        entries = _entries(program.own_file(DICTIONARY))
        yield lambda voice, utterance: self._synthesize(program, entries, voice, utterance)

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        """Synthesizes one utterance in a job of its own."""
        with self.speaking(utterance.seed) as speak:
            return speak(voice, utterance)

    def _synthesize(
        self, program: GnuspeechProgram, entries: Mapping[str, str], voice: str, utterance: Utterance
    ) -> Sound:
        rng = np.random.default_rng([self.setup.settings.seed, 31, TRACTS.index(voice)])
        words, dictionary = _words_and_dictionary(utterance.text, entries)
        files = {
            "voice_male.txt": with_pitch(random_tract(rng), 12 * (utterance.pitch - 50) / 100),
            "trm_control_model.txt": _control(utterance),
            DICTIONARY: dictionary,
        }
        wav = io.BytesIO(program.speak(words, files, utterance.seed))
        samples, rate = soundfile.read(wav, dtype="float64", always_2d=True)
        return Sound(saturated(samples[:, 0] * FULL_SCALE), int(rate))


def _program_file() -> Path:
    return voices_dir(GnuspeechEngine.name) / PROGRAM


def _control(utterance: Utterance) -> str:
    span = utterance.pitch_range / 50
    tempo = utterance.rate_wpm / USUAL_WPM
    return _CONTROL.format(tempo=tempo, drift=0.6 * span, pretonic=-2 * span, tonic=-8 * span)


def _entries(dictionary: str) -> dict[str, str]:
    """Returns the lines of GnuSpeech's dictionary, by word."""
    return {line.partition(" ")[0]: line for line in dictionary.splitlines()[1:]}


def _is_known(text: str, entries: Mapping[str, str]) -> bool:
    return all(word in entries for word in text.lower().split())


def _words_and_dictionary(text: str, entries: Mapping[str, str]) -> tuple[str, str]:
    """Returns the words to speak and a dictionary for them; reading the whole one takes four times as long as a word.

    For IPA the words are made up: `qa`, `qb` … are spelled out in the dictionary.
    """
    ipa = bracketed_ipa(text)
    if ipa is None:
        starts = tuple(word[: max(2, len(word) - STEM_LETTERS)] for word in re.findall("[a-z']+", text.lower()))
        return text, _dictionary(line for word, line in entries.items() if word.startswith(starts))
    spelled = [_spelled(split_sounds(word, POSTURES) or []) for word in ipa.split()]
    names = [f"q{chr(ord('a') + number)}" for number in range(len(spelled))]
    end = text[-1] if text[-1] in ".!?" else ""
    return " ".join(names) + end, _dictionary(f"{name} {each}%a" for name, each in zip(names, spelled, strict=True))


def _dictionary(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in ["  1.0 by tinykws", *lines])


def _spelled(sounds: list[str]) -> str:
    """Returns sounds as GnuSpeech's dictionary writes a word: `uh.'l_e_k.s_uh`.

    espeak-ng puts a stress mark before the vowel, the dictionary before the syllable. A syllable begins with the
    consonant before its vowel; the word's first one with all of them.
    """
    syllables: list[str] = []
    waiting: list[str] = []
    mark = ""
    for sound in sounds:
        if sound in STRESS:
            mark = "'" if sound == "ˈ" else '"'
        elif POSTURES[sound][0][0] not in _VOWELS:
            waiting += POSTURES[sound]
        else:
            closing, onset = (waiting[:-1], waiting[-1:]) if syllables else ([], waiting)
            syllables[-1:] = ["_".join([each, *closing]) for each in syllables[-1:]]
            syllables.append(mark + "_".join([*onset, *POSTURES[sound]]))
            waiting, mark = [], ""
    return ".".join([*syllables[:-1], "_".join([*syllables[-1:], *waiting])])
