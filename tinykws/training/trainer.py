# SPDX-License-Identifier: Apache-2.0
"""Trains a network epoch by epoch: on labels, on a teacher's probabilities, and on an auxiliary word classifier."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.project.training_settings import TrainingSettings
from tinykws.training.architectures.blocks import EMBEDDING
from tinykws.training.keras_network import Features, Network

WARM_UP_SHARE = 0.05
"""Share of all steps in which the learning rate rises linearly; then it falls to zero along half a cosine."""


@dataclasses.dataclass(frozen=True)
class EpochResult:
    """Weighted means over the clips of an epoch, while the network learned from them."""

    loss: float
    accuracy: float


class Trainer:
    """Trains a network from clips and, optionally, from a teacher network.

    An auxiliary output learns to classify the individual words of the training clips, including unknown words (`go`,
    `down`). This output is not part of the network that is saved.
    """

    def __init__(
        self,
        architecture: str,
        features_shape: tuple[int, int],
        n_labels: int,
        n_clips: int,
        settings: TrainingSettings,
        *,
        n_words: int = 0,
        teacher: Network | None = None,
    ) -> None:
        """Creates an untrained network and a learning rate schedule for `settings.epochs` epochs, which must be set.

        Args:
            architecture: name of the architecture.
            features_shape: n_frames, n_mels.
            n_labels: number of outputs.
            n_clips: clips per epoch.
            settings: training settings.
            n_words: number of different words in the training clips; 0 if not known.
            teacher: a larger trained network whose probabilities are learned too (distillation).
        """
        self.network = Network.untrained(
            architecture, features_shape, n_labels, dropout=settings.dropout, seed=settings.seed
        )
        self._settings = settings
        self._teacher = teacher
        self._with_words = _with_words(self.network.model, n_words)
        assert settings.epochs is not None
        steps = settings.epochs * -(-n_clips // settings.batch_size)
        self._step = self._make_step(schedule(settings.learning_rate, steps))

    def train_epoch(
        self,
        features: Features,
        label_ids: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float32],
        word_ids: npt.NDArray[np.int64] | None = None,
    ) -> EpochResult:
        """Trains on one epoch's clips in the given order.

        Args:
            features: int8 [n, n_frames, n_mels].
            label_ids: int [n].
            weights: float [n], weight of each clip in the loss.
            word_ids: int [n], -1 for unknown; None if all are unknown.
        """
        inputs = self.network.inputs(features)
        words = np.full(len(label_ids), -1) if word_ids is None else word_ids
        targets = self._targets(features, label_ids)
        losses, correct = 0.0, 0.0
        for start in range(0, len(inputs), self._settings.batch_size):
            at = slice(start, start + self._settings.batch_size)
            loss, hits = self._step(inputs[at], targets[at], label_ids[at], weights[at], words[at])
            losses += float(loss)
            correct += float(hits)
        return EpochResult(losses / float(weights.sum()), correct / float(weights.sum()))

    def weights(self) -> list[npt.NDArray[Any]]:
        """Returns a copy of all weights."""
        return [np.array(variable.value.numpy()) for variable in self.network.model.weights]

    def restore(self, weights: list[npt.NDArray[Any]]) -> None:
        """Sets weights that `weights` returned earlier."""
        self.network.model.set_weights(weights)

    def _targets(self, features: Features, label_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Returns target probabilities, float [n, n_labels]: the labels mixed with the teacher's probabilities."""
        truth = np.eye(self.network.model.output_shape[-1], dtype=np.float32)[label_ids]
        if self._teacher is None:
            return truth
        share = self._settings.distill
        return np.asarray((1 - share) * truth + share * self._teacher.probabilities(features), np.float32)

    def _make_step(self, learning_rate: Any) -> Any:
        """Returns a function that trains on one batch and returns the weighted sums of losses and correct clips."""
        import keras
        import tensorflow

        model, variables = self._with_words, self._with_words.trainable_variables
        optimizer = keras.optimizers.Adam(learning_rate)
        optimizer.build(variables)
        word_weight = self._settings.word_loss

        def step(inputs: Any, targets: Any, label_ids: Any, weights: Any, word_ids: Any) -> Any:
            with tensorflow.GradientTape() as tape:
                probabilities, words = model(inputs, training=True)
                losses = weights * keras.losses.categorical_crossentropy(targets, probabilities)
                known = tensorflow.cast(word_ids >= 0, losses.dtype)
                word_losses = known * keras.losses.sparse_categorical_crossentropy(
                    tensorflow.maximum(word_ids, 0), words, from_logits=True
                )
                loss = tensorflow.reduce_mean(losses + word_weight * word_losses)
            optimizer.apply(tape.gradient(loss, variables), variables)
            correct = tensorflow.cast(tensorflow.argmax(probabilities, axis=1) == label_ids, losses.dtype)
            return tensorflow.reduce_sum(losses), tensorflow.reduce_sum(weights * correct)

        return tensorflow.function(step)


def _with_words(model: Any, n_words: int) -> Any:
    """Returns the model with a second output, the logits of words, computed from the input of its last layer."""
    import keras

    embedding = model.get_layer(EMBEDDING).output
    return keras.Model(model.input, [model.output, keras.layers.Dense(max(1, n_words), name="words")(embedding)])


def schedule(peak: float, steps: int) -> Any:
    """Returns a learning rate that rises to `peak`, then falls to zero over `steps`."""
    import keras

    warm_up = max(1, round(WARM_UP_SHARE * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=peak, warmup_steps=warm_up
    )
