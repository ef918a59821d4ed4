# SPDX-License-Identifier: Apache-2.0
"""What a monitor makes of one connection to a device: who is there, how it fares, what it hears.

Pure: lines come in, questions and what a person should see go out. Old micro_speech firmware, which has no banner and
knows no questions, is understood as far as it goes.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable

from tinykws.device.banner_checks import SELF_TEST_ADVICE, self_test_failure
from tinykws.device.health import DeviceHealth, HealthReader
from tinykws.device.protocol import INFO, STATUS, DeviceTrouble, Fail, Heard, Line, Other, Ready, Status, parse_line
from tinykws.support.errors import DeviceError

ASK_INTERVAL_S = 1.0
ASK_TIMES = 3
"""A board that is still starting does not hear the first question; firmware that is not ours, none."""
GARBLED_LINES = 20
"""So many without a clean one among them are no text: a flipped bit now and then is."""


@dataclasses.dataclass(frozen=True)
class ExpectedDevice:
    """Who should be at the cable's end."""

    board_id: str | None = None
    """None: anybody."""
    model_id: str | None = None
    """What should run there; another model is only said, not refused."""


class MonitorView:
    """What a person sees; this one shows nothing. The command line has a live one and a plain one."""

    status_every_s: float | None = None
    """How often to ask for a status; None: those that come by themselves will do."""

    def connected(self, port: str) -> None:
        """The port is open."""

    def introduced(self, ready: Ready) -> None:
        """The board said who it is."""

    def heard(self, heard: Heard) -> None:
        """A word was detected."""

    def health(self, health: DeviceHealth) -> None:
        """A sign of life."""

    def notice(self, text: str) -> None:
        """Something a person should know."""

    def said(self, text: str) -> None:
        """A line that is none of ours."""

    def tick(self) -> None:
        """Time passes; a live view draws itself anew."""


class MonitorSession:
    """What one connection brings: asks who is there, and turns lines into what a person sees.

    Args:
        expected: who should be there.
        view: is shown everything.
        now: seconds, from any beginning.
    """

    def __init__(self, expected: ExpectedDevice, view: MonitorView, now: Callable[[], float]) -> None:
        self._expected = expected
        self._view = view
        self._now = now
        self._began = now()
        self._asked = 0
        self._ask_next = self._began
        self._ready: Ready | None = None
        self._health = HealthReader()
        self._garbled = 0
        self._clean = 0

    def questions(self) -> list[str]:
        """Returns what to send now: who are you? And when that is known: how are you?"""
        if self._now() < self._ask_next:
            return []
        if self._ready is not None:
            self._ask_next = self._now() + (self._view.status_every_s or math.inf)
            return [STATUS] if self._view.status_every_s else []
        if self._asked == ASK_TIMES:
            self._ask_next = math.inf
            self._view.notice(
                "it does not say who it is: older firmware, or none of ours; `Heard` lines are understood"
            )
            return []
        self._asked += 1
        self._ask_next = self._now() + ASK_INTERVAL_S
        return ["", INFO]  # the empty line ends whatever was begun before us

    def take(self, text: str) -> Line:
        """Shows a line, and returns what it means.

        Raises:
            DeviceError: another board than the expected one is there, or what comes is no text.
        """
        line = parse_line(text)
        self._check_is_text(line, text)
        if isinstance(line, Ready):
            self._take_banner(line)
        elif isinstance(line, Heard):
            self._view.heard(line)
        elif isinstance(line, Status):
            self._show(self._health.read(line))
        elif isinstance(line, Fail) and line.code == "command":  # firmware from before !STATUS
            self._ask_next = math.inf
        elif isinstance(line, DeviceTrouble):
            self._view.notice(f"the board reports: {line.what} {line.words}")
        elif isinstance(line, Other):
            self._show_other(text)
        return line

    def _take_banner(self, ready: Ready) -> None:
        """A banner is the answer to our question, or a board's own at its start; both may come."""
        wanted = self._expected.board_id
        if wanted is not None and ready.board != wanted:
            raise DeviceError(
                f"the board says that it is {ready.board}, not {wanted}",
                hint=f"--board {ready.board}, or another --port",
            )
        if self._ready is not None and self._now() - self._began < ASK_TIMES * ASK_INTERVAL_S:
            return
        if self._ready is not None:
            self._view.notice("the board has started anew")
            self._health = HealthReader()
        self._ready = ready
        self._ask_next = self._now()
        self._view.introduced(ready)
        complaint = self_test_failure(ready)
        if complaint is not None:
            self._view.notice(f"{complaint}; try:\n{SELF_TEST_ADVICE}")
        if self._expected.model_id not in (None, ready.model):
            self._view.notice(
                f"it runs model {ready.model}; the bundle here is {self._expected.model_id}: see tinykws flash"
            )

    def _show(self, health: DeviceHealth) -> None:
        if health.restarted:
            self._view.notice("the board has started anew")
        self._view.health(health)

    def _show_other(self, text: str) -> None:
        reason = reset_reason(text)
        if reason is not None:
            self._view.notice(f"the chip was reset: {reason}")
        elif text.strip() and not is_rom_boot_message(text):
            self._view.said(text)

    def _check_is_text(self, line: Line, text: str) -> None:
        if isinstance(line, Other) and "\\x" in text:
            self._garbled += 1
        elif text.strip():
            self._clean += 1
        if self._garbled >= GARBLED_LINES and not self._clean:
            raise DeviceError(
                f"what comes is no ASCII text: {text[:40]!r}",
                hint="is the baud rate right (--board sets it), and is it a board with firmware that tinykws made?",
            )


_ROM_LINES = re.compile(
    r"ets [A-Z][a-z]{2} +\d+ \d{4} [\d:]+"  # ets Jun  8 2016 00:22:57
    r"|ESP-ROM:.*|Build:.*|Saved PC:0x[0-9a-f]+"
    r"|rst:0x[0-9a-f]+ \(\w+\),boot:0x.*"
    r"|configsip: .*|SPIWP:.*|clk_drv:.*|mode:.*, clock div:.*|load:0x.*|ho \d+ tail \d+ room \d+|entry 0x[0-9a-f]+"
)
_RESET = re.compile(r"rst:0x[0-9a-f]+ \((\w+)\)")


def is_rom_boot_message(text: str) -> bool:
    """Returns whether a line is the ROM's and says nothing of the program."""
    return _ROM_LINES.fullmatch(text.strip()) is not None


def reset_reason(text: str) -> str | None:
    """Returns why the chip was reset, in the ROM's word (POWERON_RESET, RTCWDT_RTC_RESET…), where a line says it."""
    match = _RESET.match(text)
    return match[1] if match else None
