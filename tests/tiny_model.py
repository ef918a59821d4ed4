"""A very small int8 model, written byte by byte with flatbuffers: a dense layer and a softmax, no TensorFlow needed.

Slots and numbers are those of TFLite's schema (tensorflow/compiler/mlir/lite/schema/schema.fbs).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import flatbuffers

from tinykws.bundle import Bundle, TensorInfo, write_bundle
from tinykws.config import DetectorSettings
from tinykws.frontend import FrontendSettings
from tinykws.labels import labels_of_words

INT32, INT8 = 2, 9
FULLY_CONNECTED, SOFTMAX = 9, 25
FULLY_CONNECTED_OPTIONS, SOFTMAX_OPTIONS = 8, 9
FRONTEND = FrontendSettings(clip_ms=100)
"""Four frames of 40: the golden files stay readable."""
INPUT = TensorInfo((1, 160), 26.0 / 255, -128)
OUTPUT = TensorInfo((1, 3), 1 / 256, -128)

Slots = dict[int, tuple[str, int | float]]


def tiny_tflite(*, per_channel: bool = False) -> bytes:
    """Returns the model: int8 [1, 160] to int8 [1, 3]."""
    builder = flatbuffers.Builder(4096)
    weights = bytes((n * n * 37 % 31 - 15) % 256 for n in range(3 * 160))
    biases = struct.pack("<3i", 40, -25, 7)
    scales = [0.005, 0.006, 0.007] if per_channel else [0.005]
    bias_scales = [scale * INPUT.scale for scale in scales]
    zero = INPUT.zero_point
    tensors = [
        _tensor(
            builder, name="features", shape=INPUT.shape, kind=INT8, buffer=0, scales=[INPUT.scale], zero_point=zero
        ),
        _tensor(builder, name="weights", shape=(3, 160), kind=INT8, buffer=1, scales=scales, zero_point=0),
        _tensor(builder, name="biases", shape=(3,), kind=INT32, buffer=2, scales=bias_scales, zero_point=0),
        _tensor(builder, name="logits", shape=OUTPUT.shape, kind=INT8, buffer=0, scales=[0.5], zero_point=4),
        _tensor(builder, name="scores", shape=OUTPUT.shape, kind=INT8, buffer=0, scales=[1 / 256], zero_point=-128),
    ]
    dense, softmax = _table(builder, {}), _table(builder, {0: ("Float32", 1.0)})
    operators = [
        _operator(builder, code=0, inputs=(0, 1, 2), outputs=(3,), kind=FULLY_CONNECTED_OPTIONS, options=dense),
        _operator(builder, code=1, inputs=(3,), outputs=(4,), kind=SOFTMAX_OPTIONS, options=softmax),
    ]
    subgraph = _table(
        builder,
        {
            0: ("UOffsetTRelative", _offsets(builder, tensors)),
            1: ("UOffsetTRelative", _numbers(builder, "<i", [0])),
            2: ("UOffsetTRelative", _numbers(builder, "<i", [4])),
            3: ("UOffsetTRelative", _offsets(builder, operators)),
        },
    )
    codes = [
        _table(builder, {0: ("Int8", code), 2: ("Int32", 1), 3: ("Int32", code)}) for code in (FULLY_CONNECTED, SOFTMAX)
    ]
    buffers = [_buffer(builder, data) for data in (b"", weights, biases)]
    model = _table(
        builder,
        {
            0: ("Uint32", 3),
            1: ("UOffsetTRelative", _offsets(builder, codes)),
            2: ("UOffsetTRelative", _offsets(builder, [subgraph])),
            4: ("UOffsetTRelative", _offsets(builder, buffers)),
        },
    )
    builder.Finish(model, b"TFL3")
    return bytes(builder.Output())


def tiny_bundle(folder: Path, *, words: Sequence[str] = ("yes",), per_channel: bool = False) -> Bundle:
    """Writes a bundle of the tiny model."""
    model = tiny_tflite(per_channel=per_channel)
    bundle = Bundle(
        path=folder,
        model_sha256=hashlib.sha256(model).hexdigest(),
        origin="imported",
        labels=labels_of_words(words),
        frontend=FRONTEND,
        detector=DetectorSettings(),
        input=INPUT,
        output=OUTPUT,
        ops=("FULLY_CONNECTED", "SOFTMAX"),
        arena_bytes=1001,
        arena_measured_by="the test's own invention",
        metrics={},
        tools={},
        golden=(),
    )
    return write_bundle(bundle, model, {})


def _tensor(
    builder: flatbuffers.Builder,
    *,
    name: str,
    shape: Sequence[int],
    kind: int,
    buffer: int,
    scales: Sequence[float],
    zero_point: int,
) -> int:
    text = builder.CreateString(name)
    quantization = _table(
        builder,
        {
            2: ("UOffsetTRelative", _numbers(builder, "<f", scales)),
            3: ("UOffsetTRelative", _numbers(builder, "<q", [zero_point] * len(scales))),
        },
    )
    dimensions = _numbers(builder, "<i", shape)
    return _table(
        builder,
        {
            0: ("UOffsetTRelative", dimensions),
            1: ("Int8", kind),
            2: ("Uint32", buffer),
            3: ("UOffsetTRelative", text),
            4: ("UOffsetTRelative", quantization),
        },
    )


def _operator(
    builder: flatbuffers.Builder,
    *,
    code: int,
    inputs: Sequence[int],
    outputs: Sequence[int],
    kind: int,
    options: int,
) -> int:
    return _table(
        builder,
        {
            0: ("Uint32", code),
            1: ("UOffsetTRelative", _numbers(builder, "<i", inputs)),
            2: ("UOffsetTRelative", _numbers(builder, "<i", outputs)),
            3: ("Uint8", kind),
            4: ("UOffsetTRelative", options),
        },
    )


def _buffer(builder: flatbuffers.Builder, data: bytes) -> int:
    if not data:
        return _table(builder, {})
    builder.StartVector(1, len(data), 16)
    for byte in reversed(data):
        builder.PrependByte(byte)
    return _table(builder, {0: ("UOffsetTRelative", builder.EndVector())})


def _table(builder: flatbuffers.Builder, slots: Slots) -> int:
    builder.StartObject(max(slots, default=-1) + 1)
    for slot, (kind, value) in slots.items():
        prepend: Callable[[int | float], None] = getattr(builder, f"Prepend{kind}")
        prepend(value)
        builder.Slot(slot)
    return int(builder.EndObject())


def _offsets(builder: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: flatbuffers.Builder, form: str, values: Sequence[float]) -> int:
    size = struct.calcsize(form)
    builder.StartVector(size, len(values), size)
    for value in reversed(values):
        for byte in reversed(struct.pack(form, value)):
            builder.PrependByte(byte)
    return int(builder.EndVector())
