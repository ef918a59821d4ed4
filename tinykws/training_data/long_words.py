# SPDX-License-Identifier: Apache-2.0
"""Recorded words that take longer to say than the model hears at once: they are cut, and what is left may not do."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

from tinykws.audio.samples import Samples
from tinykws.audio.speech_bounds import speech_bounds
from tinykws.project.frontend_settings import MAX_CLIP_MS
from tinykws.project.labels import Label


@dataclasses.dataclass(frozen=True)
class LongWord:
    """The recordings of a word that are longer than a clip."""

    label: str
    """Name of the word's label."""
    clips: int
    """How many are longer."""
    recordings: int
    """Of how many."""
    longest_ms: int
    """How long the word takes in the longest."""
    enough_clip_ms: int
    """The `clip_ms` that would hold all of them, or the greatest that is allowed."""


def enough_clip_ms(word_ms: int) -> int:
    """Returns a `clip_ms` that holds a word of this length, with 100 to 200 ms to spare, as far as it is allowed."""
    return min(word_ms // 100 * 100 + 200, MAX_CLIP_MS)


def too_long_ms(samples: Samples, sample_rate_hz: int, clip_ms: int) -> int:
    """Returns how long the word in a recording, int16 [n], takes in ms if that is longer than a clip; otherwise 0."""
    if samples.size * 1000 <= clip_ms * sample_rate_hz:
        return 0
    begin, end = speech_bounds(samples, sample_rate_hz) or (0, 0)
    length_ms = (end - begin) * 1000 // sample_rate_hz
    return length_ms if length_ms > clip_ms else 0


def find_long_words(recordings: Iterable[tuple[str, int]]) -> tuple[LongWord, ...]:
    """Returns the words of which recordings are too long. `recordings`: label name and too_long_ms() of each."""
    counts: Counter[str] = Counter()
    too_long: dict[str, list[int]] = {}
    for label, milliseconds in recordings:
        counts[label] += 1
        if milliseconds:
            too_long.setdefault(label, []).append(milliseconds)
    return tuple(
        LongWord(label, len(lengths), counts[label], max(lengths), enough_clip_ms(max(lengths)))
        for label, lengths in too_long.items()
    )


def summary_of_long_words(long_words: Sequence[LongWord], labels: Sequence[Label], clip_ms: int) -> list[str]:
    """Returns a line for each word, and one with the setting that holds them all."""
    if not long_words:
        return []
    texts = {label.name: label.text for label in labels}
    lines = [
        f"{word.clips} of {word.recordings} recordings of {texts[word.label]!r} are cut: the word takes up to"
        f" {word.longest_ms} ms, and a clip has {clip_ms} ms"
        for word in long_words
    ]
    enough = max(word.enough_clip_ms for word in long_words)
    if enough < max(word.longest_ms for word in long_words):
        return [*lines, f"  at most, in kws.yaml: features: {{clip_ms: {enough}}}; better: record them shorter"]
    return [*lines, f"  to hold all of them, in kws.yaml: features: {{clip_ms: {enough}}}"]
