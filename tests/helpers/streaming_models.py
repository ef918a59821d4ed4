# SPDX-License-Identifier: Apache-2.0
"""Random streaming wake word models, as small as they can be: ring buffers in variables, one probability."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from tflite_builder import OpSpec, TensorSpec, build_model

FEATURE_SCALE = 26 / 255
CONV = {"padding": 1, "stride_h": 1, "stride_w": 1, "fused_activation_function": 1}
DEPTHWISE = {"padding": 1, "stride_h": 1, "stride_w": 1, "depth_multiplier": 1, "fused_activation_function": 0}
N_MELS = 40


class Writer:
    """Collects the tensors and ops of a model, and the first values of its variables."""

    def __init__(self, seed: int) -> None:
        self.numbers, self.choose = np.random.default_rng(seed), random.Random(seed)
        self.tensors: list[TensorSpec] = []
        self.ops: list[OpSpec] = [OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": 1})]
        self.first_values: dict[str, TensorSpec] = {}

    def tensor(self, *shape: int, scale: float = 0.05, zero: int = -3, **more: Any) -> int:
        """Adds a tensor; returns its index."""
        self.tensors.append(TensorSpec(shape, scales=(scale,), zero_points=(zero,), **more))
        return len(self.tensors) - 1

    def constant(self, *values: int) -> int:
        """Adds int32 values."""
        data = np.array(values, "<i4").tobytes()
        self.tensors.append(TensorSpec((len(values),), "INT32", (), (), data=data))
        return len(self.tensors) - 1

    def like(self, index: int, *shape: int) -> int:
        """Adds a tensor with the quantization of another."""
        self.tensors.append(dataclasses.replace(self.tensors[index], shape=shape, data=None))
        return len(self.tensors) - 1

    def op(self, name: str, inputs: list[int], outputs: list[int], options: dict[str, Any] | None = None) -> int:
        """Adds an op; returns its first output."""
        self.ops.append(OpSpec(name, inputs, outputs, options))
        return outputs[0] if outputs else -1

    def shape(self, index: int) -> tuple[int, ...]:
        """Returns a tensor's shape."""
        return tuple(self.tensors[index].shape)

    def variable(self, like: int, rows: int) -> tuple[int, int]:
        """Adds a variable of some rows; returns its handle and what is read from it."""
        _, _, width, channels = self.shape(like)
        name = f"stream_{len(self.first_values)}/states"
        size = rows * width * channels
        zero = self.tensors[like].zero_points[0]
        values = np.full(size, zero) if self.choose.random() < 0.7 else self.numbers.integers(-128, 128, size)
        shape = (1, rows, width, channels)
        self.first_values[name] = dataclasses.replace(
            self.tensors[like], shape=shape, data=values.astype(np.int8).tobytes()
        )
        self.tensors.append(TensorSpec((), "RESOURCE", (), ()))
        handle = len(self.tensors) - 1
        self.op("VAR_HANDLE", [], [handle], {"shared_name": name.encode()})
        return handle, self.op("READ_VARIABLE", [handle], [self.like(like, *shape)])

    def last_rows(self, source: int, rows: int) -> int:
        """Adds the slice of a tensor's last rows, as converters write it."""
        _, _, width, channels = self.shape(source)
        ends = [self.constant(0, -rows, 0, 0), self.constant(0, 0, 0, channels), self.constant(1, 1, 1, 1)]
        masks = {"begin_mask": 13, "end_mask": 15}
        return self.op("STRIDED_SLICE", [source, *ends], [self.like(source, 1, rows, width, channels)], masks)

    def with_past(self, new: int, rows: int) -> int:
        """Adds a ring buffer before new rows; returns all of them."""
        handle, past = self.variable(new, rows)
        _, count, width, channels = self.shape(new)
        joined = self.like(new, 1, rows + count, width, channels)
        self.op("CONCATENATION", [past, new], [joined], {"axis": 1, "fused_activation_function": 0})
        self.op("ASSIGN_VARIABLE", [handle, self.last_rows(joined, rows)], [])
        return joined

    def convolution(self, source: int, channels: int, stride: int) -> int:
        """Adds a convolution over all rows."""
        _, rows, width, depth = self.shape(source)
        scale, size = 0.004, channels * rows * width * depth
        weights = self.tensor(
            channels, rows, width, depth, scale=scale, zero=0,
            data=self.numbers.integers(-127, 128, size, dtype=np.int8).tobytes(),
        )  # fmt: skip
        bias = self.bias(channels, self.tensors[source].scales[0] * scale)
        out = self.tensor(1, 1, 1, channels, scale=0.04, zero=-128)
        return self.op("CONV_2D", [source, weights, bias], [out], {**CONV, "stride_h": stride})

    def depthwise(self, source: int) -> int:
        """Adds a depthwise convolution over all rows."""
        _, rows, _, channels = self.shape(source)
        data = self.numbers.integers(-127, 128, rows * channels, dtype=np.int8).tobytes()
        weights = self.tensor(1, rows, 1, channels, scale=0.004, zero=0, data=data)
        bias = self.bias(channels, self.tensors[source].scales[0] * 0.004)
        return self.op("DEPTHWISE_CONV_2D", [source, weights, bias], [self.tensor(1, 1, 1, channels)], DEPTHWISE)

    def bias(self, channels: int, scale: float) -> int:
        """Adds random biases."""
        data = self.numbers.integers(-500, 500, channels).astype("<i4").tobytes()
        self.tensors.append(TensorSpec((channels,), "INT32", (scale,), data=data))
        return len(self.tensors) - 1

    def mixed(self, source: int) -> int:
        """Adds a split into halves of the channels, with windows of different lengths (MixConv)."""
        _, rows, _, channels = self.shape(source)
        half = channels // 2
        halves = [self.like(source, 1, rows, 1, half) for _ in range(2)]
        self.op("SPLIT_V", [source, self.constant(half, half), self.constant(-1)], halves)
        short = self.last_rows(halves[0], max(1, rows - 2))
        made = [self.depthwise(short), self.depthwise(self.last_rows(halves[1], rows))]
        joined = self.like(made[0], 1, 1, 1, channels)
        return self.op("CONCATENATION", made, [joined], {"axis": -1, "fused_activation_function": 0})

    def tflite(self) -> bytes:
        """Returns the file."""
        tensors, ops = [], []
        for name, value in self.first_values.items():
            tensors += [TensorSpec((), "RESOURCE", (), ()), value]
            ops.append(OpSpec("VAR_HANDLE", [], [len(tensors) - 2], {"shared_name": name.encode()}))
            ops.append(OpSpec("ASSIGN_VARIABLE", [len(tensors) - 2, len(tensors) - 1], [], None))
        return build_model(self.tensors, self.ops, initial=(tensors, ops))


