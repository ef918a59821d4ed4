# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline from samples to detections, by the same C code that runs on the chip (kws_listener.c)."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykws.native._kws import ffi, lib
from tinykws.native.detector import Detection, DetectorConfig, detection_of
from tinykws.native.features import FrontendConfig, Samples, c_samples, check_samples
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

Infer: TypeAlias = Callable[[npt.NDArray[np.int8]], npt.NDArray[np.int8]]
"""The model: int8 [n_frames * n_mels] features in, int8 [n_labels] scores out."""


@dataclasses.dataclass(frozen=True)
class Inference:
    """The scores of one inference."""

    time_ms: int
    """Milliseconds of audio up to the end of the newest frame's analysis window."""
    scores: tuple[int, ...]
    """int8 values, one per label."""
    slept: bool = False
    """Whether the gate left the inference out; the scores are then those of certain silence."""


class Listener:
    """Takes samples, runs the model every inference_stride_ms once its input is full, and detects words."""

    def __init__(
        self,
        frontend: FrontendSettings,
        detector: DetectorSettings,
        n_labels: int,
        infer: Infer,
        on_reset: Callable[[], None] | None = None,
    ) -> None:
        """Prepares a listener.

        Args:
            frontend: the front-end.
            detector: the detector.
            n_labels: how many scores the model gives.
            infer: the model.
            on_reset: called at every reset, the first in here: for a model that keeps state.
        """
        self._infer, self._on_reset = infer, on_reset
        self._n_features = frontend.n_frames * frontend.n_mels
        self._n_labels = n_labels
        self._events: list[Inference | Detection] = []
        self._error: BaseException | None = None
        history = detector.average_window_ms // detector.inference_stride_ms + 1
        self._frontend_config = FrontendConfig(frontend)
        self._detector_config = DetectorConfig(detector, n_labels, history)
        self._handle = ffi.new_handle(self)
        self._config = ffi.new(
            "kws_listener_config *",
            {
                "frontend": self._frontend_config.pointer,
                "detector": self._detector_config.pointer[0],
                "n_frames": frontend.n_frames,
                "inference_stride": detector.inference_stride_ms // frontend.stride_ms,
                "gate_ratio": detector.gate_ratio,
                "gate": ffi.addressof(lib, "kws_sleep_while_quiet") if detector.gate_ratio else ffi.NULL,
                "infer": lib.listener_infer,
                "on_reset": ffi.NULL if on_reset is None else lib.listener_on_reset,
                "on_inference": lib.listener_on_inference,
                "on_detection": lib.listener_on_detection,
                "context": self._handle,
            },
        )
        words = lib.listener_memory_words(frontend.window_samples, frontend.n_mels, history, n_labels)
        self._memory = ffi.new("uint32_t[]", words)
        self._window = ffi.new("int8_t[]", self._n_features)
        self._state = ffi.new("kws_listener *")
        lib.kws_listener_init(self._state, self._config, self._window, self._memory)

    def reset(self) -> None:
        """Starts from scratch, like a new listener."""
        lib.kws_listener_reset(self._state)

    def feed(self, samples: Samples) -> list[Inference | Detection]:
        """Takes samples int16 [n] in blocks of any size; returns the inferences and detections they cause, in order.

        Raises:
            TypeError: the samples are not int16 [n].
            Exception: whatever `infer` raised; the samples are consumed, but no inference ran after that.
        """
        samples = check_samples(samples, ndim=1)
        self._events, self._error, _ESCAPED.error = [], None, None
        lib.kws_listener_feed(self._state, c_samples(samples), len(samples))
        error = self._error or _ESCAPED.error
        if error is not None:
            raise error
        return self._events

    @property
    def frames(self) -> int:
        """Feature frames since reset."""
        return int(self._state.frames)

    @property
    def features_crc32(self) -> int:
        """CRC-32 of all int8 features since reset, frame by frame."""
        return int(self._state.features_crc32)

    def _run(self, features: Any, scores: Any) -> bool:
        """Runs the model on C features and fills C scores; keeps an error for feed() to raise."""
        if self._error is not None:
            return False
        try:
            result = np.asarray(self._infer(np.frombuffer(ffi.buffer(features, self._n_features), np.int8).copy()))
            if result.dtype != np.int8 or result.shape != (self._n_labels,):
                raise TypeError(f"the model gave {result.dtype} {result.shape}, not int8 ({self._n_labels},)")
            ffi.memmove(scores, result.tobytes(), self._n_labels)
        except BaseException as error:
            self._error = error
            return False
        return True

    def _forget(self) -> None:
        if self._on_reset is not None:
            self._on_reset()

    def _keep_inference(self, time_ms: int, scores: Any) -> None:
        self._events.append(Inference(time_ms, tuple(ffi.unpack(scores, self._n_labels)), bool(self._state.slept)))

    def _keep_detection(self, detection: Any) -> None:
        self._events.append(detection_of(detection))


class _Escaped(threading.local):
    """The exception of a callback from C, kept until C returns."""

    error: BaseException | None = None


_ESCAPED = _Escaped()


def _keep_escaped(_kind: Any, error: BaseException, _trace: Any) -> None:
    """Keeps exceptions that a callback cannot catch itself: Ctrl-C may arrive at its first or last instruction."""
    _ESCAPED.error = error


@ffi.def_extern(onerror=_keep_escaped)  # type: ignore[untyped-decorator]
def listener_infer(context: Any, features: Any, scores: Any) -> bool:
    """Called from C: the listener's model."""
    return bool(ffi.from_handle(context)._run(features, scores))


@ffi.def_extern(onerror=_keep_escaped)  # type: ignore[untyped-decorator]
def listener_on_reset(context: Any) -> None:
    """Called from C: the listener was reset."""
    ffi.from_handle(context)._forget()


@ffi.def_extern(onerror=_keep_escaped)  # type: ignore[untyped-decorator]
def listener_on_inference(context: Any, time_ms: int, scores: Any) -> None:
    """Called from C: an inference has run."""
    ffi.from_handle(context)._keep_inference(time_ms, scores)


@ffi.def_extern(onerror=_keep_escaped)  # type: ignore[untyped-decorator]
def listener_on_detection(context: Any, detection: Any) -> None:
    """Called from C: a word was detected."""
    ffi.from_handle(context)._keep_detection(detection[0])
