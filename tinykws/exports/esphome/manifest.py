# SPDX-License-Identifier: Apache-2.0
"""The manifest of a model for ESPHome's micro_wake_word, version 2.

ESPHome refuses any key that is not in its schema (esphome/components/micro_wake_word/__init__.py, MANIFEST_SCHEMA_V2),
with a message that does not name the manifest. So there is nothing else in it; what was measured is in report.json.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from typing import Any

from tinykws.evaluation.sliding_mean import SlidingMean

STEP_MS = 10
"""Frames of all models that a device runs together; that of the models which ESPHome offers."""
MINIMUM_ESPHOME_VERSION = "2024.7.0"
"""The first version that reads manifests of version 2."""
VAD = "vad"
"""A model of this name is a voice activity detector for ESPHome, not a wake word."""
LONGEST_STEP_MS = 30
MOST_WINDOW = 1 << 16


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What a manifest says of one word's model."""

    wake_word: str
    model: str
    """File name of the .tflite, beside the manifest."""
    author: str
    languages: tuple[str, ...]
    rule: SlidingMean
    arena_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Returns the JSON object."""
        return {
            "type": "micro",
            "wake_word": self.wake_word,
            "author": self.author,
            "model": self.model,
            "trained_languages": list(self.languages),
            "version": 2,
            "micro": {
                "feature_step_size": STEP_MS,
                "tensor_arena_size": self.arena_bytes,
                "probability_cutoff": self.rule.probability_cutoff,
                "sliding_window_size": self.rule.window,
                "minimum_esphome_version": MINIMUM_ESPHOME_VERSION,
            },
        }


Check = Callable[[Any], str | None]
"""Returns what is wrong with a value, None if nothing."""


def manifest_faults(values: Any) -> list[str]:
    """Returns why ESPHome would refuse a manifest's values, or never detect anything with them."""
    if not isinstance(values, dict):
        return ["the manifest is not a JSON object"]
    if values.get("version") == 1:
        return ["the manifest is of version 1, of models for 20 ms steps: write version 2"]
    faults = _object_faults(values, _KEYS, _OPTIONAL, "")
    if isinstance(values.get("micro"), dict):
        faults += _object_faults(values["micro"], _MICRO_KEYS, {}, "micro: ")
    return faults


def _object_faults(
    values: Mapping[str, Any], required: Mapping[str, Check], optional: Mapping[str, Check], where: str
) -> list[str]:
    faults = [f"{where}the key {key!r} is missing" for key in required if key not in values]
    for key, value in values.items():
        check = required.get(key) or optional.get(key)
        if check is None:
            faults.append(f"{where}the key {key!r} is not one that ESPHome knows; it refuses the whole configuration")
        elif (fault := check(value)) is not None:
            faults.append(f"{where}{key}: {fault}")
    return faults


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) and value else "it is not a text"


def _word(value: Any) -> str | None:
    if value == VAD:
        return "a model named vad becomes ESPHome's voice activity detector, not a wake word"
    return _text(value)


def _exactly(wanted: Any) -> Check:
    return lambda value: None if value == wanted and type(value) is type(wanted) else f"it is not {wanted!r}"


def _languages(value: Any) -> str | None:
    items = value if isinstance(value, list) else [value]
    return None if all(isinstance(item, str) for item in items) else "it is not a list of texts"


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> str | None:
        right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return None if right else f"it is not a whole number from {low} to {high}"

    return check


def _cutoff(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        return "it is not a number from 0 to 1"
    return (
        "no mean of probabilities is above 255/255, so the word is never detected" if int(value * 255) >= 255 else None
    )


def _version(value: Any) -> str | None:
    matches = isinstance(value, str) and re.fullmatch(r"\d{1,4}\.\d{1,2}\.\d{1,3}", value, re.ASCII)
    return None if matches else "it is not a version such as 2024.7.0"


def _mapping(value: Any) -> str | None:
    return None if isinstance(value, dict) else "it is not a JSON object"


_KEYS: dict[str, Check] = {
    "type": _exactly("micro"),
    "wake_word": _word,
    "author": _text,
    "model": _text,
    "trained_languages": _languages,
    "version": _exactly(2),
    "micro": _mapping,
}
_OPTIONAL: dict[str, Check] = {"website": _text}
_MICRO_KEYS: dict[str, Check] = {
    "feature_step_size": _whole(0, LONGEST_STEP_MS),
    "tensor_arena_size": _whole(1, 1 << 24),
    "probability_cutoff": _cutoff,
    "sliding_window_size": _whole(1, MOST_WINDOW),
    "minimum_esphome_version": _version,
}