def streaming_model(seed: int, stride: int = 3) -> bytes:
    """Returns a random model: int8 [1, stride, 40] features in, uint8 [1, 1] out; the same for the same seed."""
    writer = Writer(seed)
    choose = writer.choose
    source = writer.tensor(1, stride, N_MELS, scale=FEATURE_SCALE, zero=-128)
    image = writer.op(
        "RESHAPE", [source, writer.constant(1, stride, 1, N_MELS)], [writer.like(source, 1, stride, 1, 40)]
    )
    channels = choose.choice((4, 8, 12))
    hidden = writer.convolution(writer.with_past(image, choose.randint(1, 4)), channels, stride)
    for _ in range(choose.randint(1, 3)):
        past = writer.with_past(hidden, choose.randint(2, 9))
        hidden = writer.mixed(past) if choose.random() < 0.5 else writer.depthwise(past)
        hidden = writer.convolution(hidden, channels, 1)
    flat = writer.like(hidden, 1, channels)
    writer.op("RESHAPE", [hidden, writer.constant(1, channels)], [flat])
    weights = writer.tensor(
        1, channels, scale=0.05, zero=0, data=writer.numbers.integers(-127, 128, channels, dtype=np.int8).tobytes()
    )
    bias = writer.bias(1, writer.tensors[flat].scales[0] * 0.05)
    logit = writer.op(
        "FULLY_CONNECTED", [flat, weights, bias], [writer.tensor(1, 1, scale=0.3)], {"fused_activation_function": 0}
    )
    likely = writer.op("LOGISTIC", [logit], [writer.tensor(1, 1, scale=1 / 256, zero=-128)])
    writer.op("QUANTIZE", [likely], [writer.tensor(1, 1, scale=1 / 256, zero=0, type="UINT8")])
    return writer.tflite()


def write_manifest(folder: Path, tflite: bytes, **changes: Any) -> Path:
    """Writes a model and its manifest; `changes` replaces keys, those of `micro` too. Returns the manifest."""
    micro = {
        "probability_cutoff": 0.5,
        "feature_step_size": 10,
        "sliding_window_size": 5,
        "tensor_arena_size": 20000,
        "minimum_esphome_version": "2024.7.0",
    }
    values = {
        "type": "micro",
        "wake_word": "Okay Test",
        "author": "a test",
        "model": "model.tflite",
        "trained_languages": ["en"],
        "version": 2,
        "micro": micro | {key: value for key, value in changes.items() if key in micro},
    }
    values |= {key: value for key, value in changes.items() if key not in micro}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(tflite)
    path = folder / "wake.json"
    path.write_text(json.dumps(values))
    return path
