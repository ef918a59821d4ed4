# SPDX-License-Identifier: Apache-2.0
"""Rows of tensors, which streaming mode computes one band at a time.

A row is one index of dimension 1 of an image [1, rows, width, channels]; in a keyword model, one step in time. An op is
row-wise if each row of its output depends on a few neighbouring rows of its input, by the same arithmetic for all rows.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.reader.graph import Tensor


@dataclasses.dataclass(frozen=True)
class Axis:
    """A kernel window that slides along one axis."""

    size: int
    stride: int
    dilation: int
    pad: int
    positions: int

    @property
    def is_pointwise(self) -> bool:
        """Whether each output depends on the input at the same index only."""
        return self.size == self.stride == 1

    def inputs_of(self, position: int) -> tuple[int, int]:
        """Returns the first and the last input index that an output position depends on; both may be in the padding."""
        first = position * self.stride - self.pad
        return first, first + (self.size - 1) * self.dilation


def pointwise_axis(positions: int) -> Axis:
    """Returns the axis of an op whose outputs depend on the input at the same index only."""
    return Axis(1, 1, 1, 0, positions)


@dataclasses.dataclass(frozen=True)
class Band:
    """Neighbouring rows of an output, and the input rows that they depend on."""

    rows: range
    input_rows: range
    pad: int
    """Rows of padding before the input rows."""


def with_rows(tensor: Tensor, count: int) -> Tensor:
    """Returns an image tensor with another number of rows."""
    return dataclasses.replace(tensor, shape=(tensor.shape[0], count, *tensor.shape[2:]))
