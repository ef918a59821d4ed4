# SPDX-License-Identifier: Apache-2.0
"""ds_tcn: depthwise-separable temporal convolutions; as cheap as micro_speech and much more accurate.

The mel channels are the network's channels, and it convolves over time only (TC-ResNet, arXiv 1904.03814; the separable
form is MatchboxNet's, arXiv 2004.08531), so the first layer already covers all frequencies. Stride 2 in the first layer
halves the work of the others; there, seven taps span a quarter of a second, and the receptive field of four blocks is
the whole second. For 49x40 features and four labels: 13,348 parameters, 317,192
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
    """Returns a depthwise convolution over time, then a pointwise one; only the pointwise one has a ReLU."""
    return pointwise(depthwise(x, (taps, 1), (stride, stride), relu=False), width)
