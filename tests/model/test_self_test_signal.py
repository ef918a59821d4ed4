# SPDX-License-Identifier: Apache-2.0
"""The sound of the self-test: the same everywhere, and fit to find what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import FRONTEND, tiny_tflite
from tinykws.native._kws import ffi, lib

from tinykws.model.interpreter import Interpreter
from tinykws.model.self_test_signal import SEEDS, golden_clip, golden_signal
from tinykws.native.features import features_crc32, features_of_clip
from tinykws.project.frontend_settings import FrontendSettings


def signal_in_python(seed: int, count: int) -> list[int]:
    """The generator of kws_golden_signal.h once more, in numbers without an end."""
    random, phase, step, glide, noise_divisor, tone_divisor = seed, 0, 0, 0, 1, 1
    samples = []

    def draw() -> int:
        nonlocal random
        random = (random * 1664525 + 1013904223) % 2**32
        return random // 2**16

    for at in range(count):
        if at % 1024 == 0:
            shifts = draw()
            noise_divisor, tone_divisor = 2 ** (shifts % 8), 2 ** (shifts // 8 % 8)
            step = draw() * 2**15
            glide = (draw() - 32768) * 32
        noise = draw() // 2 - 16384
        turn = phase // 2**16
        tone = min(turn, 65535 - turn) - 16384
        samples.append(int(noise / noise_divisor) + int(tone / tone_divisor))
        phase = (phase + step) % 2**32
        step = (step + glide) % 2**32
    return samples


@pytest.mark.parametrize("seed", [1, 7, 2**32 - 1])
def test_the_sound_is_what_its_description_says(seed: int) -> None:
    assert golden_signal(seed, 5000).tolist() == signal_in_python(seed, 5000)


@given(pieces=st.lists(st.integers(0, 3000), max_size=6))
def test_pieces_of_any_size_make_the_same_sound(pieces: list[int]) -> None:
    whole = golden_signal(3, sum(pieces))
    signal, made = ffi.new("kws_golden_signal *"), []
    lib.kws_golden_signal_begin(signal, 3)
    for count in pieces:
        samples = np.empty(count, np.int16)
        lib.kws_golden_signal_next(signal, ffi.from_buffer("int16_t[]", samples), count)
        made += samples.tolist()
    assert made == whole.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_channel_of_the_front_end_is_driven(seed: int) -> None:
    settings = FrontendSettings()
    features = features_of_clip(golden_signal(seed, settings.clip_samples), settings)
    assert features.min(axis=0).max() < features.max(axis=0).min(), "each is loud once and faint once"
    assert np.ptp(features.astype(int), axis=0).min() > 60


def test_the_golden_clip_is_of_the_seed_whose_scores_say_least() -> None:
    interpreter = Interpreter(tiny_tflite())
    clip, samples = golden_clip(FRONTEND, interpreter.invoke)
    assert clip.seed is not None
    assert samples.tolist() == golden_signal(clip.seed, FRONTEND.clip_samples).tolist()
    features = features_of_clip(samples, FRONTEND)
    assert clip.features_crc32 == features_crc32(features)
    assert clip.scores == tuple(interpreter.invoke(features.ravel()).tolist())
    others = [features_of_clip(golden_signal(seed, FRONTEND.clip_samples), FRONTEND) for seed in SEEDS]
    assert max(clip.scores) == min(max(interpreter.invoke(other.ravel())) for other in others)
