# SPDX-License-Identifier: Apache-2.0
"""Near-misses: keywords with some consonants replaced or omitted, as negative examples for the unknown class.

No word list has all rhymes of a word, and made-up ones teach as much: from `kess` a model learns that a `yes` needs the
y. A third of the sounds differs at least: a long word with one other consonant still sounds like the word. Near-misses
are built from phonemes, so this works for every language that espeak-ng speaks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tinykws.speech.unknown_words import VOWELS, Phonemes, is_distinct

MAX_NEAR_MISSES = 150
"""Over all keywords together."""
OMITTED_SHARE = 0.2
"""Share of near-misses that lack a consonant; in the others it is replaced."""
TRIES_PER_NEAR_MISS = 20
CHANGED_SHARE = 0.3
"""Share of a keyword's sounds that differ, rounded up."""


def near_misses(
    words: Sequence[Sequence[str]],
    inventory: Sequence[str],
    phonemes_of: Callable[[str], Phonemes],
    rng: np.random.Generator,
) -> tuple[str, ...]:
    """Returns near-misses as bracketed phonemes, such as `[[k'Es]]`, in random order, about equally many per keyword.

    Args:
        words: the keywords, each as espeak-ng's mnemonics of its phonemes: `("j", "'E", "s")`.
        inventory: mnemonics of the language's phonemes.
        phonemes_of: returns a text's phonemes in IPA.
        rng: for all random choices.
    """
    consonants = [each for each in dict.fromkeys(inventory) if _is_consonant(phonemes_of(bracketed([each])))]
    keywords = [phonemes_of(bracketed(word)) for word in words]
    found: dict[str, None] = {}
    for attempt in range(TRIES_PER_NEAR_MISS * MAX_NEAR_MISSES):
        if not consonants or len(found) == MAX_NEAR_MISSES:
            break
        text = bracketed(_with_changes(words[attempt % len(words)], consonants, phonemes_of, rng))
        if is_distinct(phonemes_of(text), keywords):
            found[text] = None
    return tuple(found)


def bracketed(mnemonics: Sequence[str]) -> str:
    """Returns phonemes as a text for espeak-ng."""
    return f"[[{''.join(mnemonics)}]]"


def _with_changes(
    word: Sequence[str], consonants: Sequence[str], phonemes_of: Callable[[str], Phonemes], rng: np.random.Generator
) -> list[str]:
    """Replaces or omits consonants, as many as there are and are wanted."""
    places = [at for at, each in enumerate(word) if _is_consonant(phonemes_of(bracketed([each])))]
    wanted = math.ceil(CHANGED_SHARE * len(word))
    others = [consonants[int(index)] for index in rng.integers(len(consonants), size=wanted)]
    chosen = sorted(int(at) for at in rng.permutation(places)[:wanted])
    changed = list(word)
    for at, other in reversed(list(zip(chosen, others, strict=False))):
        changed[at : at + 1] = [] if rng.random() < OMITTED_SHARE else [other]
    return changed


def _is_consonant(sound: Phonemes) -> bool:
    return len(sound) == 1 and sound[0][0] not in VOWELS
