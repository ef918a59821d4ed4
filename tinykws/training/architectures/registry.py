# SPDX-License-Identifier: Apache-2.0
"""The architectures that can be trained, one per module, and their cost on a chip.

An architecture is a module here with a function `build(n_frames, n_mels, n_labels, dropout) -> keras.Model`. The model
takes float features from 0.0 to 26.0 in any shape that contains [n_frames, n_mels] row by row, ends with
blocks.probabilities(), and uses only the ops in DEPLOYABLE_OPS of tinykws/model/validation.py. See
docs/guides/add_an_architecture.md.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Iterable
from typing import Any

from tinykws.project.model_settings import STREAM_LARGE, STREAM_MEDIUM, STREAM_SMALL
from tinykws.support.errors import ConfigError, did_you_mean
from tinykws.training.architectures import stream_tcn

STREAM_WIDTHS = {STREAM_SMALL: 40, STREAM_MEDIUM: 64, STREAM_LARGE: 96}
"""Channels of the sizes of stream_tcn."""
ARCHITECTURES = ("ds_tcn", *STREAM_WIDTHS, "bc_resnet", "ds_cnn", "micro_speech")
TEACHER = "teacher"
"""A large network for distillation, never deployed."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Cost of a network on the chip, with batch normalization folded into the layer before it."""

    parameters: int
    """Weights (one byte each) and biases (four bytes each)."""
    macs: int
    """Multiply-accumulates per inference."""


def check_architecture(name: str) -> None:
    """Raises ConfigError for an unknown name, with the nearest known one as a hint."""
    if name not in ARCHITECTURES:
        raise ConfigError(
            f"model: architecture: there is no architecture {name!r}", hint=did_you_mean(name, ARCHITECTURES)
        )


def build_architecture(name: str, *, n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns an untrained Keras model. Raises ConfigError for an unknown name."""
    if name != TEACHER:
        check_architecture(name)
    if name in STREAM_WIDTHS:
        return stream_tcn.build(n_frames, n_mels, n_labels, dropout, width=STREAM_WIDTHS[name])
    module = importlib.import_module(f"tinykws.training.architectures.{name}")
    return module.build(n_frames, n_mels, n_labels, dropout)


def cost_of(network: Any) -> Cost:
    """Returns the cost of a Keras model, counted from its convolutions and dense layers."""
    costs = [_layer_cost(layer) for layer in _layers_of(network)]
    return Cost(sum(cost.parameters for cost in costs), sum(cost.macs for cost in costs))


def _layers_of(network: Any) -> Iterable[Any]:
    return (layer for layer in network.layers if hasattr(layer, "kernel"))


def _layer_cost(layer: Any) -> Cost:
    """A kernel is applied once per position of the output; batch normalization will fold into a bias."""
    kernel = math.prod(layer.kernel.shape)
    outputs = tuple(layer.output.shape[1:])
    positions = math.prod(outputs[:-1])
    return Cost(parameters=kernel + outputs[-1], macs=kernel * positions)
