# SPDX-License-Identifier: Apache-2.0
"""What `monitor` shows: lines with the time of day and, on a terminal, a status line below them."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Sequence

from tinykws.cli.suggestions import completed
from tinykws.cli.terminal import clear_line, echo, redraw, style
from tinykws.device.detection_counts import DetectionCounts, short_label
from tinykws.device.health import DeviceHealth
from tinykws.device.monitoring import MonitorView
from tinykws.device.near_misses import WordLevel
from tinykws.device.protocol import Heard, Ready
from tinykws.support.safe_text import visible_line

BAR_CHARACTERS = 20
WORD_BAR_CHARACTERS = 8
BAR_FLOOR_DBFS = -60.0
MOST_CHARACTERS = 500
"""A longer line of the device is cut on the screen; the log has more of it."""
PLAIN_STATUS_S = 10.0
"""How often to print the status if there is no status line."""


class PlainView(MonitorView):
    """Prints a line for every event: for pipes and files.

    Args:
        now: returns the time of day.
    """

    levels_every_s = 1.0

    def __init__(self, now: Callable[[], datetime.datetime] = datetime.datetime.now) -> None:
        self._now = now
        self._status_shown: datetime.datetime | None = None

    def connected(self, port: str) -> None:
        """Prints the port."""
        self.line(f"connected to {port}")

    def introduced(self, ready: Ready) -> None:
        """Prints the board, engine, model and labels that the device reports."""
        tested = "" if ready.self_test == "none" else f", self-test {ready.self_test}"
        text = f"{ready.board}, engine {ready.engine}, model {ready.model}{tested}: {', '.join(ready.labels)}"
        self.line(_shown(text))

    def heard(self, heard: Heard) -> None:
        """Prints the detection as the serial line that scripts know: Heard <label> (<score>) @<ms>ms."""
        self.line(style(_shown(heard.to_line()), "bold"))

    def health(self, health: DeviceHealth) -> None:
        """Prints level and load every PLAIN_STATUS_S seconds, and always if the device is too slow."""
        due = self._status_shown is None or (self._now() - self._status_shown).total_seconds() >= PLAIN_STATUS_S
        if due or health.is_too_slow:
            self._status_shown = self._now()
            self.line(describe(health))

    def near_miss(self, word: WordLevel) -> None:
        """Prints a word that was nearly detected."""
        self.line(style(_shown(f"nearly {short_label(word.label)}: {word.peak} of {word.threshold}"), "dim"))

    def notice(self, text: str) -> None:
        """Prints a notice."""
        self.line(style("\n".join(map(_shown, f"-- {completed(text)}".split("\n"))), "yellow"))

    def said(self, text: str) -> None:
        """Prints a line of the device that is not part of the protocol, indented."""
        self.line(style(_shown(f"   {text}"), "dim"))

    def erase(self) -> None:
        """Removes the status line; there is none here."""

    def line(self, text: str) -> None:
        """Prints a line with the time of day. click omits colours if stdout is not a terminal."""
        echo(f"{self._now():%H:%M:%S.%f}"[:-3] + f" {text}")


class LiveView(PlainView):
    """Prints lines as PlainView does, and below them a status line: level, load, detections."""

    status_every_s = 1.0

    def __init__(self, now: Callable[[], datetime.datetime] = datetime.datetime.now) -> None:
        super().__init__(now)
        self._board = "?"
        self._status = "waiting for its first status"
        self._words = ""
        self._counts = DetectionCounts()
        self._drawn = ""

    def introduced(self, ready: Ready) -> None:
        """Prints what the device reports, and shows the board in the status line."""
        self._board = short_label(ready.board)
        self._counts.announce(ready.labels)
        super().introduced(ready)

    def heard(self, heard: Heard) -> None:
        """Prints the detection and counts it."""
        self._counts.add(heard.label)
        super().heard(heard)

    def health(self, health: DeviceHealth) -> None:
        """Shows level and load in the status line."""
        self._status = f"[{bar(health.level_dbfs)}] {describe(health)}"
        self.tick()

    def levels(self, words: Sequence[WordLevel]) -> None:
        """Shows a bar for each word in the status line, full at the threshold."""
        self._words = "".join(f"{word_bar(word)} | " for word in words)
        self.tick()

    def line(self, text: str) -> None:
        """Prints a line above the status line."""
        self.erase()
        super().line(text)
        self.tick()

    def tick(self) -> None:
        """Draws the status line if it has changed."""
        heard = (
            ", ".join(f"{label} {count}" for label, count in sorted(self._counts.by_label.items()))
            or "nothing heard yet"
        )
        text = visible_line(f"{self._board} {self._words}{self._status} | {heard}")[
            : shutil.get_terminal_size().columns - 1
        ]
        if text != self._drawn:
            redraw(text)
            self._drawn = text

    def erase(self) -> None:
        """Removes the status line."""
        if self._drawn:
            clear_line()
            self._drawn = ""


def describe(health: DeviceHealth) -> str:
    """Returns level and load in one line."""
    level = "silence" if health.level_dbfs is None else f"{health.level_dbfs:.0f} dBFS"
    clipped = f" ({health.clipped} clipped)" if health.clipped else ""
    load = f"front-end {_percent(health.frontend_share)}, model {_percent(health.invoke_share)}"
    return f"level {level}{clipped}, {load}, {health.overruns} overruns{', TOO SLOW' if health.is_too_slow else ''}"


def _shown(text: str) -> str:
    return visible_line(text, MOST_CHARACTERS)


def bar(level_dbfs: float | None) -> str:
    """Returns a level as a bar, from -60 dBFS to full scale."""
    share = 0.0 if level_dbfs is None else 1 - max(level_dbfs, BAR_FLOOR_DBFS) / BAR_FLOOR_DBFS
    full = round(share * BAR_CHARACTERS)
    return "#" * full + "." * (BAR_CHARACTERS - full)


def word_bar(word: WordLevel) -> str:
    """Returns how near a word came to a detection: `yes #####... 141/163`; the bar is full at the threshold."""
    full = int(word.share * WORD_BAR_CHARACTERS)
    return f"{short_label(word.label)} {'#' * full}{'.' * (WORD_BAR_CHARACTERS - full)} {word.peak}/{word.threshold}"


def _percent(share: float | None) -> str:
    if share is None:
        return "? %"
    return f"{100 * share:.2f} %" if share < 0.01 else f"{100 * share:.1f} %"
