# SPDX-License-Identifier: Apache-2.0
"""Runs of packed weights: no half of a sum leaves its 16 bits, and no run is shorter than it must be."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tinykws.aot.lowering.packed_weights import MORE_PAIRS, STEP, packed_streams, runs_begin

WEIGHTS = st.one_of(st.integers(-127, 127), st.sampled_from([-127, 127, 0, 1]))
PAIRS = arrays.arrays(np.int8, st.tuples(st.integers(1, 4), st.integers(1, 30), st.just(2)), elements=WEIGHTS)


def runs_of(pairs: npt.NDArray[np.int8]) -> list[range] | None:
    """The runs of one group of channels."""
    begins = runs_begin(pairs[None])
    if begins is None:
        return None
    starts = [*np.flatnonzero(begins[0]).tolist(), pairs.shape[1]]
    return [range(start, stop) for start, stop in itertools.pairwise(starts)]


def halves_of(weights: npt.NDArray[np.int8], values: npt.NDArray[np.int64]) -> tuple[int, int]:
    """What a run adds to the lower and to the upper half, in exact integers."""
    exact = weights.astype(np.int64)
    return int((values[:, 0] * exact[:, 1]).sum()), int((values * exact).sum())


def worst_values(weights: npt.NDArray[np.int8], sign: int) -> npt.NDArray[np.int64]:
    """The values that give the largest, or the smallest, sum."""
    return np.where(np.sign(weights.astype(np.int64)) == sign, 127, -128)


@given(PAIRS)
def test_no_half_leaves_its_16_bits(pairs: npt.NDArray[np.int8]) -> None:
    runs = runs_of(pairs)
    assert runs is not None
    assert [pair for run in runs for pair in run] == list(range(pairs.shape[1]))
    for run in runs:
        assert 1 <= len(run) <= MORE_PAIRS + 1
        for channel in pairs[:, run.start : run.stop]:
            for sign in (-1, 1):
                values = worst_values(channel, sign)
                low, high = halves_of(channel, values)
                crossed = np.stack([worst_values(channel[:, 1], sign), values[:, 1]], axis=1)
                worst_low = halves_of(channel, crossed)[0]
                assert min(low, worst_low, high) >= -(2**15)
                assert max(low, worst_low, high) < 2**15
                product = sum(
                    (int(v[0]) + 65536 * int(v[1])) * (int(w[1]) + 65536 * int(w[0]))
                    for v, w in zip(values, channel.astype(np.int64), strict=True)
                )
                signed = ((product + 2**15 + 2**31) % 2**32) - 2**31
                assert signed >> 16 == high


@given(PAIRS)
def test_a_run_ends_only_where_one_more_pair_could_overflow(pairs: npt.NDArray[np.int8]) -> None:
    runs = runs_of(pairs)
    assert runs is not None
    for run in runs[:-1]:
        longer = pairs[:, run.start : run.stop + 1]
        assert len(run) == MORE_PAIRS + 1 or len(runs_of(longer) or []) == 2


def test_two_weights_of_minus_128_have_no_run() -> None:
    assert runs_of(np.full((1, 1, 2), -128, np.int8)) is None
    assert packed_streams(np.full((3, 2, 2), -128, np.int8), 1) is None
    assert runs_of(np.array([[[-128, 127]]], np.int8)) == [range(1)]


def test_streams_have_the_length_of_a_run_behind_its_first_pair() -> None:
    pairs = np.array([[[1, 2], [3, -4], [5, 6]]], np.int8)
    stream = packed_streams(pairs, 1)
    assert stream is not None
    assert stream.tolist() == [2 + 65536, (MORE_PAIRS - 2) * STEP, -4 + 3 * 65536, 6 + 5 * 65536]
    four = packed_streams(pairs, 4)
    assert four is not None
    assert four.tolist()[:5] == [2 + 65536, 0, 0, 0, (MORE_PAIRS - 2) * STEP]
