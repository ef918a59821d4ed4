# SPDX-License-Identifier: Apache-2.0
"""Plans the arena: chooses an offset for each buffer at build time.

Largest buffer first, each at the lowest offset where it overlaps no buffer that is needed at the same time (the greedy
method of TFLM's own planner; Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020).
If the result is larger than the lower bound (the largest sum of buffers needed in one step), other orders are tried.
For up to seven buffers all orders are tried, which finds the smallest possible arena: placing buffers in the order of
their offsets in an optimal plan puts each at its optimal offset or lower.
"""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from tinykws.aot.lowering.call import Alias, Call, Item
from tinykws.aot.reader.graph import Graph, Tensor
from tinykws.aot.scheduling.histories import History, first_of, is_contiguous

ALIGNMENT = 16
"""Alignment of every offset, in bytes: as in TFLM, enough for any SIMD load."""
ALL_ORDERS_BUFFERS = 7
"""Up to so many buffers, all orders are tried."""
MORE_ORDERS = 500
"""How many random orders are tried for more buffers."""


@dataclasses.dataclass(frozen=True)
class Buffer:
    """Bytes that must keep their content during some steps.

    In step 0 the caller fills the input, in step i + 1 op i runs, in the last step the caller reads the output.
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
        """The offset of the first byte after it."""
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


def place_largest_first(buffers: Sequence[Buffer], *, last_of_equals_first: bool = False) -> list[Placement]:
    """Returns a place for each buffer as the greedy method gives it, without trying other orders.

    Args:
        buffers: to place.
        last_of_equals_first: of buffers of one size, the last is placed first, as by TFLM's planner; else the first.
    """
    sign = -1 if last_of_equals_first else 1
    return _place_in_order(buffers, sorted(range(len(buffers)), key=lambda at: (-buffers[at].size, sign * at)))


def arena_bytes(placements: Sequence[Placement]) -> int:
    """Returns the size of the arena that holds all buffers, in bytes."""
    return max((placement.end for placement in placements), default=0)


def _least_arena(buffers: Sequence[Buffer]) -> int:
    """Returns a lower bound for any plan: in each step, all live buffers but the last are padded to the alignment."""
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
    """The buffers of whole-window mode, and which tensor or op uses which."""

    buffers: list[Buffer]
    of_tensor: dict[int, int]
    """Tensor index -> index of the buffer that holds it."""
    of_scratch: dict[int, int]
    """Op index -> index of its kernel's scratch buffer."""
    offsets: dict[int, int] = dataclasses.field(default_factory=dict)
    """Tensor index -> offset in its buffer, if that is not 0."""
    views: frozenset[int] = frozenset()
    """Indexes of tensors that are neighbouring bytes of another: the op that selects them need not run."""


def workspace_of(
    graph: Graph, program: Sequence[Item], *, keep_input: bool = False, histories: Sequence[History] = ()
) -> Workspace:
    """Returns the buffers to place in the arena.

    A RESHAPE's output shares its input's buffer. So does an op's output if the kernel allows it and no later op reads
    the input. Constants have no buffer. The output's buffer stays live until the caller has filled the next input, so
    that scores stay valid until the next inference.

    Args:
        graph: the model.
        program: the lowered ops, in order.
        keep_input: the input keeps its content during and between inferences.
        histories: variables that share the buffer of the tensor whose beginning they are; assigned last.
    """
    owners, offsets, views = _owners(graph, program, histories)
    steps: dict[int, set[int]] = {}

    def touch(tensor: Tensor, step: int) -> None:
        steps.setdefault(owners.get(tensor.index, tensor.index), set()).add(step)

    makers = {graph.input.index: "input"}
    touch(graph.input, 0)
    for step, (op, item) in enumerate(zip(graph.ops, program, strict=True), start=1):
        for tensor in (*_read_by(item), item.output) if not isinstance(item, Alias) else ():
            touch(tensor, step)
        makers.setdefault(item.output.index, f"output of op {op.index} ({op.name})")
    touch(graph.output, len(program) + 1)
    if keep_input:
        touch(graph.input, len(program) + 1)
    for variable in graph.variables:
        makers[owners.get(variable.tensor.index, variable.tensor.index)] = f"state {variable.tensor.name!r}"
        for step in (0, len(program) + 1):
            touch(variable.tensor, step)
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
    return Workspace([*buffers, *scratch.values()], of_tensor, of_scratch, offsets, frozenset(views))


def _buffer(name: str, tensor: Tensor, steps: set[int], is_output: bool) -> Buffer:
    live = set(range(min(steps), max(steps) + 1))
    return Buffer(name, tensor.size, frozenset(live | {0} if is_output else live))


def _owners(
    graph: Graph, program: Sequence[Item], histories: Sequence[History]
) -> tuple[dict[int, int], dict[int, int], set[int]]:
    """Returns, for each tensor that shares another's buffer, the index of the tensor that had it first, and where in
    it; and the tensors that are there without an op having run."""
    views: set[int] = set()
    owners: dict[int, int] = {}
    offsets: dict[int, int] = {}

    def owner(tensor: Tensor) -> int:
        return owners.get(tensor.index, tensor.index)

    fixed = {graph.input.index, graph.output.index, *(variable.tensor.index for variable in graph.variables)}
    for history in histories:
        owners[history.state.index] = owners[history.last.index] = history.rows.index
        offsets[history.last.index] = history.new.size
    states = {variable.tensor.index for variable in graph.variables}
    fixed |= {history.rows.index for history in histories}
    for history in histories:
        made = _maker_of(program, history.new)
        if made is not None and made.index not in fixed | owners.keys():
            owners[made.index], offsets[made.index] = history.rows.index, history.state.size
    for at, item in enumerate(program):
        if isinstance(item, Alias):
            owners[item.output.index] = owner(item.source)
            offsets[item.output.index] = offsets.get(item.source.index, 0)
        elif _is_view(item) and item.output.index not in fixed | owners.keys() and owner(item.inputs[0]) not in states:
            owners[item.output.index] = owner(item.inputs[0])
            offsets[item.output.index] = offsets.get(item.inputs[0].index, 0) + first_of(item)
            views.add(item.output.index)
        elif isinstance(item, Call) and item.can_overwrite_input and item.output.index not in owners:
            first = owner(item.inputs[0])
            later = {owner(tensor) for other in program[at + 1 :] for tensor in _read_by(other)}
            if first not in later | {owner(graph.output)} | fixed and graph.tensors[first].data is None:
                owners[item.output.index] = first
                offsets[item.output.index] = offsets.get(item.inputs[0].index, 0)
    return owners, {index: offset for index, offset in offsets.items() if offset}, views


def _is_view(item: Item) -> TypeGuard[Call]:
    """Whether an op only selects neighbouring bytes of a computed tensor: then its output needs no copy."""
    is_copy = isinstance(item, Call) and item.kernel == "kws_nn_strided_copy"
    return isinstance(item, Call) and is_copy and item.inputs[0].data is None and is_contiguous(item)


def _maker_of(program: Sequence[Item], tensor: Tensor) -> Tensor | None:
    """Returns the tensor that a kernel computes and of which this one is the bytes; None if no kernel does."""
    for item in reversed(program):
        if item.output.index == tensor.index:
            if not isinstance(item, Alias):
                return tensor if isinstance(item, Call) else None
            tensor = item.source
    return None


def _read_by(item: Item) -> tuple[Tensor, ...]:
    return item.inputs if isinstance(item, Call) else (item.source,)
