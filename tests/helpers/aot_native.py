# SPDX-License-Identifier: Apache-2.0
"""Models compiled for this computer with the strictest warnings, and called through ctypes."""

from __future__ import annotations

import copy
import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from between_workers import compiled_objects

from tinykws.aot.compiler import AotModel, compile_model
from tinykws.support.resources import FIRMWARE

KERNELS = FIRMWARE / "lib" / "kws_nn"
ARENA_ALIGNMENT = 16
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]


def run_compiler(*arguments: object) -> None:
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@functools.cache
def kernel_library(folder: Path) -> Path:
    """All kernels as one shared object, built once a folder."""
    library = folder / "libkws_nn.so"
    objects = compiled_objects("gcc", [*STRICT, "-O2", "-fPIC"], sorted(KERNELS.glob("*.c")))
    run_compiler("gcc", "-shared", *objects, "-o", library)
    return library


class NativeModel:
    """A .tflite, or C made from one, as the aot engine runs it."""

    def __init__(self, model: bytes | AotModel, folder: Path) -> None:
        """Compiles into `folder`, where the kernels are built once."""
        self.compiled = model if isinstance(model, AotModel) else compile_model(model)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            own = Path(name)
            (own / "model_aot.c").write_text(self.compiled.source)
            (own / "model_aot.h").write_text(self.compiled.header)
            target = own / "model.so"
            options = [*STRICT, "-O0", "-shared", "-fPIC", "-I", KERNELS]
            run_compiler("gcc", *options, own / "model_aot.c", kernel_library(folder), "-o", target)
            self._library = ctypes.CDLL(str(target))
        self._library.kws_model_input.restype = ctypes.c_void_p
        self._library.kws_model_output.restype = ctypes.c_void_p
        self._memory: ctypes.Array[ctypes.c_char] | None = None
        if "kws_model_memory" in self.compiled.header:
            self.take_new_memory()

    def take_new_memory(self) -> None:
        """For a model whose memory is the caller's: begins with other memory, all 0 as its header asks."""
        self._memory = ctypes.create_string_buffer(self.compiled.arena_bytes + 3 * ARENA_ALIGNMENT)

    def beside(self) -> NativeModel:
        """Returns the same library with memory of its own."""
        other = copy.copy(self)
        other.take_new_memory()
        return other

    @property
    def _arguments(self) -> list[ctypes.c_void_p]:
        if self._memory is None:
            return []
        address = ctypes.addressof(self._memory)
        return [ctypes.c_void_p(address + -address % ARENA_ALIGNMENT)]

    def reset(self) -> None:
        """For a model that keeps state: as before its first inference."""
        self._library.kws_model_reset(*self._arguments)

    def invoke(self, values: npt.NDArray[np.int8], n_outputs: int) -> npt.NDArray[np.int8]:
        ctypes.memmove(self._library.kws_model_input(*self._arguments), values.tobytes(), values.size)
        self._library.kws_model_invoke(*self._arguments)
        return np.frombuffer(ctypes.string_at(self._library.kws_model_output(*self._arguments), n_outputs), np.int8)
