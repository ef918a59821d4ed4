# SPDX-License-Identifier: Apache-2.0
"""record: records clips of a word into data/, cut to the model's length with the speech in the middle.

It uses this computer's microphone or a board's: a model works best if it is trained on the microphone it will use.
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
from tinykws.audio.speech_bounds import CutClip, cut_clip
from tinykws.project.labels import BACKGROUND_NOISE, label_of_word
from tinykws.project.layout import Project
from tinykws.recording.record_protocol import OnSound, Recording, SoundLostError
from tinykws.support.errors import ConfigError
from tinykws.support.files import creating, made_folder
from tinykws.training_data.folders import clip_files

SPARE_MS = 1000
"""Recorded in addition to the clip's length, so that the moment of speaking does not matter."""
ATTEMPTS = 3
"""How often a bad clip is recorded again if there is nobody to ask."""
RECOMMENDED = 20
"""Recordings of each word after which fine-tuning gives most of what it can give (docs/notebook/hearing_people.md)."""
SPEAKER = re.compile(r"[A-Za-z0-9-]{1,40}")

Answer = Literal["keep", "again", "quit"]


class SampleSource(Protocol):
    """Something to record from: DeviceMicrophone, ComputerMicrophone, or a replacement in tests."""

    @property
    def longest_samples(self) -> int:
        """Longest recording without loss, in samples."""

    def record(self, count: int, on_sound: OnSound) -> Recording:
        """Records `count` samples and calls `on_sound` with each piece. Raises SoundLostError, TinykwsError."""


class RecordingUi:
    """Prompts the person who speaks, shows the level, and asks whether to keep a clip. This one asks nobody."""

    is_interactive = False
    """Whether there is a person to ask."""

    def prompt(self, what: str, number: int, count: int) -> bool:  # noqa: ARG002
        """Tells the person what to do, and waits until they are ready; returns False to stop."""
        return True

    def show_level(self, samples: Samples) -> None:
        """Shows the level of the newest samples."""

    def recording_ended(self) -> None:
        """Called when a recording has ended."""

    def judge(self, clip: CutClip) -> Answer:
        """Shows the recorded clip, and returns whether to keep it."""
        return "again" if clip.defects else "keep"

    def say(self, text: str) -> None:
        """Shows a message."""


@dataclasses.dataclass(frozen=True)
class RecordReport:
    """The recorded clips."""

    word: str
    """Name of the word's folder."""
    files: tuple[str, ...]
    wanted: int
    left_out: int
    """Number of recordings that were discarded."""

    @property
    def complete(self) -> bool:
        """Whether the wanted number of clips was kept."""
        return len(self.files) >= self.wanted


def recordings_of(project: Project, word: str) -> tuple[int, int]:
    """Returns how many recordings of a word there are, and of how many speakers."""
    label = label_of_word(word)
    names = [known.name for known in project.config.labels]
    if label.name not in names:
        return 0, 0
    clips = [clip for clip in clip_files(project.data_dir, project.config.labels) if names[clip.label_id] == label.name]
    return len(clips), len({clip.speaker for clip in clips})


def recommended_count(project: Project, word: str) -> int:
    """Returns how many clips to record if nobody says it: up to RECOMMENDED of a word of the project, one of others."""
    if label_of_word(word).name not in {known.name for known in project.config.labels}:
        return 1
    return max(1, RECOMMENDED - recordings_of(project, word)[0])


