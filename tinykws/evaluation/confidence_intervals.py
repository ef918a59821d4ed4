# SPDX-License-Identifier: Apache-2.0
"""How sure counted things are: limits of a share (Wilson) and of a rate (Poisson, exact)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

CONFIDENCE = 0.95
_Z = 1.959963984540054
"""Half of what is not CONFIDENCE lies beyond so many standard deviations on each side."""


class Limits(NamedTuple):
    """Between which the truth lies, in 95 of 100 such experiments at least."""

    low: float
    high: float


def share_limits(hits: int, trials: int) -> Limits | None:
    """Returns Wilson's limits of a share, None where nothing was tried.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if trials == 0:
        return None
    share, squared = hits / trials, _Z * _Z
    centre = share + squared / (2 * trials)
    spread = _Z * math.sqrt(share * (1 - share) / trials + squared / (4 * trials * trials))
    scale = 1 + squared / trials
    return Limits(max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def rate_limits(count: int, duration: float) -> Limits:
    """Returns the exact limits of the rate at which `count` things happened in `duration`, by that unit.

    Source: F. Garwood, "Fiducial limits for the Poisson distribution", 1936: the rates at which so many, or more,
    and so many, or fewer, would each be seen in 2.5 of 100 experiments.
    """
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if count == 0 else _mean_where(lambda mean: 1 - _at_most(count - 1, mean) > tail, count)
    high = _mean_where(lambda mean: _at_most(count, mean) < tail, count)
    return Limits(low / duration, high / duration)


def hours_to_show(rate_per_hour: float) -> float:
    """Returns for how long nothing must happen to be sure (95 of 100, one-sided) that a rate is not above this."""
    return -math.log(1 - CONFIDENCE) / rate_per_hour


def _at_most(count: int, mean: float) -> float:
    """Returns the probability of at most `count` things where `mean` are expected."""
    logs = (at * math.log(mean) - mean - math.lgamma(at + 1) for at in range(count + 1))
    return math.fsum(map(math.exp, logs))


def _mean_where(is_high: Callable[[float], bool], count: int) -> float:
    """Returns by bisection where `is_high`, which is false below and true above, becomes true."""
    low, high = 1e-12, 2.0 * count + 20
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if is_high(middle) else (middle, high)
    return high
