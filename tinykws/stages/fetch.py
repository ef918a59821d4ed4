# SPDX-License-Identifier: Apache-2.0
"""fetch: adds a public data set of single words to the folder of recordings, from a server or from a file.

The archive is downloaded next to the folder, checked by its checksum, unpacked next to it, and moved in once complete.
The user's files are never replaced or removed. `.fetched.json` in the folder lists what was fetched, so that a second
run has nothing to do.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from tinykws.support.download import Sleep
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.common_voice import CommonVoice
from tinykws.training_data.fetched_note import fetched_before, note_fetched
from tinykws.training_data.merge_folders import count_recordings, merge_into, recordings_by_folder
from tinykws.training_data.public_datasets import COMMON_VOICE, PublicDataset
from tinykws.training_data.unpacked_set import unpacked_set


@dataclasses.dataclass(frozen=True)
class FetchReport:
    """The result of fetch."""

    name: str
    folder: Path
    fetched: bool
    """False if it was there already."""
    recordings: dict[str, int]
    """Number of recordings of the data set, by folder."""
    kept: tuple[str, ...]
    """The user's own files that have the same name as one of the data set but other content: they were kept."""
    licence: str


def fetch(
    public_set: PublicDataset,
    folder: Path,
    urls: Sequence[str] = (),
    *,
    add: bool = False,
    language: str = "en",
    progress: Progress = SILENT,
    sleep: Sleep = time.sleep,
) -> FetchReport:
    """Adds a data set to a folder.

    Args:
        public_set: the data set.
        folder: the folder of recordings; it need not exist.
        urls: sources of the archive instead of the public ones: http, https, file://, or a path.
        add: allow a folder that already contains recordings. Existing files are kept.
        language: of the words, if the data set has several.
        progress: shows the download, the check and the unpacking.
        sleep: waits between attempts.

    Raises:
        ConfigError: the folder contains recordings and `add` is not set; not enough space; no permission; a bad URL.
        ToolError: no URL delivers the archive, its checksum is wrong, or it is damaged.
    """
    folder = folder.resolve()  # a symbolic link to another disk: unpack there
    before = fetched_before(folder).get(public_set.name)
    if before is not None and _is_there(folder, before):
        return FetchReport(public_set.name, folder, False, before, (), public_set.licence)
    if not add:
        _refuse_recordings(folder, public_set.name)
    crowd = CommonVoice(language) if public_set.layout == COMMON_VOICE else None
    is_wanted = crowd.is_wanted if crowd else lambda _: True
    with unpacked_set(public_set, folder, urls, is_wanted, progress=progress, sleep=sleep) as unpacked:
        fresh = crowd.word_folders(unpacked) if crowd else _without_wrapper(unpacked)
        counts = recordings_by_folder(fresh)
        if not counts:
            raise ToolError(f"{public_set.archive} contains no recordings", hint="expected: <word>/*.wav or *.flac")
        if not add:
            _refuse_recordings(folder, public_set.name)  # hours may have passed
        kept = merge_into(fresh, folder)
        note_fetched(folder, public_set.name, counts)
    return FetchReport(public_set.name, folder, True, counts, kept, public_set.licence)


def _is_there(folder: Path, counts: dict[str, int]) -> bool:
    """Returns whether recordings are left in the fetched folders; the user may have removed single ones."""
    return isinstance(counts, dict) and not recordings_by_folder(folder).keys().isdisjoint(counts)


def _refuse_recordings(folder: Path, name: str) -> None:
    found = count_recordings(folder)
    if found:
        raise ConfigError(
            f"{folder} already contains {found:,} recordings, so nothing was fetched",
            hint=f"to add {name} to them (no file is replaced): --add\n"
            "to keep them apart: --into FOLDER, and `data: FOLDER` in kws.yaml",
        )


def _without_wrapper(folder: Path) -> Path:
    """Returns the folder that contains the words' folders: some archives nest them in further folders."""
    while not recordings_by_folder(folder) and len(inside := list(folder.iterdir())) == 1 and inside[0].is_dir():
        folder = inside[0]
    return folder
