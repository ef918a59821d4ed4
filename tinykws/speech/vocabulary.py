# SPDX-License-Identifier: Apache-2.0
"""The texts to synthesize, chosen by espeak-ng's phonemes: keywords, unknown words, near-misses, foreign accents."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tinykws.project.config import Config
from tinykws.speech.accents import FOREIGN_ACCENTS, ForeignAccents, choose_foreign_accents
from tinykws.speech.espeak_library import Espeak, accents_of_language
from tinykws.speech.near_misses import near_misses
from tinykws.speech.unknown_words import UnknownWords, choose_unknown_words
from tinykws.speech.word_lists import word_list
from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """All texts to synthesize. espeak-ng's phonemes decide on them, whichever engines synthesize them."""

    words: tuple[str, ...]
    """The keywords."""
    unknown: UnknownWords
    accents: tuple[str, ...]
    """espeak-ng's tags of those accents of the language that can say all keywords."""
    foreign: Mapping[str, ForeignAccents]
    """Text to the foreign accents in which it can also be said."""
    ipa: Mapping[str, str]
    """Near-misses, which are written in espeak-ng's phonemes, to IPA: `[[k'Es]]` to `[[kˈɛs]]`."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Keywords and texts of the unknown class, each once."""
        unknown = self.unknown
        return tuple(
            dict.fromkeys(
                [*self.words, *(text for field in dataclasses.fields(unknown) for text in getattr(unknown, field.name))]
            )
        )


def choose_vocabulary(config: Config) -> Vocabulary:
    """Chooses the accents that can say all keywords, the texts of the unknown class, and their foreign accents.

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
        misses = _choose_near_misses(espeak, texts, unknown, accents[0], config.synth.seed)
        unknown = dataclasses.replace(unknown, near_misses=misses)
        foreign = _choose_foreign_accents(espeak, texts, unknown, accents)
        ipa = {text: f"[[{espeak.ipa(text, accents[0])}]]" for text in misses}
    return Vocabulary(tuple(texts), unknown, accents, foreign, ipa)


def _choose_near_misses(
    espeak: Espeak, texts: Sequence[str], unknown: UnknownWords, accent: str, seed: int
) -> tuple[str, ...]:
    words = [espeak.split_mnemonics(text, accent) for text in texts]
    words = [word for word in words if word]
    inventory = [each for text in [*texts, *unknown.others] for each in espeak.split_mnemonics(text, accent)]
    if not words:
        return ()
    return near_misses(words, inventory, lambda text: espeak.phonemes(text, accent), np.random.default_rng([seed, 19]))


def _choose_foreign_accents(
    espeak: Espeak, texts: Sequence[str], unknown: UnknownWords, accents: Sequence[str]
) -> dict[str, ForeignAccents]:
    def phonemes_in_accent(mnemonics: str, accent: str) -> tuple[str, ...]:
        return espeak.phonemes(f"[[{mnemonics}]]", accent)

    return choose_foreign_accents(
        texts,
        [*unknown.similar, *unknown.near_misses, *unknown.others],
        mnemonics_of=lambda text: espeak.mnemonics(text, accents[0]),
        phonemes_in_accent=phonemes_in_accent,
        native_accent=accents[0],
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
            f"no accent of language {language!r} can speak all of {', '.join(texts)}",
            hint="all words of a project must be in one language",
        )
    return able


def _check_unknown_words(
    requested: Sequence[str], texts: Sequence[str], phonemes_of: Callable[[str], tuple[str, ...]]
) -> None:
    sounds = {phonemes_of(text): text for text in texts}
    for word in requested:
        if (same := sounds.get(phonemes_of(word))) is not None:
            raise ConfigError(
                f"synth: unknown_words contains {word!r}, which sounds the same as the word {same!r}",
                hint="remove it: no model can tell them apart",
            )
