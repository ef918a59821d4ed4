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
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinykws import __version__
from tinykws.support.digest_cache import digests_of
from tinykws.support.errors import ConfigError
from tinykws.support.files import write_json


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a stage reads, at one time."""

    digest: str
    """Of the settings, tinykws's version and all files."""
    settings: Any
    files: Mapping[str, str]
    """A digest of each file or folder, by its name."""


@dataclasses.dataclass(frozen=True)
class StageFiles:
    """What a stage depends on and produces. A folder means all files below it; a missing file counts as empty."""

    settings: Mapping[str, Any]
    """JSON-ready values that change the result."""
    reads: Sequence[Path]
    writes: Sequence[Path]

    def inputs_digest(self) -> str:
        """Digest of settings, tinykws's version and all files read."""
        return self.inputs().digest

    def inputs(self) -> Inputs:
        """Returns settings, version and all files read, as they are now; reads each file once.

        Raises:
            ConfigError: a file or folder cannot be read.
        """
        settings = json.dumps([__version__, self.settings], sort_keys=True, default=str)
        texts = {_name_of(top): _lines_of(top) for top in self.reads}
        everything = settings + _digest("".join(texts.values()))
        files = {name: _digest(text) for name, text in texts.items()}
        return Inputs(_digest(everything), json.loads(settings)[1], files)


def is_fresh(stamp_path: Path, stage_files: StageFiles) -> bool:
    """Returns whether the stage's outputs exist, are unchanged, and were made from the inputs as they are now."""
    try:
        stamp = json.loads(stamp_path.read_text(encoding="utf-8"))
        wrote, read, _ = stamp["outputs"], stamp["inputs"], stamp["report"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    if not all(path.exists() for path in stage_files.writes):
        return False
    return bool(wrote == digest_of_files(stage_files.writes) and read == stage_files.inputs_digest())


def write_stamp(
    stamp_path: Path, inputs: Inputs | str, stage_files: StageFiles, report: Any = None, seconds: float | None = None
) -> None:
    """Records what a stage's outputs were made from, and its report.

    Args:
        stamp_path: the stage's stamp file.
        inputs: the inputs before the stage ran, or only their digest; then nobody can say what changed.
        stage_files: the stage's files; its outputs are read now.
        report: the stage's report as JSON-ready values; it is shown again while the stage is up to date.
        seconds: how long the stage ran.
    """
    stamp: dict[str, Any] = {
        "inputs": inputs if isinstance(inputs, str) else inputs.digest,
        "outputs": digest_of_files(stage_files.writes),
        "report": report,
    }
    if isinstance(inputs, Inputs):
        stamp |= {"version": __version__, "settings": inputs.settings, "files": inputs.files, "seconds": seconds}
    write_json(stamp_path, stamp)


def read_report(stamp_path: Path) -> Any:
    """Returns the report in the stamp file of a stage that is up to date."""
    return json.loads(stamp_path.read_text(encoding="utf-8"))["report"]


def digest_of_files(paths: Sequence[Path]) -> str:
    """Returns a digest of the names and bytes of files, and of all files below folders except hidden ones."""
    return _digest("".join(map(_lines_of, paths)))


def _lines_of(top: Path) -> str:
    """Returns a line with name and SHA-256 for each file."""
    files = sorted(_files_below(top))
    above = len(top.parent.as_posix().rstrip("/")) + 1 if top.parent != Path() else 0
    return "".join(f"{path.as_posix()[above:]}\0{digest}\n" for path, digest in _digests_of(top, files).items())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _name_of(top: Path) -> str:
    return f"{top.parent.name}/{top.name}"


def _digests_of(top: Path, files: Sequence[Path]) -> dict[Path, str]:
    """Returns the SHA-256 of each file, in their order. Raises ConfigError if one cannot be read."""
    try:
        return digests_of(top, files)
    except OSError as error:
        raise _unreadable(Path(error.filename or top), error) from error


def _files_below(top: Path) -> Iterator[Path]:
    """Yields a file, or all files below a folder but the hidden ones. Raises ConfigError if a folder cannot be read."""
    if top.is_dir():
        yield from _walk(top, frozenset())
    elif top.is_file():
        yield top


def _walk(folder: Path, inside: frozenset[tuple[int, int]]) -> Iterator[Path]:
    """Yields the files below a folder, through links too. `inside`: the folders around it, so that none is a circle."""
    try:
        info, entries = folder.stat(), _entries_of(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error
    identity = (info.st_dev, info.st_ino)
    if identity in inside:
        return
    for path, is_dir, is_file in entries:
        if is_dir:
            yield from _walk(path, inside | {identity})
        elif is_file and not path.name.startswith("."):
            yield path


def _entries_of(folder: Path) -> list[tuple[Path, bool, bool]]:
    """Returns what a folder contains, and whether each is a folder or a file; what links point to counts."""
    with os.scandir(folder) as entries:
        return [
            (path, path.is_dir(), path.is_file()) if entry.is_symlink() else (path, entry.is_dir(), entry.is_file())
            for entry in entries
            for path in [folder / entry.name]
        ]


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"cannot read {path}: {error.strerror or error}; so nobody can say whether what was made of it is up to date",
        hint=f"check its permissions: ls -l {shlex.quote(str(path))}\nor move it out of this folder",
    )
