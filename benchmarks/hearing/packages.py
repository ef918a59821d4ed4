# SPDX-License-Identifier: Apache-2.0
"""The wake words that microWakeWord and openWakeWord ship in their PyPI packages, heard as those packages do it."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import importlib.util
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from hearing.detectors import Detector, ProbabilityDetector
from hearing.listening import AnyStream, Heard
from hearing.material import plain_word

from tinykws.audio.playback import Playback, playback_for
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.files import sha256_of_file

MICRO, MICRO_INSTALL = "pymicro_wakeword", "pip install pymicro-wakeword"
OPEN, OPEN_INSTALL = "openwakeword", "pip install openwakeword==0.5.1"
OPEN_STEP = 1280
"""Samples that openWakeWord takes at a time: 80 ms."""
OPEN_THRESHOLD = 0.5
"""The threshold that openWakeWord's README recommends."""
OPEN_SHARED = ("melspectrogram.onnx", "embedding_model.onnx")
"""Networks that run before each of openWakeWord's models."""
MICRO_STEP = 160
"""Samples between microWakeWord's feature frames: 10 ms."""


def micro_wake_words(names: Sequence[str]) -> list[Detector]:
    """Returns microWakeWord's models of these names, such as `hey_jarvis`; without names, all.

    Raises:
        ToolError: the package is not installed.
        ConfigError: a name is not among its models.
    """
    folder = _folder(MICRO, MICRO_INSTALL) / "models"
    files = _chosen({path.stem: path for path in sorted(folder.glob("*.json"))}, names, "microWakeWord")
    listener = MicroWakeWordListener(tuple(files.values()))
    return [
        ProbabilityDetector(
            name=f"microWakeWord {plain_word(name)}",
            words=(plain_word(name),),
            listener=listener,
            column=column,
            configured=float(json.loads(path.read_text(encoding="utf-8"))["micro"]["probability_cutoff"]),
            size_bytes=path.with_suffix(".tflite").stat().st_size,
        )
        for column, (name, path) in enumerate(files.items())
    ]


def open_wake_words(names: Sequence[str]) -> list[Detector]:
    """Returns openWakeWord's models of these names, such as `alexa`; without names, all.

    The size is that of the model and of the two networks before it.

    Raises:
        ToolError: the package is not installed, or its models are not in it (they are in 0.5.1).
        ConfigError: a name is not among its models.
    """
    folder = _folder(OPEN, OPEN_INSTALL) / "resources" / "models"
    shared = [folder / name for name in OPEN_SHARED]
    if not all(path.is_file() for path in shared):
        raise ToolError("the installed openwakeword contains no models", hint=OPEN_INSTALL)
    versioned = {path.stem.rpartition("_v")[0]: path for path in sorted(folder.glob("*_v[0-9]*.onnx"))}
    files = _chosen(versioned, names, "openWakeWord")
    listener = OpenWakeWordListener(tuple(files), (*files.values(), *shared))
    before = sum(path.stat().st_size for path in shared)
    return [
        ProbabilityDetector(
            name=f"openWakeWord {plain_word(name)}",
            words=(plain_word(name),),
            listener=listener,
            column=column,
            configured=OPEN_THRESHOLD,
            size_bytes=path.stat().st_size + before,
        )
        for column, (name, path) in enumerate(files.items())
    ]


