# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's own interpreter (PyPI: tflite-micro), where it is installed: its wheels are for Linux on x86-64.

It runs models that the aot engine cannot lower, measures the tensor arena, and is the oracle of the tests.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.aot.reader.graph import ABSENT, Graph
from tinykws.model.interpreter_process import InterpreterProcess, measured_arena
from tinykws.model.own_models import is_own
from tinykws.support.errors import ConfigError, ToolError

_MAX_ARENA_BYTES = 256 << 20
"""Largest tensor arena tried: a thousand times that of a large microcontroller."""
MOST_SPARE_BYTES = 4096
_SPARE_BYTES = (0, 64, 128, 256, 512, 1024, 2048, MOST_SPARE_BYTES, 2 * MOST_SPARE_BYTES, 4 * MOST_SPARE_BYTES)
"""Extra bytes that loading may need temporarily, in the order tried; the last two for many small tensors, as streaming
models have."""


def _version() -> str:
    try:
        return importlib.metadata.version("tflite-micro")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


VERSION = _version()
"""Version of the installed tflite-micro; TFLM has no releases, so this identifies its kernels."""
HIDING_VARIABLE = "TINYKWS_WITHOUT_TFLM"
"""Environment variable: if it is not empty, the package is not used, as if it were not installed."""
INSTALL_HINT = 'pip install "tinykws[tflm]" (its wheels are for Linux on x86-64)'


def is_installed() -> bool:
    """Returns whether the package is installed, and not hidden by HIDING_VARIABLE."""
    return not os.environ.get(HIDING_VARIABLE) and importlib.util.find_spec("tflite_micro") is not None


class TflmInterpreter:
    """Runs an int8 model with TFLite Micro's reference kernels. Threads that share one object wait for each other.

    A model that was not made on this computer runs in a process of its own (interpreter_process.py): TFLite Micro
    trusts every byte of a model.
    """

    def __init__(self, graph: Graph, tflite: bytes) -> None:
        """Loads a model.

        Args:
            graph: what tinykws/aot/reader read.
            tflite: its bytes.

        Raises:
            ConfigError: it is too large, or TFLite Micro crashes on it.
            ToolError: tflite-micro is not installed, or rejects the model.
        """
        refuse_what_crashes(graph)
        self._input_shape, self._output_size = graph.input.shape, graph.output.size
        self._is_uint8 = graph.has_uint8_output
        arena_bytes = ample_arena(graph, tflite)
        _refuse_without_package()
        run = _InProcess if is_own(tflite) else InterpreterProcess
        self._backend = run(tflite, self._input_shape, arena_bytes, VERSION)
        self._one_at_a_time = threading.Lock()

    def invoke(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Runs one inference: returns the output, int8 [n], for an int8 array of the input's size in any shape.

        Raises:
            ConfigError: TFLite Micro crashes on the model, or the model's shapes contradict each other.
            ToolError: an op failed.
        """
        with self._one_at_a_time:
            output = self._backend.invoke(np.asarray(values, np.int8).reshape(self._input_shape))
        if output.size != self._output_size:
            raise ConfigError(f"TFLite Micro gives {output.size} outputs; the model's output has {self._output_size}")
        return output ^ np.int8(-128) if self._is_uint8 else output

    def invoke_all(self, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Returns the outputs int8 [n, outputs] of model inputs int8 [n, …], one after the other."""
        return np.array([self.invoke(values) for values in inputs], np.int8).reshape(len(inputs), self._output_size)

    def scores_along(self, frames: npt.NDArray[np.int8], n_frames: int, stride: int) -> npt.NDArray[np.int8]:
        """Returns the outputs int8 [m, outputs] along a stream; see LoweredModel.scores_along."""
        starts = range(0, len(frames) - n_frames + 1, stride)
        outputs = [self.invoke(frames[start : start + n_frames]) for start in starts]
        return np.array(outputs, np.int8).reshape(len(outputs), self._output_size)


def smallest_arena(graph: Graph, tflite: bytes) -> int:
    """Returns the size of the smallest tensor arena found in which the model loads and runs on this computer.

    The search starts from the count of TFLM's recording allocator, which can be less than loading needs temporarily.
    Pointers are twice as large here as on a 32-bit chip, so with the same kernels a chip needs less.

    Raises:
        ConfigError: the model is too large.
        ToolError: tflite-micro is not installed, or the measurement failed.
    """
    refuse_what_crashes(graph)
    _refuse_without_package()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(tflite)
        counted = measured_arena(path, ample_arena(graph, tflite))
        sizes = (counted + spare for spare in _SPARE_BYTES) if counted is not None else ()
        enough = next((size for size in sizes if measured_arena(path, size) is not None), None)
    if enough is None:
        raise ToolError(f"TFLite Micro {VERSION} did not report the size of the model's arena")
    return enough


class _InProcess:
    """Runs a model of our own, without a process."""

    def __init__(self, tflite: bytes, _shape: Sequence[int], arena_bytes: int, version: str) -> None:
        from tflite_micro import runtime

        self._version = version
        try:
            self._interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=arena_bytes)
        except RuntimeError as error:
            raise ToolError(f"TFLite Micro {version} refuses the model: {error}") from error

    def invoke(self, values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Runs one inference: returns the output, int8 [n]. Raises ToolError if an op failed."""
        self._interpreter.set_input(values, 0)
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ToolError(f"TFLite Micro {self._version} cannot run the model: {error}") from error
        return np.array(self._interpreter.get_output(0), np.int8).reshape(-1)


def _refuse_without_package() -> None:
    if not is_installed():
        raise ToolError("TFLite Micro's interpreter is not installed", hint=INSTALL_HINT)


def refuse_what_crashes(graph: Graph) -> None:
    """Raises ToolError for a depthwise convolution without a bias: TFLM would crash, and Python with it."""
    for op in graph.ops:
        if op.name == "DEPTHWISE_CONV_2D" and ABSENT in op.inputs:
            raise ToolError(
                f"{op.where}: TFLite Micro crashes on a depthwise convolution without a bias",
                hint="convert the model again with use_bias=True",
            )


def ample_arena(graph: Graph, tflite: bytes) -> int:
    """Returns an arena size for all activations at once, plus TFLM's data for each tensor, channel and op, and the
    32-bit sums that its transposed convolution keeps.

    It is a multiple of TFLM's alignment; otherwise the size measured from the arena's end would depend on it.
    """
    sums = sum(graph.result(op).size for op in graph.ops if op.name == "TRANSPOSE_CONV")
    activations = sum(4 * tensor.size + 64 for tensor in graph.tensors if tensor.data is None) + 4 * sums
    size = (64 * 1024 + activations + 4 * len(tflite) + 1024 * len(graph.ops)) // 16 * 16
    if size > _MAX_ARENA_BYTES:
        raise ConfigError(
            f"the model has {activations // 4:,} bytes of activations, too many for a microcontroller",
            hint="use a smaller model",
        )
    return size
