# SPDX-License-Identifier: Apache-2.0
"""train: trains a network on the dataset.

Reads build/dataset/; writes build/model/: model.keras, history.json, learning_curves.png.

A network that is made for streams first learns the synthetic clips, if there are any of a word. Its weights are kept in
build/synthetic_start/, and recordings of that word are added to it in a minute (tinykws/training/fine_tuning.py).
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.cost.architecture_cost import NetworkCost, in_words, measure_cost, refuse_if_over_limits
from tinykws.evaluation.left_out import RecordingsGain, recordings_gain
from tinykws.evaluation.scoring import Score, score
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.stream_set import project_negatives, training_talk, uses_of_negatives
from tinykws.project.layout import Project
from tinykws.project.model_settings import ModelSettings
from tinykws.project.synth_settings import AUTO
from tinykws.project.training_settings import TrainingSettings
from tinykws.reporting.plots import plot_learning_curves, title_of
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_json
from tinykws.support.freshness import StageFiles
from tinykws.support.progress import SILENT, Progress
from tinykws.training.architectures.registry import TEACHER
from tinykws.training.class_weights import class_weights
from tinykws.training.defaults import with_defaults
from tinykws.training.fine_tuning import FineTuner, Rows, Weights, recordings_for_fine_tuning, without
from tinykws.training.kept_start import Facts, facts_of, keep_start, kept_start
from tinykws.training.keras_network import Network
from tinykws.training.lessons import Lessons
from tinykws.training.runs import ClipRun, Run, StreamRun
from tinykws.training.teachers.registry import find_teacher, usual_teacher
from tinykws.training.teachers.speech_teacher import SpeechTeacher
from tinykws.training.teachers.teaching import make_lessons
from tinykws.training.trainer import EpochResult, Trainer
from tinykws.training.word_targets import WordTargets
from tinykws.training_data.augmentation.speaking_rate import SpeakingRates
from tinykws.training_data.dataset import Dataset

HISTORY_NAME = "history.json"
CURVES_NAME = "learning_curves.png"
TEACHER_DROPOUT = 0.2
FEWEST_RECORDINGS = 6
"""With fewer, leaving some out in turns tells nothing, so they are not used."""
SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


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


@dataclasses.dataclass(frozen=True)
class TrainReport:
    """The result of training."""

    cost: NetworkCost
    training_clips: int
    validation_clips: int
    epochs: int
    best: EpochRecord
    """The epoch whose weights were kept: that of the best mean recall on the validation clips, or the last one."""
    seconds: float
    recordings: RecordingsGain | None = None
    """What fine-tuning on recordings gave; None if there was none."""


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that train reads, and the folder that it writes."""
    training = dataclasses.asdict(project.config.training)
    training.pop("teacher")
    teacher = _teacher_name(project)  # without one, the digest is that of versions that knew of none
    settings = {"architecture": project.config.model.architecture, "training": training}
    reads = [project.dataset_dir]
    if teacher is not None:
        training["teacher"] = teacher
        reads += [project.root / teacher] if (project.root / teacher).is_dir() else []
    if project.config.model.hears_streams:
        reads.append(project.negatives_dir)
    return StageFiles(settings, reads=reads, writes=[project.model_dir])


def train(project: Project, *, progress: Progress = SILENT) -> TrainReport:
    """Trains the project's architecture on its dataset and keeps the weights of the best epoch.

    The same dataset, settings and seed give the same weights on the same machine.

    Raises:
        ConfigError: no dataset, a dataset of other words, no training or validation clip, an unknown architecture, or
            one that exceeds the limits of `model` in kws.yaml.
        ToolError: TensorFlow or TFLite Micro's interpreter is missing.
    """
    started = time.monotonic()
    dataset = Dataset.load(project.dataset_dir)
    _check(dataset, project)
    cost = _affordable_cost(dataset, project.config.model, progress)
    settings = with_defaults(project.config.training, dataset, project.config.model)
    if project.config.model.hears_streams:
        run, history, best, gain = _learn_streams(dataset, project, settings, progress)
    else:
        run, gain = _run(dataset, project, settings), None
        history, best, weights = _learn(run, settings, dataset, progress)
        run.restore(weights)
    if isinstance(run, ClipRun) and run.teacher is not None:
        figures = _figures_of(run.teacher, dataset)
        progress.say(f"the teacher's mean recall: {figures.mean_recall:.1%} on the validation clips")
    _write(project, run.network, history, best)
    return TrainReport(
        cost=cost,
        training_clips=len(dataset.label_ids("training")),
        validation_clips=len(dataset.label_ids("validation")),
        epochs=len(history),
        best=best,
        seconds=time.monotonic() - started,
        recordings=gain,
    )


