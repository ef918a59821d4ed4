# SPDX-License-Identifier: Apache-2.0
"""export esphome: manifests, the guard, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stream_model import stream_bundle
from tflite_builder import OpSpec, TensorSpec, build_model
from tflite_micro import runtime
from tiny_model import tiny_bundle

from tinykws.cli.main import run
from tinykws.evaluation.sliding_mean import SlidingMean
from tinykws.exports.esphome.guard import check_manifest, check_manifests, model_faults
from tinykws.exports.esphome.manifest import Manifest, manifest_faults
from tinykws.project.config import load_config
from tinykws.stages.export_esphome import EsphomeRequest, export_esphome
from tinykws.stages.init import init
from tinykws.support.errors import ConfigError

GOOD = Manifest("computer", "computer.tflite", "someone", ("en",), SlidingMean(200, 5), 30_000).to_dict()


def test_a_manifest_has_no_fault() -> None:
    assert manifest_faults(GOOD) == []
    assert manifest_faults({**GOOD, "website": "https://example.org"}) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"recall": 0.9}, "'recall' is not one that ESPHome knows"),
        ({"type": "macro"}, "type: it is not 'micro'"),
        ({"version": 1}, "version 1"),
        ({"version": 3}, "version: it is not 2"),
        ({"wake_word": "vad"}, "voice activity detector"),
        ({"trained_languages": [1]}, "trained_languages"),
        ({"micro": 3}, "micro: it is not a JSON object"),
        ({"micro": {**GOOD["micro"], "feature_step_size": 40}}, "from 0 to 30"),
        ({"micro": {**GOOD["micro"], "probability_cutoff": 1.0}}, "never detected"),
        ({"micro": {**GOOD["micro"], "probability_cutoff": "0.9"}}, "not a number"),
        ({"micro": {**GOOD["micro"], "sliding_window_size": 0}}, "sliding_window_size"),
        ({"micro": {**GOOD["micro"], "minimum_esphome_version": "2024"}}, "not a version"),
        ({"micro": {**GOOD["micro"], "precision": 1}}, "micro: the key 'precision'"),
    ],
)
def test_each_fault_of_a_manifest_is_named(change: dict[str, Any], reason: str) -> None:
    assert reason in "; ".join(manifest_faults({**GOOD, **change}))


@pytest.mark.parametrize("key", sorted(GOOD))
def test_a_missing_key_is_named(key: str) -> None:
    assert f"the key {key!r} is missing" in manifest_faults({name: GOOD[name] for name in GOOD if name != key})


def test_each_fault_of_a_model_is_named() -> None:
    tensors = [TensorSpec((1, 49, 40), scales=(0.1,)), TensorSpec((1, 3), scales=(0.1,))]
    faults = "; ".join(model_faults(build_model(tensors, [OpSpec("SOFTMAX", (0,), (1,), {"beta": 1.0})])))
    for reason in ("no op SOFTMAX: end the network with a sigmoid", "output is [1, 3], not [1, 1]", "output is int8"):
        assert reason in faults
    assert "keeps no state" in faults
    flat = [TensorSpec((1, 1960), "FLOAT32", scales=()), TensorSpec((1, 1), "UINT8")]
    faults = "; ".join(model_faults(build_model(flat, [OpSpec("LOGISTIC", (0,), (1,))])))
    assert "the input is [1, 1960], not [1, stride, 40]" in faults
    assert "the input is float32, not int8" in faults
    assert model_faults(b"no model at all") == ["the model is not a .tflite: bytes 5 to 8 are not TFL3"]


@pytest.mark.parametrize("name", ["../elsewhere.tflite", "/etc/passwd", "C:\\model.tflite", "..\\up.tflite"])
def test_a_model_elsewhere_is_not_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "word.json"
    path.write_text(json.dumps({**GOOD, "model": name}))
    assert "not a file beside the manifest" in "; ".join(check_manifest(path).faults)


def write_list(path: Path) -> None:
    path.write_text("[]")


def write_damaged(path: Path) -> None:
    path.write_text(json.dumps(GOOD))
    path.with_name("computer.tflite").write_bytes(b"\x20\0\0\0TFL3" + bytes(8))


@pytest.mark.parametrize("write", [write_list, write_damaged])
def test_damaged_files_are_faults(write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path / "word.json")
    assert check_manifest(tmp_path / "word.json").faults


@pytest.mark.slow
def test_the_command_exports_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream_bundle(tmp_path / "bundle", "computer", "lamp")
    given = ["--bundle", str(tmp_path / "bundle"), "--project", str(tmp_path), "--cutoff", "0.9", "--window", "5"]
    out = tmp_path / "out"
    assert run(["export", "esphome", str(out), *given, "--author", "Ada", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [word["word"] for word in report["words"]] == ["computer", "lamp"]
    for word in ("computer", "lamp"):
        manifest = json.loads((out / f"{word}.json").read_text())
        assert (manifest["wake_word"], manifest["author"]) == (word, "Ada")
        assert int(manifest["micro"]["probability_cutoff"] * 255) == int(0.9 * 255)
        arena = manifest["micro"]["tensor_arena_size"]
        model = (out / manifest["model"]).read_bytes()
        runtime.Interpreter.from_bytes(model, arena_size=arena).invoke()
    paths = [str(out / "computer.json"), "--check", str(out / "lamp.json")]
    assert run(["export", "esphome", "--check", *paths]) == 0
    assert capsys.readouterr().out.count("ESPHome loads it") == 2
    changed = json.loads((out / "lamp.json").read_text())
    changed["micro"]["feature_step_size"] = 20
    (out / "lamp.json").write_text(json.dumps(changed))
    assert run(["export", "esphome", "--check", *paths]) == 1
    assert capsys.readouterr().out.count("different feature_step_size (10, 20)") == 2
    assert len(check_manifests([out / "computer.json"])) == 1


def test_another_front_end_is_refused_with_its_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="stride_ms 20, not 10, tables tensorflow, not c_library") as caught:
        export_esphome(tiny_bundle(tmp_path / "bundle"), tmp_path / "out", project=None)
    assert "tinykws init --for esphome" in str(caught.value.hint)
    assert not (tmp_path / "out").exists()


def test_without_a_project_cutoff_and_window_are_needed(tmp_path: Path) -> None:
    bundle, request = stream_bundle(tmp_path / "bundle"), EsphomeRequest(arena_bytes=50_000)
    with pytest.raises(ConfigError, match="no project") as caught:
        export_esphome(bundle, tmp_path / "out", project=None, request=request)
    assert "--cutoff 0.9 --window 5" in str(caught.value.hint)


def test_a_project_for_esphome_has_its_front_end(tmp_path: Path) -> None:
    init(tmp_path, ["hey robot"], purpose="esphome")
    config = load_config(tmp_path / "kws.yaml")
    assert (config.frontend.stride_ms, config.frontend.tables) == (10, "c_library")
    assert config.detector.inference_stride_ms == 40
    assert config.model.hears_streams
    with pytest.raises(ConfigError, match="ESPHome runs networks for streams"):
        init(tmp_path / "other", ["hey robot"], architecture="ds_cnn", purpose="esphome")
