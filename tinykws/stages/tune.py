# SPDX-License-Identifier: Apache-2.0
"""tune: chooses the detector and writes the bundle.

Reads build/quantized/, build/dataset/ (validation clips), the first half of each recording in negatives/, and
background noise; writes build/bundle/. If kws.yaml gives the threshold, that detector is used without measuring.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from tinykws.audio.files import read_audio
from tinykws.evaluation.detector_quality import METRICS_KEY
from tinykws.evaluation.spoken_by import spoken_by
from tinykws.evaluation.stream_measure import score_stream_set
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.stream_set import held_back_noise, plan_stream_set, project_negatives, uses_of_negatives
from tinykws.evaluation.tuning import Tuning, tune_detector
from tinykws.model.bundle import Bundle, load_bundle, write_bundle
from tinykws.project.detector_settings import DetectorRequest, DetectorSettings
from tinykws.project.grammar import OpenAfter
from tinykws.project.labels import BACKGROUND_NOISE, FIRST_WORD
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.freshness import StageFiles, read_report
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import VALIDATION


@dataclasses.dataclass(frozen=True)
class TuneReport:
    """The detector of the bundle, and how it was chosen."""

    detector: DetectorSettings
    words: tuple[str, ...]
    """The words' texts."""
    tuning: Tuning | None
    """None if kws.yaml gives the detector."""
    made_negatives: bool
    """Whether other words and noise replaced long recordings, because there were none."""
    spoken_by: str | None = None
    """Who spoke the clips that the recall was measured on, one of spoken_by.py; None in reports of older versions."""


def stage_files(project: Project) -> StageFiles:
    """Returns the settings and files that tune reads, and the folder that it writes."""
    reads = [project.quantized_dir]
    if project.config.detector.is_auto:
        noise = [folder / BACKGROUND_NOISE for folder in _data_folders(project)]
        reads += [project.dataset_dir, project.negatives_dir, *noise]
    settings = {"detector": dataclasses.asdict(project.config.detector)}
    if not project.config.detector.gate_db:
        del settings["detector"]["gate_db"]  # as before there was one: nothing is out of date
    if project.config.grammar:
        settings["grammar"] = {"rules": dataclasses.asdict(project.config)["grammar"]}
    return StageFiles(settings, reads, writes=[project.bundle_dir])


def tune(project: Project, *, progress: Progress = SILENT) -> TuneReport:
    """Chooses the detector of the project's int8 model by the settings of kws.yaml, and writes the bundle.

    Raises:
        ConfigError: no quantized model, no dataset with its labels, no validation clip of a word, damaged recordings.
        ToolError: the model needs tflite-micro, which is missing.
    """
    bundle = load_bundle(project.quantized_dir)
    wishes = project.config.detector
    if wishes.is_auto:
        negatives = project_negatives(project, uses_of_negatives(project).tuning, progress)
        held_back = _engines_held_back(project)
        report = _choose_detector(bundle, project, wishes, negatives, progress, held_back=held_back)
    else:
        report = TuneReport(wishes.as_given(project.config.words), _texts(bundle), None, made_negatives=False)
    report = _deployed(report, project.config.deployed_grammar, wishes.deployed_gate_db)
    _write(bundle, project.bundle_dir, report)
    _warn(report, progress)
    return report


def _deployed(report: TuneReport, grammar: tuple[OpenAfter, ...], gate_db: int) -> TuneReport:
    """Thresholds are chosen as if every word were always heard, and the model never slept: both only lower the false
    accepts."""
    detector = dataclasses.replace(report.detector, grammar=grammar, gate_db=gate_db)
    return dataclasses.replace(report, detector=detector)


def tune_bundle(
    bundle: Bundle, project: Project, wishes: DetectorRequest, negatives: Sequence[Stream], progress: Progress = SILENT
) -> TuneReport:
    """Chooses the detector of any bundle with a project's clips, and writes it into that bundle.

    Args:
        bundle: a bundle with the same words as the project.
        project: provides the validation clips.
        wishes: settings of the detector; the threshold is chosen as for `auto`.
        negatives: long recordings without the words.
        progress: shows progress.

    Raises:
        ConfigError, ToolError: as tune().
    """
    if bundle.detector.is_streaming:
        raise ConfigError(
            "a streaming wake word model has the detector of its manifest",
            hint="see thresholds for it: tinykws evaluate --stream",
        )
    report = _choose_detector(bundle, project, wishes, negatives, progress)
    report = _deployed(report, bundle.detector.grammar, bundle.detector.gate_db)
    _write(bundle, bundle.path, report)
    _warn(report, progress)
    return report


