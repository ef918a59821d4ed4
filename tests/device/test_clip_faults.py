# SPDX-License-Identifier: Apache-2.0
"""What a line and a device can do to a run of verify: each fault is done by a proxy to the real firmware, as a process.

Whatever happens, no clip gets a wrong verdict: it passes with the right results or fails by the fault's name, the
others keep their results, the run ends, and the log tells all.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from fault_proxy import Babbling, Delayed, Fault, Gone, Replaced, Reset, Silent, Worn, faulty
from tiny_model import tiny_bundle

from tinykws.audio.files import write_wav
from tinykws.boards.rows import find_board
from tinykws.cli.verify_view import describe_clips
from tinykws.device.session_log import read_entries
from tinykws.model.bundle import Bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.verify import ClipFile, verify
from tinykws.support.errors import DeviceError
from tinykws.verification.clip_report import VerifyReport, report_of
from tinykws.verification.junit import junit_of

pytestmark = pytest.mark.slow

HOST = find_board("host")
CLIPS = 3
PATIENT_S = 1000.0
"""Time-out that no busy machine reaches. Where one is wanted, the clock jumps there (fault_proxy.py)."""


@pytest.fixture(scope="module")
def program(tiny_model_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host") / "project"
    generate(tiny_model_bundle, HOST, None, folder)
    return build(folder, HOST).program


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ClipFile]:
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(5)
    paths = [folder / f"{number}.wav" for number in range(CLIPS)]
    for path in paths:
        write_wav(path, rng.normal(0, 4000, 16000).astype(np.int16))
    return [ClipFile(path) for path in paths]


def run(
    bundle: Bundle, program: Path, clips: list[ClipFile], fault: Fault, log_path: Path, return_s: float = 60.0
) -> VerifyReport:
    with faulty(HOST, program, fault) as port:
        report = verify(
            *(bundle, HOST, port.url, clips), lead_in_ms=0,
            timeout_s=PATIENT_S, log_path=log_path, port_access=port, return_s=return_s,
        )  # fmt: skip
    assert fault.happened or type(fault) is Fault, "the test must do what it says"
    entries = read_entries(log_path.read_text())
    assert report_of(entries, log_path) == report, "the log tells all"
    text, junit = describe_clips(report), ElementTree.fromstring(junit_of(report))
    for clip, case in zip(report.clips, junit.iter("testcase"), strict=True):
        assert len(clip.faults) >= clip.attempts - 1
        assert (f"sent {clip.attempts} times: {clip.file}: {'; '.join(clip.faults)}" in text) == (clip.attempts > 1)
        assert case.findtext("system-out", "").splitlines() == list(clip.faults)
    return report


def test_a_good_line_through_the_proxy(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Fault(), tmp_path / "log")
    assert report.passed, report.reason
    assert [clip.attempts for clip in report.clips] == [1] * CLIPS


@pytest.mark.parametrize("kinds", [["turned"], ["lost"], ["doubled"], ["turned", "lost", "doubled"]], ids="+".join)
@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_damaged_bytes_are_mended_within_the_clip(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path, kinds: list[str], rate: float
) -> None:
    fault = Worn(rate, *kinds)
    report = run(tiny_model_bundle, program, clips if rate < 1e-3 else clips[:1], fault, tmp_path / "log")
    assert report.passed, report.reason
    assert {clip.attempts for clip in report.clips} == {1}
    assert fault.happened > (9 if rate < 1e-3 else 40)


def test_a_line_that_comes_late_and_in_pieces(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Delayed(), tmp_path / "log")
    assert report.passed, report.reason


def test_a_reset_in_the_middle_of_a_clip(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Reset(), tmp_path / "log")
    assert report.passed, report.reason
    assert [clip.attempts for clip in report.clips] == [1, 2, 1]
    faults = [entry.text for entry in read_entries((tmp_path / "log").read_text()) if entry.kind == "fault"]
    (fault,) = faults
    assert fault.startswith("the device is no longer receiving a clip, as after a reset: ")


def test_a_port_that_is_gone_for_five_seconds(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Gone(5.0), tmp_path / "log")
    assert report.passed, report.reason
    assert [clip.attempts for clip in report.clips] == [1, 2, 1]
    told = [entry.text for entry in read_entries((tmp_path / "log").read_text()) if entry.kind in ("fault", "link")]
    assert "connection to socket://" in told[0]
    assert told[1:] == ["waiting for it to come back", "it is back"]


def test_a_port_that_stays_away_ends_the_run(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Gone(None), tmp_path / "log", return_s=1.0)
    assert [clip.equal for clip in report.clips] == [True, False, False]
    assert "did not come back within 1 s" in report.clips[1].reason
    assert report.clips[2].reason == "not sent: the run had ended"
    assert report.ended in report.reason


def test_a_device_that_is_silent_for_a_clip(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Silent(), tmp_path / "log")
    assert report.passed, report.reason
    assert report.clips[1].attempts >= 2


def test_a_clip_in_which_the_device_is_silent_every_time_fails_by_name(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Silent(times=3), tmp_path / "log")
    assert [clip.equal for clip in report.clips] == [True, False, True]
    assert report.clips[1].reason.startswith("timed out")
    assert not report.ended


def test_a_device_that_is_silent_for_good_ends_the_run(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    report = run(tiny_model_bundle, program, clips, Silent(for_good=True), tmp_path / "log")
    assert [clip.equal for clip in report.clips] == [True, False, False]
    assert "sent no banner" in report.clips[1].reason


@pytest.mark.parametrize(
    "babble",
    [b"\xfe\x00bzzzt\n" * 50, b"kws scores at=990 1 2 3\n" * 50, b"\x55" * 4096],
    ids=["noise", "like results", "no line's end"],
)
def test_a_device_that_babbles(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path, babble: bytes
) -> None:
    report = run(tiny_model_bundle, program, clips, Babbling(babble), tmp_path / "log")
    assert report.passed, report.reason
    assert report.clips[1].attempts >= 2
    assert (tmp_path / "log").stat().st_size < 2_000_000


def test_another_firmware_in_the_middle_of_a_run(
    tiny_model_bundle: Bundle, program: Path, clips: list[ClipFile], tmp_path: Path
) -> None:
    other = (
        "kws ready proto=2 board=host engine=aot model=ffffffffffff line=740 window=15 labels=_silence_,_unknown_,no"
    )
    report = run(tiny_model_bundle, program, clips, Replaced(other), tmp_path / "log")
    assert [clip.equal for clip in report.clips] == [True, False, False]
    assert "firmware mismatch: the device's model is ffffffffffff" in report.ended


def test_another_firmware_before_the_run_is_refused(program: Path, clips: list[ClipFile], tmp_path: Path) -> None:
    other = tiny_bundle(tmp_path / "other", words=("yes",), per_channel=True)
    with (
        faulty(HOST, program, Fault()) as port,
        pytest.raises(DeviceError, match="firmware mismatch: the device's model"),
    ):
        verify(other, HOST, port.url, clips, timeout_s=PATIENT_S, port_access=port)


@pytest.fixture(scope="module")
def cortex_m4(qemu_cortex_m4: None, tiny_model_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    board, folder = find_board("qemu-cortex-m4"), tmp_path_factory.mktemp("cortex_m4") / "project"
    generate(tiny_model_bundle, board, None, folder)
    return build(folder, board).program


WORN = Worn(1e-4, "turned", "lost", "doubled")


@pytest.mark.parametrize("fault", [WORN, Reset()], ids=["worn", "reset"])
def test_the_same_on_an_emulated_cortex_m4(
    tiny_model_bundle: Bundle, cortex_m4: Path, clips: list[ClipFile], tmp_path: Path, fault: Fault
) -> None:
    """Byte by byte over its UART, whose driver has an interrupt and a ring."""
    board = find_board("qemu-cortex-m4")
    with faulty(board, cortex_m4, fault) as port:
        report = verify(
            *(tiny_model_bundle, board, port.url, clips[:2]),
            timeout_s=PATIENT_S, log_path=tmp_path / "log", port_access=port, return_s=60.0, lead_in_ms=0,
        )  # fmt: skip
    assert fault.happened
    assert report.passed, report.reason
    assert [clip.attempts for clip in report.clips] == [1, 1 if fault is WORN else 2]
