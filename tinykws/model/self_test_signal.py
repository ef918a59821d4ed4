# SPDX-License-Identifier: Apache-2.0
"""The signal of a chip's self-test at boot, with the features and scores that the bundle's model must give for it.

Chip and computer generate the signal from a seed with the same C code (`kws_golden_signal.c`), so it costs no flash.
The expected results, the CRC of the features and the scores, are computed here. They are stored in the bundle as a
golden clip and compiled into the firmware.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.model.bundle import GoldenClip, golden_samples
from tinykws.native._kws import ffi, lib
from tinykws.native.features import Features, Samples, features_crc32, features_of_clip
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

FILE = "golden/self_test.wav"
SEEDS = range(1, 33)
"""Seeds that are tried when a bundle is made."""

Invoke = Callable[[Features], npt.NDArray[Any]]
"""Runs the model on a golden clip: int8 [frames, n_mels] to scores int8 [n_labels] (Interpreter.scores_of_clip)."""


def golden_signal(seed: int, count: int) -> Samples:
    """Returns the first `count` samples of a seed's signal, int16 [count]."""
    samples = np.empty(count, np.int16)
    signal = ffi.new("kws_golden_signal *")
    lib.kws_golden_signal_begin(signal, seed)
    lib.kws_golden_signal_next(signal, ffi.from_buffer("int16_t[]", samples, require_writable=True), count)
    return samples


_ANY_DETECTOR = DetectorSettings()


def golden_clip(
    frontend: FrontendSettings, invoke: Invoke, detector: DetectorSettings = _ANY_DETECTOR
) -> tuple[GoldenClip, Samples]:
    """Returns the golden clip of a model's self-test, and its samples.

    Of all SEEDS it is the one with the lowest maximum score: saturated scores would hide small errors of a kernel.
    """
    clips = {seed: golden_signal(seed, golden_samples(frontend, detector)) for seed in SEEDS}
    features = {seed: features_of_clip(samples, frontend) for seed, samples in clips.items()}
    scores = {seed: invoke(clip) for seed, clip in features.items()}
    seed = min(SEEDS, key=lambda seed: int(max(scores[seed])))
    clip = GoldenClip(
        file=FILE,
        label="",
        features_crc32=features_crc32(features[seed]),
        scores=tuple(int(score) for score in scores[seed]),
        seed=seed,
    )
    return clip, clips[seed]
