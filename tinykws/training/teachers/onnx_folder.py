# SPDX-License-Identifier: Apache-2.0
"""An ONNX network from a folder of the user's: embedding.onnx, and teacher.yaml, which says how it hears.

    sample_rate_hz: 16000   # of its input
    hop_ms: 80              # a row of numbers each 80 ms
    window_ms: 1000         # the sound that each row is of

The input is float [n, samples of the window] from -1 to 1, the output float [n, …].
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import soxr

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.support.dataclass_reader import read_dataclass, require_in_range
from tinykws.support.errors import ConfigError
from tinykws.support.yaml_text import load_yaml, read_yaml_file
from tinykws.training.teachers.onnx_session import digest_of, open_session
from tinykws.training.teachers.speech_teacher import Rows, SpeechTeacher

SETTINGS, NETWORK = "teacher.yaml", "embedding.onnx"
BATCH = 32
FULL_SCALE = 32768.0


@dataclasses.dataclass(frozen=True)
class _Hearing:
    """teacher.yaml."""

    sample_rate_hz: int
    hop_ms: int
    window_ms: int

    def __post_init__(self) -> None:
        require_in_range("sample_rate_hz", self.sample_rate_hz, 4000, 48_000)
        require_in_range("hop_ms", self.hop_ms, 10, 200)
        require_in_range("window_ms", self.window_ms, self.hop_ms, 10_000)


class OnnxFolder(SpeechTeacher):
    """A teacher from a folder."""

    def __init__(self, folder: Path) -> None:
        """Reads teacher.yaml and opens embedding.onnx.

        Raises:
            ConfigError: one of them is missing or cannot be used.
            ToolError: onnxruntime is not installed.
        """
        self._hearing = _hearing(folder / SETTINGS)
        self._files = [folder / SETTINGS, folder / NETWORK]
        if not self._files[1].is_file():
            raise ConfigError(f"there is no {self._files[1]}", hint="put the network there, as ONNX")
        self._run = open_session(self._files[1])
        self.hop_samples = self._hearing.hop_ms * SAMPLE_RATE_HZ // 1000

    def identity(self) -> str:
        """Returns a digest of both files."""
        return digest_of(self._files, "folder 1")

    def embed(self, samples: Samples) -> Rows:
        """Returns float32 [n, size] for int16 [m] at 16 kHz, n = m // hop_samples."""
        n_rows = len(samples) // self.hop_samples
        rate = self._hearing.sample_rate_hz
        window, hop = (rate * ms // 1000 for ms in (self._hearing.window_ms, self._hearing.hop_ms))
        sound = np.asarray(samples, np.float32) / FULL_SCALE
        sound = sound if rate == SAMPLE_RATE_HZ else soxr.resample(sound, SAMPLE_RATE_HZ, rate)
        sound = np.concatenate([np.zeros(window, np.float32), sound, np.zeros(hop, np.float32)])
        seen = np.lib.stride_tricks.sliding_window_view(sound, window)[hop::hop][: max(n_rows, 1)]
        rows = [self._run(np.ascontiguousarray(seen[at : at + BATCH])) for at in range(0, len(seen), BATCH)]
        if any(
            len(part) != len(seen[at : at + BATCH]) for part, at in zip(rows, range(0, len(seen), BATCH), strict=True)
        ):
            raise ConfigError(f"{self._files[1]} does not return one row for each window of sound")
        return np.concatenate([part.reshape(len(part), -1) for part in rows])[:n_rows]


def _hearing(path: Path) -> _Hearing:
    try:
        text = read_yaml_file(path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}", hint="it says how the network hears: sample_rate_hz, hop_ms, window_ms"
        ) from error
    try:
        return read_dataclass(_Hearing, load_yaml(text, source=str(path)))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", hint=error.hint) from error
