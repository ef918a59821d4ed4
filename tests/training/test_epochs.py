# SPDX-License-Identifier: Apache-2.0
"""epochs: every clip once, in an order and form that the seed and the number decide; lead-ins keep frames in place."""

from __future__ import annotations

import collections
import dataclasses
import threading

import numpy as np
import pytest
from tone_bursts_dataset import make_project

from tinykws.native.features import Features, Samples, features_of_clip, features_of_clips
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.training_settings import PROBABILITIES, AugmentationSettings
from tinykws.training.class_weights import class_weights
from tinykws.training.epochs import CHUNK_CLIPS, Epoch, Epochs, lead_in_noise
from tinykws.training_data.dataset import Dataset

UNCHANGED = AugmentationSettings(
    **dict.fromkeys(PROBABILITIES, 0),
    shift_ms=0,
    gain_db=0,
    speed_percent=0,
    time_mask_frames=0,
    mel_mask_channels=0,
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.load(make_project(tmp_path_factory.mktemp("epochs")).dataset_dir)


def test_every_clip_once(dataset: Dataset) -> None:
    epoch = Epochs(dataset, UNCHANGED, seed=1).make(0)
    shown = sorted(zip(epoch.label_ids.tolist(), (clip.tobytes() for clip in epoch.features), strict=True))
    there = zip(
        dataset.label_ids("training").tolist(), (c.tobytes() for c in dataset.features("training")), strict=True
    )
    assert shown == sorted(there)


@pytest.mark.slow
def test_epochs_come_in_order_whatever_thread_made_them(dataset: Dataset) -> None:
    epochs = Epochs(dataset, AugmentationSettings(), seed=1)
    expected = [epochs.make(number).features for number in range(4)]
    for count in (1, 4):
        came = list(epochs.first(count))
        assert len(came) == count
        for epoch, features in zip(came, expected, strict=False):
            assert np.array_equal(epoch.features, features)
    assert not np.array_equal(expected[0], expected[1])
    assert not np.array_equal(expected[0], Epochs(dataset, AugmentationSettings(), seed=2).make(0).features)


def test_closed_early_the_coming_ones_are_given_up(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = Epochs(dataset, UNCHANGED, seed=1)
    here = threading.local()
    steps: collections.Counter[int] = collections.Counter()

    def make(number: int) -> Epoch:
        here.number = number
        return Epochs.make(epochs, number)

    def slow(clips: Samples, settings: FrontendSettings) -> Features:
        """Epoch 0 is made; a step of another one ends only when all are given up."""
        steps[here.number] += 1
        if here.number > 0:
            assert epochs._stopped.wait(600)
        return features_of_clips(clips, settings)

    monkeypatch.setattr("tinykws.training.epochs.STEP_CLIPS", 4)
    monkeypatch.setattr("tinykws.training.epochs.features_of_clips", slow)
    monkeypatch.setattr(epochs, "make", make)
    before = set(threading.enumerate())
    made = epochs.first(20)
    next(made)
    made.close()
    assert set(threading.enumerate()) <= before
    assert steps[0] == -(-len(dataset.label_ids("training")) // 4)
    assert all(steps[number] <= 1 for number in range(1, 20))
    monkeypatch.undo()
    assert len(epochs.make(0).label_ids) == len(dataset.label_ids("training"))


def test_more_clips_than_one_chunk(dataset: Dataset) -> None:
    repeats = CHUNK_CLIPS // len(dataset.label_ids("training")) + 1
    many = dataclasses.replace(
        dataset,
        split_sizes={"training": repeats * dataset.split_sizes["training"], "validation": 0, "testing": 0},
        all_clips=np.concatenate([dataset.clips("training")] * repeats),
        all_sources=dataset.sources("training") * repeats,
        all_label_ids=np.concatenate([dataset.label_ids("training")] * repeats),
    )
    epoch = Epochs(many, UNCHANGED, seed=3).make(0)
    counts = {clip.tobytes(): 0 for clip in dataset.features("training")}
    for clip in epoch.features:
        counts[clip.tobytes()] += 1
    assert sum(counts.values()) == len(many.all_clips)
    assert len(epoch.features) > CHUNK_CLIPS


def test_a_lead_in_is_heard_before_the_clip(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The features are those of a stream, noise and then the clip, of which the clip's own frames are kept."""
    noise = np.random.default_rng(0).integers(-3000, 3000, 300 * 16).astype(np.int16)
    monkeypatch.setattr(
        "tinykws.training.epochs.lead_in_noise", lambda _, n_clips, length, rng: np.tile(noise, (n_clips, 1))
    )
    settings = dataclasses.replace(UNCHANGED, lead_in_probability=1, lead_in_ms=300)
    epoch = Epochs(dataset, settings, seed=1).make(0)
    streams = [np.concatenate([noise, clip]) for clip in dataset.clips("training")]
    expected = {
        features_of_clip(stream, dataset.frontend)[-dataset.frontend.n_frames :].tobytes() for stream in streams
    }
    assert {clip.tobytes() for clip in epoch.features} == expected
    assert expected.isdisjoint(clip.tobytes() for clip in dataset.features("training"))


def test_lead_in_noise_is_cut_or_repeated_to_length() -> None:
    rng = np.random.default_rng(0)
    loud = np.full(100, 10000, np.int16)
    stretches = lead_in_noise([loud], 50, 250, rng)
    assert stretches.shape == (50, 250)
    levels = stretches[:, 0]
    assert np.array_equal(stretches, np.repeat(levels[:, None], 250, axis=1))
    assert levels.min() >= 100
    assert levels.max() <= 10000
    assert len(set(levels.tolist())) > 40


def test_words_that_are_cut_are_shown_as_unknown(dataset: Dataset) -> None:
    epoch = Epochs(dataset, dataclasses.replace(UNCHANGED, cut_probability=1), seed=1).make(0)
    silent = np.count_nonzero(dataset.label_ids("training") == 0)
    assert np.bincount(epoch.label_ids).tolist() == [silent, len(epoch.label_ids) - silent]


def test_few_recordings_come_several_times(dataset: Dataset) -> None:
    labels = dataset.label_ids("training")
    recorded = np.flatnonzero(labels == 2)[:2]
    sources = [f"{'data' if row in recorded else 'synth'}/clip/{row}.wav" for row in range(len(labels))]
    mixed = dataclasses.replace(dataset, all_sources=sources + dataset.all_sources[len(labels) :])
    epoch = Epochs(mixed, dataclasses.replace(UNCHANGED, recordings_share=0.5), seed=1).make(0)
    assert np.bincount(epoch.label_ids).tolist() == np.bincount(labels).tolist()
    shown = [clip.tobytes() for clip in epoch.features]
    times = [shown.count(clip.tobytes()) for clip in dataset.features("training")[recorded]]
    assert times == [np.count_nonzero(labels == 2) // 4] * 2


def test_an_epoch_has_no_more_clips_than_asked(dataset: Dataset) -> None:
    epochs = Epochs(dataset, dataclasses.replace(UNCHANGED, clips_per_epoch=50), seed=1)
    epoch = epochs.make(0)
    assert len(epoch.features) == len(epoch.label_ids) <= 50
    assert len(Epochs(dataset, UNCHANGED, seed=1).make(0).label_ids) == len(dataset.label_ids("training"))


def test_class_weights_make_labels_count_alike() -> None:
    label_ids = np.array([0] * 30 + [1] * 60 + [3] * 10)
    weights = class_weights(label_ids, 4)
    totals = np.bincount(label_ids, weights=weights[label_ids], minlength=4)
    assert totals[[0, 1, 3]] == pytest.approx(100 / 3, rel=1e-6)
    assert weights[2] == 0


def test_class_weights_between_labels_and_clips() -> None:
    label_ids = np.array([0] * 10 + [1] * 40)
    assert class_weights(label_ids, 2, 0.0) == pytest.approx([1, 1])
    half = class_weights(label_ids, 2, 0.5)
    assert half[0] / half[1] == pytest.approx(2), "the root of 40 / 10"
    assert half[label_ids].mean() == pytest.approx(1)
