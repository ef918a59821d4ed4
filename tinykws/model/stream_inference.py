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
from tinykws.project.frontend_settings import FrontendSettings

FRAMES_AT_ONCE = 4096
"""Frames that are collected before the model runs: many model inputs, so that little is computed twice."""


@dataclasses.dataclass(frozen=True)
class StreamScores:
    """Some successive inferences."""

    times_ms: npt.NDArray[np.uint32]
    """[n], as kws_listener_time_ms: milliseconds of audio up to the end of the newest frame's analysis window."""
    scores: Int8s
    """[n, n_labels]."""


class StreamInference:
    """Takes samples in pieces of any size; gives the scores of every inference."""

    def __init__(self, interpreter: Interpreter, frontend: FrontendSettings, inference_stride_ms: int) -> None:
        self._interpreter, self._settings = interpreter, frontend
        self._stride = inference_stride_ms // frontend.stride_ms
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
        scores = self._interpreter.scores_along(frames, n_frames, self._stride)
        newest = self._first_frame + n_frames - 1 + self._stride * np.arange(len(scores))
        done = len(scores) * self._stride
        self._pending, self._n_pending = [frames[done:]], max(0, len(frames) - done)
        self._skipped += max(0, done - len(frames))
        self._first_frame += done
        return StreamScores((settings.window_ms + newest * settings.stride_ms).astype(np.uint32), scores)
