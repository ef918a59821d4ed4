# SPDX-License-Identifier: Apache-2.0
"""Foreign accents: who of another mother tongue says a word nearly as its own speakers do.

espeak-ng's voice of a language, given the phonemes of another one, says them as its own nearest sounds, which is what
people do. Where it lacks a sound and the word comes out as another one, it is not taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from tinykws.speech.unknown_words import VOWEL_FOR_VOWEL, Phonemes, phoneme_distance

FOREIGN_ACCENTS = (
    *("bn", "cmn", "cs", "de", "el", "es", "es-419", "fr", "hi", "hu", "id", "it", "ja", "ko", "nl", "pl", "pt"),
    *("pt-BR", "ru", "sv", "sw", "ta", "tr", "ur", "vi"),
)
"""espeak-ng's tags of languages with many speakers; one voice of each."""
FURTHEST = VOWEL_FOR_VOWEL
"""An accent may turn one vowel of the word into another."""
SWITCH = "("
"""Where espeak-ng goes on in another language's phonemes, it writes `(en)`: such words are foreign already."""


@dataclasses.dataclass(frozen=True)
class ForeignSpeech:
    """How a text is given to a foreign voice, and to which."""

    mnemonics: str
    """The text's phonemes as espeak-ng writes them, such as `j'Es`."""
    accents: tuple[str, ...]


def foreign_speech(
    keywords: Sequence[str],
    others: Sequence[str],
    *,
    mnemonics_of: Callable[[str], str],
    said_in: Callable[[str, str], Phonemes],
    home: str,
    accents: Sequence[str],
) -> dict[str, ForeignSpeech]:
    """Finds the foreign accents that say all the keywords, and which of the other texts each of them says.

    Args:
        keywords: an accent that cannot say them all is not used: it would tell who says what.
        others: texts of the unknown class.
        mnemonics_of: a text's phonemes as espeak-ng writes them.
        said_in: the phonemes, in IPA, that come out where mnemonics are given to an accent.
        home: the accent whose phonemes are meant.
        accents: to choose from.

    Returns:
        An entry for each text that anybody foreign says.
    """
    mnemonics = {text: mnemonics_of(text) for text in dict.fromkeys([*keywords, *others])}
    meant = {text: said_in(written, home) for text, written in mnemonics.items() if SWITCH not in written}
    speakers: dict[str, list[str]] = {text: [] for text in meant}

    def says(text: str, accent: str) -> bool:
        said = said_in(mnemonics[text], accent) if meant.get(text) else ()
        return bool(said) and (said == meant[text] or phoneme_distance(said, meant[text]) <= FURTHEST)

    for accent in accents:
        if all(says(keyword, accent) for keyword in keywords):
            for text in meant:
                if says(text, accent):
                    speakers[text].append(accent)
    return {text: ForeignSpeech(mnemonics[text], tuple(who)) for text, who in speakers.items() if who}
