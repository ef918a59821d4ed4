# SPDX-License-Identifier: Apache-2.0
"""A very small int8 model, a dense layer and a softmax, and a bundle of it: no TensorFlow needed."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.audio.files import write_wav
from tinykws.model.bundle import Bundle, TensorInfo, write_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.model.own_models import trust
from tinykws.model.self_test_signal import golden_clip
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import labels_of_words

FRONTEND = FrontendSettings(clip_ms=100)
"""Four frames of 40 features: the golden files stay readable."""
INPUT = TensorInfo((1, 160), 26.0 / 255, -128)
OUTPUT = TensorInfo((1, 3), 1 / 256, -128)


def tiny_tflite(*, per_channel: bool = False, variant: int = 37) -> bytes:
    """Returns the model: int8 [1, 160] to int8 [1, 3]; each variant has other weights."""
    weights = bytes((n * n * variant % 31 - 15) % 256 for n in range(3 * 160))
    scales = (0.005, 0.006, 0.007) if per_channel else (0.005,)
    zeros = (0,) * len(scales)
    bias_scales = tuple(scale * INPUT.scale for scale in scales)
    tensors = [
        TensorSpec(INPUT.shape, "INT8", (INPUT.scale,), (INPUT.zero_point,), name="features"),
        TensorSpec((3, 160), "INT8", scales, zeros, data=weights, name="weights"),
        TensorSpec((3,), "INT32", bias_scales, zeros, data=struct.pack("<3i", 40, -25, 7), name="biases"),
        TensorSpec(OUTPUT.shape, "INT8", (0.5,), (4,), name="logits"),
        TensorSpec(OUTPUT.shape, "INT8", (OUTPUT.scale,), (OUTPUT.zero_point,), name="scores"),
    ]
    ops = [
        OpSpec("FULLY_CONNECTED", (0, 1, 2), (3,), {}),
        OpSpec("SOFTMAX", (3,), (4,), {"beta": 1.0}),
    ]
    return build_model(tensors, ops)


def speech_tflite(
    shape: Sequence[int] = (1, 1960), *, scale: float = 26 / 256, seen: Sequence[int] = (), n_labels: int = 4
) -> bytes:
    """Returns a model of a dense layer and a softmax, with an input of any shape and scale.

    Args:
        shape: the input's shape.
        scale: the input's scale.
        seen: the shape that a RESHAPE gives the input first; empty: no RESHAPE.
        n_labels: number of outputs.
    """
    depth = math.prod(shape)
    weights = bytes((n * n * 37 % 31 - 15) % 256 for n in range(n_labels * depth))
    tensors = [
        TensorSpec(shape, "INT8", (scale,), (-128,), name="features"),
        TensorSpec((n_labels, depth), "INT8", (0.0002,), (0,), data=weights, name="weights"),
        TensorSpec((n_labels,), "INT32", (0.0002 * scale,), (0,), data=bytes(4 * n_labels), name="biases"),
        TensorSpec((1, n_labels), "INT8", (0.5,), (4,), name="logits"),
        TensorSpec((1, n_labels), "INT8", (1 / 256,), (-128,), name="scores"),
        TensorSpec(seen or shape, "INT8", (scale,), (-128,), name="seen"),
    ]
    first = [OpSpec("RESHAPE", (0,), (5,), None)] if seen else []
    dense = OpSpec("FULLY_CONNECTED", (5 if seen else 0, 1, 2), (3,), {})
    return build_model(tensors, [*first, dense, OpSpec("SOFTMAX", (3,), (4,), {"beta": 1.0})])


def dense_tflite(input_info: TensorInfo, output_info: TensorInfo) -> bytes:
    """Returns a model of a dense layer and a softmax with any input and output; its weights are all zero."""
    n_in, n_out = input_info.size, output_info.size
    tensors = [
        TensorSpec(input_info.shape, "INT8", (input_info.scale,), (input_info.zero_point,), name="features"),
        TensorSpec((n_out, n_in), "INT8", (0.005,), (0,), data=bytes(n_out * n_in), name="weights"),
        TensorSpec(output_info.shape, "INT8", (0.5,), (4,), name="logits"),
        TensorSpec(output_info.shape, "INT8", (output_info.scale,), (output_info.zero_point,), name="scores"),
    ]
    return build_model(
        tensors, [OpSpec("FULLY_CONNECTED", (0, 1, -1), (2,), {}), OpSpec("SOFTMAX", (2,), (3,), {"beta": 1.0})]
    )


def dense_bundle(folder: Path, frontend: FrontendSettings, detector: DetectorSettings, words: Sequence[str]) -> Bundle:
    """Writes a bundle of dense_tflite() for any settings, without golden clips."""
    labels = labels_of_words(words)
    input_info = TensorInfo((1, frontend.n_frames * frontend.n_mels), INPUT.scale, INPUT.zero_point)
    output_info = TensorInfo((1, len(labels)), OUTPUT.scale, OUTPUT.zero_point)
    model = dense_tflite(input_info, output_info)
    bundle = Bundle(
        path=folder,
        model_sha256=hashlib.sha256(model).hexdigest(),
        origin="imported",
        labels=labels,
        frontend=frontend,
        detector=detector,
        input=input_info,
        output=output_info,
        ops=("FULLY_CONNECTED", "SOFTMAX"),
        arena_bytes=1001,
        arena_measured_by="the test's own invention",
        metrics={},
        tools={},
        golden=(),
    )
    return write_bundle(bundle, model, {})


EAGER = DetectorSettings(threshold=60, suppression_ms=300, average_window_ms=200)
"""A detector with a low threshold, which accepts often."""


def speech_like_sound(seconds: int) -> npt.NDArray[np.int16]:
    """Returns noise that changes its level every quarter of a second: the tiny model finds words in it."""
    rng = np.random.default_rng(7)
    loudness = np.repeat(rng.choice([100, 6000], seconds * 4), 4000)
    sound: npt.NDArray[np.int16] = (
        (rng.standard_normal(16000 * seconds) * loudness).clip(-32768, 32767).astype(np.int16)
    )
    return sound


def write_walk(path: Path, seconds: int) -> Path:
    """Writes speech_like_sound()."""
    write_wav(path, speech_like_sound(seconds))
    return path


def tiny_bundle(
    folder: Path,
    *,
    words: Sequence[str] = ("yes",),
    per_channel: bool = False,
    detector: DetectorSettings | None = None,
    variant: int = 37,
) -> Bundle:
    """Writes a bundle of the tiny model."""
    model = tiny_tflite(per_channel=per_channel, variant=variant)
    trust(model)
    self_test, sound = golden_clip(FRONTEND, Interpreter(model).invoke)
    bundle = Bundle(
        path=folder,
        model_sha256=hashlib.sha256(model).hexdigest(),
        origin="imported",
        labels=labels_of_words(words),
        frontend=FRONTEND,
        detector=detector or DetectorSettings(),
        input=INPUT,
        output=OUTPUT,
        ops=("FULLY_CONNECTED", "SOFTMAX"),
        arena_bytes=1001,
        arena_measured_by="the test's own invention",
        metrics={},
        tools={},
        golden=(self_test,),
    )
    return write_bundle(bundle, model, {self_test.file: sound})
