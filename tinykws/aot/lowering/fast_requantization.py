# SPDX-License-Identifier: Apache-2.0
"""Requantization in the four instructions of the fast kernels (kws_nn_scaling.h), if that is exact for an op."""

from __future__ import annotations

import dataclasses

import numpy as np

from tinykws.aot.lowering.call import IntArray, Value

MAX_SUM = 2**30 - 1
"""The fast kernels double a sum within 32 bits."""
MAX_SHIFT = 21
"""Largest shift to the right: the sum of zero_point * 2^shift and a product of 2^30 fits 32 bits."""
ALWAYS_ZERO = (0, -1)
"""Multiplier and shift for channels whose sums all become 0."""


@dataclasses.dataclass(frozen=True)
class _Channel:
    multiplier: int
    shift: int
    sum_bounds: int

    @property
    def is_always_zero(self) -> bool:
        """Whether even the largest possible sum rounds to 0."""
        if self.shift > 0:
            return self.multiplier == 0
        return (self.sum_bounds * self.multiplier >> 31) + 1 < 2 ** (-self.shift) // 2 or self.multiplier == 0


def fast_requantize(fields: dict[str, Value], sum_bounds: IntArray) -> dict[str, Value] | None:
    """Returns the fields of a kws_nn_requantize for the fast kernels, with the same result for every possible sum.

    Args:
        fields: as weights.weighted_requantize() returns them.
        sum_bounds: [channels], upper bounds of the magnitude of every sum.

    Returns:
        The fields; None if there are none: a factor is 0.5 or more, or a sum cannot be doubled within 32 bits.
    """
    if int(sum_bounds.max()) > MAX_SUM:
        return None
    multipliers, shifts = fields["multipliers"], fields["shifts"]
    assert isinstance(multipliers, np.ndarray)
    assert isinstance(shifts, np.ndarray)
    bounds_of_channels = sum_bounds if fields["step"] else [sum_bounds.max()]
    pairs = []
    for channel in map(_Channel, map(int, multipliers), map(int, shifts), map(int, bounds_of_channels)):
        if channel.is_always_zero:
            pairs.append(ALWAYS_ZERO)
        elif 1 <= -channel.shift <= MAX_SHIFT:
            pairs.append((channel.multiplier, channel.shift))
        else:
            return None
    values, amounts = zip(*pairs, strict=True)
    return fields | {"multipliers": np.array(values, np.int32), "shifts": np.array(amounts, np.int8)}
