# SPDX-License-Identifier: Apache-2.0
"""openWakeWord's embedding: Google's speech_embedding network, which comes with the package openwakeword 0.5.1.

96 numbers each 80 ms, of 0.78 s of sound: https://github.com/dscripka/openWakeWord, which re-implemented
https://tfhub.dev/google/speech_embedding/1 (Apache-2.0; Lin, Kilgour, Roblek, Sharifi: Training Keyword Spotters with
Limited and Synthesized Speech Data, 2020). Only these two .onnx files of the package are used, not its wake words,
which have another licence; it is not imported, and its requirements are not needed.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.support.errors import ConfigError, ToolError
from tinykws.training.teachers.onnx_session import digest_of, open_session
from tinykws.training.teachers.speech_teacher import Rows, SpeechTeacher

MODELS = Path("resources/models")
SPECTROGRAM, EMBEDDING = "melspectrogram.onnx", "embedding_model.onnx"
FRAME_SAMPLES = 160
WINDOW_SAMPLES = 512
FRAMES_PER_ROW = 8
FRAMES_SEEN = 76
BANDS = 32
ROWS_AT_A_TIME = 200
"""A piece of sound for the spectrogram, which cuts off what is 80 dB below the loudest of it."""


class OpenWakeWord(SpeechTeacher):
    """The teacher `openwakeword`."""

    hop_samples = FRAMES_PER_ROW * FRAME_SAMPLES

    def __init__(self, folder: Path | None = None) -> None:
        """Opens the networks in the installed package, or in a folder.

        Raises:
            ToolError: the package, its networks or onnxruntime are not installed.
        """
        folder = _installed() if folder is None else folder
        self._files = [folder / SPECTROGRAM, folder / EMBEDDING]
        missing = [path.name for path in self._files if not path.is_file()]
        if missing:
            raise ToolError(f"the installed openwakeword has no {' and no '.join(missing)}", hint=_install())
        self._spectrogram = open_session(self._files[0])
        self._embedding = open_session(self._files[1], over_any_length(self._files[1]))

    def identity(self) -> str:
        """Returns a digest of the two networks."""
        return digest_of(self._files, "openwakeword 1")

    def embed(self, samples: Samples) -> Rows:
        """Returns float32 [n, 96] for int16 [m] at 16 kHz, n = m // 1280."""
        n_rows = len(samples) // self.hop_samples
        # a row's newest frame ends 352 samples after the row: the window is longer than the hop between frames
        sound = np.concatenate([samples[: n_rows * self.hop_samples], np.zeros(WINDOW_SAMPLES - FRAME_SAMPLES)])
        before = np.ones((FRAMES_SEEN - FRAMES_PER_ROW, BANDS), np.float32)
        rows = [np.zeros((0, 96), np.float32)]
        for start in range(0, n_rows, ROWS_AT_A_TIME):
            stop = min(start + ROWS_AT_A_TIME, n_rows)
            piece = sound[start * self.hop_samples : stop * self.hop_samples + WINDOW_SAMPLES - FRAME_SAMPLES]
            frames = np.concatenate([before, self._frames(piece.astype(np.float32))])
            before = frames[FRAMES_PER_ROW - FRAMES_SEEN :]
            rows.append(self._rows(frames))
        return np.concatenate(rows)

    def _frames(self, piece: Rows) -> Rows:
        """Returns the spectrogram as the embedding wants it, float [frames, BANDS]."""
        return np.asarray(self._spectrogram(piece[None]).reshape(-1, BANDS) / 10 + 2, np.float32)

    def _rows(self, frames: Rows) -> Rows:
        """Returns the embedding of each FRAMES_SEEN frames, float [n, 96]."""
        return np.ascontiguousarray(self._embedding(np.ascontiguousarray(frames[None, :, :, None]))[0, :, :, 0].T)


def over_any_length(path: Path) -> bytes:
    """Returns the embedding network for spectrograms of any length: float [1, frames, BANDS, 1] to [1, 96, rows, 1].

    As it is, it takes FRAMES_SEEN frames to one row. It has convolutions without padding only, so that a longer input
    gives the same rows, and what neighbouring rows have in common, nine tenths, is computed once.

    Raises:
        ConfigError: it is another network.
        ToolError: the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise ToolError(f"onnx cannot be used: {error}", hint="pip install 'tinykws[teacher]'") from error
    model = onnx.load_model_from_string(path.read_bytes())
    graph, last = model.graph, model.graph.node[-1]
    shapes = [
        each for each in graph.initializer if onnx.numpy_helper.to_array(each).tolist() == [-1, 1, FRAMES_SEEN, BANDS]
    ]
    if len(graph.input) != 1 or len(shapes) != 1 or last.op_type != "Reshape":
        raise ConfigError(f"{path} is not the embedding of openwakeword 0.5.1", hint=_install())
    graph.input[0].type.tensor_type.shape.dim[1].dim_param = "frames"
    shapes[0].CopyFrom(onnx.numpy_helper.from_array(np.array([1, 1, -1, BANDS]), shapes[0].name))
    rows = last.input[0]
    graph.node.remove(last)
    del graph.output[:], graph.value_info[:]
    graph.output.append(onnx.helper.make_tensor_value_info(rows, onnx.TensorProto.FLOAT, None))
    network: bytes = model.SerializeToString()
    return network


def _installed() -> Path:
    """Returns the folder of the installed package's networks, without importing the package."""
    found = importlib.util.find_spec("openwakeword")
    if found is None or not found.submodule_search_locations:
        raise ToolError("training: teacher: openwakeword is not installed", hint=_install())
    return Path(found.submodule_search_locations[0]) / MODELS


def _install() -> str:
    """Returns the command: on Linux one of the package's requirements, not needed here, ends with Python 3.11."""
    if platform.system() == "Linux" and sys.version_info >= (3, 12):
        return "pip install 'tinykws[teacher]' && pip install --no-deps openwakeword==0.5.1"
    return "pip install 'tinykws[teacher]'"
