# SPDX-License-Identifier: Apache-2.0
"""How a device fares: its sound's level, and how much of its time front-end and model take.

Computed from `kws status` lines, whose sums begin when the device begins to listen and wrap at 2^32.
"""

from __future__ import annotations

import dataclasses
import math

from tinykws.device.protocol import Status

FULL_SCALE = 32768
WRAP = 1 << 32


@dataclasses.dataclass(frozen=True)
class DeviceHealth:
    """One status, in a reader's units."""

    level_dbfs: float | None
    """Of the loudest sample since the last status; None: nothing but zeros."""
    frontend_share: float | None
    """Share of real time since the last status; None where it cannot be known yet."""
    invoke_share: float | None
    overruns: int
    """Blocks of sound lost since the device started."""
    clipped: int
    """Samples since the last status that were too loud."""
    restarted: bool
    """The device's sums began anew: it was reset."""

    @property
    def is_too_slow(self) -> bool:
        """Whether the device cannot keep up with its sound."""
        return (self.frontend_share or 0.0) + (self.invoke_share or 0.0) >= 1.0


class HealthReader:
    """Turns one device's status lines, in order, into its health."""

    def __init__(self) -> None:
        self._last: Status | None = None

    def read(self, status: Status) -> DeviceHealth:
        """Returns the health since the status before, or since the device began to listen."""
        restarted = self._last is not None and status.time_ms < self._last.time_ms
        last = None if restarted else self._last
        self._last = status
        return DeviceHealth(
            level_dbfs=dbfs(status.loudest),
            frontend_share=_share(status, last, "frontend_us"),
            invoke_share=_share(status, last, "invoke_us"),
            overruns=status.overruns,
            clipped=status.clipped,
            restarted=restarted,
        )


def dbfs(magnitude: float) -> float | None:
    """Returns a sample's size, or a root mean square, in dB of full scale; None: nothing but zeros."""
    return 20 * math.log10(magnitude / FULL_SCALE) if magnitude > 0 else None


def _share(status: Status, last: Status | None, field: str) -> float | None:
    elapsed_us = (status.time_ms - (last.time_ms if last else 0)) * 1000
    if not 0 < elapsed_us < WRAP:  # after so long a sum may have wrapped more than once
        return None
    spent_us = (getattr(status, field) - (getattr(last, field) if last else 0)) % WRAP
    return float(spent_us / elapsed_us)
