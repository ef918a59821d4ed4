# SPDX-License-Identifier: Apache-2.0
"""Keeps what a stage made from earlier inputs, so that going back to them costs nothing; bounded in number.

Each entry is a folder named after the digest of the inputs, with the stage's output folder and its stamp.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tinykws.support.freshness import digest_of_files

STAMP_NAME = "stamp.json"


def put_away(kept: Path, stamp_path: Path, output: Path, most: int) -> Path | None:
    """Moves an output folder and its stamp into `kept`, if the stamp says that they belong together.

    Args:
        kept: the folder of entries.
        stamp_path: the stage's stamp.
        output: the stage's output folder.
        most: how many entries to keep; the oldest are deleted.

    Returns:
        The entry; None if nothing was moved.
    """
    try:
        stamp = json.loads(stamp_path.read_text(encoding="utf-8"))
        key, outputs = str(stamp["inputs"])[:32], stamp["outputs"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not key.isalnum() or not output.is_dir() or outputs != digest_of_files([output]):
        return None
    entry = kept / key
    shutil.rmtree(entry, ignore_errors=True)
    entry.mkdir(parents=True)
    output.rename(entry / output.name)
    stamp_path.rename(entry / STAMP_NAME)
    entry.touch()
    for old in sorted(kept.iterdir(), key=lambda each: each.stat().st_mtime_ns)[:-most]:
        shutil.rmtree(old, ignore_errors=True)
    return entry


def take_back(entry: Path, stamp_path: Path, output: Path) -> bool:
    """Moves an entry's output folder and stamp back to their places; returns whether there was such an entry."""
    if not (entry / output.name).is_dir() or not (entry / STAMP_NAME).is_file():
        return False
    shutil.rmtree(output, ignore_errors=True)
    stamp_path.parent.mkdir(parents=True, exist_ok=True)
    (entry / output.name).rename(output)
    (entry / STAMP_NAME).replace(stamp_path)
    shutil.rmtree(entry, ignore_errors=True)
    return True


def entry_of(kept: Path, inputs_digest: str) -> Path:
    """Returns where the outputs made from these inputs are kept, if they are."""
    return kept / inputs_digest[:32]
