# SPDX-License-Identifier: Apache-2.0
"""The C is formatted as .clang-format says, if clang-format is on this computer."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OLDEST_VERSION = 19
"""Older ones break some lines elsewhere."""
SOURCES = sorted(
    path
    for folder in ("firmware", "tests/c")
    for path in (ROOT / folder).rglob("*.[ch]")
    if "stubs" not in path.parts and path.name != "kws_resampler_table.c"
)
"""Without other people's interfaces, and without a table of numbers in columns of its own."""


def clang_format() -> str:
    beside_python = Path(sys.executable).with_name("clang-format")
    program = str(beside_python) if beside_python.is_file() else shutil.which("clang-format")
    if program is None:
        pytest.skip("needs clang-format")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"version (\d+)", said)
    if version is None or int(version[1]) < OLDEST_VERSION:
        pytest.skip(f"needs clang-format {OLDEST_VERSION} or later")
    return program


def test_the_c_is_formatted() -> None:
    """To format it: clang-format -i on the files that this names."""
    command = [clang_format(), "--dry-run", "--Werror", *map(str, SOURCES)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    unformatted = {line.split(":")[0] for line in result.stderr.splitlines() if "error: code should" in line}
    assert (unformatted, result.returncode) == (set(), 0)
