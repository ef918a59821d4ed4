# SPDX-License-Identifier: Apache-2.0
"""flash --model-only in a simulated serial world: what is written, what is refused before, and what is said after."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_port_access import FakeBoard, FakePortAccess
from tiny_model import tiny_bundle

from tinykws.boards.rows import Board, find_board, parse_boards
from tinykws.cli.main import run as tinykws
from tinykws.device.protocol import DeviceTrouble, ModelSlotState, Ready
from tinykws.device.transport.serial_ports import Port
from tinykws.firmware_build import platformio
from tinykws.firmware_build.model_image import MAGIC
from tinykws.model.bundle import Bundle
from tinykws.project.detector_settings import DetectorSettings
from tinykws.stages.flash import flash
from tinykws.stages.flash_model import ModelFlashReport, flash_model, refuse_without_slot
from tinykws.stages.generate import generate
from tinykws.support.errors import ConfigError, DeviceError, ToolError
from tinykws.support.progress import Progress

BOARD = find_board("esp32")
PORT = Port("/dev/ttyUSB0", "10c4:ea60", "0001", "1-5")
BUILT_IN = "11111111-22222222-33333333"


def ready_line(bundle: Bundle, **changes: object) -> str:
    labels = tuple(label.name for label in bundle.labels)
    ready = Ready(2, "esp32", "tflm", bundle.model_id, 708, 2, labels, "ok", bundle.identity)
    return dataclasses.replace(ready, **changes).to_line()  # type: ignore[arg-type]


def slot_line(bundle: Bundle, **changes: object) -> str:
    """Of firmware with the bundle's front-end and another model."""
    built_in = f"{bundle.identity[:8]}-{BUILT_IN}"
    state = ModelSlotState("empty", 262_144, 5104, 11, built_in, ("FULLY_CONNECTED", "SOFTMAX"))
    return dataclasses.replace(state, **changes).to_line()  # type: ignore[arg-type]


class World(FakePortAccess):
    """A board with other firmware on its port, and an upload that keeps what it wrote."""

    def __init__(self, project: Path, before: list[str], after: list[str]) -> None:
        super().__init__()
        self.plug(PORT, FakeBoard(*before))
        self.image = b""
        self.uploads = 0
        self._project, self._after = project, after

    def upload(self, project_dir: Path, board: Board, port: str, on_line: Callable[[str], None]) -> None:
        assert (project_dir, board, port) == (self._project, BOARD, PORT.device)
        self.image = platformio.model_image_path(project_dir).read_bytes()
        self.uploads += 1
        self.plug(PORT, FakeBoard(*self._after))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("new") / "bundle", words=("no",), variant=41)


def old_ready(bundle: Bundle, **changes: object) -> str:
    identity = f"{bundle.identity[:8]}-{BUILT_IN}"
    return ready_line(bundle, **{"model": "0123456789ab", "identity": identity, **changes})


def run(world: World, bundle: Bundle, project: Path, progress: Progress | None = None) -> ModelFlashReport:
    return flash_model(
        bundle, BOARD, project, PORT, progress or Progress(), port_access=world, upload=world.upload
    )  # fmt: skip


def test_the_image_is_written_and_the_board_says_that_it_runs(bundle: Bundle, tmp_path: Path) -> None:
    world = World(
        tmp_path,
        [old_ready(bundle), slot_line(bundle)],
        [ready_line(bundle), slot_line(bundle, slot="in_use")],
    )
    report = run(world, bundle, tmp_path)
    labels = ("_silence_", "_unknown_", "no")
    assert report == ModelFlashReport(
        "esp32", PORT.device, bundle.model_id, labels, len(world.image), 262_144, report.seconds
    )
    assert world.image[:4] == MAGIC
    assert bundle.model_bytes() in world.image
    assert zlib.crc32(world.image[256:]) == int.from_bytes(world.image[16:20], "little")
    assert world.image[188:223].decode() == f"{bundle.identity[:8]}-{BUILT_IN}"
    assert not platformio.model_image_path(tmp_path).exists(), "nothing of it stays"


def test_a_board_that_runs_the_bundle_already_is_left_alone(bundle: Bundle, tmp_path: Path) -> None:
    said: list[str] = []

    class Told(Progress):
        def say(self, text: str) -> None:
            said.append(text)

    world = World(tmp_path, [ready_line(bundle), slot_line(bundle, slot="in_use")], [])
    assert run(world, bundle, tmp_path, Told()).image_bytes == 0
    assert said == ["flash: the board runs this bundle already: nothing to write"]
    assert world.uploads == 0


