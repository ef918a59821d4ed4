# SPDX-License-Identifier: Apache-2.0
"""Labels: safe for folders, C and serial lines, whatever people write."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.project.labels import MAX_LABEL_LENGTH, label_of_word, labels_of_words
from tinykws.support.errors import ConfigError


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("yes", "yes"),
        ("Hey Robot", "hey_robot"),
        ("  hey   robot ", "hey_robot"),
        ("да", "da"),
        ("straße", "strasse"),
        ("don't", "don_t"),
        ("你好", "nihao"),
        ("five5", "five5"),
    ],
)
def test_a_word_becomes_a_label(word: str, name: str) -> None:
    label = label_of_word(word)
    assert label.name == name
    assert label.text == " ".join(word.split())


@pytest.mark.slow
@given(st.text(max_size=60))
def test_any_text_gives_a_safe_label_or_a_refusal(word: str) -> None:
    try:
        label = label_of_word(word)
    except ConfigError as error:
        assert error.message
        return
    assert re.fullmatch(r"[a-z0-9]([a-z0-9_]*[a-z0-9])?", label.name)
    assert len(label.name) <= MAX_LABEL_LENGTH


def test_labels_stand_in_the_models_order() -> None:
    assert [label.name for label in labels_of_words(["no", "yes"])] == ["_silence_", "_unknown_", "no", "yes"]


@pytest.mark.parametrize("word", ["../x", "a/b", "a\\b", "c:", ".", ".."])
def test_what_looks_like_a_path_is_said_to(word: str) -> None:
    with pytest.raises(ConfigError, match="looks like a path"):
        label_of_word(word)


def test_two_words_of_one_label_are_told_from_one_word_twice() -> None:
    with pytest.raises(ConfigError, match=r"^word 'yes' is given twice$"):
        labels_of_words(["yes", "no", "yes"])
    with pytest.raises(ConfigError, match=r"^words 'hey robot' and 'Hey, robot!' both become the label 'hey_robot'$"):
        labels_of_words(["hey robot", "Hey, robot!"])
