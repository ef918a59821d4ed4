# SPDX-License-Identifier: Apache-2.0
"""Trains a network made for streams: every row of a segment is an example."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.project.labels import FIRST_WORD
from tinykws.project.training_settings import TrainingSettings
from tinykws.training.architectures.registry import STREAM_WIDTHS
from tinykws.training.architectures.stream_tcn import build_rows, deployed_weights, shape_for
from tinykws.training.keras_network import Network, real_values
from tinykws.training.running_mean import RunningMean, Weights
from tinykws.training.segments import SegmentMaker, Segments
from tinykws.training.trainer import EpochResult, schedule
from tinykws.training_data.augmentation.feature_warp import warped

PASSES = 3
"""How often an epoch's segments are learned, each time with other vocal tracts and masks."""
LEARNING_RATE = 0.002
WORD_WEIGHT = 5.0
"""Weight of a row that must say a word; such rows are one in twenty."""
GRADIENT_NORM = 1.0
TEACHER_SHARE = 0.7
"""Share of the loss that comes from a teacher's outputs, in rows of which it heard the sound."""
TEMPERATURE = 3.0
"""Both networks' logits are divided by this, so that the small one also learns what is hardly like the word."""
AVERAGED_SHARE = 1 / 6
"""The weights to keep are a running mean with a time constant of so much of the training …"""
AVERAGED_EVERY = 10
"""… of those after every so many steps. It hears more people than the last weights do: 4 points more in one training
(docs/notebook/hearing_people.md)."""
TAUGHT_WORD_WEIGHT = 4.0
"""A row of which the teacher is sure that it is a word weighs so much more."""


