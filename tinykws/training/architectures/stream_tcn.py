# SPDX-License-Identifier: Apache-2.0
"""stream_tcn: depthwise-separable temporal convolutions without padding, for networks that listen to a stream.

Nothing is padded in time, so a row of any layer depends on the sound only and not on where the model's input begins:
when the input moves on, all rows but the newest are the same as before. The aot engine finds that by itself
(aot/scheduling/overlap.py) and computes one row per layer. And in training, a network over a longer sound gives one
output for each row, so that seconds of speech are learned at the cost of one pass (`build_rows`).

The first BODY_BLOCKS blocks see 0.75 s, enough for a syllable or two, and do not depend on the length of the input. The
last ones are as long as it takes to see all of the input, however long the words are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tinykws.support.errors import ConfigError
from tinykws.training.architectures.blocks import convolution, depthwise, pointwise, probabilities

FIRST_TAPS = 5
STRIDE = 2
"""Frames per row."""
BODY_BLOCKS = 4
BODY_TAPS = 5
TAIL_BLOCKS = 3
ROWS_MOMENTUM = 0.97
"""Of batch normalization in training: a step sees thousands of rows, but rows of few segments."""
LOGITS_SCALE = 0.5
"""The deployed network's logits are the trained ones times this. An int8 probability ends at 255/256, but a detector
must tell a very sure network from one that is merely sure."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """The layers of a network that sees `n_frames`."""

    n_frames: int
    taps: tuple[int, ...]
    """Kernel length of each block, in rows."""

    def rows(self, n_frames: int) -> int:
        """Returns the number of outputs over a longer input."""
        return (n_frames - self.n_frames) // STRIDE + 1


def shape_for(n_frames: int) -> Shape:
    """Returns layers that leave one row: it sees the whole input, or all but its last frame.

    Raises:
        ConfigError: the input is too short for the first layer.
    """
    if n_frames < FIRST_TAPS:
        raise ConfigError(
            f"stream_tcn needs at least {FIRST_TAPS} frames of features; these clips have {n_frames}",
            hint="raise clip_ms in kws.yaml: features: {clip_ms: 1000}",
        )
    left = (n_frames - FIRST_TAPS) // STRIDE
    taps = []
    for _ in range(BODY_BLOCKS):
        taps.append(1 + min(left, BODY_TAPS - 1))
        left -= taps[-1] - 1
    longer = left % TAIL_BLOCKS
    return Shape(n_frames, (*taps, *(1 + left // TAIL_BLOCKS + (block < longer) for block in range(TAIL_BLOCKS))))


def build(n_frames: int, n_mels: int, n_labels: int, dropout: float, *, width: int) -> Any:
    """Returns the deployed Keras model: float [batch, n_frames, 1, n_mels] to probabilities [batch, n_labels]."""
    import keras

    features = keras.Input((n_frames, 1, n_mels), name="features")
    x = convolution(features, width, (FIRST_TAPS, 1), (STRIDE, STRIDE), padding="valid")
    for taps in shape_for(n_frames).taps:
        x = pointwise(depthwise(x, (taps, 1), relu=False, padding="valid"), width)
    return keras.Model(features, probabilities(x, n_labels, dropout), name="stream_tcn")


def build_rows(n_frames: int, n_mels: int, n_labels: int, dropout: float, *, width: int, shape: Shape) -> Any:
    """Returns the same network for training: float [batch, n_frames, n_mels] to logits [batch, rows, n_labels].

    Its weights are those of `build`, in the same order and with as many values (`deployed_weights`).

    Args:
        n_frames: frames of the training segments.
        n_mels: channels.
        n_labels: outputs of each row.
        dropout: share of the values before the last layer that dropout sets to zero.
        width: channels of all layers.
        shape: the layers, as for the deployed network.
    """
    import keras
    from keras import layers

    features = keras.Input((n_frames, n_mels), name="features")
    x = layers.Conv1D(width, FIRST_TAPS, STRIDE, use_bias=False)(features)
    x = layers.ReLU()(layers.BatchNormalization(momentum=ROWS_MOMENTUM)(x))
    for taps in shape.taps:
        x = layers.BatchNormalization(momentum=ROWS_MOMENTUM)(_depthwise_over_time(taps)(x))
        x = layers.BatchNormalization(momentum=ROWS_MOMENTUM)(layers.Dense(width, use_bias=False)(x))
        x = layers.ReLU()(x)
    logits = layers.Dense(n_labels)(layers.Dropout(dropout)(x))
    return keras.Model(features, logits, name="stream_tcn_rows")


def deployed_weights(weights: Sequence[Any], deployed: Any) -> list[Any]:
    """Returns weights of a network of `build_rows` for one of `build`: same order, the layouts of 2-D layers.

    The last layer's are scaled by LOGITS_SCALE.
    """
    wanted = deployed.get_weights()
    values = [weight.reshape(like.shape) for weight, like in zip(weights, wanted, strict=True)]
    return [*values[:-2], *(LOGITS_SCALE * values[at] for at in (-2, -1))]


def _depthwise_over_time(taps: int) -> Any:
    """Returns a depthwise convolution over time as a sum of shifted products.

    On a PC its gradient is computed many times faster than that of TensorFlow's depthwise convolution.
    """
    import keras
    import tensorflow

    class DepthwiseOverTime(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
        def build(self, shape: Any) -> None:
            deviation = taps**-0.5
            self.kernel = self.add_weight(
                name="kernel", shape=(taps, shape[-1]), initializer=keras.initializers.RandomNormal(stddev=deviation)
            )

        def call(self, x: Any) -> Any:
            rows = x.shape[1] - taps + 1
            return tensorflow.add_n([x[:, at : at + rows] * self.kernel[at] for at in range(taps)])

    return DepthwiseOverTime()
