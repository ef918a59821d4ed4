# SPDX-License-Identifier: Apache-2.0
"""READ_VARIABLE and ASSIGN_VARIABLE: what a model keeps from one inference to the next, as copies of bytes."""

from __future__ import annotations

from tinykws.aot.lowering.call import Alias, Copy, activation, result
from tinykws.aot.reader.graph import Graph, Op
from tinykws.aot.reader.state import ASSIGN, READ

_SAME_BYTES = (READ, "RESHAPE", "SQUEEZE", "EXPAND_DIMS")
"""Ops whose output is the bytes of their first input."""


def lower_read_variable(graph: Graph, op: Op) -> Alias | Copy:
    """Lowers the reading of a variable: without a copy, if it is assigned only after the last use of what was read."""
    state, output = activation(graph, op, 0), result(graph, op)
    if _is_read_until(graph, op) > _assigned_after(graph, op, state.index) or output.index == graph.output.index:
        return Copy(state, output)
    return Alias(state, output)


def lower_assign_variable(graph: Graph, op: Op) -> Copy:
    """Lowers the assignment of a value to a variable."""
    return Copy(activation(graph, op, 0), result(graph, op))


def _assigned_after(graph: Graph, op: Op, state: int) -> int:
    """Returns the position of the next assignment to a variable after an op, or the number of ops."""
    at = graph.ops.index(op)
    later = (other for other in range(at, len(graph.ops)) if graph.ops[other].name == ASSIGN)
    return next((other for other in later if state in graph.ops[other].outputs), len(graph.ops))


def _is_read_until(graph: Graph, op: Op) -> int:
    """Returns the position of the last op that reads an op's output, reshaped or not; an assignment reads in time."""
    names, last = set(op.outputs), -1
    for at, other in enumerate(graph.ops):
        if names & set(other.inputs):
            last = at
            if other.name in _SAME_BYTES:
                names |= set(other.outputs)
    return len(graph.ops) if names & set(graph.outputs) else last
