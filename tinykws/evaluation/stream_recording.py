# SPDX-License-Identifier: Apache-2.0
"""A long recording as a stream: an audio file or a section of it, with the words in it if a .csv file lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinykws.audio.files import AudioStream
from tinykws.audio.formats import is_readable_name
from tinykws.audio.samples import Samples
from tinykws.evaluation.timeline import Event, read_timeline
from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Section:
    """The section of a recording that is used, from and to, as shares of its length.

    A detector must not be tuned and evaluated on the same section.
    """

    begin: float
    end: float


WHOLE = Section(0.0, 1.0)
FIRST_HALF = Section(0.0, 0.5)
SECOND_HALF = Section(0.5, 1.0)


class RecordedStream:
    """An audio file of any length, or a section of it, read one second at a time.

    An optional `talk.csv` next to `talk.flac` lists the words in it (tinykws/evaluation/timeline.py).
    """

    def __init__(self, path: Path, section: Section = WHOLE, *, with_words: bool = True) -> None:
        """Reads the file's length and its list of words.

        Args:
            path: the audio file.
            section: the part of it that is used.
            with_words: whether a .csv file next to it lists the words in it; False: there are none.

        Raises:
            ConfigError: the file does not exist or is not audio, or its list of words cannot be read.
        """
        with AudioStream(path) as stream:
            seconds = stream.seconds
        self.name = path.stem
        self.path, self.section = path, section
        self._first, self._last = (round(share * seconds) for share in (section.begin, section.end))
        self.events = tuple(self._events(path.with_suffix(".csv"))) if with_words else ()

    @property
    def duration_ms(self) -> int:
        """The section's length, rounded to seconds."""
        return self.pieces * 1000

    @property
    def pieces(self) -> int:
        """Number of pieces that the stream yields."""
        return self._last - self._first

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces of one second."""
        with AudioStream(self.path) as stream:
            for second, samples in enumerate(stream):
                if second >= self._last:
                    return
                if second >= self._first:
                    yield samples

    def _events(self, path: Path) -> Iterator[Event]:
        first_ms, last_ms = self._first * 1000, self._last * 1000
        for event in read_timeline(path) if path.is_file() else ():
            if first_ms <= event.start_ms < last_ms:
                yield Event(event.start_ms - first_ms, event.end_ms - first_ms, event.label)


def recorded_streams(paths: Sequence[Path], section: Section = WHOLE) -> list[RecordedStream]:
    """Returns the streams of files, and of all audio files below folders, that are at least two seconds long.

    Raises:
        ConfigError: a path does not exist, or a file is not audio.
    """
    streams = [RecordedStream(path, section) for top in paths for path in _files(top)]
    return [stream for stream in streams if stream.pieces >= 2]


def _files(top: Path) -> list[Path]:
    if not top.exists():
        raise ConfigError(
            f"{top} does not exist", hint="name audio files that do not contain the words, or a folder of such files"
        )
    if top.is_file():
        return [top]
    return sorted(path for path in top.rglob("*") if is_readable_name(path.name) and path.is_file())
