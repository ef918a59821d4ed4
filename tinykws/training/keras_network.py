# SPDX-License-Identifier: Apache-2.0
"""A Keras network: created untrained or loaded from a .keras file, run on features, saved.

Features are int8 [n, n_frames, n_mels], as on the chip; Keras gets their real values, 0.0 to 25.9.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.project.frontend_settings import FEATURE_SCALE, FEATURE_ZERO_POINT
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import Cost, build_architecture, cost_of
from tinykws.training.tensorflow_import import import_tensorflow, quiet

Features = npt.NDArray[np.int8]
PREDICTION_BATCH = 1024


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


TENSORFLOW_VERSION = _version("tensorflow")
KERAS_VERSION = _version("keras")


class Network:
    """A Keras model that takes int8 features."""

    def __init__(self, model: Any) -> None:
        self.model = model

    @classmethod
    def untrained(
        cls, architecture: str, features_shape: tuple[int, int], n_labels: int, *, dropout: float = 0.0, seed: int = 0
    ) -> Network:
        """Returns an untrained network, the same for the same seed. Raises ConfigError for an unknown name."""
        import_tensorflow()
        import keras

        keras.utils.clear_session(free_memory=False)  # .keras files contain layer names; numbering starts at 1 again
        keras.utils.set_random_seed(seed)
        n_frames, n_mels = features_shape
        return cls(
            build_architecture(architecture, n_frames=n_frames, n_mels=n_mels, n_labels=n_labels, dropout=dropout)
        )

    @classmethod
    def load(cls, path: Path) -> Network:
        """Reads a .keras file. Raises ConfigError if it is missing or invalid."""
        import_tensorflow()
        import keras

        if not path.is_file():
            raise ConfigError(f"there is no trained model {path}", hint="create it with: tinykws train")
        try:
            with quiet():
                return cls(keras.saving.load_model(path, compile=False))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a trained model: {error}", hint="create it again with: tinykws train"
            ) from error

    def save(self, path: Path) -> None:
        """Writes a .keras file; the same weights give the same bytes."""
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

    def randomize_biases(self) -> None:
        """Randomizes biases and batch normalization, so that an untrained model converts to the size of a trained one.

        The converter stores constants that are all zero only once.
        """
        random = np.random.default_rng(0)
        weights = self.model.get_weights()
        self.model.set_weights(
            [values + random.uniform(0.1, 1, values.shape) if values.ndim == 1 else values for values in weights]
        )

    def inputs(self, features: Features) -> npt.NDArray[np.float32]:
        """Returns features as real values, in the shape of the model's input."""
        return real_values(features).reshape(len(features), *self.model.input_shape[1:])

    def probabilities(self, features: Features) -> npt.NDArray[np.float32]:
        """Returns float [n, n_labels]."""
        if not len(features):
            return np.empty((0, self.model.output_shape[-1]), np.float32)
        inputs = self.inputs(features)
        batches = [inputs[at : at + PREDICTION_BATCH] for at in range(0, len(inputs), PREDICTION_BATCH)]
        return np.concatenate([np.asarray(self.model(batch, training=False)) for batch in batches])


def real_values(features: Features) -> npt.NDArray[np.float32]:
    """Returns the real values of int8 features: (v + 128) * 26 / 256, as for TensorFlow's float models."""
    steps: npt.NDArray[np.float32] = features.astype(np.float32) - FEATURE_ZERO_POINT
    steps *= FEATURE_SCALE
    return steps


def _reproducible(archive: bytes) -> bytes:
    """Removes dates and memory addresses of Python objects from a .keras file, which is a zip."""
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
