# SPDX-License-Identifier: Apache-2.0
"""What an input scale that is not exactly the front-end's does to a model's scores.

The front-end's byte q means (q + 128) * 26/256. A model converted elsewhere has the scale of its calibration data, such
as 25.94/255 or 26.09/255, and takes the same byte for a value that is a fraction of a percent larger or smaller. Two
numbers say how much that matters, both in int8 steps:

    input    how far the loudest feature, 127, is from the byte that the model's scale asks for
    scores   how much the score that changes most changes if every byte is replaced by the one that the model's scale
             asks for: the mean over the signals from which self-tests are made

Rounding a feature to a byte costs half a step, so an input error of up to half a step costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.native.features import Features
from tinykws.project.frontend_settings import FEATURE_SCALE, FEATURE_ZERO_POINT
from tinykws.support.errors import ConfigError

LARGEST_INPUT_ERROR = 4.0
"""int8 steps at full scale, 1.6 %. With micro_speech, scales off by 0.4 to 2 % change the scores of 300 clips equally:
by 1 step on average, by 9 at most, which is rounding. Far beyond it the network was trained on other features."""
LARGEST_SCORE_CHANGE = 32.0
"""Of 255, on average: an eighth. micro_speech has 1; untrained networks, in which rounding errors add up, 2 to 18."""
ROUNDING = 0.5

Invoke = Callable[[Features], npt.NDArray[Any]]


def input_error(scale: float) -> float:
    """Returns the error of the loudest feature, in int8 steps."""
    return abs(255 - 255 * FEATURE_SCALE / scale)


def is_tolerable(scale: float) -> bool:
    """Returns whether a scale is near enough to the front-end's for the scores to be compared."""
    return scale > 0 and input_error(scale) <= LARGEST_INPUT_ERROR


def score_change(scale: float, signals: Iterable[Features], invoke: Invoke) -> float:
    """Returns the change of scores that the scale causes, in int8 steps."""
    if input_error(scale) <= ROUNDING:
        return 0.0
    changes = [np.abs(_scores(invoke, exact(signal, scale)) - _scores(invoke, signal)).max() for signal in signals]
    return float(np.mean(changes))


def check_score_change(change: float, scale: float) -> None:
    """Raises ConfigError if the input's scale changes scores too much."""
    if change > LARGEST_SCORE_CHANGE:
        raise ConfigError(
            f"the model's input scale {scale:.7g} is not the front-end's {FEATURE_SCALE:.7g}, and its scores change by"
            f" {change:.0f} of 255 on average because of that; {LARGEST_SCORE_CHANGE:.0f} is the most",
            hint="convert it again with features from 0.0 to 26.0 in the representative dataset, both ends included",
        )


def exact(features: Features, scale: float) -> Features:
    """Returns the bytes by which a model with another input scale would be given the same features."""
    real = (features.astype(np.float64) - FEATURE_ZERO_POINT) * FEATURE_SCALE
    bytes_: Features = np.clip(np.rint(real / scale) + FEATURE_ZERO_POINT, -128, 127).astype(np.int8)
    return bytes_


def _scores(invoke: Invoke, features: Features) -> npt.NDArray[np.int64]:
    return invoke(features.ravel()).astype(np.int64)
