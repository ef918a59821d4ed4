# SPDX-License-Identifier: Apache-2.0
"""What a network costs on a chip, known before it is trained: untrained, it is converted and run once.

Training changes the values of its weights and nothing of their sizes, so the figures are those of the trained one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tinykws.aot.compiler import compile_model
from tinykws.aot.reader.tflite import read_model
from tinykws.model import validation
from tinykws.model.converter import convert
from tinykws.model.interpreter import Interpreter
from tinykws.project.config import ModelSettings
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import ARCHITECTURES
from tinykws.training.keras_network import Network

CALIBRATION_CLIPS = 4
"""Random ones: what they are moves ranges, not sizes."""


@dataclasses.dataclass(frozen=True)
class NetworkCost:
    """One architecture's cost for a shape of features and a number of labels."""

    architecture: str
    parameters: int
    """Weights (a byte each) and biases (four)."""
    macs: int
    """Multiply-accumulates of one inference."""
    tflite_bytes: int
    arena_bytes: int
    """Of TFLite Micro's arena, measured with its interpreter."""
    aot_flash_bytes: int
    """The aot engine's constants."""
    aot_ram_bytes: int
    """The aot engine's working memory."""
    ops: tuple[str, ...]
    """Each kind once, in order of first use."""


def measure_cost(architecture: str, features_shape: tuple[int, int], n_labels: int) -> NetworkCost:
    """Returns what an architecture costs.

    Raises:
        ConfigError: there is none of this name, or it does not run in both engines.
        ToolError: TensorFlow or TFLite Micro's interpreter is missing or failed.
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
    """Returns the cost in a line."""
    return (
        f"{cost.architecture}: {cost.parameters:,} parameters, {cost.macs:,} MAC an inference,"
        f" {cost.tflite_bytes:,} bytes of .tflite, tensor arena {cost.arena_bytes:,} bytes; {', '.join(cost.ops)}"
    )


def excesses(limits: ModelSettings, *, tflite_bytes: int, macs: int, arena_bytes: int) -> list[str]:
    """Returns which limits are broken and by how much, in words; nothing where all are kept."""
    return [
        f"{figure:,} {what}, {figure - limit:,} more than model: {name} allows ({limit:,})"
        for figure, what, name, limit in (
            (tflite_bytes, "bytes of .tflite", "max_bytes", limits.max_bytes),
            (macs, "multiply-accumulates an inference", "max_macs", limits.max_macs),
            (arena_bytes, "bytes of tensor arena", "max_arena", limits.max_arena),
        )
        if limit is not None and figure > limit
    ]


def excesses_of(cost: NetworkCost, limits: ModelSettings) -> list[str]:
    """As excesses(), of a cost measured before training."""
    return excesses(limits, tflite_bytes=cost.tflite_bytes, macs=cost.macs, arena_bytes=cost.arena_bytes)


def refuse_excess(cost: NetworkCost, limits: ModelSettings, features_shape: tuple[int, int], n_labels: int) -> None:
    """Raises ConfigError where a limit is broken; its hint names the architectures that keep them all."""
    broken = excesses_of(cost, limits)
    if not broken:
        return
    others = (measure_cost(name, features_shape, n_labels) for name in ARCHITECTURES if name != cost.architecture)
    fitting = [other.architecture for other in others if not excesses_of(other, limits)]
    hint = "model: {architecture: " + " | ".join(fitting) + "}" if fitting else "no architecture keeps these limits"
    raise ConfigError(f"{cost.architecture} takes {'; '.join(broken)}", hint=f"{hint}; tinykws architectures")
