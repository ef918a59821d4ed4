# SPDX-License-Identifier: Apache-2.0
"""The integer tables of the C front-end: window, FFT twiddles, filter bank, gain, logarithm.

The formulas are those of TensorFlow's microfrontend (tensorflow/lite/experimental/microfrontend/lib/*_util.c), which
computes its tables at start, in floating point. There are two versions of it, and some entries differ by one:
TensorFlow's own does the inner steps in double precision, the copy in TFLite Micro (which pymicro-features builds) does
every step in single precision. This module reproduces both, step by step, with operations that give the same result on
every machine: IEEE arithmetic, correctly rounded functions (exact_math.py), and fdlibm's log1pf (fdlibm.py), whose last
bits are visible in the tables of the second version. docs/explanation/front_end.md describes how that was found.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tinykws.native import exact_math, fdlibm
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.c_text import LINE_WIDTH, c_array, c_comment
from tinykws.support.errors import ConfigError

Real: TypeAlias = "np.float32 | np.float64"
F32 = np.float32

WINDOW_BITS = 12
FILTERBANK_BITS = 12
NOISE_BITS = 14
PCAN_SNR_BITS = 12
LOG_SEGMENTS = 128
Q15_MAX = 32767
INT16_MAX = 32767
MAX_LOG_SCALE_SHIFT = 11
"""With a larger shift, the logarithm of the largest value does not fit 32 bits."""


@dataclasses.dataclass(frozen=True)
class Filterbank:
    """Overlapping triangles on the mel scale; see kws_filterbank_config in kws_frontend.h."""

    first_bin: int
    band_widths: npt.NDArray[np.uint8]
    """[n_mels + 1] FFT bins of each band."""
    falling: npt.NDArray[np.uint16]
    """[bins] Q12 share of the channel that ends in the band."""
    rising: npt.NDArray[np.uint16]
    """[bins] Q12 share of the channel that begins in the band."""


@dataclasses.dataclass(frozen=True)
class FrontendTables:
    """All tables that the C front-end needs in addition to the settings; see kws_frontend.h."""

    window: npt.NDArray[np.int16]
    """[window_samples] Q12."""
    twiddles: npt.NDArray[np.int16]
    """[fft_size / 8, 3, 2] Q15 real and imaginary parts of w^k, w^2k, w^3k."""
    split_twiddles: npt.NDArray[np.int16]
    """[fft_size / 4, 2] Q15."""
    filterbank: Filterbank
    even_smoothing: int
    odd_smoothing: int
    min_signal_remaining: int
    gain: npt.NDArray[np.int16]
    """[125]"""
    snr_shift: int
    log2_correction: npt.NDArray[np.uint16]
    """[129]"""
    log_input_shift: int


@dataclasses.dataclass(frozen=True)
class _Arithmetic:
    """The precision of a reference's inner steps, and its functions in that precision."""

    real: type[np.float32] | type[np.float64]
    cos: Callable[[Any], Real]
    log1p: Callable[[Any], Real]

    def round_scaled(self, x: Real, bits: int) -> int:
        """Returns x in fixed point, rounded as `floor(x * (1 << bits) + 0.5)` does."""
        return int(np.floor(x * self.real(1 << bits) + self.real(0.5)))


_ARITHMETIC = {
    "tensorflow": _Arithmetic(
        real=np.float64,
        cos=lambda x: np.float64(exact_math.to_float64(exact_math.cos(float(x)))),
        log1p=lambda x: np.float64(exact_math.to_float64(exact_math.log1p(float(x)))),
    ),
    "c_library": _Arithmetic(
        real=np.float32,
        cos=lambda x: np.float32(exact_math.to_float32(exact_math.cos(float(x)))),
        log1p=fdlibm.log1pf,
    ),
}


