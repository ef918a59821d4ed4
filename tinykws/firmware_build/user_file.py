# SPDX-License-Identifier: Apache-2.0
"""The file of a generated project that belongs to the user: src/on_word.cpp, or src/on_word.c without Arduino.

It is written once. When the words of the project have changed since, it may name one that no longer exists, which C
cannot notice: a comparison that is never true. `unknown_words` finds these.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tinykws.boards.rows import Board
from tinykws.project.labels import FIRST_WORD, Label

USER_FILES = ("src/on_word.cpp", "src/on_word.c")
"""Its names. A project has one of them: both would define the same functions."""
COLOURS = (
    ("green", (0, 32, 0)),
    ("red", (32, 0, 0)),
    ("blue", (0, 0, 32)),
    ("yellow", (32, 24, 0)),
    ("cyan", (0, 24, 32)),
    ("magenta", (32, 0, 32)),
    ("white", (24, 24, 24)),
)
"""Of the words in turn, with red, green and blue (0 to 255) of an addressable LED, which dazzles if it is brighter."""
_LONGEST_BYTES = 2**20
_STRING = r'"((?:[^"\\\n]|\\.)*)"'
_COMMENT_OR_STRING = re.compile(rf"/\*.*?\*/|//[^\n]*|{_STRING}", re.DOTALL)
_CALL = re.compile(r"\b(?:str(?:n?case)?n?cmp|equals(?:IgnoreCase)?)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_EQUAL = re.compile(rf"[!=]=\s*{_STRING}|{_STRING}\s*[!=]=")
_DECLARED = re.compile(r'#\s*include\s*["<]on_word\.h|extern\s+"C"')
_LABELS = re.compile(r"kws_labels\[KWS_N_LABELS\]\s*=\s*\{(.*?)\}", re.DOTALL)


def user_file(board: Board) -> str:
    """Returns the name that the file has for a board: that of its language."""
    return USER_FILES[0] if board.main.endswith(".cpp") else USER_FILES[1]


def present_user_file(folder: Path) -> str | None:
    """Returns the name of the user's file in a project's folder, a link included; None if there is none yet."""
    return next((name for name in USER_FILES if os.path.lexists(folder / name)), None)


def lights(labels: Sequence[Label]) -> list[tuple[str, str, tuple[int, int, int]]]:
    """Returns for each word its label, the name of its colour, and red, green and blue."""
    words = [label.name for label in labels[FIRST_WORD:]]
    return [(word, *COLOURS[at % len(COLOURS)]) for at, word in enumerate(words)]


def labels_in(folder: Path) -> tuple[str, ...]:
    """Returns the labels that a project in `folder` was generated for; none if there is no project."""
    match = _LABELS.search(_text(folder / "src" / "kws_settings.c"))
    return tuple(re.findall(_STRING, match[1])) if match else ()


def unknown_words(folder: Path, labels: Sequence[Label], former: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns what the user's file compares with a word, or names as one, that is not the label of any word.

    Args:
        folder: the project.
        labels: its labels.
        former: labels that it had before: one of them in any string of the file counts, also outside a comparison.
    """
    name = present_user_file(folder)
    text = "" if name is None else _text(folder / name)
    known = {label.name for label in labels}
    code = _COMMENT_OR_STRING.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    compared = {word for call in _CALL.findall(code) for word in re.findall(_STRING, call)}
    compared |= {word for pair in _EQUAL.findall(code) for word in pair if word}
    gone = set(former) - known
    named = {word for word in re.findall(_STRING, code) if word in gone}
    return tuple(sorted((compared | named) - known))


def is_never_called(folder: Path) -> bool:
    """Returns whether the user's file is C++ without the header that gives its functions C's names for the linker."""
    name = present_user_file(folder)
    text = "" if name is None else _text(folder / name)
    return (
        bool(text.strip())
        and name == USER_FILES[0]
        and not re.search(r'#\s*include\s*["<]on_word\.h|extern\s+"C"', text)
    )


def _text(path: Path) -> str:
    """Returns what a file holds; nothing of one that cannot be read, or is no source file at all."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return ""
