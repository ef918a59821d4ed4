# SPDX-License-Identifier: Apache-2.0
"""record: people speak, and clips of it go into data/, cut to the model's length, the speech in the middle.

What hears is the computer's microphone or a board's own: a model trained on what its microphone hears knows that sound.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from pathlib import Path
from typing import Literal, Protocol

from tinykws.audio.files import write_wav
from tinykws.audio.levels import defect_of
from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.audio.speech_bounds import SpokenClip, cut_clip
from tinykws.project.labels import BACKGROUND_NOISE, label_of_word
from tinykws.project.layout import Project
from tinykws.recording.record_protocol import OnSound, Recording, SoundLostError
from tinykws.support.errors import ConfigError
from tinykws.support.files import creating, not_writable

SPARE_MS = 1000
"""Recorded beyond the clip's length, so that nobody need speak on the dot."""
ATTEMPTS = 3
"""Without a person to ask, how often a clip that is no good is recorded again."""
SPEAKER = re.compile(r"[A-Za-z0-9-]{1,40}")

Answer = Literal["keep", "again", "quit"]


class SampleSource(Protocol):
    """Something to record with: DeviceMicrophone, ComputerMicrophone, or a test's own."""

    @property
    def longest_samples(self) -> int:
        """Longest recording without loss."""

    def record(self, count: int, on_sound: OnSound) -> Recording:
        """Returns the next `count` samples, each piece told as it comes. Raises SoundLostError, TinykwsError."""


class RecordingUi:
    """The person who speaks: is told what to do, sees how loud it is, and judges. This one agrees to everything."""

    is_interactive = False
    """Whether there is anybody to ask."""

    def prompt(self, what: str, number: int, count: int) -> bool:  # noqa: ARG002
        """Says what to do now, and waits until the person is ready; False: enough."""
        return True

    def show_level(self, samples: Samples) -> None:
        """Shows how loud it is."""

    def recording_ended(self) -> None:
        """The recording is over."""

    def judge(self, clip: SpokenClip) -> Answer:
        """Shows what was recorded; keep it?"""
        return "again" if clip.defects else "keep"

    def say(self, text: str) -> None:
        """Tells a line."""


@dataclasses.dataclass(frozen=True)
class RecordReport:
    """What was recorded."""

    word: str
    """The folder's name."""
    files: tuple[str, ...]
    wanted: int
    left_out: int
    """Recordings that were not kept."""

    @property
    def complete(self) -> bool:
        """Whether as many were kept as were wanted."""
        return len(self.files) >= self.wanted


