# SPDX-License-Identifier: Apache-2.0
"""Finds hard negatives for training: sounds in a long recording without words for which the model outputs a word.

It uses the model's scores and not the detector's decisions, so it also finds sounds that nearly caused a false accept.
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
"""Model inputs further apart than this belong to different sounds."""
APART_MS = 200
"""Least distance between model inputs of one sound that are kept; nearer ones are almost the same."""


@dataclasses.dataclass(frozen=True)
class ModelInput:
    """A model input for which the model was wrong."""

    end_ms: int
    """Time from the recording's start to the end of this model input."""
    probability: float
    """Probability that the model gave to the word."""
    samples: Samples
    """int16 [clip_samples]."""


@dataclasses.dataclass(frozen=True)
class HardNegative:
    """A sound that the model took for a word, in one or more successive model inputs."""

    label_id: int
    """The word."""
    inputs: tuple[ModelInput, ...]
    """The highest probability first."""
    detected: bool
    """Whether the deployed detector reported it, too."""


def find_hard_negatives(
    bundle: Bundle,
    infer: Infer,
    blocks: Iterable[Samples],
    *,
    min_probability: float = 0.5,
    inputs_per_sound: int = 3,
    is_word: Callable[[int], bool] | None = None,
) -> Iterator[HardNegative]:
    """Yields sounds that the model takes for words in a stream, in order of time, in constant memory.

    Args:
        bundle: front-end, detector and labels.
        infer: runs the bundle's model.
        blocks: int16 [m] pieces of the stream, at the front-end's sample rate.
        min_probability: least probability of the word, which must also be the most probable label.
        inputs_per_sound: greatest number of model inputs to keep for one sound.
        is_word: returns whether a word was really said in the model input that ends at a time in ms; these are skipped.
    """
    detector = dataclasses.replace(bundle.detector, grammar=())  # what deaf words would be taken for counts, too
    listener = Listener(bundle.frontend, detector, len(bundle.labels), infer)
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
                yield open_sound.close(inputs_per_sound)
                open_sound = None
            label_id, probability = _first_choice(event)
            if label_id < FIRST_WORD or probability < min_probability or (is_word and is_word(event.time_ms)):
                continue
            if open_sound is not None and open_sound.label_id != label_id:
                yield open_sound.close(inputs_per_sound)
                open_sound = None
            open_sound = open_sound or _OpenSound(label_id)
            open_sound.add(ModelInput(event.time_ms, probability, heard.model_input(event.time_ms)))
    if open_sound is not None:
        yield open_sound.close(inputs_per_sound)


class _Recent:
    """The newest block of a stream, preceded by the length of one model input."""

    def __init__(self, bundle: Bundle) -> None:
        self._per_ms = bundle.frontend.sample_rate_hz // 1000
        self._length = bundle.frontend.clip_samples
        self._samples: Samples = np.zeros(0, np.int16)
        self._end = 0

    def add(self, block: Samples) -> None:
        self._samples = np.concatenate([self._samples[-self._length :], block])
        self._end += block.size

    def model_input(self, end_ms: int) -> Samples:
        """Returns int16 [clip_samples] up to a time in the newest block; zeros before the stream's start."""
        end = self._samples.size - (self._end - end_ms * self._per_ms)
        model_input = self._samples[max(0, end - self._length) : end]
        return np.pad(model_input, (self._length - model_input.size, 0))


class _OpenSound:
    """Collects the model inputs of one sound."""

    def __init__(self, label_id: int) -> None:
        self.label_id = label_id
        self.detected = False
        self._inputs: list[ModelInput] = []

    @property
    def last_ms(self) -> int:
        return self._inputs[-1].end_ms

    def add(self, model_input: ModelInput) -> None:
        self._inputs.append(model_input)

    def close(self, most: int) -> HardNegative:
        kept: list[ModelInput] = []
        for model_input in sorted(self._inputs, key=lambda model_input: -model_input.probability):
            if len(kept) < most and all(abs(model_input.end_ms - other.end_ms) >= APART_MS for other in kept):
                kept.append(model_input)
        return HardNegative(self.label_id, tuple(kept), self.detected)


def _first_choice(event: Inference) -> tuple[int, float]:
    probabilities = probability_of_score(np.array(event.scores, np.int8))
    label_id = int(probabilities.argmax())
    return label_id, float(probabilities[label_id])
