# SPDX-License-Identifier: Apache-2.0
"""Keras: trains a network on features, keeps it in a file, asks it for probabilities.

Features come as the chip has them, int8 [n, n_frames, n_mels]; what Keras sees is their real value, 0.0 to 25.9.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.project.frontend_settings import FEATURE_SCALE, FEATURE_ZERO_POINT
from tinykws.project.training_settings import TrainingSettings
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.blocks import EMBEDDING
from tinykws.training.architectures.registry import Cost, build_architecture, cost_of
from tinykws.training.tensorflow_import import import_tensorflow, quiet

Features = npt.NDArray[np.int8]
PREDICTION_BATCH = 1024
WARM_UP = 0.05
"""Part of all steps in which the learning rate rises to its full height; after it, half a cosine falls to zero."""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


TENSORFLOW_VERSION = _version("tensorflow")
KERAS_VERSION = _version("keras")


@dataclasses.dataclass(frozen=True)
class Fit:
    """How well the network did on what it was just shown."""

    loss: float
    accuracy: float


class Network:
    """A Keras model that takes int8 features."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @classmethod
    def untrained(
        cls, architecture: str, features_shape: tuple[int, int], n_labels: int, *, dropout: float = 0.0, seed: int = 0
    ) -> Network:
        """Returns a fresh network; the same seed gives the same weights. Raises ConfigError for an unknown name."""
        import_tensorflow()
        import keras

        keras.utils.clear_session(free_memory=False)  # layers' names, which .keras files hold, count from 1 again
        keras.utils.set_random_seed(seed)
        n_frames, n_mels = features_shape
        return cls(
            build_architecture(architecture, n_frames=n_frames, n_mels=n_mels, n_labels=n_labels, dropout=dropout)
        )

    @classmethod
    def load(cls, path: Path) -> Network:
        """Reads a .keras file. Raises ConfigError where it is missing or not one."""
        import_tensorflow()
        import keras

        if not path.is_file():
            raise ConfigError(f"there is no trained model {path}", hint="make it: tinykws train")
        try:
            with quiet():
                return cls(keras.saving.load_model(path, compile=False))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} is no trained model: {error}", hint="make it again: tinykws train") from error

    def save(self, path: Path) -> None:
        """Writes a .keras file, the same bytes for the same weights."""
        buffer = path.with_name(f"{path.stem}-dated.keras")
        try:
            with quiet():
                self.model.save(buffer)
            path.write_bytes(_reproducible(buffer.read_bytes()))
        finally:
            buffer.unlink(missing_ok=True)

    @property
    def cost(self) -> Cost:
        """Parameters and multiply-accumulates on the chip."""
        return cost_of(self.model)

    def give_every_channel_a_bias(self) -> None:
        """Moves what belongs to whole channels, as training does: of constants that are all zero, files keep one."""
        random = np.random.default_rng(0)
        weights = self.model.get_weights()
        self.model.set_weights(
            [values + random.uniform(0.1, 1, values.shape) if values.ndim == 1 else values for values in weights]
        )

    def inputs(self, features: Features) -> npt.NDArray[np.float32]:
        """Returns features as the model takes them: real values in its input's shape."""
        return real_values(features).reshape(len(features), *self.model.input_shape[1:])

    def probabilities(self, features: Features) -> npt.NDArray[np.float32]:
        """Returns float [n, n_labels]."""
        if not len(features):
            return np.empty((0, self.model.output_shape[-1]), np.float32)
        inputs = self.inputs(features)
        batches = [inputs[at : at + PREDICTION_BATCH] for at in range(0, len(inputs), PREDICTION_BATCH)]
        return np.concatenate([np.asarray(self.model(batch, training=False)) for batch in batches])


