# SPDX-License-Identifier: Apache-2.0
"""stream_tcn as an int8 graph, without TensorFlow: what a size costs does not depend on the values of its weights.

The layers are those of training/architectures/stream_tcn.py as the converter leaves them: batch normalization folded,
one scale per tensor. A test compares the graph with a converted network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.training.architectures.stream_tcn import FIRST_TAPS, STRIDE, shape_for

VALID, NO_ACTIVATION, RELU = 1, 0, 1
"""Numbers of the TFLite schema."""
ACTIVATION_SCALE, WEIGHT_SCALE = 0.1, 0.005
"""Typical ones; all kernels are chosen as for a trained network."""
WEIGHT_DEVIATION = 30.0


def stream_graph(n_frames: int, n_mels: int, n_labels: int, width: int) -> Graph:
    """Returns the graph of a network of a width. Raises ConfigError if the input is too short for it."""
    builder = _Builder((1, n_frames, 1, n_mels))
    builder.convolution(width, FIRST_TAPS, STRIDE)
    for taps in shape_for(n_frames).taps:
        builder.depthwise(taps)
        builder.convolution(width, 1, 1)
    builder.dense(n_labels)
    builder.softmax()
    return builder.graph()


def macs_of(graph: Graph) -> int:
    """Returns the multiply-accumulates of an inference on a whole input: of each weight, one for each position."""
    positions = [1 if op.name == "FULLY_CONNECTED" else graph.result(op).shape[1] for op in _layers_of(graph)]
    return sum(weights * count for weights, count in zip(_weights_of(graph), positions, strict=True))


def macs_per_row_of(graph: Graph) -> int:
    """Returns the multiply-accumulates of one new row of each layer, as in a stream: one of each weight."""
    return sum(_weights_of(graph))


def _layers_of(graph: Graph) -> list[Op]:
    return [op for op in graph.ops if len(op.inputs) > 1]


def _weights_of(graph: Graph) -> list[int]:
    return [graph.tensors[op.inputs[1]].size for op in _layers_of(graph)]


class _Builder:
    """Appends ops; each reads the output of the one before it."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._tensors: list[Tensor] = []
        self._ops: list[Op] = []
        self._random = np.random.default_rng(0)
        self._current = self._activation(shape, zero_point=-128)

    def convolution(self, width: int, taps: int, stride: int) -> None:
        """A convolution over time with ReLU."""
        _, rows, _, channels = self._shape
        options = {"padding": VALID, "stride_h": stride, "stride_w": stride, "fused_activation_function": RELU}
        weights = self._weights((width, taps, 1, channels), width)
        self._append("CONV_2D", weights, (1, (rows - taps) // stride + 1, 1, width), options)

    def depthwise(self, taps: int) -> None:
        """A depthwise convolution over time."""
        _, rows, _, channels = self._shape
        options = {
            "padding": VALID,
            "stride_h": 1,
            "stride_w": 1,
            "depth_multiplier": 1,
            "fused_activation_function": NO_ACTIVATION,
        }
        weights = self._weights((1, taps, 1, channels), channels)
        self._append("DEPTHWISE_CONV_2D", weights, (1, rows - taps + 1, 1, channels), options, zero_point=0)

    def dense(self, units: int) -> None:
        """The last layer, over everything that is left."""
        depth = int(np.prod(self._shape))
        options = {"fused_activation_function": NO_ACTIVATION, "weights_format": 0}
        self._append("FULLY_CONNECTED", self._weights((units, depth), units), (1, units), options, zero_point=0)

    def softmax(self) -> None:
        """Probabilities."""
        output = self._tensor("INT8", self._shape, (1 / 256,), (-128,))
        self._ops.append(Op(len(self._ops), "SOFTMAX", 1, (self._current,), (output,), {"beta": 1.0}))
        self._current = output

    def graph(self) -> Graph:
        """Returns what was built."""
        names = tuple(dict.fromkeys(op.name for op in self._ops))
        return Graph(tuple(self._tensors), tuple(self._ops), (0,), (self._current,), op_names=names)

    @property
    def _shape(self) -> tuple[int, ...]:
        return self._tensors[self._current].shape

    def _append(
        self,
        name: str,
        constants: tuple[int, ...],
        shape: tuple[int, ...],
        options: Mapping[str, Any],
        *,
        zero_point: int = -128,
    ) -> None:
        output = self._activation(shape, zero_point)
        self._ops.append(Op(len(self._ops), name, 1, (self._current, *constants), (output,), options))
        self._current = output

    def _weights(self, shape: tuple[int, ...], outputs: int) -> tuple[int, int]:
        """Returns the indices of weights and of biases."""
        values = np.clip(np.rint(self._random.normal(0, WEIGHT_DEVIATION, shape)), -127, 127).astype(np.int8)
        scale = (WEIGHT_SCALE,)
        return (
            self._tensor("INT8", shape, scale, (0,), values),
            self._tensor("INT32", (outputs,), (WEIGHT_SCALE * ACTIVATION_SCALE,), (0,), np.zeros(outputs, "<i4")),
        )

    def _activation(self, shape: tuple[int, ...], zero_point: int) -> int:
        return self._tensor("INT8", shape, (ACTIVATION_SCALE,), (zero_point,))

    def _tensor(
        self,
        kind: str,
        shape: tuple[int, ...],
        scales: tuple[float, ...],
        zero_points: tuple[int, ...],
        data: np.ndarray[Any, Any] | None = None,
    ) -> int:
        index = len(self._tensors)
        self._tensors.append(Tensor(index, f"tensor_{index}", kind, shape, scales, zero_points, data=data))
        return index
