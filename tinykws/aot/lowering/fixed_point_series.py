# SPDX-License-Identifier: Apache-2.0
"""Exponential, logistic function and hyperbolic tangent in fixed point, by gemmlowp's series, bit by bit.

Source: fixedpoint/fixedpoint.h of gemmlowp. A number in Qm.n is an int32 with m integer bits and n = 31 - m fractional
bits. kws_nn_softmax.c does the same in C; here the results become tables.
"""

from __future__ import annotations

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
_EXP_OF_NEGATIVE_POWERS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
"""Exponent e, and exp(-2^e) in Q0.31."""


def multiply_high(a: int, b: int) -> int:
    """Returns a * b / 2^31, rounded to nearest, halves upwards (SaturatingRoundingDoublingHighMul)."""
    return INT32_MAX if a == b == INT32_MIN else (a * b + (1 << 30)) >> 31


def divide_by_power(x: int, shift: int) -> int:
    """Returns x / 2^shift, rounded to nearest, halves away from zero (RoundingDivideByPOT)."""
    mask = (1 << shift) - 1
    half = (mask >> 1) + (x < 0)
    return (x >> shift) + ((x & mask) > half)


def multiply(x: int, multiplier: int, shift: int) -> int:
    """Returns x * multiplier * 2^(shift - 31) (MultiplyByQuantizedMultiplier)."""
    shifted = wrapped(x << max(shift, 0))
    return divide_by_power(multiply_high(shifted, multiplier), max(-shift, 0))


def wrapped(x: int) -> int:
    """Returns a number modulo 2^32, as an int32."""
    return (x - INT32_MIN) % 2**32 + INT32_MIN


def exp_on_negative_values(x: int, integer_bits: int) -> int:
    """Returns exp(x) in Q0.31, for x of zero or less with so many integer bits."""
    if x == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    within_quarter = (x & (quarter - 1)) - quarter
    result = _exp_within_quarter(_saturated(within_quarter << integer_bits))
    remainder = within_quarter - x
    for exponent, factor in _EXP_OF_NEGATIVE_POWERS:
        if integer_bits > exponent and remainder & (1 << (fraction_bits + exponent)):
            result = multiply_high(result, factor)
    return result


def logistic(x: int, integer_bits: int) -> int:
    """Returns 1 / (1 + exp(-x)) in Q0.31."""
    if x == 0:
        return 1 << 30
    positive = _saturated(_reciprocal(exp_on_negative_values(-abs(x), integer_bits)) << 1)
    return positive if x > 0 else INT32_MAX - positive


def tanh(x: int, integer_bits: int) -> int:
    """Returns the hyperbolic tangent in Q0.31."""
    if x == 0:
        return 0
    # exp(-2 |x|): the same bits with one more integer bit
    twice = _reciprocal(exp_on_negative_values(-abs(x), integer_bits + 1))
    value = _saturated((twice - (1 << 29)) << 2)
    return value if x > 0 else -value


def _exp_within_quarter(x: int) -> int:
    """exp(x) for x from -1/4 to 0, by its Taylor series around -1/8; all in Q0.31."""
    centre = 1895147668
    x += 1 << 28
    x2 = multiply_high(x, x)
    x3, x4 = multiply_high(x2, x), multiply_high(x2, x2)
    series = divide_by_power(multiply_high(divide_by_power(x4, 2) + x3, 715827883) + x2, 1)
    return centre + multiply_high(centre, x + series)


def _reciprocal(x: int) -> int:
    """2 / (1 + x) in Q2.29 for x from 0 to 1 in Q0.31, by three steps of Newton's method."""
    half_denominator = (x + INT32_MAX + 1) // 2
    value = 1515870810 + multiply_high(half_denominator, -1010580540)
    for _ in range(3):
        error = (1 << 29) - multiply_high(half_denominator, value)
        value += _saturated(multiply_high(value, error) << 2)
    return value


def _saturated(x: int) -> int:
    return min(max(x, INT32_MIN), INT32_MAX)
