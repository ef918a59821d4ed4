# SPDX-License-Identifier: Apache-2.0
"""The unknown class's words: near in sound, never the same sound, for languages with a word list and without."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.speech.unknown_words import (
    MADE_UP_SHARE,
    MIN_SIMILAR_PER_KEYWORD,
    SIMILAR_WORDS,
    UnknownWords,
    blends,
    choose_unknown_words,
    is_distinct,
    made_up_words,
    phoneme_distance,
    phrase_parts,
    relative_distance,
)
from tinykws.speech.word_lists import word_list

SOUNDS = st.lists(st.sampled_from(["a", "e", "oʊ", "n", "s", "j", "t"]), max_size=7).map(tuple)


def letters(text: str) -> tuple[str, ...]:
    """Stands for espeak-ng's phonemes: every letter a sound, but k as c, and nothing that has a q."""
    return () if "q" in text else tuple(text.replace("k", "c").replace(" ", ""))


@given(SOUNDS, SOUNDS, SOUNDS)
def test_phoneme_distance_is_a_metric(a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...]) -> None:
    assert (phoneme_distance(a, b) == 0) == (a == b)
    assert phoneme_distance(a, b) == phoneme_distance(b, a)
    assert phoneme_distance(a, c) <= phoneme_distance(a, b) + phoneme_distance(b, c)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "abc", 3), ("nos", "nes", 0.5), ("nos", "nots", 1), ("nos", "bos", 1), ("nos", "nbs", 1), ("no", "on", 2)],
)
def test_phoneme_distance_by_hand(a: str, b: str, distance: float) -> None:
    assert phoneme_distance(tuple(a), tuple(b)) == distance


def test_a_word_that_holds_the_keyword_is_near() -> None:
    assert relative_distance(tuple("yesterday"), tuple("yes")) == relative_distance(tuple("snow"), tuple("no")) == 0.3
    assert relative_distance(tuple("banana"), tuple("yes")) > 0.8
    assert relative_distance(tuple("yes"), tuple("yes")) == 0


def chosen(*words: str, wanted: tuple[str, ...] = (), listed: tuple[str, ...] = word_list("en")) -> UnknownWords:
    return choose_unknown_words(words, wanted, listed, letters, np.random.default_rng(1))


def test_alike_words_are_nearer_than_the_others_and_none_sounds_as_a_keyword() -> None:
    unknown = chosen("cat", "seven", listed=(*word_list("en"), "kat"))
    keywords = [letters("cat"), letters("seven")]
    for keyword in keywords:
        near, far = (
            sorted(relative_distance(letters(word), keyword) for word in part)
            for part in (unknown.similar, unknown.others)
        )
        assert near[SIMILAR_WORDS // 2 - 1] <= far[0]
    assert {"kat", "cat", "seven"}.isdisjoint({*unknown.similar, *unknown.others})
    assert {"coat", "hat", "eleven"} <= set(unknown.similar)
    assert len(unknown.others) > 500


def test_every_keyword_has_its_near_words_however_short_it_is_and_however_many_they_are() -> None:
    keywords = ["no", "yesterday", "seven", "left", "right", "up", "down", "cat"]
    unknown = chosen(*keywords)
    for keyword in keywords:
        far = min(relative_distance(letters(word), letters(keyword)) for word in unknown.others)
        near = sorted(relative_distance(letters(word), letters(keyword)) for word in unknown.similar)
        assert near[round((1 - MADE_UP_SHARE) * MIN_SIMILAR_PER_KEYWORD) - 1] <= far


def test_words_that_cannot_be_spoken_are_left_out() -> None:
    unknown = chosen("cat")
    assert not any("q" in word for word in (*unknown.similar, *unknown.others))


def test_words_the_user_names_come_first() -> None:
    assert chosen("cat", wanted=("zebra", "bat")).similar[:2] == ("zebra", "bat")


def test_without_a_list_all_words_are_made_up() -> None:
    unknown = chosen("robot", listed=())
    assert len(unknown.similar) >= 100
    assert unknown.others


def test_made_up_words_are_no_way_to_say_a_keyword() -> None:
    for word in chosen("yes", listed=()).similar:
        assert phoneme_distance(letters(word), letters("yes")) >= 1
        assert "yes" not in word


def test_phrases_give_their_parts_and_phrases_that_share_a_word() -> None:
    parts = phrase_parts(["hey robot", "stop"], ["cat", "dog"], np.random.default_rng(0))
    assert {"hey", "robot", "hey cat", "dog robot"} <= set(parts)
    assert "stop" not in parts
    assert "hey" in chosen("hey robot").similar


@pytest.mark.parametrize("word", ["yes", "да", "ναι", "はい", "你好", "schön", "नहीं", "a"])
def test_made_up_words_stay_in_the_words_script(word: str) -> None:
    made = made_up_words([word], np.random.default_rng(0))
    assert len(made) > 20
    assert word not in made
    assert len(set(made)) == len(made)
    if not word.isascii() and "ö" not in word:
        assert not any(letter.isascii() for text in made for letter in text)


def test_the_same_seed_gives_the_same_words() -> None:
    assert chosen("yes", "no") == chosen("yes", "no")


@pytest.mark.parametrize("language", ["en", "en-gb", "EN", "de", "ru", "es", "fr"])
def test_word_lists(language: str) -> None:
    words = word_list(language)
    assert len(words) > 150
    assert len(set(words)) == len(words)
    assert word_list("xx") == ()


def test_partial_words_share_an_end_with_a_keyword_and_are_not_too_near() -> None:
    unknown = chosen("computer")
    listed = word_list("en")
    keyword = letters("computer")
    made = [word for word in unknown.partial if word not in listed]
    assert len(made) > 200
    assert {"come", "common", "letter"} <= set(unknown.partial)
    assert all(word[0] == "c" or word[-1] == "r" for word in made)
    assert min(phoneme_distance(letters(word), keyword) for word in made) >= 0.3 * len(keyword)
    assert not any("computer" in word for word in made)


def test_phrases_are_many_short_and_without_the_keyword() -> None:
    unknown = chosen("go")
    assert len(unknown.phrases) > 1000
    assert all(len(text.split()) == 2 and len(text) <= 13 for text in unknown.phrases)
    assert not any("go" in text.split() for text in unknown.phrases)
    assert chosen("go").phrases == unknown.phrases


def test_a_language_without_a_word_list_has_partial_words_too() -> None:
    unknown = choose_unknown_words(("komputero",), (), (), letters, np.random.default_rng(1))
    assert unknown.phrases == ()
    assert blends(("a",), (), 10, np.random.default_rng(1)) == []
    assert all(is_distinct(letters(word), [letters("komputero")]) for word in unknown.partial)
