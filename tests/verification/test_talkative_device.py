# SPDX-License-Identifier: Apache-2.0
"""A device that says more than the protocol needs fills neither memory nor the disk, and the verdict tells of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from correct_device import GoodDevice
from device_port import NAME, DevicePort
from tiny_model import write_walk

from tinykws.audio.files import write_wav
from tinykws.boards.rows import find_board
from tinykws.cli.main import run as tinykws
from tinykws.cli.verify_view import describe_clips
from tinykws.device import session_log
from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import read_line
from tinykws.device.session_log import FAULT, LINK, RECEIVED, SENT, SessionLog, lines_left_out, read_entries
from tinykws.model.bundle import Bundle
from tinykws.stages.verify import ClipFile, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.verification.clip_report import VerifyReport, report_of

HOST = find_board("host")
SPARE = 30_000
JUNK = "kws scores at=1 1 2 3"


class Talkative(GoodDevice):
    """Before each clip's results it says a valid line, which nobody asked for, many times."""

    lines = 5000
    junk = with_check(JUNK)

    def finish(self) -> None:
        self.out += [self.junk] * self.lines
        super().finish()


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_log, "SPARE_CHARACTERS", SPARE)
    monkeypatch.setattr(session_log, "ROOM_PER_CHARACTER", 1)


def run(device: GoodDevice, bundle: Bundle, folder: Path) -> VerifyReport:
    write_wav(folder / "a.wav", np.random.default_rng(1).normal(0, 3000, 8000).astype(np.int16))
    clips = [ClipFile(folder / "a.wav")] * 3
    return verify(bundle, HOST, NAME, clips, log_path=folder / "log", port_access=DevicePort(device))


@pytest.mark.usefixtures("little_room")
@pytest.mark.parametrize("junk", [with_check(JUNK), with_check("x" * 900), with_check(JUNK + " #4000000000")])
def test_what_a_device_says_too_much_is_left_out_of_the_log_and_told(
    tiny_model_bundle: Bundle, tmp_path: Path, junk: str
) -> None:
    device = Talkative(tiny_model_bundle)
    device.junk = junk
    report = run(device, tiny_model_bundle, tmp_path)
    entries = read_entries((tmp_path / "log").read_text())
    sent = sum(int(entry.text.split()[-4]) for entry in entries if entry.kind == SENT and entry.text.startswith("(@"))
    assert sum(len(entry.text) + 100 for entry in entries if entry.kind == RECEIVED) <= SPARE + sent
    assert not report.passed
    assert report.lines_left_out > 3 * device.lines - 2 * (SPARE + sent) // 100
    assert report.reason.endswith(f"; {report.lines_left_out} lines from the device are not in the log")
    assert f"{report.lines_left_out:,} lines from the device are not in the log" in describe_clips(report)
    assert json.loads(json.dumps(report.to_dict()))["lines_left_out"] == report.lines_left_out
    assert report_of(entries, tmp_path / "log") == report


@pytest.mark.usefixtures("little_room")
def test_a_device_that_says_no_more_than_it_should_loses_no_line(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    report = run(GoodDevice(tiny_model_bundle), tiny_model_bundle, tmp_path)
    assert report.passed
    assert report.lines_left_out == 0


def test_a_device_that_also_prints_debug_lines_passes_and_their_number_is_told(
    tiny_model_bundle: Bundle, tmp_path: Path
) -> None:
    device = Talkative(tiny_model_bundle)
    device.junk, device.lines = "debug: heap 1234", 500
    report = run(device, tiny_model_bundle, tmp_path)
    assert report.passed, report.reason
    assert report.lines_left_out > 500
    assert tinykws(["replay", str(tmp_path / "log")]) == 0


@pytest.mark.usefixtures("little_room")
def test_a_stream_has_a_bounded_log_too(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    recording = write_walk(tmp_path / "walk.wav", 2)
    port = DevicePort(Talkative(tiny_model_bundle))
    report = verify_stream(
        tiny_model_bundle, HOST, NAME, StreamFile(recording), log_path=tmp_path / "log", port_access=port
    )
    assert report.lines_left_out > 0
    assert f"{report.lines_left_out} lines from the device are not in the log" in report.reason
    assert report.to_dict()["lines_left_out"] == report.lines_left_out


def test_long_lines_faults_and_repeated_commands_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_log, "SPARE_CHARACTERS", SPARE)
    log = SessionLog(lambda: 0.0)
    for line in (read_line("x" * 60_000), read_line(with_check("y" * 20_000))):
        for _ in range(10_000):
            log.add_received(line)
            log.add_command("!SYNC 1 0")
    log.add(FAULT, "z" * 60_000)
    assert sum(len(entry.text) for entry in log.entries if entry.kind == RECEIVED) <= SPARE
    assert sum(entry.kind == SENT for entry in log.entries) == session_log.MAX_COMMANDS
    assert len(log.entries[-1].text) == session_log.MAX_FAULT_CHARACTERS
    assert sum(map(lines_left_out, log.entries)) >= 20_000 - session_log.MAX_NOISE_LINES - 1
    assert [entry.kind for entry in log.entries[-4:]] == [LINK, LINK, LINK, FAULT]
