# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals of 95 %: Wilson for shares (recall), exact Poisson for rates (false accepts per hour)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

CONFIDENCE = 0.95
_Z = 1.959963984540054
"""Standard normal quantile of 1 - (1 - CONFIDENCE) / 2."""


class ConfidenceInterval(NamedTuple):
    """Contains the true value in at least 95 of 100 such experiments."""

    low: float
    high: float


def share_interval(hits: int, trials: int) -> ConfidenceInterval | None:
    """Returns the Wilson interval of the share `hits / trials`; None without trials.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if trials == 0:
        return None
    share, squared = hits / trials, _Z * _Z
    centre = share + squared / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + squared / (4 * trials * trials))
    scale = 1 + squared / trials
    return ConfidenceInterval(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def rate_interval(count: int, duration: float) -> ConfidenceInterval:
    """Returns the exact interval of a Poisson rate, given `count` events in `duration`; per unit of `duration`.

    Source: F. Garwood, "Fiducial limits for the Poisson distribution", 1936: the rates at which
    `count` or more events, and `count` or fewer, would each occur in 2.5 of 100 experiments.
    """
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else _mean_where(lambda mean: 1 - _at_most(count - 1, mean) > tail, count)
    high = _mean_where(lambda mean: _at_most(count, mean) < tail, count)
    return ConfidenceInterval(low / duration, high / duration)


def hours_without_events_to_prove(rate_per_hour: float) -> float:
    """Returns the hours without any event that prove (95 %, one-sided) that a rate is not higher than this."""
    return -math.log(1 - CONFIDENCE) / rate_per_hour


def _at_most(count: int, mean: float) -> float:
    """Returns the probability of at most `count` events if `mean` are expected (Poisson)."""
    logs = (at * math.log(mean) - mean - math.lgamma(at + 1) for at in range(count + 1))
    return math.fsum(map(math.exp, logs))


def _mean_where(is_high: Callable[[float], bool], count: int) -> float:
    """Returns the mean at which `is_high` changes from false to true, by bisection."""
    low, high = 1e-12, 2.0 * count + 20
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if is_high(middle) else (middle, high)
    return high
