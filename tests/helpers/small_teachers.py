# SPDX-License-Identifier: Apache-2.0
"""Small teachers: one in Python, and an ONNX network in a folder, as a user would have it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.training.teachers.speech_teacher import Rows, SpeechTeacher

BANDS = 24
HOP = 1280
TEACHER_YAML = "sample_rate_hz: 16000\nhop_ms: 80\nwindow_ms: 160\n"


class Spectrum(SpeechTeacher):
    """Each row is the spectrum of the newest 80 ms in BANDS bands, as decibels; it counts the sounds that it heard."""

    hop_samples = HOP

    def __init__(self, version: str = "1") -> None:
        self.heard = 0
        self.version = version

    def identity(self) -> str:
        return self.version

    def embed(self, samples: Samples) -> Rows:
        self.heard += 1
        pieces = samples[: len(samples) // HOP * HOP].reshape(-1, HOP).astype(np.float64)
        power = np.abs(np.fft.rfft(pieces * np.hanning(HOP), axis=1)[:, 1:601]) ** 2
        return np.asarray(np.log10(power.reshape(-1, BANDS, 25).sum(axis=2) + 1), np.float32)


def write_onnx_teacher(folder: Path, weights: npt.NDArray[np.float32], settings: str = TEACHER_YAML) -> None:
    """Writes a teacher whose row is the magnitude of window @ weights, [samples of the window, size]."""
    from onnx import TensorProto, helper, numpy_helper, save

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", None]) for name in ("sound", "row")]
    nodes = [helper.make_node("MatMul", ["sound", "w"], ["product"]), helper.make_node("Abs", ["product"], ["row"])]
    graph = helper.make_graph(nodes, "embedding", [ends[0]], [ends[1]], [numpy_helper.from_array(weights, "w")])
    folder.mkdir(parents=True, exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), folder / "embedding.onnx")
    (folder / "teacher.yaml").write_text(settings)


def tone_detector(window: int, tones_hz: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Returns weights [window, 2 * tones]: how much of each tone is in the window."""
    phases = 2 * np.pi * np.outer(np.arange(window) / 16000, tones_hz)
    return np.asarray(np.concatenate([np.cos(phases), np.sin(phases)], axis=1) / 20, np.float32)
