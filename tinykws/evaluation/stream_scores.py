# SPDX-License-Identifier: Apache-2.0
"""Computes a model's scores along a stream once, so that any number of detectors can be tried on them.

The front-end is the firmware's C code, and the model gives the scores that it gives on a device.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tinykws.audio.playback import playback_for
from tinykws.audio.samples import Samples
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.model.stream_inference import StreamInference
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.parallel import map_in_processes, process_count
from tinykws.support.progress import SILENT, Progress

WORTH_PROCESSES_MS = 1_200_000
"""Least total length for several processes; starting one takes as long as scoring some minutes."""


class Stream(Protocol):
    """Audio of any length, with the words in it."""

    name: str
    events: tuple[Event, ...]

    @property
    def duration_ms(self) -> int:
        """Its length."""

    @property
    def pieces(self) -> int:
        """Number of pieces that it yields."""

    def __iter__(self) -> Iterator[Samples]:
        """Yields int16 [m] pieces, the same ones each time."""


@dataclasses.dataclass(frozen=True)
class ScoredStream:
    """A model's scores along a stream."""

    name: str
    duration_ms: int
    events: tuple[Event, ...]
    """On the clock of `times_ms`."""
    times_ms: npt.NDArray[np.uint32]
    """[n], time of each inference in ms, as the listener counts it: from the beginning of the lead-in."""
    scores: npt.NDArray[np.int8]
    """[n, n_labels]; with a gate, those of silence where the model slept."""
    lead_in_ms: int = 0
    """What comes before the stream; detections in it are not counted."""
    slept: npt.NDArray[np.bool_] | None = None
    """[n], whether the gate left out the inference; None if the detector has no gate."""
    scores_awake: npt.NDArray[np.int8] | None = None
    """[n, n_labels], the model's scores as if it never slept; None if the detector has no gate."""

    @property
    def without_gate(self) -> ScoredStream:
        """The same stream as if the model never slept."""
        if self.scores_awake is None:
            return self
        return dataclasses.replace(self, scores=self.scores_awake, slept=None, scores_awake=None)


def score_streams(
    bundle: Bundle, streams: Sequence[Stream], *, progress: Progress = SILENT, processes: int | None = None
) -> list[ScoredStream]:
    """Runs a bundle's model over streams at the bundle's inference stride, one stream per process.

    Streams are played as every file is (tinykws.audio.playback).

    Raises:
        ConfigError: an audio file is damaged.
        ToolError: the model needs tflite-micro, which is not installed.
    """
    model = bundle.model_bytes()
    work = [_Work(model, bundle.frontend, bundle.detector, len(bundle.labels), stream) for stream in streams]
    is_long = sum(stream.duration_ms for stream in streams) > WORTH_PROCESSES_MS
    count = (process_count() if is_long else 1) if processes is None else processes
    return list(progress.track(map_in_processes(_scored, work, count), "listening to streams", len(work)))


@dataclasses.dataclass(frozen=True)
class _Work:
    model: bytes
    frontend: FrontendSettings
    detector: DetectorSettings
    n_labels: int
    stream: Stream


def _scored(work: _Work) -> ScoredStream:
    inference = StreamInference(Interpreter(work.model), work.frontend, work.detector, work.n_labels)
    playback = playback_for(work.frontend, work.detector)
    heard = list(inference.run(playback.pieces(work.stream)))
    scored = ScoredStream(
        name=work.stream.name,
        duration_ms=work.stream.duration_ms,
        events=tuple(_delayed(event, playback.lead_in_ms) for event in work.stream.events),
        times_ms=np.concatenate([some.times_ms for some in heard]),
        scores=np.concatenate([some.scores for some in heard]),
        lead_in_ms=playback.lead_in_ms,
    )
    if not work.detector.gate_db:
        return scored
    slept = np.concatenate([some.slept for some in heard])
    return dataclasses.replace(scored, slept=slept, scores_awake=np.concatenate([some.scores_awake for some in heard]))


def _delayed(event: Event, by_ms: int) -> Event:
    return Event(event.start_ms + by_ms, event.end_ms + by_ms, event.label)
