# SPDX-License-Identifier: Apache-2.0
"""flash: uploads a built program to the board on a port, and checks that the board runs it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tinykws.boards.rows import Board
from tinykws.device.banner_checks import (
    NO_IDENTITY,
    SELF_TEST_ADVICE,
    check_firmware_matches,
    engine_refusal,
    self_test_failure,
)
from tinykws.device.open_device import KEPT_ENTRIES
from tinykws.device.protocol import DeviceTrouble, Ready, parse_line
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import SessionLog
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port, find_again
from tinykws.firmware_build import platformio
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import SILENT, Progress

RETURN_TIMEOUT_S = 30.0
"""Longest time from the end of an upload to the banner; on Windows it includes installing a driver."""
BANNER_TIMEOUT_S = 3.0
POLL_INTERVAL_S = 0.25
ENGINE_ERROR_TIMEOUT_S = 0.3
ENGINE_ERROR_LINES = 3
"""An engine that did not start is reported right after the banner, which may arrive twice: at start and on request."""

PERCENT = re.compile(r"Writing.*?(\d{1,3})(?:\.\d+)? ?%|(\d{1,3})% \(\d+/\d+ pages\)")
"""Progress lines of esptool and avrdude, and of bossac."""
REPORT_EVERY_PERCENT = 20

Upload = Callable[[Path, Board, str, Callable[[str], None]], object]
"""platformio.upload, or a replacement in tests."""


@dataclasses.dataclass(frozen=True)
class FlashReport:
    """What runs on the board now, from its banner; its self-test passed."""

    board: str
    port: str
    """The board's port now; it may differ from the port of the upload."""
    engine: str
    model_id: str
    labels: tuple[str, ...]
    seconds: float


def refuse_emulated(board: Board) -> None:
    """Raises ConfigError if a board is emulated."""
    if board.emulator is not None:
        raise ConfigError(
            f"{board.id!r} is not a physical board ({board.name}), so it cannot be flashed",
            hint=f"to run it: tinykws verify --board {board.id}",
        )


def flash(
    bundle: Bundle,
    board: Board,
    project_dir: Path,
    port: Port,
    progress: Progress = SILENT,
    *,
    port_access: PortAccess | None = None,
    upload: Upload = platformio.upload,
) -> FlashReport:
    """Uploads a built project and waits for the board's banner.

    Args:
        bundle: the bundle that the program was made from.
        board: its row of boards.yaml.
        project_dir: the generated project, already built.
        port: the board's port.
        progress: shows each step.
        port_access: lists and opens ports, and waits; None: those of this computer.
        upload: uploads the program.

    Raises:
        ConfigError: the board is emulated.
        ToolError: PlatformIO or the vendor's uploader failed.
        DeviceError: the port is busy, forbidden or gone; the board does not come back or runs another firmware; or its
            self-test fails.
    """
    refuse_emulated(board)
    port_access = port_access or PortAccess()
    began, before = port_access.now(), port_access.ports()
    with port_access.open(port.device, board.serial):
        pass  # report an unusable port at once, and more clearly than an uploader does
    progress.say(f"flash: PlatformIO uploads to {board.name} on {port.device}")
    upload(project_dir, board, port.device, _UploadProgress(progress).feed)
    progress.say("flash: uploaded; waiting for the board to come back")
    now_at, ready = _wait_for_board(port_access, _UploadedBoard(bundle, board, port, before))
    if not ready.identity:
        progress.say(NO_IDENTITY)
    complaint = self_test_failure(ready)
    if complaint is not None:
        raise DeviceError(f"uploaded, but {complaint}", hint=SELF_TEST_ADVICE)
    return FlashReport(ready.board, now_at.device, ready.engine, ready.model, ready.labels, port_access.now() - began)


class _UploadProgress:
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


@dataclasses.dataclass(frozen=True)
class _UploadedBoard:
    """The board to wait for, and the ports before the upload."""

    bundle: Bundle
    board: Board
    port: Port
    before: Sequence[Port]


def _wait_for_board(port_access: PortAccess, uploaded: _UploadedBoard) -> tuple[Port, Ready]:
    """Returns the board's port and its banner.

    The port may disappear and return more than once, belong to a boot loader for a while, and exist before it can be
    opened: after any failure this tries again until RETURN_TIMEOUT_S have passed.
    """
    deadline = port_access.now() + RETURN_TIMEOUT_S
    trouble: DeviceError | None = None
    while port_access.now() < deadline:
        port = find_again(uploaded.port, uploaded.board.serial.usb, uploaded.before, port_access.ports())
        if port is not None:
            try:
                with port_access.open(port.device, uploaded.board.serial) as transport:
                    return port, _read_banner(transport, port_access, uploaded)
            except DeviceError as error:
                trouble = error
        port_access.sleep(POLL_INTERVAL_S)
    raise _not_back_error(uploaded.board, trouble)


def _read_banner(transport: LineTransport, port_access: PortAccess, uploaded: _UploadedBoard) -> Ready:
    """Returns the banner. Raises DeviceError if there is none, it does not match the bundle, or the engine failed."""
    ready = DeviceSession(transport, SessionLog(port_access.now, kept=KEPT_ENTRIES), BANNER_TIMEOUT_S).request_banner()
    check_firmware_matches(ready, uploaded.bundle, uploaded.board)
    for _ in range(ENGINE_ERROR_LINES):
        line = parse_line(transport.read_line(ENGINE_ERROR_TIMEOUT_S) or "")
        if isinstance(line, DeviceTrouble) and line.what == "engine":
            raise DeviceError(engine_refusal(line))
    return ready


def _not_back_error(board: Board, trouble: DeviceError | None) -> DeviceError:
    advice = "\n".join(["press the board's reset button once, then: tinykws monitor", *board.serial.upload_advice])
    if trouble is None:
        return DeviceError(f"uploaded, but {board.name} did not come back within {RETURN_TIMEOUT_S:.0f} s", hint=advice)
    return DeviceError(f"uploaded, but {trouble.message}", hint=advice)
