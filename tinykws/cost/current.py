# SPDX-License-Identifier: Apache-2.0
"""How much current listening takes, from the share of the clock and two figures of the board's row.

    current = sleep_ma + share of the clock x (run_ma - sleep_ma)

The firmware lets the processor wait for the microphone whenever it has nothing to compute (kws_port_idle()). With a
gate (`detector: gate_db`), only the front-end runs while the room is quiet. Whatever the two figures leave out, which
their source says, comes on top: it is the same with and without a gate.
"""

from __future__ import annotations

import dataclasses

from tinykws.boards.rows import Power


@dataclasses.dataclass(frozen=True)
class Current:
    """Mean current of listening, in milliamperes."""

    listening_ma: float
    """While the model runs at each inference stride."""
    quiet_ma: float | None
    """While a gate lets it sleep; None if the detector has none."""
    run_ma: float
    sleep_ma: float
    source: str
    """Where run_ma and sleep_ma come from, and what they cover."""


def estimate_current(power: Power, listening_share: float, quiet_share: float | None) -> Current | None:
    """Returns the current that follows from shares of the clock, None if the board's row has no figures.

    Args:
        power: the row's figures.
        listening_share: share of the processor's time that listening takes.
        quiet_share: the same while the model sleeps; None if there is no gate.
    """
    if not power.is_known:
        return None
    quiet_ma = None if quiet_share is None else _mean_ma(power, quiet_share)
    return Current(_mean_ma(power, listening_share), quiet_ma, power.run_ma, power.sleep_ma, power.source)


def _mean_ma(power: Power, share: float) -> float:
    return power.sleep_ma + min(share, 1.0) * (power.run_ma - power.sleep_ma)