def _learn_streams(
    dataset: Dataset, project: Project, settings: TrainingSettings, progress: Progress
) -> tuple[Run, list[EpochRecord], EpochRecord, RecordingsGain | None]:
    """Returns the training with the weights to keep, each epoch's record, the last one, and the recordings' gain."""
    recordings = recordings_for_fine_tuning(dataset)
    first, talk = without(dataset, recordings), training_talk(project)
    architecture = project.config.model.architecture
    teacher = _teacher(project, progress)
    settings = dataclasses.replace(settings, teacher=None if teacher is None else teacher.identity())
    facts = facts_of(first, architecture, settings, project.negatives_dir)
    folder = project.synthetic_start_dir
    kept = kept_start(folder, facts)
    run = StreamRun(first, settings, architecture, talk)
    history = _restored(run, kept, progress)
    if not history:
        if teacher is not None:
            lessons = _lessons(teacher, first, project, settings, talk, recordings=recordings, progress=progress)
            run = StreamRun(first, settings, architecture, talk, lessons)
        history = _learn_and_keep(run, facts, folder, settings, first, progress=progress)
    if len(recordings) < FEWEST_RECORDINGS:
        if len(recordings):
            progress.say(f"{len(recordings)} recordings are too few to tell whether they help: record twenty")
        return run, history, history[-1], None
    tuner = FineTuner(dataset, talk, architecture, _with_given_share(settings, project), run.weights())
    negatives = [_without_words(stream) for stream in project_negatives(project, uses_of_negatives(project).tuning)]
    per_hour = project.config.detector.false_accepts_per_hour
    gain, weights = recordings_gain(
        tuner, dataset, recordings, negatives=negatives, per_hour=per_hour, progress=progress
    )
    run.restore(weights)
    progress.say(gain.in_words())
    if gain.used:
        last = history[-1]
        history.append(_record(last.epoch + 1, EpochResult(last.loss, last.accuracy), run.network, dataset))
    return run, history, history[-1], gain


def _with_given_share(settings: TrainingSettings, project: Project) -> TrainingSettings:
    """Returns the settings with the share of recordings of kws.yaml: the default is that of fine-tuning."""
    share = project.config.training.augmentation.recordings_share
    return dataclasses.replace(
        settings, augmentation=dataclasses.replace(settings.augmentation, recordings_share=share)
    )


def _restored(run: Run, kept: tuple[Weights, list[dict[str, Any]]] | None, progress: Progress) -> list[EpochRecord]:
    """Sets weights that were kept of the same training; returns the record of each epoch, empty if there are none."""
    if kept is None:
        return []
    try:
        history = [EpochRecord(**record) for record in kept[1]]
        run.restore(kept[0])
    except (ValueError, TypeError):  # of another version
        return []
    progress.say("the network of synthetic clips was kept")
    return history


def _learn_and_keep(
    run: Run, facts: Facts, folder: Path, settings: TrainingSettings, dataset: Dataset, *, progress: Progress
) -> list[EpochRecord]:
    """Trains on everything but the recordings to fine-tune on; returns the record of each epoch."""
    history, _, weights = _learn(run, settings, dataset, progress)
    run.restore(weights)
    keep_start(folder, facts, weights, [dataclasses.asdict(record) for record in history])
    return history


def _without_words(stream: Stream) -> Samples:
    """Returns int16 [m] of a recording; zeros where a word is listed in it."""
    sound = np.concatenate([np.zeros(0, np.int16), *stream])
    for event in stream.events:
        sound[event.start_ms * SAMPLES_PER_MS : event.end_ms * SAMPLES_PER_MS] = 0
    return sound


def _check(dataset: Dataset, project: Project) -> None:
    names = [label.name for label in project.config.labels]
    if list(dataset.labels) != names:
        raise ConfigError(
            f"the dataset has the labels {', '.join(dataset.labels)}; kws.yaml has {', '.join(names)}",
            hint="make it again: tinykws prepare",
        )
    for split in ("training", "validation"):
        if not len(dataset.label_ids(split)):
            raise ConfigError(f"the dataset has no {split} clip", hint="add recordings, then: tinykws prepare")


