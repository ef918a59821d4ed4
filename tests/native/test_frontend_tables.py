# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ctypes
import ctypes.util
import dataclasses
import math
import zlib
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from frontend_references import skip_unless_log1pf_is_fdlibms
from hypothesis import given
from hypothesis import strategies as st

from tinykws.native import exact_math, fdlibm
from tinykws.native.frontend_tables import FrontendTables, c_source, tables_for
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError

TENSORFLOW = FrontendSettings()
C_LIBRARY = FrontendSettings(tables="c_library")


def crc_of(tables: FrontendTables) -> int:
    bank = tables.filterbank
    arrays = (
        tables.window,
        tables.twiddles,
        tables.split_twiddles,
        bank.band_widths,
        bank.falling,
        bank.rising,
        tables.gain,
        tables.log2_correction,
    )
    return zlib.crc32(b"".join(array.astype("<i4").tobytes() for array in arrays))


@pytest.mark.parametrize(
    ("settings", "crc"),
    [
        (TENSORFLOW, 2814802072),
        (C_LIBRARY, 3510130458),
        (FrontendSettings(window_ms=10, stride_ms=10), 917494378),
        (FrontendSettings(window_ms=64, n_mels=80), 2489421322),
        (FrontendSettings(window_ms=64, n_mels=80, tables="c_library"), 1973711594),
    ],
)
def test_the_tables_are_the_same_on_every_machine(settings: FrontendSettings, crc: int) -> None:
    """CRCs of the tables that were held to the references on every feature (test_features.py)."""
    assert crc_of(tables_for(settings)) == crc


def test_where_the_references_differ() -> None:
    """All of it: one window coefficient, and the two shares of three FFT bins, each by one unit."""
    ours, theirs = tables_for(TENSORFLOW), tables_for(C_LIBRARY)
    assert np.flatnonzero(ours.window != theirs.window).tolist() == [17]
    assert (ours.window[17], theirs.window[17]) == (53, 54)
    falling = ours.filterbank.falling.astype(int) - theirs.filterbank.falling
    assert np.flatnonzero(falling).tolist() == [144, 216, 220]
    assert set(np.abs(falling)) == {0, 1}
    np.testing.assert_array_equal(ours.filterbank.rising.astype(int) - theirs.filterbank.rising, -falling)
    np.testing.assert_array_equal(ours.gain, theirs.gain)


@pytest.mark.parametrize(
    "settings", [TENSORFLOW, C_LIBRARY, FrontendSettings(window_ms=50), FrontendSettings(stride_ms=10, window_ms=10)]
)
def test_window_is_hanns(settings: FrontendSettings) -> None:
    window = tables_for(settings).window
    n = len(window)
    exact = [4096 * (0.5 - 0.5 * math.cos(2 * math.pi * (i + 0.5) / n)) for i in range(n)]
    assert n == settings.window_samples
    assert np.abs(window - np.array(exact)).max() < 0.51


