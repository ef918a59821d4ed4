# SPDX-License-Identifier: Apache-2.0
"""Near misses: words that were nearly detected, each told once."""

from __future__ import annotations

import pytest

from tinykws.device.near_misses import NearMissReader, WordLevel, word_levels
from tinykws.device.protocol import Levels

LABELS = ("_silence_", "_unknown_", "yes", "no")


def misses(*peaks: int, heard_at: int | None = None, threshold: int = 160) -> list[int]:
    """The near misses of one word whose peaks come one a second."""
    reader, told = NearMissReader(), []
    for at, peak in enumerate(peaks):
        if at == heard_at:
            reader.heard("yes")
        told += [miss.peak for miss in reader.read([WordLevel("yes", peak, threshold)])]
    return told


@pytest.mark.parametrize(
    ("peaks", "told"),
    [
        ((0, 141, 0), [141]),
        ((0, 100, 141, 120, 0), [141]),
        ((0, 95, 0), []),
        ((0, 96, 0), [96]),
        ((0, 160, 0), [160]),
        ((0, 161, 0), []),
        ((0, 141), []),
        ((141, 0, 130, 0), [141, 130]),
        ((255,) * 3, []),
    ],
)
def test_each_rise_and_fall_is_told_once_with_its_highest_score(peaks: tuple[int, ...], told: list[int]) -> None:
    """Above the threshold is none: it was a detection, or one that suppression or a grammar took back."""
    assert misses(*peaks) == told


def test_what_was_heard_is_no_near_miss() -> None:
    assert misses(0, 150, 120, 0, heard_at=1) == []
    assert misses(0, 150, 120, 0, 130, 0, heard_at=1) == [130]


def test_levels_are_those_of_the_words_in_the_order_of_the_banner() -> None:
    levels = Levels(4056, (60, 12, 141, 3), (163, 163, 163, 170))
    assert word_levels(levels, LABELS) == (WordLevel("yes", 141, 163), WordLevel("no", 3, 170))
    assert word_levels(levels, LABELS[:3]) == (), "a damaged line, or another device's"


def test_a_threshold_of_zero_is_no_division() -> None:
    assert WordLevel("yes", 0, 0).share == 1
    assert (WordLevel("yes", 80, 160).share, WordLevel("yes", 255, 160).share) == (0.5, 1)
