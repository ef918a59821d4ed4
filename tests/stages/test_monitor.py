# SPDX-License-Identifier: Apache-2.0
"""monitor in a serial world of its own, on served devices, and on the real firmware listening to real samples."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from fake_port_access import BANNER, FakeBoard, FakePortAccess
from tiny_model import tiny_bundle
from waiting import wait_until

from tinykws.boards.rows import find_board
from tinykws.cli.main import run as tinykws
from tinykws.cli.monitor_view import LiveView, PlainView, bar, describe, word_bar
from tinykws.device.health import DeviceHealth, HealthReader
from tinykws.device.monitoring import ExpectedDevice, MonitorView, is_rom_boot_message, reset_reason
from tinykws.device.near_misses import WordLevel
from tinykws.device.protocol import Heard, Ready, Status
from tinykws.device.reactions import Reactions, parse_reaction
from tinykws.device.transport.emulator import free_port
from tinykws.device.transport.port_access import PortAccess
from tinykws.device.transport.serial_ports import Port
from tinykws.project.detector_settings import DetectorSettings
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.monitor import MonitorLog, MonitorReport, Target, monitor, open_log
from tinykws.support.errors import DeviceError

NANO = find_board("nano33ble")
ON = Port("/dev/ttyACM0", "2341:805a", "768275C7726D618B", "1-3", "Nano 33 BLE")
BACK = Port("/dev/ttyACM1", "2341:805a", "768275C7726D618B", "1-3", "Nano 33 BLE")
MODEL = "0123456789ab"
READY = BANNER.format(board="nano33ble", model=MODEL)
STATUS = (
    "kws status at={at} loudest={loudest} overruns={overruns} frames=0 inferences=0 frontend_us={us} invoke_us=500000"
    " arena=0"
)


class Seen(MonitorView):
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.shown: list[object] = []

    def connected(self, port: str) -> None:
        self.shown.append(f"connected {port}")

    def introduced(self, ready: Ready) -> None:
        self.shown.append(ready.board)

    def heard(self, heard: Heard) -> None:
        self.shown.append(heard)

    def health(self, health: DeviceHealth) -> None:
        self.shown.append(health)

    def levels(self, words: Sequence[WordLevel]) -> None:
        self.shown.append(("levels", *words))

    def near_miss(self, word: WordLevel) -> None:
        self.shown.append(("near", word))

    def notice(self, text: str) -> None:
        self.shown.append(f"-- {text}")

    def said(self, text: str) -> None:
        self.shown.append(f"said {text}")


class World(FakePortAccess):
    """A board that introduces itself on ON; what is shown and logged is kept."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self.view = Seen()
        self.lines: list[str] = []
        self.plug(ON, FakeBoard(*answers))

    def watch(
        self,
        seconds: float = 30.0,
        expected: ExpectedDevice | None = None,
        reactions: Reactions | None = None,
    ) -> MonitorReport:
        began = datetime.datetime(2026, 11, 21, tzinfo=datetime.timezone.utc)
        log = MonitorLog(self.lines.append, lambda: began + datetime.timedelta(seconds=self.clock))
        target = Target(ON, NANO.serial, expected or ExpectedDevice())
        return monitor(target, self.view, log, reactions or Reactions(), port_access=self, seconds=seconds)

    def logged(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.lines]

    def notices(self) -> list[str]:
        return [text for text in self.view.shown if isinstance(text, str) and text.startswith("--")]


