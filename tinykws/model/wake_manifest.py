# SPDX-License-Identifier: Apache-2.0
"""Reads a microWakeWord manifest: the JSON file beside a streaming wake word model, as ESPHome takes it (version 2).

    {"type": "micro", "version": 2, "wake_word": "Okay Nabu", "model": "okay_nabu.tflite", …,
     "micro": {"feature_step_size": 10, "sliding_window_size": 5, "probability_cutoff": 0.85,
               "tensor_arena_size": 37000, "minimum_esphome_version": "2024.7.0"}}

A manifest comes from a stranger: the model's name must be that of a file beside it, and every number has limits. Keys
that are not needed here are ignored. What the numbers mean is read in ESPHome's micro_wake_word component.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tinykws.aot.reader.graph import Graph
from tinykws.model.bundle_checks import MAX_ARENA_BYTES, MAX_MODEL_BYTES, require_inside
from tinykws.model.bundle_checks import read_inside as read_beside
from tinykws.project.detector_settings import MOST_AVERAGE_WINDOW_MS, SLIDING_MEAN, DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import Label, labels_of_words
from tinykws.support.errors import ConfigError
from tinykws.support.json_text import parse_json
from tinykws.support.safe_text import visible_line

MAX_MANIFEST_BYTES = 1 << 16
SUFFIX = ".json"
WINDOW_MS = 30
"""Length of ESPHome's analysis window."""
COOL_OFF_FRAMES = 100
"""MIN_SLICES_BEFORE_DETECTION of ESPHome's streaming_model.h: frames below the cutoff before a wake word can be
detected, after a start and after a detection."""
CUTOFF_STEPS = 255
"""ESPHome's cutoff is int(probability_cutoff * 255)."""
MOST_SLIDING_WINDOW = 255


