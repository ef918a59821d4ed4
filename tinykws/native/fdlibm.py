# SPDX-License-Identifier: Apache-2.0
"""log1pf as Sun's fdlibm computes it: newlib's, and glibc's before 2.41; it is not always correctly rounded.

The C microfrontend's tables inherit its last bits. Every step is an IEEE operation on single-precision numbers, so the
result is the same on every machine. Method and constants: fdlibm, s_log1pf.c.
"""

from __future__ import annotations

import numpy as np

_F = np.float32
_SQRT2_MINUS_1 = _F(0.41421356)
_SQRT2 = _F(1.4142135)
_LN2_HIGH = _F(6.9313812256e-01)
_LN2_LOW = _F(9.0580006145e-06)
_SERIES = tuple(
    _F(coefficient)
    for coefficient in (
        6.6666668653e-01,
        4.0000000596e-01,
        2.8571429849e-01,
        2.2222198546e-01,
        1.8183572590e-01,
        1.5313838422e-01,
        1.4798198640e-01,
    )
)


def log1pf(x: np.float32) -> np.float32:
    """Returns ln(1 + x) for 0 <= x < 2^24."""
    exponent, f, correction = _reduce(x)
    half_square = _F(0.5) * f * f
    s = f / (_F(2) + f)
    tail = s * (half_square + _series(s * s))
    result: np.float32
    if exponent == 0:
        result = f - (half_square - tail)
    else:
        result = exponent * _LN2_HIGH - ((half_square - (tail + (exponent * _LN2_LOW + correction))) - f)
    return result


def _reduce(x: np.float32) -> tuple[np.float32, np.float32, np.float32]:
    """Returns k, f, c with 1 + x = 2^k (1 + f) (1 + c), 1 + f between sqrt(1/2) and sqrt(2), c the sum's lost bits."""
    if x < _SQRT2_MINUS_1:
        return _F(0), x, _F(0)
    total = _F(1) + x
    mantissa, exponent = np.frexp(total)
    k = int(exponent) - 1
    lost = _F(1) - (total - x) if k > 0 else x - (total - _F(1))
    u = mantissa * _F(2)
    if u >= _SQRT2:
        k, u = k + 1, mantissa
    return _F(k), u - _F(1), lost / total


def _series(z: np.float32) -> np.float32:
    value: np.float32 = _F(0)
    for coefficient in reversed(_SERIES):
        value = z * (coefficient + value)
    return value
