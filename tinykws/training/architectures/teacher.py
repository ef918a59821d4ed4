# SPDX-License-Identifier: Apache-2.0
"""teacher: a large network for distillation, from which a small one learns in training; never deployed to a chip.

ds_tcn with twice the width, longer filters, one more block, and a residual connection around each block.
"""

from __future__ import annotations

from typing import Any

from tinykws.training.architectures.blocks import depthwise, mean_over_time, pointwise, probabilities

WIDTH = 96
FIRST_TAPS = 5
FIRST_STRIDE = 2
BLOCKS = 5
TAPS = 9


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float) -> Any:
    """Returns the Keras model: float [batch, n_frames, 1, n_mels] to probabilities [batch, n_labels]."""
    import keras
    from keras import layers

    features = keras.Input((n_frames, 1, n_mels), name="features")
    stride = (FIRST_STRIDE, FIRST_STRIDE)
    x = pointwise(depthwise(features, (FIRST_TAPS, 1), stride, relu=False), WIDTH)
    for _ in range(BLOCKS):
        change = pointwise(depthwise(x, (TAPS, 1), relu=False), WIDTH, relu=False)
        x = layers.ReLU()(layers.Add()([x, change]))
    return keras.Model(features, probabilities(mean_over_time(x), n_labels, dropout), name="teacher")
