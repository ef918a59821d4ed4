# SPDX-License-Identifier: Apache-2.0
"""evaluate: measures the int8 model on clips that it was not trained on, and what it lost by conversion.

Reads a bundle, build/dataset/ and, if the bundle was made from it, build/model/model.keras; writes build/evaluation/:
evaluation.json, confusion_matrix.png.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.evaluation.scoring import Agreement, Score, agreement, score
from tinykws.model.bundle import FLOAT_MODEL_KEY, Bundle, load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.features import Features
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.project.layout import Project
from tinykws.reporting.plots import plot_confusion_matrix, title_of
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, sha256_of_file, write_json
from tinykws.support.freshness import StageFiles
from tinykws.support.progress import SILENT, Progress
from tinykws.training.keras_network import Network
from tinykws.training_data.dataset import Dataset

REPORT_NAME = "evaluation.json"
CONFUSION_NAME = "confusion_matrix.png"


@dataclasses.dataclass(frozen=True)
class EvaluateReport:
    """Scores of a model on one split; `float_model` and `agreement` are None if the float model is not available."""

    model_id: str
    split: str
    """testing, or validation if there is no testing clip."""
    labels: tuple[Label, ...]
    """The labels, in the order of the scores."""
    int8_model: Score
    """The int8 model's, as on a device."""
    float_model: Score | None
    agreement: Agreement | None


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that evaluate reads, and the folder that it writes."""
    reads = [project.bundle_dir, project.dataset_dir, project.float_model_path]
    return StageFiles({}, reads=reads, writes=[project.evaluation_dir])


def evaluate(project: Project, *, split: str = "testing", progress: Progress = SILENT) -> EvaluateReport:
    """Scores the project's bundle, and the float model it was made from, on a split of its dataset.

    If "testing" has no clip, validation clips are used, and `progress.say` reports it.

    Raises:
        ConfigError: no bundle, no dataset, a dataset with other labels or another front-end, or no clip to score.
    """
    bundle = load_bundle(project.bundle_dir)
    dataset = Dataset.load(project.dataset_dir)
    _check_same_pipeline(bundle, dataset)
    split = _split_with_clips(dataset, split, progress)
    label_ids, features = np.asarray(dataset.label_ids(split), np.int64), dataset.features(split)
    scores = _int8_scores(bundle, features)
    network = _float_network(bundle, project.float_model_path, progress)
    probabilities = None if network is None else network.probabilities(features)
    report = EvaluateReport(
        model_id=bundle.model_id,
        split=split,
        labels=bundle.labels,
        int8_model=score(label_ids, scores.argmax(axis=1), dataset.labels),
        float_model=None if probabilities is None else score(label_ids, probabilities.argmax(axis=1), dataset.labels),
        agreement=None if probabilities is None else agreement(label_ids, probabilities, scores),
    )
    _write(project, report, bundle)
    return report


def _check_same_pipeline(bundle: Bundle, dataset: Dataset) -> None:
    if bundle.detector.is_streaming:
        raise ConfigError(
            "the bundle has a streaming wake word model, which is measured on streams, not on clips",
            hint="measure it there: tinykws evaluate --stream",
        )
    names = [label.name for label in bundle.labels]
    if list(dataset.labels) != names:
        raise ConfigError(
            f"the dataset has the labels {', '.join(dataset.labels)}; the bundle's model has {', '.join(names)}",
            hint="make both from one kws.yaml: tinykws quantize",
        )
    if dataset.frontend != bundle.frontend:
        raise ConfigError(
            "the dataset was made with a different front-end than the bundle's", hint="make it again: tinykws prepare"
        )


def _split_with_clips(dataset: Dataset, split: str, progress: Progress) -> str:
    if len(dataset.label_ids(split)):
        return split
    if split == "testing" and len(dataset.label_ids("validation")):
        progress.say("there is no testing clip: scores are computed on the validation clips")
        return "validation"
    raise ConfigError(f"the dataset has no {split} clip", hint="add recordings, then: tinykws prepare")


def _int8_scores(bundle: Bundle, features: Features) -> npt.NDArray[np.int8]:
    return Interpreter(bundle.model_bytes()).invoke_all(features)


def _float_network(bundle: Bundle, path: Path, progress: Progress) -> Network | None:
    """Returns the network that the bundle was converted from, if it still exists unchanged."""
    digest = bundle.metrics.get(FLOAT_MODEL_KEY)
    if digest is None:
        return None
    if not path.is_file() or sha256_of_file(path) != digest:
        progress.say(f"{path} is not the network that this bundle was made from: only the int8 model is scored")
        return None
    return Network.load(path)


def _write(project: Project, report: EvaluateReport, bundle: Bundle) -> None:
    words = [label.text for label in bundle.labels[FIRST_WORD:]]
    measured = f"{report.model_id}, int8, {report.split}: {report.int8_model.accuracy:.1%} accuracy"
    title = title_of(project.root.absolute().name, words, measured)
    with replacing_folder(project.evaluation_dir) as folder:
        write_json(folder / REPORT_NAME, dataclasses.asdict(report))
        texts = [label.text for label in bundle.labels]
        plot_confusion_matrix(folder / CONFUSION_NAME, report.int8_model.confusion, texts, title)
