# SPDX-License-Identifier: Apache-2.0
"""Layers that the architectures are built from; batch normalization folds into the convolutions when converted."""

from __future__ import annotations

from typing import Any

BATCH_NORM_MOMENTUM = 0.9
"""Keras's default of 0.99 needs more steps to converge than an epoch of a small dataset has."""
EMBEDDING = "embedding"
"""Name of the layer before the last one; training attaches an auxiliary word classifier to it."""
Size = tuple[int, int]
"""Along time and along frequency."""


def convolution(
    x: Any, filters: int, kernel: Size, stride: Size = (1, 1), *, relu: bool = True, padding: str = "same"
) -> Any:
    """Returns convolution, batch normalization and optional ReLU of [batch, time, frequency, channels]."""
    from keras import layers

    return _finished(layers.Conv2D(filters, kernel, stride, padding=padding, use_bias=False)(x), relu)


def pointwise(x: Any, filters: int, *, relu: bool = True) -> Any:
    """Returns a 1x1 convolution: mixes the channels at each position."""
    return convolution(x, filters, (1, 1), relu=relu)


def depthwise(x: Any, kernel: Size, stride: Size = (1, 1), *, relu: bool = True, padding: str = "same") -> Any:
    """Returns a convolution with one filter per channel. TensorFlow requires equal strides along both axes."""
    from keras import layers

    return _finished(layers.DepthwiseConv2D(kernel, stride, padding=padding, use_bias=False)(x), relu)


def mean_over_time(x: Any) -> Any:
    """Returns [batch, 1, frequency, channels]."""
    from keras import layers

    return layers.AveragePooling2D((x.shape[1], 1))(x)


def probabilities(x: Any, n_labels: int, dropout: float) -> Any:
    """Returns the end of a network: one dense layer over everything, and a softmax."""
    from keras import layers

    x = layers.Dropout(dropout)(layers.Flatten(name=EMBEDDING)(x))
    return layers.Softmax(name="probabilities")(layers.Dense(n_labels)(x))


def _finished(x: Any, relu: bool) -> Any:
    from keras import layers

    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    return layers.ReLU()(x) if relu else x
