# SPDX-License-Identifier: Apache-2.0
"""What an architecture costs before it is trained: the untrained network is converted and run once.

Training changes the values of the weights, not their number, so the figures hold for the trained network.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tinykws.aot.compiler import compile_model
from tinykws.aot.reader.tflite import read_model
from tinykws.model import validation
from tinykws.model.converter import convert
from tinykws.model.interpreter import Interpreter
from tinykws.project.model_settings import ModelSettings
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import ARCHITECTURES
from tinykws.training.keras_network import Network

CALIBRATION_CLIPS = 4
"""Calibration runs on random clips: they affect the quantization ranges, not the sizes."""


@dataclasses.dataclass(frozen=True)
class NetworkCost:
    """One architecture's cost for a shape of features and a number of labels."""

    architecture: str
    parameters: int
    """Number of weights (one byte each) and biases (four bytes each)."""
    macs: int
    """Multiply-accumulates per inference."""
    tflite_bytes: int
    arena_bytes: int
    """Size of TFLite Micro's tensor arena, measured with its interpreter, or computed."""
    aot_flash_bytes: int
    """Constants of the aot engine."""
    aot_ram_bytes: int
    """Working memory of the aot engine in whole-window mode."""
    ops: tuple[str, ...]
    """Kinds of op, each once, in order of first use."""


def measure_cost(architecture: str, features_shape: tuple[int, int], n_labels: int) -> NetworkCost:
    """Returns what an architecture costs.

    Raises:
        ConfigError: no architecture has this name, or it does not run in both engines.
        ToolError: TensorFlow is missing, or failed.
    """
    network = Network.untrained(architecture, features_shape, n_labels)
    network.randomize_biases()
    random = np.random.default_rng(0).integers(-128, 128, (CALIBRATION_CLIPS, *features_shape), np.int8)
    model = convert(network, random)
    graph = read_model(model)
    validation.check_ops(graph)
    validation.check_dense_per_tensor(graph)
    return NetworkCost(
        architecture=architecture,
        parameters=network.cost.parameters,
        macs=network.cost.macs,
        tflite_bytes=len(model),
        arena_bytes=Interpreter(model).arena_bytes,
        aot_flash_bytes=sum(tensor.data.nbytes for tensor in graph.tensors if tensor.data is not None),
        aot_ram_bytes=compile_model(model).arena_bytes,
        ops=validation.op_names(graph),
    )


def in_words(cost: NetworkCost) -> str:
    """Returns the cost as one line of text."""
    return (
        f"{cost.architecture}: {cost.parameters:,} parameters, {cost.macs:,} MAC an inference,"
        f" {cost.tflite_bytes:,} bytes of .tflite, tensor arena {cost.arena_bytes:,} bytes; {', '.join(cost.ops)}"
    )


def broken_limits(limits: ModelSettings, *, tflite_bytes: int, macs: int, arena_bytes: int) -> list[str]:
    """Returns which limits of `model:` in kws.yaml are exceeded and by how much, in words; empty if none is."""
    return [
        f"{figure:,} {what}, {figure - limit:,} more than model: {name} allows ({limit:,})"
        for figure, what, name, limit in (
            (tflite_bytes, "bytes of .tflite", "max_bytes", limits.max_bytes),
            (macs, "multiply-accumulates an inference", "max_macs", limits.max_macs),
            (arena_bytes, "bytes of tensor arena", "max_arena", limits.max_arena),
        )
        if limit is not None and figure > limit
    ]


def broken_limits_of(cost: NetworkCost, limits: ModelSettings) -> list[str]:
    """Like broken_limits(), for a cost measured before training."""
    return broken_limits(limits, tflite_bytes=cost.tflite_bytes, macs=cost.macs, arena_bytes=cost.arena_bytes)


def refuse_if_over_limits(
    cost: NetworkCost, limits: ModelSettings, features_shape: tuple[int, int], n_labels: int
) -> None:
    """Raises ConfigError if a limit is exceeded; the hint names the architectures that stay within all limits."""
    broken = broken_limits_of(cost, limits)
    if not broken:
        return
    others = (measure_cost(name, features_shape, n_labels) for name in ARCHITECTURES if name != cost.architecture)
    fitting = [other.architecture for other in others if not broken_limits_of(other, limits)]
    if fitting:
        hint = "set in kws.yaml: model: {architecture: " + " | ".join(fitting) + "}"
    else:
        hint = "raise the limits under `model` in kws.yaml: no architecture stays within them"
    raise ConfigError(
        f"{cost.architecture} takes {'; '.join(broken)}", hint=f"{hint}\nall architectures: tinykws architectures"
    )
