# SPDX-License-Identifier: Apache-2.0
"""The note that `fetch` leaves in a folder: what was fetched into it, so that a second run has nothing to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinykws.support.files import write_json

FETCHED = ".fetched.json"


def fetched_before(folder: Path) -> dict[str, Any]:
    """Returns what was fetched into a folder, by name; the values are those of `note_fetched`."""
    try:
        value: Any = json.loads((folder / FETCHED).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def note_fetched(folder: Path, name: str, value: Any) -> None:
    """Adds a name to the note, with any value that JSON has."""
    write_json(folder / FETCHED, {**fetched_before(folder), name: value})
