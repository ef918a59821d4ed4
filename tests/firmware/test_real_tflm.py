# SPDX-License-Identifier: Apache-2.0
"""The model slot with TensorFlow Lite Micro itself on an emulated Cortex-M4F: the other model's golden scores.

It needs a library that `tinykws tflm-library` made, which is not part of the repository, and minutes to compile it:

    TINYKWS_TFLM_LIBRARY=~/tflm pytest -o timeout=0 tests/firmware/test_real_tflm.py
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tiny_model import EAGER, tiny_bundle

from tinykws.boards.rows import parse_boards
from tinykws.device.transport.emulator import slot_file
from tinykws.stages.build import build
from tinykws.stages.flash_model import flash_model_of_emulator
from tinykws.stages.generate import generate
from tinykws.stages.verify import find_clips, verify
from tinykws.support.errors import DeviceError

LIBRARY = os.environ.get("TINYKWS_TFLM_LIBRARY")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LIBRARY is None, reason="needs TINYKWS_TFLM_LIBRARY, a library that tinykws tflm-library made"),
]
ROW = f"""
mine:
  name: Cortex-M4F, emulated by QEMU, with a model slot in the machine's second memory
  mcu: Cortex-M4F
  core: cortex-m4f
  ram_address: 0x20000000
  platform: symlink://${{PROJECT_DIR}}/platform
  board: qemu_cortex_m4
  build_flags: [-std=gnu++17, -DTF_LITE_STATIC_MEMORY]
  build_unflags: [-std=gnu++14]
  compilers: [arm-none-eabi-gcc]
  main: main_c.c
  port: qemu_mps2
  microphone_port: no_microphone
  engine: tflm
  engines: [tflm]
  tflm: {{lib_deps: ["symlink://{LIBRARY}"], per_channel_fully_connected: true}}
  model_slot: {{port: slot_memory, writer: emulator, address: 0x21000000, size_bytes: 0x40000}}
  emulator: qemu-system-arm
  machine: mps2-an386
  cpu: cortex-m4
  fast_transport: semihosting
"""


def test_the_model_in_the_slot_gives_its_golden_scores_and_a_damaged_one_leaves_the_built_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("qemu-system-arm", "arm-none-eabi-g++"):
        if shutil.which(name) is None:
            pytest.skip(f"needs {name}")
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path / "core"))
    board = parse_boards(ROW, source="x")["mine"]
    built_in = tiny_bundle(tmp_path / "built_in")
    other = tiny_bundle(tmp_path / "other", words=("no",), detector=EAGER, variant=41)
    assert built_in.golden[0].scores != other.golden[0].scores
    generate(built_in, board, None, tmp_path / "project")
    program = build(tmp_path / "project", board).program
    assert flash_model_of_emulator(other, board, program).model_id == other.model_id
    report = verify(other, board, program, find_clips([other.path / "golden"], ()))
    assert (report.passed, report.self_test, [clip.equal for clip in report.clips]) == (True, "ok", [True])
    slot = slot_file(board, program)
    assert slot is not None
    image = bytearray(slot.read_bytes())
    image[len(image) // 2] ^= 1
    slot.write_bytes(image)
    report = verify(built_in, board, program, find_clips([built_in.path / "golden"], ()))
    assert (report.passed, report.self_test) == (True, "ok")
    with pytest.raises(DeviceError, match=f"the device's model is {built_in.model_id}"):
        verify(other, board, program, find_clips([other.path / "golden"], ()))
