# SPDX-License-Identifier: Apache-2.0
"""Makes untrusted text safe to show: characters that command a terminal, or reorder or hide text, become escapes.

A device, a bundle, a file's name and a tool's output may hold escape sequences, which can write the clipboard or hide
text. Whatever a person is shown passes through here; printable text of any language stays as it is.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control and format characters (bidi controls are among them), lone surrogates, line and paragraph separators."""
_JOINERS = "\u200c\u200d"
"""Format characters that Persian, Hindi and emoji need."""
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""Returns a text of one or more lines with escapes such as \x1b for unsafe characters; \n and \t are kept."""
    return _with_escapes(text, keep="\n\t")


def visible_line(text: str, most: int | None = None) -> str:
    r"""Like `visible`, for a text that must stay one line: \n and \t become escapes as well.

    Args:
        text: the untrusted text.
        most: the largest number of characters to return, at least 40; a longer text is cut, and its length given.
    """
    if most is not None and len(text) > most:
        note = f"… ({len(text):,} characters)"
        return _with_escapes(text, keep="")[: most - len(note)] + note
    line = _with_escapes(text, keep="")
    return line if most is None or len(line) <= most else line[: most - 1] + "…"


def safe_json(value: Any) -> str:
    r"""Returns indented JSON in which unsafe characters are escapes such as \u009b, so it parses to the same value."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(_json_escape(each) if each != "\n" and _is_unsafe(each) else each for each in text)


def _with_escapes(text: str, keep: str) -> str:
    if text.isprintable():
        return text
    return "".join(_escape(each) if each not in keep and _is_unsafe(each) else each for each in text)


def _is_unsafe(character: str) -> bool:
    if character.isprintable() or character in _JOINERS:
        return False
    number = ord(character)
    is_noncharacter = 0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE
    return is_noncharacter or unicodedata.category(character) in _UNSAFE_CATEGORIES


def _escape(character: str) -> str:
    number = ord(character)
    if number > 0xFFFF:
        return f"\\U{number:08x}"
    return _SHORT_ESCAPES.get(character) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