def _affordable_cost(dataset: Dataset, model: ModelSettings, progress: Progress) -> NetworkCost:
    """Reports the cost of the network. Raises ConfigError if it exceeds the limits of kws.yaml."""
    shape, n_labels = dataset.frontend.features_shape, len(dataset.labels)
    cost = measure_cost(model.architecture, shape, n_labels)
    progress.say(in_words(cost))
    refuse_if_over_limits(cost, model, shape, n_labels)
    return cost


def _run(dataset: Dataset, project: Project, settings: TrainingSettings) -> Run:
    """Returns the training of a network that learns from clips."""
    architecture = project.config.model.architecture
    shape, n_labels, n_words = dataset.frontend.features_shape, len(dataset.labels), len(WordTargets(dataset).names)
    n_clips = min(len(dataset.label_ids("training")), settings.augmentation.clips_per_epoch)
    teacher = None
    if settings.distill:
        alone = dataclasses.replace(settings, distill=0.0, dropout=TEACHER_DROPOUT)
        teacher = Trainer(TEACHER, shape, n_labels, n_clips, alone, n_words=n_words)
    network = None if teacher is None else teacher.network
    pupil = Trainer(architecture, shape, n_labels, n_clips, settings, n_words=n_words, teacher=network)
    return ClipRun(dataset, settings, pupil, teacher)


def _teacher_name(project: Project) -> str | None:
    """Returns the pretrained teacher to learn from; None: none is wanted, installed or of use to the architecture."""
    if not project.config.model.hears_streams:
        return None
    wanted = project.config.training.teacher
    return usual_teacher() if wanted == AUTO else wanted


def _teacher(project: Project, progress: Progress) -> SpeechTeacher | None:
    """Returns the pretrained teacher, or None, and says if one would help."""
    name = _teacher_name(project)
    if name is not None:
        return find_teacher(name, project.root)
    if project.config.training.teacher == AUTO:
        progress.say("a pretrained teacher would help: pip install 'tinykws[teacher]'")
    return None


def _lessons(
    teacher: SpeechTeacher,
    dataset: Dataset,
    project: Project,
    settings: TrainingSettings,
    talk: Sequence[Samples],
    *,
    recordings: Rows,
    progress: Progress,
) -> Lessons:
    """Returns what the pretrained teacher, which does not learn the recordings, says of clips and talk."""
    kept, augmentation = project.teacher_rows_path, settings.augmentation
    rates = SpeakingRates(augmentation.speed_percent, augmentation.tempo_percent or 0.0)
    lessons, knowledge = make_lessons(
        teacher, dataset, talk, left_out=recordings, rates=rates, kept=kept, seed=settings.seed, progress=progress
    )
    progress.say(str(knowledge))
    return lessons


def _learn(
    run: Run, settings: TrainingSettings, dataset: Dataset, progress: Progress
) -> tuple[list[EpochRecord], EpochRecord, list[npt.NDArray[Any]]]:
    """Returns the record of each epoch, that of the epoch to keep, and its weights."""
    assert settings.epochs is not None
    history: list[EpochRecord] = []
    kept = 0
    weights = run.weights()
    with contextlib.closing(run.epochs()) as made:
        for number, fit in enumerate(progress.track(made, "train", settings.epochs)):
            history.append(_record(number + 1, fit, run.network, dataset))
            progress.say(_line(history[-1], settings.epochs))
            if not number or run.keeps_last or history[-1].merit > history[kept].merit:
                kept, weights = number, run.weights()
    return history, history[kept], weights


def _record(number: int, fit: EpochResult, network: Network, dataset: Dataset) -> EpochRecord:
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


def _figures_of(network: Network, dataset: Dataset) -> Score:
    """Returns the score of a network on the validation clips."""
    probabilities = network.probabilities(dataset.features("validation"))
    return score(dataset.label_ids("validation"), probabilities.argmax(axis=1), dataset.labels)


def _line(record: EpochRecord, epochs: int) -> str:
    return (
        f"epoch {record.epoch} of {epochs}: loss {record.loss:.3f}, {record.accuracy:.1%} accuracy on augmented"
        f" training clips; validation loss {record.validation_loss:.3f}, accuracy {record.validation_accuracy:.1%}"
    )


def _write(project: Project, network: Network, history: list[EpochRecord], best: EpochRecord) -> None:
    with replacing_folder(project.model_dir) as folder:
        network.save(folder / project.float_model_path.name)
        records = [dataclasses.asdict(record) for record in history]
        write_json(folder / HISTORY_NAME, {"best_epoch": best.epoch, "epochs": records})
        title = title_of(project.root.absolute().name, project.config.words, project.config.model.architecture)
        plot_learning_curves(folder / CURVES_NAME, records, best.epoch, title)
