# SPDX-License-Identifier: Apache-2.0
"""ds_cnn: depthwise-separable convolutions over time and frequency (Hello Edge, arXiv 1711.07128), in a small version.

The architecture of MLPerf Tiny's keyword spotting with an eighth of its multiply-accumulates: the first layer has a
stride of four along both axes, the first separable block of two. For 49x40 features and four labels: 7,888 parameters,
335,612 multiply-accumulates.
"""

from __future__ import annotations

from typing import Any

from tinykws.training.architectures.blocks import convolution, depthwise, pointwise, probabilities

STEM_FILTERS = 20
STEM_KERNEL = (10, 4)
STEM_STRIDE = (4, 4)
WIDTH = 48
BLOCK_STRIDES = ((2, 2), (1, 1), (1, 1))
KERNEL = (3, 3)


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames, n_mels, 1] to probabilities [batch, n_labels]."""
    import keras
    from keras import layers

    features = keras.Input((n_frames, n_mels, 1), name="features")
    x = convolution(features, STEM_FILTERS, STEM_KERNEL, STEM_STRIDE)
    for stride in BLOCK_STRIDES:
        x = pointwise(depthwise(x, KERNEL, stride), WIDTH)
    x = layers.AveragePooling2D(x.shape[1:3])(x)
    return keras.Model(features, probabilities(x, n_labels, dropout), name="ds_cnn")
