# SPDX-License-Identifier: Apache-2.0
"""The detector's settings: as kws.yaml asks for them, and as they are deployed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from tinykws.project import temporal_filter
from tinykws.support.dataclass_reader import renamed

RECOGNIZE_COMMANDS, TEMPORAL_FILTER = DETECTOR_KINDS = ("recognize_commands", "temporal_filter")
"""The rules of firmware/lib/kws/kws_detector.h, which are C functions of these names after kws_."""


_FORMER_KINDS = {"matched_filter": TEMPORAL_FILTER}
OF_RECOGNIZE_COMMANDS = ("average_window_ms", "minimum_count")
"""Settings that only this kind has; the filter's window and weights are chosen together."""


AUTO = "auto"


@dataclasses.dataclass(frozen=True)
class DetectorSettings:
    """A detector as it is deployed: every value is known. Defaults are those of TFLM's micro_speech."""

    average_window_ms: int = 1000
    """Length of the smoothing window, or of the temporal filter's history."""
    threshold: int = 200
    """0 to 255; a label counts when its averaged score, or the filter's, is above it."""
    suppression_ms: int = 1500
    """Nothing (recognize_commands: not the same word) is detected for this time after a detection."""
    minimum_count: int = 3
    """recognize_commands: inferences in the smoothing window before anything is detected."""
    inference_stride_ms: int = renamed(100, former_key="inference_ms")
    """Time from one inference to the next; a multiple of stride_ms."""
    kind: str = renamed(RECOGNIZE_COMMANDS, former_values=_FORMER_KINDS)
    """recognize_commands or temporal_filter."""
    word_thresholds: tuple[int, ...] = ()
    """One for each word, in the labels' order; empty where all have `threshold`."""
    filter_weights: tuple[int, ...] = ()
    """temporal_filter: of the word, of silence and of unknown, each by side and age; see temporal_filter.py."""
    filter_bias: int = 0
    """temporal_filter: added to the weighted sum."""
    filter_shift: int = 0
    """temporal_filter: bits by which the sum is shifted right to become a score."""

    def thresholds(self, n_labels: int) -> tuple[int, ...]:
        """Returns each label's threshold; silence and unknown have `threshold`."""
        words = self.word_thresholds or (self.threshold,) * (n_labels - 2)
        return (self.threshold, self.threshold, *words)

    @property
    def taps(self) -> int:
        """temporal_filter: how many scores it looks at; 0 for the other rule."""
        return temporal_filter.taps(self.inference_stride_ms) if self.filter_weights else 0

    @property
    def tap_weights(self) -> tuple[int, ...]:
        """[6 * taps]: two weights for each score of the three, the newest first."""
        return temporal_filter.tap_weights(self.filter_weights, self.inference_stride_ms) if self.filter_weights else ()


USUAL_THRESHOLD = {RECOGNIZE_COMMANDS: 200, TEMPORAL_FILTER: 176}


def with_filter(
    weights: Sequence[Sequence[Sequence[float]]], bias: float, inference_stride_ms: int
) -> DetectorSettings:
    """Returns settings with a temporal filter.

    Args:
        weights: float [3, 2, temporal_filter.N_AGES], of the mean evidence, in bits, of each side and age.
        bias: of the sum, which is the logarithm of the odds that the word was said.
        inference_stride_ms: time from one inference to the next.
    """
    whole = temporal_filter.quantized(weights, bias, inference_stride_ms)
    return DetectorSettings(
        average_window_ms=temporal_filter.taps(inference_stride_ms) * inference_stride_ms,
        threshold=USUAL_THRESHOLD[TEMPORAL_FILTER],
        suppression_ms=750,
        minimum_count=1,
        inference_stride_ms=inference_stride_ms,
        kind=TEMPORAL_FILTER,
        filter_weights=whole.weights,
        filter_bias=whole.bias,
        filter_shift=whole.shift,
    )


@dataclasses.dataclass(frozen=True)
class DetectorWishes:
    """What kws.yaml says about the detector; None: `tinykws tune` chooses, or the kind's usual value holds."""

    kind: str = renamed(TEMPORAL_FILTER, former_values=_FORMER_KINDS)
    """temporal_filter, or recognize_commands as in TFLite Micro's micro_speech."""
    threshold: int | str = AUTO
    """auto: chosen on validation clips for the wanted rate of false accepts; a number: 0 to 255, for all words."""
    word_thresholds: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Thresholds of single words, by the word; for a threshold that is a number."""
    false_accepts_per_hour: float = 0.5
    """The rate for which `auto` chooses the detector."""
    average_window_ms: int | None = None
    """recognize_commands: scores are averaged over this smoothing window."""
    suppression_ms: int | None = None
    """Nothing (recognize_commands: not the same word) is detected for this time after a detection."""
    minimum_count: int | None = None
    """recognize_commands: inferences in the smoothing window before anything is detected."""
    inference_stride_ms: int = renamed(100, former_key="inference_ms")
    """Time from one inference to the next; a multiple of stride_ms."""

    @property
    def is_auto(self) -> bool:
        """Whether the detector is to be chosen."""
        return self.threshold == AUTO

    @property
    def given(self) -> dict[str, Any]:
        """What is said of the settings that would be chosen."""
        names = (*OF_RECOGNIZE_COMMANDS, "suppression_ms")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @property
    def usual(self) -> DetectorSettings:
        """What holds for this kind where nothing else is said or chosen."""
        if self.kind == RECOGNIZE_COMMANDS:
            return DetectorSettings(inference_stride_ms=self.inference_stride_ms)
        return with_filter(temporal_filter.USUAL_WEIGHTS, temporal_filter.USUAL_BIAS, self.inference_stride_ms)

    def fixed(self, words: Sequence[str]) -> DetectorSettings:
        """Returns the detector that is said, what is left out as usual for its kind."""
        threshold = USUAL_THRESHOLD[self.kind] if isinstance(self.threshold, str) else self.threshold
        own = tuple(self.word_thresholds.get(word, threshold) for word in words) if self.word_thresholds else ()
        return dataclasses.replace(self.usual, threshold=threshold, word_thresholds=own, **self.given)
