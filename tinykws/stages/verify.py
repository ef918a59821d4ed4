# SPDX-License-Identifier: Apache-2.0
"""verify: sends clips to a device and compares its results with the host's, bit for bit.

The host runs the same front-end and detector, and the same kernels. The device is a board on a serial port,
or an emulated one that is started here; once connected, both are handled alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinykws.audio.files import read_audio
from tinykws.audio.playback import Playback, playback_for
from tinykws.audio.samples import Samples
from tinykws.boards.rows import Board
from tinykws.device.banner_checks import (
    NO_IDENTITY,
    SELF_TEST_ADVICE,
    EngineRefusedError,
    check_firmware_matches,
    self_test_failure,
)
from tinykws.device.clip_audio import AudioInMemory, pcm_bytes
from tinykws.device.open_device import RETURN_S, OpenDevice, add_device_details, open_device
from tinykws.device.protocol import MAX_TAIL_SAMPLES, Ready
from tinykws.device.recovering_session import RecoveringSession
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import CLIP, END, EXPECTED, FAULT, LABEL, RUN, SessionLog, open_log
from tinykws.device.transport.port_access import PortAccess
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.project.labels import BACKGROUND_NOISE, SILENCE, UNKNOWN, Label
from tinykws.reporting.plots import plot_both_sides
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.named_recordings import named_recordings
from tinykws.verification.clip_report import RunEnd, VerifyReport, report_of
from tinykws.verification.golden_check import golden_fault
from tinykws.verification.host_reference import HostReference
from tinykws.verification.mismatch_files import fresh_mismatch_folder
from tinykws.verification.mismatch_search import FoundMismatch, MismatchSearch
from tinykws.verification.run_facts import RunFacts
from tinykws.verification.verdict import judge

ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class ClipFile:
    """A clip to send, and the label expected of it, if known."""

    path: Path
    expected_label: str | None = None


def verify(
    bundle: Bundle,
    board: Board,
    target: Path | str,
    clips: Sequence[ClipFile],
    progress: Progress = SILENT,
    *,
    emulator_transport: str | None = None,
    lead_in_ms: int | None = None,
    tail_ms: int | None = None,
    min_accuracy: float | None = None,
    timeout_s: float = 10.0,
    log_path: Path | None = None,
    port_access: PortAccess | None = None,
    return_s: float = RETURN_S,
) -> VerifyReport:
    """Sends clips to a device and compares features, scores and detections with the host's.

    A bundle whose golden clips do not give on the host what it states is refused: the report is FAIL, and no device is
    asked. A clip whose transfer fails is sent again, and a lost port is waited for. If the device stays away, or a
    different firmware answers, the run ends: the clips so far keep their results, the others fail as not sent. A device
    whose engine refused the model at boot is FAIL, with its reason.

    Args:
        bundle: the bundle that the device should run.
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a physical one.
        clips: the clips to send, each played as every file is (tinykws.audio.playback).
        progress: shows the number of finished clips.
        emulator_transport: what carries audio to an emulated board, see tinykws.device.open_device.
        lead_in_ms: length of the noise before each clip, a multiple of the inference stride; None: as for every file.
        tail_ms: silence after each clip; None: as for every file.
        min_accuracy: share of correct labels below which the verdict is FAIL.
        timeout_s: longest time without progress.
        log_path: file of the log (JSONL), written entry by entry.
        port_access: lists and opens ports, and waits; None: those of this computer.
        return_s: how long to wait for a lost port.

    Raises:
        ConfigError: no clips, an unreadable clip, or a program or option that does not suit the board.
        ToolError: the emulator is missing.
        DeviceError: no device answers at the start, or its firmware does not match.
    """
    if not clips:
        raise ConfigError("no clip to verify with", hint="name audio files, or folders of them")
    playback = _checked_playback(bundle, lead_in_ms, tail_ms)
    facts = _facts(bundle, board, len(clips), playback, min_accuracy)
    if facts.refused:
        return _refused(facts, log_path)
    run = _ClipRun(bundle, playback, None if log_path is None else fresh_mismatch_folder(log_path), progress)
    port_access = port_access or PortAccess()
    with (
        open_log(log_path, clock=port_access.now) as log,
        open_device(board, target, emulator_transport, port_access, return_s) as device,
    ):
        log.add(RUN, facts.to_text())
        session = DeviceSession(device.transport, log, timeout_s)
        connection = RecoveringSession(session, device, lambda ready: check_firmware_matches(ready, bundle, board))
        try:
            _begin(connection, device, bundle, progress)
        except EngineRefusedError:
            connection.give_up()
            log.add(END, RunEnd("").to_text())
            return report_of(log.entries, log_path)
        ended = _send_clips(run, connection, device, clips, progress)
        log.add(END, RunEnd(ended, run.mismatches).to_text())
    return report_of(log.entries, log_path)


def _facts(bundle: Bundle, board: Board, n_clips: int, playback: Playback, min_accuracy: float | None) -> RunFacts:
    """Returns the facts for the log; the bundle is refused if its golden clips do not give on the host what it says."""
    return RunFacts(
        n_clips, bundle.labels, bundle.frontend.sample_rate_hz, min_accuracy, playback.lead_in_ms,
        refused=golden_fault(bundle, Interpreter(bundle.model_bytes()).scores_of_clip),
        board=board.id, model_id=bundle.model_id, identity=bundle.identity,
    )  # fmt: skip


def _begin(connection: RecoveringSession, device: OpenDevice, bundle: Bundle, progress: Progress) -> None:
    """Requests and checks the banner, and reports what it lacks. Raises DeviceError."""
    with add_device_details(device, connection.session.log):
        ready = connection.begin()
    if not ready.identity:
        progress.say(NO_IDENTITY)
    _report_self_test(ready, bundle, progress)


def _checked_playback(bundle: Bundle, lead_in_ms: int | None, tail_ms: int | None) -> Playback:
    """Returns how clips are played, for None as every file. Raises ConfigError if the device cannot do that."""
    usual, stride_ms = playback_for(bundle.frontend, bundle.detector), bundle.detector.inference_stride_ms
    lead_in_ms = usual.lead_in_ms if lead_in_ms is None else lead_in_ms
    tail_ms = usual.silence_ms if tail_ms is None else tail_ms
    if not 0 <= tail_ms * bundle.frontend.sample_rate_hz // 1000 <= MAX_TAIL_SAMPLES:
        raise ConfigError(f"tail_ms is {tail_ms}", hint="use 0 to 5000")
    if lead_in_ms < 0 or lead_in_ms % stride_ms:
        raise ConfigError(f"lead_in_ms is {lead_in_ms}", hint=f"use a multiple of the inference stride, {stride_ms} ms")
    return dataclasses.replace(usual, lead_in_ms=lead_in_ms, silence_ms=tail_ms)


def _refused(facts: RunFacts, log_path: Path | None) -> VerifyReport:
    """Returns the report on a run that ended before a device was asked."""
    with open_log(log_path) as log:
        log.add(RUN, facts.to_text())
        log.add(END, RunEnd("").to_text())
    return report_of(log.entries, log_path)


def _send_clips(
    run: _ClipRun, connection: RecoveringSession, device: OpenDevice, clips: Sequence[ClipFile], progress: Progress
) -> str:
    """Sends all clips. Returns why the run ended early, or "" if all clips were sent."""
    log = connection.session.log
    try:
        with add_device_details(device, log):
            for number, clip in enumerate(progress.track(clips, "verify"), start=1):
                run.send(connection, number, clip)
            connection.session.leave(end_device=device.started_here)
    except DeviceError as error:
        log.add(FAULT, error.message)
        run.log_unsent(log, clips[log.clip :])
        return error.message
    return ""


def find_clips(paths: Sequence[Path], labels: Sequence[Label], progress: Progress = SILENT) -> tuple[ClipFile, ...]:
    """Returns the audio files at the given paths; for a folder, all files below it, sorted.

    The expected label of a clip is that of its folder's name (`da` or `да`), `_silence_` for noise, and `_unknown_` for
    any other folder. If no clip is in a label's folder, the folders mean something else and no label is expected.
    Raises ConfigError if a path contains no audio file.
    """
    files = named_recordings(paths, progress)
    names = {folder: label.name for label in labels for folder in (label.text, label.name)}
    if not any(file.resolve().parent.name in names for file in files):
        return tuple(ClipFile(file) for file in files)
    names.setdefault(BACKGROUND_NOISE, SILENCE)
    return tuple(ClipFile(file, names.get(file.resolve().parent.name, UNKNOWN)) for file in files)


def _report_self_test(ready: Ready, bundle: Bundle, progress: Progress) -> None:
    """Reports a failed or missing self-test before the first clip; the verdict reads it from the log later."""
    failure = self_test_failure(ready)
    if failure is not None:
        progress.say(f"{failure}; try:\n{SELF_TEST_ADVICE}")
    elif ready.self_test == "none" and bundle.self_test is None:
        progress.say("the bundle has no self-test for the device; to add one: tinykws quantize")


class _ClipRun:
    """Runs each clip through the host's pipeline, then sends it to the device."""

    def __init__(self, bundle: Bundle, playback: Playback, mismatch_dir: Path | None, progress: Progress) -> None:
        self._say = progress.say
        self.labels = bundle.labels
        model = Interpreter(bundle.model_bytes()).session()
        self._reference = HostReference(bundle, model.invoke, model.reset)
        self._rate_hz = bundle.frontend.sample_rate_hz
        self._playback = playback
        self._search = MismatchSearch(
            self._reference, bundle.frontend, mismatch_dir, plot_both_sides, lead_in_ms=playback.lead_in_ms
        )

    @property
    def mismatches(self) -> tuple[FoundMismatch, ...]:
        """The mismatches between device and host that were searched for."""
        return tuple(self._search.found)

    def send(self, connection: RecoveringSession, number: int, clip: ClipFile) -> None:
        """Sends one clip; the log then contains its results. Raises DeviceError if the run must end."""
        session = connection.session
        samples, silence, log = self._read(clip.path), self._playback.silence, session.log
        log.begin_attempt(number, 1)
        begin = len(log.entries)
        _log_clip_name(log, clip)
        for line in self._reference.clip_lines(samples, silence.size):
            log.add(EXPECTED, line.to_line())
        audio = AudioInMemory(pcm_bytes(samples))
        connection.send_with_retries(number, ATTEMPTS, lambda: connection.send_clip(audio, silence.size))
        (result,) = judge(log.entries[begin:]).clips
        if not result.equal and result.figures is not None and self._search.has_room:
            self._search.find(session, result.file, audio, silence.size, [samples, silence])

    def log_unsent(self, log: SessionLog, clips: Sequence[ClipFile]) -> None:
        """Logs the clips that were not sent."""
        for number, clip in enumerate(clips, start=log.clip + 1):
            log.begin_attempt(number, 0)
            _log_clip_name(log, clip)
            log.add(FAULT, "not sent: the run had ended")

    def _read(self, path: Path) -> Samples:
        """Returns int16 [n], all that precedes the silence that the device adds. Raises ConfigError."""
        samples = read_audio(path, self._rate_hz, on_damage=self._say).samples
        return np.concatenate([self._playback.lead_in, samples, self._playback.padding(samples.size)])


def _log_clip_name(log: SessionLog, clip: ClipFile) -> None:
    log.add(CLIP, f"{clip.path.parent.name}/{clip.path.name}")
    if clip.expected_label is not None:
        log.add(LABEL, clip.expected_label)
