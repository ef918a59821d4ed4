# SPDX-License-Identifier: Apache-2.0
"""Who is there to say what: the words of a project, and the voices of each speech engine with what they say of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tinykws.speech.accents import ForeignSpeech
from tinykws.speech.unknown_words import UnknownWords


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """All that is to be said, chosen by espeak-ng's phonemes whoever says it then."""

    words: tuple[str, ...]
    unknown: UnknownWords
    accents: tuple[str, ...]
    """espeak-ng's tags of the language's accents that say all the words."""
    foreign: Mapping[str, ForeignSpeech]
    """Text to who else says it."""
    ipa: Mapping[str, str]
    """The near-misses, which are espeak-ng's phonemes, in IPA: `[[k'Es]]` to `[[kˈɛs]]`."""

    @property
    def texts(self) -> tuple[str, ...]:
        """Words and texts of the unknown class."""
        unknown = self.unknown
        return tuple(dict.fromkeys([*self.words, *unknown.alike, *unknown.misses, *unknown.others]))


@dataclasses.dataclass(frozen=True)
class Cast:
    """One engine's voices, and what they say."""

    engine: str
    voices: Mapping[str, str]
    """Names, which files begin with and which no other cast has, to what the engine calls them."""
    given: Mapping[str, str]
    """What the engine is given for each text; a text that is not in it, it does not say."""
    accents: tuple[str, ...] = ("",)
    foreign: Mapping[str, ForeignSpeech] = dataclasses.field(default_factory=dict)
