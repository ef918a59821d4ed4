# SPDX-License-Identifier: Apache-2.0
"""Turns a bundle's network for streams into the streaming model of one word that ESPHome runs.

The bundle's model reads a whole model input. Nothing in it is padded, so each new row of a layer needs only the newest
rows of the layer before it (tinykws/training/architectures/stream_tcn.py). The streaming model gets the new frames
only, and keeps for each layer the rows that it will need again, in variables. Weights, scales and zero points are the
bundle's own bytes: nothing is quantized again, and the logits are the bundle's, bit for bit.

Variables begin as if there had been silence (features of -128) for ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.reader.tflite import read_model
from tinykws.exports.esphome.graph_builder import GraphBuilder
from tinykws.exports.esphome.tflite_writer import write_tflite
from tinykws.exports.esphome.word_head import PROBABILITY_STEP, append_head
from tinykws.model.lowered_model import LoweredModel
from tinykws.support.errors import ConfigError

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D")
SILENT_FEATURE = -128
_NOT_OF_STREAMS = "use a network for streams, and train again: model: {size: medium} in kws.yaml"


@dataclasses.dataclass(frozen=True)
class Layer:
    """A convolution over time."""

    op: Op
    taps: int
    """Rows that it reads for one row."""
    stride: int
    """Rows from one of these to the next."""

    @property
    def kept(self) -> int:
        """Rows of its input that the next inference needs again."""
        return self.taps - self.stride


@dataclasses.dataclass(frozen=True)
class StreamNetwork:
    """A bundle's network, understood."""

    graph: Graph
    layers: tuple[Layer, ...]
    dense: Op

    @property
    def frames_seen(self) -> int:
        """Frames that one output depends on; a model input may have some more at its end."""
        rows = 1
        for layer in reversed(self.layers):
            rows = (rows - 1) * layer.stride + layer.taps
        return rows

    @property
    def row_frames(self) -> int:
        """Frames from one row of the last layer to the next."""
        return int(np.prod([layer.stride for layer in self.layers]))

    @property
    def n_mels(self) -> int:
        """Channels of the front-end."""
        return self.graph.input.shape[-1]


def stream_network(tflite: bytes) -> StreamNetwork:
    """Returns a bundle's network if it is a chain of convolutions over time without padding, a dense layer, a softmax.

    Raises:
        ConfigError: it is another network; says which op is in the way.
    """
    graph = read_model(tflite)
    convolutions, end = graph.ops[:-2], graph.ops[-2:]
    if [op.name for op in end] != ["FULLY_CONNECTED", "SOFTMAX"]:
        raise ConfigError("the network does not end with a dense layer and a softmax", hint=_NOT_OF_STREAMS)
    layers = tuple(_layer(graph, op) for op in convolutions)
    network = StreamNetwork(graph, layers, end[0])
    current = graph.input.index
    for op in graph.ops:
        if op.inputs[0] != current:
            raise op.error("its input is not the output of the op before it", hint=_NOT_OF_STREAMS)
        current = graph.result(op).index
    if not layers or graph.operand(end[0], 0).size != graph.result(layers[-1].op).shape[-1]:  # type: ignore[union-attr]
        raise end[0].error("it reads several rows", hint=_NOT_OF_STREAMS)
    return network


def _layer(graph: Graph, op: Op) -> Layer:
    if op.name not in LAYERS:
        raise op.error("a streaming model of ESPHome cannot be made of it", hint=_NOT_OF_STREAMS)
    weights, source = graph.operand(op, 1), graph.operand(op, 0)
    assert weights is not None
    assert source is not None
    options = op.options
    dilated = (options["dilation_h_factor"], options["dilation_w_factor"]) != (1, 1)
    if len(source.shape) != 4 or source.shape[2] != 1 or weights.shape[2] != 1 or dilated:
        raise op.error("it is not a convolution over time alone", hint=_NOT_OF_STREAMS)
    taps, stride = weights.shape[1], options["stride_h"]
    if graph.result(op).shape[1] != (source.shape[1] - taps) // stride + 1:
        raise op.error("its input is padded in time", hint=_NOT_OF_STREAMS)
    if taps < stride:
        raise op.error(f"it skips frames: {taps} of each {stride} are read", hint=_NOT_OF_STREAMS)
    return Layer(op, taps, stride)


