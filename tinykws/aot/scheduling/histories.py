# SPDX-License-Identifier: Apache-2.0
"""Variables that hold the last rows of a tensor: they need one buffer and one move, instead of three copies.

A streaming model keeps the last rows of a layer's input like this:

    rows = CONCATENATION(READ_VARIABLE(v), new)     all rows that the layer looks at
    ASSIGN_VARIABLE(v, the last rows of `rows`)     a STRIDED_SLICE
    … = CONV_2D(rows)

Here the buffer of `rows` is kept instead of v's. Its first rows are v's; `new` is computed into its last rows, so the
concatenation is there without being made. At the end of the inference, when nobody reads `rows` any more, its last rows
move to its beginning.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tinykws.aot.lowering.call import Alias, Call, Copy, Item
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.reader.state import ASSIGN


@dataclasses.dataclass(frozen=True, eq=False)
class History:
    """A variable whose content is the beginning of a kept tensor."""

    state: Tensor
    """The variable, the first rows of `rows`."""
    rows: Tensor
    new: Tensor
    """The rows after those of the variable."""
    last: Tensor
    """The last rows of `rows`, which the variable becomes."""
    concatenation: Op
    slice: Op
    assignment: Op


def find_histories(graph: Graph, program: Sequence[Item]) -> list[History]:
    """Returns the variables of a model that are histories."""
    found = (_history_of(graph, program, variable.tensor) for variable in graph.variables)
    return [history for history in found if history is not None]


def assign_last(graph: Graph, program: Sequence[Item], histories: Sequence[History]) -> tuple[Graph, Sequence[Item]]:
    """Returns the graph and its lowered ops with the assignments of histories at the end."""
    if not histories:
        return graph, program
    late = {history.assignment.index for history in histories}
    pairs = sorted(zip(graph.ops, program, strict=True), key=lambda pair: pair[0].index in late)
    return dataclasses.replace(graph, ops=tuple(op for op, _ in pairs)), [item for _, item in pairs]


def _history_of(graph: Graph, program: Sequence[Item], state: Tensor) -> History | None:
    reads = [at for at, op in enumerate(graph.ops) if state.index in op.inputs]
    assignments = [at for at, op in enumerate(graph.ops) if op.name == ASSIGN and state.index in op.outputs]
    if len(reads) != 1 or len(assignments) != 1 or not isinstance(program[reads[0]], Alias):
        return None
    read, assigned = program[reads[0]], program[assignments[0]]
    assert isinstance(assigned, Copy)
    joined = _only_reader(graph, read.output)
    cut = next((at for at, op in enumerate(graph.ops) if assigned.source.index in op.outputs), None)
    if joined is None or cut is None or _only_reader(graph, assigned.source) != assignments[0]:
        return None
    concatenation, slice_ = program[joined], program[cut]
    if not (isinstance(concatenation, Call) and isinstance(slice_, Call)):
        return None
    if not _joins(concatenation, read.output) or not _cuts_end(slice_, concatenation.output, state):
        return None
    new = concatenation.inputs[1]
    if new.index == read.output.index or concatenation.output.index == graph.output.index:
        return None
    ops = graph.ops[joined], graph.ops[cut], graph.ops[assignments[0]]
    return History(state, concatenation.output, new, slice_.output, *ops)


def _only_reader(graph: Graph, tensor: Tensor) -> int | None:
    """Returns the position of the one op that reads a tensor; None if there are more, or it is the model's output."""
    readers = [at for at, op in enumerate(graph.ops) if tensor.index in op.inputs]
    return readers[0] if len(readers) == 1 and tensor.index != graph.output.index else None


def _joins(call: Call, first: Tensor) -> bool:
    """Whether a call puts one tensor after another, byte after byte."""
    is_join = call.kernel == "kws_nn_concatenation_2" and call.parameters["rows"] == 1
    return is_join and call.inputs[0].index == first.index


def _cuts_end(call: Call, source: Tensor, state: Tensor) -> bool:
    """Whether a call gives the last bytes of a tensor, as many as the variable has."""
    if call.kernel != "kws_nn_strided_copy" or call.inputs[0].index != source.index or call.output.size != state.size:
        return False
    return first_of(call) == source.size - state.size and is_contiguous(call)


def first_of(call: Call) -> int:
    """Returns the offset of the first byte that a kws_nn_strided_copy takes."""
    first = call.parameters["first"]
    assert isinstance(first, int)
    return first


def is_contiguous(call: Call) -> bool:
    """Whether a kws_nn_strided_copy takes neighbouring bytes in their order."""
    sizes, steps = call.parameters["size"], call.parameters["step"]
    assert isinstance(sizes, list)
    assert isinstance(steps, list)
    expected = 1
    for size, step in zip(reversed(sizes), reversed(steps), strict=True):
        if size > 1 and step != expected:
            return False
        expected *= size
    return True
