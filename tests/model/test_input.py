# SPDX-License-Identifier: Apache-2.0
"""A model's input: the features frame by frame, in about the front-end's scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from tiny_model import speech_tflite

from tinykws.aot.reader.tflite import read_model
from tinykws.model import input_scale
from tinykws.model.validation import check_input
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError

FRONTEND = FrontendSettings()


@pytest.mark.parametrize(
    "shape",
    [
        (1, 49, 40, 1), (1, 49, 40), (49, 40), (1, 1960), (1960,), (1, 1, 49, 40), (1, 49, 1, 40), (1, 1960, 1, 1),
        (1, 7, 7, 40), (1, 49, 20, 2),
    ],
)  # fmt: skip
def test_an_input_of_frames_in_order_is_accepted(shape: tuple[int, ...]) -> None:
    assert check_input(read_model(speech_tflite(shape)), FRONTEND).shape == shape


@pytest.mark.parametrize("shape", [(1, 40, 49, 1), (1, 40, 49), (40, 49), (1, 1, 40, 49), (1, 98, 20), (1, 20, 98, 1)])
def test_an_input_of_channels_first_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="49 frames of 40 channels, one frame after the other") as caught:
        check_input(read_model(speech_tflite(shape)), FRONTEND)
    assert str(list(shape)) in caught.value.message
    assert "[49, 40], with time first" in (caught.value.hint or "")


def test_a_flat_input_that_the_model_turns_is_refused() -> None:
    check_input(read_model(speech_tflite(seen=(1, 49, 40, 1))), FRONTEND)
    with pytest.raises(ConfigError, match=r"is \[1, 1960\], which it reshapes to \[1, 40, 49, 1\]"):
        check_input(read_model(speech_tflite(seen=(1, 40, 49, 1))), FRONTEND)


def test_features_of_another_timing_are_named() -> None:
    with pytest.raises(ConfigError, match=r"\[1, 98, 40, 1\], 3920 values") as caught:
        check_input(read_model(speech_tflite((1, 98, 40, 1))), FRONTEND)
    assert "features: {window_ms: 30, stride_ms: 10, clip_ms: 1000}" in (caught.value.hint or "")
    at_10_ms = FrontendSettings(stride_ms=10)
    assert check_input(read_model(speech_tflite((1, 98, 40, 1))), at_10_ms).size == 3920


@pytest.mark.parametrize("real_maximum", [25.9375, 26.0, 26.09375, 26.24])
def test_the_scales_that_people_have_are_accepted(real_maximum: float) -> None:
    """Calibrated on features up to this value; 26.09 is 0.75 % off."""
    check_input(read_model(speech_tflite(scale=real_maximum / 255)), FRONTEND)


@pytest.mark.parametrize("real_maximum", [1.0, 24.0, 28.0, 255.0])
def test_the_scale_of_other_features_is_refused(real_maximum: float) -> None:
    with pytest.raises(ConfigError, match="the model's input has scale") as caught:
        check_input(read_model(speech_tflite(scale=real_maximum / 255)), FRONTEND)
    assert "of 255 steps, 4 is the most" in (caught.value.hint or "")


def test_the_error_of_a_scale_is_that_of_the_loudest_feature() -> None:
    assert input_scale.input_error(26 / 256) == 0
    scale = 26 / 256 * 1.0075
    loudest = np.array([127], np.int8)
    exact = int(input_scale.exact(loudest, scale)[0])
    assert abs(exact - 127) == round(input_scale.input_error(scale)) == 2


def test_the_change_of_scores_is_what_the_exact_bytes_would_change() -> None:
    def invoke(features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        return np.array([features[0], -128], np.int8)

    signals = [np.array([[127]], np.int8), np.array([[-128]], np.int8)]
    assert input_scale.score_change(26 / 256, signals, invoke) == 0.0
    assert input_scale.score_change(26 / 256 * 1.0075, signals, invoke) == 1.0, "2 steps for one of two"


def test_a_model_whose_scores_jump_is_refused() -> None:
    input_scale.check_score_change(32, 0.102)
    with pytest.raises(ConfigError, match="scores change by 33 of 255"):
        input_scale.check_score_change(33, 0.102)
