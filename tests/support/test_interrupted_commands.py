# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in every stage, as a terminal sends it: to the command and all it has started.

Each test types the real command, interrupts it at several moments, then lets it finish: one message, exit code 130,
no half-made file, no process left, and the same command then completes.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tone_bursts_dataset import burst
from waiting import wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.slow,
]

SPOKEN = """\
words: [да]
language: ru
synth: {engines: espeak, vocoder_share: 0, clips_per_word: 100, unknown_clips: 100, silence_clips: 10}
"""
SPOKEN_BY_FLITE = """\
words: [seven]
synth: {engines: [flite], clips_per_word: 30, unknown_clips: 30, silence_clips: 10}
"""
RECORDED = """\
words: [low]
synth: {enabled: never}
features: {clip_ms: 500}
model: {architecture: micro_speech}
training: {epochs: 2, batch_size: 16}
"""
RECORDINGS = {"low": 300, "other": 1000, "_silence_": 0}
"""Tone in Hz of each folder."""
MESSAGE = "tinykws: interrupted; no file is half-written, run the same command to continue"
MARK = "KWS_TEST_INTERRUPTED"
COMPLETED: set[tuple[Path, str]] = set()
"""Projects, and the commands that earlier tests let finish there: they need not be run to get ready."""


@dataclasses.dataclass(frozen=True)
class Case:
    """A command, and when to interrupt it: once it has said a line that begins so and, with a glob, once it has
    written such a file too. Most of the work of each command is still to come then."""

    command: str
    moments: tuple[tuple[str, str], ...]
    ready: str
    """What is run before, so that the command has nothing else to do."""