def test_a_board_is_shown_and_everything_logged_with_the_hosts_time() -> None:
    world = World(READY)
    world.say(2.5, ON.device, "debug: hello", "Heard yes (201) @2400ms", "kws scores at=990 1 2 3")
    world.say(10.0, ON.device, STATUS.format(at=10000, loudest=16384, overruns=2, us=1_000_000))
    report = world.watch(expected=ExpectedDevice("nano33ble", MODEL))
    assert report == MonitorReport(30.0, {"yes": 1}, 2, 0, True)
    assert world.view.shown == [
        "connected /dev/ttyACM0",
        "nano33ble",
        "said debug: hello",
        Heard("yes", 201, 2400),
        DeviceHealth(cast("float", pytest.approx(-6.02, abs=0.01)), 0.1, 0.05, 2, 0, False),
    ]
    logged = world.logged()
    assert [(entry["kind"], entry["text"]) for entry in logged[:4]] == [
        ("connected", "/dev/ttyACM0"), ("sent", "!INFO"), ("received", READY), ("received", "debug: hello"),
    ]  # fmt: skip
    assert logged[4] == {
        "time": "2026-11-21T00:00:02.500+00:00", "kind": "received", "text": "Heard yes (201) @2400ms",
    }  # fmt: skip
    assert "kws scores at=990 1 2 3" in [entry["text"] for entry in logged]


def test_a_board_that_is_unplugged_is_waited_for_and_found_elsewhere() -> None:
    world = World(READY)
    world.say(1.0, ON.device, "Heard yes (201) @900ms")
    world.at(5.0, lambda: world.unplug(ON.device))
    world.at(9.0, lambda: world.plug(BACK, FakeBoard(READY)))
    world.say(12.0, BACK.device, "Heard no (210) @900ms")
    report = world.watch()
    assert report == MonitorReport(30.0, {"yes": 1, "no": 1}, 0, 1, True)
    assert world.view.shown == [
        "connected /dev/ttyACM0", "nano33ble", Heard("yes", 201, 900),
        "-- the connection to /dev/ttyACM0 was lost: unplugged; waiting for it to come back",
        "connected /dev/ttyACM1", "nano33ble", Heard("no", 210, 900),
    ]  # fmt: skip
    assert [entry["kind"] for entry in world.logged() if entry["kind"] in ("connected", "lost")] == [
        "connected", "lost", "connected",
    ]  # fmt: skip


def test_a_port_that_cannot_be_opened_yet_is_tried_again() -> None:
    world = World(READY)
    world.at(1.0, lambda: world.unplug(ON.device))
    world.at(2.0, lambda: world.plug(ON, FakeBoard(READY)))
    world.at(2.0, lambda: world.refused.update({ON.device: DeviceError("no")}))
    world.at(4.0, world.refused.clear)
    assert world.watch().connected
    assert world.view.shown[-2:] == ["connected /dev/ttyACM0", "nano33ble"]


def test_a_board_that_is_away_at_the_end_is_reported() -> None:
    world = World(READY)
    world.at(1.0, lambda: world.unplug(ON.device))
    report = world.watch(seconds=10)
    assert (report.connected, report.lost, report.seconds) == (False, 1, 10.0)


def test_a_port_that_cannot_be_opened_at_the_start_is_an_error() -> None:
    world = World()
    world.refused[ON.device] = DeviceError("/dev/ttyACM0 is busy")
    with pytest.raises(DeviceError, match="is busy"):
        world.watch()


def test_a_reset_is_told_by_its_banner_or_by_its_sums() -> None:
    world = World(READY)
    world.say(0.1, ON.device, READY)  # its own at start, beside the answer
    world.say(10.0, ON.device, STATUS.format(at=10000, loudest=0, overruns=0, us=0))
    world.say(12.0, ON.device, READY)
    world.say(22.0, ON.device, STATUS.format(at=10000, loudest=0, overruns=0, us=0))
    world.say(25.0, ON.device, STATUS.format(at=2000, loudest=0, overruns=0, us=0))
    world.watch()
    assert world.notices() == ["-- the board restarted"] * 2
    assert world.view.shown.count("nano33ble") == 2


def test_old_firmware_without_a_banner_is_understood() -> None:
    world = World()
    world.say(5.0, ON.device, "Heard yes (201) @4056ms")
    assert world.watch().detections == {"yes": 1}
    (notice,) = world.notices()
    assert "old firmware, or not made by tinykws" in notice
    assert world.boards[ON.device].heard == ["", "!INFO"] * 3, "asked, and then left alone"


