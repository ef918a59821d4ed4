# SPDX-License-Identifier: Apache-2.0
"""verify on the real firmware: this computer and every emulated machine, whole and, on two of them, with
each part of it spoiled."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from firmware_sources import PROJECT_FOLDERS
from tiny_model import EAGER, tiny_bundle, write_walk

from tinykws.audio.files import write_wav
from tinykws.audio.playback import LEAD_IN_MS
from tinykws.boards.rows import Board, find_board, load_boards
from tinykws.device.line_checksum import with_check
from tinykws.device.open_device import open_device
from tinykws.device.protocol import TEST, ClipFigures, Line, Synced, announcement, audio_line, parse_line
from tinykws.device.transport.line_transport import LineTransport
from tinykws.device.transport.port_access import PortAccess
from tinykws.model.bundle import Bundle, write_bundle
from tinykws.stages import verify as verify_stage
from tinykws.stages import verify_stream as verify_stream_stage
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.quantize import import_model
from tinykws.stages.verify import ClipFile, find_clips
from tinykws.stages.verify_stream import StreamFile
from tinykws.support.errors import DeviceError
from tinykws.support.progress import Progress

pytestmark = pytest.mark.slow

SPOILED = ["host", "qemu-cortex-m4"]
ON_HOST = pytest.mark.parametrize("board", ["host"], indirect=True)
ON_CORTEX_M4 = pytest.mark.parametrize("board", ["qemu-cortex-m4"], indirect=True)
"""For what is the same C on both: one of the two shows it. What ends a program, or times it, is tested on both."""
EMULATED = [board.id for board in load_boards().values() if board.emulator]
TRANSPORTS = [(board, None) for board in EMULATED] + [("qemu-cortex-m4", "uart"), ("qemu-riscv32", "uart")]
"""Each by the quickest road there is; and, once a port, by the serial line alone, as a real board."""
FACTS = {
    "yes": (-128, -128, 127, -128),
    "no": (-128, -114, -128, 114),
    "noise": (120, -125, -126, -125),
    "silence": (-42, -68, -68, -78),
}
"""TFLM's own clips through the micro_speech it ships (FACTS: micro_speech_test.cc and the interpreter)."""

PATIENT_S = 1000.0
"""However busy the machine is."""
verify = functools.partial(verify_stage.verify, timeout_s=PATIENT_S)
verify_stream = functools.partial(verify_stream_stage.verify_stream, timeout_s=PATIENT_S)

Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClipFile, ...]:
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(4)
    pieces = {
        "noise": rng.normal(0, 4000, 8000),
        "full_scale": rng.choice([-32768, 32767], 8000),
        "silence": np.zeros(8000),
        "short": rng.normal(0, 500, 300),
        "steps": np.repeat(rng.integers(-32768, 32767, 40), 200),
    }
    for name, samples in pieces.items():
        write_wav(folder / f"{name}.wav", samples.astype(np.int16))
    return find_clips([folder], ())


@pytest.fixture(scope="module", params=SPOILED)
def board(request: pytest.FixtureRequest) -> Board:
    return ready_board(request.param)


def ready_board(board_id: str) -> Board:
    """The board, or a skipped test where what builds and runs it is not there."""
    board = find_board(board_id)
    for program in (*board.compilers, *board.emulator_programs):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    return board


@pytest.fixture(scope="module")
def project_of(tiny_model_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Board], Path]:
    """The generated project for a board, as `tinykws build` makes it; shared, so that it is compiled once."""
    folders: dict[str, Path] = {}

    def of(board: Board) -> Path:
        if board.id not in folders:
            folders[board.id] = tmp_path_factory.mktemp(board.id) / "project"
            generate(tiny_model_bundle, board, None, folders[board.id])
        return folders[board.id]

    return of


@pytest.fixture(scope="module")
def project(board: Board, project_of: Callable[[Board], Path]) -> Path:
    return project_of(board)


@pytest.fixture
def built_from(tiny_model_bundle: Bundle, board: Board, project: Path) -> Iterator[Callable[[Bundle], Path]]:
    """Builds the project from another bundle, and puts it right again afterwards: only what differs is compiled."""

    def make(bundle: Bundle) -> Path:
        generate(bundle, board, None, project)
        return build(project, board).program

    yield make
    generate(tiny_model_bundle, board, None, project)


