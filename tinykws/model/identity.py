# SPDX-License-Identifier: Apache-2.0
"""Computes the identity of what a device runs, from a bundle: everything that decides how it behaves, and nothing else.

Two bundles with the same identity give the same features, scores and detections for the same sound. What people see
(the labels' texts), what was measured (metrics, arena) and who made it do not count.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tinykws.native.frontend_tables import tables_for
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.identity import DIGITS, PARTS

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle


def identity_of(bundle: Bundle) -> str:
    """Returns the identity (tinykws/project/identity.py) that a device with this bundle shows in its banner."""
    names = [label.name for label in bundle.labels]
    parts: dict[str, Any] = {
        "front-end": frontend_values(bundle.frontend),
        "detector": detector_values(bundle.detector, len(names)),
        "labels": names,
        "model": bundle.model_sha256,
    }
    return "-".join(_hash_of(parts[part]) for part in PARTS)


def frontend_values(settings: FrontendSettings) -> dict[str, Any]:
    """Returns the front-end's settings and the tables that were computed from them."""
    return {"settings": settings.to_dict(), "tables": _plain(dataclasses.asdict(tables_for(settings)))}


def detector_values(settings: DetectorSettings, n_labels: int) -> dict[str, Any]:
    """Returns the detector as the chip has it: a threshold for each label, a weight for each score."""
    values = dataclasses.asdict(settings)
    del values["threshold"], values["word_thresholds"], values["filter_weights"]
    if not settings.grammar:
        del values["grammar"]  # so that firmware from before there were any has the identity that it had
    if not settings.gate_db:
        del values["gate_db"]
    return {**values, "thresholds": settings.thresholds(n_labels), "tap_weights": settings.tap_weights}


def _plain(value: Any) -> Any:
    """Returns a value with lists for arrays."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _hash_of(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
