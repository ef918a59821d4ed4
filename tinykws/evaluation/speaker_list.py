# SPDX-License-Identifier: Apache-2.0
"""Lists of speakers next to long recordings: who speaks from which second on.

`talk.csv` next to `talk.flac` lists the words in it (timeline.py), unless its header has a column `speaker`. Then no
word is in the recording, and the list says where one speaker follows another, so that no speaker is in two sections.
`tinykws fetch` writes such lists: `start_s,seconds,speaker,path`.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

SPEAKER = ("speaker", "speaker_id")
"""Names of the column by which a list of speakers is recognized."""
STARTS = {"start_s": 1.0, "start": 1.0, "begin_s": 1.0, "start_ms": 1e-3}
"""Names of the column with the time at which a speaker starts, and its unit in seconds."""
NEAR = 0.05
"""A section begins at a change of speaker that is at most this share of the recording away."""
_DELIMITERS = ",;\t"


def speaker_changes(path: Path) -> tuple[float, ...] | None:
    """Returns the seconds at which another speaker than before begins; empty if the list does not say when.

    Args:
        path: the .csv file; None is returned if it does not exist or is not a list of speakers.
    """
    rows = _rows(path)
    if rows is None:
        return None
    head = [cell.strip().casefold() for cell in rows[0]]
    speaker = next(head.index(name) for name in SPEAKER if name in head)
    starts = next(((head.index(name), unit) for name, unit in STARTS.items() if name in head), None)
    if starts is None:
        return ()
    try:
        turns = sorted((float(row[starts[0]]) * starts[1], row[speaker].strip()) for row in rows[1:])
    except (IndexError, ValueError):
        return ()
    pairs = itertools.pairwise(turns)
    return tuple(start for (_, before), (start, name) in pairs if name != before and math.isfinite(start))


def section_edge(share: float, seconds: int, changes: Sequence[float]) -> int:
    """Returns the second at which a section of a recording begins or ends.

    Args:
        share: the edge as a share of the recording's length.
        seconds: the recording's length.
        changes: seconds at which another speaker begins; the nearest one is taken if it is near enough.
    """
    edge = share * seconds
    nearest = min(changes, key=lambda change: abs(change - edge), default=edge)
    return round(nearest if 0 < share < 1 and abs(nearest - edge) <= NEAR * seconds else edge)


def _rows(path: Path) -> list[list[str]] | None:
    """Returns the rows of a list of speakers, its header first; None if it is none."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        return None
    for delimiter in _DELIMITERS if lines else "":
        head = [cell.strip().strip('"').casefold() for cell in lines[0].split(delimiter)]
        if set(head) & set(SPEAKER) and not any(cell.isdecimal() for cell in head):  # else a word is "speaker"
            try:
                return list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
            except csv.Error:
                return None
    return None
