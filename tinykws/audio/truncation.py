# SPDX-License-Identifier: Apache-2.0
"""Whether an audio file was cut off, as far as its headers tell: by an interrupted copy or download, or a full disk."""

from __future__ import annotations

import re
from pathlib import Path

_CHUNK = re.compile(r"^\s*(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)$", re.MULTILINE)
"""How libsndfile's log says that the sound of a WAV, AIFF or AU file is shorter than its header promises."""
_UNKNOWN_BYTES = 0x7FFF0000
"""A program that cannot go back to the header, as it writes to a pipe, puts such a length or a greater one there."""
_PAGE_HEADER, _MOST_SEGMENTS, _SEGMENT = 27, 255, 255
_LONGEST_PAGE = _PAGE_HEADER + _MOST_SEGMENTS + _MOST_SEGMENTS * _SEGMENT


def promised_frames(frames: int, sndfile_log: str) -> int:
    """Returns how many samples per channel a file's header promises.

    Args:
        frames: the samples that libsndfile finds.
        sndfile_log: its log of the file's headers (soundfile's `extra_info`).
    """
    match = _CHUNK.search(sndfile_log)
    if match is None:
        return frames
    promised, there = int(match[1]), int(match[2])
    return frames if promised >= _UNKNOWN_BYTES or not there else max(frames, frames * promised // there)


def is_cut_ogg(path: Path) -> bool:
    """Returns whether the last page of an Ogg file is not whole (RFC 3533, section 6). Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LONGEST_PAGE))
        end = file.read()
    page = end[end.rfind(b"OggS") :]
    if not page.startswith(b"OggS"):
        return False
    segments = page[_PAGE_HEADER - 1] if len(page) >= _PAGE_HEADER else _MOST_SEGMENTS
    table = page[_PAGE_HEADER : _PAGE_HEADER + segments]
    return len(table) < segments or len(page) < _PAGE_HEADER + segments + sum(table)