@dataclasses.dataclass(frozen=True)
class WakeManifest:
    """A manifest of version 2, checked."""

    path: Path
    wake_word: str
    model: str
    """Name of the .tflite in the manifest's folder."""
    feature_step_ms: int
    """Time from one frame of features to the next."""
    sliding_window_size: int
    """How many probabilities are averaged."""
    probability_cutoff: float
    """0 to 1; their average must be above it."""
    tensor_arena_bytes: int
    """Size of the arena that ESPHome gives to TFLite Micro."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """Silence, unknown, and the wake word. Raises ConfigError if that cannot be a word."""
        return labels_of_words([self.wake_word])

    def model_bytes(self) -> bytes:
        """Returns the .tflite. Raises ConfigError if it is missing, outside the folder, or too large."""
        try:
            return read_beside(self.path.parent, self.model, MAX_MODEL_BYTES)
        except OSError as error:
            raise ConfigError(
                f"{self.path}: cannot read its model {self.model}: {error.strerror}",
                hint="the manifest and its .tflite must be in one folder",
            ) from error

    def frontend_for(self, graph: Graph) -> FrontendSettings:
        """Returns the front-end of a model: ESPHome's, with as many frames as the model takes at once.

        Raises:
            ConfigError: the input is not [1, frames, channels].
        """
        frontend, shape = FrontendSettings(stride_ms=self.feature_step_ms, tables="c_library"), graph.input.shape
        if len(shape) != 3 or shape[0] != 1 or shape[2] != frontend.n_mels:
            raise ConfigError(f"the model's input is {list(shape)}, not [1, frames, {frontend.n_mels}]")
        return dataclasses.replace(frontend, clip_ms=WINDOW_MS + (shape[1] - 1) * self.feature_step_ms)

    def detector_for(self, frontend: FrontendSettings) -> DetectorSettings:
        """Returns ESPHome's rule with the manifest's numbers (kws_sliding_mean)."""
        stride_ms = frontend.n_frames * frontend.stride_ms
        window_ms = self.sliding_window_size * stride_ms
        if window_ms > MOST_AVERAGE_WINDOW_MS:
            raise ConfigError(
                f"{self.path}: {self.sliding_window_size} probabilities {stride_ms} ms apart are {window_ms} ms;"
                f" {MOST_AVERAGE_WINDOW_MS} ms is the most"
            )
        return DetectorSettings(
            average_window_ms=window_ms,
            threshold=int(self.probability_cutoff * CUTOFF_STEPS),
            suppression_ms=COOL_OFF_FRAMES * frontend.stride_ms,
            minimum_count=self.sliding_window_size,
            inference_stride_ms=stride_ms,
            kind=SLIDING_MEAN,
        )


def cutoff_of(threshold: int) -> float:
    """Returns the shortest `probability_cutoff`, up to three decimals, that ESPHome takes for a threshold 0 to 255."""
    for decimals in (1, 2, 3):
        steps = 10**decimals
        cutoff = -(-threshold * steps // CUTOFF_STEPS) / steps
        if int(cutoff * CUTOFF_STEPS) == threshold and cutoff <= 1:
            return cutoff
    return threshold / CUTOFF_STEPS


def read_manifest(path: Path) -> WakeManifest:
    """Reads and checks a manifest.

    Raises:
        ConfigError: it is missing, is not JSON, not a manifest of version 2, or a value is out of range; says which.
    """
    values = _read(path)
    where = f"{path}: "
    if values.get("type") != "micro" or values.get("version") != 2:
        raise ConfigError(
            f"{where}it is not a microWakeWord manifest of version 2",
            hint='it must say "type": "micro" and "version": 2; a model of version 1 runs on other features',
        )
    micro = values.get("micro")
    if not isinstance(micro, dict):
        raise ConfigError(f'{where}it has no object "micro"', hint="give the manifest that came with the model")
    word, model = _text(values, "wake_word", where), _text(values, "model", where)
    _check_name(model, where)
    require_inside(path.parent, model)
    manifest = WakeManifest(
        path,
        word,
        model,
        feature_step_ms=_integer(micro, "feature_step_size", where, 5, WINDOW_MS),
        sliding_window_size=_integer(micro, "sliding_window_size", where, 1, MOST_SLIDING_WINDOW),
        probability_cutoff=_share(micro, "probability_cutoff", where),
        tensor_arena_bytes=_integer(micro, "tensor_arena_size", where, 1, MAX_ARENA_BYTES),
    )
    try:
        manifest.labels  # noqa: B018
    except ConfigError as error:
        raise ConfigError(f"{where}wake_word: {error.message}", hint=error.hint) from error
    return manifest


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
        if len(data) > MAX_MANIFEST_BYTES:
            raise ConfigError(f"{path} has more than {MAX_MANIFEST_BYTES:,} bytes: it is not a manifest")
        values = parse_json(data.decode())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON", hint="give the .json file that came with the .tflite") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} is not a JSON object", hint="give the .json file that came with the .tflite")
    return values


def _text(values: dict[str, Any], key: str, where: str) -> str:
    value = values.get(key)
    if not isinstance(value, str):
        raise ConfigError(f"{where}{key} is {_shown(value)}, not text")
    return value


def _check_name(name: str, where: str) -> None:
    """Raises ConfigError unless it is the plain name of a file."""
    is_plain = name and name not in (".", "..") and not any(mark in name for mark in "/\\:\0")
    if not is_plain or not name.isprintable() or len(name) > 100:
        raise ConfigError(
            f"{where}model is {_shown(name)}, not the name of a file beside it",
            hint="download the .tflite into the manifest's folder, and name it there",
        )


def _integer(values: dict[str, Any], key: str, where: str, least: int, most: int) -> int:
    value = values.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(f"{where}micro: {key} is {_shown(value)}, not a whole number from {least} to {most}")
    return value


def _share(values: dict[str, Any], key: str, where: str) -> float:
    value = values.get(key)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ConfigError(f"{where}micro: {key} is {_shown(value)}, not a number from 0 to 1")
    return float(value)


def _shown(value: object) -> str:
    return "missing" if value is None else visible_line(repr(value), 60)
