# SPDX-License-Identifier: Apache-2.0
"""main_arduino.cpp with the PDM port in an Arduino core made for the test: from the interrupt to the main loop."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from firmware_sources import LIBRARIES
from tiny_model import tiny_bundle

from tinykws.boards.rows import find_board
from tinykws.stages.generate import generate
from tinykws.support.resources import FIRMWARE

TESTS = Path(__file__).parent.parent
RING, PIECE, BLOCK = 8192, 128, 256
"""Samples: of main_arduino.cpp's ring and pieces, of the microphone's blocks."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    folder = tmp_path_factory.mktemp("arduino")
    project = folder / "project"
    generate(tiny_bundle(folder / "bundle"), find_board("nanorp2040"), None, project)
    names = ("main_arduino.cpp", "kws_microphone_pdm.cpp")
    library = FIRMWARE / "lib" / "kws_audio"
    objects = []
    for name in ("kws_conditioner", "kws_sample_ring"):
        objects.append(folder / f"{name}.o")
        run(["gcc", "-std=c99", "-g", "-fsanitize=address,undefined", "-c", library / f"{name}.c", "-o", objects[-1]])
    includes = [project / "src", project / "include", *LIBRARIES, TESTS / "c" / "stubs" / "arduino"]
    sources = [TESTS / "c" / "arduino_world.cpp", *(project / "src" / name for name in names)]
    flags = ["-std=gnu++11", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
    run(["g++", *flags, *(f"-I{path}" for path in includes), *sources, *objects, "-o", folder / "world"])
    return folder / "world"


def run(command: list[str | Path]) -> None:
    subprocess.run(list(map(str, command)), check=True)


def play(program: Path, samples: np.ndarray, late: int) -> tuple[np.ndarray, int, int]:
    """Returns what the main loop got, blocks lost, samples clipped."""
    data = samples.astype(np.int16).tobytes()
    result = subprocess.run([str(program), str(late)], input=data, capture_output=True, check=True)
    overruns, clipped = map(int, result.stderr.split())
    return np.frombuffer(result.stdout, np.int16), overruns, clipped


SETTLE = find_board("nanorp2040").microphone.settle_ms * 16


def sound(samples: int) -> np.ndarray:
    """Noise around zero: the filter takes only a little from it, where it wanders off for a while."""
    return np.random.default_rng(2).integers(-3000, 3001, samples)


def test_nothing_is_lost_while_the_loop_is_late_by_less_than_the_ring(program: Path) -> None:
    samples = sound(SETTLE + 40 * BLOCK)
    got, overruns, clipped = play(program, samples, late=RING // BLOCK)
    assert (overruns, clipped) == (0, 0)
    begins = -(-SETTLE // PIECE) * PIECE
    assert len(got) == len(samples) - begins, "what comes while the microphone settles is thrown away, and no more"
    assert np.abs(got - samples[begins:]).max() < 300, "the offset's filter follows noise a little"


def test_what_the_ring_has_no_room_for_is_counted(program: Path) -> None:
    samples = sound(SETTLE + 100 * BLOCK)
    got, overruns, _ = play(program, samples, late=10**6)
    assert len(got) == RING
    begins = -(-SETTLE // PIECE) * PIECE
    assert overruns == -(-(len(samples) - begins - RING) // PIECE)


def test_what_is_too_loud_is_counted_but_not_while_it_settles(program: Path) -> None:
    samples = sound(SETTLE + 40 * BLOCK)
    samples[100:200] = 32767
    samples[-2000:-1990] = -32768
    _, _, clipped = play(program, samples, late=1)
    assert clipped == 10
