# SPDX-License-Identifier: Apache-2.0
"""A spoken word stands whole in its clip: where, how loud and how much of it as asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinykws.speech.clip_shaping import ClipPlacement, place_in_clip, trimmed

WORD = np.random.default_rng(0).uniform(-0.3, 0.3, 4000)
QUIET = -200.0


def clip(speech: np.ndarray = WORD, length: int = 16000, **shape: object) -> np.ndarray:
    values: dict[str, Any] = {"position": 0.5, "peak_db": -6.0, "noise_floor_db": QUIET, **shape}
    return place_in_clip(speech, length, ClipPlacement(**values), np.random.default_rng(1)).astype(int)


def test_trimmed_keeps_the_sound() -> None:
    padded = np.concatenate([np.zeros(3000), WORD, 1e-4 * np.ones(5000)])
    kept = trimmed(padded)
    assert 4000 <= kept.size <= 4000 + 2 * 80
    assert np.square(kept).sum() == pytest.approx(np.square(WORD).sum(), rel=1e-3)


@pytest.mark.parametrize("size", [0, 1, 79, 5000])
def test_nothing_is_left_of_silence(size: int) -> None:
    assert trimmed(np.zeros(size)).size == 0


@given(st.floats(0, 1), st.integers(1, 6000))
def test_the_word_stands_where_it_should(place: float, size: int) -> None:
    sounding = np.flatnonzero(clip(np.ones(size), 5000, position=place))
    word = min(size, 5000)
    assert sounding[0] == round(place * (5000 - word))
    assert sounding.size == word


@pytest.mark.parametrize("peak_db", [-20, -6, 0])
def test_the_peak_is_at_its_level(peak_db: float) -> None:
    assert np.abs(clip(peak_db=peak_db)).max() == pytest.approx(32768 * 10 ** (peak_db / 20), abs=1.5)


def test_the_floor_is_at_its_level() -> None:
    around = clip(noise_floor_db=-50.0)[:5000]
    assert np.sqrt(np.mean(np.square(around))) == pytest.approx(32768 * 10 ** (-50 / 20), rel=0.2)


@pytest.mark.parametrize("keep", [(0.0, 0.25), (0.75, 1.0)])
def test_a_part_is_cut_without_a_click(keep: tuple[float, float]) -> None:
    cut = clip(np.ones(4000), kept=keep)
    sounding = np.flatnonzero(cut)
    assert 990 <= sounding.size <= 1000
    edge = cut[sounding[-1]] if keep[0] == 0 else cut[sounding[0]]
    assert edge < 0.05 * cut.max()


def test_too_loud_saturates() -> None:
    assert clip(peak_db=20.0).max() == 32767
