# SPDX-License-Identifier: Apache-2.0
"""Detectors of one kind of use: a model's scores along a stream become detections at a setting of the threshold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from hearing.clip_streams import ClipStream
from hearing.listening import AnyStream, Heard, Listener
from hearing.macs import macs_of

from tinykws.aot.reader.tflite import read_model
from tinykws.evaluation import stream_measure
from tinykws.evaluation.stream_measure import LOWEST_THRESHOLD, with_moved_thresholds
from tinykws.evaluation.stream_scores import ScoredStream, score_streams
from tinykws.evaluation.timeline import StreamDetection
from tinykws.model.bundle import Bundle
from tinykws.model.tflm_interpreter import VERSION
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.labels import FIRST_WORD

ONCE_MS = 1500
"""Detections of a word within this time of one that counts are the same detection."""
LOGIT_STEPS = np.linspace(-9.0, 9.0, 361)
"""Thresholds of a probability are tried evenly in its log-odds, for the interesting ones are close to 0 and 1."""


class Detector(Protocol):
    """A model with a threshold that can be moved."""

    @property
    def name(self) -> str:
        """Its name in the tables."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words that it detects."""

    @property
    def listener(self) -> Listener:
        """Gives the scores."""

    @property
    def size_bytes(self) -> int:
        """Size of its networks as files."""

    @property
    def macs_per_second(self) -> int | None:
        """Multiply-accumulates in a second of sound if each inference computes its whole input; None: unknown."""

    @property
    def settings(self) -> Sequence[Any]:
        """All settings of the threshold, from the strictest to the most eager."""

    @property
    def configured(self) -> Any:
        """The setting that its author chose."""

    def thresholds(self, setting: Any) -> tuple[float, ...]:
        """Returns a setting's thresholds, one per word."""

    def detections(self, heard: Heard, setting: Any) -> list[StreamDetection]:
        """Returns what is detected in a stream, on the clock of `heard`, each once per ONCE_MS."""


@dataclasses.dataclass(frozen=True)
class BundleListener:
    """A tinykws bundle's model: front-end and sliding model input are the firmware's C."""

    bundle: Bundle

    @property
    def identity(self) -> str:
        """The model, what decides its input, and the time between inferences."""
        detector = self.bundle.detector
        timing = (detector.inference_stride_ms, detector.average_window_ms)
        return f"tinykws {self.bundle.model_sha256} {self.bundle.frontend} {timing} {VERSION}"

    def listen(self, stream: AnyStream) -> Heard:
        """Returns int8 scores [n, n_labels]."""
        (scored,) = score_streams(self.bundle, [stream], processes=1)
        return Heard(scored.times_ms, scored.scores, scored.lead_in_ms)


class BundleDetector:
    """A tinykws bundle's detector, in C; its thresholds are moved together, as `evaluate --stream` does."""

    def __init__(self, name: str, bundle: Bundle) -> None:
        model = bundle.model_bytes()
        self.name = name
        self.words = tuple(label.name for label in bundle.labels[FIRST_WORD:])
        self.listener: Listener = BundleListener(bundle)
        self.size_bytes = len(model)
        self.macs_per_second: int | None = macs_of(read_model(model)) * 1000 // bundle.detector.inference_stride_ms
        self.configured = bundle.detector

    @property
    def settings(self) -> Sequence[DetectorSettings]:
        """All thresholds moved together, from where nothing is detected down to LOWEST_THRESHOLD."""
        n_labels = len(self.words) + FIRST_WORD
        own = self.configured.thresholds(n_labels)[FIRST_WORD:]
        moves = range(255 - min(own), LOWEST_THRESHOLD - max(own) - 1, -1)
        return tuple(dict.fromkeys(with_moved_thresholds(self.configured, by, n_labels) for by in moves))

    def thresholds(self, setting: DetectorSettings) -> tuple[float, ...]:
        """Returns a setting's thresholds, 0 to 255."""
        return setting.thresholds(len(self.words) + FIRST_WORD)[FIRST_WORD:]

    def detections(self, heard: Heard, setting: DetectorSettings) -> list[StreamDetection]:
        """Returns what the detector's C code detects."""
        scores = heard.scores.astype(np.int8, copy=False)
        stream = ScoredStream("", int(heard.times_ms[-1]) if heard.times_ms.size else 1, (), heard.times_ms, scores)
        found = stream_measure.detections(dataclasses.replace(stream, lead_in_ms=heard.lead_in_ms), setting, self.words)
        return counted_once(found)


@dataclasses.dataclass(frozen=True)
class ProbabilityDetector:
    """A model that gives one probability; its word is detected while that is above the threshold."""

    name: str
    words: tuple[str, ...]
    """One word."""
    listener: Listener
    column: int
    """Of the listener's scores."""
    configured: float
    size_bytes: int
    macs_per_second: int | None = None

    @property
    def settings(self) -> Sequence[float]:
        """Thresholds between 0 and 1, the configured one among them."""
        steps = {float(step) for step in 1 / (1 + np.exp(-LOGIT_STEPS))}
        return tuple(sorted({1.0, self.configured, *steps}, reverse=True))

    def thresholds(self, setting: float) -> tuple[float, ...]:
        """Returns the threshold."""
        return (setting,)

    def detections(self, heard: Heard, setting: float) -> list[StreamDetection]:
        """Returns every step above the threshold, once per ONCE_MS."""
        above = (heard.scores[:, self.column].astype(np.float32) > setting) & (heard.times_ms >= heard.lead_in_ms)
        return counted_once(StreamDetection(int(time), self.words[0]) for time in heard.times_ms[above])


def counted_once(detections: Iterable[StreamDetection]) -> list[StreamDetection]:
    """Returns detections, in order of time, without those of the same word within ONCE_MS of one that is kept."""
    kept: list[StreamDetection] = []
    last: dict[str, int] = {}
    for one in detections:
        if one.time_ms - last.get(one.label, -ONCE_MS) >= ONCE_MS:
            last[one.label] = one.time_ms
            kept.append(one)
    return kept


def clips_of(stream: ClipStream, heard: Heard, found: Sequence[StreamDetection]) -> list[bool]:
    """Returns for each clip of a stream whether anything was detected between its beginning and the next clip's."""
    times = np.array([one.time_ms - heard.lead_in_ms for one in found], np.int64)
    slots = np.searchsorted(np.asarray(stream.slots_ms[:-1]), times, side="right") - 1
    hit = np.zeros(len(stream.placed), bool)
    hit[slots[slots >= 0]] = True
    return [bool(one) for one in hit]
