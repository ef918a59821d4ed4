# SPDX-License-Identifier: Apache-2.0
"""export esphome: its options, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.options import FiniteRange
from tinykws.cli.terminal import echo
from tinykws.evaluation.sliding_mean import SlidingMean
from tinykws.exports.esphome.guard import Checked, check_manifests
from tinykws.exports.esphome.report import rate_text, recall_text
from tinykws.project.config import CONFIG_NAME
from tinykws.project.layout import Project
from tinykws.stages.export_esphome import REPORT_MARKDOWN, EsphomeReport, EsphomeRequest, WordExport, export_esphome

if TYPE_CHECKING:
    from tinykws.cli.workplace import Workplace

F = TypeVar("F", bound=Callable[..., Any])


def esphome_options(command: F) -> F:
    """Adds the options that only esphome has."""
    for option in reversed(
        (
            click.option("--author", default=None, metavar="NAME", show_default="tinykws",
                         help="esphome: the author in the manifests."),
            click.option("--cutoff", type=FiniteRange(0, 0.99), default=None, metavar="P",
                         help="esphome: probability_cutoff of all words, with --window; by default chosen."),
            click.option("--window", type=click.IntRange(1, 100), default=None, metavar="N",
                         help="esphome: sliding_window_size of all words, with --cutoff."),
            click.option("--arena", type=click.IntRange(1024, 1 << 24), default=None, metavar="BYTES",
                         help="esphome: tensor_arena_size; by default measured with TFLite Micro."),
            click.option("--check", "checked", type=click.Path(path_type=Path), multiple=True, metavar="FILE.json",
                         help="esphome: only say why ESPHome would not load this manifest and its model; repeatable."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def esphome_request(given: dict[str, Any], checked: Sequence[Path], *, is_esphome: bool) -> EsphomeRequest:
    """Returns what the options say. Raises UsageError for options of another form, or one without its companion."""
    others = [f"--{name}" for name, value in given.items() if value is not None] + (["--check"] if checked else [])
    if others and not is_esphome:
        raise click.UsageError(f"{', '.join(others)}: only for tinykws export esphome")
    cutoff, window = given["cutoff"], given["window"]
    if (cutoff is None) != (window is None):
        raise click.UsageError("--cutoff and --window go together: --cutoff 0.9 --window 5")
    rule = None if cutoff is None else SlidingMean(int(cutoff * 255), window)
    return EsphomeRequest(given["author"] or EsphomeRequest.author, rule, given["arena"])


def check_files(paths: Sequence[Path], *, as_json: bool) -> int:
    """Says what ESPHome would not load; returns the exit code, 1 if there is anything."""
    checked = check_manifests(paths)
    if as_json:
        print_json([to_json(one) for one in checked])
    else:
        for one in checked:
            echo(_verdict(one))
    return int(any(one.faults for one in checked))


def _verdict(checked: Checked) -> str:
    head = f"{checked.path}: {'ESPHome would not load it' if checked.faults else 'ESPHome loads it'}"
    lines = [f"  {text}" for text in checked.faults] + [f"  note: {text}" for text in checked.warnings]
    return "\n".join([head, *lines])


def run_export_esphome(
    place: Workplace, folder: Path, request: EsphomeRequest, progress: ConsoleProgress, *, as_json: bool
) -> None:
    """Exports and says what was made."""
    project = Project.load(place.project_dir) if (place.project_dir / CONFIG_NAME).is_file() else None
    report = export_esphome(place.bundle, folder, project=project, request=request, progress=progress)
    if as_json:
        print_json(to_json(report))
    else:
        echo(_describe(report))


def _describe(report: EsphomeReport) -> str:
    changed = len(report.changes.written) + len(report.changes.removed)
    state = f"{changed} of {len(report.files)} files new or changed" if changed else "up to date"
    lines = [
        f"export: {report.path}: {state}, esphome, model {report.model_id}, an inference every {report.stride_ms} ms"
    ]
    lines += [_word_line(word) for word in report.words]
    if any(word.measured for word in report.words):
        lines.append(f"every cutoff's figures: {report.path / REPORT_MARKDOWN}")
    return "\n".join(lines)


def _word_line(word: WordExport) -> str:
    line = (
        f"{word.word}: {word.manifest}, {word.model} ({word.model_bytes:,} bytes, arena {word.arena_bytes:,}), cutoff"
        f" {word.probability_cutoff}, window {word.sliding_window_size}"
    )
    if word.measured is None:
        return line
    chosen = word.measured.chosen
    missed = "" if word.measured.met else "\n  no cutoff had as few false accepts as wanted; this has the fewest"
    return f"{line}\n  recall {recall_text(chosen.recall)}; false accepts per hour {rate_text(chosen.rate)}{missed}"
