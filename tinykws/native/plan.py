# SPDX-License-Identifier: Apache-2.0
"""Runs a list of kernel calls by the same C code that runs on the chip (firmware/lib/kws_nn), without a compiler."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.native._kws import ffi, lib

MOVE = "kws_nn_move"
"""The one kernel without parameters: its operands are source and destination."""
ALIGNMENT = 16
"""Of the arena's first byte; the offsets in it are multiples of this."""
Int8s = npt.NDArray[np.int8]


@dataclasses.dataclass(frozen=True)
class Operand:
    """Bytes that a kernel reads or writes: a constant, or a place in the arena."""

    constant: Int8s | None = None
    offset: int = 0
    copies: int = 1
    """How many copies, `copy_bytes` apart, inferences use in turn."""
    copy_bytes: int = 0


@dataclasses.dataclass(frozen=True)
class KernelCall:
    """One call: `parameters` has the fields of the C struct KERNEL_params; arrays become pointers."""

    kernel: str
    parameters: Mapping[str, Any]
    operands: Sequence[Operand]
    """Inputs, output, scratch memory."""
    size: int = 0
    """Bytes that a MOVE moves."""


@dataclasses.dataclass(frozen=True)
class PlanMemory:
    """The arena, and where in it the model's input and output are; all in bytes."""

    arena_bytes: int
    input: int
    input_bytes: int
    output: int
    output_bytes: int
    copies: int = 1
    """Inferences after which every operand with copies is at its first one again."""
    states: Sequence[tuple[int, Int8s]] = ()
    """Offset of each variable of the model, and its content after a reset, int8 [size]."""