@pytest.mark.parametrize(
    ("ready", "slot", "says"),
    [
        ({}, None, "loads no model: it is from an older tinykws, or was built without a model slot"),
        ({"board": "esp32s3"}, {}, "the device's board is esp32s3, not esp32: nothing was written"),
        ({"engine": "aot"}, {}, "the device's engine is aot, not tflm: nothing was written"),
        ({}, {"size_bytes": 0}, "the board's table of partitions has no model slot"),
        ({}, {"built_in": f"00000000-{BUILT_IN}"}, "cannot run this bundle: its front-end is another"),
        ({}, {"ops": ("SOFTMAX",)}, "it has no kernels for FULLY_CONNECTED"),
        ({}, {"arena_bytes": 5088}, "needs a tensor arena of 5,104 bytes, the firmware has 5,088"),
        ({}, {"history": 10}, "its detector keeps 11 scores, the firmware has memory for 10"),
        ({}, {"size_bytes": 1024}, "the model takes 1,[0-9]{3} bytes, the model slot of ESP32 .* has 1,024"),
    ],
)
def test_what_the_firmware_cannot_run_is_refused_before_anything_is_written(
    bundle: Bundle, tmp_path: Path, ready: dict[str, object], slot: dict[str, object] | None, says: str
) -> None:
    lines = [old_ready(bundle, **ready)] + ([] if slot is None else [slot_line(bundle, **slot)])
    world = World(tmp_path, lines, [])
    with pytest.raises((ConfigError, DeviceError), match=says) as caught:
        run(world, bundle, tmp_path)
    assert "tinykws flash --board esp32 --engine tflm" in str(caught.value.hint)
    assert world.uploads == 0


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ("refused", "the board refuses the model: the model image is damaged"),
        ("other", "the device's model is 0123456789ab, the bundle's is"),
        ("self_test", "the model is in its slot, but the device's self-test fails: its model gives different scores"),
    ],
)
def test_a_board_that_does_not_run_what_was_written_is_an_error(
    bundle: Bundle, tmp_path: Path, after: str, says: str
) -> None:
    trouble = DeviceTrouble("model", "the model image is damaged: the built-in model runs").to_line()
    lines = {
        "refused": [old_ready(bundle), slot_line(bundle, slot="refused"), trouble],
        "other": [old_ready(bundle), slot_line(bundle)],
        "self_test": [ready_line(bundle, self_test="scores"), slot_line(bundle, slot="in_use")],
    }
    world = World(tmp_path, [old_ready(bundle), slot_line(bundle)], lines[after])
    with pytest.raises(DeviceError, match=says) as caught:
        run(world, bundle, tmp_path)
    assert caught.value.exit_code == 4