@functools.lru_cache(maxsize=16)
def tables_for(settings: FrontendSettings) -> FrontendTables:
    """Computes the tables of these settings.

    Raises:
        ConfigError: a setting leads to values that do not fit the C code's integers.
    """
    input_shift = _log_input_shift(settings)
    snr_shift = settings.pcan_gain_bits - input_shift - PCAN_SNR_BITS
    _check_ranges(settings, input_shift, snr_shift)
    arithmetic = _ARITHMETIC[settings.tables]
    return FrontendTables(
        window=_window(arithmetic, settings.window_samples),
        twiddles=_twiddles(settings.fft_size // 2),
        split_twiddles=_split_twiddles(settings.fft_size // 2),
        filterbank=_filterbank(arithmetic, settings),
        even_smoothing=_q14("even_smoothing", settings.even_smoothing),
        odd_smoothing=_q14("odd_smoothing", settings.odd_smoothing),
        min_signal_remaining=_q14("min_signal_remaining", settings.min_signal_remaining),
        gain=_gain(settings, settings.smoothing_bits - input_shift),
        snr_shift=snr_shift,
        log2_correction=_log2_correction(),
        log_input_shift=input_shift,
    )


def _check_ranges(settings: FrontendSettings, input_shift: int, snr_shift: int) -> None:
    _require(64 <= settings.fft_size <= 2048, "sample_rate_hz", settings.sample_rate_hz)
    _require(1 <= settings.n_mels <= 255, "n_mels", settings.n_mels)
    _require(0 <= input_shift <= settings.smoothing_bits < 32, "smoothing_bits", settings.smoothing_bits)
    _require(0 <= snr_shift < 32, "pcan_gain_bits", settings.pcan_gain_bits)
    _require(settings.pcan_offset > 0, "pcan_offset", settings.pcan_offset)
    _require(0 <= settings.log_scale_shift <= MAX_LOG_SCALE_SHIFT, "log_scale_shift", settings.log_scale_shift)


def _require(condition: bool, name: str, value: object) -> None:
    if not condition:
        raise ConfigError(
            f"front-end settings: {name} is {value}, which leads to values beyond the front-end's integers",
            hint=f"choose a value of {name} nearer to its default",
        )


def _log_input_shift(settings: FrontendSettings) -> int:
    """Bits by which the FFT's gain exceeds the filter bank's scale (the square root halves the bits of its Q12)."""
    return settings.fft_size.bit_length() - 1 - FILTERBANK_BITS // 2


def _window(arithmetic: _Arithmetic, size: int) -> npt.NDArray[np.int16]:
    """Hann window, sampled between its points. Source: window_util.c."""
    real = arithmetic.real
    half = real(0.5)
    step = F32(real(math.pi) * real(2) / real(size))
    values = (F32(half - half * arithmetic.cos(real(step) * (real(i) + half))) for i in range(size))
    return np.array([arithmetic.round_scaled(value, WINDOW_BITS) for value in values], np.int16)


def _twiddles(n: int) -> npt.NDArray[np.int16]:
    """exp(-2 pi i k j / n): for each k the three, j from 1 to 3, that turn the inputs of one radix-4 step.

    Source: kissfft's kiss_fft_alloc(), which has them once each, in order of their angle.
    """
    triples = [[_q15_of_angle(Fraction(-2 * k * j, n)) for j in (1, 2, 3)] for k in range(n // 4)]
    return np.array(triples, np.int16)


def _split_twiddles(n: int) -> npt.NDArray[np.int16]:
    """exp(-pi i ((k + 1) / n + 1/2)). Source: kissfft's kiss_fftr_alloc()."""
    return np.array([_q15_of_angle(-Fraction(k + 1, n) - Fraction(1, 2)) for k in range(n // 2)], np.int16)


def _q15_of_angle(half_turns: Fraction) -> tuple[int, int]:
    """Cosine and sine of pi * half_turns, rounded halves upwards."""
    parts = exact_math.cos_pi(half_turns), exact_math.cos_pi(half_turns - Fraction(1, 2))
    real, imaginary = (math.floor(Q15_MAX * part + Fraction(1, 2)) for part in parts)
    return real, imaginary


def _filterbank(arithmetic: _Arithmetic, settings: FrontendSettings) -> Filterbank:
    """Source: filterbank_util.c, without its alignment of weights by zeros."""
    real = arithmetic.real
    bin_hz = F32(real(0.5) * real(settings.sample_rate_hz) / real(settings.fft_size // 2))
    first_bin = int(real(1.5) + real(F32(settings.lower_hz) / bin_hz))
    edges = _band_edges(arithmetic, settings)
    mels = [_mel_of(arithmetic, F32(k) * bin_hz) for k in range(settings.fft_size // 2 + 1)]
    widths, falling, rising, k = [], [], [], first_bin
    for low, high in itertools.pairwise(edges):
        band_start = k
        while k < len(mels) and mels[k] <= high:
            weight = (high - mels[k]) / (high - low)
            falling.append(arithmetic.round_scaled(real(weight), FILTERBANK_BITS))
            rising.append(arithmetic.round_scaled(real(1) - real(weight), FILTERBANK_BITS))
            k += 1
        widths.append(k - band_start)
    _require(k <= settings.fft_size // 2, "upper_hz", settings.upper_hz)
    _require(bool(falling), "upper_hz", settings.upper_hz)  # a bank without a bin
    _require(max(widths) < 256 and min(falling) >= 0, "n_mels", settings.n_mels)
    return Filterbank(first_bin, np.array(widths, np.uint8), np.array(falling, np.uint16), np.array(rising, np.uint16))


def _mel_of(arithmetic: _Arithmetic, hz: np.float32) -> np.float32:
    real = arithmetic.real
    mel: np.float32 = F32(real(1127) * arithmetic.log1p(real(hz) / real(700)))
    return mel


def _band_edges(arithmetic: _Arithmetic, settings: FrontendSettings) -> list[np.float32]:
    """[n_mels + 2] edges of the bands in mel: lower_hz, the channels' peaks, upper_hz."""
    low = _mel_of(arithmetic, F32(settings.lower_hz))
    spacing = (_mel_of(arithmetic, F32(settings.upper_hz)) - low) / F32(settings.n_mels + 1)
    return [low, *(low + spacing * F32(i + 1) for i in range(settings.n_mels + 1))]


def _q14(name: str, value: float) -> int:
    fixed = int(F32(value) * F32(1 << NOISE_BITS))
    _require(0 <= fixed <= 1 << NOISE_BITS, name, value)
    return fixed


def _gain(settings: FrontendSettings, input_bits: int) -> npt.NDArray[np.int16]:
    """Gain over noise estimate, in octaves of three numbers each. Source: pcan_gain_control_util.c."""
    gain_at = functools.partial(_gain_at, settings, input_bits)
    table = np.zeros(4 * 32 - 3, np.int32)
    table[0], table[1] = gain_at(0), gain_at(1)
    for bit_length in range(2, 33):
        start = 1 << (bit_length - 1)
        end = 2 * start - (bit_length == 32)
        value, middle, last = gain_at(start), gain_at(start + start // 2), gain_at(end)
        linear = 4 * (middle - value) - (last - value)
        table[4 * bit_length - 6 :][:3] = value, linear, last - value - linear
    _require(bool(np.all(np.abs(table) <= INT16_MAX)), "pcan_strength", settings.pcan_strength)
    return table.astype(np.int16)


def _gain_at(settings: FrontendSettings, input_bits: int, x: int) -> int:
    base = F32(x) / F32(1 << input_bits) + F32(settings.pcan_offset)
    power = F32(exact_math.to_float32(exact_math.power(float(base), float(-F32(settings.pcan_strength)))))
    gain = F32(1 << settings.pcan_gain_bits) * power
    return INT16_MAX if gain > INT16_MAX else int(gain + F32(0.5))


def _log2_correction() -> npt.NDArray[np.uint16]:
    """How far log2 lies above the straight line between powers of two, in Q16. Source: log_lut.c."""
    ln2 = exact_math.log1p(1)
    corrections = (exact_math.log1p(x) / ln2 - x for x in (Fraction(k, LOG_SEGMENTS) for k in range(LOG_SEGMENTS + 1)))
    return np.array([round(65536 * correction) for correction in corrections], np.uint16)


def c_source(settings: FrontendSettings) -> str:
    """Returns kws_frontend_config.c: the constant `kws_frontend_default` and its tables."""
    tables = tables_for(settings)
    bank = tables.filterbank
    arrays = [
        c_array(f"static const int16_t WINDOW[{len(tables.window)}]", tables.window),
        _c_complex_array("TWIDDLES", tables.twiddles.reshape(-1, 2)),
        _c_complex_array("SPLIT_TWIDDLES", tables.split_twiddles),
        c_array(f"static const uint8_t BAND_WIDTHS[{len(bank.band_widths)}]", bank.band_widths),
        c_array(f"static const uint16_t FALLING[{len(bank.falling)}]", bank.falling),
        c_array(f"static const uint16_t RISING[{len(bank.rising)}]", bank.rising),
        c_array("static const int16_t GAIN[KWS_GAIN_TABLE_SIZE]", tables.gain),
        c_array("static const uint16_t LOG2_CORRECTION[KWS_LOGARITHM_TABLE_SIZE]", tables.log2_correction),
    ]
    return "\n".join([_C_HEAD.format(tables=c_comment(settings.tables)), *arrays, _c_config(settings, tables)])


_C_HEAD = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Generated by tinykws: the front-end's settings and tables ("{tables}"). See kws_frontend.h for what they mean. */
#include "kws_frontend.h"
"""


def _c_config(settings: FrontendSettings, tables: FrontendTables) -> str:
    return f"""\
const kws_frontend_config kws_frontend_default = {{
    .window_ms = {settings.window_ms},
    .stride_ms = {settings.stride_ms},
    .window_samples = {settings.window_samples},
    .stride_samples = {settings.stride_samples},
    .n_mels = {settings.n_mels},
    .window = WINDOW,
    .fft = {{.size = {settings.fft_size}, .twiddles = TWIDDLES, .split_twiddles = SPLIT_TWIDDLES}},
    .filterbank = {{
        .first_bin = {tables.filterbank.first_bin},
        .band_widths = BAND_WIDTHS,
        .falling = FALLING,
        .rising = RISING,
    }},
    .noise = {{
        .smoothing_bits = {settings.smoothing_bits},
        .even_smoothing = {tables.even_smoothing},
        .odd_smoothing = {tables.odd_smoothing},
        .min_signal_remaining = {tables.min_signal_remaining},
    }},
    .pcan = {{.gain = GAIN, .snr_shift = {tables.snr_shift}}},
    .logarithm = {{
        .log2_correction = LOG2_CORRECTION,
        .input_shift = {tables.log_input_shift},
        .scale_shift = {settings.log_scale_shift},
    }},
}};
"""


def _c_complex_array(name: str, values: npt.NDArray[Any]) -> str:
    """Like c_array, for kws_complex: each pair in braces."""
    per_line = LINE_WIDTH // len("{-32767, -32767}, ")
    pairs = [f"{{{real}, {imaginary}}}" for real, imaginary in values.tolist()]
    lines = (", ".join(pairs[at : at + per_line]) for at in range(0, len(pairs), per_line))
    body = ",\n".join(f"    {line}" for line in lines)
    return f"static const kws_complex {name}[{len(pairs)}] = {{\n{body},\n}};\n"
