# SPDX-License-Identifier: Apache-2.0
"""evaluate --stream: measures a detector on streams: recall against false accepts per hour, and latency.

Reads a bundle, build/dataset/, and long recordings; writes build/stream_evaluation/: stream.json, stream.png. It uses
no audio that train or tune has used, unless there is no testing clip: then it says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tinykws.audio.files import writing_wav
from tinykws.evaluation.stream_measure import WANTED_RATES, CurvePoint, StreamMeasure, measure_bundle
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.stream_set import (
    StreamSet,
    held_back_noise,
    named_negatives,
    plan_stream_set,
    project_negatives,
    uses_of_negatives,
)
from tinykws.evaluation.timeline import write_timeline
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.project.labels import BACKGROUND_NOISE, FIRST_WORD
from tinykws.project.layout import Project
from tinykws.reporting.plots import plot_stream_curve, title_of
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing_folder, write_json
from tinykws.support.freshness import StageFiles
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import TESTING, VALIDATION

REPORT_NAME = "stream.json"
PICTURE_NAME = "stream.png"


@dataclasses.dataclass(frozen=True)
class AtRate:
    """The best point of the curve for a rate of false accepts."""

    per_hour: float
    point: CurvePoint | None
    """The point with the highest recall at this rate or less; None if every point has more false accepts."""


@dataclasses.dataclass(frozen=True)
class EvaluateStreamReport:
    """Measurements of a bundle's detector on streams."""

    model_id: str
    split: str
    """testing, or validation if there is no testing clip."""
    made_negatives: bool
    """Whether other words and noise replaced long recordings, because there were none."""
    measure: StreamMeasure
    at_rates: tuple[AtRate, ...]


def stage_files(project: Project) -> StageFiles:
    """Returns the files that evaluate --stream reads, and the folder that it writes."""
    noise = [folder / BACKGROUND_NOISE for folder in (project.data_dir, project.synth_dir)]
    reads = [project.bundle_dir, project.dataset_dir, project.negatives_dir, *noise]
    return StageFiles({}, reads=reads, writes=[project.stream_evaluation_dir])


def evaluate_stream(
    project: Project,
    *,
    bundle: Bundle | None = None,
    negatives: Sequence[Path] = (),
    save: Path | None = None,
    progress: Progress = SILENT,
) -> EvaluateStreamReport:
    """Measures a detector on streams of held-back clips and on long recordings.

    Args:
        project: provides the clips: those for testing, else those for validation.
        bundle: the model and its detector; None: the project's.
        negatives: recordings without the words, or folders of them; empty: the second halves of the project's own, or,
            if it has none, held-back other words joined into sentences.
        save: a folder for the generated streams and their timelines.
        progress: shows progress.

    Raises:
        ConfigError: no bundle, no dataset with its labels, no held-back clip of a word, or a file that is not audio.
        ToolError: the model needs tflite-micro, which is missing.
    """
    bundle = bundle or load_bundle(project.bundle_dir)
    dataset = Dataset.load(project.dataset_dir)
    if list(dataset.labels) != [label.name for label in bundle.labels]:
        raise ConfigError(
            f"the dataset has the labels {', '.join(dataset.labels)}; the bundle's model has"
            f" {', '.join(label.name for label in bundle.labels)}",
            hint="name a project with the same words: --project DIR",
        )
    split = TESTING if dataset.split_sizes[TESTING] else VALIDATION
    recorded = (
        named_negatives(negatives, progress)
        if negatives
        else project_negatives(project, uses_of_negatives(project).reporting, progress)
    )
    noise = held_back_noise([project.data_dir, project.synth_dir], split)
    stream_set = plan_stream_set(dataset, split, noise, recorded)
    _warn(stream_set, split, progress)
    if save is not None:
        save_streams(stream_set, save, progress)
    measure = measure_bundle(bundle, stream_set, progress=progress)
    report = EvaluateStreamReport(
        model_id=bundle.model_id,
        split=split,
        made_negatives=stream_set.synthetic_negatives,
        measure=measure,
        at_rates=tuple(AtRate(rate, measure.best_at(rate)) for rate in WANTED_RATES),
    )
    _write(project, report, bundle)
    return report


def save_streams(stream_set: StreamSet, folder: Path, progress: Progress = SILENT) -> None:
    """Writes the streams that were generated from clips: NAME.wav, and NAME.csv, the timeline of its words."""
    made: list[Stream] = [
        *stream_set.words,
        *(stream_set.negatives if stream_set.synthetic_negatives else ()),
        *stream_set.others,
    ]
    with replacing_folder(folder) as fresh:
        for stream in progress.track(made, "writing streams"):
            name = stream.name.replace(" ", "_").replace(",", "")
            with writing_wav(fresh / f"{name}.wav") as write:
                for samples in stream:
                    write(samples)
            write_timeline(fresh / f"{name}.csv", stream.events)


def _warn(stream_set: StreamSet, split: str, progress: Progress) -> None:
    if split == VALIDATION:
        progress.say("there is no testing clip: recall is measured on the validation clips, which tune has used")
    if stream_set.synthetic_negatives:
        progress.say(
            "no long recordings without the words: false accepts are counted on other words joined into sentences;"
            " for real speech: --negatives FILE, or put recordings into negatives/"
        )


def _write(project: Project, report: EvaluateStreamReport, bundle: Bundle) -> None:
    measure, texts = report.measure, [label.text for label in bundle.labels[FIRST_WORD:]]
    points = [(point.rate.per_hour, point.recall.share or 0.0) for point in measure.curve]
    lows, highs = ([getattr(point.recall, edge) or 0.0 for point in measure.curve] for edge in ("low", "high"))
    words = {
        text: [(point.words[at].rate.per_hour, point.words[at].recall.share or 0.0) for point in measure.curve]
        for at, text in enumerate(texts)
    }
    deployed = (measure.deployed.rate.per_hour, measure.deployed.recall.share or 0.0)
    measured = f"{report.model_id}, {measure.deployed.rate.hours:.1f} h of negatives, {report.split} clips"
    with replacing_folder(project.stream_evaluation_dir) as folder:
        write_json(folder / REPORT_NAME, dataclasses.asdict(report))
        plot_stream_curve(
            folder / PICTURE_NAME,
            title_of(project.root.absolute().name, texts, measured),
            points=points,
            limits=list(zip(lows, highs, strict=True)),
            words=words,
            deployed=deployed,
            wanted=project.config.detector.false_accepts_per_hour,
        )
