"""verify: clips go to a device over its serial line, and what it makes of them is compared with the host, bit for bit.

The host runs the same front-end and detector, and TFLite Micro's own interpreter. A device is a board on a port, or an
emulated one that is started here; nothing after the connection tells them apart.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.audio import Samples, read_audio
from tinykws.boards import Board
from tinykws.bundle import Bundle
from tinykws.device.clip_audio import HeldAudio, pcm_of
from tinykws.device.clip_transfer import ClipFaultError
from tinykws.device.host_reference import HostReference
from tinykws.device.mismatch_files import fresh_mismatch_folder
from tinykws.device.mismatch_search import FoundMismatch, MismatchSearch
from tinykws.device.protocol import MAX_TAIL_SAMPLES, Ready
from tinykws.device.self_test import ADVICE, complaint_of
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import CLIP, EXPECTED, FAULT, LABEL, SessionLog, open_log
from tinykws.device.stranger import refuse_stranger
from tinykws.device.verdict import ClipResult, Verdict, judge
from tinykws.doors.interpreter import Interpreter
from tinykws.doors.open_device import explained, open_device
from tinykws.doors.plots import plot_both_sides
from tinykws.errors import ConfigError
from tinykws.labels import BACKGROUND_NOISE, SILENCE, UNKNOWN, Label
from tinykws.progress import SILENT, Progress

AUDIO_SUFFIXES = (".wav", ".flac")
ATTEMPTS = 2
TAIL_MS = 500
"""Silence after each clip, so that the detector has several inferences to count a word at the clip's end."""


@dataclasses.dataclass(frozen=True)
class ClipFile:
    """A clip to send, and what should be heard in it, where that is known."""

    path: Path
    expected_label: str | None = None


@dataclasses.dataclass(frozen=True)
class VerifyReport:
    """What the device made of the clips."""

    board: str
    engine: str
    model_id: str
    self_test: str
    """What the device said of its self-test at boot: ok, features, scores, engine; none: it has none."""
    passed: bool
    reason: str
    """Why it did not pass; empty where it did."""
    accuracy: float | None
    """Share of right labels among the clips whose label is known."""
    labels: tuple[Label, ...]
    """The model's: clips name them as machines do, people are shown what they wrote."""
    clips: tuple[ClipResult, ...]
    audio_seconds: float
    """Sound that the device worked through, silence after the clips included."""
    seconds: float
    """From the start of the emulator, or the opening of the port, to the last result."""
    frontend_us_per_frame: float | None
    """Of the device's clock; an emulated machine's counts instructions (docs/serial_protocol.md)."""
    invoke_us_per_inference: float | None
    arena_bytes: int | None
    log_path: Path | None
    mismatches: tuple[FoundMismatch, ...] = ()
    """Where device and host first part, of the first few clips that are not equal."""

    @property
    def equal_clips(self) -> int:
        """Clips on which device and host are equal."""
        return sum(clip.equal for clip in self.clips)

    def header(self) -> tuple[str, ...]:
        """Returns the titles of `rows`."""
        return ("clip", "expected", "device says", "heard", "device = host")

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yields a row of a table for each clip."""
        texts = {label.name: label.text for label in self.labels} | {None: "-"}
        for clip in self.clips:
            heard = ", ".join(_with_text(detection, texts) for detection in clip.detections) or "-"
            verdict = "equal" if clip.equal else f"NO: {clip.reason}"
            expected, predicted = clip.expected_label, clip.predicted_label
            yield (clip.file, texts.get(expected, str(expected)), texts.get(predicted, str(predicted)), heard, verdict)

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as JSON-ready values."""
        values = dataclasses.asdict(self)
        values["log_path"] = None if self.log_path is None else str(self.log_path)
        values["equal_clips"] = self.equal_clips
        values["verdict"] = "PASS" if self.passed else "FAIL"
        return values


def verify(
    bundle: Bundle,
    board: Board,
    target: Path | str,
    clips: Sequence[ClipFile],
    progress: Progress = SILENT,
    *,
    wire: str | None = None,
    tail_ms: int = TAIL_MS,
    min_accuracy: float | None = None,
    timeout_s: float = 10.0,
    log_path: Path | None = None,
) -> VerifyReport:
    """Sends clips to a device and compares features, scores and detections with the host's.

    Args:
        bundle: what the device should run.
        board: its row of boards.yaml.
        target: the program of an emulated board, or the port (or pyserial URL) of a real one.
        clips: what to send; shorter ones than the model looks at get silence at their end.
        progress: shows how many clips are done.
        wire: how sound gets into an emulated board, see doors/open_device.py.
        tail_ms: silence after each clip.
        min_accuracy: share of right labels below which the verdict is FAIL.
        timeout_s: longest time in which nothing may get on.
        log_path: where the log goes (JSONL), however the run ends.

    Raises:
        ConfigError: no clips, an unreadable one, a program or option that does not fit.
        ToolError: the emulator is missing.
        DeviceError: no device, another firmware on it, or it died.
    """
    if not clips:
        raise ConfigError("no clip to verify with", hint="name audio files, or folders of them")
    if not 0 <= tail_ms * bundle.frontend.sample_rate_hz // 1000 <= MAX_TAIL_SAMPLES:
        raise ConfigError(f"tail_ms is {tail_ms}", hint="0 to 5000")
    course = _Course(bundle, tail_ms, None if log_path is None else fresh_mismatch_folder(log_path))
    with open_log(log_path) as log, open_device(board, target, wire) as device, explained(device, log):
        session = DeviceSession(device.link, log, timeout_s)
        ready = session.introduce()
        refuse_stranger(ready, bundle, board)
        _tell_self_test(ready, bundle, progress)
        session.begin_test()
        for number, clip in enumerate(progress.track(clips, "verify"), start=1):
            course.run(session, number, clip)
        session.leave(end_device=device.ends_with_us)
    return _report(log, judge(log.entries, min_accuracy), ready, course, log_path)


