# SPDX-License-Identifier: Apache-2.0
"""One monitoring session with a device: which board it is, its health, and the words it detects.

This module does no I/O: received lines go in; commands to send, and calls to a MonitorView, come out. Old micro_speech
firmware, which has no banner and answers no commands, is understood too: its `Heard` lines are.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Sequence

from tinykws.device.banner_checks import NO_IDENTITY, SELF_TEST_ADVICE, identity_difference, self_test_failure
from tinykws.device.health import DeviceHealth, HealthReader
from tinykws.device.near_misses import NearMissReader, WordLevel, word_levels
from tinykws.device.protocol import (
    INFO,
    LEVELS,
    STATUS,
    DeviceTrouble,
    Fail,
    Heard,
    Levels,
    Line,
    ModelSlotState,
    Other,
    Ready,
    Status,
    parse_line,
)
from tinykws.support.errors import DeviceError

ASK_INTERVAL_S = 1.0
ASK_TIMES = 3
"""A board that is still starting misses the first `!INFO`; firmware that tinykws did not make answers none."""
GARBLED_LINES = 20
"""This many lines with non-ASCII bytes, and none without, are not text; a few flipped bits still are."""


@dataclasses.dataclass(frozen=True)
class ExpectedDevice:
    """The board and model that the person expects."""

    board_id: str | None = None
    """None: any board."""
    model_id: str | None = None
    """The expected model; a different one only causes a notice."""
    identity: str = ""
    """The identity of the expected bundle; a difference only causes a notice."""


SLOT_NOTICES = {
    "in_use": "the board's model is the one in its model slot, from `tinykws flash --model-only`",
    "outdated": "the model in the board's model slot is for other firmware; the built-in one runs",
}
"""By the state of the model slot; a model that is refused has an error line of its own."""


class MonitorView:
    """Shows a monitoring session to a person. This one shows nothing; the command line has a live and a plain view."""

    status_every_s: float | None = None
    """How often to ask for a status; None: show only those that the device sends unasked."""

    levels_every_s: float | None = None
    """How often to ask how near each word came to a detection, of devices that know; None: never."""

    def connected(self, port: str) -> None:
        """The port was opened."""

    def introduced(self, ready: Ready) -> None:
        """The board sent its banner."""

    def heard(self, heard: Heard) -> None:
        """A word was detected."""

    def health(self, health: DeviceHealth) -> None:
        """A status arrived."""

    def levels(self, words: Sequence[WordLevel]) -> None:
        """How near each word came to a detection since the last time."""

    def near_miss(self, word: WordLevel) -> None:
        """A word's score rose towards its threshold and fell again without a detection."""

    def notice(self, text: str) -> None:
        """Shows a message about the session."""

    def said(self, text: str) -> None:
        """Shows a line that is not part of the protocol."""

    def tick(self) -> None:
        """Called regularly, so that a live view can redraw itself."""


