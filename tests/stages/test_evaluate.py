# SPDX-License-Identifier: Apache-2.0
"""evaluate: figures of the int8 and the float model on the right split, refused where they would mean nothing."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tone_bursts_dataset import SPLITS, write_dataset

from tinykws.model.bundle import load_bundle, write_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.project.layout import Project
from tinykws.stages.evaluate import evaluate
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress
from tinykws.training_data.dataset import Dataset


class Listening(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def project(learned_project: Project, tmp_path: Path) -> Project:
    """A copy that a test may change."""
    shutil.copytree(learned_project.root, tmp_path / "project")
    return Project.load(tmp_path / "project")


def test_figures_of_both_models(project: Project) -> None:
    report = evaluate(project)
    dataset = Dataset.load(project.dataset_dir)
    interpreter = Interpreter(load_bundle(project.bundle_dir).model_bytes())
    predicted = np.array([interpreter.invoke(clip).argmax() for clip in dataset.features("testing")])
    assert report.split == "testing"
    assert report.int8_model.clips == 4 * SPLITS["testing"]
    assert report.int8_model.accuracy == pytest.approx(np.mean(predicted == dataset.label_ids("testing")))
    assert report.float_model is not None
    assert report.agreement is not None
    assert report.float_model.accuracy > 0.9
    difference = report.int8_model.accuracy - report.float_model.accuracy
    assert report.agreement.accuracy_difference == pytest.approx(difference)
    # Probabilities are 256ths in int8; this network is within two of them, and a wrong scale is far outside.
    assert report.agreement.largest_score_difference < 4 / 256


def test_the_report_is_written(project: Project) -> None:
    report = evaluate(project)
    assert json.loads((project.evaluation_dir / "evaluation.json").read_text()) == json.loads(
        json.dumps(dataclasses.asdict(report))
    )
    picture = (project.evaluation_dir / "confusion_matrix.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    evaluate(project)
    assert (project.evaluation_dir / "confusion_matrix.png").read_bytes() == picture


def test_without_testing_clips_validation_is_taken_and_told(project: Project) -> None:
    write_dataset(project.dataset_dir, project.config, {**SPLITS, "testing": 0})
    progress = Listening()
    assert evaluate(project, progress=progress).split == "validation"
    assert "validation" in progress.said[0]


def test_no_clip_at_all(project: Project) -> None:
    write_dataset(project.dataset_dir, project.config, {**SPLITS, "testing": 0, "validation": 0})
    with pytest.raises(ConfigError, match="no testing clip"):
        evaluate(project)


def test_a_bundle_alone_gives_int8_figures(project: Project) -> None:
    bundle = load_bundle(project.bundle_dir)
    imported = dataclasses.replace(bundle, origin="imported", metrics={}, golden=())
    write_bundle(imported, bundle.model_bytes(), {})
    report = evaluate(project)
    assert report.float_model is None
    assert report.agreement is None
    assert report.int8_model.accuracy > 0.8


def test_a_float_model_that_is_not_the_bundles_is_left_out(project: Project) -> None:
    (project.model_dir / "model.keras").write_bytes(b"another one")
    progress = Listening()
    assert evaluate(project, progress=progress).float_model is None
    assert "not the network that this bundle was made from" in progress.said[0]


def test_a_dataset_of_other_words(project: Project) -> None:
    config = dataclasses.replace(project.config, words=("low", "deep"))
    write_dataset(project.dataset_dir, config, SPLITS)
    with pytest.raises(ConfigError, match="the bundle's model has"):
        evaluate(project)


def test_a_dataset_of_another_front_end(project: Project) -> None:
    features = dataclasses.replace(project.config.features, clip_ms=600)
    write_dataset(project.dataset_dir, dataclasses.replace(project.config, features=features), SPLITS)
    with pytest.raises(ConfigError, match="a different front-end"):
        evaluate(project)
