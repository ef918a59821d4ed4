# SPDX-License-Identifier: Apache-2.0
"""Waits for a board that was written to: it comes back, says what it runs, and that must be what was written."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence

from tinykws.boards.rows import Board
from tinykws.device.banner_checks import engine_refusal
from tinykws.device.open_device import KEPT_ENTRIES
from tinykws.device.protocol import DeviceTrouble, Line, ModelSlotState, Ready, parse_line
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import SessionLog
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port, find_again
from tinykws.support.errors import DeviceError
from tinykws.support.progress import Progress

RETURN_TIMEOUT_S = 30.0
"""Longest time from the end of an upload to the banner; on Windows it includes installing a driver."""
BANNER_TIMEOUT_S = 3.0
POLL_INTERVAL_S = 0.25
NEXT_LINE_TIMEOUT_S = 0.3
NEXT_LINES = 5
"""What a device adds to its banner (model slot, engine that did not start) comes right after it, and the banner may
arrive twice: at start and on request."""

PERCENT = re.compile(r"Writing.*?(\d{1,3})(?:\.\d+)? ?%|(\d{1,3})% \(\d+/\d+ pages\)")
"""Progress lines of esptool and avrdude, and of bossac."""
REPORT_EVERY_PERCENT = 20


@dataclasses.dataclass(frozen=True)
class Introduction:
    """A device's banner, and what it adds to it."""

    ready: Ready
    slot: ModelSlotState | None = None
    """None: the firmware has no model slot."""
    slot_trouble: str = ""
    """Why the model in the slot does not run, in the device's words; empty: it does, or there is none."""


@dataclasses.dataclass(frozen=True)
class WrittenBoard:
    """The board to wait for, and the ports before it was written to."""

    board: Board
    port: Port
    before: Sequence[Port]


Check = Callable[[Introduction], None]
"""Raises DeviceError if a device does not run what was written."""


def read_introduction(transport: LineTransport, clock: Callable[[], float]) -> Introduction:
    """Asks a device for its banner, and reads what it adds. Raises DeviceError: there is none, or its engine failed."""
    ready = DeviceSession(transport, SessionLog(clock, kept=KEPT_ENTRIES), BANNER_TIMEOUT_S).request_banner()
    more = [parse_line(transport.read_line(NEXT_LINE_TIMEOUT_S) or "") for _ in range(NEXT_LINES)]
    engine = _trouble(more, "engine")
    if engine is not None:
        raise DeviceError(engine_refusal(engine))
    slot = next((line for line in more if isinstance(line, ModelSlotState)), None)
    trouble = _trouble(more, "model")
    return Introduction(ready, slot, "" if trouble is None else trouble.words)


def _trouble(lines: Sequence[Line], what: str) -> DeviceTrouble | None:
    return next((line for line in lines if isinstance(line, DeviceTrouble) and line.what == what), None)


def wait_for_board(port_access: PortAccess, written: WrittenBoard, check: Check) -> tuple[Port, Introduction]:
    """Returns the board's port and what it says, which has passed the check.

    The port may disappear and return more than once, belong to a boot loader for a while, and exist before it can be
    opened: after any failure this tries again until RETURN_TIMEOUT_S have passed. Raises DeviceError then.
    """
    deadline = port_access.now() + RETURN_TIMEOUT_S
    trouble: DeviceError | None = None
    while port_access.now() < deadline:
        port = find_again(written.port, written.board.serial.usb, written.before, port_access.ports())
        if port is not None:
            try:
                with port_access.open(port.device, written.board.serial) as transport:
                    introduction = read_introduction(transport, port_access.now)
                    check(introduction)
                    return port, introduction
            except DeviceError as error:
                trouble = error
        port_access.sleep(POLL_INTERVAL_S)
    raise _not_back_error(written.board, trouble)


def _not_back_error(board: Board, trouble: DeviceError | None) -> DeviceError:
    advice = "\n".join(["press the board's reset button once, then: tinykws monitor", *board.serial.upload_advice])
    if trouble is None:
        return DeviceError(f"uploaded, but {board.name} did not come back within {RETURN_TIMEOUT_S:.0f} s", hint=advice)
    return DeviceError(f"uploaded, but {trouble.message}", hint=advice)


class UploadProgress:
    """Reports the progress of an uploader: a slow USB bridge takes minutes."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._reported = 0

    def feed(self, line: str) -> None:
        """Handles a line of the uploader's output."""
        match = PERCENT.search(line)
        if match is None:
            return
        percent = int(match[1] or match[2])
        if percent < self._reported:  # the next of several files
            self._reported = 0
        if percent >= self._reported + REPORT_EVERY_PERCENT:
            self._reported = percent
            self._progress.say(f"flash: {percent} %")
