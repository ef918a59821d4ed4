# SPDX-License-Identifier: Apache-2.0
"""Near-misses differ from a keyword by a third of its sounds, can be said, and are no way to say a keyword."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.speech.near_misses import MAX_NEAR_MISSES, bracketed, near_misses
from tinykws.speech.unknown_words import phoneme_distance

INVENTORY = ("n", "k", "s", "j", "t", "E", "oU", "k", "b", "d", "f", "g", "l", "m", "p", "r")


def phonemes(text: str) -> tuple[str, ...]:
    """Stands for espeak-ng: every letter a phoneme, E and oU vowels."""
    return tuple(text.strip("[]").replace("oU", "o").replace("E", "e"))


def made(*words: tuple[str, ...], seed: int = 1) -> tuple[str, ...]:
    return near_misses(words, INVENTORY, phonemes, np.random.default_rng(seed))


def test_one_consonant_is_changed_or_left_out() -> None:
    keyword = phonemes(bracketed(("j", "E", "s")))
    misses = made(("j", "E", "s"))
    for text in misses:
        assert phoneme_distance(phonemes(text), keyword) == 1
        assert "e" in phonemes(text)
    assert {"[[kEs]]", "[[jEt]]", "[[jE]]", "[[Es]]"} <= set(misses)
    assert len(misses) == len(set(misses))


def test_of_a_long_word_more_than_one_sound_differs() -> None:
    word = ("k", "E", "m", "p", "j", "oU", "t", "E")
    keyword = phonemes(bracketed(word))
    distances = [phoneme_distance(phonemes(text), keyword) for text in made(word)]
    assert len(distances) > 20
    assert min(distances) >= 0.3 * len(keyword)
    assert max(distances) <= 3


def test_a_word_with_too_few_consonants_has_none() -> None:
    assert made(("E", "oU", "E", "oU")) == made(("E", "k", "E", "oU", "E", "oU", "E")) == ()


def test_every_keyword_has_its_part_and_none_is_another_keyword() -> None:
    words = ("j", "E", "s"), ("n", "oU"), ("g", "oU")
    misses = made(*words)
    assert "[[noU]]" not in misses
    assert "[[goU]]" not in misses
    like_yes = sum("E" in text for text in misses)
    assert len(misses) <= MAX_NEAR_MISSES
    assert 15 < like_yes < len(misses) - 8


def test_a_word_that_holds_the_keyword_is_none() -> None:
    assert not any("noU" in text for text in made(("n", "oU")))


def test_reproducible() -> None:
    assert made(("n", "oU")) == made(("n", "oU"))
    assert made(("n", "oU")) != made(("n", "oU"), seed=2)


def test_without_consonants_there_are_none() -> None:
    assert near_misses([("E",)], ("E", "oU"), phonemes, np.random.default_rng(0)) == ()


def test_with_espeak_they_are_spoken_and_sound_as_they_shall() -> None:
    pytest.importorskip("espeakng_loader")
    from tinykws.speech.espeak_library import Espeak

    with Espeak() as espeak:
        yes = espeak.split_mnemonics("yes", "en-US")
        inventory = espeak.split_mnemonics("kettle bus fish", "en-US")
        assert yes == ("j", "'E", "s")
        misses = near_misses([yes], inventory, lambda text: espeak.phonemes(text, "en-US"), np.random.default_rng(1))
        assert "[[k'Es]]" in misses
        assert espeak.phonemes("[[k'Es]]", "en-US") == ("k", "ɛ", "s")
        for text in misses[:10]:
            assert espeak.speak(text, "en-US", 160, 50, 50).size > 3000
