# SPDX-License-Identifier: Apache-2.0
"""tune: the detector that goes into the bundle, and what is said about how sure it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tone_bursts_dataset import burst

from tinykws.audio.files import write_wav
from tinykws.cli.main import run
from tinykws.evaluation.detector_quality import quality_of
from tinykws.evaluation.stream_set import named_negatives
from tinykws.model.bundle import load_bundle
from tinykws.project.detector_settings import TEMPORAL_FILTER, DetectorRequest
from tinykws.project.layout import Project
from tinykws.stages.tune import stage_files, tune, tune_bundle
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress


class Listening(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def with_detector(learned_project: Project, folder: Path, detector: str) -> Project:
    """A copy whose kws.yaml says this of the detector."""
    shutil.copytree(learned_project.root, folder)
    path = folder / "kws.yaml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("detector")]
    path.write_text("\n".join([*lines, f"detector: {detector}", ""]))
    return Project.load(folder)


def add_negatives(project: Project, seconds: int = 60) -> None:
    """A recording of tones that are no word."""
    rng = np.random.default_rng(3)
    talk = np.concatenate([burst(1000, 16000, rng) for _ in range(seconds)])
    project.negatives_dir.mkdir()
    write_wav(project.negatives_dir / "talk.wav", talk.astype(np.int16))


@pytest.fixture(scope="module")
def tuned(learned_project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Listening]:
    project = with_detector(learned_project, tmp_path_factory.mktemp("tune") / "p", "{false_accepts_per_hour: 100}")
    add_negatives(project)
    progress = Listening()
    tune(project, progress=progress)
    return project, progress


def test_the_detector_is_in_the_bundle_and_all_else_as_it_was(tuned: tuple[Project, Listening]) -> None:
    project, _ = tuned
    before, after = load_bundle(project.quantized_dir), load_bundle(project.bundle_dir)
    assert after.detector.kind == TEMPORAL_FILTER
    assert after.detector != before.detector
    assert after.model_bytes() == before.model_bytes()
    assert after.golden == before.golden
    for clip in after.golden:
        assert (after.path / clip.file).read_bytes() == (before.path / clip.file).read_bytes()
    figures = after.metrics["detector"]
    assert figures["recall"]["share"] > 0.8
    # 100 an hour of the first 30 seconds: none.
    assert figures["negatives"]["false_accepts"] == 0
    assert figures["negatives"]["hours"] == 30 / 3600


def test_the_same_again(tuned: tuple[Project, Listening]) -> None:
    project, _ = tuned
    first = (project.bundle_dir / "bundle.json").read_bytes()
    tune(project)
    assert (project.bundle_dir / "bundle.json").read_bytes() == first


def test_too_short_negatives_are_told(tuned: tuple[Project, Listening]) -> None:
    _, progress = tuned
    assert "too few to confirm 100 false accepts per hour" in progress.said[-1]
    assert "with 95 % confidence there are fewer than" in progress.said[-1]


def test_negatives_of_one_kind_are_told(tuned: tuple[Project, Listening]) -> None:
    _, progress = tuned
    assert any("all negatives are from one recording, talk: on speech of other kinds" in line for line in progress.said)


def test_without_recordings_other_words_stand_for_speech(learned_project: Project, tmp_path: Path) -> None:
    project = with_detector(learned_project, tmp_path / "p", "{false_accepts_per_hour: 100}")
    progress = Listening()
    report = tune(project, progress=progress)
    assert report.made_negatives
    assert "no long recordings" in progress.said[0]
    assert report.tuning is not None
    assert report.tuning.point.rate.hours > 0.005


def test_a_given_detector_is_taken_without_a_sound(learned_project: Project, tmp_path: Path) -> None:
    project = with_detector(
        learned_project, tmp_path / "p", "{threshold: 180, word_thresholds: {high: 210}, suppression_ms: 400}"
    )
    shutil.rmtree(project.dataset_dir)
    report = tune(project)
    assert report.tuning is None
    detector = load_bundle(project.bundle_dir).detector
    assert detector.thresholds(4) == (180, 180, 180, 210)
    assert (detector.suppression_ms, detector.taps) == (400, 25)
    assert "detector" not in load_bundle(project.bundle_dir).metrics


def test_what_makes_it_run_again(learned_project: Project, tmp_path: Path) -> None:
    project = with_detector(learned_project, tmp_path / "p", "{false_accepts_per_hour: 1}")
    digests = [stage_files(project).inputs_digest()]
    project.negatives_dir.mkdir()
    write_wav(project.negatives_dir / "talk.wav", np.zeros(16000, np.int16))
    digests.append(stage_files(project).inputs_digest())
    other = (project.root / "kws.yaml").read_text().replace("per_hour: 1}", "per_hour: 2}")
    (project.root / "kws.yaml").write_text(other)
    digests.append(stage_files(Project.load(project.root)).inputs_digest())
    assert len(set(digests)) == 3


def test_a_dataset_of_other_words(learned_project: Project, tmp_path: Path) -> None:
    project = with_detector(learned_project, tmp_path / "p", "{false_accepts_per_hour: 1}")
    index = project.dataset_dir / "index.json"
    index.write_text(index.read_text().replace('"high"', '"higher"'))
    with pytest.raises(ConfigError, match="the model has"):
        tune(project)


def test_a_bundle_from_elsewhere(learned_project: Project, tmp_path: Path) -> None:
    project = with_detector(learned_project, tmp_path / "p", "{threshold: 200}")
    shutil.copytree(project.bundle_dir, tmp_path / "elsewhere")
    add_negatives(project, 30)
    talk = named_negatives([project.negatives_dir / "talk.wav"])
    bundle = load_bundle(tmp_path / "elsewhere")
    report = tune_bundle(bundle, project, DetectorRequest(false_accepts_per_hour=200), talk)
    assert load_bundle(tmp_path / "elsewhere").detector == report.detector
    assert report.tuning is not None
    assert report.tuning.point.rate.hours == 30 / 3600


def test_the_command_shows_the_choice_again(
    tuned: tuple[Project, Listening], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = tuned
    monkeypatch.setattr("tinykws.cli.run_stages.ORDER", ("tune",))
    monkeypatch.setattr("tinykws.cli.stages_in_order.ORDER", ("tune",))
    assert run(["tune", "--project", str(project.root), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["detector"]["kind"] == TEMPORAL_FILTER
    assert run(["tune", "--project", str(project.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert run(["tune", "--project", str(project.root)]) == 0
    shown = capsys.readouterr().out
    assert f"low {first['detector']['threshold']}" in shown
    assert "wanted: 100 false accepts per hour" in shown
    assert run(["tune", "--project", str(project.root), "--false-accepts-per-hour", "1"]) == 2


def test_build_can_say_how_good_the_detector_is(tuned: tuple[Project, Listening], learned_project: Project) -> None:
    """Also from a bundle alone; a detector that kws.yaml gives was not measured."""
    project, _ = tuned
    bundle = load_bundle(project.bundle_dir)
    quality = quality_of(bundle.metrics, bundle.labels)
    assert quality is not None
    assert [one.name for one in quality.found] == ["quiet", "noise"]
    assert all(one.said >= 20 for one in quality.found)
    assert quality.found[0].of_100 > 80
    assert [word.name for word in quality.words] == ["low", "high"]
    assert (quality.wanted_per_hour, quality.counted, quality.synthetic_negatives) == (100, 0, False)
    given = load_bundle(learned_project.bundle_dir)
    assert quality_of(given.metrics, given.labels) is None