class KernelPlan:
    """Kernel calls in memory as C reads them. It never changes: several threads may run it at the same time.

    The calls must be those of a lowered model (tinykws/aot): C checks nothing.
    """

    def __init__(self, calls: Sequence[KernelCall], memory: PlanMemory) -> None:
        """Lays out the calls. Raises KeyError for a kernel that does not exist."""
        self._memory = memory
        self._kept: list[Any] = []
        self._steps = ffi.new("kws_plan_step[]", max(1, len(calls)))
        for step, call in zip(self._steps, calls, strict=False):
            self._fill(step, call)
        self._plan = ffi.new(
            "kws_plan *",
            {
                "steps": self._steps,
                "n_steps": len(calls),
                "copies": memory.copies,
                "input": memory.input,
                "input_bytes": memory.input_bytes,
                "output": memory.output,
                "output_bytes": memory.output_bytes,
            },
        )

    def run_windows(self, inputs: Int8s, step_bytes: int, count: int) -> Int8s:
        """Returns outputs int8 [count, output_bytes] of inputs that begin `step_bytes` after each other.

        Raises:
            ValueError: there are fewer input bytes than that.
        """
        self._check_length(inputs, (count - 1) * step_bytes + self._memory.input_bytes if count else 0)
        outputs = np.empty((count, self._memory.output_bytes), np.int8)
        arena = self._new_arena()
        lib.kws_plan_run_windows(self._plan, _in(arena), _in(inputs), step_bytes, count, _in(outputs))
        return outputs

    def session(self) -> PlanSession:
        """Returns a run of a model with state, from a reset on."""
        return PlanSession(self)

    def run_on(self, arena: Int8s, inputs: Int8s, count: int) -> Int8s:
        """Returns outputs int8 [count, output_bytes] of model inputs one after another, in an arena from before."""
        self._check_length(inputs, count * self._memory.input_bytes)
        outputs = np.empty((count, self._memory.output_bytes), np.int8)
        step = self._memory.input_bytes
        lib.kws_plan_run_windows(self._plan, _in(arena), _in(inputs), step, count, _in(outputs))
        return outputs

    def run_stream(self, stream: Int8s, step_bytes: int, skipped: int, count: int) -> Int8s:
        """Returns outputs int8 [count, output_bytes] along a stream, from an empty model input on.

        Args:
            stream: int8 [(skipped + count) * step_bytes] in any shape.
            step_bytes: by how much the model input moves on from one inference to the next.
            skipped: inferences at the beginning that give no output.
            count: how many follow.

        Raises:
            ValueError: there are fewer bytes than that, or a step is longer than the model input.
        """
        if not 0 < step_bytes <= self._memory.input_bytes:
            raise ValueError(f"a model input of {self._memory.input_bytes} bytes cannot move on by {step_bytes}")
        self._check_length(stream, (skipped + count) * step_bytes)
        outputs = np.empty((count, self._memory.output_bytes), np.int8)
        arena = self._new_arena()
        lib.kws_plan_run_stream(self._plan, _in(arena), _in(stream), step_bytes, skipped, count, _in(outputs))
        return outputs

    @staticmethod
    def _check_length(values: Int8s, needed: int) -> None:
        if values.dtype != np.int8 or not values.flags.c_contiguous or values.size < needed:
            raise ValueError(f"expected {needed} contiguous int8 values, not {values.dtype} {values.shape}")

    def _new_arena(self) -> Int8s:
        """Returns zeros and the first values of variables, aligned as the planner assumes."""
        room = np.zeros(self._memory.arena_bytes + ALIGNMENT, np.int8)
        first = -room.ctypes.data % ALIGNMENT
        arena = room[first : first + self._memory.arena_bytes]
        for offset, initial in self._memory.states:
            arena[offset : offset + initial.size] = initial
        return arena

    def _fill(self, step: Any, call: KernelCall) -> None:
        step.kernel, step.size = _KERNELS[call.kernel], call.size
        if call.kernel != MOVE:
            parameters = ffi.new(f"{call.kernel}_params *", self._fields(call.parameters))
            self._kept.append(parameters)
            step.params = parameters
        for at in range(len(step.operands)):
            operand = call.operands[at] if at < len(call.operands) else Operand()
            constant = ffi.NULL if operand.constant is None else self._pointer(operand.constant)
            step.operands[at] = (constant, operand.offset, operand.copies, operand.copy_bytes)

    def _fields(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._field(value) for name, value in parameters.items()}

    def _field(self, value: Any) -> Any:
        if value is None:
            return ffi.NULL
        if isinstance(value, np.ndarray):
            return self._pointer(value)
        return self._fields(value) if isinstance(value, Mapping) else value

    def _pointer(self, array: npt.NDArray[Any]) -> Any:
        """Returns a pointer to an array's values, which are kept."""
        c_type = f"{array.dtype.name}_t"
        pointer = ffi.from_buffer(f"{c_type}[]", np.ascontiguousarray(array).reshape(-1))
        self._kept.append(pointer)
        return ffi.cast(f"const {c_type} *", pointer)


class PlanSession:
    """A plan with its arena: a model with state goes on from where it was. One thread at a time may use it."""

    def __init__(self, plan: KernelPlan) -> None:
        self._plan, self._arena = plan, plan._new_arena()

    def run(self, inputs: Int8s, count: int) -> Int8s:
        """Returns outputs int8 [count, output_bytes] of the next model inputs int8 [count, input_bytes].

        Raises:
            ValueError: there are fewer bytes than that.
        """
        return self._plan.run_on(self._arena, inputs, count)

    def reset(self) -> None:
        """Forgets everything."""
        self._arena = self._plan._new_arena()


def kernel_names() -> tuple[str, ...]:
    """Returns the names of all kernels that plans can call."""
    return tuple(_KERNELS)


def _numbers() -> dict[str, int]:
    names: list[str] = []
    while (name := lib.kws_plan_kernels[len(names)]) != ffi.NULL:
        names.append(ffi.string(name).decode())
    return {name: number for number, name in enumerate(names)}


_KERNELS = _numbers()


def _in(array: Int8s) -> Any:
    """Returns a pointer to an array's values; the array must outlive its use."""
    return ffi.cast("int8_t *", ffi.from_buffer(array))
