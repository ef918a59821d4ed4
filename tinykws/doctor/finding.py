# SPDX-License-Identifier: Apache-2.0
"""The result of one check."""

from __future__ import annotations

import dataclasses
from typing import Literal

State = Literal["ok", "warning", "missing"]
"""warning: something works less well, or something optional is absent. missing: the selected boards cannot be built or
run without it."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of doctor's report; its fields are keys of `--json`."""

    area: str
    """Python, packages, speech, tools, PlatformIO, serial, disk."""
    name: str
    """What was checked."""
    state: State
    found: str
    mend: str = ""
    """The command that fixes it, or what to do; empty if nothing is wrong."""


def absent(needed: bool) -> State:
    """Returns the state of something absent."""
    return "missing" if needed else "warning"
