# SPDX-License-Identifier: Apache-2.0
"""Whether a stage is up to date, decided by content: hashes of its settings, its input files and its outputs.

Each stage declares what it reads and writes. After it has run, a stamp file records the digests of both, and its
report. A stage is up to date as long as both digests match. Dates do not matter, so copies and
clones stay up to date.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tinykws import __version__
from tinykws.support.files import sha256_of_file, write_json


@dataclasses.dataclass(frozen=True)
class StageFiles:
    """What a stage depends on and produces. A folder means all files below it; a missing file counts as empty."""

    settings: Mapping[str, Any]
    """JSON-ready values that change the result."""
    reads: Sequence[Path]
    writes: Sequence[Path]

    def inputs_digest(self) -> str:
        """Digest of settings, tinykws's version and all files read."""
        settings = json.dumps([__version__, self.settings], sort_keys=True, default=str)
        return hashlib.sha256((settings + digest_of_files(self.reads)).encode()).hexdigest()


def is_fresh(stamp_path: Path, stage_files: StageFiles) -> bool:
    """Returns whether the stage's outputs exist, are unchanged, and were made from the inputs as they are now."""
    try:
        stamp = json.loads(stamp_path.read_text(encoding="utf-8"))
        wrote, read, _ = stamp["outputs"], stamp["inputs"], stamp["report"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not all(path.exists() for path in stage_files.writes):
        return False
    return bool(wrote == digest_of_files(stage_files.writes) and read == stage_files.inputs_digest())


def write_stamp(stamp_path: Path, inputs_digest: str, stage_files: StageFiles, report: Any = None) -> None:
    """Records what a stage's outputs were made from, and its report.

    Args:
        stamp_path: the stage's stamp file.
        inputs_digest: the digest of the inputs before the stage ran.
        stage_files: the stage's files; its outputs are read now.
        report: the stage's report as JSON-ready values; it is shown again while the stage is up to date.
    """
    outputs = digest_of_files(stage_files.writes)
    write_json(stamp_path, {"inputs": inputs_digest, "outputs": outputs, "report": report})


def read_report(stamp_path: Path) -> Any:
    """Returns the report in the stamp file of a stage that is up to date."""
    return json.loads(stamp_path.read_text(encoding="utf-8"))["report"]


def digest_of_files(paths: Sequence[Path]) -> str:
    """Returns a digest of the names and bytes of files, and of all files below folders except hidden ones."""
    digest = hashlib.sha256()
    for top in paths:
        for path in sorted(_files_below(top)):
            name = os.fsencode(path.relative_to(top.parent).as_posix())  # which may not be UTF-8
            digest.update(name + f"\0{sha256_of_file(path)}\n".encode())
    return digest.hexdigest()


def _files_below(top: Path) -> list[Path]:
    if top.is_file():
        return [top]
    return [path for path in top.rglob("*") if path.is_file() and not path.name.startswith(".")]