@pytest.fixture
def spoiled(project: Path, board: Board) -> Iterator[Callable[[Spoil], Path]]:
    """Builds the project after something was done to one of its files, which is put right again afterwards."""

    def make(spoil: Spoil) -> Path:
        spoil(project)
        return build(project, board).program

    folders = (*PROJECT_FOLDERS, "lib/kws_nn")
    sources = {path: path.read_bytes() for folder in folders for path in (project / folder).iterdir()}
    yield make
    for path, text in sources.items():
        if path.read_bytes() != text:
            path.write_bytes(text)


class SaidProgress(Progress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def replace_in(name: str, pattern: str, replacement: str) -> Spoil:
    def spoil(project: Path) -> None:
        path = project / name
        text, count = re.subn(pattern, replacement, path.read_text(), count=1)
        assert count == 1, f"{pattern} is not in {name}"
        path.write_text(text)

    return spoil


@pytest.mark.parametrize(("board_id", "wire"), TRANSPORTS)
def test_device_and_host_are_equal(
    tiny_model_bundle: Bundle,
    board_id: str,
    wire: str,
    project_of: Callable[[Board], Path],
    clips: tuple[ClipFile, ...],
    tmp_path: Path,
) -> None:
    board = ready_board(board_id)
    program = build(project_of(board), board).program
    report = verify(
        *(tiny_model_bundle, board, program, clips),
        emulator_transport=wire, log_path=tmp_path / "verify.jsonl", lead_in_ms=0 if wire else None,
    )  # fmt: skip
    assert report.passed, report.reason
    assert report.equal_clips == len(clips)
    assert report.engine == board.engine
    assert report.arena_bytes is not None
    assert report.self_test == "ok"
    assert {clip.attempts for clip in report.clips} == {1}
    assert all(clip.figures is not None and clip.figures.inferences > 3 for clip in report.clips)


def test_times_of_the_emulated_machine_are_instructions_and_the_same_in_every_run(board: Board, project: Path) -> None:
    """Of inferences in the silence after a clip, when nobody talks to it: a byte that comes while it computes is an
    interrupt, and when bytes come is this computer's affair. What is left are whole microseconds, rounded down at both
    ends of each frame and inference, and in each second one interrupt of the machine's own clock, of less than one.
    """
    if board.emulator == "process":
        pytest.skip("a process of this computer has its clock")
    program = build(project, board).program
    first, second = (figures_of_silence(board, program) for _ in range(2))
    assert first.inferences == second.inferences > 5
    assert abs(first.invoke_us - second.invoke_us) <= first.inferences + 1
    assert abs(first.frontend_us - second.frontend_us) <= first.frames + 1
    assert first.frontend_us > 500 * first.frames, "a microsecond a frame is less than two thousandths of it"


def figures_of_silence(board: Board, program: Path) -> ClipFigures:
    """What a clip of one sample and of silence that the device adds by itself comes to; nothing is said meanwhile."""
    pcm = bytes(2)
    with open_device(board, program) as device:
        device.transport.send_lines(
            [with_check(TEST), with_check(announcement(len(pcm), zlib.crc32(pcm), 30_000)), with_check("!SYNC 1 0")]
        )
        _lines_until(Synced, device.transport)
        device.transport.send_lines([audio_line(0, pcm, 0)])
        return _lines_until(ClipFigures, device.transport)


SomeLine = TypeVar("SomeLine", bound=Line)


def _lines_until(kind: type[SomeLine], transport: LineTransport) -> SomeLine:
    while True:
        text = transport.read_line(PATIENT_S)
        assert text is not None, f"no {kind.__name__} in {PATIENT_S} s"
        line = parse_line(text)
        if isinstance(line, kind):
            return line


@ON_CORTEX_M4
def test_changed_weights_fail_the_scores(
    tiny_model_bundle: Bundle,
    board: Board,
    spoiled: Callable[[Spoil], Path],
    clips: tuple[ClipFile, ...],
    tmp_path: Path,
) -> None:
    def change_weights(project: Path) -> None:
        path = project / "src" / "model_aot.c"
        text = path.read_text()
        table = max(re.finditer(r"int8_t \w+\[\d*\] = \{([^}]*)\}", text), key=lambda match: len(match[1]))
        numbers = table[1].split(",")
        numbers = [f" {-int(number)}" if number.strip() else number for number in numbers]
        path.write_text(text[: table.start(1)] + ",".join(numbers) + text[table.end(1) :])

    report = verify(tiny_model_bundle, board, spoiled(change_weights), clips)
    assert report.self_test == "scores", "the board says so by itself"
    assert not report.passed
    assert any(clip.reason.startswith("scores differ") for clip in report.clips)
    assert not any(clip.reason.startswith("features differ") for clip in report.clips)


@ON_HOST
def test_one_wrong_number_in_a_table_fails_the_features(
    tiny_model_bundle: Bundle,
    board: Board,
    spoiled: Callable[[Spoil], Path],
    clips: tuple[ClipFile, ...],
    tmp_path: Path,
) -> None:
    def change_window(project: Path) -> None:
        path = project / "src" / "kws_frontend_config.c"
        text = path.read_text()
        table = re.search(r"WINDOW\[\d+\] = \{([^}]*)\}", text)
        assert table is not None
        numbers = table[1].split(",")
        numbers[len(numbers) // 2] = f" {int(numbers[len(numbers) // 2]) + 1}"
        path.write_text(text[: table.start(1)] + ",".join(numbers) + text[table.end(1) :])

    report = verify(tiny_model_bundle, board, spoiled(change_window), clips, log_path=tmp_path / "log")
    assert not report.passed
    failed = [clip for clip in report.clips if not clip.equal]
    assert failed
    assert all(clip.reason.startswith("features differ: CRC") for clip in failed)
    for clip, mismatch in zip(failed, report.mismatches, strict=False):
        assert (mismatch.clip, mismatch.stage) == (clip.file, "features")
        assert clip.mismatch == f"features: {mismatch.where}"
        folder = Path(str(mismatch.folder))
        assert (folder / "features.png").is_file() == (importlib.util.find_spec("matplotlib") is not None)
        sides = np.load(folder / "both_sides.npz")
        device, host = sides["device_features"], sides["host_features"]
        assert clip.figures is not None
        assert zlib.crc32(device.tobytes()) == clip.figures.features_crc
        frame, channel = np.argwhere(device != host)[0]
        values = f"channel {channel}: {device[frame, channel]} on the device, {host[frame, channel]} on the host"
        time_ms = 30 + 20 * frame - LEAD_IN_MS
        assert mismatch.where.startswith(f"frame {frame} (ends at {time_ms} ms), {values}")


@ON_CORTEX_M4
def test_weights_of_another_model_are_a_firmware_mismatch(
    tiny_model_bundle: Bundle, board: Board, spoiled: Callable[[Spoil], Path], clips: tuple[ClipFile, ...]
) -> None:
    """model_aot.c names its model itself, so it does wherever it is put."""
    other = replace_in("src/model_aot.c", r'kws_model_id\[\] = "[0-9a-f]{12}"', 'kws_model_id[] = "0123456789ab"')
    with pytest.raises(DeviceError, match="the device's model is 0123456789ab, the bundle's is"):
        verify(tiny_model_bundle, board, spoiled(other), clips)


@ON_HOST
def test_another_threshold_is_told_to_be_the_detectors(
    tiny_model_bundle: Bundle, board: Board, spoiled: Callable[[Spoil], Path], clips: tuple[ClipFile, ...]
) -> None:
    lower = replace_in(
        "include/kws_settings.h", r"#define KWS_THRESHOLDS \{[^}]*\}", "#define KWS_THRESHOLDS {20, 20, 20}"
    )
    report = verify(tiny_model_bundle, board, spoiled(lower), clips)
    assert not report.passed
    assert {mismatch.stage for mismatch in report.mismatches} == {"detector"}
    assert all(mismatch.where.endswith("nothing on the host") for mismatch in report.mismatches)
    assert "kws_settings.h" in report.mismatches[0].advice


@ON_CORTEX_M4
def test_audio_that_the_device_decodes_wrongly_is_told_to_be_the_transport(
    tiny_model_bundle: Bundle, board: Board, spoiled: Callable[[Spoil], Path], clips: tuple[ClipFile, ...]
) -> None:
    damage = replace_in("lib/kws_serial/kws_base64.c", r"'/' \? 63", "'/' ? 62")
    report = verify(tiny_model_bundle, board, spoiled(damage), clips)
    assert not report.passed
    assert {mismatch.stage for mismatch in report.mismatches} == {"transport"}
    assert re.match(r"crc of the audio is [0-9a-f]{8}, announced was [0-9a-f]{8}", report.mismatches[0].where)


@pytest.mark.parametrize(
    ("board", "file", "pattern", "replacement", "says"),
    [
        ("qemu-cortex-m4", "lib/kws_nn/kws_nn_scaling.h", r"multipliers\[at\]", "multipliers[at] / 2", "scores"),
        ("host", "lib/kws_nn/kws_nn_softmax.c", r"1895147668", "1695147668", "scores"),
        ("host", "src/kws_engine_aot.c", r"kws_model_invoke\(\);", "", "scores"),
        ("qemu-cortex-m4",
         "src/kws_engine_aot.c", r"(?s)(kws_model_invoke\(\);.*?)return true;", r"\1return false;", "engine"),
        ("host",
         "src/kws_frontend_config.c", r"(LOG2_CORRECTION\[\w+\] = \{\s*(?:\d+,\s*){40})\d+", r"\g<1>9000", "features"),
        ("qemu-cortex-m4", "lib/kws_frontend/kws_filterbank.c", r"config->falling", "config->rising", "features"),
    ],
    indirect=["board"],
)  # fmt: skip
def test_what_is_wrong_is_found_by_the_board_itself(
    tiny_model_bundle: Bundle,
    board: Board,
    spoiled: Callable[[Spoil], Path],
    clips: tuple[ClipFile, ...],
    file: str,
    pattern: str,
    replacement: str,
    says: str,
) -> None:
    """No clip shows it here: the only one sent is silence, on which wrong and right firmware may well agree."""
    program = spoiled(replace_in(file, pattern, replacement))
    silence = [clip for clip in clips if clip.path.stem == "silence"]
    said = SaidProgress()
    report = verify(tiny_model_bundle, board, program, silence, said)
    assert (report.self_test, report.passed) == (says, False)
    assert "the device's self-test fails" in report.reason
    assert "the device's self-test fails" in said.lines[0]


@ON_HOST
def test_a_bundle_from_before_the_self_test_works_without(
    tiny_model_bundle: Bundle,
    board: Board,
    built_from: Callable[[Bundle], Path],
    clips: tuple[ClipFile, ...],
    tmp_path: Path,
) -> None:
    old = write_bundle(
        dataclasses.replace(tiny_model_bundle, path=tmp_path / "old", golden=()), tiny_model_bundle.model_bytes(), {}
    )
    said = SaidProgress()
    report = verify(old, board, built_from(old), clips[:1], said)
    assert (report.self_test, report.passed) == ("none", True)
    assert "to add one: tinykws quantize" in said.lines[0]


@ON_HOST
def test_another_model_is_refused(
    tiny_model_bundle: Bundle, board: Board, project: Path, clips: tuple[ClipFile, ...], tmp_path: Path
) -> None:
    other = tiny_bundle(tmp_path / "other", words=("yes",), per_channel=True)
    with pytest.raises(DeviceError, match="firmware mismatch: the device's model is"):
        verify(other, board, build(project, board).program, clips)


def test_a_crash_in_a_clip_ends_the_run_with_its_reason(
    tiny_model_bundle: Bundle, board: Board, spoiled: Callable[[Spoil], Path], clips: tuple[ClipFile, ...]
) -> None:
    crash = replace_in(
        "src/kws_engine_aot.c",
        r"kws_model_invoke\(\);",
        "static int n; kws_model_invoke(); if (++n == 3) __builtin_trap();",
    )
    reason = "killed by SIG(ILL|TRAP)" if board.emulator == "process" else r"exception 6 \(UsageFault\), exit code 70"
    report = verify(tiny_model_bundle, board, spoiled(crash), clips)
    assert re.search(rf"the device exited: {reason}.*\(at clip 1\)", report.ended)
    assert [clip.reason for clip in report.clips[1:]] == ["not sent: the run had ended"] * (len(clips) - 1)
    if board.emulator != "process":
        assert "its last error: kws error exception number 0x00000006 at 0x" in report.ended


class ClockOfAHungDevice(PortAccess):
    """Jumps by a minute whenever it is read, once the device has said that it hangs."""

    def __init__(self, log_path: Path) -> None:
        self._log_path = log_path
        self._skipped_s = 0.0

    def now(self) -> float:
        if self._skipped_s or (self._log_path.is_file() and HANGS in self._log_path.read_text()):
            self._skipped_s += 60.0
        return super().now() + self._skipped_s


HANGS = "this device hangs"


def test_a_device_that_hangs_is_given_up(
    tiny_model_bundle: Bundle,
    board: Board,
    spoiled: Callable[[Spoil], Path],
    clips: tuple[ClipFile, ...],
    tmp_path: Path,
) -> None:
    say = f'kws_port_serial_write((const uint8_t *)"{HANGS}\\\\n", {len(HANGS) + 1})'
    hang = replace_in(
        "src/kws_engine_aot.c",
        r"bool kws_engine_invoke\(void\)\n\{",
        "void kws_port_serial_write(const uint8_t *bytes, size_t count);\n"
        "bool kws_engine_invoke(void)\n{ static int n;"
        f" if (++n == 3) {{ {say}; for (volatile int on = 1; on;) {{ }} }}",
    )
    clock = ClockOfAHungDevice(tmp_path / "log")
    report = verify(
        *(tiny_model_bundle, board, spoiled(hang), clips),
        port_access=clock, log_path=tmp_path / "log",
    )  # fmt: skip
    assert re.search(r"sent no banner .*\(at clip 1\)", report.ended)


def test_a_stream_is_heard_alike_on_device_and_host(
    board: Board, built_from: Callable[[Bundle], Path], tmp_path: Path
) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", detector=EAGER)
    write_walk(tmp_path / "stream.wav", 20)
    program = built_from(bundle)
    report = verify_stream(bundle, board, program, StreamFile(tmp_path / "stream.wav"), log_path=tmp_path / "log")
    assert report.passed, report.reason
    assert len(report.verdict.device_detections) > 5
    assert report.verdict.device_detections == report.verdict.host_detections
    assert report.verdict.inferences > 190


def test_a_crash_in_a_stream_ends_the_run_with_what_was_heard_until_then(
    tiny_model_bundle: Bundle, board: Board, spoiled: Callable[[Spoil], Path], tmp_path: Path
) -> None:
    crash = replace_in(
        "src/kws_engine_aot.c",
        r"kws_model_invoke\(\);",
        "static int n; kws_model_invoke(); if (++n == 30) __builtin_trap();",
    )
    write_wav(tmp_path / "stream.wav", np.random.default_rng(8).normal(0, 3000, 4 * 16000).astype(np.int16))
    stream, log_path = StreamFile(tmp_path / "stream.wav"), tmp_path / "log"
    report = verify_stream(tiny_model_bundle, board, spoiled(crash), stream, log_path=log_path)
    reason = "killed by SIG(ILL|TRAP)" if board.emulator == "process" else r"exception 6 \(UsageFault\), exit code 70"
    assert re.search(rf"the device exited: {reason}", report.ended)
    assert "at clip" not in report.ended
    (attempt,) = report.verdict.attempts
    assert attempt.inferences > 0
    assert 0 < attempt.heard_ms < 4000
    assert (attempt.difference, report.passed) == ("", False)
    assert report.reason == attempt.describe_fault()
    assert report.ended in attempt.fault


def test_micro_speech_gives_the_scores_it_is_known_for(
    shared: Path, board: Board, built_from: Callable[[Bundle], Path], tmp_path: Path
) -> None:
    model = shared / "models" / "micro_speech_quantized.tflite"
    bundle = import_model(model, ["silence", "unknown", "yes", "no"], tmp_path / "bundle")
    program = built_from(bundle)
    clips = find_clips([shared / "data" / "tflm_clips"], bundle.labels)
    report = verify(bundle, board, program, clips, lead_in_ms=0)
    assert report.passed, report.reason
    assert report.self_test == "ok"
    assert {clip.file.split("/")[1].split("_")[0]: clip.scores for clip in report.clips} == FACTS
