# SPDX-License-Identifier: Apache-2.0
"""Words as people write them, and the labels derived from them for folders, C strings and the serial protocol.

A word may be a phrase in any language ("hey robot", "да"); its label consists of a-z, 0-9 and `_` only ("hey_robot",
"da"). Output for people shows the word; files and the protocol use the label.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence

from anyascii import anyascii

from tinykws.support.errors import ConfigError
from tinykws.support.escapes import is_plain_text
from tinykws.support.files import is_reserved_by_windows
from tinykws.support.safe_text import visible_line

SILENCE = "_silence_"
UNKNOWN = "_unknown_"
BACKGROUND_NOISE = "_background_noise_"
RESERVED = (SILENCE, UNKNOWN, BACKGROUND_NOISE)
RESERVED_TEXTS = tuple(label.strip("_") for label in RESERVED)
"""How they are shown to people; they cannot be words either."""
FIRST_WORD = 2
"""Labels 0 and 1 are silence and unknown; words come after them."""
MAX_LABEL_LENGTH = 24
"""Keeps a `Heard <label> (<score>) @<ms>ms` line short; the firmware's buffers have this size."""
MAX_LABELS = 128
"""KWS_MAX_LABELS of kws_detector.h."""
MOST_WORD_CHARACTERS = 100
_NAME = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


@dataclasses.dataclass(frozen=True)
class Label:
    """One output of the model: `name` for files and the protocol, `text` for people."""

    name: str
    """For machines: a-z, 0-9 and `_`."""
    text: str
    """For people: the word as it was written."""


def label_of_word(word: str) -> Label:
    """Returns the label of a word as a user wrote it.

    Raises:
        ConfigError: the word is empty, is reserved, looks like a path, or has no letter or digit that ASCII can spell.
    """
    text = " ".join(word.split())
    if not text:
        raise ConfigError("a word is empty", hint="separate words by commas: --words yes,no")
    if len(text) > MOST_WORD_CHARACTERS or not is_plain_text(text):
        _refuse_unspeakable(text)
    name = plain_name(text)
    if text.strip("_").casefold() in RESERVED_TEXTS or name in RESERVED_TEXTS:
        raise ConfigError(
            f"{text!r} is a label tinykws makes itself, so it cannot be a word",
            hint="remove it from the words: silence and unknown are always added",
        )
    if any(character in text for character in "/\\:") or text in (".", ".."):
        raise ConfigError(
            f"word {text!r} looks like a path", hint="write a word as a person says it: letters, spaces, apostrophes"
        )
    if not name:
        raise ConfigError(f"word {text!r} has no letter in it", hint="write it as it is spoken, such as 'five'")
    if is_reserved_by_windows(name):
        raise ConfigError(
            f"word {text!r} becomes the label {name!r}, which cannot be a folder's name on Windows",
            hint="spell it differently, as it sounds, or add a word to it",
        )
    return Label(name, text)


def plain_name(text: str) -> str:
    """Returns a text in a-z, 0-9 and `_`, at most MAX_LABEL_LENGTH of them; empty if ASCII can spell none of it."""
    return re.sub(r"[^a-z0-9]+", "_", anyascii(text).lower()).strip("_")[:MAX_LABEL_LENGTH].rstrip("_")


def _refuse_unspeakable(text: str) -> None:
    """Raises ConfigError for a word that is too long or has characters that are not shown."""
    what = (
        f"has {len(text):,} characters"
        if len(text) > MOST_WORD_CHARACTERS
        else "holds a control character, or one that is not shown"
    )
    raise ConfigError(f"word '{visible_line(text, 60)}' {what}", hint="write a word as a person says it")


def labels_of_words(words: Sequence[str]) -> tuple[Label, ...]:
    """Returns the model's labels in output order: silence, unknown, then the words.

    Raises:
        ConfigError: there is no word, a word is not usable, or two words have the same label.
    """
    if not words:
        raise ConfigError("no word to listen for", hint="give at least one word: --words yes,no")
    labels = [Label(SILENCE, "silence"), Label(UNKNOWN, "unknown")]
    for word in words:
        label = label_of_word(word)
        for other in labels:
            if other.name == label.name:
                raise ConfigError(
                    f"word {label.text!r} is given twice"
                    if other.text == label.text
                    else f"words {other.text!r} and {label.text!r} both become the label {label.name!r}",
                    hint="give each word once, and rename one of two words that sound or look alike",
                )
        labels.append(label)
    check_labels(labels)
    return tuple(labels)


def check_labels(labels: Sequence[Label]) -> None:
    """Checks a model's labels, wherever they come from: the words of kws.yaml obey the same rules as a bundle.

    Raises:
        ConfigError: they do not begin with silence and unknown, there is no word or more than the firmware has room
            for, one breaks the rule of labels, or two are the same in name or text.
    """
    names = [label.name for label in labels]
    if names[:FIRST_WORD] != [SILENCE, UNKNOWN] or len(names) <= FIRST_WORD:
        raise ConfigError(
            f"labels are {visible_line(repr(names), 80)}",
            hint=f"must be {SILENCE}, {UNKNOWN}, then at least one word, all different",
        )
    if len(labels) > MAX_LABELS:
        raise ConfigError(
            f"the number of labels is {len(labels)}, with silence and unknown", hint=f"{MAX_LABELS} are the most"
        )
    for label in labels[FIRST_WORD:]:
        _check_label(label)
    for what, values in (("name", names), ("text", [label.text.casefold() for label in labels])):
        most_common, count = Counter(values).most_common(1)[0]
        if count > 1:
            raise ConfigError(f"two labels have the {what} {most_common!r}", hint="all labels must be different")


def _check_label(label: Label) -> None:
    """Raises ConfigError for a name or a text that no word could have."""
    if len(label.name) > MAX_LABEL_LENGTH or not _NAME.fullmatch(label.name):
        raise ConfigError(
            f"label {visible_line(repr(label.name), 80)} is not a name",
            hint=f"use a-z, 0-9 and single _ between them, {MAX_LABEL_LENGTH} characters at most",
        )
    word = label_of_word(label.text)
    if label.name in RESERVED_TEXTS or is_reserved_by_windows(label.name):
        raise ConfigError(f"label {label.name!r} ({word.text}) has a reserved name", hint="rename the word")
