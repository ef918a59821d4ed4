# SPDX-License-Identifier: Apache-2.0
"""Checks an installed wheel: the data files are in it, and its C computes the same features as on every other platform.

    python scripts/check_wheel.py

Run it where tinykws is installed, and from outside the checkout: the checkout's own package must not be imported.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np

import tinykws
from tinykws.native.features import FrontEnd
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.resources import BOARDS_YAML, FIRMWARE, TEMPLATES

CHECKOUT = Path(__file__).resolve().parent.parent
RESOURCES = [BOARDS_YAML, FIRMWARE / "lib", TEMPLATES]
SAMPLES = 16_000
FEATURES_CRC = 0xBEB2D1BC
"""CRC-32 of the little-endian uint16 features of `noise()` at the default settings, on Linux x86-64."""


def main() -> None:
    package = Path(tinykws.__file__).resolve().parent
    if package == CHECKOUT / "tinykws":
        sys.exit(f"This is the checkout's package ({package}), not an installed wheel. Run from another folder.")
    if missing := [str(path) for path in RESOURCES if not path.exists()]:
        sys.exit(f"The wheel lacks data files: {', '.join(missing)}")
    computed = features_crc()
    if computed != FEATURES_CRC:
        sys.exit(f"CRC-32 of the features is {computed:08x}, and {FEATURES_CRC:08x} on Linux: the C differs here.")
    print(f"tinykws {tinykws.__version__} in {package}: data files and features are correct")


def features_crc() -> int:
    """Returns the CRC-32 of the features of one second of noise."""
    features = FrontEnd(FrontendSettings()).process(noise(SAMPLES))
    return zlib.crc32(np.ascontiguousarray(features, "<u2").tobytes())


def noise(count: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Returns int16 samples [count] of a linear congruential generator (Numerical Recipes' constants)."""
    samples = np.zeros(count, np.int16)
    state = 1
    for index in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        samples[index] = (state >> 19) - 4096
    return samples


if __name__ == "__main__":
    main()
