# SPDX-License-Identifier: Apache-2.0
"""Whether a stage must run again, decided by content: hashes of its settings, its input files and its outputs.

Each stage says what it reads and what it writes; after it ran, a stamp keeps the digests of both, and its report. A
stage is fresh while both digests are still true. Dates play no part, so copies, clones and checkouts stay fresh.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinykws import __version__
from tinykws.support.files import sha256_of_file, write_json


@dataclasses.dataclass(frozen=True)
class StageFiles:
    """What a stage depends on and makes. Folders stand for all the files below them; missing ones count as empty."""

    settings: Mapping[str, Any]
    """JSON-ready values that change the result."""
    reads: Sequence[Path]
    writes: Sequence[Path]

    def inputs_digest(self) -> str:
        """Digest of settings, tinykws's version and all files read."""
        settings = json.dumps([__version__, self.settings], sort_keys=True, default=str)
        return hashlib.sha256((settings + digest_of_files(self.reads)).encode()).hexdigest()


def is_fresh(stamp_path: Path, stage_files: StageFiles) -> bool:
    """Returns whether the stage's outputs are there, untouched, and made from the inputs as they are now."""
    try:
        stamp = json.loads(stamp_path.read_text(encoding="utf-8"))
        wrote, read, _ = stamp["outputs"], stamp["inputs"], stamp["report"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not all(path.exists() for path in stage_files.writes):
        return False
    return bool(wrote == digest_of_files(stage_files.writes) and read == stage_files.inputs_digest())


def write_stamp(stamp_path: Path, inputs_digest: str, stage_files: StageFiles, report: Any = None) -> None:
    """Remembers what the outputs were made from, and what the stage told.

    Args:
        stamp_path: the stage's stamp.
        inputs_digest: that of before the stage ran.
        stage_files: its outputs as they are now.
        report: its report as JSON-ready values: told again while the stage is up to date.
    """
    outputs = digest_of_files(stage_files.writes)
    write_json(stamp_path, {"inputs": inputs_digest, "outputs": outputs, "report": report})


def read_report(stamp_path: Path) -> Any:
    """Returns the report that the stamp of a stage that is up to date keeps."""
    return json.loads(stamp_path.read_text(encoding="utf-8"))["report"]


def digest_of_files(paths: Sequence[Path]) -> str:
    """Returns a digest of the names and bytes of files, and of all files below folders, hidden ones left out."""
    digest = hashlib.sha256()
    for top in paths:
        for path in sorted(_files_below(top)):
            digest.update(f"{path.relative_to(top.parent).as_posix()}\0{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


def _files_below(top: Path) -> list[Path]:
    if top.is_file():
        return [top]
    return [path for path in top.rglob("*") if path.is_file() and not path.name.startswith(".")]
