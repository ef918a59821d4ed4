# SPDX-License-Identifier: Apache-2.0
"""Scales as the kernels' integers, computed exactly as TensorFlow Lite Micro computes them at start.

Source: tensorflow/lite/kernels/internal/quantization_util.cc, tensorflow/lite/kernels/kernel_util.cc and
tensorflow/lite/micro/kernels/*_common.cc. Products and quotients of scales are doubles; where the reference multiplies
floats, so do we.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

INT32_MAX = 2**31 - 1
INT8_MIN, INT8_MAX = -128, 127
SOFTMAX_INTEGER_BITS = 5
"""The exponent's format is Q5.26."""


@dataclasses.dataclass(frozen=True)
class Multiplier:
    """A positive number as value * 2^(shift - 31), value 0 or 2^30 to 2^31 - 1, shift -31 to 30."""

    value: int
    shift: int


def quantize_multiplier(real: float) -> Multiplier:
    """Returns the fixed-point form of a factor; one below 2^-32 becomes 0 (TFLM: QuantizeMultiplier).

    Raises:
        ValueError: it is not finite, negative, or needs a shift beyond 30.
    """
    if not math.isfinite(real) or real < 0:
        raise ValueError(f"a factor of {real}")
    fraction, shift = math.frexp(real)
    value = math.floor(fraction * 2**31 + 0.5)
    if value == 2**31:
        value, shift = value // 2, shift + 1
    if shift > 30:
        raise ValueError(f"a factor of {real:.3g} is too large for 32-bit arithmetic")
    return Multiplier(value, shift) if shift >= -31 else Multiplier(0, 0)


def activation_range(activation: str, scale: float, zero_point: int) -> tuple[int, int]:
    """Returns the smallest and the largest output of a fused activation (TFLM: CalculateActivationRangeQuantized).

    Raises:
        ValueError: the activation is not NONE, RELU, RELU_N1_TO_1 or RELU6, or the scale too small for its bounds.
    """
    bounds = {"NONE": (None, None), "RELU": (0.0, None), "RELU_N1_TO_1": (-1.0, 1.0), "RELU6": (0.0, 6.0)}
    if activation not in bounds:
        raise ValueError(f"the fused activation {activation} is not supported")
    lower, upper = bounds[activation]
    minimum = INT8_MIN if lower is None else max(INT8_MIN, zero_point + _round_quotient(lower, scale))
    maximum = INT8_MAX if upper is None else min(INT8_MAX, zero_point + _round_quotient(upper, scale))
    return minimum, maximum


def _round_quotient(value: float, scale: float) -> int:
    """Returns value / scale in float32, rounded to nearest, halves away from zero."""
    with np.errstate(over="ignore"):
        quotient = float(np.float32(value) / np.float32(scale))
    if abs(quotient) > INT32_MAX:
        raise ValueError(f"a scale of {scale:.3g} is too small")
    return int(math.copysign(math.floor(abs(quotient) + 0.5), quotient))


def mean_multiplier(real: float, count: int) -> Multiplier:
    """Returns real / count as the reference folds the division in (TFLM: QuantizedMeanOrSum)."""
    whole = quantize_multiplier(real)
    shift = min(count.bit_length() - 1, 32, 31 + whole.shift)
    return Multiplier((whole.value << shift) // count, whole.shift - shift)


def softmax_multiplier(beta: float, input_scale: float) -> tuple[Multiplier, int]:
    """Returns the factor from input differences to Q5.26, and the smallest difference that counts.

    Source: PreprocessSoftmaxScaling and CalculateInputRadius.

    Raises:
        ValueError: the factor is not above 1, which the reference demands.
    """
    fraction_bits = 31 - SOFTMAX_INTEGER_BITS
    real = min(beta * input_scale * 2**fraction_bits, INT32_MAX * 1.0)
    if not real > 1.0:
        raise ValueError(f"beta {beta:g} times the input's scale {input_scale:.3g} is too small")
    multiplier = quantize_softmax_multiplier(real)
    radius = math.floor((2**SOFTMAX_INTEGER_BITS - 1) * 2**fraction_bits / 2**multiplier.shift)
    return multiplier, -radius


def quantize_softmax_multiplier(real: float) -> Multiplier:
    """Returns the fixed-point form of a factor up to 2^31 - 1, whose shift may be 31: only differences of 0 meet it."""
    half = quantize_multiplier(real / 2)
    return Multiplier(half.value, half.shift + 1)
