# SPDX-License-Identifier: Apache-2.0
"""The temporal filter of kws_temporal_filter.c: its inputs, and its weights as the integers that the chip uses.

It is logistic regression over the scores of the last SPAN_MS. Evidence is the log-odds of a score, in bits. That of the
word, of silence and of unknown is averaged over each of N_AGES age ranges, positive and negative evidence
separately, and weighted. The sum is the log-odds (base e) that the word was said to the device.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence

AGE_ENDS_MS = (200, 400, 600, 800, 1000, 1300, 1700, 2500)
"""Upper ends of the age ranges of scores, in milliseconds; each begins where the one before ends. They are finer in the
first second: the model's input is a second long, so a word's score has fallen a second after it."""
N_AGES = len(AGE_ENDS_MS)
SPAN_MS = AGE_ENDS_MS[-1]
ROLES = ("word", "silence", "unknown")
SIDES = ("against", "for")
"""Negative and positive evidence have weights of their own: a high score of the word is strong evidence, a low score of
unknown is weak evidence."""
N_WEIGHTS = len(ROLES) * len(SIDES) * N_AGES
EVIDENCE_STEPS = 16
"""Integer steps per bit of evidence; BIT in kws_temporal_filter.c."""
SCORE_STEPS = 8
"""Score steps per unit of log-odds: scores from 0 to 255 mean odds from e^-16 to e^16."""
EVEN_ODDS = 128
"""The score of log-odds of 0."""
LARGEST_WEIGHT = 127
LARGEST_SHIFT = 15
LARGEST_BIAS = 1 << 30
"""KWS_MAX_FILTER_BIAS of kws_detector.h: the weighted sum still fits 32 bits."""

DEFAULT_WEIGHTS = (
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
DEFAULT_BIAS = -0.86
"""Fitted by `tinykws tune` for the default network with yes and no; used for detectors that are not tuned."""


@dataclasses.dataclass(frozen=True)
class IntegerFilter:
    """A filter with integer weights, as the chip uses it."""

    weights: tuple[int, ...]
    """[N_WEIGHTS], -127 to 127; each applies to every score of its role, side and age range."""
    bias: int
    shift: int


def taps(inference_stride_ms: int) -> int:
    """Returns the number of scores in SPAN_MS."""
    return -(-SPAN_MS // inference_stride_ms)


def ages(inference_stride_ms: int) -> tuple[int, ...]:
    """Returns [taps]: the index of each score's age range, 0 to N_AGES - 1, the newest score first."""
    return tuple(
        bisect.bisect_right(AGE_ENDS_MS, lag * inference_stride_ms) for lag in range(taps(inference_stride_ms))
    )


def quantized(weights: Sequence[Sequence[Sequence[float]]], bias: float, inference_stride_ms: int) -> IntegerFilter:
    """Returns a filter with integer weights.

    Args:
        weights: float [len(ROLES), len(SIDES), N_AGES], of the mean evidence (in bits) of each side and age range.
        bias: added to the weighted sum.
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
    return IntegerFilter(whole, round((EVEN_ODDS + SCORE_STEPS * bias) * scale), max(fitting, default=0))


def tap_weights(weights: Sequence[int], inference_stride_ms: int) -> tuple[int, ...]:
    """Expands [n * N_AGES] to [n * taps], n = len(ROLES) * len(SIDES): one weight per score, the newest first."""
    of_age = ages(inference_stride_ms)
    return tuple(weights[start + age] for start in range(0, len(weights), N_AGES) for age in of_age)
