# SPDX-License-Identifier: Apache-2.0
"""The rule by which ESPHome's micro_wake_word detects a word from a streaming model's probabilities.

Source: esphome/components/micro_wake_word/streaming_model.cpp, 2026.6: perform_streaming_inference, determine_detected,
reset_probabilities. Every new probability (0 to 255) joins the last `window` ones; the word is detected if their sum is
above `cutoff * window`. After a start and after a detection the window is all zeros, and nothing is detected until the
newest probability was below the cutoff for SLICES_IGNORED frames altogether.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

SLICES_IGNORED = 100
"""MIN_SLICES_BEFORE_DETECTION: frames, so a second at 10 ms."""


@dataclasses.dataclass(frozen=True)
class SlidingMean:
    """A rule's settings."""

    cutoff: int
    """0 to 255; a mean above it is a detection."""
    window: int
    """Probabilities in the mean."""

    @property
    def probability_cutoff(self) -> float:
        """As a manifest has it: ESPHome makes int(255 * probability_cutoff) of it, which is `cutoff`."""
        return round((self.cutoff + 0.5) / 255, 4)


def detected_frames(probabilities: npt.NDArray[np.uint8], rule: SlidingMean, stride: int) -> list[int]:
    """Returns after which frame each detection comes, in order; a frame's number counts from 1.

    Args:
        probabilities: uint8 [n], the model's output after every `stride` frames.
        rule: cutoff and window.
        stride: frames of an inference.
    """
    n, limit = len(probabilities), rule.cutoff * rule.window
    sums = np.concatenate([[0], np.cumsum(probabilities, dtype=np.int64)])
    means = sums[1:] - sums[np.maximum(np.arange(1, n + 1) - rule.window, 0)]
    candidates = np.flatnonzero(means > limit)
    quiet = np.concatenate([[0], stride * np.cumsum(probabilities < rule.cutoff)])  # frames before each inference
    found: list[int] = []
    first, missing = 0, SLICES_IGNORED
    while True:
        # the inference in whose frames the last of the missing quiet ones is
        ready = int(np.searchsorted(quiet[first + 1 :], quiet[first] + missing)) + first
        place = int(np.searchsorted(candidates, ready))
        at = None
        for step in map(int, candidates[place:]):
            if sums[step + 1] - sums[max(first, step + 1 - rule.window)] > limit:
                at = step
                break
        if at is None:
            return found
        late = max(1, quiet[first] + missing - quiet[ready]) if at == ready else 1
        found.append(at * stride + int(late))
        # the frames that are left of this inference count as quiet: its probability was set to zero
        first, missing = at + 1, SLICES_IGNORED - (stride - int(late) if rule.cutoff > 0 else 0)
