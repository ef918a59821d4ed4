# SPDX-License-Identifier: Apache-2.0
"""A real USB port that vanishes and returns in the middle of a run, in a serial world where time is a number."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from correct_device import GoodDevice
from fake_port_access import FakeBoard, FakePortAccess

from tinykws.audio.files import write_wav
from tinykws.boards.rows import find_board
from tinykws.device.transport.serial_ports import Port
from tinykws.model.bundle import Bundle
from tinykws.stages.verify import ClipFile, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.support.errors import DeviceError
from tinykws.verification.clip_report import VerifyReport

NANO = find_board("nano33ble")
APP = Port("/dev/ttyACM0", NANO.serial.usb[0], serial_number="768275C7", location="1-2")
ELSEWHERE = dataclasses.replace(APP, device="/dev/ttyACM1")
STRANGER = Port("/dev/ttyUSB3", "1a86:7523", location="1-4")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ClipFile]:
    folder = tmp_path_factory.mktemp("clips")
    paths = [folder / f"{number}.wav" for number in range(3)]
    for path in paths:
        write_wav(path, np.random.default_rng(2).normal(0, 3000, 16000).astype(np.int16))
    return [ClipFile(path) for path in paths]


class OnCable(FakeBoard):
    """A good device as a board on the fake cable; pulls its cable once, in the middle of a clip."""

    def __init__(
        self, bundle: Bundle, world: FakePortAccess, back: Port | None, away_s: float, in_clip: int = 2
    ) -> None:
        super().__init__()
        self._device = GoodDevice(bundle)
        self._device.banner = self._device.banner.replace("board=host", "board=nano33ble")
        self._device.out = self.out
        self._world = world
        self._back = back
        self._away_s = away_s
        self._in_clip = in_clip
        self._pulled = False

    def hear(self, line: str) -> None:
        if self._device.clips == self._in_clip and line.startswith("@2") and not self._pulled:
            self._pulled = True
            self.out.clear()
            self._world.unplug(APP.device)
            if self._back is not None:
                port = self._back
                self._world.at(self._away_s, lambda: self._world.plug(port, self))
            return
        self._device.hear(line)


def run(
    bundle: Bundle, clips: list[ClipFile], back: Port | None, away_s: float = 5.0
) -> tuple[VerifyReport, FakePortAccess]:
    world = FakePortAccess()
    world.plug(STRANGER)
    world.plug(APP, OnCable(bundle, world, back, away_s))
    return verify(bundle, NANO, APP.device, clips, port_access=world), world


@pytest.mark.parametrize("back", [APP, ELSEWHERE], ids=["same name", "another name"])
def test_a_board_that_was_away_for_five_seconds_goes_on(
    tiny_model_bundle: Bundle, clips: list[ClipFile], back: Port
) -> None:
    report, world = run(tiny_model_bundle, clips, back)
    assert report.passed, report.reason
    assert [clip.attempts for clip in report.clips] == [1, 2, 1]
    assert world.opened == [APP.device, back.device], "never the stranger's port"


def test_a_board_that_stays_away_ends_the_run(tiny_model_bundle: Bundle, clips: list[ClipFile]) -> None:
    report, world = run(tiny_model_bundle, clips, None)
    assert [clip.equal for clip in report.clips] == [True, False, False]
    assert "did not come back within 30 s: its port did not appear" in report.ended
    assert world.opened == [APP.device]


def test_a_board_that_comes_back_too_late_ends_the_run(tiny_model_bundle: Bundle, clips: list[ClipFile]) -> None:
    report, _ = run(tiny_model_bundle, clips, APP, away_s=31.0)
    assert report.ended


@pytest.mark.parametrize("back", [APP, ELSEWHERE], ids=["same name", "another name"])
def test_a_board_that_was_away_in_a_stream_gets_it_once_more(
    tiny_model_bundle: Bundle, clips: list[ClipFile], back: Port, tmp_path: Path
) -> None:
    world = FakePortAccess()
    world.plug(APP, OnCable(tiny_model_bundle, world, back, 5.0, in_clip=1))
    stream = StreamFile(clips[0].path)
    report = verify_stream(tiny_model_bundle, NANO, APP.device, stream, log_path=tmp_path / "log", port_access=world)
    assert report.passed, report.reason
    assert ["lost" in attempt.fault for attempt in report.verdict.attempts] == [True, False]
    assert world.opened == [APP.device, back.device]


def test_a_board_that_stays_away_in_a_stream_ends_the_run_with_a_report(
    tiny_model_bundle: Bundle, clips: list[ClipFile], tmp_path: Path
) -> None:
    world = FakePortAccess()
    world.plug(APP, OnCable(tiny_model_bundle, world, None, 0.0, in_clip=1))
    stream = StreamFile(clips[0].path)
    report = verify_stream(tiny_model_bundle, NANO, APP.device, stream, log_path=tmp_path / "log", port_access=world)
    assert not report.passed
    assert "did not come back within 30 s: its port did not appear" in report.ended
    assert report.reason.startswith("attempt 1 was interrupted ")
    assert report.ended in report.reason
    assert report.reason.count(report.ended) == 1


def test_a_port_that_cannot_be_opened_at_once_is_tried_again(tiny_model_bundle: Bundle, clips: list[ClipFile]) -> None:
    world = FakePortAccess()
    world.plug(APP, OnCable(tiny_model_bundle, world, APP, 2.0))
    world.at(0.0, lambda: None)
    busy = DeviceError("/dev/ttyACM0 is busy")
    opened = world.open

    def refusing(device: str, line: object) -> object:
        if len(world.opened) == 1:
            world.refused[device] = busy
            world.at(3.0, world.refused.clear)
        return opened(device, line)  # type: ignore[arg-type]

    world.open = refusing  # type: ignore[method-assign, assignment]
    report = verify(tiny_model_bundle, NANO, APP.device, clips, port_access=world)
    assert report.passed, report.reason
    assert len(world.opened) > 2


def test_a_port_that_is_not_there_to_begin_with_is_an_error(
    tiny_model_bundle: Bundle, clips: list[ClipFile], tmp_path: Path
) -> None:
    with pytest.raises(DeviceError, match="cannot open"):
        verify(tiny_model_bundle, NANO, APP.device, clips, port_access=FakePortAccess(), log_path=tmp_path / "log")