def record(
    project: Project, word: str, source: SampleSource, ui: RecordingUi, *, count: int = 1, speaker: str
) -> RecordReport:
    """Records `count` clips of a word into the project's data folder.

    Args:
        project: its clip length, and where its data is.
        word: as the project has it; any other word is recorded too, and is "unknown" to the model.
        source: what hears.
        ui: who speaks.
        count: how many clips to keep.
        speaker: names the files, so that all clips of one person come into one split.

    Raises:
        ConfigError: no such word can be, no such speaker can be, or the folder cannot be written.
        DeviceError, ToolError: the microphone failed.
    """
    label = label_of_word(word)
    if label.name not in {known.name for known in project.config.labels}:
        ui.say(f"{word!r} is none of the project's words: what is recorded is `unknown` to the model")
    clip_samples = project.config.frontend.clip_samples
    length = min(clip_samples + SPARE_MS * SAMPLE_RATE_HZ // 1000, source.longest_samples)
    if length < clip_samples:
        raise ConfigError(
            f"{source.longest_samples * 1000 // SAMPLE_RATE_HZ} ms is the longest recording that the transport carries without loss,"
            f" a clip has {clip_samples * 1000 // SAMPLE_RATE_HZ} ms",
            hint="in the board's row: a larger microphone ring_samples, or a higher baud",
        )
    session = _Session(project.data_dir / label.name, checked_speaker(speaker), source, ui)
    with contextlib.suppress(_StopRecordingError):
        while len(session.files) < count:
            session.record_word(label.text, count, length, clip_samples)
    return RecordReport(label.name, tuple(session.files), count, session.left_out)


def record_noise(
    project: Project, source: SampleSource, ui: RecordingUi, *, seconds: float, speaker: str
) -> RecordReport:
    """Records so many seconds of the room into the data folder's _background_noise_/, in pieces where the line is slow.

    Raises:
        ConfigError: no such speaker can be, or the folder cannot be written.
        DeviceError, ToolError: the microphone failed.
    """
    wanted = round(seconds * SAMPLE_RATE_HZ)
    lengths = [min(source.longest_samples, wanted - at) for at in range(0, wanted, source.longest_samples)]
    session = _Session(project.data_dir / BACKGROUND_NOISE, checked_speaker(speaker), source, ui)
    with contextlib.suppress(_StopRecordingError):
        session.record_noise(lengths)
    return RecordReport(BACKGROUND_NOISE, tuple(session.files), len(lengths), session.left_out)


def checked_speaker(name: str) -> str:
    """Returns a speaker's name as files have it. Raises ConfigError where it cannot stand in a file's name."""
    if not SPEAKER.fullmatch(name):
        raise ConfigError(f"--speaker is {name!r}", hint="letters, digits and - , such as anna or anna-2")
    return name


class _StopRecordingError(Exception):
    """The person wants no more."""


class _Session:
    """One sitting: its folder, and what was kept."""

    def __init__(self, folder: Path, speaker: str, source: SampleSource, ui: RecordingUi) -> None:
        self.files: list[str] = []
        self.left_out = 0
        self._folder = folder
        self._speaker = speaker
        self._source = source
        self._ui = ui
        self._failures = 0

    def record_word(self, text: str, count: int, length: int, clip_samples: int) -> None:
        """Records once, and keeps the clip or not. Raises _StopRecordingError."""
        recording = self._record(f"say {text}", len(self.files) + 1, count, length)
        if recording is None:
            return
        clip = cut_clip(recording.samples, clip_samples, SAMPLE_RATE_HZ)
        if clip is None:
            self._refuse("nobody spoke, or too faintly to be told from the room")
            return
        answer = self._ui.judge(clip)
        if answer == "keep":
            self._keep(clip.samples)
            return
        self._refuse("; ".join(clip.defects))
        if answer == "quit":
            raise _StopRecordingError

    def record_noise(self, lengths: list[int]) -> None:
        """Records the room. Raises _StopRecordingError."""
        while len(self.files) < len(lengths):
            number = len(self.files)
            recording = self._record("be silent: this is the room", number + 1, len(lengths), lengths[number])
            if recording is None:
                continue
            defect = defect_of(recording.samples)
            if defect in (None, "silent"):  # a silent room is what it is
                self._keep(recording.samples)
            else:
                self._refuse(defect or "")

    def _record(self, what: str, number: int, count: int, length: int) -> Recording | None:
        """Records, or returns None where the recording is of no use. Raises _StopRecordingError."""
        if not self._ui.prompt(what, number, count):
            raise _StopRecordingError
        try:
            recording = self._source.record(length, self._ui.show_level)
        except SoundLostError as error:
            self._ui.recording_ended()
            self._refuse(str(error))
            return None
        self._ui.recording_ended()
        if recording.overruns:
            self._refuse(f"{recording.overruns} blocks of sound were lost on the device")
            return None
        return recording

    def _refuse(self, why: str) -> None:
        """Leaves a recording out. Raises _StopRecordingError where nobody can be asked and it goes on like this."""
        self.left_out += 1
        self._failures += 1
        if why:
            self._ui.say(f"left out: {why}")
        if not self._ui.is_interactive and self._failures == ATTEMPTS:
            raise _StopRecordingError

    def _keep(self, samples: Samples) -> None:
        self._failures = 0
        path = _write_new(self._folder, self._speaker, samples)
        self.files.append(f"{path.parent.name}/{path.name}")
        self._ui.say(f"kept: {path}")


def _write_new(folder: Path, speaker: str, samples: Samples) -> Path:
    """Writes <speaker>_nohash_<n>.wav with the next free number, whole or not at all; returns its path."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(folder.parent, error) from error
    while True:
        path = folder / f"{speaker}_nohash_{_next_number(folder, speaker)}.wav"
        try:
            with creating(path) as whole:
                write_wav(whole, samples)
        except FileExistsError:  # another sitting was faster
            continue
        return path


def _next_number(folder: Path, speaker: str) -> int:
    name = re.compile(rf"{re.escape(speaker)}_nohash_(\d+)\.\w+", re.IGNORECASE)
    taken = [int(match[1]) for path in folder.iterdir() if (match := name.fullmatch(path.name))]
    return max(taken, default=-1) + 1
