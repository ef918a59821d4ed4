# SPDX-License-Identifier: Apache-2.0
"""fetch: makes long recordings of a public corpus: speech for negatives/, noise and music for the data folder.

The archive is downloaded next to the folder, checked by its checksum, and only what is needed of it is unpacked. Each
long recording comes with a list of its speakers (.csv) and with its licence (.LICENCE.txt). No file of the user's is
ever replaced. `.fetched.json` in the folder lists what was fetched, so that a second run has nothing to do.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Sequence
from pathlib import Path

from tinykws.support.download import Sleep
from tinykws.support.errors import ConfigError
from tinykws.support.files import made_folder, replacing_folder, write_text_if_changed
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.corpus_pieces import licence_texts, pieces_of
from tinykws.training_data.corpus_stream import write_stream
from tinykws.training_data.fetched_note import fetched_before, note_fetched
from tinykws.training_data.public_datasets import PublicDataset, StreamPart
from tinykws.training_data.unpacked_set import unpacked_set

SUFFIXES = (".flac", ".csv", ".LICENCE.txt")
"""Of the files that are made of a part."""


@dataclasses.dataclass(frozen=True)
class FetchedStream:
    """A long recording that was made."""

    file: str
    """Its name below the folder."""
    seconds: float
    speakers: int
    """0 if nobody says who speaks."""
    left_out: int
    """Sentences that hold one of the project's words."""


@dataclasses.dataclass(frozen=True)
class FetchCorpusReport:
    """The result of fetching a corpus."""

    name: str
    folder: Path
    fetched: bool
    """False if it was there already."""
    streams: tuple[FetchedStream, ...]
    without: tuple[str, ...]
    """The words whose sentences were left out; empty if the corpus has no texts."""
    licence: str


def fetch_corpus(
    corpus: PublicDataset,
    folder: Path,
    urls: Sequence[str] = (),
    *,
    words: Sequence[str] = (),
    accept_non_commercial: bool = False,
    progress: Progress = SILENT,
    sleep: Sleep = time.sleep,
) -> FetchCorpusReport:
    """Makes the long recordings of a corpus.

    Args:
        corpus: one that has parts.
        folder: where they go; it need not exist.
        urls: sources of the archive instead of the public ones: http, https, file://, or a path.
        words: sentences that hold one of them are left out, if the corpus has texts.
        accept_non_commercial: whether a licence that forbids commercial use will do.
        progress: shows the licence, then the download, the check, the unpacking and the long recordings.
        sleep: waits between attempts.

    Raises:
        ConfigError: the licence was not accepted; a file of that name exists; it was fetched for other words; not
            enough space; no permission; a bad address.
        ToolError: no address delivers the archive, its checksum is wrong, or it is damaged or another one.
    """
    folder = folder.resolve()  # a symbolic link to another disk: unpack there
    words = tuple(words) if corpus.has_texts else ()
    before = _present(corpus, folder, words)
    if before is not None:
        return before
    _refuse_to_replace(corpus, folder)
    if not corpus.is_free and not accept_non_commercial:
        raise ConfigError(
            f"{corpus.name} must not be used commercially: its licence is {corpus.licence}",
            hint=f"if that suits you: tinykws fetch {corpus.name} --accept-non-commercial\n"
            "noise for any use: tinykws fetch musan",
        )
    corpus.sources(urls)  # a bad address is told of before the licence
    progress.say(f"licence of {corpus.name}: {corpus.licence}")
    wanted = re.compile("|".join(f"(?:{part.members})" for part in corpus.parts))
    made_folder(folder)
    with unpacked_set(
        corpus, folder, urls, lambda name: wanted.search(name) is not None, progress=progress, sleep=sleep
    ) as fresh:
        note_fetched(folder, corpus.name, {})  # what is there from here on may be replaced, should this be interrupted
        maker = _Maker(corpus, fresh, words, progress)
        streams = tuple(maker.make(part, folder) for part in corpus.parts)
    note = {"streams": [dataclasses.asdict(stream) for stream in streams], "without": words}
    note_fetched(folder, corpus.name, note)
    return FetchCorpusReport(corpus.name, folder, True, streams, tuple(words), corpus.licence)


def _present(corpus: PublicDataset, folder: Path, words: Sequence[str]) -> FetchCorpusReport | None:
    """Returns the report for a corpus that is there. Raises ConfigError if it holds sentences with one of the words."""
    note = fetched_before(folder).get(corpus.name)
    if not isinstance(note, dict) or not all((folder / f"{part.name}.flac").is_file() for part in corpus.parts):
        return None
    try:
        streams = tuple(FetchedStream(**stream) for stream in note["streams"])
        without = tuple(map(str, note["without"]))
    except (KeyError, TypeError):
        return None
    if more := sorted(set(words) - set(without)):
        files = " ".join(str(folder / f"{part.name}{suffix}") for part in corpus.parts for suffix in SUFFIXES)
        raise ConfigError(
            f"{corpus.name} was fetched into {folder} for other words: sentences with {', '.join(more)} are in it",
            hint=f"remove it and fetch it again: rm {files}",
        )
    return FetchCorpusReport(corpus.name, folder, False, streams, without, corpus.licence)


def _refuse_to_replace(corpus: PublicDataset, folder: Path) -> None:
    if corpus.name in fetched_before(folder):
        return  # what is left of an earlier fetch
    for path in (folder / f"{part.name}{suffix}" for part in corpus.parts for suffix in SUFFIXES):
        if path.exists():
            raise ConfigError(f"{path} exists, so nothing was fetched", hint="move it away, or take --into FOLDER")


@dataclasses.dataclass(frozen=True)
class _Maker:
    """Makes the long recordings of an unpacked corpus."""

    corpus: PublicDataset
    fresh: Path
    words: Sequence[str]
    progress: Progress

    def make(self, part: StreamPart, folder: Path) -> FetchedStream:
        """Writes one long recording, its list and its licence, and moves them into a folder once all are complete."""
        wanted = re.compile(part.members)
        pieces = pieces_of(self.corpus.layout, self.fresh, self.words, wanted)
        target = folder / f"{part.name}.flac"
        made_folder(target.parent)
        temporary = self.fresh.with_name(f"{self.fresh.name}-stream")
        with replacing_folder(temporary) as made:
            stream = write_stream(pieces.taken, made / target.name, part.most_seconds, self.progress)
            write_text_if_changed(made / f"{target.stem}{SUFFIXES[-1]}", self._licence(wanted))
            for suffix in SUFFIXES:
                (made / f"{target.stem}{suffix}").replace(target.with_name(f"{target.stem}{suffix}"))
        temporary.rmdir()
        return FetchedStream(f"{part.name}.flac", round(stream.seconds, 3), stream.speakers, pieces.left_out)

    def _licence(self, wanted: re.Pattern[str]) -> str:
        corpus = self.corpus
        source = f"{corpus.licence}\n{corpus.page}\nmade by `tinykws fetch {corpus.name}` of {corpus.archive}\n"
        return source + "".join(f"\n--- {name}\n\n{text}" for name, text in licence_texts(self.fresh, wanted))
