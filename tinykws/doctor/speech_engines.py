# SPDX-License-Identifier: Apache-2.0
"""Checks which text-to-speech engines are available for words without recordings."""

from __future__ import annotations

from tinykws.doctor.finding import Finding
from tinykws.support.errors import ToolError

AREA = "speech"


def check_engine(name: str, version: str | ToolError) -> Finding:
    """Checks a text-to-speech engine, given its version or the error that it has none; all engines are optional."""
    if isinstance(version, str):
        return Finding(AREA, name, "ok", version)
    fix = (version.hint or "").splitlines() or [f"install what synth: engines: [{name}] needs"]
    return Finding(
        AREA,
        name,
        "warning",
        f"{version.message}; optional: more voices make a better detector",
        fix[0],
    )


def check_vocoder(version: str, install_hint: str) -> Finding:
    """Checks the vocoder that multiplies speakers, given its version, which is empty if it is not installed."""
    if version:
        return Finding(AREA, "vocoder", "ok", f"pyworld {version}")
    return Finding(
        AREA, "vocoder", "warning", "pyworld is not installed; optional: it multiplies speakers", install_hint
    )
