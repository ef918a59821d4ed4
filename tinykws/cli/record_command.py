# SPDX-License-Identifier: Apache-2.0
"""record: clips of words and of the room, through this computer's microphone or a board's own."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_work import board_microphone
from tinykws.cli.console import print_json, to_json
from tinykws.cli.options import json_option, project_option
from tinykws.project.layout import Project

if TYPE_CHECKING:
    from tinykws.stages.record import RecordReport, SampleSource

NOISE_WORDS = ("noise", "_background_noise_")


@click.command()
@project_option
@click.option("--board", "board_id", default=None, metavar="BOARD", show_default="whatever is on the port",
              help="Record through this board's microphone; a row of `tinykws boards`.")  # fmt: skip
@click.option("--port", default=None, metavar="PORT", show_default="found by --board's USB ids",
              help="Record through the microphone of the board on this port (or pyserial URL).")  # fmt: skip
@click.option("--microphone", "microphone_name", default=None, metavar="NAME", show_default="the system's",
              help="A part of the name of one of this computer's microphones.")  # fmt: skip
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="Clips to keep.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(min=1, max=600), default=30.0, show_default=True,
              help="Of the room's noise.")  # fmt: skip
@click.option("--speaker", default=None, metavar="NAME", show_default="your user name",
              help="Who speaks: letters, digits, -. All clips of one speaker come into one split.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Ask nothing: keep every clip that is good.")
@json_option
@click.argument("word")
def record(
    project_dir: Path, board_id: str | None, port: str | None, microphone_name: str | None, count: int,
    seconds: float, speaker: str | None, yes: bool, as_json: bool, word: str,
) -> int:  # fmt: skip
    """Record clips of WORD into data/, through this computer's microphone or a board's own.

    Each clip is cut to the model's length with the speech in its middle; you hear about what is wrong with it and
    keep it, speak again, or stop. WORD `noise` records the room into data/_background_noise_/. With --port or
    --board it is the board that listens: a model that is trained on its sound knows its microphone.

    \b
    Examples:
      tinykws record yes --count 20 --speaker anna
      tinykws record yes --port /dev/ttyACM0 --count 20 --speaker anna
      tinykws record noise --board nano33ble --seconds 60
      tinykws record yes --board host --yes          (KWS_MICROPHONE=FILE is its microphone)
    """
    from tinykws.stages.record import checked_speaker, record_noise
    from tinykws.stages.record import record as record_word
    from tinykws.support.errors import ConfigError

    project = Project.load(project_dir)
    who = checked_speaker(speaker or _user_name())
    if not yes and not sys.stdin.isatty():
        raise ConfigError("there is nobody to ask: this is no terminal", hint="--yes keeps every clip that is good")
    from tinykws.cli.recording_desk import AskingDesk, PlainDesk

    desk = PlainDesk() if yes else AskingDesk()
    with _ear(project_dir, board_id, port, microphone_name) as ear:
        if word in NOISE_WORDS:
            report = record_noise(project, ear, desk, seconds=seconds, speaker=who)
        else:
            report = record_word(project, word, ear, desk, count=count, speaker=who)
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(_describe(report, project.data_dir))
    return 0 if report.complete else 1


@contextlib.contextmanager
def _ear(
    project_dir: Path, board_id: str | None, port: str | None, microphone_name: str | None
) -> Iterator[SampleSource]:
    """A board's microphone where a board or port was named, else the computer's."""
    if board_id is None and port is None:
        from tinykws.recording.computer_microphone import ComputerMicrophone

        yield ComputerMicrophone(microphone_name)
        return
    if microphone_name is not None:
        raise click.UsageError("--microphone is this computer's: leave --board and --port away")
    with board_microphone(project_dir, board_id, port) as ear:
        yield ear


def _user_name() -> str:
    """The user's name as files may have it; "me" where there is none."""
    import getpass

    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a user without an entry, as in some containers
        name = ""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:40] or "me"


def _describe(report: RecordReport, data_dir: Path) -> str:
    left_out = f", {report.left_out} left out" if report.left_out else ""
    return f"{len(report.files)} of {report.wanted} recordings kept in {data_dir / report.word}{left_out}"


COMMANDS = [record]
