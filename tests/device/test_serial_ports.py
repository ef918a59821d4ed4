# SPDX-License-Identifier: Apache-2.0
"""Which port a board is on, among none, one and several, and where it went."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from tinykws.boards.rows import SerialLine, find_board, load_boards
from tinykws.device.transport.serial_ports import (
    Port,
    boards_on,
    describe,
    find_again,
    find_any_port,
    find_port,
    list_ports,
    named_port,
)
from tinykws.support.errors import ConfigError, DeviceError

NANO = find_board("nano33ble")
ESP32 = find_board("esp32")
APP = Port("/dev/ttyACM0", "2341:805a", "768275C7726D618B", "1-3", "Nano 33 BLE")
BOOT = Port("/dev/ttyACM1", "2341:005a", "0000000000000000768275C7726D618B", "1-3", "Arduino Nano 33 BLE")
SECOND = Port("/dev/ttyACM2", "2341:805a", "1111111111111111", "1-4", "Nano 33 BLE")
BRIDGE = Port("/dev/ttyUSB0", "10c4:ea60", "0001", "1-5", "CP2102 USB to UART Bridge Controller")
BUILT_IN = Port("/dev/ttyS0")


def nobody(ports: Sequence[Port]) -> Port:
    pytest.fail("nobody is to be asked")


def test_ports_come_from_pyserial_with_what_usb_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"vid": None, "pid": None, "serial_number": None, "location": None, "description": "n/a"}

    class Info(SimpleNamespace):
        def __lt__(self, other: SimpleNamespace) -> bool:
            return bool(self.device < other.device)

    usb = Info(
        device="/dev/ttyACM0", vid=0x2341, pid=0x805A, serial_number="768275C7726D618B", location="1-3",
        description="Nano 33 BLE",
    )  # fmt: skip
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Info(device="/dev/ttyS0", **nothing), usb])
    assert list_ports() == (APP, BUILT_IN)


def test_the_real_list_can_be_had() -> None:
    assert all(port.device for port in list_ports())


def test_one_port_that_fits_is_taken() -> None:
    assert find_port(NANO, [BUILT_IN, BRIDGE, APP], nobody) == APP
    assert find_port(NANO, [BRIDGE, BOOT], nobody) == BOOT
    assert find_port(ESP32, [BRIDGE, APP], nobody) == BRIDGE


def test_of_several_a_person_chooses() -> None:
    asked: list[Sequence[Port]] = []

    def second(ports: Sequence[Port]) -> Port:
        asked.append(ports)
        return ports[1]

    assert find_port(NANO, [APP, BRIDGE, SECOND], second) == SECOND
    assert asked == [[APP, SECOND]]


def test_no_port_says_what_is_there_and_what_to_check() -> None:
    with pytest.raises(DeviceError, match=r"no port matches Arduino Nano 33 BLE Sense \(USB 2341:805a") as caught:
        find_port(NANO, [BUILT_IN, BRIDGE], nobody)
    assert caught.value.message.endswith("connected: /dev/ttyUSB0 10c4:ea60 CP2102 USB to UART Bridge Controller")
    for advice in ("many only charge", "--port", "double-tap"):
        assert advice in str(caught.value.hint)
    with pytest.raises(DeviceError, match="no USB serial port is connected"):
        find_port(NANO, [BUILT_IN], nobody)


def test_a_row_without_usb_ids_wants_the_port_named() -> None:
    with pytest.raises(ConfigError, match="no USB ids for host") as caught:
        find_port(find_board("host"), [APP], nobody)
    assert "--port" in str(caught.value.hint)


def test_a_named_port_is_known_by_its_usb_ids() -> None:
    rows = load_boards().values()
    assert named_port("/dev/ttyACM0", NANO, [APP, BRIDGE], rows) == APP
    assert named_port("socket://127.0.0.1:5555", NANO, [APP], rows) == Port("socket://127.0.0.1:5555")
    strange = Port("/dev/ttyUSB7", "dead:beef")
    assert named_port("/dev/ttyUSB7", ESP32, [strange], rows) == strange


def test_a_named_port_with_another_board_on_it_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"Arduino Nano 33 BLE Sense \(USB 2341:805a\) is on /dev/ttyACM0, not ESP32"):
        named_port("/dev/ttyACM0", ESP32, [APP, BRIDGE], load_boards().values())


def test_what_boards_a_port_may_be() -> None:
    rows = load_boards().values()
    assert [board.id for board in boards_on(APP, rows)] == ["nano33ble", "nano33ble_rev2"]
    assert "esp32" in [board.id for board in boards_on(BRIDGE, rows)]
    assert boards_on(BUILT_IN, rows) == []


def test_any_board_will_do_where_none_is_named() -> None:
    rows = load_boards().values()
    assert find_any_port(rows, [BUILT_IN, APP], nobody) == APP
    assert find_any_port(rows, [BUILT_IN, APP, BRIDGE], lambda ports: ports[1]) == BRIDGE
    with pytest.raises(DeviceError, match="no port matches a board"):
        find_any_port(rows, [BUILT_IN], nobody)


@pytest.mark.parametrize(
    ("now", "where"),
    [
        ((APP,), APP),
        ((), None),
        ((Port("/dev/ttyACM9", "2341:805a", "768275C7726D618B", "1-3:1.2"), APP), APP),  # it has a second port
        ((BUILT_IN, SECOND), None),  # the other board of the same kind was there before
        ((SECOND, BOOT), BOOT),  # the boot loader writes the same number with zeros before it
        ((SECOND, Port("/dev/ttyACM7", "2341:805a", "768275c7726d618b", "2-1")), "/dev/ttyACM7"),  # another socket
        ((SECOND, Port("/dev/ttyACM7", "2341:005a", None, "1-3")), "/dev/ttyACM7"),  # no number: the same socket
        ((SECOND, Port("/dev/ttyACM7", "2341:005a", "ABCDEF", "9-9")), "/dev/ttyACM7"),  # new, and one of the row's
        ((SECOND, Port("/dev/ttyUSB7", "10c4:ea60", "ABCDEF", "9-9")), None),  # new, and another kind
    ],
)
def test_a_board_is_found_again(now: Sequence[Port], where: Port | str | None) -> None:
    found = find_again(APP, NANO.serial.usb, [APP, SECOND, BUILT_IN], now)
    assert (found.device if found and isinstance(where, str) else found) == where


def test_bridges_without_numbers_are_known_by_their_socket() -> None:
    left, right = Port("/dev/ttyUSB0", "1a86:7523", None, "1-1"), Port("/dev/ttyUSB1", "1a86:7523", None, "1-2")
    assert find_again(right, ESP32.serial.usb, [left, right], [left]) is None
    moved = Port("/dev/ttyUSB5", "1a86:7523", None, "1-2")
    assert find_again(right, ESP32.serial.usb, [left, right], [left, moved]) == moved


def test_a_port_that_was_never_listed_stays_where_it_was() -> None:
    url = Port("socket://127.0.0.1:5555")
    assert find_again(url, NANO.serial.usb, [APP], []) == url


def test_ports_in_a_line() -> None:
    assert describe(APP) == "/dev/ttyACM0 2341:805a Nano 33 BLE"
    assert describe(BUILT_IN) == "/dev/ttyS0"


def test_advice_follows_from_the_columns_or_stands_in_the_row() -> None:
    assert "double-tap" in SerialLine(touch_1200=True).upload_advice[0]
    assert "BOOT" in SerialLine(reset_by_dtr_rts=True).upload_advice[0]
    assert SerialLine().upload_advice == ()
    assert SerialLine(touch_1200=True, advice=("press it",)).upload_advice == ("press it",)
