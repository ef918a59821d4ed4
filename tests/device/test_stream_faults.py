# SPDX-License-Identifier: Apache-2.0
"""What a line and a device can do to a stream: each fault is done by a proxy to the real firmware, as a process.

Damage on the line is mended within the stream. A stream that breaks off is sent once more; whatever happens, the run
ends with a report that says where it broke off and why, and that judges what was heard until then.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import pytest
from fault_proxy import Babbling, Delayed, Fault, Gone, Replaced, Reset, Silent, Worn, faulty
from tiny_model import EAGER, tiny_bundle, write_walk

from tinykws.audio.playback import LEAD_IN_MS
from tinykws.boards.rows import Board, find_board
from tinykws.cli.main import run as tinykws
from tinykws.cli.verify_view import describe_stream
from tinykws.device.session_log import FAULT, LINK, entries_of
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.support.errors import DeviceError
from tinykws.verification.junit import junit_of_stream
from tinykws.verification.stream_report import StreamReport

pytestmark = pytest.mark.slow

HOST, EMULATED = find_board("host"), find_board("qemu-cortex-m4")
SECONDS = 5
EVENTS = (Event(300, 600, "yes"), Event(4500, 4900, "no"))
"""One before every fault, one after it."""
LEAD_IN_BYTES = 44 * LEAD_IN_MS
"""In base64."""
IN_STREAM = {"clip": 1, "after_bytes": LEAD_IN_BYTES + 80_000}
"""About two seconds of the recording have been taken then, and what is under way is less than half a second."""
PATIENT_S = 1000.0
"""Time-out that no busy machine reaches. Where one is wanted, the clock jumps there (fault_proxy.py)."""


class Verified(Protocol):
    """Sends the stream through a fault."""

    def __call__(
        self,
        fault: Fault,
        return_s: float = ...,
        board: Board = ...,
        elf: Path = ...,
        seconds: int = ...,
    ) -> StreamReport: ...


@pytest.fixture(scope="module")
def low_threshold_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_bundle(tmp_path_factory.mktemp("bundle") / "bundle", detector=EAGER)


@pytest.fixture(scope="module")
def program(low_threshold_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(low_threshold_bundle, HOST, tmp_path_factory.mktemp("host") / "project")


@pytest.fixture(scope="module")
def emulated_program(
    qemu_cortex_m4: None, low_threshold_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return built(low_threshold_bundle, EMULATED, tmp_path_factory.mktemp("emulated") / "project")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walk(tmp_path_factory.mktemp("stream") / "walk.wav", SECONDS)


@pytest.fixture
def verified(
    low_threshold_bundle: Bundle, program: Path, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Verified:
    """Sends the stream through a fault, and holds that the log alone gives the same verdict in every form."""

    def run(
        fault: Fault, return_s: float = 60.0, board: Board = HOST, elf: Path = program,
        seconds: int = SECONDS,
    ) -> StreamReport:  # fmt: skip
        stream, log_path = StreamFile(recording, EVENTS, seconds), tmp_path / "verify.jsonl"
        with faulty(board, elf, fault) as port:
            report = verify_stream(
                *(low_threshold_bundle, board, port.url, stream),
                log_path=log_path, timeout_s=PATIENT_S, port_access=port, return_s=return_s,
            )  # fmt: skip
        assert fault.happened, "the test must do what it says"
        json_path, junit_path = tmp_path / "report.json", tmp_path / "report.xml"
        capsys.readouterr()
        code = tinykws(["verify", "--replay", str(log_path), "--json", str(json_path), "--junit", str(junit_path)])
        assert code == (4 if report.ended else 0 if report.passed else 1)
        assert capsys.readouterr().out == describe_stream(report) + "\n"
        assert json.loads(json_path.read_text()) == json.loads(json.dumps(report.to_dict()))
        assert junit_path.read_text() == junit_of_stream(report)
        return report

    return run


def built(bundle: Bundle, board: Board, folder: Path) -> Path:
    generate(bundle, board, None, folder)
    return build(folder, board).program


def went_well(report: StreamReport, attempts: int) -> None:
    """The whole stream is equal, in this attempt; those before it are told."""
    assert report.passed, report.reason
    verdict = report.verdict
    assert len(verdict.attempts) == attempts
    assert verdict.heard_ms == verdict.duration_ms
    assert verdict.device_detections == verdict.host_detections
    assert len(verdict.device_detections) > 1
    assert verdict.device == verdict.host
    for attempt in verdict.attempts[:-1]:
        broke_off(report, attempt.number)
    assert verdict.attempts[-1].fault == ""


def broke_off(report: StreamReport, number: int, *, heard: bool = True) -> str:
    """The attempt broke off in the middle, equal until then, and that is told; returns why."""
    attempt = report.verdict.attempts[number - 1]
    assert attempt.number == number
    assert attempt.difference == ""
    assert (1000 < attempt.heard_ms < report.verdict.duration_ms - 1000) == heard
    assert (attempt.inferences > 0) == heard
    in_one_line = " ".join(describe_stream(report).split())
    assert f"attempt {number} was interrupted {attempt.heard_ms / 1000:.2f} s into the stream" in in_one_line
    assert attempt.fault in junit_of_stream(report).replace("&gt;", ">").replace("&quot;", '"')
    return attempt.fault


def failed(report: StreamReport) -> None:
    """What was heard until it broke off is compared and counted, on both sides alike."""
    assert not report.passed
    verdict = report.verdict
    assert verdict.difference == ""
    assert 1000 < verdict.heard_ms < verdict.duration_ms - 1000
    assert verdict.device_detections == verdict.host_detections
    assert verdict.device_detections, "it heard something"
    assert verdict.device == verdict.host
    assert verdict.device is not None
    assert verdict.device.utterances == 1, "the second word came later"
    assert all(attempt.describe_fault() in report.reason for attempt in verdict.attempts)


def log_of(report: StreamReport, *kinds: str) -> list[str]:
    assert report.log_path is not None
    with report.log_path.open() as file:
        return [entry.text for entry in entries_of(file) if entry.kind in kinds]


@pytest.mark.parametrize(
    "fault", [Worn(2e-4, "turned"), Worn(2e-4, "turned", "lost", "doubled"), Delayed()], ids=["turned", "all", "late"]
)
def test_damaged_and_late_bytes_are_mended_within_the_stream(verified: Verified, fault: Fault) -> None:
    went_well(verified(fault), attempts=1)


def test_a_reset_in_the_middle(verified: Verified) -> None:
    report = verified(Reset(**IN_STREAM))
    went_well(report, attempts=2)
    assert broke_off(report, 1).startswith("the device is no longer receiving a clip, as after a reset: ")


def test_a_reset_every_time(verified: Verified) -> None:
    report = verified(Reset(**IN_STREAM, times=2))
    failed(report)
    assert not report.ended, "the device is still there"
    assert all("as after a reset" in broke_off(report, number) for number in (1, 2))


def test_a_port_that_is_gone_for_five_seconds(verified: Verified) -> None:
    report = verified(Gone(5.0, **IN_STREAM))
    went_well(report, attempts=2)
    assert "connection to socket://" in broke_off(report, 1)
    assert log_of(report, FAULT, LINK)[1:] == ["waiting for it to come back", "it is back"]


def test_a_port_that_stays_away(verified: Verified) -> None:
    report = verified(Gone(None, **IN_STREAM), return_s=1.0)
    failed(report)
    fault = broke_off(report, 1)
    assert "connection to socket://" in fault
    assert "did not come back within 1 s" in fault
    assert report.ended in report.reason
    assert len(report.verdict.attempts) == 1


def test_a_device_that_is_silent_once(verified: Verified) -> None:
    report = verified(Silent(**IN_STREAM, for_good=False))
    went_well(report, attempts=2)
    assert broke_off(report, 1) == "timed out: the transfer made no progress"


def test_a_device_that_is_silent_every_time(verified: Verified) -> None:
    report = verified(Silent(**IN_STREAM, for_good=False, times=2))
    failed(report)
    assert not report.ended
    assert [broke_off(report, number) for number in (1, 2)] == ["timed out: the transfer made no progress"] * 2


def test_a_device_that_is_silent_for_good(verified: Verified) -> None:
    report = verified(Silent(**IN_STREAM, for_good=True))
    failed(report)
    assert broke_off(report, 1) == "timed out: the transfer made no progress"
    assert "sent no banner" in broke_off(report, 2, heard=False)
    assert "sent no banner" in report.ended


@pytest.mark.parametrize(
    "babble",
    [b"\xfe\x00bzzzt\n" * 50, b"kws scores at=990 1 2 3\n" * 50, b"\x55" * 4096],
    ids=["noise", "like results", "no line's end"],
)
def test_a_device_that_babbles(verified: Verified, babble: bytes) -> None:
    report = verified(Babbling(babble, **IN_STREAM))
    went_well(report, attempts=2)
    assert broke_off(report, 1)


def test_another_firmware_in_the_middle(verified: Verified) -> None:
    other = "kws ready proto=2 board=host engine=aot model=ffffffffffff line=740 window=15 labels=_silence_,no"
    report = verified(Replaced(other, **IN_STREAM))
    failed(report)
    assert broke_off(report, 1) == "timed out: the transfer made no progress"
    assert "device's model is ffffffffffff" in broke_off(report, 2, heard=False)
    assert "firmware mismatch: the device's model is ffffffffffff" in report.ended


def test_another_firmware_before_the_run_is_refused(program: Path, recording: Path, tmp_path: Path) -> None:
    other = tiny_bundle(tmp_path / "other", words=("yes",), per_channel=True)
    with (
        faulty(HOST, program, Fault()) as port,
        pytest.raises(DeviceError, match="firmware mismatch: the device's model"),
    ):
        verify_stream(
            *(other, HOST, port.url, StreamFile(recording)),
            log_path=tmp_path / "log", timeout_s=PATIENT_S, port_access=port,
        )  # fmt: skip


def test_a_worn_line_to_an_emulated_cortex_m4(verified: Verified, emulated_program: Path) -> None:
    """Byte by byte over its UART, whose driver has an interrupt and a ring. test_clip_faults.py resets the machine."""
    fault = Worn(5e-5, "turned", "lost", "doubled")
    went_well(verified(fault, board=EMULATED, elf=emulated_program, seconds=3), attempts=1)
