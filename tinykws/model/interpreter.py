# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's own interpreter (PyPI: tflite-micro): runs models as a board with the tflm engine does."""

from __future__ import annotations

import functools
import importlib.metadata
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.aot.reader.graph import ABSENT, Graph
from tinykws.aot.reader.tflite import read_model
from tinykws.support.errors import ToolError
from tinykws.support.run_command import run_command

_MEASURE = """
import sys
from tflite_micro import runtime
interpreter = runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2]))
interpreter.invoke()
interpreter.print_allocations()
"""
_SPARE_BYTES = (0, 64, 128, 256, 512, 1024, 2048, 4096)
"""Extra bytes that loading may need temporarily, in the order tried."""


def _version() -> str:
    try:
        return importlib.metadata.version("tflite-micro")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


VERSION = _version()
"""Version of the installed tflite-micro; TFLM has no releases, so this identifies its kernels."""


class Interpreter:
    """Runs an int8 model with TFLite Micro's reference kernels."""

    def __init__(self, tflite: bytes) -> None:
        """Loads a model.

        Raises:
            ConfigError: it is not an int8 .tflite that tinykws/aot/reader accepts.
            ToolError: tflite-micro is not installed, or rejects the model.
        """
        self._tflite = tflite
        graph = read_model(tflite)
        _refuse_what_crashes(graph)
        self._input_shape = graph.input.shape
        self._ample_arena_bytes = _ample_arena(graph, tflite)
        try:
            self._interpreter = _runtime().Interpreter.from_bytes(tflite, arena_size=self._ample_arena_bytes)
        except RuntimeError as error:
            raise ToolError(f"TFLite Micro {VERSION} refuses the model: {error}") from error

    def invoke(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Runs one inference: returns the output, int8 [n], for an int8 array of the input's size in any shape.

        Raises:
            ToolError: an op failed.
        """
        self._interpreter.set_input(np.asarray(values, np.int8).reshape(self._input_shape), 0)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ToolError(f"TFLite Micro {VERSION} cannot run the model: {error}") from error
        return np.array(self._interpreter.get_output(0), np.int8).reshape(-1)

    @functools.cached_property
    def arena_bytes(self) -> int:
        """Size of the smallest tensor arena found in which the model loads and runs on this computer.

        The search starts from the count of TFLM's recording allocator, which can be less than loading needs
        temporarily. Pointers are twice as large here as on a 32-bit chip, so with the same kernels a chip needs less.

        Raises:
            ToolError: the measurement failed.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tflite"
            path.write_bytes(self._tflite)
            counted = _counted_bytes(path, self._ample_arena_bytes)
            sizes = (counted + spare for spare in _SPARE_BYTES) if counted is not None else ()
            enough = next((size for size in sizes if _counted_bytes(path, size) is not None), None)
        if enough is None:
            raise ToolError(f"TFLite Micro {VERSION} did not report the size of the model's arena")
        return enough


def _counted_bytes(model: Path, arena_size: int) -> int | None:
    """Returns the bytes that TFLM counts in an arena of this size, None if the model does not run in it.

    It runs in a separate process: TFLM prints the count from C++, and can crash if the arena is too small.
    """
    done = run_command([sys.executable, "-c", _MEASURE, str(model), str(arena_size)], timeout_s=120)
    match = re.search(r"Arena allocation total (\d+) bytes", done.stdout + done.stderr)
    return int(match.group(1)) if match and done.exit_code == 0 else None


def _runtime() -> Any:
    try:
        from tflite_micro import runtime
    except ImportError as error:
        raise ToolError(
            "TFLite Micro's interpreter is not installed",
            hint="pip install tflite-micro (its wheels are for Linux on x86-64)",
        ) from error
    return runtime


def _refuse_what_crashes(graph: Graph) -> None:
    """Raises ToolError for a depthwise convolution without a bias: TFLM would crash, and Python with it."""
    for op in graph.ops:
        if op.name == "DEPTHWISE_CONV_2D" and ABSENT in op.inputs:
            raise ToolError(
                f"{op.where}: TFLite Micro crashes on a depthwise convolution without a bias",
                hint="convert the model again with use_bias=True",
            )


def _ample_arena(graph: Graph, tflite: bytes) -> int:
    """Returns an arena size for all activations at once, plus TFLM's data for each tensor, channel and op.

    It is a multiple of TFLM's alignment; otherwise the size measured from the arena's end would depend on it.
    """
    activations = sum(4 * tensor.size + 64 for tensor in graph.tensors if tensor.data is None)
    return (64 * 1024 + activations + 4 * len(tflite) + 1024 * len(graph.ops)) // 16 * 16
