# SPDX-License-Identifier: Apache-2.0
"""micro_speech: the network of TensorFlow Lite Micro's example of that name (`tiny_conv` of speech_commands).

One 10x8 convolution of 8 filters (10 frames, 8 channels), stride 2 along both axes, and one dense layer. For 49x40
features and four labels: 16,652 parameters, 336,000 multiply-accumulates. Batch normalization is added for training: it
folds into the convolution, so the network on the chip is the same as TensorFlow's.
"""

from __future__ import annotations

from typing import Any

from tinykws.training.architectures.blocks import convolution, probabilities

FILTERS = 8
KERNEL = (10, 8)
STRIDE = (2, 2)


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames * n_mels] to probabilities [batch, n_labels]."""
    import keras
    from keras import layers

    features = keras.Input((n_frames * n_mels,), name="features")
    x = layers.Reshape((n_frames, n_mels, 1))(features)
    x = convolution(x, FILTERS, KERNEL, STRIDE)
    return keras.Model(features, probabilities(x, n_labels, dropout), name="micro_speech")
