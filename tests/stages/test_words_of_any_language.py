# SPDX-License-Identifier: Apache-2.0
"""Words of any language, and phrases: safe labels for folders, C and serial lines; for people, what they wrote."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from tiny_model import tiny_bundle, tiny_tflite

from tinykws.audio.files import read_audio, write_wav
from tinykws.cli.main import run
from tinykws.model.bundle import load_bundle, write_bundle
from tinykws.project.detector_settings import DetectorSettings

SETTINGS = """
features: {clip_ms: 1500}
model: {architecture: micro_speech}
synth: {clips_per_word: 40, unknown_clips: 40, silence_clips: 20}
training: {epochs: 2, batch_size: 32}
detector: {threshold: 200}
"""
FOLDERS = ["_background_noise_", "_silence_", "_unknown_", "da", "privet_robot"]


@pytest.fixture(scope="module")
def russian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of a word and a phrase in Russian, trained a little."""
    root = tmp_path_factory.mktemp("russian") / "проект один"
    assert run(["init", str(root), "--words", "да, привет  робот", "--language", "ru"]) == 0
    text = (root / "kws.yaml").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("training", "detector", "model"))]
    (root / "kws.yaml").write_text("\n".join(kept) + SETTINGS, encoding="utf-8")
    assert run(["tune", "--project", str(root)]) == 0
    return root


@pytest.fixture
def bundle_that_hears(tmp_path: Path) -> Path:
    """A project with an imported model for a phrase, whose detector takes any score for it."""
    bundle = tiny_bundle(tmp_path / "p" / "build" / "bundle", words=["привет робот"])
    eager = DetectorSettings(threshold=0, minimum_count=1, suppression_ms=0, average_window_ms=100)
    clips = {clip.file: read_audio(bundle.path / clip.file).samples for clip in bundle.golden}
    write_bundle(dataclasses.replace(bundle, detector=eager), tiny_tflite(), clips)
    return tmp_path / "p"


def clip_that_is_heard(folder: Path) -> Path:
    """Writes noise in which the tiny model hears its word."""
    folder.mkdir()
    path = folder / "a.wav"
    write_wav(path, np.random.default_rng(5).integers(-9000, 9000, 8000).astype(np.int16))
    return path


def test_folders_have_labels_and_the_bundle_both(russian: Path) -> None:
    assert sorted(path.name for path in (russian / "data").iterdir()) == ["da", "privet_robot"]
    synth = russian / "build" / "synth"
    assert sorted(path.name for path in synth.iterdir() if path.is_dir()) == FOLDERS
    labels = load_bundle(russian / "build" / "bundle").labels
    assert [(label.name, label.text) for label in labels[2:]] == [("da", "да"), ("privet_robot", "привет робот")]


@pytest.mark.parametrize("command", ["synth", "prepare", "quantize", "tune", "evaluate"])
def test_people_are_shown_what_they_wrote(russian: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run([command, "--project", str(russian)]) == 0
    shown = capsys.readouterr().out
    assert "привет робот" in shown
    assert "privet_robot" not in shown
    assert "_unknown_" not in shown


def test_the_generated_project_is_ascii_where_a_compiler_looks(russian: Path) -> None:
    assert run(["generate", "--board", "nano33ble", "--project", str(russian)]) == 0
    folder = russian / "build" / "firmware" / "nano33ble"
    sources = [path for path in folder.rglob("*") if path.suffix in (".c", ".cc", ".cpp", ".h", ".ini")]
    assert sources
    for path in sources:
        code = re.sub(r"//.*|/\*.*?\*/|^[;#] .*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        assert code.isascii(), path


def test_the_whole_way_to_a_verdict(russian: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = russian / "отчёт.json"
    arguments = ["verify", "--board", "host", "--project", str(russian), "--sample", "8", "--json", str(report)]
    assert run(arguments) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == "PASS"
    assert any("  привет робот  " in line for line in shown)
    values = json.loads(report.read_text(encoding="utf-8"))
    assert {clip["expected_label"] for clip in values["clips"]} == {"_silence_", "_unknown_", "da", "privet_robot"}
    log = Path(values["log_path"]).read_text(encoding="utf-8")
    assert "labels=_silence_,_unknown_,da,privet_robot" in log
    assert log.isascii()


def test_detect_says_the_words(bundle_that_hears: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = clip_that_is_heard(tmp_path / "noise")
    assert run(["detect", str(clip), "--project", str(bundle_that_hears)]) == 0
    assert re.search(r"a\.wav: Heard привет робот \(\d+\) @\d+ms", capsys.readouterr().out)
    assert run(["detect", str(clip), "--project", str(bundle_that_hears), "--json"]) == 0
    heard = json.loads(capsys.readouterr().out)
    assert (heard[0]["label"], heard[0]["text"]) == ("privet_robot", "привет робот")


@pytest.mark.slow
def test_the_serial_line_carries_the_label_and_the_host_shows_the_words(
    bundle_that_hears: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = clip_that_is_heard(tmp_path / "привет робот")
    assert run(["verify", "--board", "host", "--project", str(bundle_that_hears), str(clip)]) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert re.search(r"a\.wav  привет робот .*  привет робот \(\d+\) @\d+ms", row)
    log = (bundle_that_hears / "build" / "firmware" / "host" / "verify.jsonl").read_text()
    assert re.search(r'"received", "text": "Heard privet_robot \(\d+\) @\d+ms #\d+ \*[0-9a-f]{8}"', log)
