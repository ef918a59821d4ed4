# SPDX-License-Identifier: Apache-2.0
"""How near a sound came to a detection: what a detector with lower thresholds would have detected in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from tinykws.evaluation.stream_measure import with_moved_thresholds
from tinykws.model.stream_inference import StreamScores
from tinykws.native.detector import Detection, Detector
from tinykws.project.detector_settings import DetectorSettings


@dataclasses.dataclass(frozen=True)
class NearMiss:
    """The word that came nearest to its threshold."""

    label_index: int
    score: int
    """0 to 255; above the threshold only if a grammar, which `settings` does not have, kept it from being detected."""
    threshold: int
    time_ms: int


def near_miss(
    inferences: Sequence[StreamScores], settings: DetectorSettings, n_labels: int, *, from_ms: int = 0
) -> NearMiss | None:
    """Returns what came nearest to a detection; None if the detector never gave a word a score.

    Args:
        inferences: the model's scores along a sound in which nothing was detected.
        settings: the detector's.
        n_labels: number of the model's labels.
        from_ms: where the sound begins, after its lead-in.
    """
    thresholds = settings.thresholds(n_labels)
    detections = _LoweredDetector(inferences, settings, n_labels, from_ms)
    deaf = detections.first(lowered_by=0)
    if deaf is not None:  # the settings are without the grammar that kept it from being detected
        return NearMiss(deaf.label_index, deaf.score, thresholds[deaf.label_index], deaf.time_ms)
    # The least lowering at which a word is detected: its score is one above the lowered threshold.
    too_little, enough = 0, max(thresholds)
    nearest = detections.first(lowered_by=enough)
    while nearest is not None and enough - too_little > 1:
        middle = (too_little + enough) // 2
        found = detections.first(lowered_by=middle)
        too_little, enough, nearest = (middle, enough, nearest) if found is None else (too_little, middle, found)
    if nearest is None:
        return None
    return NearMiss(nearest.label_index, nearest.score, thresholds[nearest.label_index], nearest.time_ms)


class _LoweredDetector:
    """The detector with all thresholds lowered, on the same scores."""

    def __init__(
        self, inferences: Sequence[StreamScores], settings: DetectorSettings, n_labels: int, from_ms: int
    ) -> None:
        self._scores = np.concatenate([np.zeros((0, n_labels), np.int8), *(some.scores for some in inferences)])
        self._times_ms = np.concatenate([np.zeros(0, np.uint32), *(some.times_ms for some in inferences)])
        self._settings, self._n_labels, self._from_ms = settings, n_labels, from_ms

    def first(self, *, lowered_by: int) -> Detection | None:
        """Returns the first detection in the sound; None if there is none."""
        lowered = with_moved_thresholds(self._settings, -lowered_by, self._n_labels)
        detections = Detector(lowered, self._n_labels).run(self._scores, self._times_ms)
        return next((one for one in detections if one.time_ms >= self._from_ms), None)
