# SPDX-License-Identifier: Apache-2.0
"""The schedule of an invoke that makes only what the window before did not have.

Of the first ops each makes its rows at the top and at the bottom (sharing.py). They stand in a kept buffer, whose
shared rows move up first, or, where the next ops ask for no more than was just made, nowhere for long. A dense layer
over the whole window may follow: its sums are kept instead of its input (dense_sums.py). The ops behind run as ever.
What is not made again would come out the same, so outputs are those of the whole window.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tinykws.aot.lowering.call import Alias, Call
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.scheduling.buffers import Homes
from tinykws.aot.scheduling.dense_sums import DenseSums
from tinykws.aot.scheduling.schedule import Move, Nothing, Operand, Place, Run, Schedule, Step
from tinykws.aot.scheduling.sharing import Analysis
from tinykws.aot.scheduling.split import BOTTOM, TOP, Split, owners_of, summed_dense


def streams(graph: Graph, program: Sequence[Call | Alias], analysis: Analysis) -> Iterator[Schedule]:
    """Yields every way to stream: the first op only, the first two, and so on, dense layers by their sums and not.

    What makes the model's output never does: few rows are left of it, and it stands in one place.
    """
    owners = owners_of(program)
    last = owners.get(graph.output.index, graph.output.index)
    for n_ops in range(1, analysis.n_ops + 1):
        if isinstance(program[n_ops - 1], Alias):
            continue
        if program[n_ops - 1].output.index == last:
            return
        yield _Builder(Split(graph, program, analysis, n_ops, summed=None)).schedule()
        summed = summed_dense(program, analysis, n_ops)
        if summed is not None:
            yield _Builder(Split(graph, program, analysis, n_ops, summed)).schedule()


class _Builder:
    """The schedule of a split model in the making."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._steps: list[Step] = []
        self._homes = Homes()

    def schedule(self) -> Schedule:
        """Returns the schedule."""
        split, graph = self._split, self._split.graph
        inference_stride = split.sharing[graph.input.index].inference_stride
        source = self._homes.kept(graph.input.index, f"input, {graph.input}", graph.input.size, 1)
        for group in self._groups():
            self._add_group(group)
        for index in range(split.n_ops, len(split.program)):
            self._add_whole(index)
        output = self._homes[split.owner(graph.output)]
        buffers = self._homes.buffers(len(self._steps), output)
        streamed = [split.sharing[item.output.index].copies for item in split.program[: split.n_ops]]
        return Schedule(graph, self._steps, buffers, source, output, math.lcm(*streamed), inference_stride)

    def _groups(self) -> list[list[int]]:
        """Returns the streamed ops in groups; within one, rows are handed on and not kept."""
        groups: list[list[int]] = [[]]
        for index in range(self._split.n_ops):
            groups[-1].append(index)
            item = self._split.program[index]
            if isinstance(item, Call) and self._split.is_whole(item.output):
                groups.append([])
        return [group for group in groups if group]

    def _add_group(self, group: Sequence[int]) -> None:
        calls: list[tuple[Op, Call]] = []
        for index in group:
            op, item = self._split.graph.ops[index], self._split.program[index]
            if isinstance(item, Alias):
                self._steps.append(Nothing(op))
                continue
            calls.append((op, item))
            if self._split.is_whole(item.output):
                self._add_move(op, item)
        for which in (TOP, BOTTOM):
            for op, call in calls:
                self._add_band(op, call, which)
            if group[-1] == self._split.n_ops - 1:
                self._add_parts_of_sums(which)

    def _add_move(self, op: Op, call: Call) -> None:
        sharing = self._split.sharing[call.output.index]
        name = f"output of {op.where}, {call.output}"
        place = self._homes.kept(call.output.index, name, call.output.size, sharing.copies)
        to = place.at(sharing.first * sharing.row_bytes)
        source = to.at(sharing.stride_rows * sharing.row_bytes)
        self._steps.append(Move(op, to, source, len(sharing.shared) * sharing.row_bytes))

    def _add_band(self, op: Op, call: Call, which: str) -> None:
        rows = self._split.rows(call.output, which)
        if not rows:
            return
        assert call.rows is not None
        band = call.rows.band(rows)
        if not self._split.is_whole(call.output):
            size = len(rows) * self._split.sharing[call.output.index].row_bytes
            self._homes.new((call.output.index, which), f"{_rows_text(rows)} of the output of {op.where}", size)
        output = self._rows_at(call.output, rows.start, which)
        if band.input_rows:
            inputs = [self._rows_at(tensor, band.input_rows.start, which) for tensor in call.inputs]
        else:  # all padding: nothing is read, and there may be nothing
            inputs = [output for _ in call.inputs]
        self._add(op, call.rows.call(band), which, [*inputs, output], _rows_text(rows))

    def _rows_at(self, tensor: Tensor, row: int, which: str) -> Operand:
        """Returns where a tensor's rows from `row` on stand, those at the top or at the bottom."""
        if tensor.data is not None:
            return tensor
        owner, row_bytes = self._split.owner(tensor), self._split.sharing[tensor.index].row_bytes
        if self._split.is_whole(tensor):
            return self._homes[owner].at(row * row_bytes)
        return self._homes[owner, which].at((row - self._split.rows(tensor, which).start) * row_bytes)

    def _add_parts_of_sums(self, which: str) -> None:
        sums, index = self._split.sums, self._split.summed_op
        if sums is None or index is None:
            return
        op, source = self._split.graph.ops[index], sums.call.inputs[0]
        bands = {"top": sums.sharing.top} if which == TOP else {"new": sums.sharing.new, "end": sums.sharing.end}
        for name, rows in bands.items():
            if rows:
                operands = [self._rows_at(source, rows.start, which), self._sums_at(op, sums)]
                self._add(op, sums.of_rows(rows), name, operands, _rows_text(rows))

    def _sums_at(self, op: Op, sums: DenseSums) -> Place:
        return self._homes.kept((op.index, "sums"), f"sums of {op.where}", sums.kept_bytes, sums.sharing.copies)

    def _add_whole(self, index: int) -> None:
        op, item = self._split.graph.ops[index], self._split.program[index]
        if isinstance(item, Alias):
            self._steps.append(Nothing(op))
            return
        output = self._whole_output(index, op, item)
        if index == self._split.summed_op and self._split.sums is not None:
            self._add(op, self._split.sums.output(), "", [self._sums_at(op, self._split.sums), output], "from its sums")
        else:
            inputs = [
                tensor if tensor.data is not None else self._homes[self._split.owner(tensor)] for tensor in item.inputs
            ]
            self._add(op, item, "", [*inputs, output], "")

    def _whole_output(self, index: int, op: Op, call: Call) -> Place:
        """Returns where an op behind the streamed ones puts its output: over its input where it can."""
        split, source = self._split, call.inputs[0]
        if call.can_overwrite_input and split.is_last_reader(index, source) and not split.is_streamed(source):
            return self._homes.share(call.output.index, split.owner(source))
        return self._homes.new(call.output.index, f"output of {op.where}, {call.output}", call.output.size)

    def _add(self, op: Op, call: Call, suffix: str, operands: Sequence[Operand], about: str) -> None:
        scratch = None
        if call.scratch_bytes:
            scratch = self._homes.new((len(self._steps), "scratch"), f"scratch of {op.where}", call.scratch_bytes)
        name = f"op{op.index}_{suffix}" if suffix else f"op{op.index}"
        self._steps.append(Run(op, call, name, tuple(operands), scratch, about))
        for place in (*operands, scratch):
            if isinstance(place, Place):
                self._homes.touch(place, len(self._steps))


def _rows_text(rows: range) -> str:
    return f"row {rows[0]}" if len(rows) == 1 else f"rows {rows[0]} to {rows[-1]}"