def test_a_board_that_takes_no_data_is_heard_all_the_same() -> None:
    class Deaf(FakeBoard):
        def hear(self, line: str) -> None:
            raise DeviceError("it takes no data for 10 s")

    world = World()
    world.plug(ON, Deaf())
    world.say(5.0, ON.device, "Heard yes (201) @4056ms")
    assert world.watch().detections == {"yes": 1}
    assert world.notices()[:3] == ["-- it takes no data for 10 s"] * 3
    assert len(world.notices()) == 4


def test_another_board_is_refused_and_another_model_told() -> None:
    with pytest.raises(DeviceError, match="the board is nano33ble, not esp32") as caught:
        World(READY).watch(expected=ExpectedDevice("esp32"))
    assert caught.value.exit_code == 4
    world = World(READY)
    world.watch(expected=ExpectedDevice("nano33ble", "ffffffffffff"))
    assert world.notices() == [
        "-- the board runs model 0123456789ab, this project's bundle is ffffffffffff;"
        " to update the board: tinykws flash"
    ]  # fmt: skip


BOARDS_ID = "01234567-89abcdef-01234567-89abcdef"


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        (BOARDS_ID, None),
        (
            BOARDS_ID.replace("-89abcdef-", "-00000000-"),
            "differ in the detector's thresholds, times or weights (id 0123",
        ),
        ("0" + BOARDS_ID[1:], None),
        ("f" + BOARDS_ID[1:], "differ in the settings or tables of the front-end (id 0123"),
    ],
)
def test_other_settings_are_told(ours: str, told: str | None) -> None:
    world = World(READY.replace(" line=", f" id={BOARDS_ID} line="))
    world.watch(expected=ExpectedDevice("nano33ble", MODEL, ours))
    assert len(world.notices()) == (told is not None)
    assert told is None or (told in world.notices()[0] and "tinykws flash" in world.notices()[0])


def test_a_board_without_an_identity_is_told() -> None:
    world = World(READY)
    world.watch(expected=ExpectedDevice("nano33ble", MODEL, BOARDS_ID))
    assert ["only its model and labels were compared" in notice for notice in world.notices()] == [True]


@pytest.mark.parametrize(("word", "told"), [("ok", 0), ("none", 0), ("features", 1), ("new-word", 1)])
def test_a_self_test_that_failed_is_told_with_advice(word: str, told: int) -> None:
    world = World(READY.replace(" line=", f" selftest={word} line="))
    world.watch()
    assert len(world.notices()) == told
    assert not told or ("self-test fails" in world.notices()[0] and "tinykws verify" in world.notices()[0])


@pytest.mark.parametrize(
    ("state", "told"),
    [("empty", []), ("in_use", ["is the one in its model slot"]), ("outdated", ["is for other firmware"]), ("new", [])],
)
def test_where_the_model_is_from_is_told_once(state: str, told: list[str]) -> None:
    built_in = "01234567-89abcdef-01234567-89abcdef"
    line = f"kws model slot={state} bytes=4096 arena=16 history=11 built_in={built_in} ops=SOFTMAX"
    world = World(READY, line, line)
    world.watch()
    assert [any(text in notice for text in told) for notice in world.notices()] == [True] * len(told)


def test_trouble_on_the_board_is_shown() -> None:
    world = World(READY, "kws error engine arena is too small")
    world.watch()
    assert world.notices() == ["-- the board reports: engine arena is too small"]


def test_what_is_no_text_is_an_error_unless_text_comes_too() -> None:
    world = World()
    world.say(1.0, ON.device, *["\\xff\\x00\\xf7"] * 30)
    with pytest.raises(DeviceError, match=r"does not send ASCII text: .*xff") as caught:
        world.watch()
    assert "baud" in str(caught.value.hint)
    assert caught.value.exit_code == 4
    world = World(READY)
    world.say(1.0, ON.device, *["\\xff\\x00\\xf7"] * 30)
    assert world.watch().connected


