# SPDX-License-Identifier: Apache-2.0
"""verify --stream: sends a recording of any length to a device as one stream, and compares its results with the host's.

Neither side keeps more than a few seconds: the host reads, computes and sends one second at a time, the device
processes samples as they arrive, and the log is written line by line.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from tinykws.audio.files import AudioStream
from tinykws.audio.playback import playback_for
from tinykws.audio.samples import Samples
from tinykws.boards.rows import Board
from tinykws.device.banner_checks import NO_IDENTITY, EngineRefusedError, check_firmware_matches
from tinykws.device.clip_audio import StreamedAudio, pcm_bytes
from tinykws.device.open_device import KEPT_ENTRIES, RETURN_S, OpenDevice, add_device_details, open_device
from tinykws.device.protocol import MAX_CLIP_BYTES, Ready
from tinykws.device.recovering_session import RecoveringSession
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import END, EVENT, EXPECTED, FAULT, STREAM, SessionLog, entries_of, open_log
from tinykws.device.transport.port_access import PortAccess
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.reporting.plots import plot_both_sides
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import SILENT, Progress
from tinykws.verification.clip_report import RunEnd
from tinykws.verification.golden_check import golden_fault
from tinykws.verification.host_reference import HostReference
from tinykws.verification.mismatch_files import fresh_mismatch_folder
from tinykws.verification.mismatch_search import FoundMismatch, MismatchSearch
from tinykws.verification.stream_report import StreamReport, stream_report_of
from tinykws.verification.stream_verdict import StreamFacts, StreamVerdict, event_text, judge_stream

ATTEMPTS = 2
"""Attempts to send a stream, which may be hours long."""


@dataclasses.dataclass(frozen=True)
class StreamFile:
    """A recording to send, and the words said in it."""

    path: Path
    events: tuple[Event, ...] = ()
    """The words, by name or text of their labels; empty if unknown."""
    first_seconds: int | None = None
    """Send only this much of it; None: all."""

    def seconds(self, sample_rate_hz: int, say: Callable[[str], None] = lambda _: None) -> Iterator[Samples]:
        """Yields the samples, int16 [n], second by second; `say` is told if the file is damaged. Raises ConfigError."""
        with AudioStream(self.path, sample_rate_hz, say) as stream:
            for number, samples in enumerate(stream):
                if number == self.first_seconds:
                    return
                yield samples


def verify_stream(
    bundle: Bundle,
    board: Board,
    target: Path | str,
    stream: StreamFile,
    progress: Progress = SILENT,
    *,
    log_path: Path,
    emulator_transport: str | None = None,
    timeout_s: float = 10.0,
    port_access: PortAccess | None = None,
    return_s: float = RETURN_S,
) -> StreamReport:
    """Sends a recording to a device as one stream, and compares all results with the host's.

    A bundle whose golden clips do not give on the host what it states is refused: the report is FAIL, and no device is
    asked. The recording is played as every file is (tinykws.audio.playback); the lead-in is sent as part of it.
    A stream that is interrupted is sent once more from its start, and a lost port is waited for. If that fails too, the
    report covers the part that the device processed. A device whose engine refused the model at boot is FAIL, with its
    reason.

    Args:
        bundle: the bundle that the device should run.
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a physical one.
        stream: the recording to send.
        progress: shows the number of seconds sent.
        log_path: file of the log (JSONL), written entry by entry.
        emulator_transport: what carries audio to an emulated board, see tinykws.device.open_device.
        timeout_s: longest time without progress.
        port_access: lists and opens ports, and waits; None: those of this computer.
        return_s: how long to wait for a lost port.

    Raises:
        ConfigError: the recording is unreadable, too short or too long, or a program or option does not suit the board.
        ToolError: the emulator is missing.
        DeviceError: no device answers at the start, or its firmware does not match.
    """
    run = _StreamRun(bundle, board, stream, progress)
    if run.refused:
        return _refused(run, log_path)
    mismatch_dir = fresh_mismatch_folder(log_path)
    port_access = port_access or PortAccess()
    with (
        open_log(log_path, KEPT_ENTRIES, port_access.now) as log,
        open_device(board, target, emulator_transport, port_access, return_s) as device,
    ):
        session = DeviceSession(device.transport, log, timeout_s)
        connection = RecoveringSession(session, device, lambda ready: check_firmware_matches(ready, bundle, board))
        ready = _begin(connection, device, log)
        if ready is not None and not ready.identity:
            progress.say(NO_IDENTITY)
        run.log_stream(log)
        if ready is None:
            end = RunEnd("")
        else:
            end = _send_stream(run, connection, device, log_path=log_path, mismatch_dir=mismatch_dir, progress=progress)
        log.begin_attempt(0, 0)
        log.add(END, end.to_text())
    with log_path.open(encoding="utf-8") as file:
        return stream_report_of(entries_of(file), log_path)


def _refused(run: _StreamRun, log_path: Path) -> StreamReport:
    """Returns the report on a run that ended before a device was asked."""
    with open_log(log_path) as log:
        run.log_stream(log)
        log.add(END, RunEnd("").to_text())
    return stream_report_of(log.entries, log_path)


def _begin(connection: RecoveringSession, device: OpenDevice, log: SessionLog) -> Ready | None:
    """Returns the device's banner; None if its engine refused the model. Raises DeviceError: no device, a wrong one."""
    try:
        with add_device_details(device, log):
            return connection.begin()
    except EngineRefusedError:
        connection.give_up()
        return None


