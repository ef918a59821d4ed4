# SPDX-License-Identifier: Apache-2.0
"""What every transport does: it carries lines of text to and from one device."""

from __future__ import annotations

from typing import Protocol


class LineTransport(Protocol):
    """What a session talks through: tinykws.device.transport.serial_transport.SerialTransport, or a test's own."""

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one piece. Raises DeviceError where the device is gone."""

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line, or None where none came in time. Raises DeviceError where the device is gone."""
