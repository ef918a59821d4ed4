# SPDX-License-Identifier: Apache-2.0
"""A long recording as a stream: an audio file or a section of it, with the words in it if a .csv file lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from tinykws.audio.files import AudioStream
from tinykws.audio.samples import Samples
from tinykws.evaluation.speaker_list import section_edge, speaker_changes
from tinykws.evaluation.timeline import Event, read_timeline
from tinykws.support.errors import ConfigError
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.named_recordings import recordings_in


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
SHORTEST_SECONDS = 2
"""A section that is shorter is not used."""


class RecordedStream:
    """An audio file of any length, or a section of it, read one second at a time.

    An optional `talk.csv` next to `talk.flac` lists the words in it (tinykws/evaluation/timeline.py), or its speakers
    (tinykws/evaluation/speaker_list.py): then sections begin where another speaker does, if one does nearby.
    """

    def __init__(
        self, path: Path, section: Section = WHOLE, seconds: int | None = None, *, with_words: bool = True
    ) -> None:
        """Reads the file's length, unless `seconds` says it, and its list of words.

        Args:
            path: the audio file.
            section: the part of it that is used.
            seconds: its length, if known.
            with_words: whether a .csv file next to it lists the words in it; False: there are none.

        Raises:
            ConfigError: the file does not exist or is not audio, or its list of words cannot be read.
        """
        if seconds is None:
            with AudioStream(path) as stream:
                seconds = stream.seconds
        self.name = path.stem
        self.path, self.section = path, section
        listed = path.with_suffix(".csv")
        changes = speaker_changes(listed)
        edges = (section_edge(share, seconds, changes or ()) for share in (section.begin, section.end))
        self._first, self._last = edges
        self.events = tuple(self._events(listed)) if with_words and changes is None else ()

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
        with AudioStream(self.path, on_damage=_ignore) as stream:
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


def recorded_streams(
    paths: Sequence[Path], section: Section = WHOLE, progress: Progress = SILENT
) -> list[RecordedStream]:
    """Returns the streams of files, and of all recordings below folders, that are at least two seconds long.

    `progress` says which are not used: damaged or short ones, and what is no recording that can be read.

    Raises:
        ConfigError: a path does not exist, or a file that is named itself is not audio.
    """
    streams: list[RecordedStream] = []
    for top in paths:
        if not top.exists():
            raise ConfigError(
                f"{top} does not exist",
                hint="name audio files that do not contain the words, or a folder of such files",
            )
        found = _below(top, section, progress) if top.is_dir() else [_whole(top, section, progress)]
        streams += [stream for stream in found if _is_long_enough(stream, progress)]
    return streams


def _below(folder: Path, section: Section, progress: Progress) -> Iterator[RecordedStream]:
    """Yields the streams below a folder, and says which files cannot be read."""
    for path in recordings_in(folder, progress):
        try:
            yield _whole(path, section, progress)
        except ConfigError as error:
            progress.say(f"not used: {error.message}")


def _whole(path: Path, section: Section, progress: Progress) -> RecordedStream:
    """Returns the stream of a file as far as it can be decoded, and says if that is not to its end."""
    with AudioStream(path, on_damage=progress.say) as stream:
        seconds = sum(1 for _ in stream)
    return RecordedStream(path, section, seconds)


def _ignore(_: str) -> None:
    """Hears of damage that was told before."""


def _is_long_enough(stream: RecordedStream, progress: Progress) -> bool:
    if stream.pieces < SHORTEST_SECONDS:
        progress.say(f"not used: {stream.path}: {stream.pieces} s of it, and {SHORTEST_SECONDS} s are the least")
    return stream.pieces >= SHORTEST_SECONDS
