# SPDX-License-Identifier: Apache-2.0
"""Common Voice's single words in the layout of a data folder: <word>/<speaker>_nohash_<n>.mp3.

Its archive holds `<corpus>/<language>/clips/*.mp3` and `<language>/validated.tsv`, with the columns client_id (the
speaker), path and sentence, for the clips that two people found right.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tinykws.audio.formats import is_readable_name
from tinykws.project.labels import plain_name
from tinykws.support.errors import ConfigError, ToolError

COLUMNS = ("client_id", "path", "sentence")
SPEAKER_CHARACTERS = 12
"""Of a client_id, which has 128 hex digits."""


class CommonVoice:
    """The clips of one language."""

    def __init__(self, language: str) -> None:
        """`language`: as Common Voice names it, such as en, de, zh-CN."""
        self._language = language
        self._wanted = re.compile(rf"(^|/){re.escape(language)}/(clips/[^/]+|validated\.tsv)$")

    def is_wanted(self, member: str) -> bool:
        """Returns whether a member of the archive is needed."""
        return self._wanted.search(member) is not None

    def word_folders(self, unpacked: Path) -> Path:
        """Moves the validated clips of single words into a folder for each word; returns the folder around them.

        Raises:
            ConfigError: the archive has nothing in this language.
            ToolError: its list is not as expected.
        """
        lists = list(unpacked.rglob("validated.tsv"))
        if not lists:
            raise ConfigError(
                f"the archive has no words in the language {self._language!r}",
                hint="set `language` in kws.yaml to one that Common Voice has",
            )
        folder = unpacked / "words"
        numbers: Counter[tuple[str, str]] = Counter()
        for word, speaker, clip in _rows(lists[0]):
            target = folder / word / f"{speaker}_nohash_{numbers[word, speaker]}{clip.suffix}"
            numbers[word, speaker] += 1
            target.parent.mkdir(parents=True, exist_ok=True)
            clip.rename(target)
        folder.mkdir(exist_ok=True)
        return folder


def _rows(listed: Path) -> Iterator[tuple[str, str, Path]]:
    """Yields word, speaker and file of the clips that exist and hold one word."""
    with listed.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if missing := set(COLUMNS) - set(rows.fieldnames or ()):
            raise ToolError(f"{listed.name} has no column {' and '.join(sorted(missing))}")
        for row in rows:
            name, word = str(row["path"]), plain_name(str(row["sentence"]))
            clip = listed.parent / "clips" / Path(name).name
            speaker = re.sub(r"[^0-9a-zA-Z]", "", str(row["client_id"]))[:SPEAKER_CHARACTERS]
            if word and "_" not in word and speaker and is_readable_name(clip.name) and clip.is_file():
                yield word, speaker, clip