def record(
    project: Project, word: str, source: SampleSource, ui: RecordingUi, *, count: int = 1, speaker: str
) -> RecordReport:
    """Records `count` clips of a word into the project's data folder.

    Args:
        project: provides the clip length and the data folder.
        word: a word of the project; any other word may be recorded too, as `unknown` to the model.
        source: the microphone.
        ui: prompts the person who speaks.
        count: how many clips to keep.
        speaker: part of the file names; all clips of one speaker go into the same split.

    Raises:
        ConfigError: an invalid word or speaker, or the folder cannot be written.
        DeviceError, ToolError: the microphone failed.
    """
    label = label_of_word(word)
    if label.name not in {known.name for known in project.config.labels}:
        ui.say(f"{word!r} is not a word of this project: its clips are `unknown` to the model")
    clip_samples = project.config.frontend.clip_samples
    length = min(clip_samples + SPARE_MS * SAMPLE_RATE_HZ // 1000, source.longest_samples)
    if length < clip_samples:
        raise ConfigError(
            f"the board can record {source.longest_samples * 1000 // SAMPLE_RATE_HZ} ms without loss, but a clip has"
            f" {clip_samples * 1000 // SAMPLE_RATE_HZ} ms",
            hint="in the board's row, set a larger `ring_samples` of the microphone, or a higher `baud`",
        )
    run = _RecordingRun(project.data_dir / label.name, checked_speaker(speaker), source, ui)
    with contextlib.suppress(_StopRecordingError):
        while len(run.files) < count:
            run.record_word(label.text, count, length, clip_samples)
    return RecordReport(label.name, tuple(run.files), count, run.left_out)


def record_noise(
    project: Project, source: SampleSource, ui: RecordingUi, *, seconds: float, speaker: str
) -> RecordReport:
    """Records background noise into the data folder's _background_noise_/, in several files if the transport is slow.

    Raises:
        ConfigError: an invalid speaker, or the folder cannot be written.
        DeviceError, ToolError: the microphone failed.
    """
    wanted = round(seconds * SAMPLE_RATE_HZ)
    lengths = [min(source.longest_samples, wanted - at) for at in range(0, wanted, source.longest_samples)]
    run = _RecordingRun(project.data_dir / BACKGROUND_NOISE, checked_speaker(speaker), source, ui)
    with contextlib.suppress(_StopRecordingError):
        run.record_noise(lengths)
    return RecordReport(BACKGROUND_NOISE, tuple(run.files), len(lengths), run.left_out)


def checked_speaker(name: str) -> str:
    """Returns a speaker's name. Raises ConfigError if it cannot be part of a file name."""
    if not SPEAKER.fullmatch(name):
        raise ConfigError(f"--speaker {name!r} is not valid", hint="use letters, digits and -, such as anna or anna-2")
    return name


class _StopRecordingError(Exception):
    """The person wants to stop."""


class _RecordingRun:
    """One run of record: its folder, and the clips that were kept."""

    def __init__(self, folder: Path, speaker: str, source: SampleSource, ui: RecordingUi) -> None:
        self.files: list[str] = []
        self.left_out = 0
        self._folder = folder
        self._speaker = speaker
        self._source = source
        self._ui = ui
        self._failures = 0

    def record_word(self, text: str, count: int, length: int, clip_samples: int) -> None:
        """Makes one recording, and keeps or discards it. Raises _StopRecordingError."""
        recording = self._record(f"say {text}", len(self.files) + 1, count, length)
        if recording is None:
            return
        clip = cut_clip(recording.samples, clip_samples, SAMPLE_RATE_HZ)
        if clip is None:
            self._discard("nobody spoke, or too quietly to be distinguished from the noise")
            return
        answer = self._ui.judge(clip)
        if answer == "keep":
            self._keep(clip.samples)
            return
        self._discard("; ".join(clip.defects))
        if answer == "quit":
            raise _StopRecordingError

    def record_noise(self, lengths: list[int]) -> None:
        """Records background noise. Raises _StopRecordingError."""
        while len(self.files) < len(lengths):
            number = len(self.files)
            recording = self._record(
                "be silent: this records the background noise", number + 1, len(lengths), lengths[number]
            )
            if recording is None:
                continue
            defect = defect_of(recording.samples)
            if defect in (None, "silent"):  # a silent room is fine
                self._keep(recording.samples)
            else:
                self._discard(defect or "")

    def _record(self, what: str, number: int, count: int, length: int) -> Recording | None:
        """Records, or returns None if the recording is unusable. Raises _StopRecordingError."""
        if not self._ui.prompt(what, number, count):
            raise _StopRecordingError
        try:
            recording = self._source.record(length, self._ui.show_level)
        except SoundLostError as error:
            self._ui.recording_ended()
            self._discard(str(error))
            return None
        self._ui.recording_ended()
        if recording.overruns:
            self._discard(f"{recording.overruns} blocks of samples were lost on the device")
            return None
        return recording

    def _discard(self, why: str) -> None:
        """Discards a recording. Raises _StopRecordingError after several in a row if there is nobody to ask."""
        self.left_out += 1
        self._failures += 1
        if why:
            self._ui.say(f"discarded: {why}")
        if not self._ui.is_interactive and self._failures == ATTEMPTS:
            raise _StopRecordingError

    def _keep(self, samples: Samples) -> None:
        self._failures = 0
        path = _write_new(self._folder, self._speaker, samples)
        self.files.append(f"{path.parent.name}/{path.name}")
        self._ui.say(f"kept: {path}")


def _write_new(folder: Path, speaker: str, samples: Samples) -> Path:
    """Writes <speaker>_nohash_<n>.wav with the next free number, whole or not at all; returns its path."""
    made_folder(folder)
    while True:
        path = folder / f"{speaker}_nohash_{_next_number(folder, speaker)}.wav"
        try:
            with creating(path) as whole:
                write_wav(whole, samples)
        except FileExistsError:  # another process took the number
            continue
        return path


def _next_number(folder: Path, speaker: str) -> int:
    name = re.compile(rf"{re.escape(speaker)}_nohash_(\d+)\.\w+", re.IGNORECASE)
    taken = [int(match[1]) for path in folder.iterdir() if (match := name.fullmatch(path.name))]
    return max(taken, default=-1) + 1
