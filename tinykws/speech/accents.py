# SPDX-License-Identifier: Apache-2.0
"""Foreign accents: voices of other languages that say a word recognizably.

Given the phonemes of another language, an espeak-ng voice says the nearest sounds of its own, as people do. An accent
is not used if it lacks a sound and the word turns into a different one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from tinykws.speech.unknown_words import VOWEL_FOR_VOWEL, Phonemes, phoneme_distance

FOREIGN_ACCENTS = (
    *("bn", "cmn", "cs", "de", "el", "es", "es-419", "fr", "hi", "hu", "id", "it", "ja", "ko", "nl", "pl", "pt"),
    *("pt-BR", "ru", "sv", "sw", "ta", "tr", "ur", "vi"),
)
"""espeak-ng's tags of languages with many speakers, one voice each."""
MAX_DISTANCE = VOWEL_FOR_VOWEL
"""An accent may change one vowel of the word (see `phoneme_distance`)."""
LANGUAGE_SWITCH = "("
"""espeak-ng writes `(en)` where it switches to another language's phonemes; such words have no foreign accents."""


@dataclasses.dataclass(frozen=True)
class ForeignAccents:
    """The foreign accents that can say a text, and the phonemes to give them."""

    mnemonics: str
    """The text's phonemes as espeak-ng writes them, such as `j'Es`."""
    accents: tuple[str, ...]


def choose_foreign_accents(
    keywords: Sequence[str],
    others: Sequence[str],
    *,
    mnemonics_of: Callable[[str], str],
    phonemes_in_accent: Callable[[str, str], Phonemes],
    native_accent: str,
    accents: Sequence[str],
) -> dict[str, ForeignAccents]:
    """Finds the foreign accents that can say all keywords, and for each text those that can say it.

    Args:
        keywords: an accent that cannot say all of them is not used; else the accent would give away the label.
        others: texts of the unknown class.
        mnemonics_of: returns a text's phonemes as espeak-ng writes them.
        phonemes_in_accent: returns the IPA phonemes that an accent makes of such mnemonics.
        native_accent: the accent that defines how the texts should sound.
        accents: foreign accents to choose from.

    Returns:
        Text to accents, without texts that no foreign accent can say.
    """
    mnemonics = {text: mnemonics_of(text) for text in dict.fromkeys([*keywords, *others])}
    expected = {
        text: phonemes_in_accent(written, native_accent)
        for text, written in mnemonics.items()
        if LANGUAGE_SWITCH not in written
    }
    accents_of: dict[str, list[str]] = {text: [] for text in expected}

    def can_say(text: str, accent: str) -> bool:
        actual = phonemes_in_accent(mnemonics[text], accent) if expected.get(text) else ()
        return bool(actual) and (actual == expected[text] or phoneme_distance(actual, expected[text]) <= MAX_DISTANCE)

    for accent in accents:
        if all(can_say(keyword, accent) for keyword in keywords):
            for text in expected:
                if can_say(text, accent):
                    accents_of[text].append(accent)
    return {text: ForeignAccents(mnemonics[text], tuple(able)) for text, able in accents_of.items() if able}
