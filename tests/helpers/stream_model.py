# SPDX-License-Identifier: Apache-2.0
"""An int8 network for streams with random weights whose outputs vary, without TensorFlow."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.aot.reader.graph import Graph
from tinykws.cost.stream_graph import stream_graph
from tinykws.exports.esphome.tflite_writer import Subgraph, write_tflite
from tinykws.model.bundle import Bundle
from tinykws.model.lowered_model import LoweredModel
from tinykws.project.frontend_settings import FEATURE_SCALE, FrontendSettings
from tinykws.stages.quantize import import_model

FRONTEND = FrontendSettings(stride_ms=10, tables="c_library")
"""That of devices with ESPHome, with a model input of a second."""
LOGITS_DEVIATION = 3.0


@functools.cache
def stream_tflite(n_frames: int, n_labels: int, width: int, seed: int = 1) -> bytes:
    """Returns a .tflite of stream_tcn; each layer's scale is such that its values fill int8 on `wandering_frames`."""
    graph = stream_graph(n_frames, 40, n_labels, width)
    tensors = list(graph.tensors)
    tensors[0] = dataclasses.replace(tensors[0], scales=(FEATURE_SCALE,))
    windows = [wandering_frames(n_frames, seed + at).ravel() for at in range(4)]
    rng = np.random.default_rng(seed)
    for op in graph.ops[:-1]:
        source, weights, bias = (tensors[index] for index in op.inputs)
        values = np.clip(np.rint(rng.normal(0, 40, weights.shape)), -127, 127).astype(np.int8)
        tensors[weights.index] = dataclasses.replace(weights, data=values)
        tensors[bias.index] = dataclasses.replace(bias, scales=(source.scale * weights.scale,))
        output = tensors[op.outputs[0]]
        fanin = values.size // values.shape[-1 if op.name == "DEPTHWISE_CONV_2D" else 0]
        scale = source.scale * weights.scale * 40 * fanin**0.5 * 2
        for _ in range(3):  # until the values spread over int8
            tensors[output.index] = dataclasses.replace(output, scales=(scale,))
            part = Graph(tuple(tensors), graph.ops[: op.index + 1], graph.inputs, op.outputs)
            model = LoweredModel(part)
            made = np.concatenate([model.invoke(window) for window in windows]).astype(int) - output.zero_point
            scale *= float(np.percentile(np.abs(made), 99.5)) / (200 if output.zero_point else 100)
    dense = tensors[graph.ops[-2].outputs[0]]
    step = LOGITS_DEVIATION / 40
    change = step / dense.scale  # the same integers at another scale: the weights' scale changes with it
    last = tensors[graph.ops[-2].inputs[1]]
    bias = tensors[graph.ops[-2].inputs[2]]
    tensors[last.index] = dataclasses.replace(last, scales=(last.scale * change,))
    tensors[bias.index] = dataclasses.replace(bias, scales=(bias.scale * change,))
    tensors[dense.index] = dataclasses.replace(dense, scales=(step,))
    return write_tflite([Subgraph(tensors, graph.ops, graph.inputs, graph.outputs)])


def wandering_frames(count: int, seed: int) -> npt.NDArray[np.int8]:
    """Returns features that wander, int8 [count, 40]."""
    rng = np.random.default_rng(seed)
    steps = np.cumsum(rng.normal(0, 12, (count, 40)), axis=0) + rng.uniform(0, 510, 40)
    return (np.abs((steps % 510) - 255) - 128).clip(-128, 127).astype(np.int8)


def stream_bundle(folder: Path, *words: str, frontend: FrontendSettings = FRONTEND) -> Bundle:
    """Writes a bundle of such a network, for the word `computer` if no other is named; an inference every 100 ms."""
    names = ["silence", "unknown", *(words or ("computer",))]
    model = folder.with_name(f"{folder.name}.tflite")
    model.write_bytes(stream_tflite(frontend.n_frames, len(names), 16))
    return import_model(model, names, folder, frontend=frontend)
