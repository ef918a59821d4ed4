# SPDX-License-Identifier: Apache-2.0
"""A device's health: the level of its sound, and the share of time that front-end and model take.

Computed from `kws status` lines. Their sums begin when the device starts to listen, and wrap at 2^32.
"""

from __future__ import annotations

import dataclasses
import math

from tinykws.device.protocol import Status

FULL_SCALE = 32768
WRAP = 1 << 32


@dataclasses.dataclass(frozen=True)
class DeviceHealth:
    """One status line, in units for people."""

    level_dbfs: float | None
    """Level of the loudest sample since the last status; None if all were zero."""
    frontend_share: float | None
    """Share of real time since the last status; None if it is not known yet."""
    invoke_share: float | None
    overruns: int
    """Blocks of samples lost since the device started."""
    clipped: int
    """Samples that clipped since the last status."""
    restarted: bool
    """Whether the device was reset: its sums started again at 0."""

    @property
    def is_too_slow(self) -> bool:
        """Whether the device cannot keep up with its sound."""
        return (self.frontend_share or 0.0) + (self.invoke_share or 0.0) >= 1.0


class HealthReader:
    """Computes a device's health from its status lines, in order."""

    def __init__(self) -> None:
        self._last: Status | None = None

    def read(self, status: Status) -> DeviceHealth:
        """Returns the health since the previous status, or since the device started to listen."""
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
    """Returns a sample's magnitude, or a root mean square, in dB relative to full scale; None for 0."""
    return 20 * math.log10(magnitude / FULL_SCALE) if magnitude > 0 else None


def _share(status: Status, last: Status | None, field: str) -> float | None:
    elapsed_us = (status.time_ms - (last.time_ms if last else 0)) * 1000
    if not 0 < elapsed_us < WRAP:  # a sum may have wrapped more than once
        return None
    spent_us = (getattr(status, field) - (getattr(last, field) if last else 0)) % WRAP
    return float(spent_us / elapsed_us)