def word_graph(network: StreamNetwork, word: int) -> Graph:
    """Returns the network with the exported head: int8 [1, n_frames, …] to the word's probability, int8 [1, 1].

    It gives what the streaming model gives on the same frames, less 128, and the aot engine runs it on any computer.
    """
    builder = GraphBuilder()
    source = builder.add(network.graph.input)
    values = source
    for layer in network.layers:
        values = _append_layer(builder, network.graph, layer, values, network.graph.result(layer.op).shape[1])
    output = append_head(builder, network.graph, network.dense, values, word)
    return Graph(tuple(builder.tensors), tuple(builder.ops), (source.index,), (output.index,))


def streaming_tflite(network: StreamNetwork, word: int, stride: int) -> bytes:
    """Returns the streaming .tflite of one word: int8 [1, stride, n_mels] to uint8 [1, 1] at 1/256.

    Args:
        network: the bundle's.
        word: the label's number.
        stride: frames of each inference.

    Raises:
        ConfigError: `stride` is not a multiple of the frames of a row.
    """
    if stride % network.row_frames:
        raise ConfigError(
            f"an inference every {stride} frames does not fit the network, whose rows are {network.row_frames} apart",
            hint=f"set detector: inference_stride_ms to a multiple of {network.row_frames} frames, then: tinykws tune",
        )
    builder, initial = GraphBuilder(), GraphBuilder()
    graph = network.graph
    source = builder.add(dataclasses.replace(graph.input, shape=(1, stride, network.n_mels)))
    builder.op("CALL_ONCE", (), None, {"init_subgraph_index": 1})
    values = builder.reshaped(source, (1, stride, 1, network.n_mels))
    for layer, silence in zip(network.layers, _silent_rows(network), strict=True):
        rows = values.shape[1] // layer.stride
        if layer.kept:
            values = _with_history(builder, initial, layer, values, silence)
        values = _append_layer(builder, graph, layer, values, rows)
    if values.shape[1] > 1:
        values = builder.from_index(values, values.shape[1] - 1)
    probability = append_head(builder, graph, network.dense, values, word)
    output = builder.tensor((1, 1), kind="UINT8", scale=PROBABILITY_STEP)
    builder.op("QUANTIZE", (probability,), output)
    return write_tflite([builder.subgraph([source], [output]), initial.subgraph()])


def _append_layer(builder: GraphBuilder, graph: Graph, layer: Layer, values: Tensor, rows: int) -> Tensor:
    constants = [builder.add(tensor) for at in (1, 2) if (tensor := graph.operand(layer.op, at)) is not None]
    result = graph.result(layer.op)
    output = builder.like(result, (1, rows, 1, result.shape[-1]))
    builder.op(layer.op.name, (values, *constants), output, layer.op.options)
    return output


def _with_history(
    builder: GraphBuilder, initial: GraphBuilder, layer: Layer, values: Tensor, silence: npt.NDArray[np.int8]
) -> Tensor:
    """Adds a variable with the rows before `values`, [1, kept, 1, channels]; returns both, keeps the newest rows."""
    name = f"rows_{layer.op.index}"
    shape = (1, layer.kept, 1, values.shape[-1])
    begin = initial.add(dataclasses.replace(values, shape=shape, data=np.broadcast_to(silence, shape).copy()))
    initial.op("ASSIGN_VARIABLE", (initial.handle(name), begin), None)
    handle, before = builder.handle(name), builder.like(values, shape)
    builder.op("READ_VARIABLE", (handle,), before)
    together = builder.joined(before, values)
    newest = builder.from_index(together, together.shape[1] - layer.kept)
    builder.op("ASSIGN_VARIABLE", (handle, newest), None)
    return together


def _silent_rows(network: StreamNetwork) -> Iterator[npt.NDArray[np.int8]]:
    """Yields for each layer a row of its input, int8 [channels], when all features are SILENT_FEATURE."""
    graph = network.graph
    silence = np.full(graph.input.size, SILENT_FEATURE, np.int8)
    yield silence[: network.n_mels]
    for number, layer in enumerate(network.layers[:-1]):
        output = graph.result(layer.op)
        part = Graph(graph.tensors, graph.ops[: number + 1], graph.inputs, (output.index,))
        yield LoweredModel(part).invoke(silence)[: output.shape[-1]]
