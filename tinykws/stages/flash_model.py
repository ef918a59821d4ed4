# SPDX-License-Identifier: Apache-2.0
"""flash_model: writes a bundle into the model slot of a board whose firmware stays as it is, and checks that it runs.

The firmware must be of the tflm engine and have a model slot; the device says so after its banner. What cannot run
there is refused before anything is written. If writing is interrupted, or the image is damaged, the firmware runs its
built-in model and says why.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from tinykws.boards.rows import Board, load_boards
from tinykws.cost.latency import estimate_speed, refuse_if_too_slow
from tinykws.cost.memory import arena_bytes
from tinykws.device.banner_checks import SELF_TEST_ADVICE, check_firmware_matches, self_test_failure
from tinykws.device.protocol import PROTOCOL_VERSION, ModelSlotState
from tinykws.device.returning_board import (
    Introduction,
    UploadProgress,
    WrittenBoard,
    read_introduction,
    wait_for_board,
)
from tinykws.device.transport.emulator import emulated, slot_file
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port
from tinykws.firmware_build import platformio
from tinykws.firmware_build.model_image import model_image
from tinykws.firmware_build.tflm_ops import refuse_per_channel_dense
from tinykws.firmware_build.where_it_runs import refuse_if_unsupported
from tinykws.model.bundle import Bundle
from tinykws.project.identity import different_parts
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.files import write_bytes_if_changed
from tinykws.support.progress import SILENT, Progress

ENGINE = "tflm"

Upload = Callable[[Path, Board, str, Callable[[str], None]], object]
"""Writes platformio.model_image_path() to the board, see upload_model(); or a replacement in tests."""


@dataclasses.dataclass(frozen=True)
class ModelFlashReport:
    """What runs on the board now, from its banner; its self-test passed."""

    board: str
    port: str
    """The board's port now; empty for an emulated board."""
    model_id: str
    labels: tuple[str, ...]
    image_bytes: int
    """Size of what was written; 0: nothing, the board runs this bundle already."""
    slot_bytes: int
    """Size of the board's model slot."""
    seconds: float


def upload_model(project_dir: Path, board: Board, port: str, on_line: Callable[[str], None]) -> object:
    """Writes the model slot of the board on a port. Raises ToolError."""
    return platformio.upload(project_dir, board, port, on_line, platformio.MODEL)


def refuse_without_slot(board: Board, engine: str | None) -> None:
    """Raises ConfigError if no firmware of a board, or none with this engine, can load a model."""
    able = ", ".join(row.id for row in load_boards().values() if row.model_slot is not None)
    if engine not in (None, ENGINE):
        raise ConfigError(
            f"the engine {engine} cannot load a model by itself: its model is code of the program",
            hint=f"flash all of it: tinykws flash --board {board.id} --engine {engine}",
        )
    if board.model_slot is None:
        why = "no model slot" if ENGINE in board.engines else f"no engine {ENGINE}, so its model is code of the program"
        raise ConfigError(
            f"a model cannot be written to {board.id} by itself: {board.name} has {why}",
            hint=f"flash all of it: tinykws flash --board {board.id}\nboards with a model slot: {able}",
        )


def flash_model(
    bundle: Bundle,
    board: Board,
    project_dir: Path,
    port: Port,
    progress: Progress = SILENT,
    *,
    force: bool = False,
    port_access: PortAccess | None = None,
    upload: Upload = upload_model,
) -> ModelFlashReport:
    """Writes a bundle into the model slot of the board on a port, and waits until it runs.

    Args:
        bundle: the model, its labels and its detector.
        board: its row of boards.yaml.
        project_dir: a generated project of the board; nothing in it is compiled.
        port: the board's port.
        progress: shows each step.
        force: write even a model that is too slow for real time.
        port_access: lists and opens ports, and waits; None: those of this computer.
        upload: writes the image.

    Raises:
        ConfigError: the board has no model slot, or the board's firmware cannot run the bundle.
        ToolError: PlatformIO or the vendor's uploader failed.
        DeviceError: the port is busy, forbidden or gone; its firmware has no model slot; the board does not come back,
            or refuses the model; or its self-test fails.
    """
    _refuse_bundle(bundle, board, force=force)
    port_access = port_access or PortAccess()
    began, before = port_access.now(), port_access.ports()
    with port_access.open(port.device, board.serial) as transport:
        device = read_introduction(transport, port_access.now)
    slot = _checked_slot(device, bundle, board)
    if device.ready.identity == bundle.identity:
        progress.say("flash: the board runs this bundle already: nothing to write")
        return _report(device, slot, port.device, 0, port_access.now() - began)
    image = _fitting_image(bundle, board, slot)
    with _written(platformio.model_image_path(project_dir), image):
        progress.say(f"flash: {len(image):,} bytes go into the model slot of {board.name} on {port.device}")
        upload(project_dir, board, port.device, UploadProgress(progress).feed)
    progress.say("flash: written; waiting for the board to come back")
    now_at, device = wait_for_board(
        port_access, WrittenBoard(board, port, before), lambda device: _check_runs(device, bundle, board)
    )
    return _report(device, slot, now_at.device, len(image), port_access.now() - began)


