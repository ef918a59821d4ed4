# SPDX-License-Identifier: Apache-2.0
"""The words of the unknown class: words that sound similar to keywords, parts of keywords, and other words.

Sounds are compared as phonemes, so this works for any language with a phonemizer. Words come from the language's word
list if there is one (word_lists.py), and always from words made up by changing letters of the keywords.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

Phonemes: TypeAlias = tuple[str, ...]

SIMILAR_WORDS = 120
"""Words of similar sound over all keywords, equally many per keyword …"""
MIN_SIMILAR_PER_KEYWORD = 30
"""… but at least this many for each."""
MADE_UP_SHARE = 0.3
"""Share of made-up words among those of similar sound, if the language has a list of words."""
MADE_UP_WORDS = 400
MAX_EDITS = 3
MIN_MADE_UP_DISTANCE = 1.0
"""A made-up word must differ from a keyword by at least one consonant: `yis` is how some people say yes."""
VOWELS = frozenset("aeiouyæœøɐɑɒɔəɘɛɜɞɤɨɪɯɵʉʊʌʏäɚɝᵻ")
VOWEL_FOR_VOWEL = 0.5
"""Cost of replacing a vowel by another one in the edit distance; any other edit costs 1."""
CONTAINED_KEYWORD_DISTANCE = 0.3
"""Greatest relative distance of a word that contains a whole keyword, as `snow` contains `no`."""
PHRASES_PER_KEYWORD = 40
"""Phrases that share a word with a keyword of several words."""
NEAREST_MADE_UP = 0.3
"""Least relative distance of a text that is made up from a keyword: of eight sounds, three differ. With one, people
may well mean the keyword."""
PARTIAL_WORDS = 1200
"""Words that begin or end as a keyword does, over all keywords."""
SHORT_PHRASES = 1500
LONGEST_IN_PHRASE = 6
"""Letters of a word in a phrase: two such words fit the clip."""
SHARED_SOUNDS = 2
"""Sounds at the beginning or the end that make a word partly the same as a keyword."""
ALPHABETS = {
    "LATIN": "abcdefghijklmnopqrstuvwxyz",
    "CYRILLIC": "абвгдежзийклмнопрстуфхцчшщыьэюя",
    "GREEK": "αβγδεζηθικλμνξοπρστυφχψω",
}


@dataclasses.dataclass(frozen=True)
class UnknownWords:
    """The texts of the unknown class."""

    similar: tuple[str, ...]
    """Words that the user named, parts of phrases, then the words nearest in sound."""
    others: tuple[str, ...]
    near_misses: tuple[str, ...] = ()
    """Keywords with some of their consonants changed, as bracketed phonemes."""
    partial: tuple[str, ...] = ()
    """Words that begin or end as a keyword does: of the language, and made of a keyword's half and a word's half."""
    phrases: tuple[str, ...] = ()
    """Two short words each."""


def choose_unknown_words(
    words: Sequence[str],
    requested: Sequence[str],
    listed: Sequence[str],
    phonemes_of: Callable[[str], Phonemes],
    rng: np.random.Generator,
) -> UnknownWords:
    """Chooses the words of the unknown class; none of them sounds the same as a keyword.

    Args:
        words: the keywords.
        requested: words named by the user; all are used.
        listed: words of the language, () if there is no list.
        phonemes_of: returns a text's phonemes, () if it cannot be spoken.
        rng: for the made-up words.
    """
    keywords = [phonemes_of(word) for word in words]
    pool = [*listed, *(word for word in made_up_words(words, rng) if is_distinct(phonemes_of(word), keywords))]
    sounds = {word: phonemes_of(word) for word in dict.fromkeys(pool)}
    usable = {word: sound for word, sound in sounds.items() if sound and sound not in keywords}
    listed_sounds = {word: usable[word] for word in listed if word in usable}
    made_sounds = {word: sound for word, sound in usable.items() if word not in listed_sounds}
    share = MADE_UP_SHARE if listed_sounds else 1.0
    nearest = [*_nearest(listed_sounds, keywords, 1 - share), *_nearest(made_sounds, keywords, share)]
    parts = [text for text in phrase_parts(words, listed, rng) if phonemes_of(text) not in keywords]
    similar = tuple(dict.fromkeys([*requested, *parts, *nearest]))
    chosen = frozenset(similar)
    rest = [word for word in usable if word not in chosen]
    from_list = frozenset(listed)
    in_list = tuple(word for word in rest if word in from_list)
    others = in_list or tuple(rest) or similar
    real = [
        word for word, sound in listed_sounds.items() if any(_shares_an_end(sound, keyword) for keyword in keywords)
    ]
    made = blends(words, listed or words, PARTIAL_WORDS, rng)
    made = [word for word in made if is_distinct(phonemes_of(word), keywords)]
    partial = tuple(dict.fromkeys([*real, *made]))[:PARTIAL_WORDS]
    phrases = tuple(text for text in _short_phrases(listed, rng) if not _holds_a_keyword(phonemes_of(text), keywords))
    return UnknownWords(similar, others, partial=partial, phrases=phrases)


def blends(words: Sequence[str], listed: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Returns made-up words: the beginning of a keyword and the end of another word, or the other way round."""
    tokens = [token for word in words for token in word.lower().split() if len(token) > 1]
    if not tokens or not listed:
        return []
    made: dict[str, None] = {}
    for round_ in range(count):
        keyword, other = tokens[round_ % len(tokens)], listed[int(rng.integers(len(listed)))]
        at = int(rng.integers(1, len(keyword)))
        cut = int(rng.integers(0, max(1, len(other) - 1)))
        made[keyword[:at] + other[cut:] if rng.random() < 0.5 else other[: cut + 1] + keyword[at:]] = None
    return [word for word in made if word not in tokens]