ROM = [
    "ets Jun  8 2016 00:22:57", "", "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
    "configsip: 0, SPIWP:0xee", "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00",
    "mode:DIO, clock div:2", "load:0x3fff0030,len:1344", "ho 0 tail 12 room 4", "load:0x40080400,len:3036",
    "entry 0x400805e4",
]  # fmt: skip
S3_ROM = [
    "ESP-ROM:esp32s3-20210327", "Build:Mar 27 2021", "rst:0x8 (TG1WDT_SYS_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)",
    "Saved PC:0x420984ae", "SPIWP:0xee",
]  # fmt: skip


def test_the_roms_banner_is_skipped_and_the_reset_told() -> None:
    world = World()
    world.say(0.1, ON.device, *ROM, READY)
    world.watch()
    assert world.view.shown == ["connected /dev/ttyACM0", "-- the chip was reset: POWERON_RESET", "nano33ble"]
    assert ROM[4] in [entry["text"] for entry in world.logged()], "the log holds all"


def test_boot_noise_is_the_roms_alone() -> None:
    assert all(is_rom_boot_message(line) for line in [*ROM, *S3_ROM] if line)
    assert reset_reason(S3_ROM[2]) == "TG1WDT_SYS_RST"
    for text in ("load: 3", "entry of a door", "mode: fast", "Heard yes (201) @4056ms", READY, "ets", ""):
        assert not is_rom_boot_message(text)
        assert reset_reason(text) is None


def test_a_word_starts_its_command_and_what_it_says_is_shown(tmp_path: Path) -> None:
    class Patient(Reactions):
        """Time runs in no time here; a process takes some."""

        def on(self, heard: Heard) -> list[str]:
            told = super().on(heard)
            for run in self._runs.values():
                run._process.wait(600)
                run._reader.join(600)
            return told

    script = tmp_path / "lamp.py"
    script.write_text("import os, sys; print('lamp', os.environ['KWS_WORD']); sys.exit(9)")
    world = World(READY)
    world.say(1.0, ON.device, "Heard yes (201) @900ms", "Heard no (201) @999ms")
    world.watch(reactions=Patient([parse_reaction("yes", f"'{sys.executable}' '{script}'")]))
    assert world.notices() == ["-- on yes: lamp yes", "-- on yes: failed, exit code 9"]
    assert [entry["text"][:15] for entry in world.logged() if entry["kind"] == "command"] == [
        "on yes: started", "on yes: lamp ye", "on yes: failed,",
    ]  # fmt: skip


def test_a_command_for_a_word_that_the_board_never_hears_is_told() -> None:
    world = World(READY)
    world.watch(reactions=Reactions([parse_reaction(word, "x", shell=True) for word in ("yes", "yse")]))
    assert world.notices() == ["-- there is a command for 'yse', but this board's model does not know that word"]


def test_ctrl_c_ends_it_in_order() -> None:
    world = World(READY)

    def press() -> None:
        raise KeyboardInterrupt

    world.at(3.0, press)
    report = monitor(Target(ON, NANO.serial), world.view, MonitorLog(), Reactions(), port_access=world)
    assert (report.seconds, report.connected) == (3.0, True)


