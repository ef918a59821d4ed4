# SPDX-License-Identifier: Apache-2.0
"""What runs one after the other in an invoke, and on which bytes: what the emitter prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tinykws.aot.lowering.call import Alias, Call
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.scheduling.arena import Buffer, workspace_of


@dataclasses.dataclass(frozen=True)
class Place:
    """Bytes in a buffer of the arena."""

    buffer: int
    """Index among the schedule's buffers."""
    offset: int = 0
    copies: int = 1
    """How many copies the buffer holds, each of `copy_bytes`; invokes use them in turns."""
    copy_bytes: int = 0

    def at(self, offset: int) -> Place:
        """Returns the place so many bytes behind it."""
        return dataclasses.replace(self, offset=self.offset + offset)


Operand = Place | Tensor
"""A place, or a constant tensor."""


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A kernel at work: for a whole op, or for a band of its rows."""

    op: Op
    call: Call
    name: str
    """Of its parameters in C."""
    operands: tuple[Operand, ...]
    """Inputs, and the output last."""
    scratch: Place | None = None
    about: str = ""
    """Which part of the op it does, empty where it does all."""

    @property
    def is_band(self) -> bool:
        """Whether it does a part of the op only."""
        return bool(self.about)


@dataclasses.dataclass(frozen=True)
class Move:
    """Rows that this window shares with the one before it in the same copy move to their place in it."""

    op: Op
    to: Place
    source: Place
    size: int


@dataclasses.dataclass(frozen=True, eq=False)
class Nothing:
    """An op that moves no byte."""

    op: Op


Step = Run | Move | Nothing


@dataclasses.dataclass(frozen=True, eq=False)
class Schedule:
    """An invoke."""

    graph: Graph
    steps: Sequence[Step]
    buffers: Sequence[Buffer]
    input: Place
    output: Place
    copies: int = 1
    """Invokes after which a copy's turn comes again, of all copies."""
    inference_stride: int = 0
    """Frames by which the input must move on from one invoke to the next; 0: no invoke knows of another."""

    @property
    def keeps_input(self) -> bool:
        """Whether the input is after an invoke as it was before."""
        return len(self.buffers[self.input.buffer].steps) == len(self.steps) + 2

    @property
    def runs(self) -> list[Run]:
        """Kernels at work, in order."""
        return [step for step in self.steps if isinstance(step, Run)]

    @property
    def calls(self) -> list[Call]:
        """The calls of kernels, in order."""
        return [run.call for run in self.runs]


def whole_window(graph: Graph, program: Sequence[Call | Alias], *, keep_input: bool = False) -> Schedule:
    """Returns the schedule that computes everything anew in each invoke.

    Args:
        graph: the model.
        program: what runs each op.
        keep_input: the input is as it was after an invoke; else its bytes may be used for something else.
    """
    workspace = workspace_of(graph, program, keep_input=keep_input)

    def place(tensor: Tensor) -> Operand:
        number = workspace.of_tensor.get(tensor.index)
        return tensor if number is None else Place(number)

    def step(op: Op, item: Call | Alias) -> Step:
        if isinstance(item, Alias):
            return Nothing(op)
        scratch = workspace.of_scratch.get(op.index)
        operands = tuple(place(tensor) for tensor in (*item.inputs, item.output))
        return Run(op, item, f"op{op.index}", operands, None if scratch is None else Place(scratch))

    steps = [step(op, item) for op, item in zip(graph.ops, program, strict=True)]
    source, output = (Place(workspace.of_tensor[tensor.index]) for tensor in (graph.input, graph.output))
    return Schedule(graph, steps, workspace.buffers, source, output)
