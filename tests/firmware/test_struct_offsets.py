# SPDX-License-Identifier: Apache-2.0
"""Structs that assembly reads by fixed offsets: another layout must not compile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tinykws.support.resources import FIRMWARE

KERNELS = FIRMWARE / "lib" / "kws_nn"
STRUCTS = {
    "kws_nn_conv_2d_strip.c": ("row_plan", "channel_plan"),
    "kws_nn_conv_2d_tile.c": ("tile_plan",),
    "kws_nn_depthwise_conv_2d_planar.c": ("channel_plan",),
    "kws_nn_scaling.h": ("kws_nn_scaling",),
}
CASES = [(file, struct) for file, structs in STRUCTS.items() for struct in structs]


def complaints(folder: Path, file: str) -> str:
    """Returns what the compiler for a Cortex-M4 says about a kernel that includes `file`, or is it."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    source = file if file.endswith(".c") else "kws_nn_conv_2d_tile.c"
    command = ["arm-none-eabi-gcc", "-std=gnu99", "-mcpu=cortex-m4", "-mthumb", "-fsyntax-only", str(folder / source)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("file", STRUCTS)
def test_the_layout_as_it_is_compiles(file: str) -> None:
    assert complaints(KERNELS, file) == ""


@pytest.mark.parametrize(("file", "struct"), CASES)
def test_a_new_first_member_does_not_compile(tmp_path: Path, file: str, struct: str) -> None:
    shutil.copytree(KERNELS, tmp_path / "kws_nn")
    path = tmp_path / "kws_nn" / file
    pattern = rf"typedef struct \{{(?=(?:(?!typedef struct)[^}}])*\}} {struct};)"
    text, count = re.subn(pattern, "typedef struct {\n    int32_t new_member;", path.read_text())
    assert count == 1
    path.write_text(text)
    assert "kws_nn_layout_differs_from_assembly" in complaints(tmp_path / "kws_nn", file)


def test_every_offset_in_the_assembly_is_checked() -> None:
    """Loads relative to a plan's register: r0 in the tiled kernels, r12 in the planar one."""
    registers = {
        "kws_nn_conv_2d_strip.c": "r0",
        "kws_nn_conv_2d_tile.c": "r0",
        "kws_nn_depthwise_conv_2d_planar.c": "r12",
    }
    for file, register in registers.items():
        text = (KERNELS / file).read_text()
        used = {int(offset) for offset in re.findall(rf"\[{register}, #(\d+)\]", text)}
        checked = {int(offset) for offset in re.findall(r"KWS_NN_CHECK_OFFSET\(\w+, \w+, (\d+)\)", text)}
        per_channel = {20 + 16 * channel for channel in range(4)} if "strip" in file else set()
        within_scaling = {8} if "planar" in file else set()
        assert used <= checked | per_channel | within_scaling, file
