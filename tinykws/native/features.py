# SPDX-License-Identifier: Apache-2.0
"""Audio features, computed by the same C code that runs on the chip (kws_frontend.c).

Samples are int16, 16 kHz, mono. Features are uint16 [frames, n_mels] as in TensorFlow's microfrontend, or int8 as the
model's input.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.native._kws import ffi, lib
from tinykws.native.frontend_tables import tables_for
from tinykws.project.frontend_settings import FrontendSettings

Samples = npt.NDArray[np.int16]
Features = npt.NDArray[np.int8]


class FrontendConfig:
    """The C struct kws_frontend_config for some settings, and the tables it points to."""

    def __init__(self, settings: FrontendSettings) -> None:
        self.settings = settings
        self._kept_alive: list[Any] = []
        tables = tables_for(settings)
        bank = tables.filterbank
        self.pointer = ffi.new(
            "kws_frontend_config *",
            {
                "window_ms": settings.window_ms,
                "stride_ms": settings.stride_ms,
                "window_samples": settings.window_samples,
                "stride_samples": settings.stride_samples,
                "n_mels": settings.n_mels,
                "window": self._table("int16_t", tables.window),
                "fft": {
                    "size": settings.fft_size,
                    "twiddles": self._table("kws_complex", tables.twiddles),
                    "split_twiddles": self._table("kws_complex", tables.split_twiddles),
                },
                "filterbank": {
                    "first_bin": bank.first_bin,
                    "band_widths": self._table("uint8_t", bank.band_widths),
                    "falling": self._table("uint16_t", bank.falling),
                    "rising": self._table("uint16_t", bank.rising),
                },
                "noise": {
                    "smoothing_bits": settings.smoothing_bits,
                    "even_smoothing": tables.even_smoothing,
                    "odd_smoothing": tables.odd_smoothing,
                    "min_signal_remaining": tables.min_signal_remaining,
                },
                "pcan": {"gain": self._table("int16_t", tables.gain), "snr_shift": tables.snr_shift},
                "logarithm": {
                    "log2_correction": self._table("uint16_t", tables.log2_correction),
                    "input_shift": tables.log_input_shift,
                    "scale_shift": settings.log_scale_shift,
                },
            },
        )

    def _table(self, c_type: str, values: npt.NDArray[Any]) -> Any:
        """Returns a pointer to a contiguous array's memory."""
        pointer = ffi.from_buffer(f"{c_type}[]", np.ascontiguousarray(values))
        self._kept_alive.append(pointer)
        return ffi.cast(f"const {c_type} *", pointer)


class FrontEnd:
    """The front-end as a stream: takes samples in blocks of any size and returns the frames they complete."""

    def __init__(self, settings: FrontendSettings) -> None:
        self.settings = settings
        self.config = FrontendConfig(settings)
        self._memory = ffi.new("uint32_t[]", lib.frontend_memory_words(settings.window_samples, settings.n_mels))
        self._state = ffi.new("kws_frontend *")
        self._samples_held = 0
        lib.kws_frontend_init(self._state, self.config.pointer, self._memory)

    def reset(self) -> None:
        """Discards all samples and the noise estimate."""
        self._samples_held = 0
        lib.kws_frontend_reset(self._state)

    def process(self, samples: Samples) -> npt.NDArray[np.uint16]:
        """Takes samples int16 [n]; returns the features uint16 [frames, n_mels] that they completed.

        Raises:
            TypeError: the samples are not int16 [n].
        """
        samples = check_samples(samples, ndim=1)
        settings = self.settings
        held = self._samples_held + len(samples)
        frames = max(0, (held - settings.window_samples) // settings.stride_samples + 1)
        features = np.empty((frames, settings.n_mels), np.uint16)
        written = lib.frontend_process(self._state, c_samples(samples), len(samples), _c_out("uint16_t *", features))
        assert written == frames
        self._samples_held = held - frames * settings.stride_samples
        return features

    def fill_features_of_clips(self, clips: Samples, features: Features) -> None:
        """Fills int8 [n, n_frames, n_mels] with the features of clips int16 [n, samples]; see features_of_clips."""
        n_clips, clip_samples = clips.shape
        n_frames = self.settings.n_frames
        out = _c_out("int8_t *", features)
        lib.features_of_clips(self._state, c_samples(clips), n_clips, clip_samples, n_frames, out)
        self.reset()


def quantize_features(features: npt.NDArray[np.uint16]) -> Features:
    """Returns features as the model's int8 input: clamp((v * 256 + 333) / 666 - 128) in integer arithmetic.

    Source: TFLM's micro_speech; 25.6 * 26.0 = 665.6 is full scale of the float model.
    """
    return np.minimum((features.astype(np.int32) * 256 + 333) // 666 - 128, 127).astype(np.int8)


def features_of_clip(samples: Samples, settings: FrontendSettings) -> Features:
    """Returns int8 [frames, n_mels] of samples int16 [n], from a fresh state."""
    return quantize_features(FrontEnd(settings).process(samples))


def features_of_clips(clips: Samples, settings: FrontendSettings) -> Features:
    """Returns int8 [n, n_frames, n_mels] of clips int16 [n, samples], each from a fresh state.

    The loop is in C and releases Python's global interpreter lock.

    Raises:
        TypeError: the clips are not int16 [n, samples].
        ValueError: the clips are shorter than settings.clip_ms.
    """
    clips = check_samples(clips, ndim=2)
    n_clips, clip_samples = clips.shape
    if clip_samples < settings.clip_samples:
        raise ValueError(f"clips of {clip_samples} samples; {settings.clip_samples} are needed")
    features = np.empty((n_clips, *settings.features_shape), np.int8)
    FrontEnd(settings).fill_features_of_clips(clips, features)
    return features


def features_crc32(features: Features) -> int:
    """Returns the CRC-32 (as in zlib) of int8 features; the device computes the same."""
    return zlib.crc32(np.ascontiguousarray(features, np.int8).tobytes())


def check_samples(samples: Samples, ndim: int) -> Samples:
    """Returns the samples, contiguous. Raises TypeError unless they are an int16 array of `ndim` dimensions."""
    if samples.dtype != np.int16 or samples.ndim != ndim:
        raise TypeError(f"expected int16 samples with {ndim} dimension(s), not {samples.dtype} {samples.shape}")
    return np.ascontiguousarray(samples)


def c_samples(samples: Samples) -> Any:
    """Returns a C pointer to samples; the array must outlive its use."""
    return ffi.from_buffer("int16_t[]", samples)


def _c_out(c_type: str, array: npt.NDArray[Any]) -> Any:
    return ffi.cast(c_type, ffi.from_buffer(array, require_writable=True))
