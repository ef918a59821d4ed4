# SPDX-License-Identifier: Apache-2.0
"""Calls of single kernels: C on this computer, or assembly on an emulated Cortex-M4.

Parameters are laid out in memory as the C structs are, so that no program has to be compiled for each call. On the
Cortex-M4 every array and tensor stands alone at one end of pages of its own: a byte too far is a fault.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import unicorn
from aot_native import KERNELS, STRICT, kernel_library, run_compiler
from between_workers import compiled_objects
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from unicorn import arm_const

from tinykws.aot.lowering.call import Call, Value

Bytes = npt.NDArray[np.int8]
PlaceArray = Callable[[npt.NDArray[Any]], int]
"""Places a constant array in memory and returns its address."""


def laid_out(fields: Mapping[str, Value], place: PlaceArray, pointer_bytes: int) -> bytes:
    """Returns a parameter struct as it stands in memory."""
    return _struct(fields, place, pointer_bytes)[0]


def _struct(fields: Mapping[str, Value], place: PlaceArray, pointer_bytes: int) -> tuple[bytes, int]:
    """Returns a struct's bytes and alignment."""
    data, alignment = bytearray(), 1
    for value in fields.values():
        member, own = _member(value, place, pointer_bytes)
        alignment = max(alignment, own)
        data += bytes(-len(data) % own) + member
    return bytes(data) + bytes(-len(data) % alignment), alignment


def _member(value: Value, place: PlaceArray, pointer_bytes: int) -> tuple[bytes, int]:
    if value is None or isinstance(value, np.ndarray):
        address = 0 if value is None else place(value)
        return address.to_bytes(pointer_bytes, "little"), pointer_bytes
    if isinstance(value, Mapping):
        return _struct(value, place, pointer_bytes)
    numbers = value if isinstance(value, Sequence) else [value]
    return b"".join(number.to_bytes(4, "little", signed=True) for number in numbers), 4


