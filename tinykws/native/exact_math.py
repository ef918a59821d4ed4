# SPDX-License-Identifier: Apache-2.0
"""Cosine, logarithm and power, correctly rounded and therefore the same on every machine.

The front-end's tables depend on single units in the last place of these functions, and C libraries differ there. Here
they are computed to 40 decimals with `decimal`, whose results are fully specified, and rounded once.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

_PRECISION = 60
_PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620900")
_CONTEXT = Context(prec=_PRECISION)


def cos(x: float | Fraction) -> Fraction:
    """Returns cos(x), good to 40 decimals."""
    with localcontext(_CONTEXT):
        return Fraction(_cos(_decimal(Fraction(x))))


def cos_pi(x: Fraction) -> Fraction:
    """Returns cos(pi x), good to 40 decimals."""
    with localcontext(_CONTEXT):
        return Fraction(_cos(_decimal(x) * _PI))


def log1p(x: float | Fraction) -> Fraction:
    """Returns ln(1 + x), good to 40 decimals."""
    with localcontext(_CONTEXT):
        return Fraction(_decimal(1 + Fraction(x)).ln())


def power(base: float, exponent: float) -> Fraction:
    """Returns base ** exponent, good to 40 decimals."""
    with localcontext(_CONTEXT):
        return Fraction(_decimal(Fraction(base)) ** _decimal(Fraction(exponent)))


def to_float64(x: Fraction) -> float:
    """Rounds to the nearest double, ties to even."""
    return x.numerator / x.denominator  # Python divides whole numbers with one correct rounding


def to_float32(x: Fraction) -> float:
    """Rounds to the nearest single-precision number (as a double), ties to even."""
    if x == 0:
        return 0.0
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length()
    if abs(x) < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** max(exponent - 23, -149)
    return float(round(x / unit) * unit)


def _decimal(x: Fraction) -> Decimal:
    return Decimal(x.numerator) / Decimal(x.denominator)


def _cos(x: Decimal) -> Decimal:
    """Taylor series about 0, after reduction modulo 2 pi. Uses the current context's precision."""
    x = x.remainder_near(2 * _PI)
    term = total = Decimal(1)
    order = 0
    while abs(term) > Decimal(10) ** -(_PRECISION - 10):
        order += 2
        term = -term * x * x / (order * (order - 1))
        total += term
    return total
