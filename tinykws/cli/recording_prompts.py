# SPDX-License-Identifier: Apache-2.0
"""What a person who records is asked and shown: what to say, a level meter, and whether to keep the clip."""

from __future__ import annotations

import sys

import click

from tinykws.audio.samples import Samples
from tinykws.audio.speech_bounds import CutClip
from tinykws.cli.monitor_view import bar
from tinykws.cli.terminal import clear_line, echo, prompt, redraw, style
from tinykws.device.health import dbfs
from tinykws.stages.record import Answer, RecordingUi

ANSWERS: dict[str, Answer] = {"k": "keep", "a": "again", "q": "quit"}


class AutomaticPrompts(RecordingUi):
    """Asks nothing. Writes lines to stderr, and a level meter if stderr is a terminal."""

    def __init__(self) -> None:
        self._drawn = False

    def prompt(self, what: str, number: int, count: int) -> bool:
        """Says what to do now."""
        echo(f"({number} of {count}) now {style(what, 'bold')}", err=True)
        return True

    def show_level(self, samples: Samples) -> None:
        """Draws the loudest of samples int16 [n] as a bar."""
        if samples.size and sys.stderr.isatty():
            level = dbfs(int(abs(samples.astype(int)).max()))
            clipped = "  TOO LOUD" if level is not None and level > -0.1 else ""
            shown = "silence" if level is None else f"{level:4.0f} dBFS"
            redraw(f"  [{bar(level)}] {shown}{clipped}", err=True)
            self._drawn = True

    def recording_ended(self) -> None:
        """Removes the meter."""
        if self._drawn:
            clear_line(err=True)
            self._drawn = False

    def say(self, text: str) -> None:
        """Prints a line."""
        echo(f"  {text}", err=True)


class TerminalPrompts(AutomaticPrompts):
    """Asks a person at a terminal: Enter starts each recording, a letter keeps or repeats it."""

    is_interactive = True

    def prompt(self, what: str, number: int, count: int) -> bool:
        """Waits for Enter; returns False if the person typed q."""
        text = f"({number} of {count}) press Enter and {style(what, 'bold')} (q: end)"
        answer: str = prompt(text, default="", show_default=False, prompt_suffix=" ")
        return answer.strip().lower() != "q"

    def judge(self, clip: CutClip) -> Answer:
        """Asks whether to keep the clip. Enter keeps it or, if it has defects, repeats it."""
        found = f"{clip.speech_ms} ms of speech, peak {clip.peak_dbfs:.0f} dBFS"
        for defect in clip.defects:
            self.say(style(defect, "yellow"))
        best = "a" if clip.defects else "k"
        answer: str = prompt(f"  {found}: keep, again, quit", type=click.Choice(sorted(ANSWERS)), default=best)
        return ANSWERS[answer]
