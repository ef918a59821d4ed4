# SPDX-License-Identifier: Apache-2.0
"""What a person who records is asked and shown: what to say, a level meter, and whether to keep the clip."""

from __future__ import annotations

import sys

import click

from tinykws.audio.samples import Samples
from tinykws.audio.speech_bounds import CutClip
from tinykws.cli.console import CLEAR_LINE
from tinykws.cli.monitor_view import bar
from tinykws.device.health import dbfs
from tinykws.stages.record import Answer, RecordingUi

ANSWERS: dict[str, Answer] = {"k": "keep", "a": "again", "q": "quit"}


class AutomaticPrompts(RecordingUi):
    """Asks nothing. Writes lines to stderr, and a level meter if stderr is a terminal."""

    def __init__(self) -> None:
        self._drawn = False

    def prompt(self, what: str, number: int, count: int) -> bool:
        """Says what to do now."""
        click.echo(f"({number} of {count}) now {click.style(what, bold=True)}", err=True)
        return True

    def show_level(self, samples: Samples) -> None:
        """Draws the loudest of samples int16 [n] as a bar."""
        if samples.size and sys.stderr.isatty():
            level = dbfs(int(abs(samples.astype(int)).max()))
            clipped = "  TOO LOUD" if level is not None and level > -0.1 else ""
            shown = "silence" if level is None else f"{level:4.0f} dBFS"
            click.echo(f"{CLEAR_LINE}  [{bar(level)}] {shown}{clipped}", nl=False, err=True)
            self._drawn = True

    def recording_ended(self) -> None:
        """Removes the meter."""
        if self._drawn:
            click.echo(CLEAR_LINE, nl=False, err=True)
            self._drawn = False

    def say(self, text: str) -> None:
        """Prints a line."""
        click.echo(f"  {text}", err=True)


class TerminalPrompts(AutomaticPrompts):
    """Asks a person at a terminal: Enter starts each recording, a letter keeps or repeats it."""

    is_interactive = True

    def prompt(self, what: str, number: int, count: int) -> bool:
        """Waits for Enter; returns False if the person typed q."""
        text = f"({number} of {count}) press Enter and {click.style(what, bold=True)} (q: end)"
        answer: str = click.prompt(text, default="", show_default=False, prompt_suffix=" ", err=True)
        return answer.strip().lower() != "q"

    def judge(self, clip: CutClip) -> Answer:
        """Asks whether to keep the clip. Enter keeps it or, if it has defects, repeats it."""
        found = f"{clip.speech_ms} ms of speech, peak {clip.peak_dbfs:.0f} dBFS"
        for defect in clip.defects:
            self.say(click.style(defect, fg="yellow"))
        best = "a" if clip.defects else "k"
        answer: str = click.prompt(
            f"  {found}: keep, again, quit", type=click.Choice(sorted(ANSWERS)), default=best, err=True
        )
        return ANSWERS[answer]
