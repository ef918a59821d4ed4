# SPDX-License-Identifier: Apache-2.0
"""The running mean of a network's weights while it learns.

Each step of training moves the weights by the noise of its batch; their mean lies nearer to the middle and is the
better network (Polyak, Juditsky: Acceleration of stochastic approximation by averaging, 1992).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = list[npt.NDArray[Any]]


class RunningMean:
    """An exponential mean whose first values count no more than the others."""

    def __init__(self, share: float) -> None:
        """Creates a mean of nothing; newer weights count for `share`, 0 to 1, as soon as there are enough of them."""
        self._share, self._count = share, 0
        self._mean: Weights = []

    def add(self, weights: Sequence[npt.NDArray[Any]]) -> None:
        """Adds the weights after some step."""
        self._count += 1
        share = max(self._share, 1 / self._count)
        if not self._mean:
            self._mean = [np.array(each) for each in weights]
        pairs = zip(self._mean, weights, strict=True)
        self._mean = [np.asarray(mean + share * (new - mean), mean.dtype) for mean, new in pairs]

    @property
    def weights(self) -> Weights:
        """A copy of the mean; an empty list if nothing was added."""
        return [np.array(each) for each in self._mean]
