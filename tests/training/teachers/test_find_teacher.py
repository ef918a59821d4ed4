# SPDX-License-Identifier: Apache-2.0
"""Teachers by name: built in, of another package, a folder; and what to do if one is not there."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from small_teachers import TEACHER_YAML, write_onnx_teacher

from tinykws.project.config import parse_config
from tinykws.support.errors import ConfigError, ToolError
from tinykws.training.teachers.onnx_folder import OnnxFolder
from tinykws.training.teachers.openwakeword import OpenWakeWord
from tinykws.training.teachers.registry import ENTRY_POINT_GROUP, find_teacher, teacher_names, usual_teacher

PARROT = """
import numpy as np
from tinykws.training.teachers.speech_teacher import SpeechTeacher

class Parrot(SpeechTeacher):
    hop_samples = 800
    def identity(self):
        return "parrot 1"
    def embed(self, samples):
        return np.asarray(samples[: len(samples) // 800 * 800], np.float32).reshape(-1, 800)[:, :4]

def deaf():
    raise OSError("no ears")
"""


@pytest.fixture
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    packages = tmp_path / "packages"
    (packages / "parrot-1.0.dist-info").mkdir(parents=True)
    (packages / "parrot-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    points = f"[{ENTRY_POINT_GROUP}]\nparrot = parrot:Parrot\ndeaf = parrot:deaf\nnumbers = builtins:int\n"
    (packages / "parrot-1.0.dist-info" / "entry_points.txt").write_text(points)
    (packages / "parrot.py").write_text(PARROT)
    monkeypatch.syspath_prepend(str(packages))
    yield tmp_path
    sys.modules.pop("parrot", None)


@pytest.mark.parametrize("missing", ["", "openwakeword", "onnx", "onnxruntime"])
def test_the_usual_teacher_needs_its_packages(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())
    assert usual_teacher() == (None if missing else "openwakeword")


def test_a_teacher_of_another_package(parrot: Path) -> None:
    assert teacher_names() == ("openwakeword", "deaf", "numbers", "parrot")
    teacher = find_teacher("parrot", parrot)
    assert teacher.identity() == "parrot 1"
    assert teacher.embed(np.arange(1700, dtype=np.int16)).tolist() == [[0, 1, 2, 3], [800, 801, 802, 803]]


@pytest.mark.parametrize(
    ("name", "message"),
    [("deaf", r"deaf \(parrot:deaf\) does not load: OSError\('no ears'\)"), ("numbers", "not return a SpeechTeacher")],
)
def test_a_package_that_does_not_keep_its_promise(parrot: Path, name: str, message: str) -> None:
    with pytest.raises(ToolError, match=message):
        find_teacher(name, parrot)


def test_a_folder_is_named_from_the_project(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    write_onnx_teacher(tmp_path / "my" / "teacher", np.ones((2560, 2), np.float32), TEACHER_YAML)
    assert isinstance(find_teacher("my/teacher", tmp_path), OnnxFolder)


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no teacher 'openwakeward'") as caught:
        find_teacher("openwakeward", tmp_path)
    assert "openwakeword" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("version", "system", "command"),
    [
        ((3, 11, 7), "Linux", "pip install 'tinykws[teacher]'"),
        ((3, 13, 0), "Darwin", "pip install 'tinykws[teacher]'"),
        ((3, 12, 0), "Linux", "pip install 'tinykws[teacher]' && pip install --no-deps openwakeword==0.5.1"),
    ],
)
def test_without_the_package_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: tuple[int, ...], system: str, command: str
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr("platform.system", lambda: system)
    with pytest.raises(ToolError, match="openwakeword is not installed") as caught:
        find_teacher("openwakeword", tmp_path)
    assert caught.value.hint == command


def test_a_version_that_downloads_its_networks_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"has no melspectrogram\.onnx and no embedding_model\.onnx"):
        OpenWakeWord(tmp_path)


def test_without_onnxruntime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("melspectrogram.onnx", "embedding_model.onnx"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ToolError, match="onnxruntime cannot be used") as caught:
        OpenWakeWord(tmp_path)
    assert caught.value.hint == "pip install 'tinykws[teacher]'"


def test_networks_that_learn_from_clips_have_no_such_teacher() -> None:
    with pytest.raises(ConfigError, match="training: teacher is openwakeword, but ds_tcn learns from clips"):
        parse_config("words: [yes]\ntraining: {teacher: openwakeword}\n")
    parse_config("words: [yes]\nmodel: {architecture: stream_small}\ntraining: {teacher: openwakeword}\n")


@pytest.mark.skipif(importlib.util.find_spec("openwakeword") is None, reason="openwakeword is not installed")
def test_the_real_one_hears_the_same_in_pieces_and_at_once(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    teacher = find_teacher("openwakeword", tmp_path)
    random = np.random.default_rng(1)
    tone = 6000 * np.sin(2 * np.pi * np.cumsum(np.repeat(random.uniform(150, 3000, 40), 1280)) / 16_000)
    sound = (tone + random.standard_normal(tone.size) * 200).astype(np.int16)
    rows = teacher.embed(sound)
    assert rows.shape == (40, 96)
    assert rows.std() > 5
    # the last row of the shorter sound lacks the 22 ms after it
    np.testing.assert_allclose(teacher.embed(sound[: 20 * 1280 + 700])[:19], rows[:19], atol=0.5)
    assert len(teacher.identity()) == 64
