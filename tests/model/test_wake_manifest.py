# SPDX-License-Identifier: Apache-2.0
"""Manifests of microWakeWord: what they say, and what a stranger could have put into one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streaming_models import streaming_model, write_manifest

from tinykws.aot.reader.tflite import read_model
from tinykws.model.wake_manifest import cutoff_of, read_manifest
from tinykws.project.detector_settings import SLIDING_MEAN
from tinykws.support.errors import ConfigError


@pytest.fixture(scope="module")
def model() -> bytes:
    return streaming_model(1)


def test_front_end_and_detector_are_those_of_esphome(model: bytes, tmp_path: Path) -> None:
    manifest = read_manifest(write_manifest(tmp_path, model, probability_cutoff=0.85))
    frontend = manifest.frontend_for(read_model(model))
    assert (frontend.window_ms, frontend.stride_ms, frontend.n_frames, frontend.tables) == (30, 10, 3, "c_library")
    detector = manifest.detector_for(frontend)
    assert (detector.kind, detector.threshold, detector.minimum_count) == (SLIDING_MEAN, 216, 5)
    assert (detector.inference_stride_ms, detector.average_window_ms, detector.suppression_ms) == (30, 150, 1000)
    assert [label.name for label in manifest.labels] == ["_silence_", "_unknown_", "okay_test"]
    assert manifest.model_bytes() == model


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "tiny"}, "not a microWakeWord manifest of version 2"),
        ({"version": 1}, "not a microWakeWord manifest of version 2"),
        ({"micro": 3}, 'no object "micro"'),
        ({"wake_word": 7}, "wake_word is 7, not text"),
        ({"wake_word": "silence"}, "wake_word: "),
        ({"wake_word": "a\x1b[31mb"}, "wake_word: "),
        ({"wake_word": "x" * 300}, "wake_word: "),
        ({"model": None}, "model is missing, not text"),
        ({"model": "../model.tflite"}, "not the name of a file beside it"),
        ({"model": "/etc/passwd"}, "not the name of a file beside it"),
        ({"model": "c:model.tflite"}, "not the name of a file beside it"),
        ({"model": "..\\model.tflite"}, "not the name of a file beside it"),
        ({"model": "a\nb"}, "not the name of a file beside it"),
        ({"model": ".."}, "not the name of a file beside it"),
        ({"feature_step_size": 0}, "feature_step_size is 0, not a whole number from 5 to 30"),
        ({"feature_step_size": 10.0}, "feature_step_size is 10.0"),
        ({"sliding_window_size": 0}, "sliding_window_size is 0"),
        ({"sliding_window_size": True}, "sliding_window_size is True"),
        ({"sliding_window_size": 2**70}, "sliding_window_size is "),
        ({"probability_cutoff": 1.5}, "probability_cutoff is 1.5, not a number from 0 to 1"),
        ({"probability_cutoff": "0.5"}, "probability_cutoff is '0.5'"),
        ({"tensor_arena_size": -1}, "tensor_arena_size is -1"),
        ({"tensor_arena_size": 2**40}, "tensor_arena_size is "),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, Any], message: str, model: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_manifest(write_manifest(tmp_path, model, **changes))
    assert message in str(refused.value)
    assert str(refused.value).isprintable(), "nothing of a stranger's reaches a terminal as it is"
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type": NaN}', "\xff", "[" * 3000])
def test_what_is_not_json_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wake.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        read_manifest(path)


def test_a_long_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "wake.json"
    path.write_text(json.dumps({"type": "micro", "more": "x" * (1 << 16)}))
    with pytest.raises(ConfigError, match="it is not a manifest"):
        read_manifest(path)


def test_a_model_outside_the_folder_is_refused(model: bytes, tmp_path: Path) -> None:
    path = write_manifest(tmp_path / "a", model)
    (tmp_path / "elsewhere.tflite").write_bytes(model)
    (tmp_path / "a" / "model.tflite").unlink()
    (tmp_path / "a" / "model.tflite").symlink_to(tmp_path / "elsewhere.tflite")
    with pytest.raises(ConfigError, match="link to a file outside"):
        read_manifest(path)


def test_a_missing_model_is_told(model: bytes, tmp_path: Path) -> None:
    path = write_manifest(tmp_path, model)
    (tmp_path / "model.tflite").unlink()
    with pytest.raises(ConfigError, match=r"cannot read its model model\.tflite"):
        read_manifest(path).model_bytes()


def test_too_long_a_window_is_refused(model: bytes, tmp_path: Path) -> None:
    manifest = read_manifest(write_manifest(tmp_path, model, sliding_window_size=200))
    with pytest.raises(ConfigError, match="6000 ms; 5000 ms is the most"):
        manifest.detector_for(manifest.frontend_for(read_model(model)))


def test_every_threshold_has_a_cutoff_that_esphome_takes_for_it() -> None:
    for threshold in range(256):
        cutoff = cutoff_of(threshold)
        assert int(cutoff * 255) == threshold
        assert len(f"{cutoff:g}") <= 5