def find_clips(paths: Sequence[Path], labels: Sequence[Label]) -> tuple[ClipFile, ...]:
    """Returns the audio files that the paths name; of a folder, all below it, sorted.

    What is expected of a clip is the label that its folder names (`da` or `да`), `_silence_` for noise and `_unknown_`
    for every other folder. Where no clip stands in a label's folder, the folders mean something else and nothing is
    expected. Raises ConfigError where a path holds no audio file.
    """
    files = [file for path in paths for file in _audio_files(path)]
    names = {folder: label.name for label in labels for folder in (label.text, label.name)}
    if not any(file.resolve().parent.name in names for file in files):
        return tuple(ClipFile(file) for file in files)
    names.setdefault(BACKGROUND_NOISE, SILENCE)
    return tuple(ClipFile(file, names.get(file.resolve().parent.name, UNKNOWN)) for file in files)


def _tell_self_test(ready: Ready, bundle: Bundle, progress: Progress) -> None:
    """Says at once what is known before the first clip; the verdict comes to it from the log."""
    complaint = complaint_of(ready)
    if complaint is not None:
        progress.say(f"{complaint}; try:\n{ADVICE}")
    elif ready.self_test == "none" and bundle.self_test is None:
        progress.say("the bundle has no self-test for the device; tinykws quantize makes one with it")


class _Course:
    """What each clip goes through: to the host's own pipeline, then to the device."""

    def __init__(self, bundle: Bundle, tail_ms: int, mismatch_dir: Path | None) -> None:
        self.labels = bundle.labels
        self._reference = HostReference(bundle, Interpreter(bundle.model_bytes()).invoke)
        self._rate_hz = bundle.frontend.sample_rate_hz
        self._shortest = bundle.frontend.clip_samples
        self._tail_samples = tail_ms * self._rate_hz // 1000
        self._samples = 0
        self._search = MismatchSearch(self._reference, bundle.frontend, mismatch_dir, plot_both_sides)

    @property
    def mismatches(self) -> tuple[FoundMismatch, ...]:
        """Where device and host part, as far as that was looked into."""
        return tuple(self._search.found)

    @property
    def audio_seconds(self) -> float:
        """Sound worked through so far, tails included."""
        return self._samples / self._rate_hz

    def run(self, session: DeviceSession, number: int, clip: ClipFile) -> None:
        """Sends one clip; all that is to be known of it is then in the log."""
        samples, log = self._read(clip.path), session.log
        begin = len(log.entries)
        self._samples += samples.size + self._tail_samples
        log.begin_attempt(number, 1)
        log.add(CLIP, f"{clip.path.parent.name}/{clip.path.name}")
        if clip.expected_label is not None:
            log.add(LABEL, clip.expected_label)
        for line in self._reference.clip_lines(samples, self._tail_samples):
            log.add(EXPECTED, line.to_line())
        self._send(session, samples)
        (result,) = judge(log.entries[begin:]).clips
        if not result.equal and result.figures is not None and self._search.wants_more:
            tail = np.zeros(self._tail_samples, np.int16)
            audio = HeldAudio(pcm_of(samples))
            self._search.look_into(session, result.file, audio, self._tail_samples, [samples, tail])

    def _send(self, session: DeviceSession, samples: Samples) -> None:
        """Sends samples, twice where the first time fails."""
        log = session.log
        for attempt in range(1, ATTEMPTS + 1):
            log.begin_attempt(log.clip, attempt)
            try:
                session.send_clip(HeldAudio(pcm_of(samples)), self._tail_samples)
                return
            except ClipFaultError as fault:
                log.add(FAULT, str(fault))
                session.begin_test()

    def _read(self, path: Path) -> Samples:
        """Returns int16 [n] as it is to be sent: at least as long as the model looks at. Raises ConfigError."""
        samples = read_audio(path, self._rate_hz).samples
        return np.pad(samples, (0, max(0, self._shortest - samples.size)))


def _audio_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES)
    if not files:
        raise ConfigError(f"there is no audio file in {path}", hint="WAV and FLAC files are read")
    return files


def _with_text(detection: str, texts: Mapping[str | None, str]) -> str:
    """`da (201) @1290ms` with what people wrote in the place of the label."""
    name, space, rest = detection.partition(" ")
    return texts.get(name, name) + space + rest


def _report(log: SessionLog, verdict: Verdict, ready: Ready, course: _Course, log_path: Path | None) -> VerifyReport:
    figures = [clip.figures for clip in verdict.clips if clip.figures is not None]
    frames = sum(figure.frames for figure in figures)
    inferences = sum(figure.inferences for figure in figures)
    return VerifyReport(
        board=ready.board,
        engine=ready.engine,
        model_id=ready.model,
        self_test=ready.self_test,
        passed=verdict.passed,
        reason=verdict.reason,
        accuracy=verdict.accuracy,
        labels=course.labels,
        clips=verdict.clips,
        audio_seconds=course.audio_seconds,
        seconds=log.entries[-1].ms / 1000,
        frontend_us_per_frame=sum(figure.frontend_us for figure in figures) / frames if frames else None,
        invoke_us_per_inference=sum(figure.invoke_us for figure in figures) / inferences if inferences else None,
        arena_bytes=max((figure.arena_bytes for figure in figures), default=None),
        log_path=log_path,
        mismatches=course.mismatches,
    )
