# SPDX-License-Identifier: Apache-2.0
"""The temporal filter of kws_temporal_filter.c in numbers: what it looks at, and weights as the chip has them.

It looks at the scores of SPAN_MS. Evidence is the logarithm of a score's odds, in bits; that of the word, of silence
and of unknown speech is averaged over each of N_AGES ages, what speaks for it (above 0) apart from what speaks against
it, and weighted. The sum is the logarithm, base e, of the odds that the word was said to the device.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence

AGE_ENDS_MS = (200, 400, 600, 800, 1000, 1300, 1700, 2500)
"""An age goes from the one before to here. The model sees a second, so a second after a word its score falls: up to
there ages are finer; what is older than SPAN_MS was before any word."""
N_AGES = len(AGE_ENDS_MS)
SPAN_MS = AGE_ENDS_MS[-1]
ROLES = ("word", "silence", "unknown")
SIDES = ("against", "for")
"""How likely a label is matters otherwise than how unlikely: a sure yes is one; that it is surely not unknown is not
yet one."""
N_WEIGHTS = len(ROLES) * len(SIDES) * N_AGES
EVIDENCE_STEPS = 16
"""Of a bit; kws_temporal_filter.c's BIT."""
SCORE_STEPS = 8
"""Of one in the sum: scores of 0 to 255 stand for odds of e^-16 to e^16."""
EVEN_ODDS = 128
"""The score of a sum of 0."""
LARGEST_WEIGHT = 127
LARGEST_SHIFT = 15

USUAL_WEIGHTS = (
    (
        (-0.05, 0.24, 0.13, 0.20, 0.18, -0.04, -0.09, -0.16),
        (-0.01, 0.09, 0.10, 0.10, 0.13, 0.09, 0.01, 0.00),
    ),
    (
        (0.78, -0.30, 0.05, 0.04, 0.02, 0.21, 0.05, 0.26),
        (-0.15, -0.16, -0.10, -0.12, -0.07, -0.02, 0.04, 0.07),
    ),
    (
        (0.15, -0.01, -0.13, -0.08, -0.08, -0.04, -0.06, -0.07),
        (0.04, 0.08, -0.02, -0.08, -0.05, 0.13, 0.28, 0.17),
    ),
)
USUAL_BIAS = -0.86
"""What `tinykws tune` found for the default network with yes and no: for detectors that are given, not tuned."""


@dataclasses.dataclass(frozen=True)
class WholeFilter:
    """A filter in whole numbers."""

    weights: tuple[int, ...]
    """[N_WEIGHTS], each for every score of its side and age, -127 to 127."""
    bias: int
    shift: int


def taps(inference_stride_ms: int) -> int:
    """Returns how many scores are in the window."""
    return -(-SPAN_MS // inference_stride_ms)


def ages(inference_stride_ms: int) -> tuple[int, ...]:
    """Returns [taps], ascending: the age, 0 to N_AGES - 1, of each score, the newest first."""
    return tuple(
        bisect.bisect_right(AGE_ENDS_MS, lag * inference_stride_ms) for lag in range(taps(inference_stride_ms))
    )


def quantized(weights: Sequence[Sequence[Sequence[float]]], bias: float, inference_stride_ms: int) -> WholeFilter:
    """Returns a filter in whole numbers.

    Args:
        weights: float [len(ROLES), len(SIDES), N_AGES], of the mean evidence, in bits, of each side and age.
        bias: of the sum.
        inference_stride_ms: time from one inference to the next.
    """
    of_age = ages(inference_stride_ms)
    scores = [max(1, of_age.count(age)) for age in range(N_AGES)]
    steps = [
        SCORE_STEPS * weight / (EVIDENCE_STEPS * count)
        for role in weights
        for side in role
        for weight, count in zip(side, scores, strict=True)
    ]
    largest = max(map(abs, steps))
    fitting = [shift for shift in range(LARGEST_SHIFT + 1) if largest * 2**shift <= LARGEST_WEIGHT]
    scale = 2 ** max(fitting, default=0)
    whole = tuple(max(-LARGEST_WEIGHT, min(LARGEST_WEIGHT, round(step * scale))) for step in steps)
    return WholeFilter(whole, round((EVEN_ODDS + SCORE_STEPS * bias) * scale), max(fitting, default=0))


def tap_weights(weights: Sequence[int], inference_stride_ms: int) -> tuple[int, ...]:
    """Returns [n * taps] of [n * N_AGES], n = len(ROLES) * len(SIDES): a weight for each score, the newest first."""
    of_age = ages(inference_stride_ms)
    return tuple(weights[start + age] for start in range(0, len(weights), N_AGES) for age in of_age)
