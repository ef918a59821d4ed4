# SPDX-License-Identifier: Apache-2.0
"""A JSON schema of bundle.json, generated from the dataclasses that read it.

`python -m tinykws.model.bundle_schema` prints it. The schema describes the current format version; load_bundle() also
reads older versions and checks more than a schema can express (sizes against shapes, the model's SHA-256).
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from typing import Any

from tinykws.model.bundle import FORMAT_VERSION, Bundle, GoldenClip, TensorInfo
from tinykws.project.detector_settings import DETECTOR_KINDS, DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.attribute_docstrings import attribute_docstrings

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_JSON_TYPES: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
_INT8 = {"minimum": -128, "maximum": 127}
_SCORE = {"minimum": 0, "maximum": 255}
_LIMITS: dict[tuple[type, str], dict[str, Any]] = {
    (Bundle, "model_sha256"): {"pattern": "^[0-9a-f]{64}$"},
    (Bundle, "origin"): {"enum": ["trained", "imported"]},
    (Bundle, "labels"): {"minItems": 3},
    (Bundle, "arena_bytes"): {"minimum": 0},
    (TensorInfo, "zero_point"): _INT8,
    (TensorInfo, "scale"): {"exclusiveMinimum": 0},
    (GoldenClip, "features_crc32"): {"minimum": 0, "maximum": 2**32 - 1},
    (GoldenClip, "scores"): {"items": {"type": "integer", **_INT8}},
    (DetectorSettings, "kind"): {"enum": list(DETECTOR_KINDS)},
    (DetectorSettings, "threshold"): _SCORE,
    (DetectorSettings, "word_thresholds"): {"items": {"type": "integer", **_SCORE}},
    (DetectorSettings, "filter_weights"): {"items": {"type": "integer", "minimum": -127, "maximum": 127}},
    (FrontendSettings, "tables"): {"enum": ["tensorflow", "c_library"]},
}
"""What a field's annotation does not say."""
_NOT_IN_JSON = {(Bundle, "path")}


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
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


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
