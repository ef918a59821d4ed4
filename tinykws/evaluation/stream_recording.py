# SPDX-License-Identifier: Apache-2.0
"""A long recording as a stream: a file, or a part of it, with what is said in it where somebody wrote that down."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinykws.audio.files import AudioStream
from tinykws.audio.samples import Samples
from tinykws.evaluation.timeline import Event, read_timeline
from tinykws.support.errors import ConfigError
from tinykws.training_data.folders import SUFFIXES


@dataclasses.dataclass(frozen=True)
class Part:
    """Which share of each recording is heard: what a detector is chosen on must not be what it is judged by."""

    begin: float
    end: float


WHOLE = Part(0.0, 1.0)
FIRST_HALF = Part(0.0, 0.5)
SECOND_HALF = Part(0.5, 1.0)


class RecordedStream:
    """Part of an audio file of any length, a second at a time.

    Beside `talk.flac` a `talk.csv` may stand (tinykws/evaluation/timeline.py): the words that are really said in it.
    """

    def __init__(self, path: Path, part: Part = WHOLE) -> None:
        """Looks how long the file is.

        Raises:
            ConfigError: no such file, or no audio; a list of words that cannot be read.
        """
        with AudioStream(path) as stream:
            seconds = stream.seconds
        self.name = path.stem
        self._path = path
        self._first, self._last = (round(share * seconds) for share in (part.begin, part.end))
        self.events = tuple(self._events(path.with_suffix(".csv")))

    @property
    def duration_ms(self) -> int:
        """The part's length, to the second."""
        return self.pieces * 1000

    @property
    def pieces(self) -> int:
        """How many pieces there are to come."""
        return self._last - self._first

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces of a second."""
        with AudioStream(self._path) as stream:
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


def recorded_streams(paths: Sequence[Path], part: Part = WHOLE) -> list[RecordedStream]:
    """Returns the streams of files, and of all audio files below folders, that are at least two seconds long.

    Raises:
        ConfigError: a path that is not there, a file that is no audio.
    """
    streams = [RecordedStream(path, part) for top in paths for path in _files(top)]
    return [stream for stream in streams if stream.pieces >= 2]


def _files(top: Path) -> list[Path]:
    if not top.exists():
        raise ConfigError(f"there is no {top}", hint="name audio files without the words in them, or a folder of such")
    if top.is_file():
        return [top]
    return sorted(path for path in top.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