def status(at: int, us: int, loudest: int = 1000) -> Status:
    return Status(at, loudest, 0, 0, 0, us, us // 2, 0)


def test_shares_are_of_the_time_since_the_last_status() -> None:
    reader = HealthReader()
    first = reader.read(status(10_000, 1_000_000))
    assert (first.frontend_share, first.invoke_share) == (0.1, 0.05)
    second = reader.read(status(20_000, 4_000_000))
    assert (second.frontend_share, second.invoke_share) == (0.3, 0.15)
    assert not second.is_too_slow


def test_sums_that_wrap_are_no_matter() -> None:
    reader = HealthReader()
    late = 5_000_000
    assert reader.read(status(late, 4_294_000_000)).frontend_share is None, "who knows how often it wrapped"
    assert reader.read(status(late + 10_000, 4_294_000_000 + 2_000_000 - (1 << 32))).frontend_share == 0.2


def test_a_restart_begins_anew() -> None:
    reader = HealthReader()
    reader.read(status(60_000, 30_000_000))
    again = reader.read(status(10_000, 1_000_000))
    assert again.restarted
    assert again.frontend_share == 0.1


def test_levels() -> None:
    reader = HealthReader()
    assert reader.read(status(1000, 0, 32768)).level_dbfs == 0.0
    assert reader.read(status(2000, 0, 0)).level_dbfs is None
    assert (bar(0.0), bar(None), bar(-90.0)) == ("#" * 20, "." * 20, "." * 20)
    assert bar(-30.0) == "#" * 10 + "." * 10


def test_a_live_view_asks_for_a_status_each_second_of_those_who_know_how() -> None:
    world, old = World(READY), World(READY)
    for each in (world, old):
        each.view.status_every_s = 1.0
    old.say(1.2, ON.device, "!FAIL command is not known")
    assert world.watch(seconds=10).connected
    assert world.boards[ON.device].heard == ["", "!INFO", *["!STATUS"] * 10]
    assert old.watch(seconds=10).connected
    assert old.boards[ON.device].heard == ["", "!INFO", *["!STATUS"] * 2]


def with_levels(ready: str) -> str:
    return ready.replace(" labels=", " levels=1 labels=")


def test_levels_are_asked_of_those_who_know_how_and_near_misses_told() -> None:
    """Labels of the banner: silence, unknown, yes."""
    world, old = World(with_levels(READY)), World(READY)
    for each in (world, old):
        each.view.levels_every_s = 1.0
    for second, peak in ((2.2, 20), (3.2, 141), (4.2, 90), (5.2, 10)):
        world.say(second, ON.device, f"kws levels at=0 0/163 0/163 {peak}/163")
    assert world.watch(seconds=10).connected
    assert world.boards[ON.device].heard == ["", "!INFO", *["!LEVELS"] * 10]
    rows = [shown for shown in world.view.shown if isinstance(shown, tuple)]
    assert rows[0] == ("levels", WordLevel("yes", 20, 163))
    assert [row for row in rows if row[0] == "near"] == [("near", WordLevel("yes", 141, 163))]
    assert old.watch(seconds=10).connected
    assert old.boards[ON.device].heard == ["", "!INFO"]


def test_a_detection_is_no_near_miss() -> None:
    world = World(with_levels(READY))
    world.view.levels_every_s = 1.0
    world.say(2.2, ON.device, "Heard yes (164) @2000ms", "kws levels at=0 0/163 0/163 150/163")
    world.say(3.2, ON.device, "kws levels at=0 0/163 0/163 0/163")
    world.watch(seconds=10)
    assert not any(isinstance(shown, tuple) and shown[0] == "near" for shown in world.view.shown)


def test_a_word_has_a_bar_that_is_full_at_its_threshold() -> None:
    assert word_bar(WordLevel("yes", 141, 163)) == "yes ######.. 141/163"
    assert word_bar(WordLevel("yes", 162, 163)) == "yes #######. 162/163"
    assert word_bar(WordLevel("yes", 255, 163)) == "yes ######## 255/163"
    assert word_bar(WordLevel("yes", 0, 163)) == "yes ........ 0/163"


def test_bars_are_in_the_status_line_and_near_misses_above_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((200, 24)))
    view = LiveView(noon)
    show(view)
    view.levels((WordLevel("yes", 141, 163), WordLevel("no", 3, 170)))
    last = capsys.readouterr().out.rpartition("\x1b[K")[2]
    assert last.startswith(
        "nano33ble yes ######.. 141/163 | no ........ 3/170 | [##################..] level -6 dBFS, "
    )
    view.near_miss(WordLevel("yes", 141, 163))
    view.erase()
    assert "12:00:00.005 nearly yes: 141 of 163" in capsys.readouterr().out
    plain = PlainView(noon)
    plain.levels((WordLevel("yes", 141, 163),))
    plain.near_miss(WordLevel("yes", 141, 163))
    assert capsys.readouterr().out.splitlines() == ["12:00:00.005 nearly yes: 141 of 163"], "no bars in a file"


