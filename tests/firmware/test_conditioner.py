# SPDX-License-Identifier: Apache-2.0
"""The conditioner of microphones' sound and the level meter, in C under the sanitizers, against numpy."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tinykws.support.resources import FIRMWARE

LIBRARY = FIRMWARE / "lib" / "kws_audio"
SOURCES = [
    Path(__file__).parent.parent / "c" / "condition_stdin.c",
    LIBRARY / "kws_conditioner.c",
    LIBRARY / "kws_level.c",
]
FLAGS = ["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
RATE_HZ = 16000


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = tmp_path_factory.mktemp("conditioner") / "condition_stdin"
    command = ["gcc", *FLAGS, "-fno-sanitize-recover=all", f"-I{LIBRARY}", *SOURCES, "-o", program]
    subprocess.run(list(map(str, command)), check=True)
    return program


def condition(
    program: Path, slots: np.ndarray, slot_bits: int, shift: int, settle: int = 0
) -> tuple[np.ndarray, list[int]]:
    """Returns the samples, and [clipped, loudest, rms]."""
    command = [str(program), str(slot_bits), str(shift), str(settle)]
    result = subprocess.run(command, input=slots.astype(np.int32).tobytes(), capture_output=True, check=True)
    return np.frombuffer(result.stdout, np.int16), list(map(int, result.stderr.split()))


def expected(slots: np.ndarray, slot_bits: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """The samples and which are clipped, one by one in Python's integers of any size."""
    samples, clipped, offset = [], [], None
    for slot in slots.tolist():
        value = slot >> shift if shift >= 0 else slot << -shift
        offset = value << 10 if offset is None else offset
        rest = value - ((offset + 512) >> 10)
        offset += rest
        upper = slot >> (slot_bits - 16)
        samples.append(min(max(rest, -32768), 32767))
        clipped.append(not -32768 <= rest <= 32767 or upper in (-32768, 32767))
    return np.array(samples, np.int16), np.array(clipped)


def hard_slots(slot_bits: int) -> np.ndarray:
    """Noise at every loudness, the longest runs of both extremes, squares, silence."""
    top = 2 ** (slot_bits - 1) - 1
    rng = np.random.default_rng(slot_bits)
    noise = rng.normal(0, 1, 6000) * np.logspace(0, np.log10(top), 6000)
    runs = np.repeat([top, -top - 1, 0, top, -top - 1], 3000)
    square = np.where(np.arange(3000) % 2, top, -top - 1)
    return np.clip(np.concatenate([noise, runs, square, np.zeros(500)]).astype(np.int64), -top - 1, top)


@pytest.mark.parametrize(
    ("slot_bits", "shift"), [(16, 0), (16, -1), (16, -5), (16, 3), (24, 8), (32, 11), (32, 14), (32, 16), (32, 18)]
)
def test_samples_and_counts_are_exact(program: Path, slot_bits: int, shift: int) -> None:
    slots = hard_slots(slot_bits)
    samples, figures = condition(program, slots, slot_bits, shift)
    wanted, clipped = expected(slots, slot_bits, shift)
    np.testing.assert_array_equal(samples, wanted)
    loud = np.abs(wanted.astype(np.int64))
    assert figures == [clipped.sum(), loud.max(), int(np.sqrt((loud**2).sum() // len(loud)))]


def test_what_comes_while_it_settles_is_thrown_away_but_heeded(program: Path) -> None:
    """The offset is known when the settling ends; what clipped before is not counted."""
    slots = np.full(8000, 3000)
    slots[:100] = 32767
    samples, figures = condition(program, slots, 16, 0, settle=5000)
    assert 8000 - 5000 - 320 <= len(samples) <= 8000 - 5000, "the block in which it ends is thrown away too"
    wanted, _ = expected(slots, 16, 0)
    np.testing.assert_array_equal(samples, wanted[-len(samples) :])
    assert figures[0] == 0


def test_an_offset_goes_and_speech_stays(program: Path) -> None:
    """A first-order high-pass filter: of a constant nothing is left, of the front-end's lowest band all but 0.02 %."""
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    tone = 8000 * np.sin(2 * np.pi * 125 * seconds)
    samples, figures = condition(program, tone + 12000, 16, 0)
    settled = samples[RATE_HZ:].astype(float)
    assert abs(settled.mean()) < 1
    assert np.abs(settled).max() == pytest.approx(8000, rel=1e-3)
    assert figures[0] == 0


def test_an_offset_leaves_its_room_to_the_sound(program: Path) -> None:
    """At four times the loudness, offset and sound together would be far above 16 bits, the sound alone is not."""
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    slots = 3000 * np.sin(2 * np.pi * 440 * seconds) + 15000
    slots[0] = 15000
    samples, figures = condition(program, slots, 16, -2)
    assert np.abs(samples[RATE_HZ:].astype(int)).max() == pytest.approx(12000, rel=1e-3)
    assert figures[0] == 0


def test_no_sound_has_no_level(program: Path) -> None:
    samples, figures = condition(program, np.zeros(0), 16, 0)
    assert len(samples) == 0
    assert figures == [0, 0, 0]
