# SPDX-License-Identifier: Apache-2.0
"""A JSON schema of bundle.json, generated from the dataclasses that read it.

`python -m tinykws.model.bundle_schema` prints it. The schema describes the current format version; load_bundle() also
reads older versions and checks more than a schema can express (bundle_checks.py).
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any

from tinykws.model import bundle_checks
from tinykws.model.bundle import FORMAT_VERSION, Bundle, GoldenClip, TensorInfo
from tinykws.project.detector_settings import (
    DETECTOR_KINDS,
    MOST_AVERAGE_WINDOW_MS,
    MOST_GATE_DB,
    MOST_MINIMUM_COUNT,
    MOST_SUPPRESSION_MS,
    DetectorSettings,
)
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import MAX_LABEL_LENGTH, MAX_LABELS, Label
from tinykws.project.temporal_filter import LARGEST_SHIFT
from tinykws.support.attribute_docstrings import attribute_docstrings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
_INT8 = {"minimum": -128, "maximum": 127}
_SCORE = {"minimum": 0, "maximum": 255}
_LIMITS: dict[tuple[type, str], dict[str, Any]] = {
    (Bundle, "model_sha256"): {"pattern": "^[0-9a-f]{64}$"},
    (Bundle, "origin"): {"enum": ["trained", "imported"]},
    (Bundle, "labels"): {"minItems": 3, "maxItems": MAX_LABELS},
    (Bundle, "arena_bytes"): {"minimum": 1, "maximum": bundle_checks.MAX_ARENA_BYTES},
    (Bundle, "arena_measured_by"): {"maxLength": bundle_checks.MAX_TEXT},
    (Bundle, "golden"): {"maxItems": bundle_checks.MAX_GOLDEN_CLIPS},
    (Label, "name"): {"pattern": f"^[a-z0-9_]{{1,{MAX_LABEL_LENGTH}}}$"},
    (Label, "text"): {"minLength": 1, "maxLength": bundle_checks.MAX_TEXT},
    (TensorInfo, "zero_point"): _INT8,
    (TensorInfo, "scale"): {"exclusiveMinimum": 0},
    (GoldenClip, "features_crc32"): {"minimum": 0, "maximum": 2**32 - 1},
    (GoldenClip, "file"): {"maxLength": bundle_checks.MAX_PATH},
    (GoldenClip, "seed"): {"minimum": 0, "maximum": 2**32 - 1},
    (GoldenClip, "scores"): {"items": {"type": "integer", **_INT8}},
    (DetectorSettings, "kind"): {"enum": list(DETECTOR_KINDS)},
    (DetectorSettings, "threshold"): _SCORE,
    (DetectorSettings, "word_thresholds"): {"items": {"type": "integer", **_SCORE}},
    (DetectorSettings, "filter_weights"): {"items": {"type": "integer", "minimum": -127, "maximum": 127}},
    (DetectorSettings, "inference_stride_ms"): {"minimum": 5, "maximum": MOST_AVERAGE_WINDOW_MS},
    (DetectorSettings, "average_window_ms"): {"minimum": 5, "maximum": MOST_AVERAGE_WINDOW_MS},
    (DetectorSettings, "minimum_count"): {"minimum": 1, "maximum": MOST_MINIMUM_COUNT},
    (DetectorSettings, "suppression_ms"): {"minimum": 0, "maximum": MOST_SUPPRESSION_MS},
    (DetectorSettings, "gate_db"): {"minimum": 0, "maximum": MOST_GATE_DB},
    (DetectorSettings, "filter_shift"): {"minimum": 0, "maximum": LARGEST_SHIFT},
    (FrontendSettings, "sample_rate_hz"): {"const": bundle_checks.SAMPLE_RATE_HZ},
    (FrontendSettings, "n_mels"): {"minimum": 1, "maximum": bundle_checks.MAX_MELS},
    (FrontendSettings, "tables"): {"enum": ["tensorflow", "c_library"]},
}
"""What a field's annotation does not say."""
_NOT_IN_JSON = {(Bundle, "path")}
_OPTIONAL = {(DetectorSettings, "grammar"), (DetectorSettings, "gate_db")}
"""Left out where there is none, as in bundles from before it."""


def bundle_schema() -> dict[str, Any]:
    """Returns the JSON schema (draft 2020-12) of bundle.json."""
    schema = _object(Bundle)
    version = {"const": FORMAT_VERSION, "description": "Version of this format."}
    return {
        "$schema": DIALECT,
        "title": "tinykws bundle.json",
        **schema,
        "properties": {"format_version": version, **schema["properties"]},
        "required": ["format_version", *schema["required"]],
    }


def _object(kind: Any) -> dict[str, Any]:
    """Every key must be there and no other may be: a bundle has no defaults."""
    hints, docstrings = typing.get_type_hints(kind), attribute_docstrings(kind)
    names = [field.name for field in dataclasses.fields(kind) if (kind, field.name) not in _NOT_IN_JSON]
    properties = {}
    for name in names:
        properties[name] = {**_value(hints[name]), **_LIMITS.get((kind, name), {})}
        if name in docstrings:
            properties[name]["description"] = docstrings[name]
    required = [name for name in names if (kind, name) not in _OPTIONAL]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _value(kind: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(kind):
        return _object(kind)
    if typing.get_origin(kind) is tuple:
        return {"type": "array", "items": _value(typing.get_args(kind)[0])}
    if typing.get_origin(kind) is dict:
        return {"type": "object"}
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        names = ["null" if one is types.NoneType else _JSON_TYPES[one] for one in typing.get_args(kind)]
        return {"type": names}
    return {"type": _JSON_TYPES[kind]}


if __name__ == "__main__":
    print(json.dumps(bundle_schema(), indent=2))  # noqa: T201 - this is what it is for
