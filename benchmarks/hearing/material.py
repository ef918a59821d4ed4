# SPDX-License-Identifier: Apache-2.0
"""What detectors are measured on: clips of people who say the word, speech of several kinds, clips of other words."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from hearing.clip_streams import Clip, ClipStream, clip_streams

from tinykws.audio.formats import is_readable_name
from tinykws.evaluation.stream_recording import RecordedStream, Section
from tinykws.support.errors import ConfigError
from tinykws.support.files import sha256_of_file

NOT_ORDINARY = ("noise", "music")
"""Kinds of sound that are not speech: reported, but not part of the rate over all ordinary speech."""
SPEAKER_LIST = "start_s,"
"""How the .csv file begins that lists who speaks in a recording; a list of words begins with start_ms."""
MOST_SECONDS = 900
"""Greatest length of a section of a recording."""
MOST_OTHER_CLIPS = 2000
"""Greatest number of other words' clips of a kind: evenly spaced over its files."""


@dataclasses.dataclass(frozen=True)
class Material:
    """The recordings of a run, by kind."""

    words: Mapping[str, tuple[ClipStream, ...]]
    """By word."""
    speech: Mapping[str, tuple[RecordedStream, ...]]
    """Recordings without the words, by kind."""
    others: Mapping[str, tuple[ClipStream, ...]]
    """Clips of other words, by kind."""
    apart: tuple[str, ...] = NOT_ORDINARY
    """Kinds of `speech` that are not ordinary speech."""

    @property
    def ordinary(self) -> tuple[str, ...]:
        """Kinds that count as ordinary speech."""
        return tuple(kind for kind in self.speech if kind not in self.apart)

    @property
    def streams(self) -> tuple[ClipStream | RecordedStream, ...]:
        """All streams."""
        words, speech, others = (
            [stream for streams in named.values() for stream in streams]
            for named in (self.words, self.speech, self.others)
        )
        return (*words, *speech, *others)


def plain_word(name: str) -> str:
    """Returns a word as it is compared: a folder, a label and another project's model may write it differently."""
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def by_kind(texts: Sequence[str], option: str) -> dict[str, list[Path]]:
    """Returns the paths of KIND=PATH arguments; a path without KIND= belongs to the kind before it.

    Raises:
        ConfigError: the first path has no kind.
    """
    found: dict[str, list[Path]] = {}
    kind = ""
    for text in texts:
        name, equals, path = text.partition("=")
        if equals:
            kind = name
        if not kind:
            raise ConfigError(f"{option} {text!r} has no kind", hint=f"{option} KIND={text}")
        found.setdefault(kind, []).append(Path(path if equals else text))
    return found


def by_word(texts: Sequence[str]) -> dict[str, list[Path]]:
    """Returns the folders of WORD=FOLDER arguments; a folder without WORD= has the word's name."""
    found: dict[str, list[Path]] = {}
    for text in texts:
        word, equals, path = text.partition("=")
        folder = Path(path if equals else text)
        found.setdefault(plain_word(word if equals else folder.resolve().name), []).append(folder)
    return found


def word_streams(
    folders: Mapping[str, Sequence[Path]], listed: Callable[[Path], bool], seed: int
) -> dict[str, tuple[ClipStream, ...]]:
    """Returns the streams of each word. Raises ConfigError if a word has no clips."""
    return {
        word: clip_streams(word, [Clip(path, word) for path in _audio_below(tops, listed)], seed)
        for word, tops in folders.items()
    }


def other_streams(
    folders: Mapping[str, Sequence[Path]],
    words: Collection[str],
    listed: Callable[[Path], bool],
    seed: int,
    most: int = MOST_OTHER_CLIPS,
) -> dict[str, tuple[ClipStream, ...]]:
    """Returns the streams of each kind of other words.

    A clip's word is the name of its folder. Clips of `words` are left out, and folders that begin with `_`, which hold
    background noise.

    Raises:
        ConfigError: a kind has no clips.
    """
    streams = {}
    for kind, tops in folders.items():
        clips = [Clip(path, plain_word(path.parent.name)) for path in _audio_below(tops, listed)]
        kept = [clip for clip in clips if clip.label not in words and not clip.path.parent.name.startswith("_")]
        if not kept:
            raise ConfigError(f"--other-words {kind} has no clips of other words than {', '.join(sorted(words))}")
        streams[kind] = clip_streams(f"other words, {kind}", _evenly(kept, most), seed)
    return streams


def speech_streams(paths: Mapping[str, Sequence[Path]]) -> dict[str, tuple[RecordedStream, ...]]:
    """Returns the streams of each kind of speech. Raises ConfigError if a kind has no recording of two seconds."""
    return {kind: _recordings(kind, tops) for kind, tops in paths.items()}


def listed_in(path: Path | None) -> Callable[[Path], bool]:
    """Returns whether a clip may be used, given a list of clips such as Speech Commands' validation_list.txt.

    The list decides about clips below its own folder, by their paths without suffix; it says nothing of others.

    Raises:
        ConfigError: the list cannot be read.
    """
    if path is None:
        return lambda _: True
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the list {path}: {error}") from error
    top = path.resolve().parent
    named = {Path(line.strip()).with_suffix("") for line in lines if line.strip()}

    def is_listed(clip: Path) -> bool:
        clip = clip.resolve()
        return not clip.is_relative_to(top) or clip.relative_to(top).with_suffix("") in named

    return is_listed


@functools.cache
def identity_of(stream: ClipStream | RecordedStream) -> str:
    """Returns text that names everything that decides a stream's samples; the same for the same files elsewhere."""
    return stream.identity if isinstance(stream, ClipStream) else f"{sha256_of_file(stream.path)} {stream.section}"


def _recordings(kind: str, tops: Sequence[Path]) -> tuple[RecordedStream, ...]:
    streams = [
        stream
        for top in tops
        for path in (sorted(top.rglob("*")) if top.is_dir() else [top])
        if path == top or is_readable_name(path.name)
        for stream in _sections(path)
    ]
    long = tuple(stream for stream in streams if stream.pieces >= 2)
    if not long:
        raise ConfigError(f"--speech {kind} has no recording of at least two seconds")
    return long


def _sections(path: Path) -> list[RecordedStream]:
    """Returns a recording in sections of equal length: each is heard by one process, and kept as soon as it is."""
    with_words = not _lists_speakers(path.with_suffix(".csv"))
    count = math.ceil(RecordedStream(path, with_words=with_words).pieces / MOST_SECONDS) or 1
    sections = [Section(at / count, (at + 1) / count) for at in range(count)]
    return [RecordedStream(path, section, with_words=with_words) for section in sections]


def _lists_speakers(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(SPEAKER_LIST.encode())


def _audio_below(tops: Sequence[Path], listed: Callable[[Path], bool]) -> list[Path]:
    found = [path for top in tops for path in sorted(top.rglob("*")) if is_readable_name(path.name) and listed(path)]
    if not found:
        raise ConfigError(
            f"{', '.join(map(str, tops))} has no clips", hint="name a folder with audio files, one word a file"
        )
    return found


def _evenly(clips: Sequence[Clip], most: int) -> list[Clip]:
    return list(clips) if len(clips) <= most else [clips[at * len(clips) // most] for at in range(most)]
