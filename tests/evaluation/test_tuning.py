# SPDX-License-Identifier: Apache-2.0
"""The choice among candidate detectors, at its edges; that tuning works is shown by tests/stages/test_tune.py."""

from __future__ import annotations

import pytest

from tinykws.evaluation.tuning import _best
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
    hits = dict(zip((CAREFUL, MIDDLE, EAGER), net_hits, strict=True))
    choices = [(CAREFUL, 0.4), (MIDDLE, 0.9), (EAGER, 5.0)]
    assert _best(choices, wanted_per_hour, hits.__getitem__)[0] == chosen
