# SPDX-License-Identifier: Apache-2.0
"""What a check says."""

from __future__ import annotations

import dataclasses
from typing import Literal

State = Literal["ok", "warning", "missing"]
"""warning: something works less well, or something that is not needed here is not there. missing: the boards that were
asked for cannot be built or run without it."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of doctor's report."""

    area: str
    """Python, packages, speech, tools, PlatformIO, serial, disk."""
    name: str
    """What was looked at."""
    state: State
    found: str
    mend: str = ""
    """A command to type, or what to do; empty where nothing is to be mended."""


def absent(needed: bool) -> State:
    """Returns the state of something that is not there."""
    return "missing" if needed else "warning"
