# SPDX-License-Identifier: Apache-2.0
"""mine: turns false accepts into training data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import FiniteRange, bundle_option, json_option, project_option, rebuild_option
from tinykws.cli.suggestions import completed
from tinykws.cli.terminal import echo
from tinykws.cli.workplace import workplace
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from tinykws.stages.mine import MineReport

SHOWN = 20


@click.command()
@project_option
@bundle_option
@rebuild_option
@json_option
@click.option("--min-probability", type=FiniteRange(0, 1), default=0.5, show_default=True, metavar="P",
              help="Lowest probability of a word that counts (0 to 1).")  # fmt: skip
@click.option("--events", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              metavar="CSV",
              help="Words that really occur in the recording (start_ms,end_ms,label); for one recording.")  # fmt: skip
@click.option("--add", is_flag=True, help="Copy the clips found to data/_mined_/, so that the next training uses them.")
@click.argument("recordings", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def mine(
    project_dir: Path, bundle_dir: Path | None, rebuild: bool, as_json: bool, min_probability: float,
    events: Path | None, add: bool, recordings: tuple[Path, ...],
) -> None:  # fmt: skip
    """Find false accepts in recordings, as training data.

    RECORDINGS must not contain the words, except where --events says so. Each sound that the model takes for a word is
    cut out and shown on a page in build/mined/, to inspect and play. With --add, the clips are also copied to
    data/_mined_/, where the next training uses them as unknown words. Listen to them first: a clip that really contains
    a word makes the model worse.

    \b
    Examples:
      tinykws mine evening_radio.flac
      tinykws mine --add kitchen_monday.wav kitchen_tuesday.wav && tinykws build --board nano33ble
    """
    from tinykws.evaluation.timeline import read_timeline
    from tinykws.stages.mine import mine as mine_recordings

    if events is not None and len(recordings) != 1:
        raise ConfigError(
            f"--events describes one recording, but {len(recordings)} are given", hint="mine one recording at a time"
        )
    progress = ConsoleProgress()
    data_dir = Project.load(project_dir).data_dir if add else None
    place = workplace(project_dir, bundle_dir, progress, rebuild=rebuild)
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
        echo(completed(_describe(report, data_dir)))


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
