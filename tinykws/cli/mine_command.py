# SPDX-License-Identifier: Apache-2.0
"""mine: from what a model wrongly hears to what it learns next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import bundle_option, json_option, project_option
from tinykws.cli.pipeline import workplace
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from tinykws.stages.mine import MineReport

SHOWN = 20


@click.command()
@project_option
@bundle_option
@json_option
@click.option("--min-probability", type=click.FloatRange(0, 1), default=0.5, show_default=True, metavar="P",
              help="How sure of a word the model must be.")  # fmt: skip
@click.option("--events", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="CSV (start_ms,end_ms,label) of words that are really said, for one recording.")  # fmt: skip
@click.option("--add", is_flag=True, help="Copy what is found to data/_mined_/: the next training learns from it.")
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def mine(
    project_dir: Path, bundle_dir: Path | None, as_json: bool, min_probability: float, events: Path | None, add: bool,
    recordings: tuple[Path, ...],
) -> None:  # fmt: skip
    """Find what the model takes for a word in recordings without any, and teach it better.

    Each sound found is cut out and put on a page to look at and to listen to. With --add it goes to data/_mined_/, as
    unknown words to train on; before that, take out of build/mined/ nothing, but listen: a word that was really said
    does harm there.

    \b
    Examples:
      tinykws mine evening_radio.flac
      tinykws mine --add kitchen_monday.wav kitchen_tuesday.wav && tinykws build --board nano33ble
    """
    from tinykws.evaluation.timeline import read_timeline
    from tinykws.stages.mine import mine as mine_recordings

    if events is not None and len(recordings) != 1:
        raise ConfigError("--events tells of one recording", hint="mine one recording at a time")
    progress = ConsoleProgress()
    data_dir = Project.load(project_dir).data_dir if add else None
    place = workplace(project_dir, bundle_dir, progress)
    said = {}
    if events is not None:
        said[recordings[0]] = read_timeline(events, [label.name for label in place.bundle.labels[2:]])
    report = mine_recordings(
        place.bundle, recordings, place.build_dir,
        min_probability=min_probability, utterances=said, add_to=data_dir, progress=progress,
    )  # fmt: skip
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(_describe(report, data_dir))


def _describe(report: MineReport, data_dir: Path | None) -> str:
    rows = [
        (f"{sound.audio} @{sound.time_ms}ms", sound.label.text, f"{sound.probability:.0%}",
         "yes" if sound.detected else "-")
        for sound in sorted(report.sounds, key=lambda sound: -sound.probability)[:SHOWN]
    ]  # fmt: skip
    detected = sum(sound.detected for sound in report.sounds)
    lines = [table(["where", "taken for", "sure", "detected"], rows), ""] if rows else []
    if len(report.sounds) > SHOWN:
        lines.append(f"… the {SHOWN} surest of {len(report.sounds)}")
    lines.append(f"{len(report.sounds)} sounds in {report.seconds / 60:.1f} minutes, {detected} of them detected")
    lines.append(f"look and listen: {report.page}")
    if data_dir is not None:
        lines.append(f"{report.added} new clips in {data_dir / '_mined_'}: tinykws train learns from them")
    return "\n".join(lines)


COMMANDS = [mine]
