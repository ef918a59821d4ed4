# SPDX-License-Identifier: Apache-2.0
"""tune: chooses the detector's settings and writes the bundle."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.evaluation_view import percent, rate_range
from tinykws.cli.options import FiniteRange, force_option, json_option, negatives_option, project_option
from tinykws.cli.run_stages import run_until
from tinykws.cli.stages_in_order import report_of
from tinykws.cli.terminal import echo
from tinykws.project.layout import Project

if TYPE_CHECKING:
    from tinykws.evaluation.tuning import Tuning
    from tinykws.stages.tune import TuneReport


@click.command()
@project_option
@force_option
@json_option
@click.option("--bundle", "bundle_dir", type=click.Path(path_type=Path, file_okay=False), default=None,
              metavar="FOLDER",
              show_default="the project's",
              help="Choose this bundle's detector settings again, on the project's clips.")  # fmt: skip
@negatives_option
@click.option("--false-accepts-per-hour", "per_hour", type=FiniteRange(0.01, 1000), default=None,
              metavar="RATE",
              show_default="from kws.yaml", help="With --bundle: the wanted rate of false accepts.")  # fmt: skip
def tune(
    project_dir: Path,
    force: bool,
    as_json: bool,
    bundle_dir: Path | None,
    negatives: tuple[Path, ...],
    per_hour: float | None,
) -> None:
    """Choose detector settings, and write the bundle.

    Chooses thresholds, smoothing window, minimum count and suppression time for a wanted rate of false accepts. The
    data are validation clips in several scenes, and a part of each recording in negatives/. `detector:
    {false_accepts_per_hour: 0.5}` in kws.yaml sets the wanted rate, `most_latency_ms` the longest latency. With
    `detector: {threshold: 200}` the settings are taken from kws.yaml and nothing is chosen.

    \b
    Examples:
      tinykws tune --project hello
      tinykws tune --project hello --bundle imported/build/bundle --negatives talk.flac
    """
    project, progress = Project.load(project_dir), ConsoleProgress()
    if bundle_dir is None:
        if negatives or per_hour is not None:
            raise click.UsageError(
                "--negatives and --false-accepts-per-hour need --bundle; for a project's own bundle use its folder"
                " negatives/ and its kws.yaml"
            )
        run_until(project, "tune", progress, force=force)
        report: TuneReport = report_of(project, "tune")
    else:
        report = _tune_bundle(project, bundle_dir, negatives, per_hour, progress)
    if as_json:
        print_json(to_json(report))
    else:
        echo(describe_tuning(report))


def _tune_bundle(
    project: Project, bundle_dir: Path, negatives: Sequence[Path], per_hour: float | None, progress: ConsoleProgress
) -> TuneReport:
    from tinykws.evaluation.stream_set import named_negatives, project_negatives, uses_of_negatives
    from tinykws.model.bundle import load_bundle
    from tinykws.project.detector_settings import AUTO
    from tinykws.stages.tune import tune_bundle

    bundle = load_bundle(bundle_dir)
    run_until(project, "prepare", progress)
    wishes = dataclasses.replace(project.config.detector, threshold=AUTO, word_thresholds={})
    if per_hour is not None:
        wishes = dataclasses.replace(wishes, false_accepts_per_hour=per_hour)
    streams = (
        named_negatives(negatives, progress)
        if negatives
        else project_negatives(project, uses_of_negatives(project).tuning, progress)
    )
    return tune_bundle(bundle, project, wishes, streams, progress)


def describe_tuning(report: TuneReport) -> str:
    """Returns the report as text."""
    from tinykws.evaluation.detector_quality import Found, what_it_promises

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
        f" ({rate_range(point.rate.low, point.rate.high)} per hour with 95 % confidence)",
        f"recall there: {percent(point.recall.share)} of {point.recall.utterances} words in all scenes"
        f"{_latency(tuning)}",
    ]
    quiet = tuning.scenes[0] if tuning.scenes else point.recall
    promise = what_it_promises(report.spoken_by, Found(quiet.name, quiet.utterances, quiet.found), report.words[0])
    lines.append(f"people: {promise}" if promise else "on clips that nothing was chosen on: tinykws evaluate --stream")
    return "\n".join(lines)


def _latency(tuning: Tuning) -> str:
    latency_ms = tuning.point.recall.latency_median_ms
    if latency_ms is None:
        return ""
    limit = "" if tuning.most_latency_ms is None else f" ({tuning.most_latency_ms} allowed)"
    return f"; latency in the median: {latency_ms:.0f} ms{limit}"
