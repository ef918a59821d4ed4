# SPDX-License-Identifier: Apache-2.0
"""Counts detections by label in bounded memory: a faulty or hostile device can print any number of labels."""

from __future__ import annotations

from collections.abc import Sequence

MOST_LABELS = 100
"""Different labels that are counted one by one."""
MOST_WITH_BANNER = 2 * MOST_LABELS
"""The same, with those of the banner: noise cannot crowd them out."""
MOST_CHARACTERS = 64
"""Longer labels are cut; the firmware's have at most 24 characters."""
OTHERS = "(others)"
"""Counts the labels beyond the limit together."""


class DetectionCounts:
    """Detections by label; labels beyond the limits are counted as OTHERS."""

    def __init__(self) -> None:
        self.by_label: dict[str, int] = {}
        self._announced: frozenset[str] = frozenset()

    def announce(self, labels: Sequence[str]) -> None:
        """Takes note of the labels of a banner."""
        self._announced = frozenset(short_label(label) for label in labels[:MOST_LABELS])

    def add(self, label: str) -> None:
        """Counts a detection."""
        label = short_label(label)
        room = MOST_WITH_BANNER if label in self._announced else MOST_LABELS
        if label not in self.by_label and len(self.by_label) >= room:
            label = OTHERS
        self.by_label[label] = self.by_label.get(label, 0) + 1


def short_label(label: str) -> str:
    """Returns a label of at most MOST_CHARACTERS."""
    return label if len(label) <= MOST_CHARACTERS else label[: MOST_CHARACTERS - 1] + "…"
