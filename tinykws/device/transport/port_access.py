# SPDX-License-Identifier: Apache-2.0
"""Access to serial ports and the clock: listing ports, opening them, and waiting.

Code that waits for a board takes a `PortAccess`, so that a test can replace ports and clock and need not wait.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from tinykws.boards.rows import SerialLine
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.serial_ports import Port, list_ports
from tinykws.device.transport.serial_transport import open_transport


class PortAccess:
    """The ports of this computer, through pyserial, and its clock."""

    def ports(self) -> Sequence[Port]:
        """Returns the ports that exist now."""
        return list_ports()

    def open(self, device: str, line: SerialLine) -> AbstractContextManager[LineTransport]:
        """Opens a port or pyserial URL; leaving the `with` closes it. Raises DeviceError."""
        return open_transport(device, line, self.now)

    def now(self) -> float:
        """Returns the time of a monotonic clock in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)
