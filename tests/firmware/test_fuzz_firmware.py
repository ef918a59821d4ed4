# SPDX-License-Identifier: Apache-2.0
"""The firmware's fuzzing harness on its seeds and on seeded mutants of them, without clang; the long form, guided by
coverage, is fuzz_firmware.py."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from fuzz_firmware import build, seeds

pytestmark = pytest.mark.slow


def mutants(rng: random.Random, count: int) -> list[bytes]:
    """Seeds with pieces turned, lost, doubled, and put together."""
    known = list(seeds())
    made = []
    for _ in range(count):
        data = bytearray(rng.choice(known) + rng.choice(known))
        for _ in range(rng.randrange(8)):
            at, length = rng.randrange(len(data)), rng.randrange(20)
            kind = rng.randrange(3)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                del data[at : at + length]
            else:
                data[at:at] = data[at : at + length]
            data = data or bytearray(b"\0")
        made.append(bytes(data))
    return made


def test_nothing_that_it_hears_upsets_the_application(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = build(tmp_path, "gcc", "-DSTANDALONE", "-fsanitize=address,undefined")
    inputs = [*seeds(), *mutants(random.Random(1), 150)]
    paths = [tmp_path / f"input-{number}" for number in range(len(inputs))]
    for path, data in zip(paths, inputs, strict=True):
        path.write_bytes(data)
    done = subprocess.run([program, *paths], capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