def _send_stream(
    run: _StreamRun,
    connection: RecoveringSession,
    device: OpenDevice,
    *,
    log_path: Path,
    mismatch_dir: Path,
    progress: Progress,
) -> RunEnd:
    """Sends the stream and searches for a mismatch. Returns how the run ended."""
    log, mismatches = connection.session.log, tuple[FoundMismatch, ...]()
    try:
        with add_device_details(device, log, of_clips=False):
            connection.send_with_retries(1, ATTEMPTS, lambda: run.send(connection, progress))
            log.begin_attempt(0, 0)
            mismatches = run.find_mismatch(connection, _read_verdict(log_path), mismatch_dir)
            connection.session.leave(end_device=device.started_here)
    except DeviceError as error:
        log.add(FAULT, error.message)
        return RunEnd(error.message, mismatches)
    return RunEnd("", mismatches)


class _StreamRun:
    """Runs a stream through the host's pipeline while it is sent to the device."""

    def __init__(self, bundle: Bundle, board: Board, stream: StreamFile, progress: Progress) -> None:
        model = Interpreter(bundle.model_bytes())
        self.refused = golden_fault(bundle, model.scores_of_clip)
        """Why no device is asked; "" if the bundle is right."""
        self._board_id, self._model_id, self._identity = board.id, bundle.model_id, bundle.identity
        self._stream = stream
        self._labels = bundle.labels
        self._frontend = bundle.frontend
        self._rate_hz = bundle.frontend.sample_rate_hz
        self._playback = playback_for(bundle.frontend, bundle.detector)
        session = model.session()
        self._reference = HostReference(bundle, session.invoke, session.reset)
        self._names = {name: label.name for label in bundle.labels for name in (label.text, label.name)}
        self._samples = 0
        self._crc = zlib.crc32(pcm_bytes(self._playback.lead_in))
        for samples in stream.seconds(self._rate_hz, progress.say):
            self._samples += samples.size
            self._crc = zlib.crc32(pcm_bytes(samples), self._crc)
        if self._samples < bundle.frontend.clip_samples:
            raise ConfigError(f"{stream.path} is shorter than one model input ({bundle.frontend.clip_ms} ms)")
        if self._sent_bytes > MAX_CLIP_BYTES:
            raise ConfigError(f"{stream.path} is too long for one stream", hint="cut it: 37 hours fit")

    @property
    def _sent_bytes(self) -> int:
        return 2 * (self._playback.lead_in.size + self._samples)

    def _played(self, stream: StreamFile) -> Iterator[Samples]:
        """Yields the lead-in, then the recording; the device adds the silence."""
        yield self._playback.lead_in
        yield from stream.seconds(self._rate_hz)

    def find_mismatch(
        self, connection: RecoveringSession, verdict: StreamVerdict, folder: Path
    ) -> tuple[FoundMismatch, ...]:
        """If results differ, sends the stream again up to the first difference, to locate it. Raises DeviceError."""
        if not verdict.difference:
            return ()
        lead_in_ms, silence = self._playback.lead_in_ms, self._playback.silence
        search = MismatchSearch(self._reference, self._frontend, folder, plot_both_sides, lead_in_ms=lead_in_ms)
        beginning = self._up_to(verdict.first_difference_ms)
        size = crc = 0
        for samples in self._played(beginning):
            size, crc = size + 2 * samples.size, zlib.crc32(pcm_bytes(samples), crc)
        audio = StreamedAudio(map(pcm_bytes, self._played(beginning)), size, crc)
        pieces = itertools.chain(self._played(beginning), [silence])
        connection.ensure_ready()
        search.find(connection.session, self._stream.path.name, audio, silence.size, pieces)
        return tuple(search.found)

    def _up_to(self, until_ms: int | None) -> StreamFile:
        """Returns the stream up to the second that contains a time; None: all of it."""
        if until_ms is None:
            return self._stream
        return dataclasses.replace(self._stream, first_seconds=max(0, until_ms) // 1000 + 1)

    def log_stream(self, log: SessionLog) -> None:
        """Logs the stream and the words said in it."""
        log.add(STREAM, self._facts().to_text())
        for event in self._stream.events:
            log.add(EVENT, event_text(dataclasses.replace(event, label=self._names.get(event.label, event.label))))

    def send(self, connection: RecoveringSession, progress: Progress) -> None:
        """Sends the stream from its start; the log then contains all results.

        Raises:
            ClipFaultError: it was interrupted; another attempt may succeed.
            TransportLostError: the port is gone.
        """
        log = connection.session.log
        self._reference.begin()
        with contextlib.closing(self._audio_pieces(log, progress)) as pieces:
            connection.send_clip(StreamedAudio(pieces, self._sent_bytes, self._crc), self._playback.silence.size)
        self._log_expected(log, self._playback.silence)
        log.add(EXPECTED, self._reference.figures().to_line())

    def _facts(self) -> StreamFacts:
        duration_ms = self._samples * 1000 // self._rate_hz
        return StreamFacts(
            self._stream.path.name, duration_ms, self._labels, self._playback.lead_in_ms,
            refused=self.refused, board=self._board_id, model_id=self._model_id, identity=self._identity,
        )  # fmt: skip

    def _audio_pieces(self, log: SessionLog, progress: Progress) -> Generator[bytes]:
        """Yields the stream as bytes for the device; the host processes each piece first."""
        total = -(-self._samples // self._rate_hz)
        label = "stream" if log.attempt == 1 else "stream, 2nd attempt"
        self._log_expected(log, self._playback.lead_in)
        yield pcm_bytes(self._playback.lead_in)
        for samples in progress.track(self._stream.seconds(self._rate_hz), label, total):
            self._log_expected(log, samples)
            yield pcm_bytes(samples)

    def _log_expected(self, log: SessionLog, samples: Samples) -> None:
        for line in self._reference.feed(samples):
            log.add(EXPECTED, line.to_line())


def _read_verdict(log_path: Path) -> StreamVerdict:
    with log_path.open(encoding="utf-8") as file:
        return judge_stream(entries_of(file))
