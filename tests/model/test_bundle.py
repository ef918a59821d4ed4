# SPDX-License-Identifier: Apache-2.0
"""bundle: what is written is read back; what was tampered with is refused with the reason."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tiny_model import dense_tflite

from tinykws.model.bundle import Bundle, GoldenClip, TensorInfo, load_bundle, sha256_hex, write_bundle
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import labels_of_words
from tinykws.support.errors import ConfigError

INPUT, OUTPUT = TensorInfo((1, 98, 40, 1), 0.1015625, -128), TensorInfo((1, 5), 1 / 256, -128)
MODEL = dense_tflite(INPUT, OUTPUT)
SAMPLES = np.arange(-8000, 8000, dtype=np.int16)


def bundle_at(path: Path, **changes: Any) -> Bundle:
    values: dict[str, Any] = {
        "path": path,
        "model_sha256": sha256_hex(MODEL),
        "origin": "trained",
        "labels": labels_of_words(["yes", "hey robot", "да"]),
        "frontend": FrontendSettings(stride_ms=10),
        "detector": DetectorSettings(threshold=150),
        "input": INPUT,
        "output": OUTPUT,
        "ops": ("FULLY_CONNECTED", "SOFTMAX"),
        "arena_bytes": 7584,
        "arena_measured_by": "tflite-micro 1",
        "metrics": {"validation": {"clips": 3}},
        "tools": {"tinykws": "0"},
        "golden": (GoldenClip("golden/0_yes.wav", "yes", 4000000000, (-128, 0, 127, 1, 2)),),
    }
    return Bundle(**{**values, **changes})


@pytest.fixture
def written(tmp_path: Path) -> Bundle:
    return write_bundle(bundle_at(tmp_path / "bundle"), MODEL, {"golden/0_yes.wav": SAMPLES})


def test_what_is_written_is_read_back(written: Bundle) -> None:
    assert written == bundle_at(written.path)
    assert load_bundle(written.path) == written
    assert written.model_bytes() == MODEL
    assert written.model_path.read_bytes() == MODEL
    assert written.model_id == sha256_hex(MODEL)[:12]
    assert written.labels[4].text == "да"
    samples, rate = soundfile.read(written.path / "golden/0_yes.wav", dtype="int16")
    assert rate == 16000
    assert samples.tolist() == SAMPLES.tolist()


def test_a_bundle_is_the_same_wherever_it_is_written(tmp_path: Path, written: Bundle) -> None:
    other = write_bundle(bundle_at(tmp_path / "elsewhere"), MODEL, {"golden/0_yes.wav": SAMPLES})
    for name in ("bundle.json", "model.tflite", "golden/0_yes.wav"):
        assert (other.path / name).read_bytes() == (written.path / name).read_bytes()
    assert str(tmp_path) not in (written.path / "bundle.json").read_text()


def test_writing_replaces_the_whole_folder(written: Bundle) -> None:
    (written.path / "golden" / "old.wav").write_bytes(b"")
    write_bundle(dataclasses.replace(written, golden=()), MODEL, {})
    assert sorted(path.name for path in written.path.rglob("*")) == ["bundle.json", "model.tflite"]


def test_a_failure_leaves_the_old_bundle(written: Bundle) -> None:
    with pytest.raises(KeyError):
        write_bundle(written, MODEL, {})
    assert load_bundle(written.path) == written
    assert [path.name for path in written.path.parent.iterdir()] == ["bundle"]


Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda v: v.update(format_version=4), "format version 4, but this version of tinykws reads 1 to 3"),
        (lambda v: v.pop("format_version"), "format version None"),
        (lambda v: v.pop("arena_bytes"), "'arena_bytes' is missing"),
        (lambda v: v["detector"].pop("threshold"), "'detector: threshold' is missing"),
        (lambda v: v["frontend"].pop("pcan_offset"), "'frontend: pcan_offset' is missing"),
        (lambda v: v.update(extra=1), "unknown key 'extra'"),
        (lambda v: v["frontend"].update(n_mel=40), "unknown key 'frontend: n_mel'"),
        (lambda v: v.update(arena_bytes="many"), "arena_bytes must be a whole number"),
        (lambda v: v.update(metrics=[]), "metrics must hold keys"),
        (lambda v: v.update(origin="found"), "origin is 'found'"),
        (lambda v: v["labels"].pop(), "5 outputs, but the bundle has 4 labels"),
        (lambda v: v["labels"].reverse(), "labels are"),
        (lambda v: v["frontend"].update(stride_ms=20), "does not match the features"),
        (lambda v: v["detector"].update(kind="oracle"), "detector: kind is 'oracle'"),
        (lambda v: v["detector"].update(kind="temporal_filter"), "filter_weights has 0 numbers, not 48"),
        (lambda v: v["detector"].update(filter_weights=[1] * 48), "filter_weights has 48 numbers, not 0"),
        (lambda v: v["detector"].update(kind="temporal_filter", filter_weights=[1] * 24), "has 24 numbers, not 48"),
        (lambda v: v["detector"].update(kind="temporal_filter", filter_weights=[128] * 48), "filter_weights is 128"),
        (lambda v: v["detector"].update(word_thresholds=[1]), "word_thresholds has 1 numbers, not 0 or 3"),
        (lambda v: v["detector"].update(threshold=256), "detector: threshold is 256"),
        (lambda v: v["detector"].update(filter_shift=31), "detector: filter_shift is 31"),
        (lambda v: v["golden"][0].update(file="../x.wav"), "outside the bundle"),
        (lambda v: v["golden"][0].update(file="golden/none.wav"), "golden clip golden/none.wav is missing"),
        (lambda v: v.update(model_sha256="0" * 64), "SHA-256 differs"),
    ],
)
def test_a_wrong_key_is_refused_by_name(written: Bundle, edit: Edit, reason: str) -> None:
    path = written.path / "bundle.json"
    values = json.loads(path.read_text())
    edit(values)
    path.write_text(json.dumps(values))
    with pytest.raises(ConfigError) as caught:
        load_bundle(written.path)
    assert reason in caught.value.message
    assert str(written.path) in caught.value.message
    assert caught.value.hint


def test_format_1_is_read_as_what_it_meant(written: Bundle) -> None:
    path = written.path / "bundle.json"
    values = json.loads(path.read_text())
    values["format_version"] = 1
    for added in ("kind", "word_thresholds", "filter_weights", "filter_bias", "filter_shift"):
        del values["detector"][added]
    for clip in values["golden"]:
        del clip["seed"]
    path.write_text(json.dumps(values))
    assert load_bundle(written.path) == written
    assert written.detector.kind == "recognize_commands"
    assert written.detector.thresholds(4) == (150, 150, 150, 150)


@pytest.mark.parametrize("text", ["", "[1]", "{", "\udcff"])
def test_a_corrupt_json_is_refused(written: Bundle, text: str) -> None:
    (written.path / "bundle.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigError, match=r"bundle\.json"):
        load_bundle(written.path)


def test_another_model_is_refused(written: Bundle) -> None:
    written.model_path.write_bytes(MODEL + b".")
    with pytest.raises(ConfigError, match="SHA-256 differs"):
        load_bundle(written.path)


def test_a_missing_model_is_refused(written: Bundle) -> None:
    written.model_path.unlink()
    with pytest.raises(ConfigError, match=r"cannot read .*model\.tflite"):
        load_bundle(written.path)


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no bundle") as caught:
        load_bundle(tmp_path / "nothing")
    assert caught.value.hint
