# SPDX-License-Identifier: Apache-2.0
"""Splits espeak-ng's IPA of English into the sounds of another engine's alphabet."""

from __future__ import annotations

import re
from collections.abc import Mapping

STRESS = "ˈˌ"


def bracketed_ipa(text: str) -> str | None:
    """Returns the IPA between `[[` and `]]`, without the punctuation mark after it; None for words."""
    match = re.fullmatch(r"\[\[(.*)\]\][.!?]?", text)
    return match.group(1) if match else None


def split_sounds(ipa: str, alphabet: Mapping[str, object]) -> list[str] | None:
    """Returns the keys of an alphabet that make up an IPA text, the longest first, with stress marks between them.

    Returns:
        None if a sound is not in the alphabet, or if there is no sound.
    """
    sound = re.compile(f"[{STRESS}]|" + "|".join(sorted(map(re.escape, alphabet), key=len, reverse=True)))
    if sound.sub("", ipa):
        return None
    sounds: list[str] = sound.findall(ipa)
    return sounds if any(each not in STRESS for each in sounds) else None


def is_english(language: str) -> bool:
    """Returns whether a project's language is English, of any region."""
    return language.strip().lower().split("-")[0] == "en"


def in_english_letters(text: str) -> bool:
    """Returns whether a text is words in the letters of English."""
    return re.fullmatch(r"[A-Za-z' -]*[A-Za-z][A-Za-z' -]*", text) is not None
