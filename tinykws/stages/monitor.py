# SPDX-License-Identifier: Apache-2.0
"""monitor: shows the words that a board detects, and its health, until Ctrl-C; survives unplugging the board."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tinykws.boards.rows import SerialLine
from tinykws.device.detection_counts import DetectionCounts
from tinykws.device.monitoring import ExpectedDevice, MonitorSession, MonitorView
from tinykws.device.protocol import Heard, Line, Ready, Status
from tinykws.device.reactions import Reactions
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port, find_again
from tinykws.device.transport.serial_transport import TransportLostError
from tinykws.support.errors import DeviceError
from tinykws.support.rotating_file import RotatingFile

POLL_INTERVAL_S = 0.5
"""How often to look for a board that was lost."""
READ_TIMEOUT_S = 0.1
"""The view and running commands are updated this often even if no line arrives."""
LOG_BYTES = 100_000_000
"""Largest size of the log, of which one half is the older file."""
LOG_TEXT_CHARACTERS = 4096
"""A longer line is cut in the log; the protocol's longest has about 1,000."""
CONNECTED, LOST, SENT, RECEIVED, COMMAND = "connected", "lost", "sent", "received", "command"


@dataclasses.dataclass(frozen=True)
class Target:
    """The port to monitor, and the board expected on it."""

    port: Port
    line: SerialLine
    expected: ExpectedDevice = dataclasses.field(default_factory=ExpectedDevice)


@dataclasses.dataclass(frozen=True)
class MonitorReport:
    """Totals of a run of monitor."""

    seconds: float
    detections: dict[str, int]
    """Detections by label; beyond some number of labels, the rest is counted as one (detection_counts.py)."""
    overruns: int
    lost: int
    """How often the connection was lost."""
    connected: bool
    """Whether the board was connected at the end."""


class MonitorLog:
    """The log: one JSON object per line, with the host's `time` (ISO 8601, UTC), `kind` and `text`.

    Args:
        write_line: writes a line; None: there is no log.
        wall_time: returns the host's time.
    """

    def __init__(
        self,
        write_line: Callable[[str], None] | None = None,
        wall_time: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.timezone.utc),
    ) -> None:
        self._write_line = write_line
        self._wall_time = wall_time

    def add(self, kind: str, text: str) -> None:
        """Writes an entry at once, so that the log is complete if it is read or interrupted at any time."""
        if self._write_line is not None:
            time = self._wall_time().isoformat(timespec="milliseconds")
            if len(text) > LOG_TEXT_CHARACTERS:
                text = f"{text[:LOG_TEXT_CHARACTERS]}… ({len(text):,} characters)"
            self._write_line(json.dumps({"time": time, "kind": kind, "text": text}))


@contextlib.contextmanager
def open_log(path: Path, most_bytes: int = LOG_BYTES) -> Iterator[MonitorLog]:
    """Opens a log to append to; older lines move to `path`.1. Raises ConfigError if it cannot be written."""
    with RotatingFile(path, most_bytes) as file:
        yield MonitorLog(file.write_line)


def monitor(
    target: Target,
    view: MonitorView,
    log: MonitorLog,
    reactions: Reactions,
    *,
    port_access: PortAccess | None = None,
    seconds: float | None = None,
) -> MonitorReport:
    """Shows and logs what a board sends, until Ctrl-C or for `seconds`.

    Raises:
        DeviceError: the port cannot be opened at the start, a different board answers, or it does not send text.
    """
    port_access = port_access or PortAccess()
    end = math.inf if seconds is None else port_access.now() + seconds
    session = _Monitor(target, view, log, reactions, port_access, end=end)
    try:
        session.run()
    except KeyboardInterrupt:
        view.notice("ended")
    finally:
        reactions.close()
    return session.report()


class _Monitor:
    """One run of monitor, over all connections."""

    def __init__(
        self,
        target: Target,
        view: MonitorView,
        log: MonitorLog,
        reactions: Reactions,
        port_access: PortAccess,
        *,
        end: float,
    ) -> None:
        self._target = target
        self._view = view
        self._log = log
        self._reactions = reactions
        self._port_access = port_access
        self._began = port_access.now()
        self._end = end
        self._port = target.port
        self._detections = DetectionCounts()
        self._overruns = 0
        self._lost = 0
        self._connected = False

    def report(self) -> MonitorReport:
        """Returns the totals so far."""
        return MonitorReport(
            self._port_access.now() - self._began,
            self._detections.by_label,
            self._overruns,
            self._lost,
            self._connected,
        )

    def run(self) -> None:
        """Connects, and reconnects whenever the connection is lost. Raises DeviceError."""
        before = self._port_access.ports()
        self._connect()
        while (now := self._port_access.now()) < self._end:
            self._port_access.sleep(min(POLL_INTERVAL_S, self._end - now))
            self._poll_commands()
            before = self._reconnect(before)

    def _connect(self) -> None:
        """Monitors until the end or until the connection is lost. Raises DeviceError if the port cannot be opened."""
        try:
            with self._port_access.open(self._port.device, self._target.line) as transport:
                self._connected = True
                self._log.add(CONNECTED, self._port.device)
                self._view.connected(self._port.device)
                self._listen(transport)
        except TransportLostError as error:
            self._connected = False
            self._lost += 1
            self._log.add(LOST, error.message)
            self._view.notice(f"{error.message}; waiting for it to come back")

    def _reconnect(self, before: Sequence[Port]) -> Sequence[Port]:
        """Reconnects to a lost board if it is back. Returns the ports to compare with after the next loss."""
        now = self._port_access.ports()
        found = find_again(self._port, self._usb_ids(), before, now)
        if found is None:
            return before
        self._port = found
        try:
            self._connect()
        except DeviceError:
            if self._connected:  # it failed after the port was opened, not because the port was not ready yet
                raise
            return before
        return now

    def _usb_ids(self) -> Sequence[str]:
        own = self._target.port.usb_id
        return self._target.line.usb or ((own,) if own else ())

    def _listen(self, transport: LineTransport) -> None:
        """Handles lines until the end. Raises TransportLostError, DeviceError."""
        session = MonitorSession(self._target.expected, self._view, self._port_access.now)
        while (now := self._port_access.now()) < self._end:
            self._send(transport, session.questions())
            text = transport.read_line(min(READ_TIMEOUT_S, self._end - now))
            if text is not None:
                self._log.add(RECEIVED, text)
                self._react(session.take(text))
            self._poll_commands()

    def _send(self, transport: LineTransport, questions: list[str]) -> None:
        if not questions:
            return
        self._log.add(SENT, " ".join(filter(None, questions)))
        try:
            transport.send_lines(questions)
        except TransportLostError:
            raise
        except DeviceError as error:  # firmware that does not read commands may still send lines
            self._view.notice(error.message)

    def _react(self, line: Line) -> None:
        if isinstance(line, Heard):
            self._detections.add(line.label)
            for message in self._reactions.on(line):
                self._log.add(COMMAND, message)
        elif isinstance(line, Status):
            self._overruns = line.overruns
        elif isinstance(line, Ready):
            self._detections.announce(line.labels)
            for word in sorted(self._reactions.words.difference(line.labels)):
                self._view.notice(f"there is a command for {word!r}, but this board's model does not know that word")

    def _poll_commands(self) -> None:
        for message in self._reactions.poll():
            self._log.add(COMMAND, message)
            self._view.notice(message)
        self._view.tick()
