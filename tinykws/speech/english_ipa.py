# SPDX-License-Identifier: Apache-2.0
"""English: whether a project is in it, and espeak-ng's IPA of it, split into the sounds of another alphabet."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tinykws.support.errors import ConfigError

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


def require_english(language: str, name: str, engine: str, instead: str = "") -> None:
    """Raises ConfigError unless a project's language is English.

    Args:
        language: the project's.
        name: what the engine is called.
        engine: its name in kws.yaml.
        instead: what else would do, for the hint.
    """
    if not is_english(language):
        raise ConfigError(
            f"{name} speaks English only, and language is {language!r}",
            hint=f"remove {engine} from synth: engines{instead}",
        )


def in_english_letters(text: str) -> bool:
    """Returns whether a text is words in the letters of English."""
    return re.fullmatch(r"[A-Za-z' -]*[A-Za-z][A-Za-z' -]*", text) is not None
