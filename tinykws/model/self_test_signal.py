# SPDX-License-Identifier: Apache-2.0
"""The sound by which a chip tests itself at boot, and what a bundle's model must make of it.

The chip makes the sound from a seed by the very C that makes it here (firmware/lib/kws_audio/kws_golden_signal.c), so a
second of it costs the chip no flash. What must come of it, the CRC of the features and the scores, is computed here and
travels in the bundle as a golden clip, and from there into the firmware.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.model.bundle import GoldenClip
from tinykws.native._kws import ffi, lib
from tinykws.native.features import Features, Samples, features_crc32, features_of_clip
from tinykws.project.frontend_settings import FrontendSettings

FILE = "golden/self_test.wav"
SEEDS = range(1, 33)
"""Tried when a bundle is made."""

Invoke = Callable[[Features], npt.NDArray[Any]]
"""The model: int8 [n_frames * n_mels] to scores int8 [n_labels]."""


def golden_signal(seed: int, count: int) -> Samples:
    """Returns the first `count` samples (int16) of the sound of a seed."""
    samples = np.empty(count, np.int16)
    signal = ffi.new("kws_golden_signal *")
    lib.kws_golden_signal_begin(signal, seed)
    lib.kws_golden_signal_next(signal, ffi.from_buffer("int16_t[]", samples, require_writable=True), count)
    return samples


def golden_clip(frontend: FrontendSettings, invoke: Invoke) -> tuple[GoldenClip, Samples]:
    """Returns the golden clip for a model's self-test, and its samples.

    Of the seeds tried it is the one whose highest score is the lowest: scores at the ends of int8 would hide a kernel
    that is only a little wrong.
    """
    clips = {seed: golden_signal(seed, frontend.clip_samples) for seed in SEEDS}
    features = {seed: features_of_clip(samples, frontend) for seed, samples in clips.items()}
    scores = {seed: invoke(clip.ravel()) for seed, clip in features.items()}
    seed = min(SEEDS, key=lambda seed: int(max(scores[seed])))
    clip = GoldenClip(
        file=FILE,
        label="",
        features_crc32=features_crc32(features[seed]),
        scores=tuple(int(score) for score in scores[seed]),
        seed=seed,
    )
    return clip, clips[seed]
