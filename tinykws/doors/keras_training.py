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

from tinykws.architectures import Cost, build_architecture, cost_of
from tinykws.config import TrainingSettings
from tinykws.doors.quiet import import_tensorflow, quiet
from tinykws.errors import ConfigError
from tinykws.frontend import FEATURE_SCALE, FEATURE_ZERO_POINT

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
    """A network that learns, epoch by epoch."""

    def __init__(
        self,
        architecture: str,
        features_shape: tuple[int, int],
        n_labels: int,
        n_clips: int,
        settings: TrainingSettings,
    ) -> None:
        import_tensorflow()
        import keras

        keras.utils.clear_session(free_memory=False)  # layers' names, which .keras files hold, count from 1 again
        keras.utils.set_random_seed(settings.seed)
        n_frames, n_mels = features_shape
        model = build_architecture(
            architecture, n_frames=n_frames, n_mels=n_mels, n_labels=n_labels, dropout=settings.dropout
        )
        steps = settings.epochs * -(-n_clips // settings.batch_size)
        model.compile(
            optimizer=keras.optimizers.Adam(_schedule(settings.learning_rate, steps)),
            loss="sparse_categorical_crossentropy",
            weighted_metrics=["accuracy"],
            jit_compile=False,
        )
        self.network = Network(model)
        self._batch_size = settings.batch_size

    def learn(self, features: Features, label_ids: npt.NDArray[np.int64], weights: npt.NDArray[np.float32]) -> Fit:
        """Shows the network one epoch's clips in the order given; weights say how much each counts."""
        history = self.network.model.fit(
            self.network.inputs(features),
            label_ids,
            sample_weight=weights,
            batch_size=self._batch_size,
            shuffle=False,
            verbose=0,
        ).history
        return Fit(float(history["loss"][-1]), float(history["accuracy"][-1]))

    def weights(self) -> list[npt.NDArray[Any]]:
        """Returns a copy of all weights."""
        return [np.array(variable.value.numpy()) for variable in self.network.model.weights]

    def restore(self, weights: list[npt.NDArray[Any]]) -> None:
        """Goes back to weights taken earlier."""
        self.network.model.set_weights(weights)


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
