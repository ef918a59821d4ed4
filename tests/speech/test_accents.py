# SPDX-License-Identifier: Apache-2.0
"""Foreign accents: those who say all the keywords nearly right, and of other words those they do."""

from __future__ import annotations

from typing import Any

from tinykws.speech.accents import ForeignAccents, choose_foreign_accents

SAID: dict[str, dict[str, Any]] = {
    "home": {"jEs": ("j", "ɛ", "s"), "noU": ("n", "oʊ"), "TIn": ("θ", "ɪ", "n"), "": ()},
    "vowels": {"jEs": ("j", "e", "s"), "noU": ("n", "o"), "TIn": ("s", "i", "n"), "": ()},
    "exact": {"jEs": ("j", "ɛ", "s"), "noU": ("n", "oʊ"), "TIn": ("θ", "ɪ", "n"), "": ()},
    "lacks": {"jEs": ("j",), "noU": ("n", "oʊ"), "TIn": ("θ", "ɪ", "n"), "": ()},
    "silent": {"jEs": (), "noU": (), "TIn": (), "": ()},
}
"""Accent, then mnemonics, to phonemes."""
MNEMONICS = {"yes": "jEs", "no": "noU", "thin": "TIn", "jein": "(en)jeIn(de)", "!": ""}


def found(keywords: list[str], others: list[str]) -> dict[str, ForeignAccents]:
    accents = [accent for accent in SAID if accent != "home"]
    return choose_foreign_accents(
        keywords,
        others,
        mnemonics_of=MNEMONICS.__getitem__,
        phonemes_in_accent=lambda mnemonics, accent: SAID[accent][mnemonics],
        native_accent="home",
        accents=accents,
    )


def test_who_lacks_a_sound_of_a_keyword_says_nothing() -> None:
    assert found(["yes", "no"], ["thin"]) == {
        "yes": ForeignAccents("jEs", ("vowels", "exact")),
        "no": ForeignAccents("noU", ("vowels", "exact")),
        "thin": ForeignAccents("TIn", ("exact",)),
    }
    assert found(["no"], [])["no"].accents == ("vowels", "exact", "lacks")


def test_words_espeak_says_in_another_language_and_silent_ones_are_left_out() -> None:
    assert set(found(["no"], ["jein", "!"])) == {"no"}
    assert found(["jein", "no"], ["thin"]) == {}