def _choose_detector(
    bundle: Bundle,
    project: Project,
    wishes: DetectorRequest,
    negatives: Sequence[Stream],
    progress: Progress,
    *,
    held_back: Sequence[str] = (),
) -> TuneReport:
    """Chooses a detector. `held_back`: the engines that the model's training did not use, as far as that is known."""
    dataset = Dataset.load(project.dataset_dir)
    if list(dataset.labels) != [label.name for label in bundle.labels]:
        raise ConfigError(
            f"the dataset has the labels {', '.join(dataset.labels)}; the model has"
            f" {', '.join(label.name for label in bundle.labels)}",
            hint="name a project with the same words: --project DIR",
        )
    noise = held_back_noise(_data_folders(project), VALIDATION)
    stream_set = plan_stream_set(dataset, VALIDATION, noise, negatives)
    if len(negatives) == 1:
        progress.say(
            f"all negatives are from one recording, {negatives[0].name}: on speech of other kinds expect up to three"
            " times as many false accepts; recordings of other kinds in negatives/ make the rate surer"
        )
    paced = dataclasses.replace(
        bundle, detector=dataclasses.replace(bundle.detector, inference_stride_ms=wishes.inference_stride_ms)
    )
    tuning = tune_detector(score_stream_set(paced, stream_set, progress=progress), bundle.labels, wishes, progress)
    speakers = spoken_by(dataset, VALIDATION, held_back)
    return TuneReport(tuning.detector, _texts(bundle), tuning, stream_set.synthetic_negatives, speakers)


def _engines_held_back(project: Project) -> tuple[str, ...]:
    """Returns the engines that the project's synthetic clips for training do not have, as `synth` reported."""
    try:
        return tuple(map(str, read_report(project.stamp_path("synth")).get("held_back", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def _texts(bundle: Bundle) -> tuple[str, ...]:
    return tuple(label.text for label in bundle.labels[FIRST_WORD:])


def _data_folders(project: Project) -> list[Path]:
    return [project.data_dir, project.synth_dir]


def _write(bundle: Bundle, path: Path, report: TuneReport) -> None:
    metrics = {name: value for name, value in bundle.metrics.items() if name != METRICS_KEY}
    if report.tuning is not None:
        point = report.tuning.point
        metrics[METRICS_KEY] = {
            "false_accepts_per_hour_wanted": report.tuning.wanted_per_hour,
            "false_accepts_per_hour_expected": report.tuning.expected_per_hour,
            "negatives": dataclasses.asdict(point.rate),
            "recall": dataclasses.asdict(point.recall),
            "scenes": [dataclasses.asdict(scene) for scene in report.tuning.scenes],
            "words": [dataclasses.asdict(word.recall) for word in point.words],
            "synthetic_negatives": report.made_negatives,
            "spoken_by": report.spoken_by,
            "most_latency_ms": report.tuning.most_latency_ms,
        }
    clips = {
        clip.file: read_audio(bundle.path / clip.file, bundle.frontend.sample_rate_hz).samples for clip in bundle.golden
    }
    model = bundle.model_bytes()
    write_bundle(dataclasses.replace(bundle, path=path, detector=report.detector, metrics=metrics), model, clips)


def _warn(report: TuneReport, progress: Progress) -> None:
    """Reports how far the results can be trusted."""
    tuning = report.tuning
    if tuning is None:
        return
    wanted = tuning.wanted_per_hour
    if report.made_negatives:
        progress.say(
            "no long recordings without the words: other words joined into sentences replace ordinary speech;"
            " for a reliable rate, put hours of real speech into negatives/: tinykws fetch --list"
        )
    if not tuning.is_quick:
        progress.say(
            f"no detector is quick enough: the quickest reports a word {tuning.point.recall.latency_median_ms:.0f} ms"
            f" after its end in the median, and {tuning.most_latency_ms} ms are allowed. What may help: detector:"
            " {kind: recognize_commands}, a shorter inference_stride_ms, or a higher most_latency_ms"
        )
    rate = tuning.point.rate
    if not tuning.is_reached:
        progress.say(
            f"this model cannot reach {wanted:g} false accepts per hour without missing most words; the strictest"
            f" detector that does not was chosen: {rate.false_accepts} in {rate.hours:.1f} hours of these negatives,"
            f" about {tuning.expected_per_hour:.1f} per hour expected"
        )
    elif not tuning.is_sure:
        progress.say(
            f"{rate.hours:.1f} hours of negatives are too few to confirm {wanted:g} false accepts per hour:"
            f" {rate.false_accepts} were counted, so with 95 % confidence there are fewer than {rate.high:.1f};"
            f" {tuning.hours_wanted:.0f} hours without one would confirm it"
        )
