# SPDX-License-Identifier: Apache-2.0
"""Where in a long recording a model takes for a word what is none: the hard negatives that training should see.

The model's own scores are looked at and not the detector's verdict, so that near misses are found too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.evaluation.scoring import probability_of_score
from tinykws.model.bundle import Bundle
from tinykws.native.detector import Detection
from tinykws.native.listener import Infer, Inference, Listener
from tinykws.project.labels import FIRST_WORD

GAP_MS = 1000
"""Windows further apart than this are of different sounds."""
APART_MS = 200
"""Least distance of two windows that are kept of one sound: nearer ones hold the same."""


@dataclasses.dataclass(frozen=True)
class FalseWindow:
    """What the model looked at when it was wrong."""

    end_ms: int
    """Of sound, from the recording's start to the window's end."""
    probability: float
    """That the model gave the word."""
    samples: Samples
    """int16 [clip_samples]."""


@dataclasses.dataclass(frozen=True)
class FalseSound:
    """A sound that the model took for a word, in one or more windows."""

    label_id: int
    """Of the word."""
    windows: tuple[FalseWindow, ...]
    """The surest first."""
    detected: bool
    """The deployed detector reported it, too."""


def false_sounds(
    bundle: Bundle,
    infer: Infer,
    blocks: Iterable[Samples],
    *,
    min_probability: float = 0.5,
    windows_per_sound: int = 3,
    is_word: Callable[[int], bool] | None = None,
) -> Iterator[FalseSound]:
    """Yields what the model takes for words in a stream, in order; memory does not grow with its length.

    Args:
        bundle: front-end, detector and labels.
        infer: its model.
        blocks: int16 pieces of the stream, at the front-end's rate.
        min_probability: a window counts from here on, where the word is the model's first choice.
        windows_per_sound: most windows of one sound.
        is_word: whether a window that ends at a time in ms really holds a word: such ones do not count.
    """
    listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), infer)
    heard = _Recent(bundle)
    open_sound: _OpenSound | None = None
    for block in blocks:
        heard.add(block)
        for event in listener.feed(block):
            if isinstance(event, Detection):
                if open_sound is not None and event.label_index == open_sound.label_id:
                    open_sound.detected = True
                continue
            if open_sound is not None and event.time_ms - open_sound.last_ms > GAP_MS:
                yield open_sound.close(windows_per_sound)
                open_sound = None
            label_id, probability = _first_choice(event)
            if label_id < FIRST_WORD or probability < min_probability or (is_word and is_word(event.time_ms)):
                continue
            if open_sound is not None and open_sound.label_id != label_id:
                yield open_sound.close(windows_per_sound)
                open_sound = None
            open_sound = open_sound or _OpenSound(label_id)
            open_sound.add(FalseWindow(event.time_ms, probability, heard.window(event.time_ms)))
    if open_sound is not None:
        yield open_sound.close(windows_per_sound)


class _Recent:
    """The newest block of a stream with as much before it as a window is long."""

    def __init__(self, bundle: Bundle) -> None:
        self._per_ms = bundle.frontend.sample_rate_hz // 1000
        self._length = bundle.frontend.clip_samples
        self._samples: Samples = np.zeros(0, np.int16)
        self._end = 0

    def add(self, block: Samples) -> None:
        self._samples = np.concatenate([self._samples[-self._length :], block])
        self._end += block.size

    def window(self, end_ms: int) -> Samples:
        """Returns int16 [clip_samples] up to a time in the newest block; zeros where the stream had not begun."""
        end = self._samples.size - (self._end - end_ms * self._per_ms)
        window = self._samples[max(0, end - self._length) : end]
        return np.pad(window, (self._length - window.size, 0))


class _OpenSound:
    """Windows of one sound, as they come."""

    def __init__(self, label_id: int) -> None:
        self.label_id = label_id
        self.detected = False
        self._windows: list[FalseWindow] = []

    @property
    def last_ms(self) -> int:
        return self._windows[-1].end_ms

    def add(self, window: FalseWindow) -> None:
        self._windows.append(window)

    def close(self, most: int) -> FalseSound:
        kept: list[FalseWindow] = []
        for window in sorted(self._windows, key=lambda window: -window.probability):
            if len(kept) < most and all(abs(window.end_ms - other.end_ms) >= APART_MS for other in kept):
                kept.append(window)
        return FalseSound(self.label_id, tuple(kept), self.detected)


def _first_choice(event: Inference) -> tuple[int, float]:
    probabilities = probability_of_score(np.array(event.scores, np.int8))
    label_id = int(probabilities.argmax())
    return label_id, float(probabilities[label_id])
