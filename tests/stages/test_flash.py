# SPDX-License-Identifier: Apache-2.0
"""flash in a serial world of its own: boards that vanish, come back elsewhere, later, changed, or not at all."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_port_access import BANNER, FakeBoard, FakePortAccess
from tiny_model import tiny_bundle

from tinykws.boards.rows import Board, find_board
from tinykws.cli.main import run as tinykws
from tinykws.device.line_checksum import with_check
from tinykws.device.transport.serial_ports import Port
from tinykws.firmware_build import platformio
from tinykws.model.bundle import Bundle
from tinykws.stages.build import build
from tinykws.stages.flash import FlashReport, flash
from tinykws.stages.generate import generate
from tinykws.support.errors import ConfigError, DeviceError, ToolError
from tinykws.support.progress import Progress

NANO = find_board("nano33ble")
APP = Port("/dev/ttyACM0", "2341:805a", "768275C7726D618B", "1-3", "Nano 33 BLE")
BOOT = Port("/dev/ttyACM0", "2341:005a", "0000000000000000768275C7726D618B", "1-3")
BACK = Port("/dev/ttyACM1", "2341:805a", "768275C7726D618B", "1-3", "Nano 33 BLE")
TWIN = Port("/dev/ttyACM5", "2341:805a", "1111111111111111", "1-4", "Nano 33 BLE")
PROJECT = Path("project")


class World(FakePortAccess):
    """One board on its port, and an upload that does as told."""

    def __init__(self, after_upload: Callable[[World], None] = lambda _: None) -> None:
        super().__init__()
        self.plug(APP, FakeBoard("old firmware"))
        self.uploads: list[tuple[Path, str, str]] = []
        self._after_upload = after_upload

    def upload(self, project_dir: Path, board: Board, port: str, on_line: Callable[[str], None]) -> None:
        self.uploads.append((project_dir, board.id, port))
        self._after_upload(self)


def new_firmware(bundle: Bundle, *more: str, **changes: str) -> FakeBoard:
    return FakeBoard(BANNER.format(**{"board": "nano33ble", "model": bundle.model_id, **changes}), *more)


def run(world: World, bundle: Bundle, board: Board = NANO, progress: Progress | None = None) -> FlashReport:
    return flash(
        bundle, board, PROJECT, APP, progress or Progress(), port_access=world, upload=world.upload
    )  # fmt: skip


def test_a_board_that_returns_elsewhere_says_what_it_runs(tiny_model_bundle: Bundle) -> None:
    """As a Nano 33 BLE does: gone, a boot loader for a moment, gone, then its program on another name."""

    def after_upload(world: World) -> None:
        world.unplug(APP.device)
        world.at(0.6, lambda: world.plug(BOOT))
        world.at(1.5, lambda: world.unplug(BOOT.device))
        world.at(3.0, lambda: world.plug(BACK, new_firmware(tiny_model_bundle)))

    world = World(after_upload)
    said: list[str] = []

    class Told(Progress):
        def say(self, text: str) -> None:
            said.append(text)

    report = run(world, tiny_model_bundle, progress=Told())
    assert report == FlashReport(
        "nano33ble",
        "/dev/ttyACM1",
        "tflm",
        tiny_model_bundle.model_id,
        ("_silence_", "_unknown_", "yes"),
        report.seconds,
    )
    assert 3.0 <= report.seconds < 8.0
    assert world.uploads == [(PROJECT, "nano33ble", "/dev/ttyACM0")]
    assert world.opened[0] == APP.device
    assert any("on /dev/ttyACM0" in text for text in said)


def test_a_board_behind_a_bridge_keeps_its_port(tiny_model_bundle: Bundle) -> None:
    board = find_board("esp32")
    port = Port("/dev/ttyUSB0", "10c4:ea60", "0001", "1-5")
    world = World(lambda world: world.plug(port, new_firmware(tiny_model_bundle, board="esp32")))
    world.plug(port, FakeBoard())
    report = flash(tiny_model_bundle, board, PROJECT, port, port_access=world, upload=world.upload)
    assert (report.port, report.board) == ("/dev/ttyUSB0", "esp32")
    assert world.boards[port.device].heard[:2] == ["", with_check("!INFO")]


def test_a_twin_on_the_desk_is_not_taken_for_the_board(tiny_model_bundle: Bundle) -> None:
    def after_upload(world: World) -> None:
        world.unplug(APP.device)
        world.at(5.0, lambda: world.plug(BACK, new_firmware(tiny_model_bundle)))

    world = World(after_upload)
    world.plug(TWIN, new_firmware(tiny_model_bundle))
    assert run(world, tiny_model_bundle).port == BACK.device
    assert TWIN.device not in world.opened


def test_a_port_that_cannot_be_opened_at_first_is_tried_again(tiny_model_bundle: Bundle) -> None:
    """udev gives a new port its group a moment after it appears."""

    def after_upload(world: World) -> None:
        world.unplug(APP.device)
        world.plug(BACK, new_firmware(tiny_model_bundle))
        world.refused[BACK.device] = DeviceError("you may not open it")
        world.at(2.0, world.refused.clear)

    assert run(World(after_upload), tiny_model_bundle).port == BACK.device


def test_a_board_that_stays_away_is_an_error_with_its_advice(tiny_model_bundle: Bundle) -> None:
    world = World(lambda world: world.unplug(APP.device))
    with pytest.raises(DeviceError, match=r"uploaded, but Arduino .* did not come back within 30 s") as caught:
        run(world, tiny_model_bundle)
    assert "reset button" in str(caught.value.hint)
    assert "double-tap" in str(caught.value.hint)
    assert caught.value.exit_code == 4
    assert world.clock < 40


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ((), "sent no banner"),
        (("other project: hello",), "the last line was 'other project: hello'"),
        (("\\xff\\xfe\\x00",), "the last line was .*xff"),
        ((BANNER.format(board="nano33ble", model="0123456789ab"),), "device's model is 0123456789ab, the bundle's is"),
        ((BANNER.format(board="esp32", model="{model}"),), "device's board is esp32, the bundle's is nano33ble"),
        ((BANNER.format(board="nano33ble", model="{model}") + " id=01234567-89abcdef-01234567-89abcdef",),
         "device and bundle differ in the settings or tables of the front-end; the detector's thresholds"),
        ((BANNER.format(board="nano33ble", model="{model}"), "kws error engine arena is too small"),
         "the device.s engine did not start: arena is too small"),
        ((BANNER.format(board="nano33ble", model="{model}") + " selftest=scores",),
         "the device's self-test fails: its model gives different scores"),
    ],
)  # fmt: skip
def test_a_board_that_runs_something_else_is_an_error(
    tiny_model_bundle: Bundle, answers: tuple[str, ...], says: str
) -> None:
    def after_upload(world: World) -> None:
        world.plug(APP, FakeBoard(*(answer.format(model=tiny_model_bundle.model_id) for answer in answers)))

    with pytest.raises(DeviceError, match=f"uploaded, but .*{says}") as caught:
        run(World(after_upload), tiny_model_bundle)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([f"Writing at 0x000{at}0000... ({at} %)" for at in range(1, 100, 7)], [22, 43, 64, 85]),
        ([f"Writing at 0x00010000 [==>  ] {at}.5% 1/2 bytes..." for at in (10, 30, 99, 12, 40)], [30, 99, 40]),
        ([f"[=====     ] {at}% ({at}/100 pages)" for at in (0, 50, 100)], [50, 100]),
        (["RAM:   [==        ]  15.6% (used 40000 bytes from 262144 bytes)", "Flash: [=] 90%"], []),
    ],
)
def test_a_long_upload_tells_how_far_it_is(tiny_model_bundle: Bundle, lines: list[str], told: list[int]) -> None:
    said: list[str] = []

    class Told(Progress):
        def say(self, text: str) -> None:
            said.append(text)

    class Slow(World):
        def upload(self, project_dir: Path, board: Board, port: str, on_line: Callable[[str], None]) -> None:
            for line in lines:
                on_line(line)
            self.plug(APP, new_firmware(tiny_model_bundle))

    run(Slow(), tiny_model_bundle, progress=Told())
    assert [text for text in said if "%" in text] == [f"flash: {percent} %" for percent in told]


def test_a_failing_upload_is_the_tools_error(tiny_model_bundle: Bundle) -> None:
    def after_upload(world: World) -> None:
        raise ToolError("the upload failed")

    with pytest.raises(ToolError, match="the upload failed"):
        run(World(after_upload), tiny_model_bundle)


def test_a_port_that_cannot_be_used_is_told_before_any_upload(tiny_model_bundle: Bundle) -> None:
    world = World()
    world.refused[APP.device] = DeviceError("/dev/ttyACM0 is busy")
    with pytest.raises(DeviceError, match="is busy"):
        run(world, tiny_model_bundle)
    assert world.uploads == []


def test_an_emulated_board_has_nothing_to_flash(tiny_model_bundle: Bundle) -> None:
    world = World()
    with pytest.raises(ConfigError, match="'host' is not a physical board") as caught:
        run(world, tiny_model_bundle, find_board("host"))
    assert "verify --board host" in str(caught.value.hint)
    assert world.opened == []


UPLOAD_TARGET = """
def _upload(target, source, env):
    print("No device found on ttyX" if env.subst("$UPLOAD_PORT") == "/dev/ttyX" else "done")
    return env.subst("$UPLOAD_PORT") == "/dev/ttyX"


