# SPDX-License-Identifier: Apache-2.0
"""Speech engines: which of them could speak the words that have no recordings."""

from __future__ import annotations

from tinykws.doctor.finding import Finding
from tinykws.support.errors import ToolError

AREA = "speech"


def check_engine(name: str, version: str | ToolError) -> Finding:
    """Judges a speech engine by its version, or by why it has none; all are optional."""
    if isinstance(version, str):
        return Finding(AREA, name, "ok", version)
    mend = (version.hint or "").splitlines() or [f"install what synth: engines: [{name}] needs"]
    return Finding(AREA, name, "warning", f"{version.message}; synth: engines can do without", mend[0])
