# SPDX-License-Identifier: Apache-2.0
"""Which files hold audio, by their names or first bytes, and which of them libsndfile can read."""

from __future__ import annotations

import stat
from pathlib import Path

_READABLE = (
    ".wav .wave .flac .mp3 .ogg .oga .opus .aif .aiff .aifc .au .snd .caf .w64 .rf64 .voc .sph .nist .avr .svx .8svx"
    " .paf .pvf .ircam"
)
_UNREADABLE = (
    ".m4a .m4b .mp4 .aac .wma .amr .awb .3gp .3gpp .3g2 .webm .weba .mka .mkv .mov .avi .ape .wv .tta .ac3 .dts .spx"
    " .ra .rm .qcp .dss .mp2 .gsm"
)
SUFFIXES = frozenset(_READABLE.split())
"""Suffixes of the formats that libsndfile reads, in lower case."""
UNREADABLE_SUFFIXES = frozenset(_UNREADABLE.split())
"""Suffixes of other audio and video formats: a file with one of them is a recording that must be converted."""
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_LONGEST_MAGIC = 12


def is_readable_name(name: str) -> bool:
    """Returns whether a file's name is one of a format that libsndfile reads."""
    return _suffix(name) in SUFFIXES


def is_audio_name(name: str) -> bool:
    """Returns whether a file's name is one of an audio or video format, readable or not."""
    return is_readable_name(name) or _suffix(name) in UNREADABLE_SUFFIXES


def _suffix(name: str) -> str:
    """Like Path.suffix, in lower case; without a path being made for each of 100,000 names."""
    stem, dot, suffix = name.rpartition(".")
    return (dot + suffix).lower() if stem else ""


def not_a_file(mode: int) -> str | None:
    """Returns what something with this mode of `stat` is, such as "a named pipe"; None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    return next((text for is_kind, text in _KINDS if is_kind(mode)), "not a file")


def has_audio_inside(path: Path) -> bool:
    """Returns whether a regular file begins like a recording, whatever its name is; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST_MAGIC)
    except OSError:
        return False
    if start[:4] in (b"fLaC", b"OggS", b"caff", b"RF64", b".snd") or start[:3] == b"ID3":
        return True
    return (start[:4] == b"RIFF" and start[8:12] == b"WAVE") or (
        start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC")
    )
