# SPDX-License-Identifier: Apache-2.0
"""A bundle that states wrong results is refused before a device is asked."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tiny_model import write_walk

from tinykws.audio.files import read_audio, write_wav
from tinykws.boards.rows import find_board
from tinykws.cli.main import run as tinykws
from tinykws.device.session_log import entries_of, read_entries
from tinykws.model.bundle import JSON_NAME, Bundle, GoldenClip, load_bundle, write_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.model.self_test_signal import FILE
from tinykws.native.features import features_crc32, features_of_clip
from tinykws.stages.verify import ClipFile, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.verification.clip_report import report_of
from tinykws.verification.golden_check import golden_fault
from tinykws.verification.junit import junit_of
from tinykws.verification.stream_report import stream_report_of

NOBODY = "socket://127.0.0.1:1"
"""No device answers there: one that is asked is an error."""
HOST = find_board("host")


@pytest.fixture
def bundle(tiny_model_bundle: Bundle, tmp_path: Path) -> Bundle:
    """A bundle with a recorded golden clip and that of the self-test."""
    frontend = tiny_model_bundle.frontend
    samples = np.random.default_rng(3).normal(0, 3000, frontend.clip_samples).astype(np.int16)
    features = features_of_clip(samples, frontend)
    scores = Interpreter(tiny_model_bundle.model_bytes()).invoke(features.ravel())
    clip = GoldenClip("golden/2_yes.wav", "yes", features_crc32(features), tuple(map(int, scores)))
    clips = {clip.file: samples, FILE: read_audio(tiny_model_bundle.path / FILE).samples}
    made = dataclasses.replace(tiny_model_bundle, path=tmp_path / "bundle", golden=(clip, *tiny_model_bundle.golden))
    return write_bundle(made, tiny_model_bundle.model_bytes(), clips)


def fault_of(bundle: Bundle) -> str:
    return golden_fault(bundle, Interpreter(bundle.model_bytes()).invoke)


def with_clip(bundle: Bundle, at: int, **changes: object) -> Bundle:
    golden = list(bundle.golden)
    golden[at] = dataclasses.replace(golden[at], **changes)  # type: ignore[arg-type]
    return dataclasses.replace(bundle, golden=tuple(golden))


def test_a_right_bundle_has_no_fault(bundle: Bundle) -> None:
    assert fault_of(bundle) == ""
    assert fault_of(dataclasses.replace(bundle, golden=())) == "", "bundles of format 1 may have no golden clips"


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda clip: {"features_crc32": clip.features_crc32 ^ 1},
            r"features CRC [0-9a-f]{8} on the host, [0-9a-f]{8}",
        ),
        (lambda clip: {"features_crc32": 0}, "00000000 in bundle.json"),
        (lambda clip: {"scores": (clip.scores[0] + 1, *clip.scores[1:])}, r"scores .* on the host, .* in bundle.json"),
    ],
)
def test_false_expectations_are_told(
    bundle: Bundle, at: int, change: Callable[[GoldenClip], dict[str, object]], says: str
) -> None:
    fault = fault_of(with_clip(bundle, at, **change(bundle.golden[at])))
    assert bundle.golden[at].file in fault
    assert "tinykws quantize" in fault
    assert re.search(says, fault)


def test_another_sound_is_told(bundle: Bundle) -> None:
    assert "not the signal that a device generates from the seed 2" in fault_of(with_clip(bundle, 1, seed=2))
    samples = read_audio(bundle.path / bundle.golden[0].file).samples
    write_wav(bundle.path / bundle.golden[0].file, samples[:-1])
    assert "1599 samples, not 1600 as every golden clip" in fault_of(bundle)
    write_wav(bundle.path / bundle.golden[0].file, samples[::-1])
    assert "features CRC" in fault_of(bundle)
    (bundle.path / bundle.golden[0].file).write_text("no sound")
    assert "as audio" in fault_of(bundle)


def test_verify_fails_without_asking_a_device(bundle: Bundle, tmp_path: Path) -> None:
    false, log_path = with_clip(bundle, 0, features_crc32=1), tmp_path / "verify.jsonl"
    report = verify(false, HOST, NOBODY, [ClipFile(bundle.path / FILE)] * 3, log_path=log_path)
    assert (report.passed, report.ended, report.clips) == (False, "", ())
    assert "golden/2_yes.wav: features CRC" in report.reason
    assert (report.board, report.model_id) == ("host", bundle.model_id)
    assert report_of(read_entries(log_path.read_text()), log_path) == report
    assert ElementTree.fromstring(junit_of(report)).get("failures") == "1"


def test_verify_stream_fails_without_asking_a_device(bundle: Bundle, tmp_path: Path) -> None:
    false, log_path = with_clip(bundle, 1, scores=(1, 2, 3)), tmp_path / "verify.jsonl"
    recording = write_walk(tmp_path / "walk.wav", 2)
    report = verify_stream(false, HOST, NOBODY, StreamFile(recording), log_path=log_path)
    assert (report.passed, report.ended, report.board) == (False, "", "host")
    assert f"{FILE}: scores" in report.reason
    with log_path.open() as file:
        assert stream_report_of(entries_of(file), log_path) == report


@pytest.mark.parametrize("command", ["verify", "verify-stream"])
def test_the_command_says_fail(
    command: str, bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = shutil.copytree(bundle.path, tmp_path / "false")
    values = json.loads((path / JSON_NAME).read_text())
    values["golden"][0]["scores"][0] += 1
    (path / JSON_NAME).write_text(json.dumps(values))
    load_bundle(path)
    project = tmp_path / "project"
    project.mkdir()
    arguments = [str(write_walk(tmp_path / "walk.wav", 2))] if command == "verify-stream" else []
    options = ["--board", "host", "--port", NOBODY, "--bundle", str(path), "--project", str(project)]
    assert tinykws([command, *options, *arguments]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("FAIL: the bundle's golden clips do not give what its bundle.json states")
    log = project / "build" / "firmware" / "host" / "verify.jsonl"
    assert tinykws(["replay", str(log)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == printed[-1].removesuffix(f" --project {project}")
