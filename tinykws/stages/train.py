"""train: the dataset becomes a network.

Reads build/dataset/; writes build/model/: model.keras, history.json, learning_curves.png.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.clips.dataset import Dataset
from tinykws.clips.epochs import Epoch, Epochs, class_weights
from tinykws.doors.keras_training import Trainer
from tinykws.doors.plots import plot_learning_curves
from tinykws.errors import ConfigError
from tinykws.files import replacing_folder, write_json
from tinykws.freshness import StageFiles
from tinykws.progress import SILENT, Progress
from tinykws.project import Project
from tinykws.scoring import score

HISTORY_NAME = "history.json"
CURVES_NAME = "learning_curves.png"


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One line of history.json. Training figures are of altered clips, so lower than validation's at first."""

    epoch: int
    """From 1."""
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_mean_recall: float

    @property
    def merit(self) -> tuple[float, float]:
        """The best epoch has the greatest: mean recall over the labels, then the smaller loss."""
        return (self.validation_mean_recall, -self.validation_loss)


@dataclasses.dataclass(frozen=True)
class TrainReport:
    """What training came to."""

    architecture: str
    parameters: int
    macs: int
    training_clips: int
    validation_clips: int
    epochs: int
    best: EpochRecord
    """The epoch whose weights were kept: the best mean recall on the validation clips."""
    seconds: float


def stage_files(project: Project) -> StageFiles:
    """What train depends on and makes."""
    settings = {
        "model": dataclasses.asdict(project.config.model),
        "training": dataclasses.asdict(project.config.training),
    }
    return StageFiles(settings, reads=[project.dataset_dir], writes=[project.model_dir])


def train(project: Project, *, progress: Progress = SILENT) -> TrainReport:
    """Trains the project's architecture on its dataset and keeps the weights of the best epoch.

    The same dataset, settings and seed give the same weights on the same machine.

    Raises:
        ConfigError: no dataset, one of other words, no training or no validation clip, an unknown architecture.
    """
    started = time.monotonic()
    dataset = Dataset.load(project.dataset_dir)
    _check(dataset, project)
    settings = project.config.training
    n_labels, n_clips = len(dataset.labels), len(dataset.label_ids("training"))
    shape, n_shown = dataset.frontend.features_shape, min(n_clips, settings.augmentation.clips_per_epoch)
    trainer = Trainer(project.config.model.architecture, shape, n_labels, n_shown, settings)
    history, best_weights = _learn(trainer, dataset, project, progress)
    trainer.restore(best_weights)
    best = max(history, key=lambda record: record.merit)
    _write(project, trainer, history, best)
    cost = trainer.network.cost
    return TrainReport(
        architecture=project.config.model.architecture,
        parameters=cost.parameters,
        macs=cost.macs,
        training_clips=n_clips,
        validation_clips=len(dataset.label_ids("validation")),
        epochs=len(history),
        best=best,
        seconds=time.monotonic() - started,
    )


def _check(dataset: Dataset, project: Project) -> None:
    names = [label.name for label in project.config.labels]
    if list(dataset.labels) != names:
        raise ConfigError(
            f"the dataset is of {', '.join(dataset.labels)}; kws.yaml asks for {', '.join(names)}",
            hint="make it again: tinykws prepare",
        )
    for split in ("training", "validation"):
        if not len(dataset.label_ids(split)):
            raise ConfigError(f"the dataset has no {split} clip", hint="add recordings, then: tinykws prepare")


def _learn(
    trainer: Trainer, dataset: Dataset, project: Project, progress: Progress
) -> tuple[list[EpochRecord], list[npt.NDArray[Any]]]:
    settings = project.config.training
    weights = class_weights(np.asarray(dataset.label_ids("training"), np.int64), len(dataset.labels))
    epochs = Epochs(dataset, settings.augmentation, settings.seed)
    history: list[EpochRecord] = []
    best_weights = trainer.weights()
    with contextlib.closing(epochs.first(settings.epochs)) as made:
        for number, epoch in enumerate(progress.track(made, "train", settings.epochs), start=1):
            record = _learn_epoch(trainer, number, epoch, weights, dataset)
            progress.say(_line(record, settings.epochs))
            if not history or record.merit > max(earlier.merit for earlier in history):
                best_weights = trainer.weights()
            history.append(record)
    return history, best_weights


def _learn_epoch(
    trainer: Trainer, number: int, epoch: Epoch, weights: npt.NDArray[np.float32], dataset: Dataset
) -> EpochRecord:
    fit = trainer.learn(epoch.features, epoch.label_ids, weights[epoch.label_ids])
    probabilities = trainer.network.probabilities(dataset.features("validation"))
    label_ids = np.asarray(dataset.label_ids("validation"), np.int64)
    of_truth = probabilities[np.arange(len(label_ids)), label_ids]
    figures = score(label_ids, probabilities.argmax(axis=1), dataset.labels)
    return EpochRecord(
        epoch=number,
        loss=fit.loss,
        accuracy=fit.accuracy,
        validation_loss=float(-np.log(np.maximum(of_truth, 1e-7)) @ weights[label_ids] / weights[label_ids].sum()),
        validation_accuracy=figures.accuracy,
        validation_mean_recall=figures.mean_recall,
    )


def _line(record: EpochRecord, epochs: int) -> str:
    return (
        f"epoch {record.epoch} of {epochs}: loss {record.loss:.3f}, {record.accuracy:.1%} of the altered training clips"
        f" right; loss {record.validation_loss:.3f}, {record.validation_accuracy:.1%} of the validation clips right"
    )


def _write(project: Project, trainer: Trainer, history: list[EpochRecord], best: EpochRecord) -> None:
    with replacing_folder(project.model_dir) as folder:
        trainer.network.save(folder / project.float_model_path.name)
        records = [dataclasses.asdict(record) for record in history]
        write_json(folder / HISTORY_NAME, {"best_epoch": best.epoch, "epochs": records})
        plot_learning_curves(folder / CURVES_NAME, records, best.epoch)
