# SPDX-License-Identifier: Apache-2.0
"""Teensy's resampler, in C under the sanitizers: its table, its arithmetic, and what it does to sound."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tinykws.support.resources import FIRMWARE

PORT = FIRMWARE / "ports" / "teensy_i2s"
SOURCES = [
    Path(__file__).parent.parent / "c" / "resample_stdin.c",
    PORT / "kws_resampler.c",
    PORT / "kws_resampler_table.c",
]
FLAGS = ["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
OLD_HZ, NEW_HZ = 44100, 16000
HALF, PHASES, ONE = 64, 32, 65536
LAG = 2 * HALF
"""Samples at either end that the filter's ends touch."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = tmp_path_factory.mktemp("resampler") / "resample_stdin"
    command = ["gcc", *FLAGS, "-fno-sanitize-recover=all", f"-I{PORT}", *SOURCES, "-o", program]
    subprocess.run(list(map(str, command)), check=True)
    return program


def resample(program: Path, samples: np.ndarray) -> np.ndarray:
    data = samples.astype(np.int16).tobytes()
    result = subprocess.run([str(program)], input=data, capture_output=True, check=True)
    return np.frombuffer(result.stdout, np.int16)


def impulse_response(distance: np.ndarray) -> np.ndarray:
    """Of the low-pass filter that the header describes, `distance` old samples from its middle."""
    inside = np.clip(1 - (distance / HALF) ** 2, 0, None)
    cut = NEW_HZ / OLD_HZ
    values: np.ndarray = (
        cut * np.sinc(cut * distance) * np.i0(5.8 * np.sqrt(inside)) / np.i0(5.8) * (np.abs(distance) <= HALF)
    )
    return values


def test_the_table_is_what_it_says() -> None:
    text = (PORT / "kws_resampler_table.c").read_text()
    (body,) = re.findall(r"= \{([^}]*)\}", text)
    numbers = [int(number) for number in body.split(",") if number.strip()]
    np.testing.assert_array_equal(numbers, np.round(ONE * impulse_response(np.arange(HALF * PHASES + 1) / PHASES)))


def test_every_sample_is_exact(program: Path) -> None:
    """Against the same sums in numpy's integers, on noise and on the longest sums there can be."""
    rng = np.random.default_rng(8)
    filter_ = np.round(ONE * impulse_response(np.arange(HALF * PHASES + 1) / PHASES)).astype(np.int64)
    worst = np.where(np.sinc(np.arange(-600, 600) * NEW_HZ / OLD_HZ) > 0, 32767, -32768)
    samples = np.concatenate([rng.integers(-32768, 32768, 1500), worst, np.full(500, 32767), np.full(500, -32768)])
    padded = np.concatenate([np.zeros(HALF, np.int64), samples])
    expected = []
    offsets = np.arange(-HALF + 1, HALF + 1)
    for index in range(len(samples)):
        at, fraction = divmod(index * 441, 160)
        if at + HALF >= len(samples):
            break
        phase, weight = divmod(fraction, 5)
        near = padded[HALF + at + offsets]
        places = np.abs(offsets * PHASES - phase), np.abs(offsets * PHASES - phase - 1)
        sum_ = sum(
            int(near @ filter_[place]) * share for place, share in zip(places, (5 - weight, weight), strict=True)
        )
        rounded = (abs(sum_) + 5 * ONE // 2) // (5 * ONE) * (1 if sum_ >= 0 else -1)
        expected.append(min(max(rounded, -32768), 32767))
    np.testing.assert_array_equal(resample(program, samples), expected)
    assert 32767 in expected
    assert -32768 in expected


def level_db(program: Path, hz: float, wanted_hz: float) -> float:
    """Returns how loud a tone of `hz` comes out at `wanted_hz`, in dB of what went in."""
    samples = np.round(20000 * np.sin(2 * np.pi * hz * np.arange(OLD_HZ) / OLD_HZ))
    new = resample(program, samples)[LAG:-LAG].astype(float)
    new *= np.hanning(len(new)) * 2
    angle = 2 * np.pi * wanted_hz * np.arange(len(new)) / NEW_HZ
    return float(20 * np.log10(2 * np.hypot(new @ np.cos(angle), new @ np.sin(angle)) / len(new) / 20000 + 1e-9))


@pytest.mark.parametrize("hz", [50, 125, 1000, 4000, 6500, 7300])
def test_what_the_front_end_hears_stays_as_it_is(program: Path, hz: float) -> None:
    assert level_db(program, hz, hz) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("hz", [8700, 9000, 10000, 12345, 16000, 20000])
def test_what_would_fold_back_is_60_db_down(program: Path, hz: float) -> None:
    folded = abs((hz + NEW_HZ / 2) % NEW_HZ - NEW_HZ / 2)
    assert level_db(program, hz, folded) < -60


def test_nothing_else_is_added_to_a_tone(program: Path) -> None:
    """Images of the weighted phases, of the rounded filter and of the rounded samples together are 70 dB down."""
    new = resample(program, np.round(30000 * np.sin(2 * np.pi * 3000 * np.arange(OLD_HZ) / OLD_HZ)))[LAG:-LAG]
    angle = 2 * np.pi * 3000 * np.arange(len(new)) / NEW_HZ
    basis = np.stack([np.cos(angle), np.sin(angle)])
    rest = new - np.linalg.lstsq(basis.T, new, rcond=None)[0] @ basis
    assert 10 * np.log10((rest**2).mean() / (new.astype(float) ** 2).mean()) < -70


def test_the_rate_is_exact(program: Path) -> None:
    assert len(resample(program, np.zeros(10 * OLD_HZ + HALF))) == 10 * NEW_HZ
