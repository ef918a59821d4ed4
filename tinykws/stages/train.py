# SPDX-License-Identifier: Apache-2.0
"""train: trains a network on the dataset.

Reads build/dataset/; writes build/model/: model.keras, history.json, learning_curves.png.

A network that is made for streams first learns the synthetic clips, if there are any of a word. Its weights are kept in
build/synthetic_start/, and recordings of that word are added to it in a minute (tinykws/training/fine_tuning.py).
"""

from __future__ import annotations

import dataclasses
import time

from tinykws.cost.architecture_cost import NetworkCost, in_words, measure_cost, refuse_if_over_limits
from tinykws.evaluation.epoch_records import EpochRecord, learn
from tinykws.evaluation.left_out import RecordingsGain
from tinykws.evaluation.scoring import Score, score
from tinykws.evaluation.stream_training import learn_streams
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
from tinykws.training.defaults import with_defaults
from tinykws.training.keras_network import Network
from tinykws.training.runs import ClipRun, Run
from tinykws.training.teachers.registry import find_teacher, usual_teacher
from tinykws.training.teachers.speech_teacher import SpeechTeacher
from tinykws.training.trainer import Trainer
from tinykws.training.word_targets import WordTargets
from tinykws.training_data.dataset import Dataset

HISTORY_NAME = "history.json"
CURVES_NAME = "learning_curves.png"
TEACHER_DROPOUT = 0.2


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
        ToolError: TensorFlow is missing.
    """
    started = time.monotonic()
    dataset = Dataset.load(project.dataset_dir)
    _check(dataset, project)
    cost = _affordable_cost(dataset, project.config.model, progress)
    settings = with_defaults(project.config.training, dataset, project.config.model)
    if project.config.model.hears_streams:
        run, history, best, gain = learn_streams(dataset, project, settings, _teacher(project, progress), progress)
    else:
        run, gain = _run(dataset, project, settings), None
        history, best, weights = learn(run, dataset, progress)
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


def _figures_of(network: Network, dataset: Dataset) -> Score:
    """Returns the score of a network on the validation clips."""
    probabilities = network.probabilities(dataset.features("validation"))
    return score(dataset.label_ids("validation"), probabilities.argmax(axis=1), dataset.labels)


def _write(project: Project, network: Network, history: list[EpochRecord], best: EpochRecord) -> None:
    with replacing_folder(project.model_dir) as folder:
        network.save(folder / project.float_model_path.name)
        records = [dataclasses.asdict(record) for record in history]
        write_json(folder / HISTORY_NAME, {"best_epoch": best.epoch, "epochs": records})
        title = title_of(project.root.absolute().name, project.config.words, project.config.model.architecture)
        plot_learning_curves(folder / CURVES_NAME, records, best.epoch, title)
