"""micro_speech: the network that TensorFlow Lite Micro's example made known (`tiny_conv` of speech_commands).

One 10x8 convolution of 8 filters (10 frames, 8 channels), stride 2 both ways, and one dense layer. For 49x40 features
and four labels: 16,652 parameters, 336,000 multiply-accumulates. Batch normalization is an addition for training: it
folds into the convolution, so the network on the chip is upstream's.
"""

from __future__ import annotations

from typing import Any

FILTERS = 8
KERNEL = (10, 8)
STRIDE = (2, 2)
BATCH_NORM_MOMENTUM = 0.9
"""Keras's 0.99 needs more steps to settle than a small word set has in an epoch."""


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames * n_mels] to probabilities [batch, n_labels]."""
    import keras
    from keras import layers

    features = keras.Input((n_frames * n_mels,), name="features")
    x = layers.Reshape((n_frames, n_mels, 1))(features)
    x = layers.Conv2D(FILTERS, KERNEL, STRIDE, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM)(x)
    x = layers.ReLU()(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(n_labels)(x)
    return keras.Model(features, layers.Softmax(name="probabilities")(x), name="micro_speech")
