# SPDX-License-Identifier: Apache-2.0
"""Kept weights are used if they fit; if they do not, the training that replaces them has its teacher."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from small_teachers import Spectrum
from tone_bursts_dataset import make_project

from tinykws.evaluation import stream_training
from tinykws.evaluation.epoch_records import EpochRecord
from tinykws.evaluation.stream_training import learn_streams
from tinykws.support.progress import SILENT
from tinykws.training.defaults import with_defaults
from tinykws.training.lessons import Lessons
from tinykws.training.running_mean import Weights
from tinykws.training.teachers.teaching import Knowledge
from tinykws.training_data.dataset import Dataset

YAML = "words: [low, high]\nfeatures: {clip_ms: 500}\nmodel: {architecture: stream_small}\n"
RECORD = EpochRecord(1, 0.5, 0.9, 0.4, 0.8, 0.7)
LESSONS = Lessons(1280, [], [])


class Pupil:
    """A training that takes weights of one shape only."""

    def __init__(self, *given: object) -> None:
        self.lessons = given[4] if len(given) > 4 else None
        self.restored: Weights | None = None

    def restore(self, weights: Weights) -> None:
        if weights[0].shape != (2,):
            raise ValueError("another shape")
        self.restored = weights


@pytest.mark.parametrize(("shape", "is_kept"), [((2,), True), ((3,), False)])
def test_weights_that_do_not_fit_are_replaced_by_a_taught_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], is_kept: bool
) -> None:
    project = make_project(tmp_path, yaml=YAML)
    dataset = Dataset.load(project.dataset_dir)
    settings = with_defaults(project.config.training, dataset, project.config.model)
    small = dataclasses.replace(settings, augmentation=dataclasses.replace(settings.augmentation, clips_per_epoch=9))
    kept = ([np.zeros(shape, np.float32)], [dataclasses.asdict(RECORD)])
    heard: list[int] = []

    def make_lessons(*_: object, segments: list[object], **__: object) -> tuple[Lessons, Knowledge]:
        heard.append(len(segments))
        return LESSONS, Knowledge(1, 1, 1, 0)

    monkeypatch.setattr(stream_training, "StreamRun", Pupil)
    monkeypatch.setattr(stream_training, "kept_start", lambda *_: kept)
    monkeypatch.setattr(stream_training, "make_lessons", make_lessons)
    monkeypatch.setattr(stream_training, "_learn_and_keep", lambda *_, **__: [RECORD])
    run, history, best, gain = learn_streams(dataset, project, small, Spectrum(), SILENT)
    assert isinstance(run, Pupil)
    assert (history, best, gain) == ([RECORD], RECORD, None)
    assert (run.restored is not None) is is_kept
    assert run.lessons is (None if is_kept else LESSONS)
    assert heard == ([] if is_kept else [3])
