# SPDX-License-Identifier: Apache-2.0
"""The networks that can be trained, one a module, and what each costs on a chip.

A module here is an architecture when it has `build(n_frames, n_mels, n_labels, dropout) -> keras.Model`. The model
takes float features from 0.0 to 26.0 in any shape that holds [n_frames, n_mels] row by row, ends in
blocks.probabilities(), and converts to the ops in model_guards.DEPLOYABLE_OPS. See docs/adding_an_architecture.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Iterable
from typing import Any

from tinykws.support.errors import ConfigError, did_you_mean

ARCHITECTURES = ("ds_tcn", "bc_resnet", "ds_cnn", "micro_speech")
TEACHER = "teacher"
"""Built like the others, never deployed."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a network costs on the chip, once batch normalization is folded into the layer before it."""

    parameters: int
    """Weights (a byte each) and biases (four)."""
    macs: int
    """Multiply-accumulates of one inference."""


def check_architecture(name: str) -> None:
    """Raises ConfigError for a name that is none, with the nearest that is one."""
    if name not in ARCHITECTURES:
        raise ConfigError(f"model: architecture is {name!r}", hint=did_you_mean(name, ARCHITECTURES))


def build_architecture(name: str, *, n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns a fresh Keras model. Raises ConfigError for a name that is none."""
    if name != TEACHER:
        check_architecture(name)
    module = importlib.import_module(f"tinykws.training.architectures.{name}")
    return module.build(n_frames, n_mels, n_labels, dropout)


def cost_of(network: Any) -> Cost:
    """Returns the cost of a Keras model, counted from its convolutions and dense layers."""
    costs = [_layer_cost(layer) for layer in _layers_of(network)]
    return Cost(sum(cost.parameters for cost in costs), sum(cost.macs for cost in costs))


def _layers_of(network: Any) -> Iterable[Any]:
    return (layer for layer in network.layers if hasattr(layer, "kernel"))


def _layer_cost(layer: Any) -> Cost:
    """Each kernel is applied once for each place of the output; a bias is there even where it is folded in later."""
    kernel = math.prod(layer.kernel.shape)
    outputs = tuple(layer.output.shape[1:])
    places = math.prod(outputs[:-1])
    return Cost(parameters=kernel + outputs[-1], macs=kernel * places)
