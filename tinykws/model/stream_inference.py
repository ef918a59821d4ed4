# SPDX-License-Identifier: Apache-2.0
"""Runs front-end and model along a stream of any length, with the inferences of the listener on a chip.

The listener (kws_listener.c) calls the model frame by frame. Here frames are collected first, and the model runs on
many of them at once, on all processors; detectors are tried on the scores afterwards. Times and scores are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.model.interpreter import Int8s, Interpreter
from tinykws.native.features import FrontEnd, quantize_features
from tinykws.native.listener import Inference, Listener
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

FRAMES_AT_ONCE = 4096
"""Frames that are collected before the model runs: many model inputs, so that little is computed twice."""


@dataclasses.dataclass(frozen=True)
class StreamScores:
    """Some successive inferences."""

    times_ms: npt.NDArray[np.uint32]
    """[n], as kws_listener_time_ms: milliseconds of audio up to the end of the newest frame's analysis window."""
    scores: Int8s
    """[n, n_labels]; those of certain silence where the model slept."""
    slept: npt.NDArray[np.bool_]
    """[n], whether the detector's gate left the inference out."""
    scores_awake: Int8s
    """[n, n_labels], as if the detector had no gate."""


class StreamInference:
    """Takes samples in pieces of any size; gives the scores of every inference."""

    def __init__(
        self, interpreter: Interpreter, frontend: FrontendSettings, detector: DetectorSettings, n_labels: int
    ) -> None:
        self._session, self._settings = interpreter.session(), frontend
        self._stride = detector.inference_stride_ms // frontend.stride_ms
        self._gate = _Gate(frontend, detector, n_labels) if detector.gate_db else None
        self._front_end = FrontEnd(frontend)
        self._pending: list[Int8s] = []
        self._n_pending = 0
        self._first_frame = 0
        """Number in the stream of the next inference's first frame."""
        self._skipped = 0
        """Frames still to come before that one: the stride may be longer than the model input."""

    def run(self, pieces: Iterable[Samples]) -> Iterator[StreamScores]:
        """Yields the scores of a whole stream, int16 [m] pieces, some thousand frames at a time.

        Raises:
            TypeError: the samples are not int16 [m].
        """
        try:
            for samples in pieces:
                self._add(quantize_features(self._front_end.process(samples)))
                if self._gate is not None:
                    self._gate.feed(samples)
                if self._n_pending >= FRAMES_AT_ONCE:
                    yield self._infer()
        except Exception:  # of a damaged recording: what was heard before counts
            yield self._infer()
            raise
        yield self._infer()

    def _add(self, features: Int8s) -> None:
        skipped = min(self._skipped, len(features))
        self._skipped -= skipped
        self._pending.append(features[skipped:])
        self._n_pending += len(features) - skipped

    def _infer(self) -> StreamScores:
        """Runs the model on all pending frames; keeps those that the next inference needs."""
        settings, n_frames = self._settings, self._settings.n_frames
        frames = np.concatenate(self._pending) if self._pending else np.zeros((0, settings.n_mels), np.int8)
        scores = self._session.scores_along(frames, n_frames, self._stride)
        newest = self._first_frame + n_frames - 1 + self._stride * np.arange(len(scores))
        done = len(scores) * self._stride
        self._pending, self._n_pending = [frames[done:]], max(0, len(frames) - done)
        self._skipped += max(0, done - len(frames))
        self._first_frame += done
        times_ms = (settings.window_ms + newest * settings.stride_ms).astype(np.uint32)
        if self._gate is None:
            return StreamScores(times_ms, scores, np.zeros(len(scores), np.bool_), scores)
        slept, asleep = self._gate.take(len(scores))
        return StreamScores(times_ms, np.where(slept[:, np.newaxis], asleep, scores), slept, scores)


class _Gate:
    """Which inferences a listener leaves out. That depends on the sound only: it needs no model."""

    def __init__(self, frontend: FrontendSettings, detector: DetectorSettings, n_labels: int) -> None:
        nothing = np.zeros(n_labels, np.int8)
        self._listener = Listener(frontend, detector, n_labels, lambda _: nothing)
        self._n_labels = n_labels
        self._inferences: list[Inference] = []

    def feed(self, samples: Samples) -> None:
        self._inferences += [event for event in self._listener.feed(samples) if isinstance(event, Inference)]

    def take(self, count: int) -> tuple[npt.NDArray[np.bool_], Int8s]:
        """Returns of the next inferences whether the model slept [count], and the scores then [count, n_labels]."""
        taken, self._inferences = self._inferences[:count], self._inferences[count:]
        slept = np.array([inference.slept for inference in taken], np.bool_)
        return slept, np.array([inference.scores for inference in taken], np.int8).reshape(count, self._n_labels)