def test_clipping_is_said() -> None:
    loud = HealthReader().read(Status(10_000, 32768, 0, 0, 0, 0, 0, 0, clipped=17))
    assert describe(loud).startswith("level 0 dBFS (17 clipped), ")


def test_too_slow_is_said() -> None:
    slow = HealthReader().read(status(10_000, 7_000_000))
    assert slow.is_too_slow
    assert describe(slow) == "level -30 dBFS, front-end 70.0 %, model 35.0 %, 0 overruns, TOO SLOW"


def show(view: PlainView) -> None:
    view.connected("/dev/ttyACM0")
    view.introduced(Ready(1, "nano33ble", "tflm", MODEL, 768, 4, ("_silence_", "yes")))
    for seconds in (10, 20):
        view.health(DeviceHealth(-6.0, 0.041, 0.12, seconds, 0, False))
    view.heard(Heard("yes", 201, 4056))
    view.tick()


def noon() -> datetime.datetime:
    return datetime.datetime(2026, 11, 21, 12, 0, 0, 5000)


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show(PlainView(noon))
    assert capsys.readouterr().out.splitlines() == [
        "12:00:00.005 connected to /dev/ttyACM0",
        f"12:00:00.005 nano33ble, engine tflm, model {MODEL}: _silence_, yes",
        "12:00:00.005 level -6 dBFS, front-end 4.1 %, model 12.0 %, 10 overruns",
        "12:00:00.005 Heard yes (201) @4056ms",
    ]


def test_the_living_line_stays_below(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((200, 24)))
    view = LiveView(noon)
    show(view)
    screen = capsys.readouterr().out
    last = screen.rpartition("\x1b[K")[2]
    assert last == (
        "nano33ble [##################..] level -6 dBFS, front-end 4.1 %, model 12.0 %, 20 overruns | yes 1"
    )  # fmt: skip
    view.tick()
    assert capsys.readouterr().out == "", "drawn when it changes only"
    view.erase()
    assert capsys.readouterr().out == "\r\x1b[K"
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((30, 24)))
    view.tick()
    assert len(capsys.readouterr().out.rpartition("\x1b[K")[2]) == 29, "never wraps"


@pytest.fixture(scope="module")
def listening_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a bundle, and the host's firmware built of it."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    root = tmp_path_factory.mktemp("listening")
    light = DetectorSettings(average_window_ms=100, threshold=150, minimum_count=1)  # noise is no word to a patient one
    bundle = tiny_bundle(root / "build" / "bundle", detector=light)
    board = find_board("host")
    generate(bundle, board, None, root / "build" / "firmware" / "host")
    program = build(root / "build" / "firmware" / "host", board).program
    samples = np.random.default_rng(1).normal(0, 3000, 21 * 16000).astype(np.int16)
    (root / "sound.raw").write_bytes(samples.tobytes())
    shutil.copy(program, root / "program")
    return root


def expected_detections(root: Path) -> list[str]:
    """What the host's own pipeline hears in the same sound, as it is: a microphone has no lead-in."""
    import tinykws as api

    bundle = api.load_bundle(root / "build" / "bundle")
    heard = api.Detector(bundle).feed(np.frombuffer((root / "sound.raw").read_bytes(), np.int16))
    return [f"Heard {event.label} ({event.score}) @{event.time_ms}ms" for event in heard]


