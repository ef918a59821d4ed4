# SPDX-License-Identifier: Apache-2.0
"""The microphone of a board, as a thing to record with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tinykws.boards.rows import Board, SerialLine
from tinykws.device.line_checksum import split_check, with_check
from tinykws.device.open_device import OpenDevice, add_device_details, open_device
from tinykws.device.protocol import STATUS, Ready, Status, parse_line
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import SessionLog
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.serial_transport import open_transport
from tinykws.recording.record_protocol import OnSound, Recording, longest_recording, record_sound
from tinykws.support.errors import DeviceError

TIMEOUT_S = 10.0


class DeviceMicrophone:
    """A board's microphone, over a line that is open.

    Args:
        transport: the serial line.
        session: the conversation on it; the device is in the test's state.
        board: its row.
    """

    def __init__(self, transport: LineTransport, session: DeviceSession, board: Board, ready: Ready) -> None:
        self.transport = transport
        self.board = board
        self.ready = ready
        self.longest_samples = longest_recording(board)
        self._session = session

    def record(self, count: int, on_sound: OnSound) -> Recording:
        """Returns the next `count` samples. Raises SoundLostError, DeviceError."""
        self._session.enter_test_mode()  # what was heard before now is forgotten
        return record_sound(self.transport, count, time.monotonic, on_sound)

    def status(self) -> Status:
        """Returns the device's counts, its microphone emptied and not listened to. Raises DeviceError."""
        self._session.enter_test_mode()
        self.transport.send_lines([with_check(STATUS)])
        deadline = time.monotonic() + TIMEOUT_S
        while (text := self.transport.read_line(max(0.0, deadline - time.monotonic()))) is not None:
            body, intact = split_check(text)
            line = parse_line(body)
            if intact and isinstance(line, Status):
                return line
        raise DeviceError(f"the device did not answer {STATUS} in {TIMEOUT_S:.0f} s")

    def now(self) -> float:
        """Returns the host's seconds, from any beginning."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        time.sleep(seconds)


@contextlib.contextmanager
def device_microphone(board: Board, target: Path | str) -> Iterator[DeviceMicrophone]:
    """Opens a device and yields its microphone; the `with` lets it listen again.

    Args:
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a real one.

    Raises:
        ConfigError, ToolError: as open_device().
        DeviceError: no device, or another board.
    """
    with open_device(board, target) as device, _microphone_of(device, {board.id: board}) as microphone:
        yield microphone


@contextlib.contextmanager
def microphone_on(port: str, line: SerialLine, rows: Mapping[str, Board]) -> Iterator[DeviceMicrophone]:
    """The same where only the port (or pyserial URL) is known: which of the rows it is, the device says itself.

    Raises:
        DeviceError: no device, or one that is none of the rows.
    """
    with open_transport(port, line) as transport, _microphone_of(OpenDevice(transport), rows) as microphone:
        yield microphone


@contextlib.contextmanager
def _microphone_of(device: OpenDevice, rows: Mapping[str, Board]) -> Iterator[DeviceMicrophone]:
    log = SessionLog()
    with add_device_details(device, log):
        session = DeviceSession(device.transport, log, TIMEOUT_S)
        ready = session.request_banner()
        if ready.board not in rows:
            wanted = next(iter(rows)) if len(rows) == 1 else "one of boards.yaml"
            raise DeviceError(
                f"the board says that it is {ready.board}, not {wanted}",
                hint=f"--board {ready.board}, or another --port",
            )
        session.enter_test_mode()
        leave = True
        try:
            yield DeviceMicrophone(device.transport, session, rows[ready.board], ready)
        except DeviceError:
            leave = not device.started_here  # its end would be taken for the reason
            raise
        finally:
            if leave:
                with contextlib.suppress(DeviceError):
                    session.leave(end_device=device.started_here)
