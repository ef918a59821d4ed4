# SPDX-License-Identifier: Apache-2.0
"""The user's file on emulated boards: the LED's register, read back by QEMU, and an on_word that never returns."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from tiny_model import EAGER, tiny_bundle, write_walk

from tinykws.audio.files import read_audio
from tinykws.boards.rows import Board, find_board
from tinykws.device.line_checksum import with_check
from tinykws.device.open_device import open_device
from tinykws.device.protocol import (
    TEST,
    Ack,
    DeviceTrouble,
    Heard,
    Line,
    Ready,
    Scores,
    Synced,
    announcement,
    audio_line,
    parse_line,
    sync_command,
)
from tinykws.device.transport.line_transport import LineTransport
from tinykws.stages.build import build
from tinykws.stages.generate import generate

pytestmark = pytest.mark.slow

PATIENT_S = 120.0
"""However busy the machine is."""
ONE_SECOND = "-DKWS_WATCHDOG_SECONDS=1"
LEDS = 0x40028000
LIT_MS = 1000
LINE_BYTES = 740


class QemuMonitor:
    """QEMU's control socket (QMP): looks at the machine from outside."""

    def __init__(self, connection: socket.socket) -> None:
        self._file: IO[Any] = connection.makefile("rw")
        self._file.readline()  # the greeting
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: str) -> Any:
        self._file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._file.flush()
        while "return" not in (answer := json.loads(self._file.readline())):
            assert "error" not in answer, answer
        return answer["return"]

    def word_at(self, address: int) -> int:
        text = self.ask("human-monitor-command", **{"command-line": f"xp /1wx {address:#x}"})
        return int(text.split(":")[1], 16)


def board_with(board_id: str, *options: str) -> Board:
    board = find_board(board_id)
    for program in (*board.compilers, *board.emulator_programs):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    return dataclasses.replace(
        board, build_flags=(*board.build_flags, ONE_SECOND), emulator_options=(*board.emulator_options, *options)
    )


@pytest.fixture(scope="module")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Board], Path]:
    """The generated project of a board, for a model and a detector that hear a word in noise now and then."""
    bundle = tiny_bundle(tmp_path_factory.mktemp("eager") / "bundle", detector=EAGER)
    folders: dict[str, Path] = {}

    def of(board: Board) -> Path:
        if board.id not in folders:
            folders[board.id] = tmp_path_factory.mktemp(board.id) / "project"
            generate(bundle, board, None, folders[board.id])
        return folders[board.id]

    return of


@pytest.fixture(scope="module")
def pcm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds in which words are heard, and two and a half of silence."""
    samples = read_audio(write_walk(tmp_path_factory.mktemp("walk") / "walk.wav", 2)).samples
    return np.concatenate([samples, np.zeros(40_000, np.int16)]).astype("<i2").tobytes()


def lines_to(transport: LineTransport, kind: type[Line]) -> Iterator[Line]:
    """The device's lines up to the first of a kind, which is the last."""
    while True:
        text = transport.read_line(PATIENT_S)
        assert text is not None, f"no {kind.__name__} in {PATIENT_S} s"
        yield (line := parse_line(text))
        if isinstance(line, kind):
            return


def begin_clip(transport: LineTransport, pcm: bytes) -> None:
    list(lines_to(transport, Ready))  # what arrives before it may be lost
    transport.send_lines(
        [with_check(TEST), with_check(announcement(len(pcm), zlib.crc32(pcm), 0)), with_check(sync_command(0, 0))]
    )
    list(lines_to(transport, Synced))


def test_the_led_is_lit_for_a_second_at_every_word(
    project_of: Callable[[Board], Path], pcm: bytes, tmp_path: Path
) -> None:
    """src/on_word.c as generated. Between words the register is compared with what the lines say, a dozen times."""
    monitor_path = tmp_path / "qmp"
    board = board_with("qemu-cortex-m4", "-qmp", f"unix:{monitor_path},server=on,wait=off")
    program = build(project_of(board), board).program
    seen = []
    with open_device(board, program) as device, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENT_S)
        connection.connect(str(monitor_path))
        monitor = QemuMonitor(connection)
        begin_clip(device.transport, pcm)
        heard_ms, now_ms, results = None, 0, 0
        for number, at in enumerate(range(0, len(pcm), LINE_BYTES)):
            device.transport.send_lines([audio_line(at, pcm[at : at + LINE_BYTES], results)])
            received = list(lines_to(device.transport, Ack))
            if number % 16 == 15:  # what a line causes is done when the next command is answered
                device.transport.send_lines([with_check(sync_command(number, 0))])
                received += lines_to(device.transport, Synced)
            for line in received:
                if isinstance(line, Heard):
                    heard_ms = max(line.time_ms, heard_ms or 0)
                elif isinstance(line, Scores):
                    now_ms = max(line.time_ms, now_ms)
                elif isinstance(line, Synced):
                    results = line.results
                    is_lit = heard_ms is not None and now_ms - heard_ms < LIT_MS
                    assert monitor.word_at(LEDS) == int(is_lit), f"at {now_ms} ms, heard at {heard_ms} ms"
                    seen.append(is_lit)
    assert {True, False} == set(seen)
    assert seen[-1] is False


@pytest.mark.parametrize("board_id", ["qemu-cortex-m4", "qemu-riscv32"])
def test_an_on_word_that_never_returns_is_reported(
    project_of: Callable[[Board], Path], pcm: bytes, board_id: str
) -> None:
    board = board_with(board_id)
    project = project_of(board)
    (project / "src" / "on_word.c").write_text(
        '#include "on_word.h"\n'
        "void on_word(const char *word, uint8_t score, uint32_t time_ms)\n"
        "{\n    (void)word;\n    (void)score;\n    (void)time_ms;\n    for (;;) {\n    }\n}\n"
    )
    program = build(project, board).program
    with open_device(board, program) as device:
        begin_clip(device.transport, pcm)
        for at in range(0, len(pcm), LINE_BYTES):
            device.transport.send_lines([audio_line(at, pcm[at : at + LINE_BYTES], 2**32 - 1)])
            *_, last = lines_to(device.transport, (Ack, DeviceTrouble))  # type: ignore[arg-type]
            if isinstance(last, DeviceTrouble):
                break
        assert last == DeviceTrouble("on_word", "has not returned for 1 s: nothing is heard meanwhile")
