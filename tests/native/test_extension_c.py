# SPDX-License-Identifier: Apache-2.0
"""The extension's C on other systems: what their compilers accept, and that an Arm computer gets the same bytes."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from aot_native import KERNELS, STRICT, run_compiler
from models_in_one_program import PUT_HERE, outputs_here, write_program
from random_networks import random_convolution, random_net

from tinykws.aot.compiler import compile_model
from tinykws.native.extension_build import LIBRARIES, PLAN, SOURCES
from tinykws.support.errors import ConfigError

ROOT = Path(__file__).parent.parent.parent
STRING_H = """
#include <stddef.h>
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
"""
"""The one header of a C library that the extension's C includes; clang brings the others."""
TARGETS = {
    "Windows": ["--target=x86_64-pc-windows-msvc", "-fms-extensions", "-fms-compatibility"],
    "Windows on Arm": ["--target=aarch64-pc-windows-msvc", "-fms-extensions", "-fms-compatibility"],
    "macOS": ["--target=arm64-apple-macos"],
    "Raspberry Pi": ["--target=aarch64-linux-gnu"],
    "C11": ["-std=c11", "-pedantic"],
}


@pytest.mark.slow
@pytest.mark.parametrize("system", TARGETS)
def test_clang_accepts_it_for(system: str, tmp_path: Path) -> None:
    if shutil.which("clang") is None:
        pytest.skip("needs clang")
    (tmp_path / "string.h").write_text(STRING_H)
    folders = [KERNELS, ROOT / PLAN, *(ROOT / "firmware" / "lib" / library for library in LIBRARIES)]
    include = [f"-I{folder}" for folder in [tmp_path, *folders]]
    warnings = ["-Wall", "-Wextra", "-Werror", "-nostdlibinc", "-fsyntax-only"]
    run_compiler("clang", *TARGETS[system], *warnings, *include, *(ROOT / source for source in SOURCES))


@pytest.mark.slow
def test_an_arm_computer_gets_the_same_bytes(tmp_path: Path) -> None:
    if shutil.which("aarch64-linux-gnu-gcc") is None or shutil.which("qemu-aarch64") is None:
        pytest.skip("needs aarch64-linux-gnu-gcc and qemu-aarch64")
    candidates = [make(random.Random(seed)) for make in (random_net, random_convolution) for seed in range(12)]
    models = [model for model in candidates if compiles(model)]
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    program = tmp_path / "there" / "program"
    (tmp_path / "there" / "put.c").write_text(PUT_HERE)
    sources = [*write_program(models, 6, tmp_path / "there"), tmp_path / "there" / "put.c"]
    options = [*STRICT, "-O3", "-static", f"-I{KERNELS}"]
    run_compiler("aarch64-linux-gnu-gcc", *options, *sources, "-o", program)
    done = subprocess.run(["qemu-aarch64", program], capture_output=True, text=True, check=True)
    outputs = [int(line) for line in done.stdout.split()]
    assert len(outputs) > 500
    assert outputs == outputs_here(models, 6, tmp_path / "here", "-O1")


def compiles(model: bytes) -> bool:
    try:
        compile_model(model)
    except ConfigError:
        return False
    return True