class MonitorSession:
    """The session over one connection: asks for the banner, and passes what lines mean to the view.

    Args:
        expected: the board and model that should answer.
        view: shows everything.
        now: a clock in seconds.
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
        self._near_misses = NearMissReader()
        self._levels_next = math.inf
        self._slot = ""
        self._garbled = 0
        self._clean = 0

    def questions(self) -> list[str]:
        """Returns the commands to send now: `!INFO` until the banner arrives, then `!STATUS` and `!LEVELS`."""
        return [*self._status_questions(), *self._level_questions()]

    def _level_questions(self) -> list[str]:
        if self._view.levels_every_s is None or self._now() < self._levels_next:
            return []
        self._levels_next = self._now() + self._view.levels_every_s
        return [LEVELS]

    def _status_questions(self) -> list[str]:
        if self._now() < self._ask_next:
            return []
        if self._ready is not None:
            self._ask_next = self._now() + (self._view.status_every_s or math.inf)
            return [STATUS] if self._view.status_every_s else []
        if self._asked == ASK_TIMES:
            self._ask_next = math.inf
            self._view.notice(
                "the device sends no banner: old firmware, or not made by tinykws; only `Heard` lines are understood"
            )
            return []
        self._asked += 1
        self._ask_next = self._now() + ASK_INTERVAL_S
        return ["", INFO]  # the empty line ends a partly received one

    def take(self, text: str) -> Line:
        """Shows a received line and returns its meaning.

        Raises:
            DeviceError: the board is not the expected one, or the lines are not text.
        """
        line = parse_line(text)
        self._check_is_text(line, text)
        if isinstance(line, Ready):
            self._take_banner(line)
        elif isinstance(line, Heard):
            self._near_misses.heard(line.label)
            self._view.heard(line)
        elif isinstance(line, Levels):
            self._show_levels(line)
        elif isinstance(line, Status):
            self._show(self._health.read(line))
        elif isinstance(line, Fail) and line.code == "command":  # firmware that does not know !STATUS yet
            self._ask_next = math.inf
        elif isinstance(line, ModelSlotState):
            self._show_slot(line)
        elif isinstance(line, DeviceTrouble):
            self._view.notice(f"the board reports: {line.what} {line.words}")
        elif isinstance(line, Other):
            self._show_other(text)
        return line

    def _take_banner(self, ready: Ready) -> None:
        """Handles a banner: the answer to `!INFO`, or sent by the board when it starts; both may arrive."""
        wanted = self._expected.board_id
        if wanted is not None and ready.board != wanted:
            raise DeviceError(
                f"the board is {ready.board}, not {wanted}",
                hint=f"try --board {ready.board}, or another --port",
            )
        if self._ready is not None and self._now() - self._began < ASK_TIMES * ASK_INTERVAL_S:
            return
        if self._ready is not None:
            self._view.notice("the board restarted")
            self._health = HealthReader()
        self._ready = ready
        self._ask_next = self._now()
        self._levels_next = self._now() if ready.levels else math.inf
        self._near_misses = NearMissReader()
        self._view.introduced(ready)
        complaint = self_test_failure(ready)
        if complaint is not None:
            self._view.notice(f"{complaint}; try:\n{SELF_TEST_ADVICE}")
        difference = self._difference(ready)
        if difference is not None:
            self._view.notice(f"{difference}; to update the board: tinykws flash")

    def _difference(self, ready: Ready) -> str | None:
        """Returns what the board runs instead of the project's bundle; None if that is what it runs."""
        if self._expected.model_id not in (None, ready.model):
            return f"the board runs model {ready.model}, this project's bundle is {self._expected.model_id}"
        if not self._expected.identity:
            return None
        if not ready.identity:
            return NO_IDENTITY
        difference = identity_difference(ready.identity, self._expected.identity)
        return None if difference is None else f"the board and this project's bundle differ in {difference}"

    def _show_levels(self, levels: Levels) -> None:
        words = word_levels(levels, self._ready.labels if self._ready else ())
        self._view.levels(words)
        for miss in self._near_misses.read(words):
            self._view.near_miss(miss)

    def _show_slot(self, state: ModelSlotState) -> None:
        """Says where the model is from, once: the banner comes more often."""
        said = SLOT_NOTICES.get(state.slot)
        if state.slot != self._slot and said is not None:
            self._view.notice(said)
        self._slot = state.slot

    def _show(self, health: DeviceHealth) -> None:
        if health.restarted:
            self._view.notice("the board restarted")
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
                f"the device does not send ASCII text: {text[:40]!r}",
                hint="is the baud rate correct (--board sets it), and does the board run firmware that tinykws made?",
            )


_ROM_LINES = re.compile(
    r"ets [A-Z][a-z]{2} +\d+ \d{4} [\d:]+"  # ets Jun  8 2016 00:22:57
    r"|ESP-ROM:.*|Build:.*|Saved PC:0x[0-9a-f]+"
    r"|rst:0x[0-9a-f]+ \(\w+\),boot:0x.*"
    r"|configsip: .*|SPIWP:.*|clk_drv:.*|mode:.*, clock div:.*|load:0x.*|ho \d+ tail \d+ room \d+|entry 0x[0-9a-f]+"
)
_RESET = re.compile(r"rst:0x[0-9a-f]+ \((\w+)\)")


def is_rom_boot_message(text: str) -> bool:
    """Returns whether a line was printed by an ESP chip's ROM before the program starts."""
    return _ROM_LINES.fullmatch(text.strip()) is not None


def reset_reason(text: str) -> str | None:
    """Returns why an ESP chip was reset, in its ROM's words (POWERON_RESET…), if a line says so; else None."""
    match = _RESET.match(text)
    return match[1] if match else None
