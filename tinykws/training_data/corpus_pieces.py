# SPDX-License-Identifier: Apache-2.0
"""What to take of an unpacked corpus, in which order: sentences by speaker, conversations, sounds.

A sentence that holds one of the project's words is left out, if the corpus has texts: in a stream of negatives it would
count as a false accept, and a network would learn not to hear the word.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tinykws.audio.formats import is_readable_name
from tinykws.support.errors import ToolError
from tinykws.training_data.public_datasets import DIPCO, LIBRISPEECH, NOISE

NOISE_SECONDS = 30
"""Most that is taken of one noise or one piece of music."""
_DIPCO_DEVICES = ("U01", "close-talk")
"""Clocks by which DiPCo's texts are timed; the first is that of the recording that is used."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """A recording, or what is used of it."""

    path: Path
    source: str
    """Its name in the archive."""
    speaker: str = ""
    most_s: float = math.inf
    """So many seconds of it are used."""
    skipped: tuple[tuple[float, float], ...] = ()
    """Begin and end, in seconds, of what is cut out."""


@dataclasses.dataclass(frozen=True)
class Pieces:
    """What is taken of a corpus."""

    taken: tuple[Piece, ...]
    left_out: int = 0
    """Sentences that hold one of the words."""


def pieces_of(layout: str, folder: Path, words: Sequence[str], wanted: re.Pattern[str]) -> Pieces:
    """Returns what to take of an unpacked corpus.

    Args:
        layout: one of those of public_datasets.py.
        folder: where it is unpacked.
        words: sentences that hold one of them are left out, if the corpus has texts.
        wanted: finds the names of the files that may be used.

    Raises:
        ToolError: there is no recording, or a text cannot be read.
    """
    files = [path for path in sorted(folder.rglob("*")) if wanted.search(path.relative_to(folder).as_posix())]
    pieces = _LAYOUTS[layout](folder, files, _says(words))
    if not pieces.taken:
        raise ToolError("the archive contains none of the expected recordings", hint="is it another archive?")
    return pieces


def _says(words: Sequence[str]) -> Callable[[str], bool]:
    """Returns a function that finds the words in a text, their plurals and genitives too."""
    phrases = [r"\W+".join(map(re.escape, re.findall(r"\w+", word.casefold()))) for word in words]
    found = re.compile(rf"\b(?:{'|'.join(filter(None, phrases))})(?:['’]?s)?\b") if any(phrases) else None
    return lambda text: found is not None and found.search(text.casefold()) is not None


def _librispeech(folder: Path, files: Sequence[Path], says: Callable[[str], bool]) -> Pieces:
    """LibriSpeech: `<speaker>/<chapter>/<speaker>-<chapter>-<n>.flac`, and the texts of a chapter in one file."""
    taken, left_out = [], 0
    for listed in (path for path in files if path.name.endswith(".trans.txt")):
        for line in _text_of(listed).splitlines():
            name, _, text = line.strip().partition(" ")
            path = listed.with_name(f"{Path(name).name}.flac")
            if not name or not path.is_file():
                continue
            if says(text):
                left_out += 1
                continue
            taken.append(Piece(path, path.relative_to(folder).as_posix(), name.partition("-")[0]))
    return Pieces(tuple(sorted(taken, key=lambda piece: (_mixed(piece.speaker), piece.source))), left_out)


def _dipco(folder: Path, files: Sequence[Path], says: Callable[[str], bool]) -> Pieces:
    """DiPCo: a recording for each dinner, `S<nn>_U01.CH1.wav`, and a list of timed sentences, `S<nn>.json`."""
    texts = {path.stem: path for path in files if path.suffix == ".json"}
    taken = []
    for path in (path for path in files if is_readable_name(path.name)):
        dinner = path.name.partition("_")[0]
        spans = _spans(texts[dinner], says) if dinner in texts else ()
        taken.append(Piece(path, path.relative_to(folder).as_posix(), dinner, skipped=spans))
    taken.sort(key=lambda piece: _mixed(piece.speaker))
    return Pieces(tuple(taken), sum(len(piece.skipped) for piece in taken))


def _spans(listed: Path, says: Callable[[str], bool]) -> tuple[tuple[float, float], ...]:
    """Returns begin and end, in seconds, of the sentences that hold a word, in order."""
    try:
        said = [one for one in json.loads(_text_of(listed)) if says(str(one["words"]))]
        return tuple(sorted((_seconds(one["start_time"]), _seconds(one["end_time"])) for one in said))
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ToolError(f"{listed.name} is not a list of sentences: {error!r}") from error


def _seconds(times: dict[str, str]) -> float:
    text = times[min(times, key=lambda device: (*_DIPCO_DEVICES, device).index(device))]
    return (datetime.strptime(text, "%H:%M:%S.%f") - datetime(1900, 1, 1)) / timedelta(seconds=1)


def _noise(folder: Path, files: Sequence[Path], _: Callable[[str], bool]) -> Pieces:
    """Recordings in any folders, in random order."""
    names = {path: path.relative_to(folder).as_posix() for path in files if is_readable_name(path.name)}
    order = sorted(names, key=lambda path: _mixed(names[path]))
    return Pieces(tuple(Piece(path, names[path], most_s=NOISE_SECONDS) for path in order))


_LAYOUTS: dict[str, Callable[[Path, Sequence[Path], Callable[[str], bool]], Pieces]] = {
    LIBRISPEECH: _librispeech,
    DIPCO: _dipco,
    NOISE: _noise,
}


def licence_texts(folder: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yields name and text of the licences that an unpacked corpus comes with."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.name.upper().startswith("LICENSE") and wanted.search(name):
            yield name, path.read_text(encoding="utf-8", errors="replace")


def _mixed(name: str) -> str:
    """Returns a key that sorts names in random but fixed order: alphabetical neighbours are often alike."""
    return hashlib.sha1(name.encode(errors="replace"), usedforsecurity=False).hexdigest()


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
