# SPDX-License-Identifier: Apache-2.0
"""The model slots of boards.yaml: nothing else lies there, and who writes one knows where."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from tinykws.boards.model_slot import BOSSAC, EMULATOR, ESPTOOL, ModelSlot
from tinykws.boards.rows import Board, find_board, load_boards, parse_boards
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

SLOTS = {board.id: board.model_slot for board in load_boards().values() if board.model_slot is not None}
CHIP_BYTES = {"esp32": 0x400000, "m5atom_echo": 0x400000, "esp32s3": 0x800000, "xiao_esp32s3": 0x800000}
"""Flash of the ESP32 boards, as their definitions in PlatformIO have it."""
ROW = """
mine:
  name: Mine
  mcu: any
  platform: name@1.0.0
  board: mine
  main: main_c.c
  port: host
  engine: aot
  engines: [aot, tflm]
  flash_bytes: 1000000
  tflm: {}
  model_slot: SLOT
"""


def mine(slot: str) -> Board:
    return parse_boards(ROW.replace("SLOT", slot), source="x")["mine"]


def test_the_boards_with_a_slot_are_those_of_the_tflm_engine_with_flash_to_spare() -> None:
    assert {board: slot.writer for board, slot in SLOTS.items()} == {
        **dict.fromkeys(["nano33ble", "nano33ble_rev2"], BOSSAC),
        **dict.fromkeys(["esp32", "esp32s3", "m5atom_echo", "xiao_esp32s3"], ESPTOOL),
    }
    for slot in SLOTS.values():
        assert (FIRMWARE / "ports" / slot.port).is_dir()


@pytest.mark.parametrize("board_id", CHIP_BYTES)
def test_a_table_of_partitions_is_in_order_fills_the_chip_and_has_room_for_the_program(board_id: str) -> None:
    slot, board = SLOTS[board_id], find_board(board_id)
    rows = [[cell.strip() for cell in line.split(",")] for line in slot.partition_table]
    places = [(int(row[3], 16), int(row[4], 16)) for row in rows]
    for (begin, size), (following, _) in itertools.pairwise(places):
        assert begin + size <= following, "gen_esp32part.py of Espressif refuses what is out of order or overlaps"
    assert sum(places[-1]) == CHIP_BYTES[board_id]
    sizes = {row[0]: size for row, (_, size) in zip(rows, places, strict=True)}
    assert sizes["app0"] == sizes["app1"] == board.flash_bytes
    assert sizes["kws_model"] == slot.size_bytes
    assert all(begin % 0x10000 == 0 for row, (begin, _) in zip(rows, places, strict=True) if row[1] == "app")


@pytest.mark.parametrize("board_id", ["nano33ble", "nano33ble_rev2"])
def test_the_program_of_a_nano_ends_before_the_slot(board_id: str) -> None:
    slot, board = SLOTS[board_id], find_board(board_id)
    assert slot.upload_base + slot.program_bytes == slot.address
    assert slot.upload_offset == 0x90000
    assert (board.with_engine("tflm").flash_bytes, board.with_engine("aot").flash_bytes) == (0x90000, 983_040)
    small = dataclasses.replace(board, flash_bytes=1000)
    assert small.with_engine("tflm") == small


def test_a_slot_without_partitions_and_limit_changes_nothing_of_the_program() -> None:
    board = mine("{port: slot_memory, writer: emulator, address: 0, size_bytes: 4096}")
    assert board.model_slot == ModelSlot("slot_memory", EMULATOR, 0, 4096)
    assert board.model_slot.partition_table == ()
    assert board.with_engine("tflm") == board
    assert (board.slot_of("tflm"), board.slot_of("aot")) == (board.model_slot, None)


GOOD = "port: slot_memory, writer: emulator, address: 8192, size_bytes: 4096"


@pytest.mark.parametrize(
    ("slot", "says"),
    [
        (GOOD.replace("slot_memory", "slot_disk"), "port is 'slot_disk'"),
        (GOOD.replace("emulator", "hand"), "writer is 'hand'"),
        (GOOD.replace("8192", "8193"), "address is 8193"),
        (GOOD.replace("4096", "0"), "size_bytes is 0"),
        (GOOD.replace("8192", "4294963200").replace("4096", "8192"), "address is 4294963200"),
        (GOOD + ", upload_base: 12288", "upload_base is 12288"),
        (GOOD + ", program_bytes: -1", "program_bytes is -1"),
        (GOOD.replace("emulator", "esptool"), "key 'partitions' is missing"),
        (GOOD + ", partitions: ['app0, app, ota_0, 0x1000, 0x1001']", "partitions: app0 overlaps the model slot"),
        (GOOD + ", partitions: ['app0, app, ota_0, 4096, 4096']", "partitions holds"),
        (GOOD + ", partitions: [\"app0, app, ota_0, 0x1, 0x1\\n[env]\"]", "a control character or a line break"),
        (GOOD + ", colour: red", "unknown key 'model_slot: colour'"),
    ],
)  # fmt: skip
def test_a_wrong_slot_is_refused_by_its_key(slot: str, says: str) -> None:
    with pytest.raises(ConfigError, match="x: mine: ") as caught:
        mine(f"{{{slot}}}")
    assert says in caught.value.message


def test_a_slot_is_of_no_use_without_the_tflm_engine() -> None:
    text = ROW.replace("SLOT", f"{{{GOOD}}}").replace("engines: [aot, tflm]", "engines: [aot]")
    with pytest.raises(ConfigError, match="key 'model_slot' is of no use without the engine tflm"):
        parse_boards(text, source="x")
