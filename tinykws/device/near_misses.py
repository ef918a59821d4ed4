# SPDX-License-Identifier: Apache-2.0
"""Near misses of a listening device: words whose score rose towards the threshold and fell again undetected."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tinykws.device.protocol import Levels
from tinykws.project.labels import FIRST_WORD

NEAR = 0.6
"""Share of the threshold from which on a score is near."""


@dataclasses.dataclass(frozen=True)
class WordLevel:
    """How near a word came to a detection."""

    label: str
    peak: int
    """The highest score, 0 to 255."""
    threshold: int

    @property
    def share(self) -> float:
        """The score as a share of the threshold, at most 1."""
        return min(1.0, self.peak / self.threshold) if self.threshold else 1.0


def word_levels(levels: Levels, labels: Sequence[str]) -> tuple[WordLevel, ...]:
    """Returns the levels of the words; nothing if the device tells of another number of labels than its banner."""
    if len(levels.peaks) != len(labels):
        return ()
    rows = list(zip(labels, levels.peaks, levels.thresholds, strict=True))
    return tuple(WordLevel(*row) for row in rows[FIRST_WORD:])


class NearMissReader:
    """Finds near misses in the levels of one device, in order."""

    def __init__(self) -> None:
        self._rising: dict[str, WordLevel] = {}
        self._heard: set[str] = set()

    def heard(self, label: str) -> None:
        """A word was detected: what its score does until it falls is no near miss."""
        self._heard.add(label)

    def read(self, words: Sequence[WordLevel]) -> list[WordLevel]:
        """Returns the near misses that have just ended, each with its highest score."""
        return [miss for word in words if (miss := self._read(word)) is not None]

    def _read(self, word: WordLevel) -> WordLevel | None:
        if word.share >= NEAR:
            highest = self._rising.get(word.label, word)
            self._rising[word.label] = word if word.peak > highest.peak else highest
            return None
        ended = self._rising.pop(word.label, None)
        was_heard = word.label in self._heard
        self._heard.discard(word.label)
        return None if ended is None or was_heard or ended.peak > ended.threshold else ended
