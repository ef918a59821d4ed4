# SPDX-License-Identifier: Apache-2.0
"""Near-misses: what a keyword becomes when one of its consonants is another one, or is missing.

No word list holds all the rhymes of a word, and a made-up one teaches as much: `kess` that it takes the y to make a
yes. They are made of phonemes, so this works for every language that espeak-ng speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinykws.speech.unknown_words import VOWELS, Phonemes, is_distinct

MISSES = 150
"""Of all keywords together, at most."""
LEFT_OUT_PART = 0.2
TRIES = 20
"""For each near-miss that is wanted."""


def near_misses(
    words: Sequence[Sequence[str]],
    inventory: Sequence[str],
    phonemes_of: Callable[[str], Phonemes],
    rng: np.random.Generator,
) -> tuple[str, ...]:
    """Returns texts to be spoken, `[[k'Es]]`, shuffled; each keyword has its part of them.

    Args:
        words: the keywords, each as espeak-ng's mnemonics of its phonemes: `("j", "'E", "s")`.
        inventory: mnemonics of the language's phonemes.
        phonemes_of: gives a text's phonemes in IPA.
        rng: of all choices.
    """
    consonants = [each for each in dict.fromkeys(inventory) if _is_consonant(phonemes_of(bracketed([each])))]
    keywords = [phonemes_of(bracketed(word)) for word in words]
    found: dict[str, None] = {}
    for attempt in range(TRIES * MISSES):
        if not consonants or len(found) == MISSES:
            break
        text = bracketed(_with_one_change(words[attempt % len(words)], consonants, phonemes_of, rng))
        if is_distinct(phonemes_of(text), keywords):
            found[text] = None
    return tuple(found)


def bracketed(mnemonics: Sequence[str]) -> str:
    """Returns phonemes as a text that espeak-ng speaks."""
    return f"[[{''.join(mnemonics)}]]"


def _with_one_change(
    word: Sequence[str], consonants: Sequence[str], phonemes_of: Callable[[str], Phonemes], rng: np.random.Generator
) -> list[str]:
    """Changes a consonant, or leaves it out; a word without any gets one before it."""
    made = list(word)
    places = [at for at, each in enumerate(made) if _is_consonant(phonemes_of(bracketed([each])))]
    other = consonants[int(rng.integers(len(consonants)))]
    if not places:
        return [other, *made]
    at = int(rng.choice(places))
    made[at : at + 1] = [] if rng.random() < LEFT_OUT_PART else [other]
    return made


def _is_consonant(sound: Phonemes) -> bool:
    return len(sound) == 1 and sound[0][0] not in VOWELS
