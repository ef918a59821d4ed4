# SPDX-License-Identifier: Apache-2.0
"""Where each buffer stands in the arena: offsets chosen at build time.

Largest buffer first, each at the lowest offset where it overlaps none that is needed at the same time (the greedy
method of TFLM's own planner; Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
Where that takes more than the buffers of some one step together, other orders are tried: for up to seven buffers all,
and one of them gives the smallest arena there is, since buffers placed in the order of their offsets in it come to lie
there or lower.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator, Sequence

from tinykws.aot.lowering.call import Alias, Call
from tinykws.aot.reader.graph import Graph, Tensor

ALIGNMENT = 16
"""Of every offset, in bytes: as in TFLM, enough for any SIMD load."""
ALL_ORDERS_BUFFERS = 7
MORE_ORDERS = 500
"""How many random orders are tried for more buffers than that."""


@dataclasses.dataclass(frozen=True)
class Buffer:
    """Bytes that must keep their content during some steps.

    Step 0 is the host filling the input, step i + 1 op i, the last step the host reading the output.
    """

    name: str
    size: int
    steps: frozenset[int]


@dataclasses.dataclass(frozen=True)
class Placement:
    """A buffer and where it starts in the arena."""

    buffer: Buffer
    offset: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.offset + self.buffer.size


def place(buffers: Sequence[Buffer]) -> list[Placement]:
    """Returns a place for each buffer, in the order given; those with a step in common do not overlap."""
    least = _least_arena(buffers)
    best: list[Placement] = []
    for order in _orders(buffers):
        placements = _place_in_order(buffers, order)
        if not best or arena_bytes(placements) < arena_bytes(best):
            best = placements
        if arena_bytes(best) <= least:
            break
    return best


def arena_bytes(placements: Sequence[Placement]) -> int:
    """Returns the first byte behind all buffers."""
    return max((placement.end for placement in placements), default=0)


def _least_arena(buffers: Sequence[Buffer]) -> int:
    """Returns what no plan can be below: in each step all its buffers but the last are filled up to the alignment."""
    steps = frozenset[int]().union(*(buffer.steps for buffer in buffers))
    least = 0
    for step in steps:
        sizes = [buffer.size for buffer in buffers if step in buffer.steps]
        filled = [-(-size // ALIGNMENT) * ALIGNMENT for size in sizes]
        most_spared = max(full - size for full, size in zip(filled, sizes, strict=True))
        least = max(least, sum(filled) - most_spared)
    return least


def _orders(buffers: Sequence[Buffer]) -> Iterator[list[int]]:
    """Yields orders to place buffers in, the largest first to begin with; the same ones each time."""
    order = sorted(range(len(buffers)), key=lambda index: (-buffers[index].size, index))
    yield list(order)
    if len(order) <= ALL_ORDERS_BUFFERS:
        yield from map(list, itertools.permutations(order))
        return
    source = random.Random(1)
    for _ in range(MORE_ORDERS):
        source.shuffle(order)
        yield list(order)


def _place_in_order(buffers: Sequence[Buffer], order: Sequence[int]) -> list[Placement]:
    placed: dict[int, Placement] = {}
    for index in order:
        rivals = [other for other in placed.values() if other.buffer.steps & buffers[index].steps]
        placed[index] = Placement(buffers[index], _lowest_gap(buffers[index].size, rivals))
    return [placed[index] for index in range(len(buffers))]


def _lowest_gap(size: int, rivals: list[Placement]) -> int:
    offset = 0
    for rival in sorted(rivals, key=lambda rival: rival.offset):
        if offset + size <= rival.offset:
            break
        offset = max(offset, -(-rival.end // ALIGNMENT) * ALIGNMENT)
    return offset


@dataclasses.dataclass(frozen=True)
class Workspace:
    """The buffers a program works on, and who has which of them."""

    buffers: list[Buffer]
    of_tensor: dict[int, int]
    """Tensor index -> index of the buffer that holds it."""
    of_scratch: dict[int, int]
    """Op index -> index of its kernel's scratch buffer."""


def workspace_of(graph: Graph, program: Sequence[Call | Alias], *, keep_input: bool = False) -> Workspace:
    """Returns what must be placed in the arena; the input is kept through and between invokes where that is wanted.

    Tensors that are each other's RESHAPE share one, and an op's output has its input's where the kernel allows it and
    nobody else wants the input; constants have none. The output's buffer is kept from the host's
    reading to its filling of the next input, so that scores stay true until the next invoke.
    """
    owners = _owners(graph, program)
    steps: dict[int, set[int]] = {}

    def touch(tensor: Tensor, step: int) -> None:
        steps.setdefault(owners.get(tensor.index, tensor.index), set()).add(step)

    makers = {graph.input.index: "input"}
    touch(graph.input, 0)
    for step, (op, item) in enumerate(zip(graph.ops, program, strict=True), start=1):
        for tensor in (*item.inputs, item.output) if isinstance(item, Call) else ():
            touch(tensor, step)
        makers.setdefault(item.output.index, f"output of op {op.index} ({op.name})")
    touch(graph.output, len(program) + 1)
    if keep_input:
        touch(graph.input, len(program) + 1)
    held = [index for index in steps if graph.tensors[index].data is None]
    output = owners.get(graph.output.index, graph.output.index)
    buffers = [_buffer(f"{makers[i]}, {graph.tensors[i]}", graph.tensors[i], steps[i], i == output) for i in held]
    numbers = {index: number for number, index in enumerate(held)}
    homes = {tensor.index: owners.get(tensor.index, tensor.index) for tensor in graph.tensors}
    of_tensor = {index: numbers[owner] for index, owner in homes.items() if owner in numbers}
    scratch = {
        op.index: Buffer(f"scratch of op {op.index} ({op.name})", item.scratch_bytes, frozenset({step}))
        for step, (op, item) in enumerate(zip(graph.ops, program, strict=True), start=1)
        if isinstance(item, Call) and item.scratch_bytes
    }
    of_scratch = {index: len(buffers) + number for number, index in enumerate(scratch)}
    return Workspace([*buffers, *scratch.values()], of_tensor, of_scratch)


def _buffer(name: str, tensor: Tensor, steps: set[int], is_output: bool) -> Buffer:
    live = set(range(min(steps), max(steps) + 1))
    return Buffer(name, tensor.size, frozenset(live | {0} if is_output else live))


def _owners(graph: Graph, program: Sequence[Call | Alias]) -> dict[int, int]:
    """Returns, for each tensor that has another's place, the tensor that had it first."""
    owners: dict[int, int] = {}

    def owner(tensor: Tensor) -> int:
        return owners.get(tensor.index, tensor.index)

    for at, item in enumerate(program):
        if isinstance(item, Alias):
            owners[item.output.index] = owner(item.source)
        elif item.can_overwrite_input:
            first = owner(item.inputs[0])
            later = {owner(tensor) for other in program[at + 1 :] for tensor in _read_by(other)}
            if first not in later | {owner(graph.input), owner(graph.output)} and graph.tensors[first].data is None:
                owners[item.output.index] = first
    return owners


def _read_by(item: Call | Alias) -> tuple[Tensor, ...]:
    return item.inputs if isinstance(item, Call) else (item.source,)
