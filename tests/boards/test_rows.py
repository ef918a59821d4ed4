# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from tinykws.boards.rows import OWN_PLATFORM, Board, find_board, is_local, load_boards, local_path, parse_boards
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

pytestmark = pytest.mark.slow

ROW = """
mine:
  name: Mine
  mcu: nRF52840
  platform: nordicnrf52@10.11.0
  board: nano33ble
  framework: arduino
  main: main_arduino.cpp
  port: arduino_pdm
  engine: aot
  engines: [aot]
"""


def row_with(*lines: str) -> str:
    return ROW + "".join(f"  {line}\n" for line in lines)


def test_the_boards_of_the_issue_are_there() -> None:
    boards = load_boards()
    assert list(boards) == [
        *["nano33ble", "esp32", "esp32s3", "m5atom_echo", "xiao_nrf52840"],
        *["nanorp2040", "pico", "teensy41", "portenta_h7", "nucleo_l4r5zi"],
        *["nano33ble_rev2", "feather_sense", "circuitplay_bluefruit", "clue", "xiao_esp32s3", "esp32s3_eye"],
        *["m5cardputer", "m5stickc_plus2", "esp32c3", "esp32c6", "pico2", "teensy40", "nicla_vision", "giga_r1"],
        *["host", "qemu-cortex-m4", "qemu-cortex-m3", "qemu-cortex-m7", "qemu-riscv32"],
    ]
    assert {board.id for board in boards.values() if board.engine == "tflm"} == {
        *["nano33ble", "esp32", "esp32s3", "m5atom_echo"]
    }


