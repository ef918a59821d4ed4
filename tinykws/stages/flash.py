# SPDX-License-Identifier: Apache-2.0
"""flash: uploads a built program to the board on a port, and checks that the board runs it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from tinykws.boards.rows import Board
from tinykws.device.banner_checks import NO_IDENTITY, SELF_TEST_ADVICE, check_firmware_matches, self_test_failure
from tinykws.device.returning_board import Introduction, UploadProgress, WrittenBoard, wait_for_board
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port
from tinykws.firmware_build import platformio
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import SILENT, Progress

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
    upload(project_dir, board, port.device, UploadProgress(progress).feed)
    progress.say("flash: uploaded; waiting for the board to come back")
    now_at, device = wait_for_board(
        port_access, WrittenBoard(board, port, before), lambda device: _check_runs(device, bundle, board)
    )
    ready = device.ready
    if not ready.identity:
        progress.say(NO_IDENTITY)
    complaint = self_test_failure(ready)
    if complaint is not None:
        raise DeviceError(f"uploaded, but {complaint}", hint=SELF_TEST_ADVICE)
    return FlashReport(ready.board, now_at.device, ready.engine, ready.model, ready.labels, port_access.now() - began)


def _check_runs(device: Introduction, bundle: Bundle, board: Board) -> None:
    """Raises DeviceError if the board runs something else: a model in its slot may outlive an upload."""
    if device.slot is not None and device.slot.is_in_use and device.slot.built_in == bundle.identity:
        raise DeviceError(
            f"the board runs model {device.ready.model} from its model slot instead; to put this bundle there:"
            f" tinykws flash --model-only --board {board.id}"
        )
    check_firmware_matches(device.ready, bundle, board)