class StreamTrainer:
    """Trains one of the sizes of stream_tcn on segments."""

    def __init__(
        self,
        architecture: str,
        features_shape: tuple[int, int],
        n_labels: int,
        maker: SegmentMaker,
        settings: TrainingSettings,
        *,
        learning_rate: float = LEARNING_RATE,
        passes: int = PASSES,
    ) -> None:
        """Creates an untrained network, and begins a training of `settings.epochs` epochs, which must be set.

        Args:
            architecture: a name of STREAM_WIDTHS.
            features_shape: n_frames, n_mels of the deployed network.
            n_labels: number of outputs.
            maker: of the segments.
            settings: training settings.
            learning_rate: the highest one.
            passes: how often an epoch's segments are learned.
        """
        self._deployed = Network.untrained(architecture, features_shape, n_labels, seed=settings.seed)
        self._rows = build_rows(
            maker.n_frames,
            features_shape[1],
            n_labels,
            settings.dropout,
            width=STREAM_WIDTHS[architecture],
            shape=shape_for(features_shape[0]),
        )
        self._settings = settings
        self._passes = passes
        self._steps_per_epoch = passes * -(-maker.n_segments // settings.batch_size)
        self._gradients = self._make_gradients()
        assert settings.epochs is not None
        self.begin(settings.epochs, learning_rate)

    def begin(self, epochs: int, learning_rate: float) -> None:
        """Begins a training from the present weights: a new optimizer, whose learning rate rises, then falls to zero.

        Args:
            epochs: how many will be learned.
            learning_rate: the highest one.
        """
        steps = epochs * self._steps_per_epoch
        self._apply = self._make_apply(schedule(learning_rate, steps))
        self._mean, self._steps = RunningMean(min(1.0, AVERAGED_EVERY / (AVERAGED_SHARE * steps))), 0
        self._rng = np.random.default_rng([self._settings.seed, 3])

    @property
    def network(self) -> Network:
        """The deployed network with the weights to keep."""
        self._deployed.model.set_weights(deployed_weights(self.weights(), self._deployed.model))
        return self._deployed

    def train_epoch(self, segments: Segments) -> EpochResult:
        """Trains on an epoch's segments, each several times."""
        loss, correct, count, size = 0.0, 0.0, 0.0, self._settings.batch_size
        for _ in range(self._passes):
            order = self._rng.permutation(len(segments.features))
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                features = real_values(warped(segments.features[rows], self._settings.augmentation, self._rng))
                gradients, (step_loss, hits, counted) = self._gradients(
                    features, segments.targets[rows].astype(np.int32), self._taught(segments, rows)
                )
                self._apply(gradients)
                self._steps += 1
                if self._steps % AVERAGED_EVERY == 0:
                    self._mean.add(self._rows.get_weights())
                loss, correct, count = loss + float(step_loss), correct + float(hits), count + float(counted)
        return EpochResult(loss / count, correct / count)

    def _taught(self, segments: Segments, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Returns the teacher's logits of some segments, NaN where there are none: float32 [n, rows, n_labels]."""
        if segments.taught is not None:
            return segments.taught[rows]
        return np.full((len(rows), *self._rows.output_shape[1:]), np.nan, np.float32)

    def weights(self) -> Weights:
        """Returns a copy of the weights to keep: the mean over the last steps, or the present ones after `restore`."""
        return self._mean.weights or list(self._rows.get_weights())

    def restore(self, weights: Weights) -> None:
        """Sets weights that `weights` returned earlier, and ends the training."""
        self._rows.set_weights(weights)
        self._mean = RunningMean(1.0)

    def logits(self, features: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Returns float [n, rows, n_labels] of int8 [n, n_frames, n_mels], as long as the segments."""
        size = self._settings.batch_size
        batches = [features[start : start + size] for start in range(0, len(features), size)]
        return np.concatenate([self._rows(real_values(batch), training=False).numpy() for batch in batches])

    def _make_gradients(self) -> Any:
        """Returns a function of a batch: gradients, and the sums of losses, of correct rows and of counted rows."""
        import tensorflow

        model, variables = self._rows, self._rows.trainable_variables

        def gradients(features: Any, targets: Any, taught: Any) -> Any:
            with tensorflow.GradientTape() as tape:
                logits = model(features, training=True)
                losses = tensorflow.nn.sparse_softmax_cross_entropy_with_logits(tensorflow.maximum(targets, 0), logits)
                counted = tensorflow.cast(targets >= 0, losses.dtype)
                weights = counted * tensorflow.where(targets >= FIRST_WORD, WORD_WEIGHT, 1.0)
                of_teacher, heard = losses_of_teacher(logits, taught)
                losses = (1 - TEACHER_SHARE * heard) * weights * losses + TEACHER_SHARE * of_teacher
                loss = tensorflow.reduce_sum(losses) / tensorflow.reduce_sum(counted)
            correct = counted * tensorflow.cast(
                tensorflow.argmax(logits, axis=-1, output_type=targets.dtype) == targets, losses.dtype
            )
            sums = [tensorflow.reduce_sum(value) for value in (losses, correct, counted)]
            return tape.gradient(loss, variables), sums

        return tensorflow.function(gradients, jit_compile=True)

    def _make_apply(self, learning_rate: Any) -> Any:
        """Returns a function that lets a new optimizer take a step by gradients."""
        import keras
        import tensorflow

        variables = self._rows.trainable_variables
        optimizer = keras.optimizers.Adam(learning_rate, clipnorm=GRADIENT_NORM)
        optimizer.build(variables)
        return tensorflow.function(lambda gradients: optimizer.apply(gradients, variables))


def losses_of_teacher(logits: Any, taught: Any) -> tuple[Any, Any]:
    """Returns the distance of logits from a teacher's [n, rows, n_labels], and where there is one: both [n, rows].

    The cross-entropy of softened probabilities, less its least value, times the temperature squared: its gradients are
    then as large as those of labels (Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015).
    """
    import tensorflow

    heard = tensorflow.cast(tensorflow.math.is_finite(taught[..., 0]), logits.dtype)
    taught = tensorflow.where(tensorflow.math.is_finite(taught), taught, 0.0)
    soft = tensorflow.nn.softmax(taught / TEMPERATURE)
    distance = tensorflow.reduce_sum(
        soft * (tensorflow.nn.log_softmax(taught / TEMPERATURE) - tensorflow.nn.log_softmax(logits / TEMPERATURE)), -1
    )
    word = tensorflow.reduce_sum(tensorflow.nn.softmax(taught)[..., FIRST_WORD:], -1)
    return heard * TEMPERATURE**2 * (1 + TAUGHT_WORD_WEIGHT * word) * distance, heard