class NativeKernels:
    """All kernels, compiled for this computer: plain C."""

    def __init__(self, folder: Path) -> None:
        """Compiles into `folder`."""
        self._library = ctypes.CDLL(str(kernel_library(folder)))

    def run(self, call: Call, values: Bytes) -> Bytes:
        """Returns the output for an input."""
        kept: list[npt.NDArray[Any]] = []

        def place(array: npt.NDArray[Any]) -> int:
            kept.append(np.ascontiguousarray(array))
            return kept[-1].ctypes.data

        parameters = ctypes.create_string_buffer(laid_out(call.parameters, place, ctypes.sizeof(ctypes.c_void_p)))
        output = np.zeros(call.output.size, np.int8)
        scratch = np.zeros(call.scratch_bytes // 4 + 1, np.int32)
        arguments = [ctypes.c_void_p(place(values)), ctypes.c_void_p(output.ctypes.data)]
        if call.scratch_bytes:
            arguments.append(ctypes.c_void_p(scratch.ctypes.data))
        getattr(self._library, call.kernel)(parameters, *arguments)
        return output


PAGE = 4096
RETURN, STACK, HEAP = 0x8000, 0x2000_0000, 0x3000_0000
STACK_BYTES = 1 << 16
MOST_INSTRUCTIONS = 50_000_000
FILLING = 0x5A
"""Bytes of uninitialised memory."""


class ArmKernels:
    """All kernels, or other C, compiled for a Cortex-M4 with its DSP instructions, in an emulator of that processor."""

    def __init__(
        self, folder: Path, optimize: str = "-O2", sources: Sequence[Path] = (), core: str = "cortex-m4"
    ) -> None:
        """Compiles into `folder`; `core` may be a lesser one, whose instructions a Cortex-M4 has too."""
        self.program = program = folder / "kernels.elf"
        files = sources or sorted(KERNELS.glob("*.c"))
        target = [f"-mcpu={core}", "-mthumb", "-mfloat-abi=soft", optimize, "--specs=nano.specs"]
        link = ["-nostartfiles", "-Wl,-Ttext=0x10000", "-Wl,--entry=0"]
        objects = compiled_objects("arm-none-eabi-gcc", [*STRICT, *target, f"-I{KERNELS}"], files)
        run_compiler("arm-none-eabi-gcc", *target, *objects, *link, "-o", program)
        self._machine: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        self._machine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
        self._machine.mem_map(RETURN, PAGE)
        self._machine.mem_map(STACK, STACK_BYTES)
        self._functions = self._load(program)

    def _load(self, program: Path) -> dict[str, int]:
        """Maps code and constants; returns where each function begins."""
        with program.open("rb") as file:
            elf = ELFFile(file)
            for segment in elf.iter_segments("PT_LOAD"):
                begin = segment["p_vaddr"] // PAGE * PAGE
                end = -(-(segment["p_vaddr"] + segment["p_memsz"]) // PAGE) * PAGE
                self._machine.mem_map(begin, end - begin)
                self._machine.mem_write(segment["p_vaddr"], segment.data())
            symbols = elf.get_section_by_name(".symtab")
            assert isinstance(symbols, SymbolTableSection)
            return {s.name: s["st_value"] for s in symbols.iter_symbols() if s["st_info"]["type"] == "STT_FUNC"}

    def run(self, call: Call, *inputs: Bytes, at_end: bool = True, missing_scratch_bytes: int = 0) -> Bytes:
        """Returns the output for an input, or for two of a kernel without scratch memory.

        Args:
            call: what to run.
            inputs: its inputs.
            at_end: place memory at the end of its pages, so that an access behind it faults; else at the beginning,
                so that an access before it faults.
            missing_scratch_bytes: how much smaller its scratch memory is than it asks for, a multiple of 16.

        Raises:
            unicorn.UcError: the kernel accessed memory out of bounds.
        """
        heap = _Heap(self._machine, at_end)
        try:
            arguments = [
                heap.put(laid_out(call.parameters, lambda array: heap.put(np.ascontiguousarray(array).tobytes()), 4)),
                *(heap.put(values.tobytes(), alignment=1) for values in inputs),
                output := heap.room(call.output.size, alignment=1),
            ]
            if call.scratch_bytes:
                arguments.append(heap.room(call.scratch_bytes - missing_scratch_bytes, alignment=16))
            self._call(call.kernel, arguments)
            return np.frombuffer(bytes(self._machine.mem_read(output, call.output.size)), np.int8)
        finally:
            heap.free()

    def instructions(self, call: Call, *inputs: Bytes) -> int:
        """Returns how many instructions a call executes."""
        executed = 0

        def count(*_: object) -> None:
            nonlocal executed
            executed += 1

        hook = self._machine.hook_add(unicorn.UC_HOOK_CODE, count)
        try:
            self.run(call, *inputs)
        finally:
            self._machine.hook_del(hook)
        return executed

    def value(self, function: str, *arguments: int) -> int:
        """Returns what a function of up to four int32 returns."""
        self._call(function, [argument & 0xFFFFFFFF for argument in arguments])
        return int(np.uint32(self._machine.reg_read(arm_const.UC_ARM_REG_R0)).astype(np.int32))

    def _call(self, function: str, arguments: Sequence[int]) -> None:
        registers = [arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2, arm_const.UC_ARM_REG_R3]
        for register, argument in zip(registers, arguments, strict=False):
            self._machine.reg_write(register, argument)
        self._machine.reg_write(arm_const.UC_ARM_REG_SP, STACK + STACK_BYTES)
        self._machine.reg_write(arm_const.UC_ARM_REG_LR, RETURN | 1)
        self._machine.emu_start(self._functions[function] | 1, RETURN, count=MOST_INSTRUCTIONS)
        assert self._machine.reg_read(arm_const.UC_ARM_REG_SP) == STACK + STACK_BYTES


class _Heap:
    """Memory for one call, in blocks with unmapped pages between them."""

    def __init__(self, machine: Any, at_end: bool) -> None:
        self._machine, self._at_end = machine, at_end
        self._mapped: list[tuple[int, int]] = []
        self._next = HEAP

    def put(self, data: bytes, alignment: int = 4) -> int:
        """Returns the address of these bytes, in read-only memory."""
        address = self.room(len(data), alignment)
        self._machine.mem_write(address, data)
        begin, size = self._mapped[-1]
        self._machine.mem_protect(begin, size, unicorn.UC_PROT_READ)
        return address

    def room(self, size: int, alignment: int) -> int:
        """Returns the address of so many writable bytes."""
        taken = -(-size // alignment) * alignment
        pages = max(-(-taken // PAGE), 1) * PAGE
        self._machine.mem_map(self._next, pages)
        self._machine.mem_write(self._next, bytes([FILLING]) * pages)
        self._mapped.append((self._next, pages))
        begin = self._next
        self._next += pages + PAGE
        return begin + pages - taken if self._at_end else begin

    def free(self) -> None:
        """Unmaps all of it."""
        for begin, pages in self._mapped:
            self._machine.mem_unmap(begin, pages)
