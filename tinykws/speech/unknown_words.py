# SPDX-License-Identifier: Apache-2.0
"""Words that are not the keywords but must be told apart from them: alike in sound, parts of them, and all others.

Sound is compared on phonemes, so the choice works for any language that can be turned into phonemes. The words are
taken from a word list where there is one for the language (word_lists.py), and always from words made by changing
letters of the keywords.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

Phonemes: TypeAlias = tuple[str, ...]

ALIKE_WORDS = 120
"""How many words next to the keywords in sound are chosen, as many for each keyword …"""
ALIKE_PER_KEYWORD = 30
"""… but so many at least."""
MADE_UP_WORDS = 400
MOST_EDITS = 3
MADE_UP_DISTANCE = 1.0
"""A made-up word must differ from a keyword by at least a consonant: `yis` is how some people say yes."""
VOWELS = frozenset("aeiouyæœøɐɑɒɔəɘɛɜɞɤɨɪɯɵʉʊʌʏäɚɝᵻ")
VOWEL_FOR_VOWEL = 0.5
HOLDS_KEYWORD = 0.3
"""Nearness of a word that holds a whole keyword, as `snow` holds no."""
PHRASES = 40
"""How many phrases share a word with a keyword of several words."""
ALPHABETS = {
    "LATIN": "abcdefghijklmnopqrstuvwxyz",
    "CYRILLIC": "абвгдежзийклмнопрстуфхцчшщыьэюя",
    "GREEK": "αβγδεζηθικλμνξοπρστυφχψω",
}


@dataclasses.dataclass(frozen=True)
class UnknownWords:
    """What the unknown class says."""

    alike: tuple[str, ...]
    """Those the user named, parts of phrases, then the nearest in sound."""
    others: tuple[str, ...]
    misses: tuple[str, ...] = ()
    """Keywords with one sound changed, as phonemes in brackets."""


def choose_unknown_words(
    words: Sequence[str],
    wanted: Sequence[str],
    listed: Sequence[str],
    phonemes_of: Callable[[str], Phonemes],
    rng: np.random.Generator,
) -> UnknownWords:
    """Chooses the unknown class's words; none of them sounds as a keyword does.

    Args:
        words: the keywords.
        wanted: words the user asks to be told apart; all are used.
        listed: words of the language, () where there is no list.
        phonemes_of: gives a text's phonemes, () where it cannot be spoken.
        rng: for the words made up.
    """
    keywords = [phonemes_of(word) for word in words]
    pool = [*listed, *(word for word in made_up_words(words, rng) if is_distinct(phonemes_of(word), keywords))]
    sounds = {word: phonemes_of(word) for word in dict.fromkeys(pool)}
    fit = {word: sound for word, sound in sounds.items() if sound and sound not in keywords}
    nearest = _nearest(fit, keywords)
    parts = [text for text in phrase_parts(words, listed, rng) if phonemes_of(text) not in keywords]
    alike = tuple(dict.fromkeys([*wanted, *parts, *nearest]))
    chosen = frozenset(alike)
    rest = [word for word in fit if word not in chosen]
    from_list = frozenset(listed)
    in_list = tuple(word for word in rest if word in from_list)
    return UnknownWords(alike, in_list or tuple(rest) or alike)


def phoneme_distance(a: Phonemes, b: Phonemes) -> float:
    """Returns the edit distance of two phoneme strings; a vowel for another vowel counts half."""
    row = [float(index) for index in range(len(b) + 1)]
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], float(i)
        for j, right in enumerate(b, 1):
            changed = diagonal + _change(left, right)
            diagonal, row[j] = row[j], min(changed, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def nearness(sound: Phonemes, keyword: Phonemes) -> float:
    """Returns 0 for the same sound to 1 for nothing in common; a word that holds the keyword is near."""
    distance = phoneme_distance(sound, keyword) / max(len(sound), len(keyword), 1)
    return min(distance, HOLDS_KEYWORD) if _holds(sound, keyword) else distance


def made_up_words(words: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Returns words made by one to three changed, added, left out or swapped letters of the keywords' words."""
    tokens = [token for word in words for token in word.lower().split()]
    made: dict[str, None] = {}
    for round_ in range(MADE_UP_WORDS):
        letters = list(tokens[round_ % len(tokens)])
        alphabet = _alphabet(letters)
        for _ in range(int(rng.integers(1, MOST_EDITS + 1))):
            _edit(letters, alphabet, rng)
        made["".join(letters)] = None
    return [word for word in made if word not in tokens and any(character.isalpha() for character in word)]


def phrase_parts(words: Sequence[str], listed: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Returns, for keywords of several words, each word alone, and phrases that begin or end with one of them."""
    parts = []
    for tokens in (word.split() for word in words if len(word.split()) > 1):
        parts += tokens
        for index in range(PHRASES if len(listed) else 0):
            other = listed[int(rng.integers(len(listed)))]
            parts.append(" ".join([*tokens[:-1], other] if index % 2 else [other, *tokens[1:]]))
    return parts


def _nearest(sounds: Mapping[str, Phonemes], keywords: Sequence[Phonemes]) -> list[str]:
    """Returns the words nearest to each keyword, as many for each: a short keyword has few that are very near."""
    count = max(ALIKE_PER_KEYWORD, ALIKE_WORDS // len(keywords))
    found: dict[str, None] = {}
    for keyword in keywords:
        near = {word: nearness(sound, keyword) for word, sound in sounds.items()}
        found |= dict.fromkeys(sorted(near, key=lambda word: (near[word], word))[:count])
    return list(found)


def _holds(sound: Phonemes, keyword: Phonemes) -> bool:
    starts = range(len(sound) - len(keyword) + 1)
    return any(sound[start : start + len(keyword)] == keyword for start in starts)


def is_distinct(sound: Phonemes, keywords: Sequence[Phonemes]) -> bool:
    """Returns whether a made-up word can be said (it has a vowel) and is no way to say a keyword, nor holds one."""
    short = tuple(part for part, before in zip(sound, (None, *sound), strict=False) if part != before)
    differs = all(
        phoneme_distance(form, keyword) >= MADE_UP_DISTANCE and not _holds(form, keyword)
        for keyword in keywords
        for form in (sound, short)
    )
    return differs and any(part[0] in VOWELS for part in sound)


def _change(left: str, right: str) -> float:
    if left == right:
        return 0.0
    return VOWEL_FOR_VOWEL if left[0] in VOWELS and right[0] in VOWELS else 1.0


def _edit(letters: list[str], alphabet: str, rng: np.random.Generator) -> None:
    at = int(rng.integers(len(letters)))
    letter = alphabet[int(rng.integers(len(alphabet)))]
    kind = rng.choice(["change", "add", "leave out", "swap"])
    if kind == "change" or len(letters) == 1:
        letters[at] = letter
    elif kind == "add":
        letters.insert(at, letter)
    elif kind == "leave out":
        del letters[at]
    else:
        letters[at - 1], letters[at] = letters[at], letters[at - 1]


def _alphabet(letters: Sequence[str]) -> str:
    """Returns the letters of the script a word is written in, and the word's own."""
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in letters if letter.isalpha()}
    known = "".join(ALPHABETS[script] for script in sorted(scripts) if script in ALPHABETS)
    if known:
        return known + "".join(letter for letter in dict.fromkeys(letters) if letter not in known and letter.isalpha())
    near = {chr(code) for letter in letters for code in range(ord(letter) & ~31, (ord(letter) & ~31) + 32)}
    return "".join(sorted(letter for letter in near if letter.isalpha())) or ALPHABETS["LATIN"]
