# SPDX-License-Identifier: Apache-2.0
"""record: records clips of a word, or background noise."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_microphone import board_microphone
from tinykws.cli.console import print_json, to_json
from tinykws.cli.options import BoardId, FiniteRange, json_option, project_option
from tinykws.cli.terminal import echo
from tinykws.project.layout import Project

if TYPE_CHECKING:
    from tinykws.stages.record import RecordReport, SampleSource

NOISE_WORDS = ("noise", "_background_noise_")


@click.command()
@project_option
@click.option("--board", "board_id", type=BoardId(), default=None, metavar="BOARD",
              show_default="any board on --port", help="Record through this board's microphone.")  # fmt: skip
@click.option("--port", default=None, metavar="PORT", show_default="found by --board's USB ids",
              help="Record through the microphone of the board on this port, or at this pyserial URL.")  # fmt: skip
@click.option("--microphone", "microphone_name", default=None, metavar="NAME", show_default="the system's",
              help="One of this computer's microphones, by a part of its name.")  # fmt: skip
@click.option("--count", type=click.IntRange(min=1), default=None, metavar="N",
              show_default="as many as make 20 of a word of the project; 1 of others",
              help="Number of clips to keep.")  # fmt: skip
@click.option("--seconds", type=FiniteRange(min=1, max=600), default=30.0, show_default=True,
              metavar="SECONDS", help="Length of a recording of background noise.")  # fmt: skip
@click.option("--speaker", default=None, metavar="NAME", show_default="your user name",
              help="Who speaks: letters, digits and -. All clips of one speaker go into the same split.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask: keep every clip without defects.")
@json_option
@click.argument("word")
def record(
    project_dir: Path, board_id: str | None, port: str | None, microphone_name: str | None, count: int | None,
    seconds: float, speaker: str | None, yes: bool, as_json: bool, word: str,
) -> int:  # fmt: skip
    """Record clips of WORD, or background noise.

    They go into the project's data folder. Each clip is cut to the length that the model needs, with the speech in the
    middle. Defects are shown; you keep the clip, repeat it, or stop. Twenty clips of a word, by those who will use it
    and as they will say it, from near and far, are worth more than any number of synthetic ones; the next `tinykws
    build` adds them, and says what they gave. The WORD `noise` records background noise into
    data/_background_noise_/. With --port or --board, the board's microphone records: a model trained on these clips
    knows its sound.

    \b
    Examples:
      tinykws record yes --speaker anna
      tinykws record yes --port /dev/ttyACM0 --count 20 --speaker anna
      tinykws record noise --board nano33ble --seconds 60
      tinykws record yes --board host --yes          (KWS_MICROPHONE=FILE is its microphone)
    """
    from tinykws.stages.record import checked_speaker, recommended_count, record_noise
    from tinykws.stages.record import record as record_word
    from tinykws.support.errors import ConfigError

    project = Project.load(project_dir)
    who = checked_speaker(speaker or _user_name())
    if not yes and not sys.stdin.isatty():
        raise ConfigError(
            "nobody can be asked whether to keep a clip: stdin is not a terminal",
            hint="--yes keeps every clip without defects",
        )
    from tinykws.cli.recording_prompts import AutomaticPrompts, TerminalPrompts

    prompts = AutomaticPrompts() if yes else TerminalPrompts()
    with _microphone(project_dir, board_id, port, microphone_name) as microphone:
        if word in NOISE_WORDS:
            report = record_noise(project, microphone, prompts, seconds=seconds, speaker=who)
        else:
            wanted = recommended_count(project, word) if count is None else count
            report = record_word(project, word, microphone, prompts, count=wanted, speaker=who)
    if as_json:
        print_json(to_json(report))
    else:
        echo(_describe(report, project, word))
    return 0 if report.complete else 1


@contextlib.contextmanager
def _microphone(
    project_dir: Path, board_id: str | None, port: str | None, microphone_name: str | None
) -> Iterator[SampleSource]:
    """Opens a board's microphone if a board or port was named, otherwise this computer's."""
    if board_id is None and port is None:
        from tinykws.recording.computer_microphone import ComputerMicrophone

        yield ComputerMicrophone(microphone_name)
        return
    if microphone_name is not None:
        raise click.UsageError("--microphone names one of this computer's: omit --board and --port")
    with board_microphone(project_dir, board_id, port) as opened:
        yield opened


def _user_name() -> str:
    """Returns the user's name, fit for file names; "me" if there is none."""
    import getpass

    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user without an entry, as in some containers
        name = ""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:40] or "me"


def _describe(report: RecordReport, project: Project, word: str) -> str:
    from tinykws.stages.record import RECOMMENDED, recordings_of

    left_out = f", {report.left_out} left out" if report.left_out else ""
    kept = f"{len(report.files)} of {report.wanted} recordings kept in {project.data_dir / report.word}{left_out}"
    count, speakers = (0, 0) if word in NOISE_WORDS else recordings_of(project, word)
    if not count:
        return kept
    there = f"recordings of {word}: {count}, of {speakers} speaker{'' if speakers == 1 else 's'}"
    if count < RECOMMENDED:
        return f"{kept}\n{there}; {RECOMMENDED} are recommended"
    return f"{kept}\n{there}; to learn them: tinykws build"
