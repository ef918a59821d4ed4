# SPDX-License-Identifier: Apache-2.0
"""How a monitor looks: plain lines with the time, or, on a terminal, with a line below them that lives."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable

import click

from tinykws.device.health import DeviceHealth
from tinykws.device.monitoring import MonitorView
from tinykws.device.protocol import Heard, Ready

BAR_CHARACTERS = 20
BAR_FLOOR_DBFS = -60.0
PLAIN_VITALS_S = 10.0
"""Where nobody draws over old lines, a status this often is enough."""
CLEAR_LINE = "\r\x1b[K"


class PlainView(MonitorView):
    """A line for everything worth one: for pipes and files.

    Args:
        now: the time of day.
    """

    def __init__(self, now: Callable[[], datetime.datetime] = datetime.datetime.now) -> None:
        self._now = now
        self._vitals_shown: datetime.datetime | None = None

    def connected(self, port: str) -> None:
        """Prints the port."""
        self.line(f"connected to {port}")

    def introduced(self, ready: Ready) -> None:
        """Prints who it is."""
        tested = "" if ready.self_test == "none" else f", self-test {ready.self_test}"
        self.line(f"{ready.board}, engine {ready.engine}, model {ready.model}{tested}: {', '.join(ready.labels)}")

    def heard(self, heard: Heard) -> None:
        """Prints the detection in the words that scripts know."""
        self.line(click.style(heard.to_line(), bold=True))

    def health(self, health: DeviceHealth) -> None:
        """Prints level and load now and then; trouble always."""
        due = self._vitals_shown is None or (self._now() - self._vitals_shown).total_seconds() >= PLAIN_VITALS_S
        if due or health.is_too_slow:
            self._vitals_shown = self._now()
            self.line(describe(health))

    def notice(self, text: str) -> None:
        """Prints it."""
        self.line(click.style(f"-- {text}", fg="yellow"))

    def said(self, text: str) -> None:
        """Prints what others say, marked as theirs."""
        self.line(click.style(f"   {text}", dim=True))

    def erase(self) -> None:
        """Takes away what is no line."""

    def line(self, text: str) -> None:
        """Prints a line with the time of day. Colours are left out where no terminal is."""
        click.echo(f"{self._now():%H:%M:%S.%f}"[:-3] + f" {text}")


class LiveView(PlainView):
    """Plain lines above, and one below them that tells how the board fares at this moment."""

    status_every_s = 1.0

    def __init__(self, now: Callable[[], datetime.datetime] = datetime.datetime.now) -> None:
        super().__init__(now)
        self._who = "?"
        self._port = ""
        self._fares = "waiting for its first status"
        self._counts: dict[str, int] = {}
        self._drawn = ""

    def connected(self, port: str) -> None:
        """Prints the port, and keeps it in sight."""
        self._port = port
        super().connected(port)

    def introduced(self, ready: Ready) -> None:
        """Prints who it is, and keeps the name in sight."""
        self._who = ready.board
        super().introduced(ready)

    def heard(self, heard: Heard) -> None:
        """Prints the detection and counts it."""
        self._counts[heard.label] = self._counts.get(heard.label, 0) + 1
        super().heard(heard)

    def health(self, health: DeviceHealth) -> None:
        """Draws level and load."""
        self._fares = f"[{bar(health.level_dbfs)}] {describe(health)}"
        self.tick()

    def line(self, text: str) -> None:
        """Prints a line above the living one."""
        self.erase()
        super().line(text)
        self.tick()

    def tick(self) -> None:
        """Draws the living line where it has changed."""
        heard = ", ".join(f"{label} {count}" for label, count in sorted(self._counts.items())) or "nothing heard yet"
        text = f"{self._who} {self._fares} | {heard}"[: shutil.get_terminal_size().columns - 1]
        if text != self._drawn:
            click.echo(f"{CLEAR_LINE}{text}", nl=False, color=True)
            self._drawn = text

    def erase(self) -> None:
        """Takes the living line away."""
        if self._drawn:
            click.echo(CLEAR_LINE, nl=False, color=True)
            self._drawn = ""


def describe(health: DeviceHealth) -> str:
    """Returns level and load in one line."""
    level = "silence" if health.level_dbfs is None else f"{health.level_dbfs:.0f} dBFS"
    clipped = f" ({health.clipped} clipped)" if health.clipped else ""
    load = f"front-end {_percent(health.frontend_share)}, model {_percent(health.invoke_share)}"
    return f"level {level}{clipped}, {load}, {health.overruns} overruns{', TOO SLOW' if health.is_too_slow else ''}"


def bar(level_dbfs: float | None) -> str:
    """Returns a level as a bar, from -60 dBFS to full scale."""
    share = 0.0 if level_dbfs is None else 1 - max(level_dbfs, BAR_FLOOR_DBFS) / BAR_FLOOR_DBFS
    full = round(share * BAR_CHARACTERS)
    return "#" * full + "." * (BAR_CHARACTERS - full)


def _percent(share: float | None) -> str:
    if share is None:
        return "? %"
    return f"{100 * share:.2f} %" if share < 0.01 else f"{100 * share:.1f} %"
