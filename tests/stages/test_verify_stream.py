# SPDX-License-Identifier: Apache-2.0
"""verify --stream against devices in Python: equal, unequal, gone wrong in the middle; and that nothing grows."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree

import numpy as np
import pytest
from correct_device import GoodDevice
from device_port import NAME, DevicePort
from tiny_model import EAGER, tiny_bundle, write_walk

from tinykws.audio.files import write_wav
from tinykws.audio.playback import LEAD_IN_MS
from tinykws.boards.rows import find_board
from tinykws.cli.main import run as tinykws
from tinykws.cli.verify_view import describe_stream
from tinykws.device.session_log import SessionLog, entries_of
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress
from tinykws.verification.junit import junit_of_stream
from tinykws.verification.stream_report import StreamReport, stream_report_of
from tinykws.verification.stream_verdict import judge_stream

HOST = find_board("host")
T = TypeVar("T")
SECONDS = 6


@pytest.fixture(scope="module")
def russian_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "bundle", words=("да",), detector=EAGER)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk(tmp_path_factory.mktemp("stream") / "a walk.wav", SECONDS)


def run(
    bundle: Bundle, device: GoodDevice, stream: StreamFile, log_path: Path, progress: Progress | None = None
) -> StreamReport:
    port_access = DevicePort(device)
    return verify_stream(bundle, HOST, NAME, stream, progress or Progress(), log_path=log_path, port_access=port_access)


def test_a_stream_gives_the_same_on_both_sides(russian_bundle: Bundle, recording: Path, tmp_path: Path) -> None:
    log_path = tmp_path / "firmware" / "verify.jsonl"
    quiet = run(russian_bundle, GoodDevice(russian_bundle), StreamFile(recording), log_path)
    assert quiet.passed, quiet.reason
    heard = quiet.verdict.device_detections
    assert len(heard) > 1
    assert quiet.verdict.device is not None
    assert quiet.verdict.device.false_accepts == len(heard), "nobody said what is in it"
    first = heard[0].time_ms
    events = (Event(max(0, first - 300), first - 40, "да"), Event(5900, 6000, "да"), Event(0, 10, "somebody coughs"))
    report = run(russian_bundle, GoodDevice(russian_bundle), StreamFile(recording, events), log_path)
    assert report.passed
    assert report.verdict.device == report.verdict.host
    assert report.verdict.device is not None
    assert report.verdict.device.found >= 1
    assert report.verdict.device.latencies_ms[0] == 40
    assert report.verdict.host_detections == heard
    assert report.audio_seconds == SECONDS
    with log_path.open() as file:
        assert judge_stream(entries_of(file)) == report.verdict, "the verdict is a function of the log"

    other = tiny_bundle(tmp_path / "other", words=("да",))
    assert tinykws(["replay", str(log_path), "--bundle", str(russian_bundle.path)]) == 0
    assert tinykws(["replay", str(log_path), "--bundle", str(other.path), "--json", str(tmp_path / "r.json")]) == 1
    assert "differ in the detector's thresholds" in json.loads((tmp_path / "r.json").read_text())["reason"]


@pytest.mark.parametrize("right", [True, False])
def test_a_stream_is_one_test_case_for_a_ci_system(
    russian_bundle: Bundle, recording: Path, tmp_path: Path, right: bool
) -> None:
    class Wrong(GoodDevice):
        def give(self, text: str) -> None:
            super().give(re.sub(r"scores at=2590 \S+", "scores at=2590 99", text))

    device = GoodDevice(russian_bundle) if right else Wrong(russian_bundle)
    report = run(russian_bundle, device, StreamFile(recording), tmp_path / "log")
    suites = ElementTree.fromstring(junit_of_stream(report))
    assert (suites.get("tests"), suites.get("failures")) == ("1", "0" if right else "1")
    case = suites.find(".//testcase")
    assert case is not None
    assert case.get("name") == "a walk.wav"
    assert [failure.get("message") for failure in case.findall("failure")] == ([] if right else [report.reason])
    junit = tmp_path / "replayed.xml"
    assert tinykws(["verify", "--replay", str(tmp_path / "log"), "--junit", str(junit)]) == (0 if right else 1)
    assert junit.read_text() == junit_of_stream(report)


def test_only_the_beginning_may_be_sent(russian_bundle: Bundle, recording: Path, tmp_path: Path) -> None:
    device = GoodDevice(russian_bundle)
    report = run(russian_bundle, device, StreamFile(recording, first_seconds=2), tmp_path / "log")
    assert report.passed
    assert report.audio_seconds == 2
    assert {line.time_ms <= 3000 for line in report.verdict.device_detections} == {True}


def test_the_report_is_json_and_text(russian_bundle: Bundle, recording: Path, tmp_path: Path) -> None:
    report = run(
        russian_bundle, GoodDevice(russian_bundle), StreamFile(recording, (Event(0, 9, "да"),)), tmp_path / "log"
    )
    values = json.loads(json.dumps(report.to_dict()))
    assert values["verdict"] == "PASS"
    stream = values["stream"]
    assert stream["device"]["false_accepts_per_hour"] == stream["host"]["false_accepts_per_hour"] > 0
    assert [line["time_ms"] for line in stream["device_detections"]] == [
        line.time_ms for line in report.verdict.device_detections
    ]
    text = describe_stream(report)
    assert text.splitlines()[1].split()[:2] == ["да", "1"]
    assert f"{len(stream['host_detections'])} detections, the same on device and host" in text
    assert text.endswith("PASS")


def test_another_detector_is_told_by_its_detections(russian_bundle: Bundle, recording: Path, tmp_path: Path) -> None:
    class Deafer(GoodDevice):
        """Does not hear the second word."""

        def give(self, text: str) -> None:
            is_word = text.startswith("Heard") and int(text.split("@")[1].removesuffix("ms")) >= LEAD_IN_MS
            self.heard = getattr(self, "heard", 0) + is_word
            if not (is_word and self.heard == 2):
                super().give(text)

    report = run(russian_bundle, Deafer(russian_bundle), StreamFile(recording), tmp_path / "log")
    assert not report.passed
    assert report.reason.startswith("detections differ")
    missing = report.verdict.host_detections[1]
    assert report.verdict.first_difference_ms is not None
    assert report.verdict.first_difference_ms <= missing.time_ms + 100
    assert missing not in report.verdict.device_detections
    (mismatch,) = report.mismatches
    assert mismatch.stage == "nowhere", "the device said it when it was asked again"
    text = describe_stream(report)
    assert "differ" in text
    assert text.splitlines()[-1].startswith("FAIL: detections differ")


def test_where_the_sides_part_is_looked_for_in_the_streams_beginning(
    russian_bundle: Bundle, recording: Path, tmp_path: Path
) -> None:
    class Wrong(GoodDevice):
        """One score is wrong, in every run at the same place: 1.09 s after the lead-in of 1.5 s."""

        sizes: tuple[int, ...] = ()

        def give(self, text: str) -> None:
            super().give(re.sub(r"scores at=2590 \S+", "scores at=2590 99", text))

        def finish(self) -> None:
            self.sizes += (self._size,)
            super().finish()

    device = Wrong(russian_bundle)
    report = run(russian_bundle, device, StreamFile(recording), tmp_path / "firmware" / "log")
    assert report.verdict.first_difference_ms == 1090
    (mismatch,) = report.mismatches
    assert (mismatch.clip, mismatch.stage) == ("a walk.wav", "scores")
    assert "at 1090 ms on the device" in mismatch.where
    lead_in = 32 * LEAD_IN_MS
    assert device.sizes == (lead_in + SECONDS * 32000, lead_in + 2 * 32000)
    assert Path(str(mismatch.folder), "both_sides.npz").is_file()
    assert mismatch.where in describe_stream(report)
    assert report.log_path is not None
    with report.log_path.open() as file:
        assert judge_stream(entries_of(file)) == report.verdict, "the second run is no part of the verdict"
    with report.log_path.open() as file:
        assert stream_report_of(entries_of(file), report.log_path) == report, "a log gives the whole report again"


def test_a_stream_that_never_gets_to_its_end_is_sent_twice_and_fails_by_name(
    russian_bundle: Bundle, recording: Path, tmp_path: Path
) -> None:
    """This device computes only when it has all; what is heard until a stream breaks off: test_stream_faults.py."""

    class Fading(GoodDevice):
        def hear(self, line: str) -> None:
            if len(self._audio) < 60_000 or line.startswith(("!TEST", "!INFO", "!DATA")):
                super().hear(line)

    report = run(russian_bundle, Fading(russian_bundle), StreamFile(recording, (Event(0, 9, "да"),)), tmp_path / "log")
    assert not report.passed
    assert not report.ended
    assert re.fullmatch(
        r"attempt 1 was interrupted 0\.00 s into the stream: timed out: the transfer made no progress;"
        r" attempt 2 was interrupted 0\.00 s into the stream: timed out: the transfer made no progress",
        report.reason,
    )
    assert (report.verdict.device, report.verdict.host) == (None, None), "there is nothing to count"
    assert json.loads(json.dumps(report.to_dict()))["stream"]["device"] is None
    assert report.mismatches == ()
    text = describe_stream(report)
    assert "0 of 6 s of sound" in text
    assert text.splitlines()[-1] == f"FAIL: {report.reason}"


@pytest.mark.parametrize("lines", [0.5, 0.9, 1])
def test_a_log_that_was_cut_short_is_a_failure(
    russian_bundle: Bundle, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: float
) -> None:
    assert run(russian_bundle, GoodDevice(russian_bundle), StreamFile(recording), tmp_path / "log").passed
    entries = (tmp_path / "log").read_text().splitlines()
    (tmp_path / "log").write_text("\n".join(entries[: min(int(len(entries) * lines), len(entries) - 1)]))
    assert tinykws(["verify", "--replay", str(tmp_path / "log")]) == 4
    assert "the log ends in the middle of the run" in capsys.readouterr().out.splitlines()[-1]


def test_progress_counts_seconds(russian_bundle: Bundle, recording: Path, tmp_path: Path) -> None:
    class Counting(Progress):
        seen: tuple[str, int | None, int] = ("", None, 0)

        def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
            for number, item in enumerate(items, start=1):
                self.seen = (label, total, number)
                yield item

    progress = Counting()
    run(russian_bundle, GoodDevice(russian_bundle), StreamFile(recording), tmp_path / "log", progress)
    assert progress.seen == ("stream", SECONDS, SECONDS)


def test_what_is_no_stream_is_refused_before_anything_is_opened(russian_bundle: Bundle, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    write_wav(short, np.zeros(100, np.int16))
    with pytest.raises(ConfigError, match="shorter than one model input"):
        verify_stream(russian_bundle, HOST, "socket://127.0.0.1:1", StreamFile(short), log_path=tmp_path / "log")
    with pytest.raises(ConfigError, match=r"there is no .*nothing\.wav"):
        stream = StreamFile(tmp_path / "nothing.wav")
        verify_stream(russian_bundle, HOST, "socket://127.0.0.1:1", stream, log_path=tmp_path / "log")


def test_a_log_goes_to_its_file_and_is_not_held() -> None:
    file = io.StringIO()
    log = SessionLog(stream=file, kept=20)
    for number in range(200):
        log.add("sent", f"line {number}")
        assert len(log.entries) < 40
    texts = [entry.text for entry in entries_of(file.getvalue().splitlines())]
    assert texts == [f"line {number}" for number in range(200)]
    assert log.entries[-1].text == texts[-1]
