# SPDX-License-Identifier: Apache-2.0
"""Safe text: nothing that commands a terminal or hides text comes through; all that people write does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.support.safe_text import safe_json, visible, visible_line

HOSTILE = [
    ("\x1b]52;c;cm0gLXJmIH4=\x07", "\\x1b]52;c;cm0gLXJmIH4=\\x07"),  # writes the clipboard
    ("\x1b[8mhidden", "\\x1b[8mhidden"),
    ("abc\roverwritten\x7f\x08", "abc\\roverwritten\\x7f\\x08"),
    ("\x9b2J\x9d0;title\x9c", "\\x9b2J\\x9d0;title\\x9c"),  # C1
    ("yes\u202eon", "yes\\u202eon"),  # reorders
    ("a\u2066b\u2069\u200f\u061c", "a\\u2066b\\u2069\\u200f\\u061c"),
    ("a\u2028b\u2029c\x85d\x0be\x0c", "a\\u2028b\\u2029c\\x85d\\x0be\\x0c"),
    ("a\u200bb\ufeff\U000e0041", "a\\u200bb\\ufeff\\U000e0041"),  # hides
    ("name\udcff.wav", "name\\udcff.wav"),  # a file's name that is not UTF-8
    ("\ufdd0\uffff", "\\ufdd0\\uffff"),
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_commands_a_terminal_is_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible_line(text) == shown


@pytest.mark.parametrize("text", ["да", "你好 robot", "caf\u00e9\u00a0!", "نمی\u200cخواهم", "👩\u200d🚀", "a\\x1b", ""])
def test_text_of_any_language_stays(text: str) -> None:
    assert visible_line(text) == text


def test_lines_stay_lines_only_where_there_may_be_several() -> None:
    assert visible("a\n\tb") == "a\n\tb"
    assert visible_line("a\n\tb") == "a\\n\\tb"


def test_a_long_line_is_cut_and_says_so() -> None:
    assert len(visible_line("x" * 65_000, 50)) == 50
    assert visible_line("x" * 65_000, 50).endswith("x… (65,000 characters)")
    assert len(visible_line("\x1b" * 50, 50)) <= 50
    assert visible_line("x" * 50, 50) == "x" * 50


@given(st.text())
def test_nothing_unsafe_comes_through_and_json_keeps_its_value(text: str) -> None:
    assert visible_line(visible_line(text)) == visible_line(text)
    shown = safe_json({text: [text]})
    assert json.loads(shown) == {text: [text]}
    assert visible(shown) == shown
    shown.encode()