def test_a_failed_upload_leaves_no_image(bundle: Bundle, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        assert platformio.model_image_path(tmp_path).is_file()
        raise ToolError("the upload failed")

    world = World(tmp_path, [old_ready(bundle), slot_line(bundle)], [])
    with pytest.raises(ToolError, match="the upload failed"):
        flash_model(bundle, BOARD, tmp_path, PORT, port_access=world, upload=fail)
    assert not platformio.model_image_path(tmp_path).exists()


def test_a_longer_detector_and_other_weights_per_channel_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    long = dataclasses.replace(bundle, detector=DetectorSettings(average_window_ms=2000))
    world = World(tmp_path, [old_ready(bundle), slot_line(bundle)], [])
    with pytest.raises(ConfigError, match="its detector keeps 21 scores"):
        run(world, long, tmp_path)
    per_channel = tiny_bundle(tmp_path / "bundle", per_channel=True)
    with pytest.raises(ConfigError, match="is quantized per channel, which spaziochirale"):
        run(world, per_channel, tmp_path)


@pytest.mark.parametrize(
    ("board", "engine", "says"),
    [
        ("pico", None, "cannot be written to pico by itself: .* has no engine tflm"),
        ("xiao_nrf52840", None, "cannot be written to xiao_nrf52840 by itself: .* has no model slot"),
        ("esp32", "aot", "the engine aot cannot load a model by itself"),
    ],
)
def test_boards_and_engines_without_a_slot_are_refused_by_name(board: str, engine: str | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        refuse_without_slot(find_board(board), engine)
    assert f"tinykws flash --board {board}" in str(caught.value.hint)
    if engine is None:
        assert "boards with a model slot: nano33ble, esp32, " in str(caught.value.hint)


def test_a_whole_flash_says_that_a_model_in_the_slot_still_runs(bundle: Bundle, tmp_path: Path) -> None:
    """The same program again does not empty the slot of an ESP32."""
    after = [old_ready(bundle), slot_line(bundle, slot="in_use", built_in=bundle.identity)]
    world = World(tmp_path, [], after)
    platformio.model_image_path(tmp_path).parent.mkdir()
    platformio.model_image_path(tmp_path).touch()
    with pytest.raises(DeviceError, match=r"runs model 0123456789ab from its model slot instead.*flash --model-only"):
        flash(bundle, BOARD, tmp_path, PORT, port_access=world, upload=world.upload)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_writes_the_model_and_compiles_nothing(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path / "build" / "bundle")
    folder = tmp_path / "build" / "firmware" / "esp32"
    world = World(
        folder, [old_ready(bundle), slot_line(bundle)], [ready_line(bundle), slot_line(bundle, slot="in_use")]
    )
    monkeypatch.setattr("tinykws.device.transport.serial_ports.list_ports", world.ports)
    monkeypatch.setattr(
        "tinykws.stages.flash_model.flash_model",
        functools.partial(flash_model, port_access=world, upload=world.upload),
    )
    monkeypatch.setattr("tinykws.stages.build.build", lambda *_, **__: pytest.fail("compiled"))
    options = ["--json"] if as_json else []
    command = ["flash", "--board", "esp32", "--model-only", "--force", "--project", str(tmp_path), *options]
    assert tinykws(command) == 0
    assert (folder / "upload_model.py").is_file()
    said = capsys.readouterr().out
    if as_json:
        assert json.loads(said)["image_bytes"] == len(world.image)
    else:
        assert said == (
            f"{BOARD.name} on {PORT.device} runs model {bundle.model_id} from its model slot:"
            " _silence_, _unknown_, yes\n"
        )


def test_the_command_refuses_an_emulated_board_without_a_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_bundle(tmp_path / "build" / "bundle")
    assert tinykws(["flash", "--board", "host", "--model-only", "--project", str(tmp_path)]) == 2
    assert "cannot be written to host by itself" in capsys.readouterr().err


ROW = """
mine:
  name: A board of this computer with an uploader
  mcu: any
  platform: symlink://${PROJECT_DIR}/platform
  board: host
  main: main_c.c
  port: host
  engine: tflm
  engines: [tflm]
  tflm: {per_channel_fully_connected: true}
  model_slot: {port: slot_memory, address: 0xa0000, size_bytes: 0x40000, WRITER}
"""
UPLOADER = """
import sys
from pathlib import Path
Path("SAID").write_text("\\n".join(sys.argv[1:]))
print("Writing at 0x003b0000... (100 %)")
"""
VENDOR = """
import sys as _sys
env.Replace(UPLOADER="UPLOADER_PATH", UPLOAD_SPEED=460800)
if not UPLOADER_IS_PYTHON:
    env.Replace(UPLOADER=f'"{_sys.executable}" "UPLOADER_PATH"')
env.AddMethod(lambda env: env.Replace(UPLOAD_PORT=env.subst("$UPLOAD_PORT")), "AutodetectUploadPort")
env.AddMethod(lambda env, port: print("flushed", env.subst(port)), "FlushSerialBuffer")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("writer", "arguments"),
    [
        (
            "writer: esptool, partitions: ['app0, app, ota_0, 0x10000, 0x80000']",
            "--chip host --port /dev/ttyY --baud 460800 --before default_reset --after hard_reset"
            " write_flash -z 0xa0000",
        ),
        ("writer: bossac, upload_base: 0x10000", "--port ttyY --offset 0x90000 --write --erase -U --reset"),
    ],
)
def test_the_real_platformio_gives_the_uploader_the_image_and_its_place(
    writer: str, arguments: str, tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the host's platform, which is given an uploader and functions of the port: vendors' are not everywhere.

    The script that PlatformIO runs, and the command line that it makes, are those of the real boards.
    """
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path / "core"))
    project = tmp_path / "project"
    board = parse_boards(ROW.replace("WRITER", writer), source="x")["mine"]
    generate(tiny_model_bundle, board, None, project)
    uploader = tmp_path / "uploader.py"
    uploader.write_text(UPLOADER.replace("SAID", str(tmp_path / "said")))
    with (project / "platform" / "builder" / "main.py").open("a") as builder:
        text = VENDOR.replace("UPLOADER_PATH", str(uploader))
        builder.write(text.replace("UPLOADER_IS_PYTHON", str("esptool" in writer)))
    image = platformio.model_image_path(project)
    image.parent.mkdir(exist_ok=True)
    image.write_bytes(b"an image")
    lines: list[str] = []
    platformio.upload(project, board, "/dev/ttyY", lines.append, platformio.MODEL)
    assert (tmp_path / "said").read_text().split("\n") == [*arguments.split(), str(image)]
    assert "Writing at 0x003b0000... (100 %)" in lines
    assert image.read_bytes() == b"an image", "PlatformIO empties its build folder, not this one"
    assert not list((project / ".pio").rglob("*.o")), "nothing is compiled"
