# SPDX-License-Identifier: Apache-2.0
"""flash: a built program goes to the board on a port, and the board says which model it now runs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tinykws.boards.rows import Board
from tinykws.device.banner_checks import SELF_TEST_ADVICE, check_firmware_matches, self_test_failure
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
"""Longest time from the end of an upload to the banner: Windows installs a driver within it."""
BANNER_TIMEOUT_S = 3.0
POLL_INTERVAL_S = 0.25
ENGINE_ERROR_TIMEOUT_S = 0.3
ENGINE_ERROR_LINES = 3
"""An engine that did not start says so right after the banner, which may come twice: at start, and when asked."""

PERCENT = re.compile(r"Writing.*?(\d{1,3})(?:\.\d+)? ?%|(\d{1,3})% \(\d+/\d+ pages\)")
"""esptool's and avrdude's lines, and bossac's."""
REPORT_EVERY_PERCENT = 20

Upload = Callable[[Path, Board, str, Callable[[str], None]], object]
"""platformio.upload, or a test's own."""


@dataclasses.dataclass(frozen=True)
class FlashReport:
    """What runs on the board now, in its own words; its self-test found nothing wrong."""

    board: str
    port: str
    """Where it is now; not always where it was."""
    engine: str
    model_id: str
    labels: tuple[str, ...]
    seconds: float


def refuse_emulated(board: Board) -> None:
    """Raises ConfigError where a board is an emulated one."""
    if board.emulator is not None:
        raise ConfigError(
            f"{board.id} is no board with a cable: {board.name}",
            hint=f"there is nothing to flash; run it with: tinykws verify --board {board.id}",
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
    """Uploads a built project and waits until the board introduces itself.

    Args:
        bundle: what the program was made of.
        board: its row of boards.yaml.
        project_dir: the generated project, built.
        port: where the board is.
        progress: is told each step.
        port_access: ports and time.
        upload: what uploads.

    Raises:
        ConfigError: the board is an emulated one.
        ToolError: PlatformIO, or the vendor's uploader, failed.
        DeviceError: the port is busy, forbidden or gone; the board does not come back, or does not run this bundle, or
            its self-test fails.
    """
    refuse_emulated(board)
    port_access = port_access or PortAccess()
    began, before = port_access.now(), port_access.ports()
    with port_access.open(port.device, board.serial):
        pass  # a port that cannot be used says so at once, and better than any uploader
    progress.say(f"flash: PlatformIO uploads to {board.name} on {port.device}")
    upload(project_dir, board, port.device, _UploadProgress(progress).feed)
    progress.say("flash: uploaded; waiting for the board to come back")
    now_at, ready = _wait_for_board(port_access, _UploadedBoard(bundle, board, port, before))
    complaint = self_test_failure(ready)
    if complaint is not None:
        raise DeviceError(f"uploaded, but {complaint}", hint=SELF_TEST_ADVICE)
    return FlashReport(ready.board, now_at.device, ready.engine, ready.model, ready.labels, port_access.now() - began)


class _UploadProgress:
    """Tells how far an uploader is, now and then: a slow bridge takes minutes."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._reported = 0

    def feed(self, line: str) -> None:
        """Takes a line of the uploader."""
        match = PERCENT.search(line)
        if match is None:
            return
        percent = int(match[1] or match[2])
        if percent < self._reported:  # the next of several pieces
            self._reported = 0
        if percent >= self._reported + REPORT_EVERY_PERCENT:
            self._reported = percent
            self._progress.say(f"flash: {percent} %")


@dataclasses.dataclass(frozen=True)
class _UploadedBoard:
    """Whom to wait for, and where it was."""

    bundle: Bundle
    board: Board
    port: Port
    before: Sequence[Port]


def _wait_for_board(port_access: PortAccess, uploaded: _UploadedBoard) -> tuple[Port, Ready]:
    """Returns where the board is now, and its banner.

    Its port may vanish and return more than once, may be a boot loader's for a while, and may be there before it can
    be opened: whatever goes wrong is tried again until RETURN_TIMEOUT_S are over.
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
    """Returns the banner. Raises DeviceError where there is none, or a strange one, or the device is in trouble."""
    ready = DeviceSession(transport, SessionLog(port_access.now), BANNER_TIMEOUT_S).request_banner()
    check_firmware_matches(ready, uploaded.bundle, uploaded.board)
    for _ in range(ENGINE_ERROR_LINES):
        line = parse_line(transport.read_line(ENGINE_ERROR_TIMEOUT_S) or "")
        if isinstance(line, DeviceTrouble) and line.what == "engine":
            raise DeviceError(f"its engine did not start: {line.words}")
    return ready


def _not_back_error(board: Board, trouble: DeviceError | None) -> DeviceError:
    advice = "\n".join(["press the board's reset button once, then: tinykws monitor", *board.serial.upload_advice])
    if trouble is None:
        return DeviceError(f"uploaded, but {board.name} did not come back within {RETURN_TIMEOUT_S:.0f} s", hint=advice)
    return DeviceError(f"uploaded, but {trouble.message}", hint=advice)
