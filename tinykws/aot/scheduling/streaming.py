# SPDX-License-Identifier: Apache-2.0
"""Schedules of streaming mode, in which an inference computes only what earlier inferences did not.

Each streamed op computes its top and bottom rows (overlap.py). They go into a kept buffer, whose reusable rows move up
first; if the next ops need no more rows than these, they go into a temporary buffer instead. A dense layer over the
whole window may follow: its partial sums are kept instead of its input (dense_sums.py). The other ops compute the whole
window. The reused rows would be computed to the same values again, so the outputs are those of whole-window mode.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tinykws.aot.lowering.call import Alias, Call, Item
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.scheduling.buffers import BufferTable
from tinykws.aot.scheduling.dense_sums import DenseSums
from tinykws.aot.scheduling.overlap import OverlapAnalysis
from tinykws.aot.scheduling.schedule import Move, NoOp, Operand, Place, Run, Schedule, Step
from tinykws.aot.scheduling.split import BOTTOM, TOP, Split, owners_of, summed_dense


def streaming_schedules(graph: Graph, program: Sequence[Item], analysis: OverlapAnalysis) -> Iterator[Schedule]:
    """Yields a schedule for each number of streamed ops, from the first op only, with and without partial sums.

    The op that computes the model's output never streams: it has few rows, and they must lie in one place.
    """
    if graph.variables:
        return
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
    """Builds the schedule of a split model."""

    def __init__(self, split: Split) -> None:
        self._split = split
        self._steps: list[Step] = []
        self._table = BufferTable()

    def schedule(self) -> Schedule:
        """Returns the schedule."""
        split, graph = self._split, self._split.graph
        inference_stride = split.overlap[graph.input.index].inference_stride
        source = self._table.kept(graph.input.index, f"input, {graph.input}", graph.input.size, 1)
        for group in self._groups():
            self._add_group(group)
        for index in range(split.n_ops, len(split.program)):
            self._add_whole(index)
        output = self._table[split.owner(graph.output)]
        buffers = self._table.buffers(len(self._steps), output)
        streamed = [split.overlap[item.output.index].copies for item in split.program[: split.n_ops]]
        return Schedule(graph, self._steps, buffers, source, output, math.lcm(*streamed), inference_stride)

    def _groups(self) -> list[list[int]]:
        """Returns the streamed ops in groups; within a group, rows are passed on without being kept."""
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
            if not isinstance(item, Call):
                self._steps.append(NoOp(op))
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
        overlap = self._split.overlap[call.output.index]
        name = f"output of {op.where}, {call.output}"
        place = self._table.kept(call.output.index, name, call.output.size, overlap.copies)
        to = place.at(overlap.first * overlap.row_bytes)
        source = to.at(overlap.stride_rows * overlap.row_bytes)
        self._steps.append(Move(op, to, source, len(overlap.shared) * overlap.row_bytes))

    def _add_band(self, op: Op, call: Call, which: str) -> None:
        rows = self._split.rows(call.output, which)
        if not rows:
            return
        assert call.rows is not None
        band = call.rows.band(rows)
        if not self._split.is_whole(call.output):
            size = len(rows) * self._split.overlap[call.output.index].row_bytes
            self._table.new((call.output.index, which), f"{_rows_text(rows)} of the output of {op.where}", size)
        output = self._rows_at(call.output, rows.start, which)
        if band.input_rows:
            inputs = [self._rows_at(tensor, band.input_rows.start, which) for tensor in call.inputs]
        else:  # padding only: the kernel reads no input, and there may be none in memory
            inputs = [output for _ in call.inputs]
        self._add(op, call.rows.call(band), which, [*inputs, output], _rows_text(rows))

    def _rows_at(self, tensor: Tensor, row: int, which: str) -> Operand:
        """Returns the operand that starts at row `row` of a tensor's band."""
        if tensor.data is not None:
            return tensor
        owner, row_bytes = self._split.owner(tensor), self._split.overlap[tensor.index].row_bytes
        if self._split.is_whole(tensor):
            return self._table[owner].at(row * row_bytes)
        return self._table[owner, which].at((row - self._split.rows(tensor, which).start) * row_bytes)

    def _add_parts_of_sums(self, which: str) -> None:
        sums, index = self._split.sums, self._split.summed_op
        if sums is None or index is None:
            return
        op, source = self._split.graph.ops[index], sums.call.inputs[0]
        bands = {"top": sums.overlap.top} if which == TOP else {"new": sums.overlap.new, "end": sums.overlap.end}
        for name, rows in bands.items():
            if rows:
                operands = [self._rows_at(source, rows.start, which), self._sums_at(op, sums)]
                self._add(op, sums.of_rows(rows), name, operands, _rows_text(rows))

    def _sums_at(self, op: Op, sums: DenseSums) -> Place:
        return self._table.kept((op.index, "sums"), f"sums of {op.where}", sums.kept_bytes, sums.overlap.copies)

    def _add_whole(self, index: int) -> None:
        op, item = self._split.graph.ops[index], self._split.program[index]
        if not isinstance(item, Call):
            self._steps.append(NoOp(op))
            return
        output = self._whole_output(index, op, item)
        if index == self._split.summed_op and self._split.sums is not None:
            self._add(op, self._split.sums.output(), "", [self._sums_at(op, self._split.sums), output], "from its sums")
        else:
            inputs = [
                tensor if tensor.data is not None else self._table[self._split.owner(tensor)] for tensor in item.inputs
            ]
            self._add(op, item, "", [*inputs, output], "")

    def _whole_output(self, index: int, op: Op, call: Call) -> Place:
        """Returns the place for the output of an op that does not stream: its input's, if the kernel allows it."""
        split, source = self._split, call.inputs[0]
        if call.can_overwrite_input and split.is_last_reader(index, source) and not split.is_streamed(source):
            return self._table.share(call.output.index, split.owner(source))
        return self._table.new(call.output.index, f"output of {op.where}, {call.output}", call.output.size)

    def _add(self, op: Op, call: Call, suffix: str, operands: Sequence[Operand], about: str) -> None:
        scratch = None
        if call.scratch_bytes:
            scratch = self._table.new((len(self._steps), "scratch"), f"scratch of {op.where}", call.scratch_bytes)
        name = f"{op.c_name}_{suffix}" if suffix else op.c_name
        self._steps.append(Run(op, call, name, tuple(operands), scratch, about))
        for place in (*operands, scratch):
            if isinstance(place, Place):
                self._table.touch(place, len(self._steps))


def _rows_text(rows: range) -> str:
    return f"row {rows[0]}" if len(rows) == 1 else f"rows {rows[0]} to {rows[-1]}"
