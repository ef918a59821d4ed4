# SPDX-License-Identifier: Apache-2.0
"""What is said, chosen by espeak-ng's phonemes: the words, words like them, near-misses, and who foreign says which."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from tinykws.project.config import Config
from tinykws.speech.accents import FOREIGN_ACCENTS, ForeignSpeech, foreign_speech
from tinykws.speech.espeak_library import Espeak, accents_of_language
from tinykws.speech.near_misses import near_misses
from tinykws.speech.unknown_words import UnknownWords, choose_unknown_words
from tinykws.speech.voices import Vocabulary
from tinykws.speech.word_lists import word_list
from tinykws.support.errors import ConfigError


def choose_vocabulary(config: Config) -> Vocabulary:
    """Chooses the accents that can say all the words, the texts of the unknown class, and who foreign says which.

    Raises:
        ConfigError: espeak-ng cannot speak a word or the language.
        ToolError: espeak-ng is not installed.
    """
    with Espeak(config.synth.seed) as espeak:
        all_accents = accents_of_language(config.language, espeak.accents())
        texts = [label.text for label in config.labels[2:]]
        accents = _accents_that_speak(espeak, [*texts, *config.synth.unknown_words], all_accents, config.language)

        def phonemes_of(text: str) -> tuple[str, ...]:
            return espeak.phonemes(text, accents[0]) if espeak.can_speak(text, accents[0]) else ()

        _check_unknown_words(config.synth.unknown_words, texts, phonemes_of)
        unknown = choose_unknown_words(
            texts,
            config.synth.unknown_words,
            word_list(config.language),
            phonemes_of,
            np.random.default_rng([config.synth.seed, 7]),
        )
        misses = _near_misses(espeak, texts, unknown, accents[0], config.synth.seed)
        unknown = dataclasses.replace(unknown, misses=misses)
        foreign = _foreign_speech(espeak, texts, unknown, accents)
        ipa = {text: f"[[{espeak.ipa(text, accents[0])}]]" for text in misses}
    return Vocabulary(tuple(texts), unknown, accents, foreign, ipa)


def _near_misses(
    espeak: Espeak, texts: Sequence[str], unknown: UnknownWords, accent: str, seed: int
) -> tuple[str, ...]:
    words = [espeak.mnemonics_one_by_one(text, accent) for text in texts]
    words = [word for word in words if word]
    inventory = [each for text in [*texts, *unknown.others] for each in espeak.mnemonics_one_by_one(text, accent)]
    if not words:
        return ()
    return near_misses(words, inventory, lambda text: espeak.phonemes(text, accent), np.random.default_rng([seed, 19]))


def _foreign_speech(
    espeak: Espeak, texts: Sequence[str], unknown: UnknownWords, accents: Sequence[str]
) -> dict[str, ForeignSpeech]:
    def said_in(mnemonics: str, accent: str) -> tuple[str, ...]:
        return espeak.phonemes(f"[[{mnemonics}]]", accent)

    return foreign_speech(
        texts,
        [*unknown.alike, *unknown.misses, *unknown.others],
        mnemonics_of=lambda text: espeak.mnemonics(text, accents[0]),
        said_in=said_in,
        home=accents[0],
        accents=[accent for accent in FOREIGN_ACCENTS if accent not in accents],
    )


def _accents_that_speak(espeak: Espeak, texts: Sequence[str], accents: Sequence[str], language: str) -> tuple[str, ...]:
    for text in texts:
        if not any(espeak.can_speak(text, accent) for accent in accents):
            raise ConfigError(
                f"espeak-ng cannot speak the word {text!r} in language {language!r}",
                hint=f"set language: in kws.yaml to the word's language, spell {text!r} as it sounds, "
                "or record it and set synth: {enabled: never}",
            )
    able = tuple(accent for accent in accents if all(espeak.can_speak(text, accent) for text in texts))
    if not able:
        raise ConfigError(
            f"no accent of language {language!r} speaks all of {', '.join(texts)}",
            hint="words of one project must be of one language",
        )
    return able


def _check_unknown_words(
    wanted: Sequence[str], texts: Sequence[str], phonemes_of: Callable[[str], tuple[str, ...]]
) -> None:
    sounds = {phonemes_of(text): text for text in texts}
    for word in wanted:
        if (same := sounds.get(phonemes_of(word))) is not None:
            raise ConfigError(
                f"synth: unknown_words holds {word!r}, which sounds as the word {same!r} does",
                hint="leave it out: nothing that hears them can tell them apart",
            )
