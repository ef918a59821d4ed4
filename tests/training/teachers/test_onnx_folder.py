# SPDX-License-Identifier: Apache-2.0
"""A teacher from a folder: each row is of the window that ends there, at the network's own sample rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_teachers import TEACHER_YAML, write_onnx_teacher

from tinykws.support.errors import ConfigError
from tinykws.training.teachers.onnx_folder import OnnxFolder

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
WEIGHTS = np.random.default_rng(1).standard_normal((2560, 3)).astype(np.float32)
SOUND = (np.random.default_rng(2).standard_normal(16_000) * 3000).astype(np.int16)


def test_a_row_is_of_the_window_that_ends_with_it(tmp_path: Path) -> None:
    write_onnx_teacher(tmp_path, WEIGHTS)
    rows = OnnxFolder(tmp_path).embed(SOUND)
    assert rows.shape == (12, 3)
    heard = np.concatenate([np.zeros(2560), SOUND / 32768])
    for row in range(12):
        expected = np.abs(heard[1280 * (row + 1) :][:2560] @ WEIGHTS)
        np.testing.assert_allclose(rows[row], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("n_samples", [1280, 1279 + 1280, 40 * 1280 + 5])
def test_what_comes_later_changes_nothing(tmp_path: Path, n_samples: int) -> None:
    write_onnx_teacher(tmp_path, WEIGHTS)
    sound = np.resize(SOUND, 60 * 1280)
    teacher = OnnxFolder(tmp_path)
    rows = teacher.embed(sound[:n_samples])
    assert len(rows) == n_samples // 1280
    np.testing.assert_allclose(rows, teacher.embed(sound)[: len(rows)], rtol=1e-5)


def test_less_than_a_row_gives_none(tmp_path: Path) -> None:
    write_onnx_teacher(tmp_path, WEIGHTS)
    assert OnnxFolder(tmp_path).embed(SOUND[:1279]).shape == (0, 3)


def test_the_sound_is_given_at_the_rate_of_the_network(tmp_path: Path) -> None:
    """A tone that a network at 8 kHz listens for is found at its place in time and frequency."""
    write_onnx_teacher(tmp_path, _tone(1000, 800, 8000), "sample_rate_hz: 8000\nhop_ms: 50\nwindow_ms: 100\n")
    sound = np.zeros(16_000)
    sound[8000:12_000] = 8000 * np.sin(2 * np.pi * 1000 * np.arange(4000) / 16_000)
    teacher = OnnxFolder(tmp_path)
    assert teacher.hop_samples == 800
    loud = np.hypot(*teacher.embed(sound.astype(np.int16)).T)
    assert list(np.flatnonzero(loud > 0.9 * loud.max())) == [11, 12, 13, 14]


def test_the_files_decide_the_identity(tmp_path: Path) -> None:
    identities = set()
    for at, (weights, settings) in enumerate(
        [(WEIGHTS, TEACHER_YAML), (WEIGHTS + 1, TEACHER_YAML), (WEIGHTS, TEACHER_YAML.replace("80", "40"))]
    ):
        write_onnx_teacher(tmp_path / str(at), weights, settings)
        identities.add(OnnxFolder(tmp_path / str(at)).identity())
    write_onnx_teacher(tmp_path / "again", WEIGHTS)
    assert OnnxFolder(tmp_path / "again").identity() in identities
    assert len(identities) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "there is no .*teacher.yaml"),
        ("sample_rate_hz: 16000\nhop_ms: 80\n", "teacher.yaml: .*window_ms"),
        (TEACHER_YAML.replace("hop_ms: 80", "hop_ms: 0"), "teacher.yaml: hop_ms is 0"),
        (TEACHER_YAML.replace("hop_ms: 80", "hop_ms: 170"), "teacher.yaml: window_ms is 160"),
        (TEACHER_YAML + "pitch: 3\n", "teacher.yaml: .*pitch"),
        ("16000", "teacher.yaml"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path: Path, settings: str | None, message: str) -> None:
    write_onnx_teacher(tmp_path, WEIGHTS, settings or "")
    if settings is None:
        (tmp_path / "teacher.yaml").unlink()
    with pytest.raises(ConfigError, match=message):
        OnnxFolder(tmp_path)


def test_a_network_that_cannot_be_used(tmp_path: Path) -> None:
    write_onnx_teacher(tmp_path, WEIGHTS[:1000])
    with pytest.raises(ConfigError, match=r"embedding.onnx does not take float \[12, 2560\]"):
        OnnxFolder(tmp_path).embed(SOUND)
    (tmp_path / "embedding.onnx").write_bytes(b"no network")
    with pytest.raises(ConfigError, match=r"embedding\.onnx cannot be used as a network"):
        OnnxFolder(tmp_path)
    (tmp_path / "embedding.onnx").unlink()
    with pytest.raises(ConfigError, match=r"there is no .*embedding\.onnx"):
        OnnxFolder(tmp_path)


def _tone(hz: int, window: int, rate_hz: int) -> np.ndarray:
    phase = 2 * np.pi * hz * np.arange(window) / rate_hz
    return np.stack([np.cos(phase), np.sin(phase)], axis=1).astype(np.float32)