class EventClock(PortAccess):
    """A clock that stands at each time until an event in the log: the monitor's seconds are over when all came.

    Args:
        log: the monitor's log.
        times: each time, and what ends it.
    """

    def __init__(self, log: Path, *times: tuple[float, Callable[[str], object]]) -> None:
        self._log = log
        self._times = list(times)

    def now(self) -> float:
        text = self._log.read_text() if self._log.is_file() else ""
        while self._times and self._times[0][1](text):
            del self._times[0]
        return self._times[0][0] if self._times else 1000.0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe")
@pytest.mark.slow
def test_real_firmware_over_a_socket(
    listening_host: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its microphone is a pipe; what it hears there is what the host's own pipeline hears."""
    port, log, pipe = free_port(), listening_host / "socket.jsonl", listening_host / "pipe"
    os.mkfifo(pipe)
    expected = expected_detections(listening_host)
    assert len(expected) > 3
    clock = EventClock(
        log,
        (0.0, lambda text: "kws ready" in text),
        (1.0, lambda text: expected[-1] in text and "kws status" in text),
        (2.9, lambda text: text.count("kws status") == 2),
    )
    monkeypatch.setattr("tinykws.stages.monitor.PortAccess", lambda: clock)
    speaker = threading.Thread(target=speak_when_greeted, args=(listening_host / "sound.raw", pipe, log), daemon=True)
    environment = {**os.environ, "KWS_SERIAL": f"127.0.0.1:{port}", "KWS_MICROPHONE": str(pipe)}
    with subprocess.Popen([listening_host / "program"], env=environment) as program:
        try:
            wait_for_listener(program, port)
            speaker.start()
            arguments = ["--project", str(listening_host), "--port", f"socket://127.0.0.1:{port}"]
            assert tinykws(["monitor", "--board", "host", *arguments, "--seconds", "3", "--log", str(log)]) == 0
        finally:
            program.kill()
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith("Heard")] == expected
    assert any(line.startswith("level ") for line in lines)
    assert sum("kws status" in line for line in log.read_text().splitlines()) == 2


def speak_when_greeted(sound: Path, pipe: Path, log: Path) -> None:
    """pyserial drops what a socket holds when it opens, so nothing is to be heard before."""
    with pipe.open("wb") as stream:
        wait_until(lambda: log.is_file() and "kws ready" in log.read_text())
        stream.write(sound.read_bytes())


