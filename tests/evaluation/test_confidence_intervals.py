# SPDX-License-Identifier: Apache-2.0
"""Limits against published tables and against the definition, by chance itself."""

from __future__ import annotations

import numpy as np
import pytest

from tinykws.evaluation.confidence_intervals import hours_without_events_to_prove, rate_interval, share_interval


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        (0, 0, 3.689),
        (1, 0.0253, 5.572),
        (2, 0.242, 7.225),
        (5, 1.623, 11.669),
        (10, 4.795, 18.391),
        (100, 81.36, 121.63),
    ],
)
def test_rates_are_garwoods_table(count: int, low: float, high: float) -> None:
    limits = rate_interval(count, 1)
    # The table (Garwood 1936; Ulm 1990) has three decimals, for 100 two.
    assert limits.low == pytest.approx(low, abs=0.006)
    assert limits.high == pytest.approx(high, abs=0.006)
    assert rate_interval(count, 4) == pytest.approx((limits.low / 4, limits.high / 4))


def test_shares_are_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, trials, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                    (1, 29, 0.0061, 0.1718)):  # fmt: skip
        limits = share_interval(hits, trials)
        assert limits == pytest.approx((low, high), abs=0.0001)
    assert share_interval(0, 0) is None


def test_the_truth_is_within_in_95_of_100() -> None:
    rng = np.random.default_rng(1)
    within = [rate_interval(int(count), 2.0) for count in rng.poisson(2 * 3.7, 400)]
    covered = sum(limits.low <= 3.7 <= limits.high for limits in within)
    # At least 95 % are expected; 400 draws of a share of 0.95 have a standard deviation of 4.4.
    assert covered >= 380 - 4 * 4.4


def test_how_long_nothing_must_happen() -> None:
    hours = hours_without_events_to_prove(0.5)
    assert hours == pytest.approx(5.99, abs=0.01)
    assert np.exp(-0.5 * hours) == pytest.approx(0.05)
