# SPDX-License-Identifier: Apache-2.0
"""The layers that networks here are built of: convolutions that fold with their batch normalization when converted."""

from __future__ import annotations

from typing import Any

BATCH_NORM_MOMENTUM = 0.9
"""Keras's 0.99 needs more steps to settle than a small word set has in an epoch."""
EMBEDDING = "embedding"
"""The layer that holds all the last one sees: there, training joins a second answer (which word it is)."""
Size = tuple[int, int]
"""Along time and along frequency."""


def convolution(x: Any, filters: int, kernel: Size, stride: Size = (1, 1), *, relu: bool = True) -> Any:
    """Convolves [batch, time, frequency, channels], normalizes, and cuts below zero where asked."""
    from keras import layers

    return _finished(layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x), relu)


def pointwise(x: Any, filters: int, *, relu: bool = True) -> Any:
    """Mixes the channels at each place."""
    return convolution(x, filters, (1, 1), relu=relu)


def depthwise(x: Any, kernel: Size, stride: Size = (1, 1), *, relu: bool = True) -> Any:
    """Convolves each channel with a filter of its own. TensorFlow wants strides that differ made of equal ones."""
    from keras import layers

    return _finished(layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False)(x), relu)


def mean_over_time(x: Any) -> Any:
    """Returns [batch, 1, frequency, channels]."""
    from keras import layers

    return layers.AveragePooling2D((x.shape[1], 1))(x)


def probabilities(x: Any, n_labels: int, dropout: float) -> Any:
    """Ends a network: one dense layer over all that is left, and a softmax."""
    from keras import layers

    x = layers.Dropout(dropout)(layers.Flatten(name=EMBEDDING)(x))
    return layers.Softmax(name="probabilities")(layers.Dense(n_labels)(x))


def _finished(x: Any, relu: bool) -> Any:
    from keras import layers

    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    return layers.ReLU()(x) if relu else x