def wait_for_listener(program: subprocess.Popen[bytes], port: int) -> None:
    """The program takes one connection only, so it is not tried: /proc says whether it listens."""
    table, wanted = Path("/proc/net/tcp"), f":{port:04X} 00000000:0000 0A"
    if not table.is_file():
        pytest.skip("needs /proc/net/tcp")
    wait_until(lambda: wanted in table.read_text() or program.poll() is not None)
    assert program.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_real_firmware_behind_a_serial_port(
    listening_host: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pseudo terminal in the place of a board's port; when the program ends it is closed, as if unplugged."""
    import tty

    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    tty.setraw(theirs)  # or what the program says before anybody listens comes back to it
    program = subprocess.Popen([listening_host / "program"], stdin=ours, stdout=ours)
    os.close(ours)
    log = listening_host / "serial.jsonl"

    def has_begun(text: str) -> bool:
        """Ends the program when it has greeted."""
        if "kws ready" in text:
            program.kill()
        return "kws ready" in text

    clock = EventClock(log, (0.0, has_begun), (1.0, lambda text: "was lost" in text))
    monkeypatch.setattr("tinykws.stages.monitor.PortAccess", lambda: clock)
    arguments = ["--project", str(listening_host), "--port", name]
    code = tinykws(["monitor", *arguments, "--seconds", "2.5", "--log", str(log)])
    os.close(theirs)
    program.wait(600)
    captured = capfd.readouterr()
    assert f"connected to {name}" in captured.out
    assert "host, engine aot" in captured.out
    assert f"the connection to {name} was lost" in captured.out
    assert code == 4
    assert "the board was not connected when monitoring ended" in captured.err


def test_a_log_that_cannot_be_written_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    arguments = ["monitor", "--port", "socket://127.0.0.1:1", "--log", str(tmp_path / "file" / "log.jsonl")]
    assert tinykws(arguments) == 2
    assert "cannot write in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--port", "socket://127.0.0.1:1"], 4, "cannot open socket://127.0.0.1:1"),
        (["--port", "/dev/no_such_port"], 4, "cannot open /dev/no_such_port"),
        (["--on", "yes", "no-such-program"], 2, "there is no program no-such-program"),
        (["--on", "yes", "echo 'x"], 2, "cannot be parsed"),
        (["--board", "host"], 2, "no USB ids for host"),
        (["--board", "nano33bel"], 2, "did you mean nano33ble or nano33ble_rev2?"),
        ([], 4, "no port matches a board"),
    ],
)
@pytest.mark.usefixtures("no_ports")
def test_what_a_person_can_get_wrong(
    arguments: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tinykws(["monitor", "--project", str(tmp_path), *arguments]) == code
    assert says in capsys.readouterr().err


@pytest.fixture
def no_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinykws.device.transport.serial_ports.list_ports", lambda: ())


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with open_log(tmp_path / "new" / "log.jsonl") as log:
            log.add("received", text)
    lines = (tmp_path / "new" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["one", "two"]


def test_a_line_of_100_kilobytes_ends_the_monitor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tcp_device import device, sends

    with device(sends(b"x" * 100_000)) as url:
        assert tinykws(["monitor", "--port", url, "--project", str(tmp_path), "--seconds", "10"]) == 4
    assert "bytes without a newline" in capsys.readouterr().err


def test_a_flood_of_labels_keeps_memory_and_the_screen_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(READY)
    flood = [f"Heard {number}{'x' * 900} (200) @1ms" for number in range(2000)]
    world.say(2.0, ON.device, *flood, "Heard yes (200) @2ms", *flood)
    world.view, seen = LiveView(noon), world.view  # type: ignore[assignment]
    report = world.watch()
    assert len(report.detections) <= 202
    assert report.detections["yes"] == 1, "the banner's labels have room of their own"
    assert sum(report.detections.values()) == 4001
    assert max(map(len, report.detections)) == 64
    assert max(map(len, capsys.readouterr().out.splitlines())) < 1200, "two cut lines and the status line"
    assert not seen.shown


def test_nothing_of_a_device_commands_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tcp_device import device, sends

    banner = (
        "kws ready proto=2 board=\x1b]0;TITLE\x07host engine=\x1b[2J model=x selftest=\x1b[31m line=384 window=2"
        " labels=_silence_,_unknown_,yes\x1b]52;c;cm0gLXJmIH4=\x07,no"
    )
    lines = ["Heard \x1b[2Jno (1) @5ms", "\x1b]52;c;cm0gLXJmIH4=\x07", "kws error \x08\x08 x\x1b[8m", "abc\rover\x7f"]
    with device(sends("\n".join([banner, *lines, "last", ""]).encode())) as url:
        assert tinykws(["monitor", "--port", url, "--project", str(tmp_path), "--seconds", "0.5"]) == 0
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert "abc\\rover\\x7f" in shown
    assert "\\x1b]52;c;cm0gLXJmIH4=\\x07" in shown
    assert {each for each in shown if not each.isprintable()} == {"\n"}
    log = (tmp_path / "build" / "monitor.jsonl").read_text()
    assert {each for each in log if not each.isprintable()} == {"\n"}


def test_long_lines_are_cut_in_the_log() -> None:
    kept: list[str] = []
    MonitorLog(kept.append).add("received", "x" * 65_000)
    text = json.loads(kept[0])["text"]
    assert text.endswith("x… (65,000 characters)")
    assert len(text) < 4200
