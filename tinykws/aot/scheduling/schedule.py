# SPDX-License-Identifier: Apache-2.0
"""The schedule of an inference: which calls run in which order, and on which bytes. The emitter prints it as C."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tinykws.aot.lowering.call import Alias, Call, Copy, IntArray, Item, Value
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.scheduling.arena import Buffer, workspace_of
from tinykws.aot.scheduling.histories import History, assign_last, find_histories


@dataclasses.dataclass(frozen=True)
class Place:
    """Bytes in a buffer of the arena."""

    buffer: int
    """Index among the schedule's buffers."""
    offset: int = 0
    copies: int = 1
    """How many copies the buffer holds, each of `copy_bytes`; inferences use them in turn."""
    copy_bytes: int = 0

    def at(self, offset: int) -> Place:
        """Returns the place `offset` bytes after this one."""
        return dataclasses.replace(self, offset=self.offset + offset)


Operand = Place | Tensor
"""A place, or a constant tensor."""


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """One call of a kernel: for a whole op, or for a band of its rows."""

    op: Op
    call: Call
    name: str
    """C name of its parameter struct."""
    operands: tuple[Operand, ...]
    """Inputs, and the output last."""
    scratch: Place | None = None
    about: str = ""
    """Which rows of the op it computes, for a comment in C; empty for a whole op."""

    @property
    def is_band(self) -> bool:
        """Whether it computes only some rows of the op."""
        return bool(self.about)


@dataclasses.dataclass(frozen=True)
class Move:
    """Moves bytes: rows that an earlier inference computed to their place in this one, or into a variable."""

    op: Op
    to: Place
    source: Operand
    size: int


@dataclasses.dataclass(frozen=True, eq=False)
class NoOp:
    """An op that needs no code, such as RESHAPE."""

    op: Op


Step = Run | Move | NoOp


@dataclasses.dataclass(frozen=True, eq=False)
class State:
    """Where a variable of the model is, and its content after a reset."""

    place: Place
    initial: IntArray
    """int8 [size]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Schedule:
    """Everything one inference does."""

    graph: Graph
    steps: Sequence[Step]
    buffers: Sequence[Buffer]
    input: Place
    output: Place
    copies: int = 1
    """Inferences after which every buffer with copies is at its first copy again."""
    inference_stride: int = 0
    """Streaming mode: frames by which the input must move on between inferences; 0: whole-window mode."""
    states: Sequence[State] = ()
    """What must be set before the first inference, and to forget all that was heard."""

    @property
    def keeps_input(self) -> bool:
        """Whether an inference leaves the input unchanged."""
        return len(self.buffers[self.input.buffer].steps) == len(self.steps) + 2

    @property
    def runs(self) -> list[Run]:
        """The steps that call a kernel, in order."""
        return [step for step in self.steps if isinstance(step, Run)]

    @property
    def calls(self) -> list[Call]:
        """The calls of kernels, in order."""
        return [run.call for run in self.runs]

    @property
    def constant_bytes(self) -> int:
        """Bytes of the constant arrays of all calls, equal ones counted once, as they are stored."""
        arrays = (array for call in self.calls for array in _arrays_of(call.parameters))
        return sum(len(data) for _, data in {(array.dtype.name, array.tobytes()) for array in arrays})


def _arrays_of(value: Value) -> Iterator[IntArray]:
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, Mapping):
        for field in value.values():
            yield from _arrays_of(field)


def whole_window_schedule(graph: Graph, program: Sequence[Item], *, keep_input: bool = False) -> Schedule:
    """Returns the schedule of whole-window mode: every inference computes everything.

    Args:
        graph: the model.
        program: the lowered ops, in order.
        keep_input: an inference leaves the input unchanged; otherwise its bytes may be reused for other tensors.
    """
    histories = find_histories(graph, program)
    graph, program = assign_last(graph, program, histories)
    workspace = workspace_of(graph, program, keep_input=keep_input, histories=histories)

    def place(tensor: Tensor) -> Operand:
        number = workspace.of_tensor.get(tensor.index)
        return tensor if number is None else Place(number, workspace.offsets.get(tensor.index, 0))

    def step(op: Op, item: Item) -> Step:
        if isinstance(item, Alias):
            return NoOp(op)
        if isinstance(item, Copy):
            return _move(op, place(item.source), place(item.output), item.source.size)
        if item.output.index in workspace.views:
            return NoOp(op)
        scratch = workspace.of_scratch.get(op.index)
        operands = tuple(place(tensor) for tensor in (*item.inputs, item.output))
        return Run(op, item, op.c_name, operands, None if scratch is None else Place(scratch))

    instead = dict(_steps_of(histories, place))
    steps = [instead.get(id(op)) or step(op, item) for op, item in zip(graph.ops, program, strict=True)]
    source, output = (_placed(place(tensor)) for tensor in (graph.input, graph.output))
    states = [State(_placed(place(variable.tensor)), variable.initial) for variable in graph.variables]
    return Schedule(graph, steps, workspace.buffers, source, output, states=states)


def _steps_of(histories: Sequence[History], place: Callable[[Tensor], Operand]) -> Iterator[tuple[int, Step]]:
    """Yields what an op of a history becomes, by its id."""
    for history in histories:
        rows, new = _placed(place(history.rows)), place(history.new)
        end, size = rows.at(history.state.size), history.state.size
        in_place = new == end
        yield (
            id(history.concatenation),
            NoOp(history.concatenation) if in_place else _move(history.concatenation, new, end, history.new.size),
        )
        yield id(history.slice), NoOp(history.slice)
        yield id(history.assignment), Move(history.assignment, rows, rows.at(history.new.size), size)


def _move(op: Op, source: Operand, to: Operand, size: int) -> Move:
    return Move(op, _placed(to), source, size)


def _placed(operand: Operand) -> Place:
    assert isinstance(operand, Place)
    return operand
