# SPDX-License-Identifier: Apache-2.0
"""mine: what the model takes for a word in recordings that hold none; on request, the next training learns from it.

Writes build/mined/: the windows as WAV files, and index.html to look at them and to listen. With add, the windows are
copied to data/_mined_/ (training_data/folders.py), which prepare takes for unknown words to train on. Files that are
already there are never replaced.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinykws.audio.files import AudioStream, write_wav
from tinykws.evaluation.hard_negatives import FalseSound, false_sounds
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.features import features_of_clip
from tinykws.project.labels import Label
from tinykws.reporting.clip_page import ClipCard, write_clip_page
from tinykws.support.files import replacing, replacing_folder
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.folders import MINED

PAGE_NAME = "index.html"
SHOWN_ON_PAGE = 300
INTRODUCTION = (
    "What the model took for a word. Listen before you believe that no word was said: a word that was really said,"
    " learned as no word, does harm."
)


@dataclasses.dataclass(frozen=True)
class MinedSound:
    """A sound that was taken for a word."""

    audio: str
    """The recording's file name."""
    time_ms: int
    """End of the surest window, from the recording's start."""
    label: Label
    probability: float
    """The model's, in the surest window."""
    detected: bool
    """The deployed detector reported it, too."""
    files: tuple[str, ...]
    """Its windows' names, below build/mined/ and data/_mined_/."""


@dataclasses.dataclass(frozen=True)
class MineReport:
    """What was found."""

    seconds: float
    """Length of all recordings."""
    sounds: tuple[MinedSound, ...]
    page: Path
    added: int
    """Windows that were copied to data/_mined_/ now; those that were there already are not counted."""


def mine(
    bundle: Bundle,
    recordings: Sequence[Path],
    build_dir: Path,
    *,
    min_probability: float = 0.5,
    utterances: Mapping[Path, Sequence[Event]] | None = None,
    add_to: Path | None = None,
    progress: Progress = SILENT,
) -> MineReport:
    """Looks for false windows in recordings.

    Args:
        bundle: the model and all that belongs to it.
        recordings: audio files of any length and rate.
        build_dir: where mined/ is made anew.
        min_probability: how sure of a word the model must be for a window to count, 0 to 1.
        utterances: utterances in a recording, where it does hold words: they are left out with a second after them.
        add_to: the data folder to copy the windows into; None: nothing is copied.
        progress: shows how far each recording is read.

    Raises:
        ConfigError: a recording that cannot be read, a folder that cannot be written.
        ToolError: tflite-micro or matplotlib is missing.
    """
    folder = build_dir / "mined"
    with replacing_folder(folder) as fresh:
        miner = _Miner(bundle, fresh, min_probability, progress)
        for path in recordings:
            miner.search(path, (utterances or {}).get(path, ()))
        miner.write_page()
    added = 0
    if add_to is not None:
        names = [name for sound in miner.sounds for name in sound.files]
        added = sum(_copy_new(folder / name, add_to / MINED / name) for name in names)
    return MineReport(miner.seconds, tuple(miner.sounds), folder / PAGE_NAME, added)


class _Miner:
    """Goes through recordings and writes what it finds into a folder."""

    def __init__(self, bundle: Bundle, folder: Path, min_probability: float, progress: Progress) -> None:
        self._bundle = bundle
        self._folder = folder
        self._min_probability = min_probability
        self._progress = progress
        self._infer = Interpreter(bundle.model_bytes()).invoke
        self._cards: list[ClipCard] = []
        self.sounds: list[MinedSound] = []
        self.seconds = 0.0

    def search(self, path: Path, utterances: Sequence[Event]) -> None:
        """Adds a recording's false sounds."""
        frontend = self._bundle.frontend

        def is_word(end_ms: int) -> bool:
            return any(event.start_ms < end_ms and end_ms - frontend.clip_ms < event.end_ms for event in utterances)

        with AudioStream(path, frontend.sample_rate_hz) as stream:
            blocks = self._progress.track(stream, path.name, stream.seconds)
            found = false_sounds(
                self._bundle, self._infer, blocks, min_probability=self._min_probability, is_word=is_word
            )
            for sound in found:
                self._keep(path, sound)
            self.seconds += stream.seconds

    def write_page(self) -> None:
        """Writes the page, the surest first."""
        shown = sorted(zip(self.sounds, self._cards, strict=True), key=lambda pair: -pair[0].probability)
        title = f"{len(shown)} false sounds in {self.seconds / 60:.1f} minutes, model {self._bundle.model_id}"
        write_clip_page(self._folder / PAGE_NAME, title, INTRODUCTION, [card for _, card in shown[:SHOWN_ON_PAGE]])

    def _keep(self, path: Path, sound: FalseSound) -> None:
        names = [_window_name(path, window.end_ms) for window in sound.windows]
        for name, window in zip(names, sound.windows, strict=True):
            write_wav(self._folder / name, window.samples, self._bundle.frontend.sample_rate_hz)
        surest, label = sound.windows[0], self._bundle.labels[sound.label_id]
        self.sounds.append(
            MinedSound(path.name, surest.end_ms, label, surest.probability, sound.detected, tuple(names))
        )
        self._cards.append(
            ClipCard(
                source=f"{path.name} @{surest.end_ms}ms",
                words=f"{label.text}, {surest.probability:.0%}" + (", detected" if sound.detected else ""),
                audio=self._folder / names[0],
                features=features_of_clip(surest.samples, self._bundle.frontend),
            )
        )


def _window_name(path: Path, end_ms: int) -> str:
    """Names a window by its recording and time, so that mining again finds it there already."""
    return f"{re.sub(r'[^A-Za-z0-9-]+', '-', path.stem)}_nohash_{end_ms}.wav"


def _copy_new(source: Path, target: Path) -> bool:
    """Copies a file unless there is one; returns whether it did."""
    if target.exists():
        return False
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return True