@dataclasses.dataclass(frozen=True)
class MicroWakeWordListener:
    """microWakeWord's features every 10 ms, a model step every few of them, the mean of the last probabilities."""

    configs: tuple[Path, ...]

    @property
    def identity(self) -> str:
        """The models, their settings, and the version of the package."""
        files = [path for config in self.configs for path in (config, config.with_suffix(".tflite"))]
        return _identity(MICRO, files)

    def listen(self, stream: AnyStream) -> Heard:
        """Returns float32 probabilities [n, models], each the mean over the model's sliding window."""
        from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures

        with contextlib.redirect_stdout(io.StringIO()):  # from_config prints
            models = [MicroWakeWord.from_config(config) for config in self.configs]
        features, playback = MicroWakeWordFeatures(), _playback()
        latest = [0.0] * len(models)
        times, rows = [], []
        for number, block in enumerate(_blocks(playback.pieces(stream), MICRO_STEP), start=1):
            for frame in features.process_streaming(block.tobytes()):
                latest = [_probability(model, frame, before) for model, before in zip(models, latest, strict=True)]
                times.append(number * MICRO_STEP * 1000 // SAMPLE_RATE_HZ)
                rows.append(latest)
        return _heard(times, rows, len(models), playback)


@dataclasses.dataclass(frozen=True)
class OpenWakeWordListener:
    """openWakeWord's models on top of its speech embedding, every 80 ms."""

    names: tuple[str, ...]
    files: tuple[Path, ...]
    """All networks."""

    @property
    def identity(self) -> str:
        """The models and the version of the package."""
        return _identity(OPEN, self.files)

    def listen(self, stream: AnyStream) -> Heard:
        """Returns float32 probabilities [n, models]; of a model of several classes, the highest."""
        from openwakeword.model import Model

        np.random.seed(0)  # the package fills its history of embeddings with those of random noise
        model, playback = Model(wakeword_models=list(self.names), inference_framework="onnx"), _playback()
        outputs = {name: _outputs(model, name) for name in self.names}
        times, rows = [], []
        for number, block in enumerate(_blocks(playback.pieces(stream), OPEN_STEP), start=1):
            heard = model.predict(block)
            times.append(number * OPEN_STEP * 1000 // SAMPLE_RATE_HZ)
            rows.append([max(float(heard[output]) for output in outputs[name]) for name in self.names])
        return _heard(times, rows, len(self.names), playback)


def _probability(model: Any, frame: npt.NDArray[Any], before: float) -> float:
    """Returns a model's probability after a feature frame; it changes only when the model has run.

    The package returns 0 for frames that it only collects, so that its own detector is silent between two steps.
    """
    collected = len(model._features) + 1
    probability = float(model.process_streaming_prob(frame))
    return probability if collected >= model.stride else before


def _outputs(model: Any, name: str) -> list[str]:
    classes = list(model.class_mapping[name].values())
    return [name] if len(classes) == 1 else classes


def _heard(times: Sequence[int], rows: Sequence[Sequence[float]], n_models: int, playback: Playback) -> Heard:
    scores = np.array(rows, np.float32).reshape(-1, n_models)
    return Heard(np.array(times, np.uint32), scores, playback.lead_in_ms)


def _playback() -> Playback:
    """Returns how a stream is played: as to a bundle with the default settings."""
    return playback_for(FrontendSettings(), DetectorSettings())


def _blocks(pieces: Iterable[Samples], size: int) -> Iterator[Samples]:
    """Yields int16 [size] blocks of consecutive pieces; what is left at the end is dropped."""
    left = np.zeros(0, np.int16)
    for piece in pieces:
        joined = np.concatenate([left, piece])
        whole = joined.size // size * size
        yield from joined[:whole].reshape(-1, size)
        left = joined[whole:]


def _folder(package: str, install: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ToolError(f"the package {package} is not installed", hint=install)
    return Path(found.origin).parent


def _chosen(models: dict[str, Path], names: Sequence[str], project: str) -> dict[str, Path]:
    by_word = {plain_word(name): name for name in models}
    unknown = [name for name in names if plain_word(name) not in by_word]
    if unknown:
        raise ConfigError(f"{project} has no model {', '.join(unknown)}", hint=f"it has {', '.join(models)}")
    chosen = [by_word[plain_word(name)] for name in names] or list(models)
    return {name: models[name] for name in dict.fromkeys(chosen)}


def _identity(package: str, files: Sequence[Path]) -> str:
    version = importlib.metadata.version(package.replace("_", "-"))
    return f"{package} {version} {[sha256_of_file(path) for path in files]}"
