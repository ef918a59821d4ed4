# SPDX-License-Identifier: Apache-2.0
"""examples/on_word: each is a whole user's file, and compiles in the project of the boards that it is for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from firmware_sources import PROJECT_FOLDERS

from tinykws.boards.rows import find_board
from tinykws.model.bundle import Bundle
from tinykws.stages.generate import generate

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples" / "on_word"
STUBS = ROOT / "tests" / "c" / "stubs"
BOARDS = {
    "blink.cpp": ["nano33ble", "esp32s3", "teensy41", "qemu-cortex-m4"],
    "servo.cpp": ["nano33ble", "teensy41"],
    "relay.cpp": ["nano33ble", "esp32", "pico"],
    "ble_nano33ble.cpp": ["nano33ble"],
    "mqtt_esp32.cpp": ["esp32", "esp32s3"],
    "deep_sleep_esp32.cpp": ["esp32"],
}
"""Boards whose project each example is compiled in."""
COMPILERS = ("g++", "arm-none-eabi-g++", "riscv64-unknown-elf-g++")


def test_every_example_is_tested_and_listed() -> None:
    names = {path.name for path in EXAMPLES.glob("*.cpp")}
    assert names == set(BOARDS)
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", BOARDS)
def test_an_example_compiles(tiny_model_bundle: Bundle, tmp_path: Path, name: str, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    for board_id in BOARDS[name]:
        board = find_board(board_id)
        project = tmp_path / board_id
        generate(tiny_model_bundle, board, "aot", project)
        includes = [f"-I{project / folder}" for folder in PROJECT_FOLDERS]
        stubs = [f"-isystem{STUBS / folder}" for folder in ("arduino", "examples")]
        flags = ["-std=gnu++17" if board.port == "esp32_i2s" else "-std=gnu++14"]
        flags += ["-DARDUINO_ARCH_ESP32"] if board.port == "esp32_i2s" else []
        flags += ["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs"] if compiler.startswith("riscv") else []
        command = [compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *flags, *includes, *stubs, EXAMPLES / name]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600, check=False)
        assert result.returncode == 0, result.stderr[:4000]
