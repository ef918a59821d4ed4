# SPDX-License-Identifier: Apache-2.0
"""tune, and what evaluate --stream prints: detectors on long streams."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import force_option, json_option, project_option
from tinykws.cli.pipeline import report_of, run_stage, run_until
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from tinykws.evaluation.stream_measure import CurvePoint, Rate, Recall
    from tinykws.stages.evaluate_stream import EvaluateStreamReport
    from tinykws.stages.tune import TuneReport

NEGATIVES = click.option(
    "--negatives", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="FILE",
    help="A long recording without the words, or a folder of such; may be repeated.",
)  # fmt: skip


@click.command()
@project_option
@force_option
@json_option
@click.option("--bundle", "bundle_dir", type=click.Path(path_type=Path, file_okay=False), default=None,
              show_default="the project's",
              help="Choose this bundle's detector anew, by the project's clips.")  # fmt: skip
@NEGATIVES
@click.option("--false-accepts-per-hour", "per_hour", type=click.FloatRange(0.01, 1000), default=None,
              help="With --bundle: the wanted rate.  [default: kws.yaml's]")  # fmt: skip
def tune(
    project_dir: Path,
    force: bool,
    as_json: bool,
    bundle_dir: Path | None,
    negatives: tuple[Path, ...],
    per_hour: float | None,
) -> None:
    """Choose the detector for a wanted rate of false accepts, and write the bundle.

    Thresholds, averaging window, minimum count and suppression are chosen on validation clips in several scenes and on
    the first half of each recording in negatives/. `detector: {false_accepts_per_hour: 0.5}` in kws.yaml says the rate;
    `detector: {threshold: 200}` gives the detector, and nothing is chosen.

    \b
    Examples:
      tinykws tune --project hello
      tinykws tune --project hello --bundle imported/build/bundle --negatives talk.flac
    """
    project, progress = Project.load(project_dir), ConsoleProgress()
    if bundle_dir is None:
        if negatives or per_hour is not None:
            raise click.UsageError(
                "--negatives and --false-accepts-per-hour go with --bundle; a project has its folder negatives/ and"
                " kws.yaml for them"
            )
        run_until(project, "tune", progress, force=force)
        report: TuneReport = report_of(project, "tune")
    else:
        report = _tune_bundle(project, bundle_dir, negatives, per_hour, progress)
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(describe_tuning(report))


def _tune_bundle(
    project: Project, bundle_dir: Path, negatives: Sequence[Path], per_hour: float | None, progress: ConsoleProgress
) -> TuneReport:
    from tinykws.evaluation.stream_set import TUNED_ON, named_negatives, project_negatives
    from tinykws.model.bundle import load_bundle
    from tinykws.project.detector_settings import AUTO
    from tinykws.stages.tune import tune_bundle

    bundle = load_bundle(bundle_dir)
    run_until(project, "prepare", progress)
    wishes = dataclasses.replace(project.config.detector, threshold=AUTO, word_thresholds={})
    if per_hour is not None:
        wishes = dataclasses.replace(wishes, false_accepts_per_hour=per_hour)
    streams = named_negatives(negatives) if negatives else project_negatives(project, TUNED_ON)
    return tune_bundle(bundle, project, wishes, streams, progress)


def describe_tuning(report: TuneReport) -> str:
    """Returns the report for people."""
    detector = report.detector
    thresholds = detector.thresholds(len(report.words) + 2)[2:]
    each = ", ".join(f"{word} {threshold}" for word, threshold in zip(report.words, thresholds, strict=True))
    looks_at = (
        f"weighted scores of {detector.average_window_ms} ms"
        if detector.taps
        else f"average over {detector.average_window_ms} ms, at least {detector.minimum_count} scores"
    )
    lines = [f"{detector.kind}: threshold {each}; {looks_at}; {detector.suppression_ms} ms of suppression"]
    if report.tuning is None:
        return "\n".join([*lines, "given in kws.yaml, not chosen"])
    tuning, point = report.tuning, report.tuning.point
    lines += [
        f"wanted: {tuning.wanted_per_hour:g} false accepts per hour; expected: {tuning.expected_per_hour:.2g}; counted"
        f" on what it was chosen on: {point.rate.false_accepts} in {point.rate.hours:.2f} h"
        f" ({_range(point.rate.low, point.rate.high)} per hour with 95 % confidence)",
        f"recall there: {_percent(point.recall.share)} of {point.recall.utterances} words in all scenes; the honest"
        " figure is evaluate --stream's",
    ]
    return "\n".join(lines)


def stream_report(
    project: Project,
    *,
    force: bool,
    bundle_dir: Path | None,
    negatives: Sequence[Path],
    save: Path | None,
    progress: ConsoleProgress,
) -> EvaluateStreamReport:
    """Runs evaluate --stream, or takes the report of what is up to date."""
    from tinykws.model.bundle import load_bundle
    from tinykws.stages.evaluate_stream import evaluate_stream

    if save is not None and save.exists() and any(save.iterdir()):
        raise ConfigError(f"{save} is not empty", hint="name a new folder: --save FOLDER replaces all that is in it")
    if bundle_dir is None:
        run_until(project, "tune", progress)
        if not negatives and save is None:
            run_stage(project, "evaluate_stream", progress, force=force)
            report: EvaluateStreamReport = report_of(project, "evaluate_stream")
            return report
    else:
        run_until(project, "prepare", progress)
    bundle = None if bundle_dir is None else load_bundle(bundle_dir)
    return evaluate_stream(project, bundle=bundle, negatives=negatives, save=save, progress=progress)


def describe_stream(report: EvaluateStreamReport) -> str:
    """Returns the report for people."""
    measure = report.measure
    deployed = measure.deployed
    scenes = [_recall_row(scene) for scene in (*measure.scenes, deployed.recall)]
    sounds = [_rate_row(rate) for rate in measure.negatives]
    if len(measure.negatives) > 1:
        sounds.append(_rate_row(deployed.rate))
    sounds += [_rate_row(rate, " (beside)") for rate in measure.others]
    words = [
        (word, threshold, _percent(of.recall.share), _share_range(of.recall), f"{of.rate.per_hour:.1f}",
         _range(of.rate.low, of.rate.high))
        for word, threshold, of in zip(measure.words, deployed.thresholds, deployed.words, strict=True)
    ]  # fmt: skip
    rates = [_point_row(at.per_hour, at.point) for at in report.at_rates]
    likely = "95 % limits"
    return "\n\n".join(
        [
            f"model {report.model_id}, detector {measure.detector.kind}, on {report.split} clips",
            table(["scene", "said", "found", "recall", likely, "confused", "false", "latency ms", "95th"], scenes),
            table(["without the words", "hours", "false accepts", "per hour", likely], sounds),
            table(["word", "threshold", "recall", likely, "false per hour", likely], words),
            "all thresholds moved together:\n"
            + table(["at most per hour", "thresholds", "recall", likely], rates),
        ]
    )  # fmt: skip


def _point_row(per_hour: float, point: CurvePoint | None) -> tuple[str, ...]:
    if point is None:
        return (f"{per_hour:g}", "-", "-", "-")
    thresholds = " ".join(map(str, point.thresholds))
    return (f"{per_hour:g}", thresholds, _percent(point.recall.share), _share_range(point.recall))


def _recall_row(recall: Recall) -> tuple[Any, ...]:
    median, late = (
        "-" if value is None else f"{value:.0f}" for value in (recall.latency_median_ms, recall.latency_95th_ms)
    )
    return (recall.name, recall.utterances, recall.found, _percent(recall.share), _share_range(recall),
            recall.confused, recall.false_accepts, median, late)  # fmt: skip


def _rate_row(rate: Rate, mark: str = "") -> tuple[Any, ...]:
    return (
        rate.name + mark,
        f"{rate.hours:.2f}",
        rate.false_accepts,
        f"{rate.per_hour:.1f}",
        _range(rate.low, rate.high),
    )


def _share_range(recall: Recall) -> str:
    return "-" if recall.low is None or recall.high is None else f"{100 * recall.low:.1f} to {100 * recall.high:.1f}"


def _range(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
