# SPDX-License-Identifier: Apache-2.0
"""Where the firmware's portable C libraries are, for tests that compile them themselves."""

from __future__ import annotations

from pathlib import Path

from tinykws.support.resources import FIRMWARE

LIBRARIES = tuple(FIRMWARE / "lib" / name for name in ("kws_audio", "kws_detect", "kws_frontend", "kws_serial"))
"""The folders of the portable libraries; the kernels of the aot engine (kws_nn) are compiled on their own."""
INCLUDES = tuple(f"-I{folder}" for folder in LIBRARIES)
APPLICATION_INCLUDES = (*INCLUDES, f"-I{FIRMWARE / 'src'}")
PROJECT_FOLDERS = ("include", "src", *(f"lib/{folder.name}" for folder in LIBRARIES))
"""Folders of a generated project that hold headers, without lib/kws_nn."""


def portable_sources() -> list[Path]:
    """Returns every C file of the portable libraries."""
    return [path for folder in LIBRARIES for path in sorted(folder.glob("*.c"))]


def portable_file(name: str) -> Path:
    """Returns the file of the portable libraries that has this name."""
    (path,) = (folder / name for folder in LIBRARIES if (folder / name).is_file())
    return path
