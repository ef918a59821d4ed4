# SPDX-License-Identifier: Apache-2.0
"""Which part of a program takes how much, told by names."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tinykws.firmware_build.elf_sizes import footprint
from tinykws.firmware_build.memory_parts import CORE, Part, memory_parts
from tinykws.support.errors import ConfigError

needs_arm_gcc = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc")
KEEP = "__attribute__((used))"
SOURCES = {
    "kws_fft.c": f"{KEEP} static const int TWIDDLES[100] = {{1}}; {KEEP} static int spectrum[20];",
    "kws_nn_conv_2d_tile.c": f"{KEEP} static const int table[10] = {{1}}; const int kws_nn_shared[5] = {{1}};",
    "model_aot.c": f"{KEEP} static const int op3_weights[200] = {{1}}; {KEEP} static signed char arena[64];",
    "kws_detector.c": "int kws_detector_state[3];",
    "kws_pipeline.c": f"{KEEP} static int memory[30]; {KEEP} static int listener[7];",
    "kws_app.c": "int kws_app_state[11];",
    "model_data.cc": 'extern "C" const unsigned char g_model[500]; const unsigned char g_model[500] = {1};',
    "kws_engine_tflm.cpp": f"{KEEP} static char arena[128]; {KEEP} static int interpreter[4];",
    "micro_interpreter.cc": "namespace tflite { struct MicroInterpreter { static int state[9]; };"
    " int MicroInterpreter::state[9]; }",
    "conv.cc": "namespace tflite { extern const int kTable[6]; const int kTable[6] = {1}; }",
    "vendor.c": f"int main(void) {{ return 0; }} int heap[50]; {KEEP} static const int rom[40] = {{1}};",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Variables of known sizes in files of known names; constants stand in flash, the rest in RAM."""
    folder = tmp_path_factory.mktemp("parts")
    for name, text in SOURCES.items():
        (folder / name).write_text(text + "\n")
    elf = folder / "firmware.elf"
    command = ["arm-none-eabi-gcc", "-O0", "-nostdlib", "-Wl,-Ttext=0x0,-Tbss=0x20000000,--no-gc-sections"]
    subprocess.run([*command, *(folder / name for name in SOURCES), "-o", elf], check=True, capture_output=True)
    return elf


def by_name(parts: tuple[Part, ...]) -> dict[str, tuple[int, int]]:
    return {part.name: (part.flash_bytes, part.ram_bytes) for part in parts}


@needs_arm_gcc
def test_variables_go_to_the_part_that_their_file_is_of(program: Path) -> None:
    parts = by_name(memory_parts(program, 0x20000000, 1 << 20))
    assert parts["front-end"] == (400, 80 + 120)
    assert parts["kernels"] == (40 + 20 + 24, 0)
    assert parts["model, constants"] == (800 + 500, 0)
    assert parts["model, working memory"] == (0, 64 + 128)
    assert parts["detector and listener"] == (0, 12 + 28)
    assert parts["engine"] == (0, 16 + 36)
    assert parts["application"][1] == 44
    assert parts[CORE][0] >= 160
    assert parts[CORE][1] >= 200


@needs_arm_gcc
def test_the_parts_are_the_program(program: Path) -> None:
    sizes, parts = footprint(program, 0x20000000, 1 << 20), memory_parts(program, 0x20000000, 1 << 20)
    assert sum(part.flash_bytes for part in parts) == sizes.flash_bytes
    assert sum(part.ram_bytes for part in parts) == sizes.ram_bytes
    assert parts[-1].name == CORE
    assert all(part.flash_bytes >= 0 and part.ram_bytes >= 0 for part in parts)


@needs_arm_gcc
def test_a_stripped_program_is_all_core(program: Path, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-strip", program, "-o", stripped], check=True)
    assert [part.name for part in memory_parts(stripped, 0x20000000, 1 << 20)] == [CORE]


@pytest.mark.slow
@needs_arm_gcc
def test_any_damage_is_a_readable_error_or_none(program: Path, tmp_path: Path) -> None:
    data = program.read_bytes()
    for at in range(0, len(data), max(1, len(data) // 300)):
        damaged = tmp_path / "damaged.elf"
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            memory_parts(damaged, 0x20000000, 1 << 20)
        except ConfigError as error:
            assert "is not an ELF program" in error.message


def test_what_is_no_elf_is_a_readable_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"MZ and so on")
    with pytest.raises(ConfigError, match="is not an ELF program"):
        memory_parts(tmp_path / "x")
