"""ds_tcn: temporal convolutions, separated into depth and point: micro_speech's cost, far fewer mistakes.

The feature channels are the network's channels and it convolves over time only (the idea is TC-ResNet's,
arXiv 1904.03814, and its separable form MatchboxNet's, arXiv 2004.08531), so its first layer already sees all
frequencies at once. Stride 2 in the first layer halves the work of all others; seven taps at that pace span a quarter
of a second, and four blocks see the whole second. For 49x40 features and four labels: 11,552 parameters, 273,576
multiply-accumulates.
"""

from __future__ import annotations

from typing import Any

WIDTH = 44
FIRST_TAPS = 5
FIRST_STRIDE = 2
BLOCKS = 4
TAPS = 7
BATCH_NORM_MOMENTUM = 0.9
"""Keras's 0.99 needs more steps to settle than a small word set has in an epoch."""


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames, 1, n_mels] to probabilities [batch, n_labels]."""
    import keras
    from keras import layers

    features = keras.Input((n_frames, 1, n_mels), name="features")
    x = _separable(features, FIRST_TAPS, FIRST_STRIDE)
    for _ in range(BLOCKS):
        x = _separable(x, TAPS, stride=1)
    x = layers.AveragePooling2D((x.shape[1], 1))(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Dense(n_labels)(x)
    return keras.Model(features, layers.Softmax(name="probabilities")(x), name="ds_tcn")


def _separable(x: Any, taps: int, stride: int) -> Any:
    """One filter a channel over time, then a mix of the channels at each moment."""
    from keras import layers

    x = layers.DepthwiseConv2D((taps, 1), stride, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x))
    x = layers.Conv2D(WIDTH, 1, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x))
