# SPDX-License-Identifier: Apache-2.0
"""ds_tcn: temporal convolutions, separated into depth and point: micro_speech's cost, far fewer mistakes.

The feature channels are the network's channels and it convolves over time only (the idea is TC-ResNet's,
arXiv 1904.03814, and its separable form MatchboxNet's, arXiv 2004.08531), so its first layer already sees all
frequencies at once. Stride 2 in the first layer halves the work of all others; seven taps at that pace span a quarter
of a second, and four blocks see the whole second. For 49x40 features and four labels: 13,348 parameters, 317,192
multiply-accumulates.
"""

from __future__ import annotations

from typing import Any

from tinykws.training.architectures.blocks import depthwise, mean_over_time, pointwise, probabilities

WIDTH = 48
FIRST_TAPS = 5
FIRST_STRIDE = 2
BLOCKS = 4
TAPS = 7


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames, 1, n_mels] to probabilities [batch, n_labels]."""
    import keras

    features = keras.Input((n_frames, 1, n_mels), name="features")
    x = _separable(features, WIDTH, FIRST_TAPS, FIRST_STRIDE)
    for _ in range(BLOCKS):
        x = _separable(x, WIDTH, TAPS)
    return keras.Model(features, probabilities(mean_over_time(x), n_labels, dropout), name="ds_tcn")


def _separable(x: Any, width: int, taps: int, stride: int = 1) -> Any:
    """One filter a channel over time, then a mix of the channels at each moment; only the mix is cut below zero."""
    return pointwise(depthwise(x, (taps, 1), (stride, stride), relu=False), width)
