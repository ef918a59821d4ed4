# SPDX-License-Identifier: Apache-2.0
"""The LED columns of boards.yaml: what a row may say, and that every row says what its core can do."""

from __future__ import annotations

import pytest

from tinykws.boards.led import LED_KINDS, Led
from tinykws.boards.rows import Board, load_boards, parse_boards
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

ROW = """
mine:
  name: Mine
  mcu: ESP32
  platform: {platform}
  board: x
  framework: arduino
  main: main_arduino.cpp
  port: esp32_i2s
  engine: aot
  engines: [aot]
  microphone: {{kind: i2s, driver: driver/i2s.h, clock_pin: 26, word_select_pin: 32, data_pin: 33, power_pin: 5}}
  led: {led}
"""


def row(led: str, platform: str = "espressif32@6.13.0") -> Board:
    return parse_boards(ROW.format(led=led, platform=platform), source="boards.yaml")["mine"]


@pytest.mark.parametrize(
    "led",
    [
        "{kind: single, pin: 2}",
        "{kind: single, pin: 0, active_low: true}",
        "{kind: rgb, red_pin: 1, green_pin: 2, blue_pin: 3, active_low: true}",
        "{kind: addressable, pin: 48}",
        "{kind: none}",
        "{}",
    ],
)
def test_a_good_led_is_taken(led: str) -> None:
    assert row(led).led.kind in LED_KINDS


@pytest.mark.parametrize(
    ("led", "message"),
    [
        ("{kind: single, pin: 26}", "led: pin is 26, which is the microphone's clock_pin"),
        ("{kind: addressable, pin: 33}", "led: pin is 33, which is the microphone's data_pin"),
        (
            "{kind: rgb, red_pin: 1, green_pin: 32, blue_pin: 3}",
            "green_pin is 32, which is the microphone's word_select_pin",
        ),
        ("{kind: rgb, red_pin: 1, green_pin: 2, blue_pin: 5}", "blue_pin is 5, which is the microphone's power_pin"),
        ("{kind: single}", "led: pin is missing"),
        ("{kind: single, pin: 256}", "led: pin is 256"),
        ("{kind: single, pin: -2}", "led: pin is -2"),
        ("{kind: rgb, red_pin: 1, green_pin: 2}", "led: blue_pin is missing"),
        ("{kind: rgb, red_pin: 1, green_pin: 2, blue_pin: 1}", r"red, green and blue are on pins \[1, 1, 2\]"),
        ("{kind: rgb, pin: 4, red_pin: 1, green_pin: 2, blue_pin: 3}", "led: pin is 4, but the kind is rgb"),
        ("{pin: 4}", "led: pin is 4, but the kind is none"),
        ("{kind: addressable, pin: 4, active_low: true}", "active_low has no meaning"),
        ("{kind: neon, pin: 4}", "kind.*neon"),
        ("{kind: single, pin: LED_BUILTIN}", "pin"),
    ],
)
def test_a_bad_led_is_refused_by_row_and_column(led: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"boards.yaml: mine: .*{message}"):
        row(led)


def test_an_addressable_led_needs_a_core_that_can_drive_it() -> None:
    with pytest.raises(ConfigError, match="only the cores of espressif32 can drive"):
        row("{kind: addressable, pin: 48}", platform="raspberrypi@1.19.0")


def test_pins_that_are_not_named_are_nobodys() -> None:
    """A microphone whose pins the board fixes (-1) shares none with an LED without that pin (-1)."""
    assert Led().pins == {}
    assert all(board.led.pins.keys() <= {"pin", "red_pin", "green_pin", "blue_pin"} for board in load_boards().values())


@pytest.mark.parametrize("board", load_boards().values(), ids=lambda board: board.id)
def test_a_watchdogs_code_is_there(board: Board) -> None:
    if board.watchdog_port:
        folder = FIRMWARE / "ports" / board.watchdog_port
        assert any("kws_user_watch()" in path.read_text(encoding="utf-8") for path in folder.glob("*.c*"))