OBJECTS = "build/firmware/*/.pio/build/**/*.o"
CASES = [
    Case("prepare", (("prepare: running", ""), ("prepare: running", "build/.dataset-*/*.npy")), ready="synth"),
    Case("train", (("train: running", ""), ("epoch 1 of 2", "")), ready="prepare"),
    Case("quantize", (("quantize: running", ""),), ready="train"),
    Case("tune", (("tune: running", ""),), ready="quantize"),
    Case("evaluate", (("evaluate: running", ""),), ready="tune"),
    Case("evaluate --stream", (("evaluate_stream: running", ""),), ready="tune"),
    Case("detect {stream}", (("tune: up to date", ""),), ready="tune"),
    Case("generate --board host", (("tune: up to date", ""),), ready="tune"),
    Case("build --board host", (("build: PlatformIO", ""), ("build: PlatformIO", OBJECTS)), ready="tune"),
    Case("verify --board host --sample 9", (("build: PlatformIO", ""),), ready="build --board host"),
]
QEMU = "--board qemu-cortex-m4"
EMULATED = [
    Case(f"build {QEMU}", (("build: PlatformIO", OBJECTS),), ready="tune"),
    Case(
        f"verify {QEMU} --transport uart --sample 3",
        (("build: PlatformIO", "build/firmware/*/verify.jsonl"),),
        ready=f"build {QEMU}",
    ),
]
SYNTH = Case("synth", (("synth: running", ""), ("synth: running", "build/.synth-*/**/*.wav")), ready="boards")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with recordings, which the tests take further and further."""
    root = tmp_path_factory.mktemp("recorded")
    (root / "kws.yaml").write_text(RECORDED)
    rng = np.random.default_rng(1)
    for folder, tone_hz in RECORDINGS.items():
        (root / "data" / folder).mkdir(parents=True)
        for at in range(80):
            path = root / "data" / folder / f"{at}_nohash_0.wav"
            soundfile.write(path, burst(tone_hz / 3, 24000, rng).astype(np.int16), 48000)
    return root


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.command.split(" --b")[0].replace(" ", ""))
def test_ctrl_c(case: Case, recorded: Path, tmp_path: Path) -> None:
    check(case, recorded, tmp_path)


@pytest.mark.usefixtures("qemu_cortex_m4")
@pytest.mark.parametrize("case", EMULATED, ids=lambda case: case.command.split()[0])
def test_ctrl_c_with_an_emulated_board(case: Case, recorded: Path, tmp_path: Path) -> None:
    check(case, recorded, tmp_path)


def test_ctrl_c_while_words_are_spoken(tmp_path: Path) -> None:
    (tmp_path / "kws.yaml").write_text(SPOKEN)
    check(SYNTH, tmp_path, tmp_path)


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_ctrl_c_while_another_program_speaks(tmp_path: Path) -> None:
    (tmp_path / "kws.yaml").write_text(SPOKEN_BY_FLITE)
    check(dataclasses.replace(SYNTH, moments=(("synth: running", "build/.synth-*/seven/*.wav"),)), tmp_path, tmp_path)


def check(case: Case, project: Path, scratch: Path) -> None:
    """Interrupts the command, checks what is left of it, then lets it complete."""
    stream = scratch / "stream.wav"
    soundfile.write(stream, np.zeros(16000 * 240, np.int16), 16000)
    command, ready = (
        [*words.format(stream=stream).split(), "--project", str(project)] for words in (case.command, case.ready)
    )
    if (project, case.ready) not in COMPLETED:
        assert Run(ready, scratch).end()[0] == 0
    for line, glob in case.moments:
        before = files_of(project)
        run = Run(command, scratch)
        run.interrupt(line, glob, project)
        code, lines = run.end()
        assert (code, lines[-1]) == (130, MESSAGE), lines
        assert not [line for line in lines if "Traceback" in line or "KeyboardInterrupt" in line], lines
        assert files_of(project) == before
    code, lines = Run(command, scratch).end()
    assert code == 0, lines
    COMPLETED.add((project, case.command))


def files_of(project: Path) -> dict[str, int]:
    """Sizes by name; without the folders that PlatformIO works in, and the stamp of a stage that is running."""
    files = {path.relative_to(project).as_posix(): path for path in project.rglob("*") if path.is_file()}
    return {
        name: path.stat().st_size
        for name, path in files.items()
        if not name.startswith(("build/firmware/", "build/stamps/", "stream.wav"))
    }


class Run:
    """A command in a session of its own, so that it can be interrupted as by a terminal."""

    def __init__(self, arguments: list[str], scratch: Path) -> None:
        self._temporary = scratch / "tmp"
        self._temporary.mkdir(exist_ok=True)
        self._mark = f"{MARK}={scratch}".encode()
        started = scratch / "started"
        started.touch()
        self._started_ns = started.stat().st_mtime_ns
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tinykws", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, env={**os.environ, MARK: str(scratch), "TMPDIR": str(self._temporary)},
        )  # fmt: skip
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for line in stdout:
                self._lines.append(line.rstrip())

    def interrupt(self, after: str, glob: str, project: Path) -> None:
        """Sends Ctrl-C to the whole session, once it has said a line and, with a glob, written a file."""

        def has_come() -> bool:
            assert self._reader.is_alive(), self._lines
            said = any(line.startswith(after) for line in self._lines)
            return said and (not glob or any(self._is_new(path) for path in project.glob(glob)))

        wait_until(has_come)
        os.killpg(self._process.pid, signal.SIGINT)

    def _is_new(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime_ns > self._started_ns
        except FileNotFoundError:  # it was a temporary file
            return False

    def end(self) -> tuple[int, list[str]]:
        """Waits for the end; returns exit code and lines. Fails where a process or a temporary file is left."""
        code = self._process.wait(1500)
        self._reader.join()
        wait_until(lambda: not self._left_running(), "the end of what the command started")
        assert [path.name for path in self._temporary.iterdir() if not _is_probe(path)] == []
        return code, [line for line in self._lines if line]

    def _left_running(self) -> list[str]:
        left = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark in (process / "environ").read_bytes().split(b"\0"):
                    left.append((process / "cmdline").read_text())
            except OSError:
                continue
        return left


def _is_probe(path: Path) -> bool:
    """Whether Python's tempfile wrote it in a program that was ended: it tries the folder with a file of this form."""
    return bool(re.fullmatch("[a-z0-9_]{8}", path.name)) and path.is_file() and path.read_bytes() in (b"", b"blat")