def _shares_an_end(sound: Phonemes, keyword: Phonemes) -> bool:
    shared = min(SHARED_SOUNDS, len(keyword) - 1)
    return shared > 0 and (sound[:shared] == keyword[:shared] or sound[-shared:] == keyword[-shared:])


def _short_phrases(listed: Sequence[str], rng: np.random.Generator) -> list[str]:
    short = [word for word in listed if len(word) <= LONGEST_IN_PHRASE]
    if len(short) < 2:
        return []
    pairs = rng.integers(len(short), size=(SHORT_PHRASES, 2))
    return list(dict.fromkeys(f"{short[first]} {short[second]}" for first, second in pairs))


def _holds_a_keyword(sound: Phonemes, keywords: Sequence[Phonemes]) -> bool:
    return any(_contains(sound, keyword) for keyword in keywords)


def phoneme_distance(a: Phonemes, b: Phonemes) -> float:
    """Returns the edit distance of two phoneme sequences; replacing a vowel by a vowel costs half."""
    row = [float(index) for index in range(len(b) + 1)]
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], float(i)
        for j, right in enumerate(b, 1):
            changed = diagonal + _change(left, right)
            diagonal, row[j] = row[j], min(changed, row[j] + 1, row[j - 1] + 1)
    return row[-1]


def relative_distance(sound: Phonemes, keyword: Phonemes) -> float:
    """Returns 0 (the same sound) to 1 (nothing in common); a word that contains the keyword is near."""
    distance = phoneme_distance(sound, keyword) / max(len(sound), len(keyword), 1)
    return min(distance, CONTAINED_KEYWORD_DISTANCE) if _contains(sound, keyword) else distance


def made_up_words(words: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Returns the keywords' words with one to three letters changed, added, omitted or swapped."""
    tokens = [token for word in words for token in word.lower().split()]
    made: dict[str, None] = {}
    for round_ in range(MADE_UP_WORDS):
        letters = list(tokens[round_ % len(tokens)])
        alphabet = _alphabet(letters)
        for _ in range(int(rng.integers(1, MAX_EDITS + 1))):
            _edit(letters, alphabet, rng)
        made["".join(letters)] = None
    return [word for word in made if word not in tokens and any(character.isalpha() for character in word)]


def phrase_parts(words: Sequence[str], listed: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Returns, for keywords of several words, each word alone, and phrases that start or end with one of them."""
    parts = []
    for tokens in (word.split() for word in words if len(word.split()) > 1):
        parts += tokens
        for index in range(PHRASES_PER_KEYWORD if len(listed) else 0):
            other = listed[int(rng.integers(len(listed)))]
            parts.append(" ".join([*tokens[:-1], other] if index % 2 else [other, *tokens[1:]]))
    return parts


def _nearest(sounds: Mapping[str, Phonemes], keywords: Sequence[Phonemes], share: float) -> list[str]:
    """Returns the words nearest to each keyword, equally many for each: a share of all words of similar sound."""
    count = round(share * max(MIN_SIMILAR_PER_KEYWORD, SIMILAR_WORDS // len(keywords)))
    found: dict[str, None] = {}
    for keyword in keywords:
        near = {word: relative_distance(sound, keyword) for word, sound in sounds.items()}
        found |= dict.fromkeys(sorted(near, key=lambda word: (near[word], word))[:count])
    return list(found)


def _contains(sound: Phonemes, keyword: Phonemes) -> bool:
    starts = range(len(sound) - len(keyword) + 1)
    return any(sound[start : start + len(keyword)] == keyword for start in starts)


def is_distinct(sound: Phonemes, keywords: Sequence[Phonemes]) -> bool:
    """Returns whether a made-up word has a vowel, is not a variant of a keyword, and does not contain one."""
    short = tuple(part for part, before in zip(sound, (None, *sound), strict=False) if part != before)
    differs = all(
        phoneme_distance(form, keyword) >= max(MIN_MADE_UP_DISTANCE, NEAREST_MADE_UP * len(keyword))
        and not _contains(form, keyword)
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
    """Returns the letters of the word's script and the word's own letters."""
    scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in letters if letter.isalpha()}
    known = "".join(ALPHABETS[script] for script in sorted(scripts) if script in ALPHABETS)
    if known:
        return known + "".join(letter for letter in dict.fromkeys(letters) if letter not in known and letter.isalpha())
    near = {chr(code) for letter in letters for code in range(ord(letter) & ~31, (ord(letter) & ~31) + 32)}
    return "".join(sorted(letter for letter in near if letter.isalpha())) or ALPHABETS["LATIN"]
