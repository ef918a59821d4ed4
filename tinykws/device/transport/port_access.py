# SPDX-License-Identifier: Apache-2.0
"""What happens at the cable's end: ports that come and go, links over them, and the time it takes.

Stages that wait for a board take a `PortAccess`, so that a test can give them one on which all this happens in no time.
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
    """The real one: pyserial's ports, the computer's clock."""

    def ports(self) -> Sequence[Port]:
        """Returns the ports there are now."""
        return list_ports()

    def open(self, device: str, line: SerialLine) -> AbstractContextManager[LineTransport]:
        """Opens a port or pyserial URL; the `with` closes it. Raises DeviceError."""
        return open_transport(device, line)

    def now(self) -> float:
        """Returns seconds, from any beginning."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)
