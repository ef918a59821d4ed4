# SPDX-License-Identifier: Apache-2.0
"""Trains epoch after epoch, and measures each on the validation clips."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.scoring import score
from tinykws.support.progress import Progress
from tinykws.training.class_weights import class_weights
from tinykws.training.keras_network import Network
from tinykws.training.runs import Run
from tinykws.training.trainer import EpochResult
from tinykws.training_data.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One epoch in history.json. Training clips are augmented, so their accuracy may be below that of validation."""

    epoch: int
    """From 1."""
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_mean_recall: float

    @property
    def merit(self) -> tuple[float, float]:
        """The best epoch has the highest: mean recall over the labels, then the smaller loss."""
        return (self.validation_mean_recall, -self.validation_loss)


def learn(
    run: Run, dataset: Dataset, progress: Progress
) -> tuple[list[EpochRecord], EpochRecord, list[npt.NDArray[Any]]]:
    """Returns the record of each epoch, that of the epoch to keep, and its weights."""
    history: list[EpochRecord] = []
    kept = 0
    weights = run.weights()
    with contextlib.closing(run.epochs()) as made:
        for number, fit in enumerate(progress.track(made, "train", run.n_epochs)):
            history.append(record_of(number + 1, fit, run.network, dataset))
            progress.say(_line(history[-1], run.n_epochs))
            if not number or run.keeps_last or history[-1].merit > history[kept].merit:
                kept, weights = number, run.weights()
    return history, history[kept], weights


def record_of(number: int, fit: EpochResult, network: Network, dataset: Dataset) -> EpochRecord:
    """Returns an epoch's figures, those on the validation clips included."""
    label_ids = np.asarray(dataset.label_ids("validation"), np.int64)
    probabilities = network.probabilities(dataset.features("validation"))
    balanced = class_weights(label_ids, len(dataset.labels))[label_ids]
    of_truth = probabilities[np.arange(len(label_ids)), label_ids]
    figures = score(label_ids, probabilities.argmax(axis=1), dataset.labels)
    return EpochRecord(
        epoch=number,
        loss=fit.loss,
        accuracy=fit.accuracy,
        validation_loss=float(-np.log(np.maximum(of_truth, 1e-7)) @ balanced / balanced.sum()),
        validation_accuracy=figures.accuracy,
        validation_mean_recall=figures.mean_recall,
    )


def _line(record: EpochRecord, epochs: int) -> str:
    return (
        f"epoch {record.epoch} of {epochs}: loss {record.loss:.3f}, {record.accuracy:.1%} accuracy on augmented"
        f" training clips; validation loss {record.validation_loss:.3f}, accuracy {record.validation_accuracy:.1%}"
    )
