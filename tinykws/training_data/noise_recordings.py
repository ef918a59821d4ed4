# SPDX-License-Identifier: Apache-2.0
"""Reads the noise recordings of data folders, up to a limit; a damaged one is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from tinykws.audio.files import AudioStream, duration_text
from tinykws.audio.samples import Samples
from tinykws.support.errors import ConfigError
from tinykws.training_data.folder_walk import AudioFile, UnusedFile

LONGEST_SECONDS = 3600
"""Used of one recording."""
TOTAL_SECONDS = 2 * 3600
"""Used of all together: 230 MB of memory."""


@dataclasses.dataclass(frozen=True)
class NoiseRecordings:
    """Noise recordings, and those that are not used, or not whole."""

    recordings: list[Samples]
    """int16 [m] each."""
    unused: tuple[UnusedFile, ...]
    shortened: tuple[UnusedFile, ...]
    """Recordings of which only the start is used."""


def read_noise(files: Iterable[AudioFile]) -> NoiseRecordings:
    """Reads noise recordings, up to an hour of each and two hours of all."""
    recordings: list[Samples] = []
    unused: list[UnusedFile] = []
    shortened: list[UnusedFile] = []
    left = TOTAL_SECONDS
    for file in files:
        limit = min(LONGEST_SECONDS, left)
        try:
            blocks, is_whole = _start_of(file, limit)
        except ConfigError as error:
            unused.append(UnusedFile(file.source, f"unreadable: {error.message.rpartition(': ')[2]}"))
            continue
        if not blocks:
            reason = "empty" if limit else f"the recordings before it last {duration_text(TOTAL_SECONDS)}: enough"
            unused.append(UnusedFile(file.source, reason))
            continue
        if not is_whole:
            shortened.append(UnusedFile(file.source, f"only its first {duration_text(len(blocks))} are used"))
        recordings.append(np.concatenate(blocks))
        left -= len(blocks)
    return NoiseRecordings(recordings, tuple(unused), tuple(shortened))


def _start_of(file: AudioFile, limit: int) -> tuple[Sequence[Samples], bool]:
    """Returns up to `limit` blocks of a second, and whether they are the whole recording. Raises ConfigError."""
    blocks: list[Samples] = []
    with AudioStream(file.path) as stream:
        for block in stream:
            if len(blocks) >= limit:
                return blocks, False
            if block.size:
                blocks.append(block)
    return blocks, True
