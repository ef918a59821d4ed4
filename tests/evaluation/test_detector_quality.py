# SPDX-License-Identifier: Apache-2.0
"""What a maker is told of a detector: figures that tune left, whether they are poor, and what would help most."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tinykws.evaluation.detector_quality import METRICS_KEY, Found, Material, advice, quality_of
from tinykws.evaluation.stream_measure import Rate, Recall
from tinykws.project.labels import labels_of_words

LABELS = labels_of_words(["yes", "да"])
RECORDED = Material((), recorded_others=True, recorded_negatives=True)


def recall(name: str, said: int, found: int) -> dict[str, Any]:
    return dataclasses.asdict(Recall(name, said, found, 0, 0, found / said, 0.0, 1.0))


def metrics(*, quiet: int = 95, noise: int = 80, da: int = 150, expected: float = 0.4) -> dict[str, Any]:
    scenes = [("quiet", quiet), ("noise 20 dB", noise), ("noise 10 dB", noise), ("noise 5 dB", noise), ("room", 7)]
    return {
        "false_accepts_per_hour_wanted": 0.5,
        "false_accepts_per_hour_expected": expected,
        "negatives": dataclasses.asdict(Rate("all", 2.0, 1, 0.5, 0.0, 2.8)),
        "recall": recall("all", 500, quiet + 3 * noise + 7),
        "scenes": [recall(name, 100, found) for name, found in scenes],
        "words": [recall("yes", 200, 160), recall("da", 200, da)],
        "synthetic_negatives": False,
    }


def test_a_good_detector_has_figures_and_no_advice() -> None:
    quality = quality_of({METRICS_KEY: metrics()}, LABELS)
    assert quality is not None
    assert quality.found == (Found("quiet", 100, 95), Found("noise", 300, 240))
    assert [one.of_100 for one in quality.found] == [95, 80]
    assert [word.name for word in quality.words] == ["yes", "да"], "words are called as the maker wrote them"
    assert (quality.wanted_per_hour, quality.expected_per_hour, quality.counted, quality.hours) == (0.5, 0.4, 1, 2.0)
    assert not quality.is_poor
    assert advice(quality, Material(("yes",), recorded_others=False, recorded_negatives=False), "host") == ()


@pytest.mark.parametrize("poor", [{"quiet": 79}, {"noise": 59}, {"expected": 0.6}])
def test_few_found_words_and_many_false_accepts_are_poor(poor: dict[str, Any]) -> None:
    quality = quality_of({METRICS_KEY: metrics(**poor)}, LABELS)
    assert quality is not None
    assert quality.is_poor
    assert advice(quality, RECORDED, "host")


def test_what_helps_most_comes_first() -> None:
    quality = quality_of({METRICS_KEY: metrics(quiet=50, da=60, expected=3.0)}, LABELS)
    assert quality is not None
    nothing = Material(("hey robot", "да"), recorded_others=False, recorded_negatives=False)
    lines = advice(quality, nothing, "nano33ble")
    assert [line.split()[0] for line in lines] == ["record", "fetch", "put", "choose", "a", "allow"]
    assert "only synthetic voices spoke hey robot, да" in lines[0]
    assert 'tinykws record "hey robot" --count 20' in lines[0]
    assert "another word than да, which is found 30 times of 100" in lines[3]
    assert "nano33ble" in lines[4]
    unknown = advice(quality, None, "nano33ble")
    assert [line.split()[0] for line in unknown] == ["put", "choose", "a", "allow"], "nothing is said of unknown data"


def test_a_bundle_of_an_older_version_has_one_figure() -> None:
    old = {key: value for key, value in metrics().items() if key not in {"scenes", "words", "synthetic_negatives"}}
    quality = quality_of({METRICS_KEY: old}, LABELS)
    assert quality is not None
    assert quality.found == (Found("all scenes", 500, 342),)
    assert (quality.words, quality.synthetic_negatives) == ((), None)
    assert quality.weak_words == ()


@pytest.mark.parametrize(
    "values",
    [{}, {METRICS_KEY: None}, {METRICS_KEY: []}, {METRICS_KEY: {}}, {METRICS_KEY: {**metrics(), "recall": 1}},
     {METRICS_KEY: {**metrics(), "recall": recall("all", 1, 1) | {"utterances": 0}}},
     {METRICS_KEY: {**metrics(), "words": [recall("\x1b[2J", 1, 1), 3]}}],
)  # fmt: skip
def test_what_tune_did_not_write_is_not_told(values: dict[str, Any]) -> None:
    assert quality_of(values, LABELS) is None
