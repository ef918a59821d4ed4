# SPDX-License-Identifier: Apache-2.0
"""keras_training: what a network learns from: labels, words, a teacher; and what it says of how well it went."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.project.training_settings import TrainingSettings
from tinykws.training.architectures.registry import TEACHER
from tinykws.training.keras_network import Network
from tinykws.training.trainer import Trainer

pytestmark = pytest.mark.slow

SHAPE = (13, 40)
SETTINGS = TrainingSettings(epochs=4, batch_size=16, dropout=0.0, distill=0.0)
N_CLIPS = 48
LABEL_IDS = np.arange(N_CLIPS) % 3
EVEN = np.ones(N_CLIPS, np.float32)


def features() -> npt.NDArray[np.int8]:
    """Three kinds of clips: faint, and brighter in low or in high channels."""
    clips = np.random.default_rng(3).integers(-128, -100, (N_CLIPS, *SHAPE), np.int8)
    clips[1::3, :, :20] += 100
    clips[2::3, :, 20:] += 100
    return clips


def trained(
    settings: TrainingSettings = SETTINGS,
    *,
    architecture: str = "micro_speech",
    weights: npt.NDArray[np.float32] = EVEN,
    word_ids: npt.NDArray[np.int64] | None = None,
    **words_or_teacher: Any,
) -> Trainer:
    trainer = Trainer(architecture, SHAPE, 3, N_CLIPS, settings, **words_or_teacher)
    assert settings.epochs is not None
    for _ in range(settings.epochs):
        trainer.train_epoch(features(), LABEL_IDS, weights, word_ids)
    return trainer


def same(one: Trainer, other: Trainer) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.weights(), other.weights(), strict=True))


@pytest.fixture(scope="module")
def plain() -> Trainer:
    return trained()


def test_what_is_told_of_an_epoch_is_so() -> None:
    """With a learning rate too small to move a float, the network says the same in training as after it."""
    trainer = Trainer(
        "micro_speech", SHAPE, 3, N_CLIPS, dataclasses.replace(SETTINGS, learning_rate=1e-6, epochs=10**6)
    )
    norm = next(layer for layer in trainer.network.model.layers if "normalization" in layer.name)
    norm.trainable = False  # else it would use the batch's own mean in training
    weights = np.where(LABEL_IDS == 1, 2.5, 0.25).astype(np.float32)
    fit = trainer.train_epoch(features(), LABEL_IDS, weights)
    probabilities = trainer.network.probabilities(features())
    losses = -np.log(probabilities[np.arange(N_CLIPS), LABEL_IDS])
    assert fit.loss == pytest.approx(float(losses @ weights / weights.sum()), rel=1e-4)
    right = probabilities.argmax(axis=1) == LABEL_IDS
    assert fit.accuracy == pytest.approx(float(right @ weights / weights.sum()))


def test_words_that_are_not_known_change_nothing(plain: Trainer) -> None:
    unknown = trained(word_ids=np.full(N_CLIPS, -1), n_words=5)
    assert same(plain, unknown)


def test_words_shape_what_is_learned(plain: Trainer) -> None:
    assert not same(plain, trained(word_ids=np.arange(N_CLIPS) % 5, n_words=5))
    without = dataclasses.replace(SETTINGS, word_loss=0.0)
    assert same(plain, trained(without, word_ids=np.arange(N_CLIPS) % 5, n_words=5))


class Opinionated(Network):
    """Takes everything for the last label."""

    def __init__(self) -> None:
        pass

    def probabilities(self, features: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        return np.tile(np.array([0.0, 0.0, 1.0], np.float32), (len(features), 1))


def test_a_teacher_is_believed_by_its_share(plain: Trainer) -> None:
    def opinion_of_pupil(share: float) -> float:
        pupil = trained(dataclasses.replace(SETTINGS, distill=share, epochs=12), teacher=Opinionated())
        return float((pupil.network.probabilities(features()).argmax(axis=1) == 2).mean())

    assert opinion_of_pupil(1.0) == 1
    assert opinion_of_pupil(0.2) == pytest.approx(1 / 3, abs=0.05)
    assert same(plain, trained(teacher=Opinionated())), "a share of nothing is no teacher"


def test_the_teacher_learns_like_any_network() -> None:
    teacher = trained(dataclasses.replace(SETTINGS, epochs=8), architecture=TEACHER)
    assert (teacher.network.probabilities(features()).argmax(axis=1) == LABEL_IDS).mean() > 0.9
