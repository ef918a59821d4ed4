# SPDX-License-Identifier: Apache-2.0
"""Text from elsewhere in generated files: one function for each place that text can go to.

Labels, board names and what a bundle says about itself may come from strangers. Written as it is, a text can end a
comment, begin a line of its own, or become markup. C strings and comments are in c_text.py; HTML is escaped by Jinja.
"""

from __future__ import annotations

import re

from tinykws.support.errors import ConfigError

JOINERS = "\u200c\u200d"
"""Zero width (non-)joiner: invisible, but part of the spelling of Persian, Hindi and others."""
_MARKDOWN = {character: f"\\{character}" for character in "\\`*_[]|~$"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def is_plain_text(text: str) -> bool:
    """Returns whether a text has only visible characters and spaces: no control character, no change of direction."""
    return all(character.isprintable() or character in JOINERS for character in text)


def one_line(text: str) -> str:
    """Returns the text with a space for each character that is not visible, line ends among them."""
    return "".join(character if is_plain_text(character) else " " for character in text)


def markdown(text: str) -> str:
    """Returns a text as words of a Markdown line: nothing in it is markup or HTML."""
    return "".join(_MARKDOWN.get(character, character) for character in one_line(text))


def ini_value(text: str) -> str:
    """Returns a text as (one line of) the value of an ini file's option.

    Raises:
        ConfigError: it has a line end or another control character, so it would become more than a value.
    """
    if not is_plain_text(text):
        raise ConfigError(
            f"{text[:80]!r} has a line end or a control character, so it cannot be in platformio.ini",
            hint="remove it from the board's row in boards.yaml",
        )
    return text


def cmake_path(text: str) -> str:
    """Returns a file's name for CMake, without quotes. Raises ValueError if it has characters that need them."""
    if not re.fullmatch(r"[A-Za-z0-9_./-]+", text, re.ASCII):
        raise ValueError(f"{text!r} needs quotes in CMake")
    return text


def integer(value: object) -> str:
    """Returns a whole number in decimal. Raises TypeError for anything else: it would become code."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return str(value)
