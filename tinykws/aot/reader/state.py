# SPDX-License-Identifier: Apache-2.0
"""State that a model keeps from one inference to the next: resource variables as plain int8 tensors.

A streaming model names each variable by a VAR_HANDLE, reads it by READ_VARIABLE and sets it by ASSIGN_VARIABLE. The
values that it begins with are set by a subgraph of their own, which CALL_ONCE runs before the first inference. Here
each variable becomes a tensor without a value, which READ_VARIABLE has as its input and ASSIGN_VARIABLE as its output;
CALL_ONCE and VAR_HANDLE are then no longer needed. Source: tensorflow/lite/micro/micro_resource_variable.cc,
kernels/call_once.cc.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinykws.aot.reader.graph import Op, Tensor, Variable
from tinykws.support.errors import ConfigError

CALL_ONCE, VAR_HANDLE, READ, ASSIGN = "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"
SETUP_OPS = (CALL_ONCE, VAR_HANDLE)
"""Ops that compute nothing in an inference."""
MAX_VARIABLES = 256


def initial_subgraph(ops: Sequence[Op], n_subgraphs: int) -> int | None:
    """Returns the index of the subgraph that sets the variables' first values; None if the model has no state.

    Raises:
        ConfigError: there is more than one, it runs too late, or its index is not that of another subgraph.
    """
    calls = [op for op in ops if op.name == CALL_ONCE]
    users = [op for op in ops if op.name in (READ, ASSIGN)]
    if not calls:
        if users:
            raise users[0].error("the model has no CALL_ONCE, so its variables have no first values")
        return None
    if len(calls) > 1:
        raise calls[1].error("a second CALL_ONCE is not supported")
    index = calls[0].options.get("init_subgraph_index", 0)
    if not 0 < index < n_subgraphs:
        raise calls[0].error(f"it names subgraph {index} of {n_subgraphs}; the file is damaged")
    if users and users[0].index < calls[0].index:
        raise users[0].error("it runs before CALL_ONCE has set the first values of variables")
    return int(index)


@dataclasses.dataclass(frozen=True, eq=False)
class Subgraph:
    """The ops and tensors of a subgraph as they are in the file."""

    ops: tuple[Op, ...]
    tensors: tuple[Tensor, ...]


def with_variables(main: Subgraph, initial: Subgraph) -> tuple[Subgraph, tuple[Variable, ...]]:
    """Returns the main subgraph with variables as tensors, and the variables.

    Raises:
        ConfigError: the initial subgraph does more than to assign constants, a variable is not int8, has no first
            value, or is read or assigned with another size.
    """
    values = _initial_values(initial)
    if len(values) > MAX_VARIABLES:
        raise ConfigError(f"the model has {len(values)} variables; {MAX_VARIABLES} is the most")
    first = len(main.tensors)
    states = tuple(_state(first + at, *item) for at, item in enumerate(values.items()))
    of_handle = {handle: dict(zip(values, states, strict=True)).get(key) for handle, key in _handles(main).items()}
    kept = [op for op in main.ops if op.name not in SETUP_OPS]
    ops = [_on_tensor(op, main, of_handle) if op.name in (READ, ASSIGN) else op for op in kept]
    variables = tuple(Variable(state, _content(values[key])) for state, key in zip(states, values, strict=True))
    return Subgraph(tuple(ops), (*main.tensors, *states)), variables


def _initial_values(initial: Subgraph) -> dict[bytes, Tensor]:
    handles = _handles(initial)
    values: dict[bytes, Tensor] = {}
    for op in initial.ops:
        if op.name == VAR_HANDLE:
            continue
        if op.name != ASSIGN or len(op.inputs) != 2 or op.inputs[0] not in handles:
            raise op.error("the subgraph of CALL_ONCE may only assign constants to variables")
        value = initial.tensors[op.inputs[1]] if op.inputs[1] >= 0 else None
        if value is None or value.type != "INT8" or value.data is None or value.size == 0:
            raise op.error(
                "the first value of a variable must be an int8 constant",
                hint="convert with _experimental_variable_quantization = True",
            )
        values[handles[op.inputs[0]]] = value
    return values


def _handles(subgraph: Subgraph) -> dict[int, bytes]:
    """Returns the variable that each handle (a tensor's index) is of."""
    handles: dict[int, bytes] = {}
    for op in subgraph.ops:
        if op.name != VAR_HANDLE:
            continue
        if len(op.outputs) != 1 or subgraph.tensors[op.outputs[0]].type != "RESOURCE" or op.outputs[0] in handles:
            raise op.error("it does not give one handle of a variable; the file is damaged")
        if op.options.get("container"):
            raise op.error("its variable is in a container, which is not supported")
        handles[op.outputs[0]] = op.options.get("shared_name", b"")
    return handles


def _on_tensor(op: Op, main: Subgraph, of_handle: dict[int, Tensor | None]) -> Op:
    """Returns a READ_VARIABLE or ASSIGN_VARIABLE whose operand is the variable's tensor, instead of its handle."""
    counts = (1, 1) if op.name == READ else (2, 0)
    if (len(op.inputs), len(op.outputs)) != counts or op.inputs[0] not in of_handle:
        raise op.error("its operands are not a variable and a value; the file is damaged")
    state = of_handle[op.inputs[0]]
    if state is None:
        raise op.error("CALL_ONCE does not set the first value of its variable")
    value = op.outputs[0] if op.name == READ else op.inputs[1]
    other = main.tensors[value] if value >= 0 else None
    if other is None or other.type != "INT8" or other.size != state.size:
        raise op.error(f"its value is {other or 'missing'}, but the variable is {state}")
    if op.name == READ:
        return dataclasses.replace(op, inputs=(state.index,))
    return dataclasses.replace(op, inputs=(value,), outputs=(state.index,))


def _state(index: int, key: bytes, value: Tensor) -> Tensor:
    name = key[:200].decode(errors="replace")
    return dataclasses.replace(value, index=index, name=name, data=None)


def _content(value: Tensor) -> np.ndarray[Any, Any]:
    assert value.data is not None
    return value.data.reshape(-1)
