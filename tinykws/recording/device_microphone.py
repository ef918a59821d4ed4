# SPDX-License-Identifier: Apache-2.0
"""A board's microphone, for recording and for mic-check."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tinykws.boards.rows import Board, SerialLine
from tinykws.device.line_checksum import split_check, with_check
from tinykws.device.open_device import KEPT_ENTRIES, OpenDevice, add_device_details, open_device
from tinykws.device.protocol import STATUS, Ready, Status, parse_line
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import SessionLog
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.recording.record_protocol import OnSound, Recording, longest_recording, record_sound
from tinykws.support.errors import DeviceError

TIMEOUT_S = 10.0


class DeviceMicrophone:
    """A board's microphone, over an open transport.

    Args:
        transport: carries lines to and from the board.
        session: the session over it; the device has confirmed `!TEST`.
        board: its row of boards.yaml.
        ready: its banner.
        port_access: has the clock, and waits.
    """

    def __init__(
        self, transport: LineTransport, session: DeviceSession, board: Board, ready: Ready, port_access: PortAccess
    ) -> None:
        self.transport = transport
        self.board = board
        self.ready = ready
        self.longest_samples = longest_recording(board)
        self._session = session
        self._port_access = port_access

    def record(self, count: int, on_sound: OnSound) -> Recording:
        """Records `count` samples. Raises SoundLostError, DeviceError."""
        self._session.enter_test_mode()  # discards samples from before now
        return record_sound(self.transport, count, self.now, on_sound)

    def status(self) -> Status:
        """Returns the device's counters while it discards its microphone's samples. Raises DeviceError."""
        self._session.enter_test_mode()
        self.transport.send_lines([with_check(STATUS)])
        deadline = self.now() + TIMEOUT_S
        while (text := self.transport.read_line(max(0.0, deadline - self.now()))) is not None:
            body, intact = split_check(text)
            line = parse_line(body)
            if intact and isinstance(line, Status):
                return line
        raise DeviceError(f"the device did not answer {STATUS} within {TIMEOUT_S:.0f} s")

    def now(self) -> float:
        """Returns the time of the host's monotonic clock in seconds."""
        return self._port_access.now()

    def wait(self, seconds: float) -> None:
        """Waits."""
        self._port_access.sleep(seconds)


@contextlib.contextmanager
def device_microphone(
    board: Board, target: Path | str, port_access: PortAccess | None = None
) -> Iterator[DeviceMicrophone]:
    """Opens a device and yields its microphone; leaving the `with` lets the device listen again.

    Args:
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a physical one.
        port_access: opens ports, and has the clock; None: those of this computer.

    Raises:
        ConfigError, ToolError: as open_device().
        DeviceError: no device answers, or it is a different board.
    """
    port_access = port_access or PortAccess()
    with (
        open_device(board, target, port_access=port_access) as device,
        _microphone_of(device, {board.id: board}, port_access) as microphone,
    ):
        yield microphone


@contextlib.contextmanager
def microphone_on(
    port: str, line: SerialLine, rows: Mapping[str, Board], port_access: PortAccess | None = None
) -> Iterator[DeviceMicrophone]:
    """Like device_microphone(), for an unknown board on a port (or pyserial URL): its banner says which row it is.

    Raises:
        DeviceError: no device answers, or no row matches its banner.
    """
    port_access = port_access or PortAccess()
    with (
        port_access.open(port, line) as transport,
        _microphone_of(OpenDevice(transport), rows, port_access) as microphone,
    ):
        yield microphone


@contextlib.contextmanager
def _microphone_of(
    device: OpenDevice, rows: Mapping[str, Board], port_access: PortAccess
) -> Iterator[DeviceMicrophone]:
    log = SessionLog(port_access.now, kept=KEPT_ENTRIES)
    with add_device_details(device, log):
        session = DeviceSession(device.transport, log, TIMEOUT_S)
        ready = session.request_banner()
        if ready.board not in rows:
            wanted = next(iter(rows)) if len(rows) == 1 else "one of boards.yaml"
            raise DeviceError(
                f"the board is {ready.board}, not {wanted}",
                hint=f"try --board {ready.board}, or another --port",
            )
        session.enter_test_mode()
        leave = True
        try:
            yield DeviceMicrophone(device.transport, session, rows[ready.board], ready, port_access)
        except DeviceError:
            leave = not device.started_here  # or its exit would be reported as the cause
            raise
        finally:
            if leave:
                with contextlib.suppress(DeviceError):
                    session.leave(end_device=device.started_here)
