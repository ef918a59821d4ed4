# SPDX-License-Identifier: Apache-2.0
"""Speech is found in its clip, and moved: whole to any place, or cut by the edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.training_data.augmentation.word_position import (
    KEPT_OF_CUT,
    LEVEL_SAMPLES,
    MARGIN,
    shift,
    shifts_cutting_off,
    shifts_inside,
    speech_edges,
)

N = 16000


@pytest.mark.parametrize("floor", [0.0, 1.0, 100.0])
@pytest.mark.parametrize(("begin", "end"), [(0, 3200), (4800, 9600), (12800, 16000), (0, 16000)])
def test_edges_are_found_above_any_floor(begin: int, end: int, floor: float) -> None:
    rng = np.random.default_rng(0)
    sound = floor * rng.standard_normal((1, N))
    sound[:, begin:end] += 3000 * rng.standard_normal(end - begin)
    begins, ends = speech_edges(sound.astype(np.float32))
    assert begins[0] == max(0, begin - MARGIN * LEVEL_SAMPLES)
    assert ends[0] == min(N, end + MARGIN * LEVEL_SAMPLES)


def test_where_all_is_alike_the_clip_is_the_speech() -> None:
    rng = np.random.default_rng(0)
    sound = np.stack([np.zeros(N), 50 * rng.standard_normal(N)]).astype(np.float32)
    begins, ends = speech_edges(sound)
    assert begins.tolist() == [0, 0]
    assert ends.tolist() == [N, N]


@settings(max_examples=60)
@given(st.integers(0, N - 1), st.data())
def test_moved_within_speech_stays_whole(begin: int, data: st.DataObject) -> None:
    end = data.draw(st.integers(begin + 1, N))
    begins, ends = np.full(50, begin), np.full(50, end)
    steps = shifts_inside(begins, ends, N, np.random.default_rng(begin))
    assert (begins + steps >= 0).all()
    assert (ends + steps <= N).all()


@settings(max_examples=60)
@given(st.integers(0, N - 100), st.data())
def test_cut_speech_keeps_the_part_it_shall(begin: int, data: st.DataObject) -> None:
    end = data.draw(st.integers(begin + 100, N))
    begins, ends = np.full(50, begin), np.full(50, end)
    steps = shifts_cutting_off(begins, ends, N, np.random.default_rng(begin))
    left = np.minimum(ends + steps, N) - np.maximum(begins + steps, 0)
    part = left / (end - begin)
    assert part.min() >= KEPT_OF_CUT[0] - 0.01
    assert part.max() <= KEPT_OF_CUT[1] + 0.01
    outside = (begins + steps < 0) | (ends + steps > N)
    assert outside.all()


def test_moved_fills_with_zeros_either_way() -> None:
    sound = np.tile(np.arange(1, 6, dtype=np.float32), (5, 1))
    result = shift(sound, np.array([0, 2, -2, 9, -9]))
    assert result.tolist() == [[1, 2, 3, 4, 5], [0, 0, 1, 2, 3], [3, 4, 5, 0, 0], [0] * 5, [0] * 5]
