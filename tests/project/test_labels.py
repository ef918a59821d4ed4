# SPDX-License-Identifier: Apache-2.0
"""Labels: safe for folders, C and serial lines, whatever people write."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.project.labels import MAX_LABEL_LENGTH, MAX_LABELS, Label, check_labels, label_of_word, labels_of_words
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


@pytest.mark.parametrize("word", ["CON", "nul", "Nul!", "aux", "prn", "COM1", "lpt 9".replace(" ", "")])
def test_words_that_cannot_be_folders_on_windows_are_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a folder's name on Windows"):
        label_of_word(word)


@pytest.mark.parametrize("word", ["Unknown!", "unknown", "_unknown_", "Ünknown", "Silence.", "background noise"])
def test_words_that_fold_to_a_label_of_ours_are_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="is a label tinykws makes itself"):
        labels_of_words([word])


@pytest.mark.parametrize("word", ["connect", "null", "con brio", "com", "nulla"])
def test_words_that_only_begin_like_these_are_words(word: str) -> None:
    assert label_of_word(word).text == word


@pytest.mark.parametrize("word", ["a\x1b[2Jb", "a\u202eb", "a\x00b", "a\x7fb", "\ud800a"])
def test_control_characters_are_refused_and_shown_as_escapes(word: str) -> None:
    with pytest.raises(ConfigError, match="holds a control character") as caught:
        label_of_word(word)
    assert caught.value.message.isprintable()


def test_a_word_of_5000_characters_is_refused_in_short() -> None:
    with pytest.raises(ConfigError, match="has 5,000 characters") as caught:
        label_of_word("x" * 5000)
    assert len(caught.value.message) < 150


def test_words_that_differ_only_in_case_or_beyond_24_characters_clash() -> None:
    for one, other in (("Yes", "YES"), ("x" * 24 + "a", "x" * 24 + "b"), ("да", "da")):
        with pytest.raises(ConfigError, match="both become the label"):
            labels_of_words([one, other])


def every_spelling() -> list[str]:
    """Words of all kinds: of many scripts, with what is not a letter, reserved, too long, invisible."""
    devices = ["CON", "aux.", "COM1", "COM\u00b9", "lpt9", "conin$", "nul!"]
    ours = ["Unknown!", "silence", "_unknown_", "Ünknown", "background noise"]
    letters = ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "नमस्ते", "straße", "İstanbul", "😀 hi", "e\u0301x"]
    hidden = [
        "a\u202eb",
        "a\x1bb",
        "a\ue000b",
        "a\ud800b",
        "a\u0378b",
        "a\ufdd0b",
        "a\u2028b",
        "a\xadb",
        "a\U000f0000b",
    ]
    others = ["x" * 100, "x" * 101, "a/b", "..", "C++", "int", "1", "__a__", "a  b", "stop.", "don't", "{{x}}", "a_"]
    return [*devices, *ours, *letters, *hidden, *others]


@pytest.mark.parametrize("word", every_spelling())
def test_a_word_of_a_project_is_a_label_of_its_bundle_too(word: str) -> None:
    """One rule for both: what is trained for hours can be loaded, and what cannot be a word is refused in a bundle."""
    try:
        label = label_of_word(word)
    except ConfigError:
        with pytest.raises(ConfigError):
            check_labels([*labels_of_words(["other"]), Label("word", word)])
    else:
        check_labels([*labels_of_words(["other"]), label])


@pytest.mark.parametrize("word", ["a\ue000b", "a\u0378b", "a\U000f0000b"])
def test_characters_without_a_meaning_are_refused_before_anything_is_trained(word: str) -> None:
    with pytest.raises(ConfigError, match="holds a control character, or one that is not shown"):
        label_of_word(word)


@pytest.mark.parametrize("name", ["", "Yes", "a__b", "_a", "a-b", "x" * 25, "con", "com1", "unknown", "silence", "é"])
def test_names_that_no_word_could_have_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a name|has a reserved name|two labels"):
        check_labels([*labels_of_words(["other"]), Label(name, "yes")])


def test_more_words_than_the_firmware_has_room_for_are_refused_before_anything_is_trained() -> None:
    words = [f"word {number}" for number in range(MAX_LABELS - 2)]
    assert len(labels_of_words(words)) == MAX_LABELS
    with pytest.raises(ConfigError, match="the number of labels is 129"):
        labels_of_words([*words, "one more"])


@pytest.mark.parametrize(
    "words",
    [
        ["yes", "Yes"],
        ["HEY ROBOT", "hey robot"],
        ["да", "ДА"],
        ["straße", "STRASSE"],
        ["éclair", "Éclair"],
        ["İzmir", "izmir"],
    ],
)
def test_two_words_that_differ_only_in_case_are_refused(words: list[str]) -> None:
    with pytest.raises(ConfigError, match="both become the label"):
        labels_of_words(words)


def test_labels_of_a_bundle_may_not_differ_only_in_case_either() -> None:
    with pytest.raises(ConfigError, match="two labels have the text"):
        check_labels([*labels_of_words(["yes"]), Label("yes_2", "YES")])
