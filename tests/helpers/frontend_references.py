# SPDX-License-Identifier: Apache-2.0
"""The two reference implementations that the front-end must equal."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinykws.native import fdlibm
from tinykws.project.frontend_settings import FrontendSettings

Features = npt.NDArray[np.uint16]


@functools.cache
def _tensorflow_op() -> Any:
    """Imports TensorFlow, which takes seconds: once."""
    tensorflow = pytest.importorskip("tensorflow")
    from tensorflow.lite.experimental.microfrontend.python.ops import audio_microfrontend_op

    return lambda samples, **options: audio_microfrontend_op.audio_microfrontend(
        tensorflow.constant(samples), **options
    )


def tensorflow_features(samples: npt.NDArray[np.int16], settings: FrontendSettings) -> Features:
    """Returns the features of TensorFlow's audio_microfrontend op."""
    features: Features = _tensorflow_op()(
        samples,
        sample_rate=settings.sample_rate_hz,
        window_size=settings.window_ms,
        window_step=settings.stride_ms,
        num_channels=settings.n_mels,
        upper_band_limit=settings.upper_hz,
        lower_band_limit=settings.lower_hz,
        smoothing_bits=settings.smoothing_bits,
        even_smoothing=settings.even_smoothing,
        odd_smoothing=settings.odd_smoothing,
        min_signal_remaining=settings.min_signal_remaining,
        enable_pcan=True,
        pcan_strength=settings.pcan_strength,
        pcan_offset=settings.pcan_offset,
        gain_bits=settings.pcan_gain_bits,
        enable_log=True,
        scale_shift=settings.log_scale_shift,
    ).numpy()
    return features


PYMICRO_SETTINGS = FrontendSettings(stride_ms=10, tables="c_library")
PYMICRO_FEATURE_SCALE = 0.0390625


def pymicro_features(samples: npt.NDArray[np.int16]) -> Features:
    """Returns the features of pymicro-features, whose settings are PYMICRO_SETTINGS."""
    pymicro = pytest.importorskip("pymicro_features")
    frontend = pymicro.MicroFrontend()
    data = samples[: len(samples) // 160 * 160].tobytes()  # it takes whole strides only; a rest gives no frame
    frames, at = [], 0
    while at < len(data):
        output = frontend.process_samples(data[at : at + 320])
        at += 2 * output.samples_read
        if output.features:
            frames.append(output.features)
    return np.rint(np.array(frames).reshape(-1, 40) / PYMICRO_FEATURE_SCALE).astype(np.uint16)


def skip_unless_log1pf_is_fdlibms() -> None:
    """pymicro-features builds its tables with the machine's log1pf; that of glibc 2.41 and later rounds otherwise."""
    name = ctypes.util.find_library("m")
    if name is None:
        pytest.skip("needs a C library to ask for its log1pf")
    log1pf = ctypes.CDLL(name).log1pf
    log1pf.restype, log1pf.argtypes = ctypes.c_float, [ctypes.c_float]
    for k in range(257):
        x = np.float32(31.25 * k) / np.float32(700)
        if log1pf(float(x)) != float(fdlibm.log1pf(x)):
            pytest.skip("this machine's log1pf is not fdlibm's: pymicro-features' tables differ here")