env.AddPlatformTarget("upload", "$BUILD_DIR/${PROGNAME}.elf", [_upload], "Upload")
"""


@pytest.mark.slow
def test_the_real_platformio_uploads_what_was_built(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    """With the host's platform, which is given an uploader: vendors' cannot be had everywhere."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    host = find_board("host")
    generate(tiny_model_bundle, host, None, tmp_path)
    with (tmp_path / "platform" / "builder" / "main.py").open("a") as builder:
        builder.write(UPLOAD_TARGET)
    program = build(tmp_path, host).program
    built = program.stat().st_mtime_ns
    lines: list[str] = []
    assert "done" in platformio.upload(tmp_path, host, "/dev/ttyY", lines.append).stdout
    assert "done" in lines
    with pytest.raises(ToolError, match="did not accept the upload on /dev/ttyX: its boot loader did not start"):
        platformio.upload(tmp_path, host, "/dev/ttyX")
    assert program.stat().st_mtime_ns == built, "nothing is compiled again"


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_generates_builds_and_says_what_runs(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """All but the vendor's compiler and the cable is real."""
    bundle = tiny_bundle(tmp_path / "build" / "bundle")
    world = World(lambda world: world.plug(APP, new_firmware(bundle)))
    built: list[Path] = []
    monkeypatch.setattr("tinykws.device.transport.serial_ports.list_ports", world.ports)
    monkeypatch.setattr("tinykws.stages.build.build", lambda folder, *_, **__: built.append(folder))
    monkeypatch.setattr("tinykws.stages.flash.flash", functools.partial(flash, port_access=world, upload=world.upload))
    options = ["--json"] if as_json else []
    assert tinykws(["flash", "--board", "nano33ble", "--project", str(tmp_path), *options]) == 0
    folder = tmp_path / "build" / "firmware" / "nano33ble"
    assert built == [folder]
    assert (folder / "platformio.ini").is_file()
    assert world.uploads == [(folder, "nano33ble", "/dev/ttyACM0")]
    said = capsys.readouterr().out
    if as_json:
        assert json.loads(said)["model_id"] == bundle.model_id
    else:
        assert said == (
            f"Arduino Nano 33 BLE Sense on /dev/ttyACM0 runs model {bundle.model_id}, engine tflm:"
            " _silence_, _unknown_, yes\n"
        )