class Trainer:
    """A network that learns, epoch by epoch, from clips and, where there is one, from a teacher.

    Beside the labels it learns to tell the words of the training clips apart, those among the unknown ones too (`go`
    and `down` are no `no`). The layer that does so is not part of the network that is kept.
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
        """Makes a fresh network that will learn `settings.epochs` epochs, which must be known by now.

        Args:
            architecture: which.
            features_shape: frames and channels.
            n_labels: outputs.
            n_clips: that an epoch has.
            settings: how to train.
            n_words: that the training clips are of; 0 where they are not known.
            teacher: a better network, whose probabilities are learned too.
        """
        self.network = Network.untrained(
            architecture, features_shape, n_labels, dropout=settings.dropout, seed=settings.seed
        )
        self._settings = settings
        self._teacher = teacher
        self._with_words = _with_words(self.network.model, n_words)
        assert settings.epochs is not None
        steps = settings.epochs * -(-n_clips // settings.batch_size)
        self._step = self._make_step(_schedule(settings.learning_rate, steps))

    def learn(
        self,
        features: Features,
        label_ids: npt.NDArray[np.int64],
        weights: npt.NDArray[np.float32],
        word_ids: npt.NDArray[np.int64] | None = None,
    ) -> Fit:
        """Shows the network one epoch's clips in the order given.

        Args:
            features: int8 [n, n_frames, n_mels].
            label_ids: int [n].
            weights: float [n], how much each clip counts.
            word_ids: int [n], -1 where the word is not known; None where none is.
        """
        inputs = self.network.inputs(features)
        words = np.full(len(label_ids), -1) if word_ids is None else word_ids
        targets = self._targets(features, label_ids)
        losses, right = 0.0, 0.0
        for start in range(0, len(inputs), self._settings.batch_size):
            at = slice(start, start + self._settings.batch_size)
            loss, found = self._step(inputs[at], targets[at], label_ids[at], weights[at], words[at])
            losses += float(loss)
            right += float(found)
        return Fit(losses / float(weights.sum()), right / float(weights.sum()))

    def weights(self) -> list[npt.NDArray[Any]]:
        """Returns a copy of all weights."""
        return [np.array(variable.value.numpy()) for variable in self.network.model.weights]

    def restore(self, weights: list[npt.NDArray[Any]]) -> None:
        """Goes back to weights taken earlier."""
        self.network.model.set_weights(weights)

    def _targets(self, features: Features, label_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Returns float [n, n_labels]: the truth, and the teacher's opinion by its share."""
        truth = np.eye(self.network.model.output_shape[-1], dtype=np.float32)[label_ids]
        if self._teacher is None:
            return truth
        share = self._settings.distill
        return np.asarray((1 - share) * truth + share * self._teacher.probabilities(features), np.float32)

    def _make_step(self, learning_rate: Any) -> Any:
        """Returns the function that learns from one batch, and tells the sums of weighted losses and of right ones."""
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
            right = tensorflow.cast(tensorflow.argmax(probabilities, axis=1) == label_ids, losses.dtype)
            return tensorflow.reduce_sum(losses), tensorflow.reduce_sum(weights * right)

        return tensorflow.function(step)


def _with_words(model: Any, n_words: int) -> Any:
    """Returns the model with a second output, the logits of words, computed from what its last layer sees."""
    import keras

    seen = model.get_layer(EMBEDDING).output
    return keras.Model(model.input, [model.output, keras.layers.Dense(max(1, n_words), name="words")(seen)])


def real_values(features: Features) -> npt.NDArray[np.float32]:
    """Returns what int8 features stand for: (v + 128) * 26 / 256, as upstream's float models see them."""
    steps: npt.NDArray[np.float32] = features.astype(np.float32) - FEATURE_ZERO_POINT
    steps *= FEATURE_SCALE
    return steps


def _schedule(peak: float, steps: int) -> Any:
    import keras

    warm_up = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=peak, warmup_steps=warm_up
    )


def _reproducible(archive: bytes) -> bytes:
    """A .keras file is a zip that tells when it was made, and where in memory Python had its objects."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(result, "w") as new:
        for name in sorted(old.namelist()):
            data = old.read(name)
            if name.endswith(".json"):
                data = json.dumps(json.loads(data, object_hook=_without_incidentals)).encode()
            new.writestr(zipfile.ZipInfo(name), data)
    return result.getvalue()


def _without_incidentals(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in ("date_saved", "shared_object_id")}
