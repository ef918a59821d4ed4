# SPDX-License-Identifier: Apache-2.0
"""The identity of what a device runs: what decides how it behaves changes its hash, nothing else does."""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tiny_model import tiny_bundle

from tinykws.model import identity
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.native import frontend_tables
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import DetectorSettings, temporal_filter_settings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.grammar import OpenAfter
from tinykws.project.identity import IDENTITY, PARTS, different_parts, in_words
from tinykws.project.labels import labels_of_words

FILTER = temporal_filter_settings(temporal_filter.DEFAULT_WEIGHTS, temporal_filter.DEFAULT_BIAS, 100)


def with_another(settings: Any, name: str) -> Any:
    """The settings with another value of a field; checks are not made."""
    value, other = getattr(settings, name), copy.copy(settings)
    tuples = {"filter_weights": (1,) * 48, "word_thresholds": (7,), "grammar": (OpenAfter(3, 2, 4000),)}
    changed = f"{value}x" if isinstance(value, str) else tuples[name] if name in tuples else value + 1
    object.__setattr__(other, name, changed)
    return other


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(FrontendSettings)])
def test_every_setting_of_the_front_end_counts(name: str) -> None:
    assert settings_of(with_another(FrontendSettings(), name)) != settings_of(FrontendSettings())


def settings_of(settings: FrontendSettings) -> Any:
    tables = frontend_tables.tables_for(FrontendSettings())
    with pytest.MonkeyPatch.context() as patch:  # the other settings may have no tables
        patch.setattr(identity, "tables_for", lambda _: tables)
        return identity.frontend_values(settings)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(DetectorSettings)])
def test_every_setting_of_the_detector_counts(name: str) -> None:
    ours, other = DetectorSettings(), with_another(DetectorSettings(), name)
    assert identity.detector_values(other, 3) != identity.detector_values(ours, 3)


def test_each_part_has_its_own_hash(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    ours = tiny_model_bundle.identity
    assert IDENTITY.fullmatch(ours)
    labels = (*tiny_model_bundle.labels[:2], *labels_of_words(["no"])[2:])
    for part, changes in {
        "front-end": {"frontend": dataclasses.replace(tiny_model_bundle.frontend, pcan_offset=81.0)},
        "detector": {"detector": FILTER},
        "labels": {"labels": labels},
        "model": {"model_sha256": "0" * 64},
    }.items():
        other: Any = dataclasses.replace(tiny_model_bundle, **changes)  # type: ignore[arg-type]
        assert different_parts(other.identity, ours) == (part,)
    assert different_parts(tiny_bundle(tmp_path / "same").identity, ours) == ()


def test_the_tables_count_and_not_only_the_settings(tiny_model_bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = tiny_model_bundle.identity
    tables = frontend_tables.tables_for(tiny_model_bundle.frontend)
    gain = tables.gain.copy()
    gain[7] += 1
    monkeypatch.setattr(identity, "tables_for", lambda _: dataclasses.replace(tables, gain=gain))
    assert different_parts(tiny_model_bundle.identity, ours) == ("front-end",)


def test_what_does_not_reach_the_chip_does_not_count(tiny_model_bundle: Bundle) -> None:
    bundle = tiny_model_bundle
    words = (*bundle.labels[:2], dataclasses.replace(bundle.labels[2], text="Yes!"))
    same = dataclasses.replace(
        bundle, labels=words, arena_bytes=2002, arena_measured_by="x", metrics={"x": 1}, tools={"x": "1"}, golden=()
    )
    assert same.identity == bundle.identity
    spelled_out = dataclasses.replace(bundle.detector, word_thresholds=(bundle.detector.threshold,))
    assert dataclasses.replace(bundle, detector=spelled_out).identity == bundle.identity


def test_a_bundle_has_its_identity_wherever_it_is(tiny_model_bundle: Bundle) -> None:
    assert load_bundle(tiny_model_bundle.path).identity == tiny_model_bundle.identity


def test_differences_are_named() -> None:
    ours = "01234567-89abcdef-01234567-89abcdef"
    assert different_parts(ours, ours) == ()
    assert different_parts(ours.replace("0123", "1123"), ours) == ("front-end", "labels")
    for odd in ("", "0", ours.upper(), ours[:-9], f"{ours}-00000000", "x" * 10_000):
        assert different_parts(odd, ours) == PARTS
    assert in_words(("detector", "model")) == "the detector's thresholds, times or weights; the model"
