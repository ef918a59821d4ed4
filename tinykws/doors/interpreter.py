"""TFLite Micro's own interpreter (PyPI: tflite-micro): what a board with the tflm engine computes, and its arena."""

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

from tinykws.aot.graph import Graph
from tinykws.aot.reader import read_model
from tinykws.doors.run_command import run_command
from tinykws.errors import ToolError

_MEASURE = """
import sys
from tflite_micro import runtime
runtime.Interpreter.from_file(sys.argv[1], arena_size=int(sys.argv[2])).print_allocations()
"""


def _version() -> str:
    try:
        return importlib.metadata.version("tflite-micro")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


VERSION = _version()
"""The installed tflite-micro's version; TFLM has no releases, so this dates its kernels."""


class Interpreter:
    """Runs an int8 model in TFLite Micro's reference kernels."""

    def __init__(self, tflite: bytes) -> None:
        """Loads a model.

        Raises:
            ConfigError: it is no int8 .tflite that reader.py accepts.
            ToolError: tflite-micro is not installed, or refuses the model.
        """
        self._tflite = tflite
        graph = read_model(tflite)
        self._input_shape = graph.input.shape
        self._arena_bytes = _ample_arena(graph, tflite)
        try:
            self._interpreter = _runtime().Interpreter.from_bytes(tflite, arena_size=self._arena_bytes)
        except RuntimeError as error:
            raise ToolError(f"TFLite Micro {VERSION} refuses the model: {error}") from error

    def invoke(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Returns the model's output, int8 [n], for an int8 array of the input's size in any shape."""
        self._interpreter.set_input(np.asarray(values, np.int8).reshape(self._input_shape), 0)
        self._interpreter.invoke()
        output: npt.NDArray[np.int8] = self._interpreter.get_output(0)
        return output.reshape(-1)

    @functools.cached_property
    def arena_bytes(self) -> int:
        """The tensor arena that TFLM's recording allocator counts on this computer.

        Pointers are twice as large here as on a 32-bit chip, so with the same kernels a chip needs less. Measured in a
        process of its own, since TFLM prints the figure from C++.

        Raises:
            ToolError: the measurement failed.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tflite"
            path.write_bytes(self._tflite)
            command = [sys.executable, "-c", _MEASURE, str(path), str(self._arena_bytes)]
            done = run_command(command, timeout_s=120)
        match = re.search(r"Arena allocation total (\d+) bytes", done.stdout + done.stderr)
        if done.exit_code != 0 or match is None:
            raise ToolError("TFLite Micro did not tell its arena's size", hint=done.stderr[-500:].strip() or None)
        return int(match.group(1))


def _runtime() -> Any:
    try:
        from tflite_micro import runtime
    except ImportError as error:
        raise ToolError(
            "TFLite Micro's interpreter is not installed",
            hint="pip install tflite-micro (its wheels are for Linux on x86-64)",
        ) from error
    return runtime


def _ample_arena(graph: Graph, tflite: bytes) -> int:
    """Room for all activations side by side, and for what TFLM keeps of each tensor, channel and op."""
    activations = sum(4 * tensor.size + 64 for tensor in graph.tensors if tensor.data is None)
    return 64 * 1024 + activations + 4 * len(tflite) + 1024 * len(graph.ops)
