# SPDX-License-Identifier: Apache-2.0
"""The choice among candidate detectors, at its edges; that tuning works is shown by tests/stages/test_tune.py."""

from __future__ import annotations

import pytest

from tinykws.evaluation.tuning import _best, _quick_enough, _Trial
from tinykws.project.detector_settings import DetectorSettings

CAREFUL, MIDDLE, EAGER = (DetectorSettings(threshold=threshold) for threshold in (240, 200, 160))


@pytest.mark.parametrize(
    ("net_hits", "wanted_per_hour", "chosen"),
    [
        ((10, 80, 90), 1.0, MIDDLE),  # keeps the rate, and detects more than half of what the best detects
        ((60, 80, 90), 0.5, CAREFUL),
        ((10, 80, 90), 0.5, MIDDLE),  # none keeps the rate and detects enough: the lowest rate that does
        ((-9, -3, -40), 0.5, MIDDLE),  # more false accepts than hits, whatever is chosen
        ((0, 0, -1), 0.5, CAREFUL),
    ],
)
def test_the_best_choice(net_hits: tuple[int, ...], wanted_per_hour: float, chosen: DetectorSettings) -> None:
    detectors = zip((CAREFUL, MIDDLE, EAGER), (0.4, 0.9, 5.0), net_hits, strict=True)
    trials = [_Trial(settings, expected, hits, latency_ms=200.0) for settings, expected, hits in detectors]
    assert _best(trials, wanted_per_hour).settings == chosen


@pytest.mark.parametrize(
    ("most_ms", "left"), [(None, {0, 1, 2}), (300, {0, 1}), (100, {0}), (10, {0}), (250, {0, 1}), (700, {0, 1, 2})]
)
def test_what_takes_too_long_is_left_out(most_ms: int | None, left: set[int]) -> None:
    """And if everything does, the quickest is tried."""
    latencies = (90.0, 250.0, float("inf") if most_ms is None else 700.0)
    trials = [_Trial(CAREFUL, 1.0, 10, latency_ms) for latency_ms in latencies]
    assert {trials.index(trial) for trial in _quick_enough(trials, most_ms)} == left
