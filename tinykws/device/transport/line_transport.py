# SPDX-License-Identifier: Apache-2.0
"""The interface of a transport, which carries lines of text to and from one device."""

from __future__ import annotations

from typing import Protocol


class LineTransport(Protocol):
    """A transport: SerialTransport, SharedFileTransport, or one that a test defines."""

    def send_lines(self, texts: list[str]) -> None:
        """Sends lines in one write. Raises DeviceError if the device is gone."""

    def read_line(self, timeout_s: float) -> str | None:
        """Returns the next line, or None after the timeout. Raises DeviceError if the device is gone."""
