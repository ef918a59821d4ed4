# SPDX-License-Identifier: Apache-2.0
"""Runs int8 models on this computer with the outputs of TFLite Micro, byte for byte; chooses what runs them.

The aot engine's kernels run what it can lower (lowered_model.py), on every computer. Other models need TFLite Micro's
own interpreter, the package tflite-micro, which exists for Linux on x86-64.
"""

from __future__ import annotations

import functools
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinykws import __version__
from tinykws.aot.reader.graph import Graph
from tinykws.aot.reader.tflite import read_model
from tinykws.model.computed_arena import computed_arena
from tinykws.model.lowered_model import LoweredModel, TooLargeError
from tinykws.model.tflm_interpreter import (
    INSTALL_HINT,
    VERSION,
    TflmInterpreter,
    ample_arena,
    is_installed,
    refuse_what_crashes,
    smallest_arena,
)
from tinykws.support.errors import ConfigError, ToolError

Int8s = npt.NDArray[np.int8]


class Backend(Protocol):
    """What runs a model."""

    def invoke(self, values: Int8s) -> Int8s:
        """Returns the output int8 [n] of one input in the model's shape."""

    def invoke_all(self, inputs: Int8s) -> Int8s:
        """Returns the outputs int8 [n, outputs] of inputs int8 [n, …]."""

    def scores_along(self, frames: Int8s, n_frames: int, stride: int) -> Int8s:
        """Returns the outputs int8 [m, outputs] along frames int8 [frames, n_mels]."""


class Session(Protocol):
    """A model along one stream: what it keeps from one model input to the next belongs to the session."""

    def invoke(self, values: Int8s) -> Int8s:
        """Returns the scores int8 [n] of the next model input, int8 in any shape."""

    def scores_along(self, frames: Int8s, n_frames: int, stride: int) -> Int8s:
        """Returns the scores int8 [m, n] along the next frames int8 [frames, n_mels]."""

    def reset(self) -> None:
        """Forgets what it heard."""


class _NoState:
    """The session of a model that keeps nothing from one model input to the next."""

    def __init__(self, model: Interpreter) -> None:
        self.invoke, self.scores_along = model.invoke, model.scores_along

    def reset(self) -> None:
        """There is nothing to forget."""


class Interpreter:
    """Runs an int8 model with the outputs of TFLite Micro's reference kernels."""

    def __init__(self, tflite: bytes) -> None:
        """Loads a model.

        Raises:
            ConfigError: it is not an int8 .tflite that tinykws/aot/reader accepts, is too large for a microcontroller,
                or crashes TFLite Micro.
            ToolError: the aot engine cannot run it, and tflite-micro is not installed or rejects it.
        """
        self._tflite, self._graph = tflite, read_model(tflite)
        refuse_what_crashes(self._graph)
        ample_arena(self._graph, tflite)
        self._backend = choose_backend(self._graph, tflite)

    @property
    def keeps_state(self) -> bool:
        """Whether the model itself keeps state: then a session is needed for more than one inference."""
        return bool(self._graph.variables)

    def session(self) -> Session:
        """Returns the model along a new stream."""
        if isinstance(self._backend, LoweredModel) and self.keeps_state:
            return self._backend.session()
        return _NoState(self)

    def invoke(self, values: Int8s) -> Int8s:
        """Runs one inference: returns the output, int8 [n], for an int8 array of the input's size in any shape.

        Of a model that keeps state, it is the first inference after a reset. A streaming wake word model, which gives
        one probability, has a score for each label here (aot/lowering/label_scores.py).

        Raises:
            ValueError: the array has another size.
            ConfigError: TFLite Micro, if it runs the model, crashes on it.
            ToolError: TFLite Micro, if it runs the model, failed.
        """
        return self._backend.invoke(np.asarray(values, np.int8).reshape(self._graph.input.shape))

    def scores_of_clip(self, features: Int8s) -> Int8s:
        """Returns the scores int8 [n] for a clip, int8 [frames, n_mels], that is heard after a reset: of its only
        inference, or of a model that keeps state, of the last."""
        if not self.keeps_state:
            return self.invoke(features)
        n_frames = self._graph.input.size // features.shape[1]
        last: Int8s = self.session().scores_along(features, n_frames, n_frames)[-1]
        return last

    def invoke_all(self, inputs: Int8s) -> Int8s:
        """Returns the outputs int8 [n, outputs] of n inputs, int8 [n, …] in any shape; raises as invoke() does.

        The aot engine's kernels run on all processors.
        """
        values = np.asarray(inputs, np.int8)
        return self._backend.invoke_all(values.reshape(len(values), *self._graph.input.shape))

    def scores_along(self, frames: Int8s, n_frames: int, stride: int) -> Int8s:
        """Returns the outputs int8 [m, outputs] of all model inputs along a stream of frames.

        The aot engine's kernels run on all processors, and compute what successive model inputs share once.

        Args:
            frames: int8 [frames, n_mels].
            n_frames: frames of a model input; the first inference is as soon as there are so many.
            stride: frames from one inference to the next.

        Raises:
            ValueError: a model input of so many frames does not have the input's size.
        """
        frames = np.asarray(frames, np.int8)
        if n_frames * frames.shape[1] != self._graph.input.size:
            raise ValueError(f"{n_frames} frames of {frames.shape[1]} are not an input of {self._graph.input.size}")
        return self._backend.scores_along(frames, n_frames, stride)

    @functools.cached_property
    def arena_bytes(self) -> int:
        """Size of TFLite Micro's tensor arena for this model on a 64-bit computer: measured if tflite-micro is
        installed, else computed (computed_arena.py).

        Raises:
            ToolError: the measurement failed.
        """
        return smallest_arena(self._graph, self._tflite) if is_installed() else computed_arena(self._graph)


def choose_backend(graph: Graph, tflite: bytes) -> Backend:
    """Returns what runs a model: the aot engine's kernels, or else TFLite Micro. Raises as Interpreter() does."""
    try:
        return LoweredModel(graph)
    except TooLargeError:
        raise
    except ConfigError as refusal:
        if graph.variables:
            raise
        if not is_installed():
            raise ToolError(
                f"{refusal.message}; TFLite Micro's interpreter, which may know it, is not installed",
                hint=f"{INSTALL_HINT}, or use a network of ops that the aot engine supports",
            ) from refusal
    return TflmInterpreter(graph, tflite)


def arena_measured_by() -> str:
    """Returns what measures or computes Interpreter.arena_bytes here, for a bundle."""
    return f"tflite-micro {VERSION}" if is_installed() else f"calculation, tinykws {__version__}"


def tool_versions() -> dict[str, str]:
    """Returns the version of tflite-micro by its name, for a bundle; nothing if it is not installed."""
    return {"tflite-micro": VERSION} if is_installed() else {}
