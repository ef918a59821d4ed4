# SPDX-License-Identifier: Apache-2.0
"""Writes pieces of recordings one after another as one long recording, and the list of its speakers.

The list is read by tinykws/evaluation/speaker_list.py: `start_s,seconds,speaker,path`.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.audio.files import AudioStream, writing_flac
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.support.errors import ConfigError
from tinykws.support.files import write_text_if_changed
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.corpus_pieces import Piece

GAP_MS = 200
"""Silence between two pieces."""
HEAD = ("start_s", "seconds", "speaker", "path")


@dataclasses.dataclass(frozen=True)
class StreamMade:
    """A long recording that was made."""

    seconds: float
    pieces: int
    speakers: int


def write_stream(
    pieces: Sequence[Piece], path: Path, most_seconds: int | None = None, progress: Progress = SILENT
) -> StreamMade:
    """Writes a FLAC file at 16 kHz, and its list of speakers next to it (.csv).

    Args:
        pieces: what to write, in this order; a recording that cannot be read is left out, and told.
        path: the FLAC file.
        most_seconds: no piece begins after so many seconds.
        progress: shows the pieces.

    Raises:
        OSError: the disk is full.
    """
    rows: list[tuple[str, str, str, str]] = []
    gap = np.zeros(SAMPLE_RATE_HZ * GAP_MS // 1000, np.int16)
    at = 0
    with writing_flac(path) as write:
        for piece in progress.track(pieces, path.stem):
            if most_seconds is not None and at >= most_seconds * SAMPLE_RATE_HZ:
                break
            start = at
            for samples in _sound_of(piece, progress):
                write(samples)
                at += samples.size
            if at > start:
                times = (start / SAMPLE_RATE_HZ, (at - start) / SAMPLE_RATE_HZ)
                rows.append((f"{times[0]:.3f}", f"{times[1]:.3f}", piece.speaker, piece.source))
                write(gap)
                at += gap.size
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEAD, *rows])
    write_text_if_changed(path.with_suffix(".csv"), text.getvalue())
    return StreamMade(at / SAMPLE_RATE_HZ, len(rows), len({row[2] for row in rows} - {""}))


def _sound_of(piece: Piece, progress: Progress) -> Iterator[Samples]:
    """Yields int16 [n] blocks of a piece; of a damaged recording, what can be decoded."""
    try:
        with AudioStream(piece.path, on_damage=progress.say) as stream:
            at = 0
            for block in stream:
                used = _used(piece, at / SAMPLE_RATE_HZ, block.size)
                at += block.size
                if used.any():
                    yield block[used]
                if at >= piece.most_s * SAMPLE_RATE_HZ:
                    return
    except ConfigError as error:
        progress.say(f"not used: {piece.source}: {error.message.rpartition(': ')[2]}")


def _used(piece: Piece, begin_s: float, size: int) -> npt.NDArray[np.bool_]:
    """Returns which samples of a block that begins at a second are used: bool [size]."""
    seconds = begin_s + np.arange(size) / SAMPLE_RATE_HZ
    used = seconds < piece.most_s
    for begin, end in piece.skipped:
        if begin < begin_s + size / SAMPLE_RATE_HZ and end > begin_s:
            used &= ~((seconds >= begin) & (seconds < end))
    return np.asarray(used)
