# SPDX-License-Identifier: Apache-2.0
"""From scores to detections, by the same C code that runs on the chip (kws_detector.c)."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.native._kws import ffi, lib
from tinykws.project.detector_settings import DetectorSettings


@dataclasses.dataclass(frozen=True)
class Detection:
    """A word was detected."""

    time_ms: int
    label_index: int
    """Index of the model's output; 2 is the first word."""
    score: int
    """The score that exceeded the threshold, 0 to 255: averaged over the smoothing window, or from the filter."""


class DetectorConfig:
    """The C struct kws_detector_config and the memory it points to; keep it as long as the struct is in use."""

    def __init__(self, settings: DetectorSettings, n_labels: int, history: int) -> None:
        """Fills the struct; `history` is the number of scores that the detector can hold."""
        self._thresholds = ffi.new("uint8_t[]", settings.thresholds(n_labels))
        self._weights = ffi.new("int8_t[]", settings.tap_weights)
        self._filter = ffi.new(
            "kws_score_filter *",
            {
                "weights": self._weights,
                "bias": settings.filter_bias,
                "taps": settings.taps,
                "shift": settings.filter_shift,
            },
        )
        self._grammar = ffi.new("kws_grammar_rule[]", [dataclasses.astuple(rule) for rule in settings.grammar])
        self.pointer = ffi.new(
            "kws_detector_config *",
            {
                "n_labels": n_labels,
                "history": history,
                "average_window_ms": settings.average_window_ms,
                "minimum_count": settings.minimum_count,
                "suppression_ms": settings.suppression_ms,
                "thresholds": self._thresholds,
                "filter": self._filter if settings.taps else ffi.NULL,
                "rule": ffi.addressof(lib, f"kws_{settings.kind}"),
                "grammar": self._grammar,
                "n_grammar": len(settings.grammar),
            },
        )


def detection_of(c_detection: Any) -> Detection:
    """Returns a C kws_detection as a Detection."""
    return Detection(c_detection.time_ms, c_detection.label, c_detection.score)


class Detector:
    """Smooths or filters scores over time, and reports detections."""

    def __init__(self, settings: DetectorSettings, n_labels: int) -> None:
        history = settings.average_window_ms + 1  # one per millisecond: steps may come at any rate
        self._n_labels = n_labels
        self._config = DetectorConfig(settings, n_labels, history)
        self._memory = ffi.new("uint32_t[]", lib.detector_memory_words(history, n_labels))
        self._state = ffi.new("kws_detector *")
        self._last_time_ms = -1
        lib.kws_detector_init(self._state, self._config.pointer, self._memory)

    def reset(self) -> None:
        """Discards all scores and the last label."""
        self._last_time_ms = -1
        lib.kws_detector_reset(self._state)

    def step(self, scores: npt.NDArray[np.int8], time_ms: int) -> Detection | None:
        """Takes scores int8 [n_labels] at a time later than the last; returns the detection that they cause, if any.

        Raises:
            ValueError: the number of scores is not n_labels, or the time is not later than the last.
        """
        scores = np.ascontiguousarray(scores, np.int8)
        if scores.shape != (self._n_labels,):
            raise ValueError(f"expected {self._n_labels} scores, not {scores.shape}")
        if time_ms <= self._last_time_ms:
            raise ValueError(f"time went from {self._last_time_ms} to {time_ms} ms")
        self._last_time_ms = time_ms
        detection = ffi.new("kws_detection *")
        if lib.kws_detector_step(self._state, ffi.from_buffer("int8_t[]", scores), time_ms, detection):
            return detection_of(detection)
        return None

    @property
    def levels(self) -> npt.NDArray[np.uint8]:
        """What the last step compared with the thresholds, uint8 [n_labels]: averages, or the filter's sums."""
        levels = ffi.buffer(lib.kws_detector_levels(self._state), self._n_labels)
        copied: npt.NDArray[np.uint8] = np.frombuffer(levels, np.uint8).copy()
        return copied

    def run(self, scores: npt.NDArray[np.int8], times_ms: npt.NDArray[np.uint32]) -> list[Detection]:
        """Steps through scores int8 [n, n_labels] at increasing times [n]; returns the detections. The loop is in C.

        Raises:
            ValueError: scores and times do not have these shapes.
        """
        scores, times_ms = np.ascontiguousarray(scores, np.int8), np.ascontiguousarray(times_ms, np.uint32)
        if scores.shape != (len(times_ms), self._n_labels):
            raise ValueError(f"scores {scores.shape} for {len(times_ms)} times and {self._n_labels} labels")
        detections = ffi.new("kws_detection[]", len(times_ms))
        heard = lib.detector_run(
            self._state, ffi.from_buffer("uint32_t[]", times_ms), ffi.from_buffer("int8_t[]", scores), len(times_ms),
            detections,
        )  # fmt: skip
        if len(times_ms):
            self._last_time_ms = int(times_ms[-1])
        return [detection_of(detections[at]) for at in range(heard)]
