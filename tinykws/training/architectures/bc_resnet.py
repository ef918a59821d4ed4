# SPDX-License-Identifier: Apache-2.0
"""bc_resnet: residuals that are computed over time and broadcast over frequency (arXiv 2106.04140), in a small version.

A block filters along frequency, averages over it, applies a cheap one-dimensional network along time, and adds the
result to every frequency: two-dimensional maps at little more than one-dimensional cost. It uses ReLU instead of swish,
and plain instead of sub-spectral batch normalization, which does not fold into a convolution.
For 49x40 features and four labels: 5,528 parameters, 329,936 multiply-accumulates.
"""

from __future__ import annotations

from typing import Any

from tinykws.training.architectures.blocks import convolution, depthwise, mean_over_time, pointwise, probabilities

STEM_FILTERS = 12
STEM_KERNEL = (5, 5)
STEM_STRIDE = (2, 4)
STAGES = ((12, 1), (20, 2), (28, 2))
"""Channels and number of blocks of each stage; between stages the number of frequencies is halved."""
FREQUENCY_KERNEL = (1, 3)
TIME_KERNEL = (7, 1)


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames, n_mels, 1] to probabilities [batch, n_labels]."""
    import keras
    from keras import layers

    features = keras.Input((n_frames, n_mels, 1), name="features")
    x = convolution(features, STEM_FILTERS, STEM_KERNEL, STEM_STRIDE)
    for channels, blocks in STAGES:
        if x.shape[3] != channels:
            x = layers.MaxPooling2D((1, 2), padding="same")(pointwise(x, channels))
        for _ in range(blocks):
            x = _block(x)
    x = depthwise(x, (1, x.shape[2]))
    x = mean_over_time(x)
    return keras.Model(features, probabilities(x, n_labels, dropout), name="bc_resnet")


def _block(x: Any) -> Any:
    from keras import layers

    along_frequency = depthwise(x, FREQUENCY_KERNEL, relu=False)
    along_time = layers.AveragePooling2D((1, x.shape[2]))(along_frequency)
    along_time = pointwise(depthwise(along_time, TIME_KERNEL), x.shape[3])
    return layers.ReLU()(layers.Add()([layers.Add()([x, along_frequency]), along_time]))
