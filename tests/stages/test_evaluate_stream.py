# SPDX-License-Identifier: Apache-2.0
"""evaluate --stream: figures that are counted again by hand, files, and what is heard where nothing is given."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tone_bursts_dataset import SPLITS, burst, write_dataset

from tinykws.audio.files import read_audio, write_wav
from tinykws.cli.evaluation_view import describe_stream
from tinykws.cli.main import run
from tinykws.evaluation.timeline import StreamDetection, read_timeline, score_stream
from tinykws.evaluation.word_stream import SCENES
from tinykws.model.bundle import load_bundle, write_bundle
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.layout import Project
from tinykws.stages.detect import detect
from tinykws.stages.evaluate_stream import EvaluateStreamReport, evaluate_stream
from tinykws.support.errors import ConfigError

SECONDS = 60


@pytest.fixture(scope="module")
def project(learned_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy with a recording in negatives/."""
    root = tmp_path_factory.mktemp("streams") / "p"
    shutil.copytree(learned_project.root, root)
    project = Project.load(root)
    project.negatives_dir.mkdir()
    rng = np.random.default_rng(9)
    talk = np.concatenate([burst(700, 16000, rng) for _ in range(SECONDS)])
    write_wav(project.negatives_dir / "talk.wav", talk.astype(np.int16))
    bundle = load_bundle(project.bundle_dir)
    quick = DetectorSettings(200, 150, 500, 1)
    clips = {clip.file: read_audio(bundle.path / clip.file).samples for clip in bundle.golden}
    write_bundle(dataclasses.replace(bundle, detector=quick), bundle.model_bytes(), clips)
    return project


@pytest.fixture(scope="module")
def saved(project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[EvaluateStreamReport, Path]:
    folder = tmp_path_factory.mktemp("saved") / "streams"
    return evaluate_stream(project, save=folder), folder


@pytest.mark.slow
def test_figures_are_those_of_detect_on_the_saved_streams(
    project: Project, saved: tuple[EvaluateStreamReport, Path]
) -> None:
    """WAV files, through the path of `tinykws detect`, give each scene's figures."""
    report, folder = saved
    bundle = load_bundle(project.bundle_dir)
    assert report.split == "testing"
    assert [scene.name for scene in report.measure.scenes] == [scene.name for scene in SCENES]
    for scene in report.measure.scenes[:2]:
        path = folder / f"{scene.name.replace(' ', '_')}.wav"
        heard = [StreamDetection(one.time_ms, one.label.name) for one in detect(bundle, path)]
        events = read_timeline(path.with_suffix(".csv"))
        score = score_stream(events, heard, soundfile.info(path).frames // 16, ("low", "high"))
        assert (scene.utterances, scene.found, scene.confused) == (20, score.found, score.confused)
        assert scene.false_accepts == score.false_accepts
        assert scene.latency_median_ms == score.latency_ms(50)
    quiet = report.measure.scenes[0]
    assert quiet.share is not None
    assert quiet.share > 0.8


def test_only_the_half_that_tune_has_not_heard(saved: tuple[EvaluateStreamReport, Path]) -> None:
    negatives = saved[0].measure.negatives
    assert [(rate.name, rate.hours) for rate in negatives] == [("talk", SECONDS / 2 / 3600)]
    assert not saved[0].made_negatives
    assert [rate.name for rate in saved[0].measure.others] == ["other words"]


def test_numbers_and_picture_are_written(project: Project, saved: tuple[EvaluateStreamReport, Path]) -> None:
    report, _ = saved
    written = json.loads((project.stream_evaluation_dir / "stream.json").read_text())
    assert written["model_id"] == report.model_id
    assert written["measure"]["deployed"]["recall"]["found"] == report.measure.deployed.recall.found
    assert len(written["measure"]["curve"]) == len(report.measure.curve)
    assert (project.stream_evaluation_dir / "stream.png").read_bytes().startswith(b"\x89PNG")


def test_people_are_shown_every_scene_word_and_rate(saved: tuple[EvaluateStreamReport, Path]) -> None:
    shown = describe_stream(saved[0])
    for text in (
        *(scene.name for scene in SCENES),
        "talk",
        "other words (for information)",
        "low",
        "high",
        "0.5",
        "95 % interval",
    ):
        assert text in shown


@pytest.mark.slow
def test_named_recordings_are_heard_whole(project: Project) -> None:
    report = evaluate_stream(project, negatives=[project.negatives_dir / "talk.wav"])
    assert report.measure.deployed.rate.hours == SECONDS / 3600


@pytest.mark.slow
def test_without_recordings_and_testing_clips(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root, tmp_path / "p")
    bare = Project.load(tmp_path / "p")
    shutil.rmtree(bare.negatives_dir)
    write_dataset(bare.dataset_dir, bare.config, {**SPLITS, "testing": 0, "validation": 4})
    report = evaluate_stream(bare)
    assert (report.split, report.made_negatives) == ("validation", True)
    assert [rate.name for rate in report.measure.negatives] == ["made talk", "made talk, noise 10 dB"]
    assert [rate.name for rate in report.measure.others] == ["other words"]
    write_dataset(bare.dataset_dir, bare.config, {**SPLITS, "testing": 0, "validation": 0})
    with pytest.raises(ConfigError, match="no validation clips of words"):
        evaluate_stream(bare)


@pytest.mark.slow
def test_the_command(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykws.cli.run_stages.ORDER", ())
    monkeypatch.setattr("tinykws.cli.evaluation_commands.run_for_evaluation", lambda *_, **__: None)
    command = ["evaluate", "--stream", "--project", str(project.root), "--json"]
    texts = []
    for _ in range(2):
        assert run(command) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["at_rates"][0]["per_hour"] == 0.5
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert run([*command, "--save", str(tmp_path / "full")]) == 2
    assert (tmp_path / "full" / "mine.txt").is_file()
    assert run(["evaluate", "--project", str(project.root), "--save", str(tmp_path / "new")]) == 2