@pytest.mark.parametrize("window_ms", [10, 30, 64])
def test_twiddles_are_unit_circles(window_ms: int) -> None:
    settings = FrontendSettings(window_ms=window_ms, stride_ms=10)
    tables = tables_for(settings)
    n = settings.fft_size // 2
    twiddles = 32767 * np.exp(-2j * np.pi * np.outer(np.arange(n // 4), [1, 2, 3]) / n)
    split = 32767 * np.exp(-1j * np.pi * ((np.arange(n // 2) + 1) / n + 0.5))
    for table, exact in ((tables.twiddles, twiddles), (tables.split_twiddles, split)):
        assert table.shape == (*exact.shape, 2)
        assert np.abs(table[..., 0] + 1j * table[..., 1] - exact).max() < 0.71
    assert tables.twiddles[0, 0].tolist() == [32767, 0]


def test_filterbank_is_whole() -> None:
    bank = tables_for(TENSORFLOW).filterbank
    assert bank.band_widths.sum() == len(bank.falling) == len(bank.rising)
    assert bank.first_bin == 5  # 156.25 Hz: the first above 125 Hz, for 31.25 Hz a bin and half a bin's distance
    assert set(bank.falling.astype(int) + bank.rising) == {4096}
    assert len(bank.band_widths) == 41
    assert bank.first_bin + len(bank.falling) - 1 == 7500 / 31.25


def test_log2_correction_is_the_references() -> None:
    """The CRC is of log_lut.c's first 129 numbers (the rest is padding)."""
    correction = tables_for(TENSORFLOW).log2_correction
    assert zlib.crc32(correction.astype("<u2").tobytes()) == 874149048
    assert correction[[0, 1, 57, 127, 128]].tolist() == [0, 224, 5641, 142, 0]


def test_gain_falls() -> None:
    gain = tables_for(TENSORFLOW).gain
    starts = gain[2::4]
    assert (np.diff(starts) <= 0).all()
    assert gain[0] == int(2**21 * 80**-0.95 + 0.5) == 32636


def test_noise_settings_are_cut_not_rounded() -> None:
    tables = tables_for(TENSORFLOW)
    assert (tables.even_smoothing, tables.odd_smoothing, tables.min_signal_remaining) == (409, 983, 819)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"smoothing_bits": 2}, "smoothing_bits"),
        ({"pcan_gain_bits": 12}, "pcan_gain_bits"),
        ({"log_scale_shift": 12}, "log_scale_shift"),
        ({"upper_hz": 8000.0}, "upper_hz"),
        ({"even_smoothing": 1.5}, "even_smoothing"),
        ({"min_signal_remaining": -0.1}, "min_signal_remaining"),
        ({"pcan_offset": 0.0}, "pcan_offset"),
        ({"pcan_strength": 2.0, "pcan_offset": 1.0}, "pcan_strength"),
        ({"n_mels": 1, "window_ms": 64}, "n_mels"),
        ({"n_mels": 0}, "n_mels"),
        ({"n_mels": 256}, "n_mels"),
        ({"sample_rate_hz": 48000, "window_ms": 64}, "sample_rate_hz"),
        ({"sample_rate_hz": 1000}, "sample_rate_hz"),
    ],
)
def test_settings_the_integers_cannot_hold_are_refused(changes: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is"):
        tables_for(dataclasses.replace(TENSORFLOW, **changes))


def test_c_source_holds_the_tables_and_nothing_else() -> None:
    source = c_source(TENSORFLOW)
    tables = tables_for(TENSORFLOW)
    numbers = ", ".join(map(str, tables.window[:20]))
    assert numbers in source.replace("\n    ", " ")
    assert [line for line in source.splitlines() if line.startswith("#")] == ['#include "kws_frontend.h"']
    assert source == c_source(TENSORFLOW)
    assert source != c_source(C_LIBRARY)
    assert source.isascii()


@given(st.floats(-700, 700))
def test_exact_cos_is_the_nearest(x: float) -> None:
    """Python's own is within a unit of the truth."""
    exact = exact_math.to_float64(exact_math.cos(x))
    assert abs(exact - math.cos(x)) <= math.ulp(math.cos(x))


def test_exact_functions_at_known_points() -> None:
    half_turns = [Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(1), Fraction(-5, 3)]
    tiny = Fraction(1, 10**40)
    assert [round(2 * exact_math.cos_pi(x) / tiny) * tiny for x in half_turns] == [2, 1, 0, -2, 1]
    assert exact_math.cos(0.0) == 1
    assert exact_math.log1p(0.0) == 0
    ln2 = Fraction(Decimal("0.69314718055994530941723212145817656807550013436"))
    assert abs(exact_math.log1p(1) - ln2) < tiny
    assert abs(exact_math.power(2.0, 0.5) ** 2 - 2) < tiny


@given(st.floats(1e-6, 1e6), st.floats(0.1, 2))
def test_exact_log_and_power_are_near_pythons(x: float, exponent: float) -> None:
    assert math.isclose(exact_math.log1p(x), math.log1p(x), rel_tol=1e-15)
    assert math.isclose(exact_math.power(x + 1, -exponent), (x + 1) ** -exponent, rel_tol=1e-14)


@given(st.floats(width=64, allow_nan=False, allow_infinity=False, min_value=-3e38, max_value=3e38))
def test_rounding_to_single_is_numpys(x: float) -> None:
    assert exact_math.to_float32(Fraction(x)) == float(np.float32(x))
    assert exact_math.to_float64(Fraction(x)) == x


def test_rounding_ties_to_even_only_where_it_is_a_tie() -> None:
    """Through a double first, the second would round down."""
    tie = 1 + Fraction(1, 2**24)
    assert exact_math.to_float32(tie) == 1
    assert exact_math.to_float32(tie + Fraction(1, 2**80)) == 1 + 2**-23


@given(st.floats(0, 2**20, width=32))
def test_fdlibms_log1pf_is_within_a_unit(x: float) -> None:
    result = fdlibm.log1pf(np.float32(x))
    assert abs(float(result) - math.log1p(x)) <= 1.01 * float(np.spacing(result))


def test_fdlibms_log1pf_is_the_c_librarys() -> None:
    skip_unless_log1pf_is_fdlibms()
    log1pf = ctypes.CDLL(ctypes.util.find_library("m")).log1pf
    log1pf.restype, log1pf.argtypes = ctypes.c_float, [ctypes.c_float]
    random = np.random.default_rng(1)
    for x in np.concatenate([random.uniform(0, 30, 5000), random.uniform(0, 1, 5000)]).astype(np.float32):
        assert float(fdlibm.log1pf(x)) == log1pf(float(x)), x
