# SPDX-License-Identifier: Apache-2.0
"""Which label a folder or a file of recordings has by its name, and when only its owner can know.

`hey-robot/`, `Hey Robot/` and `heyrobot/` are the word "hey robot": names are compared without case, spaces and
punctuation. `yes2/` or `anna yes/` may be more recordings of "yes", or of something else.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence

from tinykws.project.labels import BACKGROUND_NOISE, FIRST_WORD, MAX_LABEL_LENGTH, RESERVED, SILENCE, UNKNOWN, Label

SILENCE_INDEX, UNKNOWN_INDEX = 0, 1
_RESERVED_KEYS = {"silence": SILENCE, "backgroundnoise": BACKGROUND_NOISE}
_IGNORED_CATEGORIES = "PSZC"
"""Punctuation, symbols, spaces and control characters; not accents, which make other words in some scripts."""


@dataclasses.dataclass(frozen=True)
class FileName:
    """What the name of a file outside all folders says."""

    label_id: int
    speaker: str


class FolderLabels:
    """The labels of a project, found by the names of folders and files."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._labels = labels
        self._exact = {SILENCE: SILENCE_INDEX, UNKNOWN: UNKNOWN_INDEX}
        self._loose: dict[str, set[int]] = {}
        self._words: list[tuple[tuple[str, ...], int]] = []
        self._known_ids: dict[str, int | None] = {}
        self._known_candidates: dict[str, list[int]] = {}
        for index, label in enumerate(labels[FIRST_WORD:], FIRST_WORD):
            for name in dict.fromkeys((label.text, label.name)):
                self._exact[_folded(name)] = index
                if name == label.text or len(name) < MAX_LABEL_LENGTH:  # a longer name was cut
                    self._loose.setdefault(_key(name), set()).add(index)
                    self._words.append((tuple(text for text, _, _ in _tokens(name)), index))

    def label_id(self, folder: str) -> int | None:
        """Returns the label of a folder; None if its name is not that of a label."""
        if folder not in self._known_ids:
            near = self._loose.get(_key(folder), set())
            loose = next(iter(near)) if len(near) == 1 else None
            self._known_ids[folder] = self._exact.get(_folded(folder), loose)
        return self._known_ids[folder]

    def candidates(self, folder: str) -> list[int]:
        """Returns the labels that a folder may have, if its name does not decide that; otherwise []."""
        if folder not in self._known_candidates:
            near = self._loose.get(_key(folder), set()) or {label_id for _, _, label_id in self._words_in(folder)}
            is_clear = folder in RESERVED or self.label_id(folder) is not None
            self._known_candidates[folder] = [] if is_clear else sorted(near)
        return self._known_candidates[folder]

    def reserved_name(self, folder: str) -> str | None:
        """Returns the folder that was probably meant, if a name looks like one that tinykws gives a meaning."""
        if folder in RESERVED or self.label_id(folder) is not None:
            return None
        return _RESERVED_KEYS.get(_key(folder))

    def of_file(self, stem: str) -> FileName | str:
        """Returns the word and the speaker in a file's name such as `yes_01` or `anna_yes_3`, or why it has none."""
        found = self._words_in(stem)
        names = [self._labels[label_id].text for label_id in dict.fromkeys(label_id for _, _, label_id in found)]
        if len(names) != 1:
            what = "names several words: " + ", ".join(names) if names else "begins with none of the words"
            return f"it is in no word's folder, and its name {what}"
        start, end, label_id = found[0]
        rest = re.sub(r"_nohash_.*$", "", stem[:start].rstrip("_-. ") + stem[end:]).strip("_-. ()")
        speaker = re.sub(r"[_\-. (]*\d+$", "", rest)
        return FileName(label_id, speaker or rest or stem)

    def _words_in(self, name: str) -> list[tuple[int, int, int]]:
        """Returns where words are in a name: start, end and label; not those inside a longer one."""
        tokens = _tokens(name)
        found = [
            (tokens[at][1], tokens[at + len(word) - 1][2], label_id)
            for word, label_id in self._words
            for at in range(len(tokens) - len(word) + 1)
            if word and word == tuple(text for text, _, _ in tokens[at : at + len(word)])
        ]
        return sorted(
            {
                one
                for one in found
                if not any(
                    other[0] <= one[0] and one[1] <= other[1] and other[1] - other[0] > one[1] - one[0]
                    for other in found
                )
            }
        )


def _folded(name: str) -> str:
    """Normalizes a name; file systems differ in case and in the encoding of accents."""
    return unicodedata.normalize("NFC", name).casefold()


def _key(name: str) -> str:
    """Returns the letters and digits of a name."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in text if unicodedata.category(letter)[0] not in _IGNORED_CATEGORIES)


def _tokens(name: str) -> list[tuple[str, int, int]]:
    """Returns runs of letters and runs of digits in a name, each with its start and end."""
    found: list[tuple[str, int, int]] = []
    kinds = [_kind(letter) for letter in name]
    start = 0
    for at in range(1, len(name) + 1):
        if at == len(name) or kinds[at] != kinds[start]:
            if kinds[start] != "separator":
                found.append((_key(name[start:at]), start, at))
            start = at
    return found


def _kind(letter: str) -> str:
    if letter == "'":
        return "letter"  # don't is one word
    if unicodedata.category(letter)[0] in _IGNORED_CATEGORIES:
        return "separator"
    return "digit" if letter.isdigit() else "letter"
