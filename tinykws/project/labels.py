# SPDX-License-Identifier: Apache-2.0
"""Words as people write them, and the labels derived from them for folders, C strings and the serial protocol.

A word may be a phrase in any language ("hey robot", "да"); its label consists of a-z, 0-9 and `_` only ("hey_robot",
"da"). Output for people shows the word; files and the protocol use the label.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from anyascii import anyascii

from tinykws.support.errors import ConfigError

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
    if text.strip("_").casefold() in RESERVED_TEXTS:
        raise ConfigError(
            f"{text!r} is a label tinykws makes itself, so it cannot be a word",
            hint="remove it from the words: silence and unknown are always added",
        )
    if any(character in text for character in "/\\:") or text in (".", ".."):
        raise ConfigError(
            f"word {text!r} looks like a path", hint="write a word as a person says it: letters, spaces, apostrophes"
        )
    name = re.sub(r"[^a-z0-9]+", "_", anyascii(text).lower()).strip("_")
    if not name:
        raise ConfigError(f"word {text!r} has no letter in it", hint="write it as it is spoken, such as 'five'")
    return Label(name[:MAX_LABEL_LENGTH].rstrip("_"), text)


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
    return tuple(labels)
