# SPDX-License-Identifier: Apache-2.0
"""Training's defaults: they depend on how many clips of the words are recordings."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tone_bursts_dataset import make_project

from tinykws.project.model_settings import STREAM_SMALL, ModelSettings
from tinykws.project.training_settings import AugmentationSettings, TrainingSettings
from tinykws.training.defaults import MIN_RECORDINGS, with_defaults
from tinykws.training_data.dataset import Dataset


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.load(make_project(tmp_path_factory.mktemp("defaults")).dataset_dir)


def with_recordings(made: Dataset, counts: dict[int, int]) -> Dataset:
    """Returns a dataset in which so many training clips of each label are recordings, the others spoken."""
    sources = [f"synth/low/{at}.wav" for at in range(len(made.all_sources))]
    label_ids = np.asarray(made.label_ids("training"))
    for label_id, count in counts.items():
        rows = np.flatnonzero(label_ids == label_id)
        assert len(rows) >= count
        for row in rows[:count]:
            sources[row] = f"data/low/{row}.wav"
    return dataclasses.replace(made, all_sources=sources)


def usual(made: Dataset, counts: dict[int, int]) -> tuple[float | None, ...]:
    settings = with_defaults(TrainingSettings(), with_recordings(made, counts), ModelSettings())
    augmentation = settings.augmentation
    return settings.epochs, settings.class_balance, augmentation.recordings_share, augmentation.tempo_percent


def test_recorded_words_are_learned_longest(made: Dataset) -> None:
    clips = np.bincount(made.label_ids("training"))
    half = {2: int(clips[2]), 3: -(-int(clips[3] - clips[2]) // 2)}
    assert usual(made, half) == (150, 0.5, 0.3, 0.0)
    assert usual(made, {**half, 2: half[2] - 1})[0] != 150


def test_spoken_words_are_shown_less_often_and_count_more(made: Dataset) -> None:
    assert usual(made, {}) == (8, 1.0, 0.3, 20.0)


def test_some_recordings_of_every_label_allow_for_more(made: Dataset) -> None:
    assert usual(made, {1: MIN_RECORDINGS, 2: MIN_RECORDINGS, 3: MIN_RECORDINGS}) == (40, 1.0, 0.5, 0.0)
    for short in (1, 2, 3):
        assert usual(made, {**dict.fromkeys((1, 2, 3), MIN_RECORDINGS), short: MIN_RECORDINGS - 1}) == (
            8,
            1.0,
            0.3,
            20.0,
        )


def test_networks_for_streams_have_defaults_of_their_own(made: Dataset) -> None:
    model = ModelSettings(architecture=STREAM_SMALL)
    recorded = with_recordings(made, dict.fromkeys((1, 2, 3), MIN_RECORDINGS))
    assert with_defaults(TrainingSettings(), made, model) == with_defaults(TrainingSettings(), recorded, model)
    assert with_defaults(TrainingSettings(epochs=3), made, model).epochs == 3


def test_what_is_given_is_kept(made: Dataset) -> None:
    given = TrainingSettings(
        epochs=7, class_balance=0.0, augmentation=AugmentationSettings(recordings_share=0.0, tempo_percent=5.0)
    )
    assert with_defaults(given, with_recordings(made, {}), ModelSettings()) == given


def test_clip_counts_of_the_made_dataset_allow_these_tests(made: Dataset) -> None:
    clips = np.bincount(made.label_ids("training"))
    assert clips[2] + clips[3] > 2 * 2 * MIN_RECORDINGS