def flash_model_of_emulator(
    bundle: Bundle, board: Board, program: Path, progress: Progress = SILENT, *, port_access: PortAccess | None = None
) -> ModelFlashReport:
    """Does the same for an emulated board: the image becomes a file next to the program, which the emulator loads.

    Args:
        bundle: the model, its labels and its detector.
        board: its row of boards.yaml.
        program: its firmware, built with another bundle.
        progress: shows each step.
        port_access: supplies the clock; None: that of this computer.

    Raises:
        ConfigError: the board has no model slot, there is no program, or it cannot run the bundle.
        ToolError: the emulator is missing.
        DeviceError: the firmware has no model slot, or refuses the model, or its self-test fails.
    """
    _refuse_bundle(bundle, board, force=True)
    file = slot_file(board, program)
    if file is None:
        raise ConfigError(f"the model slot of {board.id} is not in an emulator", hint="model_slot: {writer: emulator}")
    clock = (port_access or PortAccess()).now
    began = clock()
    device = _started(board, program, clock)
    slot = _checked_slot(device, bundle, board)
    if device.ready.identity == bundle.identity:
        progress.say("flash: the program runs this bundle already: nothing to write")
        return _report(device, slot, "", 0, clock() - began)
    image = _fitting_image(bundle, board, slot)
    write_bytes_if_changed(file, image)
    progress.say(f"flash: {len(image):,} bytes are in {file}, the model slot of {board.name}")
    device = _started(board, program, clock)
    _check_runs(device, bundle, board)
    return _report(device, slot, "", len(image), clock() - began)


def _started(board: Board, program: Path, clock: Callable[[], float]) -> Introduction:
    with emulated(board, program, clock=clock) as (_, transport):
        return read_introduction(transport, clock)


@contextlib.contextmanager
def _written(path: Path, image: bytes) -> Iterator[None]:
    """Puts the image where the upload looks for it; nothing of it stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_if_changed(path, image)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _refuse_bundle(bundle: Bundle, board: Board, *, force: bool) -> None:
    """Refuses what no firmware of the board can run."""
    refuse_without_slot(board, None)
    refuse_if_unsupported(bundle, board, ENGINE)
    refuse_per_channel_dense(bundle, board)
    if not force:
        refuse_if_too_slow(estimate_speed(bundle, board, ENGINE), bundle, board, ENGINE)


def _checked_slot(device: Introduction, bundle: Bundle, board: Board) -> ModelSlotState:
    """Returns the model slot of a device that can run the bundle.

    Raises:
        DeviceError: it is another board, or its firmware has no model slot.
        ConfigError: its firmware cannot run the bundle.
    """
    ready, slot = device.ready, device.slot
    flash_all = f"flash all of it, once: tinykws flash --board {board.id} --engine {ENGINE}"
    for what, theirs, ours in (
        ("protocol version", ready.protocol, PROTOCOL_VERSION),
        ("board", ready.board, board.id),
        ("engine", ready.engine, ENGINE),
    ):
        if theirs != ours:
            raise DeviceError(f"the device's {what} is {theirs}, not {ours}: nothing was written", hint=flash_all)
    if slot is None:
        raise DeviceError(
            "the board's firmware loads no model: it is from an older tinykws, or was built without a model slot",
            hint=flash_all,
        )
    if slot.size_bytes == 0:
        raise DeviceError("the board's table of partitions has no model slot", hint=flash_all)
    problem = _misfit(slot, bundle, board)
    if problem:
        raise ConfigError(
            f"the board's firmware cannot run this bundle: {problem}. Nothing was written", hint=flash_all
        )
    return slot


def _misfit(slot: ModelSlotState, bundle: Bundle, board: Board) -> str:
    """Returns why a firmware cannot run a bundle; empty if it can, as far as the device tells."""
    if "front-end" in different_parts(slot.built_in, bundle.identity):
        return "its front-end is another"
    missing = [op for op in bundle.ops if op not in slot.ops]
    if missing:
        return f"it has no kernels for {', '.join(missing)}"
    wanted = arena_bytes(bundle, board)
    if wanted > slot.arena_bytes:
        return f"the model needs a tensor arena of {wanted:,} bytes, the firmware has {slot.arena_bytes:,}"
    scores = bundle.detector.average_window_ms // bundle.detector.inference_stride_ms + 1
    if scores > slot.history:
        return f"its detector keeps {scores} scores, the firmware has memory for {slot.history}"
    return ""


def _fitting_image(bundle: Bundle, board: Board, slot: ModelSlotState) -> bytes:
    """Returns the image. Raises ConfigError if the slot is too small for it."""
    image = model_image(bundle, board, slot.built_in)
    if len(image) > slot.size_bytes:
        raise ConfigError(
            f"the model takes {len(image):,} bytes, the model slot of {board.name} has {slot.size_bytes:,}",
            hint=f"flash all of it: tinykws flash --board {board.id} --engine {ENGINE}\nor use a smaller network:"
            " set `model: {architecture: NAME}` in kws.yaml (list: tinykws architectures)",
        )
    return image


def _check_runs(device: Introduction, bundle: Bundle, board: Board) -> None:
    """Raises DeviceError if the device does not run the bundle from its slot."""
    if device.slot_trouble:
        raise DeviceError(f"the board refuses the model: {device.slot_trouble}")
    check_firmware_matches(device.ready, bundle, board)


def _report(device: Introduction, slot: ModelSlotState, port: str, size: int, seconds: float) -> ModelFlashReport:
    """Returns what runs. Raises DeviceError if its self-test fails."""
    complaint = self_test_failure(device.ready)
    if complaint is not None:
        raise DeviceError(f"the model is in its slot, but {complaint}", hint=SELF_TEST_ADVICE)
    ready = device.ready
    return ModelFlashReport(ready.board, port, ready.model, ready.labels, size, slot.size_bytes, seconds)
