# SPDX-License-Identifier: Apache-2.0
"""What neighbouring windows of a stream share of each tensor, and up to which op.

A window of frames slides over a stream. A tensor has rows in time as the input has frames; a row that sees no padding,
directly or through the rows it was made from, hangs only on the frames that it sees: in the next window the same row
stands further up. So of each tensor three kinds of rows are told apart:

    rows          0 … first - 1      first … last                       last + 1 … rows - 1
                  see padding        are shared: all but the newest      see padding
                                     stood in the window before
    made anew     `top`              `new` only                          with `new`: `bottom`

Where the frames from one window to the next are no multiple of the frames between rows, rows of the two do not line up;
they do again some windows later. Each of the windows until then has a copy of the tensor for its own.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from tinykws.aot.lowering.call import Alias, Call, RowWise
from tinykws.aot.reader.graph import Graph, Tensor

_AT_ONCE = "makes its output from the whole window"


@dataclasses.dataclass(frozen=True)
class Sharing:
    """A tensor's rows in time."""

    rows: int
    row_bytes: int
    stride: int
    """Frames from one row to the next."""
    first: int
    last: int
    """The rows from first to last see no padding; there are none where last is below first."""
    inference_stride: int
    """Frames from one window to the next."""

    @property
    def copies(self) -> int:
        """Windows after which rows line up again."""
        return math.lcm(self.inference_stride, self.stride) // self.inference_stride

    @property
    def stride_rows(self) -> int:
        """Rows from a window to the next whose rows line up with its own."""
        return math.lcm(self.inference_stride, self.stride) // self.stride

    @property
    def top(self) -> range:
        """Rows that see padding in front."""
        return range(self.first)

    @property
    def new(self) -> range:
        """Rows that no window before had."""
        return range(self.last + 1 - self.stride_rows, self.last + 1)

    @property
    def end(self) -> range:
        """Rows that see padding behind."""
        return range(self.last + 1, self.rows)

    @property
    def bottom(self) -> range:
        """The new rows and those behind."""
        return range(self.new.start, self.rows)

    @property
    def shared(self) -> range:
        """Rows that stood in the window before."""
        return range(self.first, self.new.start)


@dataclasses.dataclass(frozen=True)
class Analysis:
    """What windows share, op by op."""

    of_tensor: dict[int, Sharing]
    """Of the input and of what the first `n_ops` ops compute, by tensor index."""
    n_ops: int
    ends: str
    """Why the op behind them has no rows that windows share."""


def what_windows_share(graph: Graph, program: Sequence[Call | Alias], frames: int, inference_stride: int) -> Analysis:
    """Returns what windows of `frames` frames, `inference_stride` frames apart, share."""
    source = graph.input
    of_tensor = {source.index: Sharing(frames, source.size // frames, 1, 0, frames - 1, inference_stride)}
    for index, (op, item) in enumerate(zip(graph.ops, program, strict=True)):
        found = _sharing_of(item, of_tensor)
        if isinstance(found, str):
            return Analysis(of_tensor, index, f"{op.where} {found}")
        of_tensor[item.output.index] = found
    return Analysis(of_tensor, len(program), "")


def _sharing_of(item: Call | Alias, of_tensor: dict[int, Sharing]) -> Sharing | str:
    """Returns what windows share of an op's output, or why nothing, in words that follow the op's name."""
    if isinstance(item, Alias):
        return of_tensor[item.source.index]
    rows = item.rows
    sources = {of_tensor[tensor.index] for tensor in item.inputs if tensor.data is None}
    stretches = {(source.rows, source.stride) for source in sources}
    if rows is None or len(stretches) != 1 or rows.input_rows not in {source.rows for source in sources}:
        return _AT_ONCE
    made = _made_rows(item.output, rows, sources)
    if made.rows == 1:
        return _AT_ONCE
    if not made.shared:
        return f"has {made.rows} rows, of which windows share none: each sees padding or new frames"
    return made


def _made_rows(output: Tensor, rows: RowWise, sources: set[Sharing]) -> Sharing:
    axis, source = rows.axis, next(iter(sources))
    begin, end = max(source.first for source in sources), min(source.last for source in sources)
    positions = range(axis.positions)
    seen = [axis.seen_by(position) for position in positions]
    inside = [position for position in positions if begin <= seen[position][0] and seen[position][1] <= end]
    first, last = (inside[0], inside[-1]) if inside else (axis.positions, -1)
    size, stride = output.size // axis.positions, source.stride * axis.stride
    return Sharing(axis.positions, size, stride, first, last, source.inference_stride)
