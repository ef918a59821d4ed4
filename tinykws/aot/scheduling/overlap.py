# SPDX-License-Identifier: Apache-2.0
"""The overlap of successive model inputs: which rows of each tensor streaming mode can reuse, and up to which op.

The model's input moves over a stream of frames. Like the input, a tensor has rows in time. A row whose receptive field
contains no padding depends on its frames only, so the next inference needs the same row again, at a lower index. Each
tensor therefore has three kinds of rows:

    rows          0 … first - 1       first … last                       last + 1 … rows - 1
                  depend on padding   reusable: all but the newest were   depend on padding
                                      computed by an earlier inference
    computed      `top`               `new` only                          with `new`: `bottom`

If the inference stride is not a multiple of the frames between rows, the rows of two successive inferences do not line
up; they do some inferences later. Each inference until then has its own copy of the tensor.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from tinykws.aot.lowering.call import Alias, Copy, Item, RowWise
from tinykws.aot.reader.graph import Graph, Tensor

_NEEDS_WHOLE_WINDOW = "computes its output from the whole window"


@dataclasses.dataclass(frozen=True)
class RowOverlap:
    """A tensor's rows in time."""

    rows: int
    row_bytes: int
    stride: int
    """Frames from one row to the next."""
    first: int
    last: int
    """The rows from `first` to `last` do not depend on padding; there are none if `last` is below `first`."""
    inference_stride: int
    """Frames from one inference to the next."""

    @property
    def copies(self) -> int:
        """Inferences after which rows line up again, and so copies of the tensor to keep."""
        return math.lcm(self.inference_stride, self.stride) // self.inference_stride

    @property
    def stride_rows(self) -> int:
        """Rows by which the tensor moves on until the next inference whose rows line up with this one's."""
        return math.lcm(self.inference_stride, self.stride) // self.stride

    @property
    def top(self) -> range:
        """Rows that depend on the padding before the input."""
        return range(self.first)

    @property
    def new(self) -> range:
        """Rows that no earlier inference computed."""
        return range(self.last + 1 - self.stride_rows, self.last + 1)

    @property
    def end(self) -> range:
        """Rows that depend on the padding after the input."""
        return range(self.last + 1, self.rows)

    @property
    def bottom(self) -> range:
        """The new rows and those after them."""
        return range(self.new.start, self.rows)

    @property
    def shared(self) -> range:
        """Rows that an earlier inference computed."""
        return range(self.first, self.new.start)


@dataclasses.dataclass(frozen=True)
class OverlapAnalysis:
    """The overlap of successive inferences, op by op."""

    of_tensor: dict[int, RowOverlap]
    """For the input and for the outputs of the first `n_ops` ops, by tensor index."""
    n_ops: int
    """How many ops from the start can stream."""
    ends: str
    """Why the next op cannot stream; empty if all can."""


def find_overlap(graph: Graph, program: Sequence[Item], frames: int, inference_stride: int) -> OverlapAnalysis:
    """Returns the overlap of inputs of `frames` frames, `inference_stride` frames apart."""
    source = graph.input
    if graph.variables:
        return OverlapAnalysis({}, 0, "the model itself keeps what inferences share")
    of_tensor = {source.index: RowOverlap(frames, source.size // frames, 1, 0, frames - 1, inference_stride)}
    for index, (op, item) in enumerate(zip(graph.ops, program, strict=True)):
        found = _overlap_of(item, of_tensor)
        if isinstance(found, str):
            return OverlapAnalysis(of_tensor, index, f"{op.where} {found}")
        of_tensor[item.output.index] = found
    return OverlapAnalysis(of_tensor, len(program), "")


def _overlap_of(item: Item, of_tensor: dict[int, RowOverlap]) -> RowOverlap | str:
    """Returns the overlap of an op's output, or why it has none, in words that follow the op's name."""
    if isinstance(item, Alias):
        return of_tensor[item.source.index]
    if isinstance(item, Copy):
        return _NEEDS_WHOLE_WINDOW
    rows = item.rows
    sources = {of_tensor[tensor.index] for tensor in item.inputs if tensor.data is None}
    stretches = {(source.rows, source.stride) for source in sources}
    if rows is None or len(stretches) != 1 or rows.input_rows not in {source.rows for source in sources}:
        return _NEEDS_WHOLE_WINDOW
    made = _made_rows(item.output, rows, sources)
    if made.rows == 1:
        return _NEEDS_WHOLE_WINDOW
    if not made.shared:
        return f"has {made.rows} rows, none of which can be reused: each depends on padding or on new frames"
    return made


def _made_rows(output: Tensor, rows: RowWise, sources: set[RowOverlap]) -> RowOverlap:
    axis, source = rows.axis, next(iter(sources))
    begin, end = max(source.first for source in sources), min(source.last for source in sources)
    positions = range(axis.positions)
    seen = [axis.inputs_of(position) for position in positions]
    inside = [position for position in positions if begin <= seen[position][0] and seen[position][1] <= end]
    first, last = (inside[0], inside[-1]) if inside else (axis.positions, -1)
    size, stride = output.size // axis.positions, source.stride * axis.stride
    return RowOverlap(axis.positions, size, stride, first, last, source.inference_stride)