def test_boards_md_tells_of_every_row_and_no_other() -> None:
    page = (FIRMWARE.parent / "docs" / "reference" / "boards.md").read_text(encoding="utf-8")
    text = page.split("## How far each is proven", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `([^`]+)` \| [^|]* \| (\w+) \|", text, re.MULTILINE)
    assert rows == [(board.id, board.engine) for board in load_boards().values()]


BOARDS = load_boards()
REAL = [board for board in BOARDS.values() if board.emulator is None]


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.id)
def test_a_board_with_a_cable_can_be_found_and_has_limits(board: Board) -> None:
    assert board.serial.usb
    assert 2**17 < board.ram_bytes < board.flash_bytes < 2**24
    assert board.ram_address
    assert board.clock_hz
    assert board.core, "or nothing can be said about its speed"


WIRED = [board for board in REAL if board.microphone.kind != "none" or board.led.kind != "none"]


@pytest.mark.parametrize("board", WIRED, ids=lambda board: board.id)
def test_pins_name_the_document_that_they_come_from(board: Board) -> None:
    assert re.match(r"[^:]+: \w[\w/. ]+", board.pins_source), board.pins_source


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.id)
def test_a_microphone_off_the_board_has_its_pins(board: Board) -> None:
    microphone = board.microphone
    pins = {"i2s": 3, "pdm": 2, "none": 0}[microphone.kind]
    named = [microphone.clock_pin, microphone.word_select_pin, microphone.data_pin]
    assert len([pin for pin in named if pin >= 0]) in (pins, 0)
    if microphone.kind == "i2s":
        assert min(named) >= 0
    if microphone.kind != "none":
        assert microphone.settle_ms >= 300, "five time constants of the offset's filter"


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.id)
def test_every_row_names_files_that_exist_and_runs_ahead_of_time_code(board: Board) -> None:
    assert (FIRMWARE / "src" / board.main).is_file()
    assert (FIRMWARE / "ports" / board.port).is_dir()
    assert "aot" in board.engines


OWN = [board for board in BOARDS.values() if board.platform == OWN_PLATFORM]


@pytest.mark.parametrize("board", OWN, ids=lambda board: board.id)
def test_rows_agree_with_the_board_files_of_our_own_platform(board: Board) -> None:
    values = json.loads((FIRMWARE / "platform" / "boards" / f"{board.board}.json").read_text())
    assert board.emulator_programs == ((board.emulator,) if board.machine else ())
    assert values["upload"] == {"maximum_size": board.flash_bytes, "maximum_ram_size": board.ram_bytes}
    assert values["build"]["compiler"] in board.compilers
    assert int(values["build"].get("f_cpu", "0L")[:-1]) == board.clock_hz
    scripts = [path.read_text() for path in (FIRMWARE / "ports" / board.port).glob("*.ld")]
    assert len(scripts) == bool(board.machine)
    for script in scripts:
        region = re.search(r"DATA \(rwx\) : ORIGIN = (\w+), LENGTH = (\d+)M", script)
        assert region is not None
        assert (int(region[1], 0), int(region[2]) << 20) == (board.ram_address, board.ram_bytes)


def test_defaults_stand_in_the_dataclass() -> None:
    board = parse_boards(ROW, source="x")["mine"]
    assert (board.flash_bytes, board.microphone.kind, board.serial.baud, board.tflm) == (0, "none", 115200, None)
    assert board.env == "mine"
    assert not board.has_own_platform


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (row_with("clock: 1"), "x: mine: unknown key 'clock'", "clock_hz"),
        (row_with("microphone: {kind: pdm, pin: 3}"), "x: mine: unknown key 'microphone: pin'", "known"),
        (row_with("microphone: {kind: laser}"), "x: mine: kind is 'laser'", "pdm"),
        (row_with("microphone: {kind: pdm}"), "x: mine: key 'driver' is missing", "header"),
        (row_with("microphone: {channel: both}"), "x: mine: channel is 'both'", "left"),
        (row_with("microphone: {slot_bits: 24}"), "x: mine: slot_bits is 24", "32"),
        (row_with("microphone: {slot_bits: 32, shift: 10}"), "x: mine: shift is 10", "11 to 20"),
        (row_with("microphone: {shift: 5}"), "x: mine: shift is 5", "-5 to 4"),
        (row_with("microphone: {gain: loud}"), "x: mine: microphone: gain must be a whole number", ""),
        (row_with("clock_hz: fast"), "x: mine: clock_hz must be a whole number, not 'fast'", ""),
        (row_with("build_flags: -Os"), "x: mine: build_flags must be a list", ""),
        (row_with("serial: {baud: 3}"), "x: mine: baud is 3", "1200"),
        (row_with("serial: {usb: ['2341-805a']}"), "x: mine: usb holds '2341-805a'", "2341:805a"),
        (row_with("emulator_options: -m 16M"), "x: mine: emulator_options must be a list", ""),
        (row_with("emulator: renode"), "x: mine: emulator is 'renode'", "qemu"),
        (row_with("tflm: {lib_deps: [a/b]}"), "x: mine: lib_deps holds 'a/b' without a version", "pin"),
        (
            row_with("tflm: {lib_deps: ['symlink://tflm']}"),
            "x: mine: lib_deps holds 'symlink://tflm', a path",
            "absolute",
        ),
        (row_with("tflm: {arena_margin_bytes: -1}"), "x: mine: arena_margin_bytes is -1", "0"),
        (row_with("tflm: {kernels: neon}"), "x: mine: kernels is 'neon'", "reference"),
        (row_with(f"microphone_port: {'x' * 300}"), "x: mine: microphone_port is 'xxx", "at most 100 letters"),
        (row_with("id: other"), "x: mine: unknown key 'id'", "the row's key is the id"),
        (ROW.replace("  board: nano33ble\n", ""), "x: mine: key 'board' is missing", ""),
        (ROW.replace("engines: [aot]", "engines: [aot, tvm]"), "x: mine: engines is 'tvm'", "tflm"),
        (ROW.replace("engine: aot", "engine: tflm"), "x: mine: engine is 'tflm'", "aot"),
        (ROW.replace("engines: [aot]", "engines: [aot, tflm]"), "x: mine: key 'tflm' is missing", "lib_deps"),
        (ROW.replace("@10.11.0", ""), "x: mine: platform 'nordicnrf52' has no version", "pin"),
        (ROW.replace("mine:", "My Board:"), "x: My Board: a board's id is 'My Board'", "a-z"),
        ("mine: 3\n", "x: mine: a row must hold keys", ""),
        ("mine: [\n", "x is not valid YAML", ""),
    ],
)
def test_a_wrong_row_is_refused_by_row_and_key(text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_boards(text, source="x")
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("library", [Path.cwd().root + "lib/tflm", "${PROJECT_DIR}/../tflm"])
def test_a_library_of_this_computer_needs_no_version(library: str) -> None:
    board = parse_boards(row_with(f"tflm: {{lib_deps: ['symlink://{library}']}}"), source="x")["mine"]
    assert board.tflm is not None
    (named,) = board.tflm.lib_deps
    assert is_local(named)
    assert local_path(named) == library


def test_a_projects_own_rows_are_added_and_replace(tmp_path: Path) -> None:
    own = tmp_path / "boards.yaml"
    own.write_text(ROW + ROW.replace("mine:", "host:").replace("name: Mine", "name: Another host"))
    boards = load_boards(own)
    assert boards["mine"].name == "Mine"
    assert boards["host"].name == "Another host"
    assert boards["nano33ble"] == load_boards()["nano33ble"]


def test_no_file_of_a_projects_own_is_no_error(tmp_path: Path) -> None:
    assert load_boards(tmp_path / "boards.yaml") == load_boards()


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    own = tmp_path / "boards.yaml"
    own.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"cannot read .*boards\.yaml"):
        load_boards(own)


def test_an_unknown_board_is_told_its_neighbour() -> None:
    with pytest.raises(ConfigError, match=r"'nano33' is not in boards\.yaml") as caught:
        find_board("nano33")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean nano33ble or nano33ble_rev2?")
    with pytest.raises(ConfigError) as caught:
        find_board("ESP32-C3")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean esp32c3")


def test_a_board_is_found_among_those_given() -> None:
    mine = parse_boards(ROW, source="x")
    assert find_board("mine", mine).id == "mine"
    with pytest.raises(ConfigError):
        find_board("host", mine)


def test_the_engine_is_the_boards_unless_named() -> None:
    nano = find_board("nano33ble")
    assert nano.chosen_engine(None) == "tflm"
    assert nano.chosen_engine("aot") == "aot"
    with pytest.raises(ConfigError, match="board host has no engine 'tflm'"):
        find_board("host").chosen_engine("tflm")


def test_no_code_asks_which_board_it_is() -> None:
    questions = [text for board_id in BOARDS for text in (f'== "{board_id}"', f'in ("{board_id}"')]
    for path in sorted((FIRMWARE.parent / "tinykws").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not [question for question in questions if question in text], path


def test_boards_are_values() -> None:
    board = find_board("esp32")
    assert dataclasses.replace(board, name="x") != board
    with pytest.raises(dataclasses.FrozenInstanceError):
        board.name = "x"  # type: ignore[misc]
