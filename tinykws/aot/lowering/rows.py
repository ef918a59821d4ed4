# SPDX-License-Identifier: Apache-2.0
"""Some rows of an op's output: what streaming asks of the lowerings.

A row is one index of dimension 1 of an image [1, rows, width, channels]; in a keyword model, one step in time. An op is
row-wise where each row of its output hangs on a few neighbouring rows of its input, by the same arithmetic for all.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.reader.graph import Tensor


@dataclasses.dataclass(frozen=True)
class Axis:
    """A window along one axis: where it starts, and how many positions it has."""

    size: int
    stride: int
    dilation: int
    pad: int
    positions: int

    @property
    def is_pointwise(self) -> bool:
        """Whether each position sees the one value at its place."""
        return self.size == self.stride == 1

    def inputs_of(self, position: int) -> tuple[int, int]:
        """Returns the first and the last index that a position sees, inside of the image or not."""
        first = position * self.stride - self.pad
        return first, first + (self.size - 1) * self.dilation


def pointwise_axis(positions: int) -> Axis:
    """Returns the axis of an op whose every output hangs on the input at its place only."""
    return Axis(1, 1, 1, 0, positions)


@dataclasses.dataclass(frozen=True)
class Band:
    """Neighbouring rows of an output, the input's rows that they see, and how many rows before these they see too."""

    rows: range
    input_rows: range
    pad: int


def with_rows(tensor: Tensor, count: int) -> Tensor:
    """Returns an image tensor of other height."""
    return dataclasses.replace(tensor, shape=(tensor.shape[0], count, *tensor.shape[2:]))
