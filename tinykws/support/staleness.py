# SPDX-License-Identifier: Apache-2.0
"""Why a stage is out of date, and how long it took the last time: from its stamp (freshness.py), for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinykws import __version__
from tinykws.support.freshness import StageFiles, digest_of_files

MOST_REASONS = 3
"""What is told in full; of the others the names."""
MOST_CHARACTERS = 60


@dataclasses.dataclass(frozen=True)
class _Change:
    """One reason: what changed, by its name alone and in a few words."""

    name: str
    in_words: str


def reasons(stamp_path: Path, stage_files: StageFiles) -> list[str]:
    """Returns why a stage that is out of date is, each reason a few words: which setting or file changed.

    Of more than MOST_REASONS changes the last ones are one reason, which lists their names: none is hidden.
    """
    stamp = _read(stamp_path)
    if stamp is None:
        return ["it has not run to its end yet"]
    missing = [path.name for path in stage_files.writes if not path.exists()]
    if missing:
        return [f"{' and '.join(missing)} is missing"]
    found = list(_changed_inputs(stamp, stage_files))
    if stamp.get("outputs") != digest_of_files(stage_files.writes):
        names = " and ".join(path.name for path in stage_files.writes)
        found.append(_Change(names, f"{names} was changed by hand"))
    told = [change.in_words for change in found]
    if len(found) > MOST_REASONS:
        rest = [change.name for change in found[MOST_REASONS - 1 :]]
        told[MOST_REASONS - 1 :] = [f"{len(rest)} more changes: {', '.join(rest)}"]
    return told


def last_seconds(stamp_path: Path) -> float | None:
    """Returns how long a stage ran the last time it ran to its end; None if that is unknown."""
    seconds = (_read(stamp_path) or {}).get("seconds")
    return float(seconds) if isinstance(seconds, (int, float)) else None


def _read(stamp_path: Path) -> dict[str, Any] | None:
    try:
        stamp = json.loads(stamp_path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return stamp if isinstance(stamp, dict) else None


def _changed_inputs(stamp: dict[str, Any], stage_files: StageFiles) -> Iterator[_Change]:
    now = stage_files.inputs()
    if stamp.get("inputs") == now.digest:
        return
    if not isinstance(stamp.get("files"), dict) or "settings" not in stamp:  # a stamp of an earlier version
        yield _Change("settings or files", "its settings or files have changed")
        return
    if stamp.get("version") != __version__:
        yield _Change("tinykws", f"it was made by tinykws {stamp.get('version')}, this is {__version__}")
    yield from _changed_settings(stamp["settings"], now.settings, "")
    for name in sorted({*stamp["files"], *now.files}):
        if stamp["files"].get(name) != now.files.get(name):
            yield _Change(f"files in {name}", f"files in {name} have changed")


def _changed_settings(old: Any, new: Any, where: str) -> Iterator[_Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from _changed_settings(old.get(key), new.get(key), f"{where}.{key}" if where else str(key))
    elif old != new:
        yield _Change(where, f"{where} was {_short(old)}, is {_short(new)}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
