# SPDX-License-Identifier: Apache-2.0
"""mine: finds false accepts in recordings without the words; on request, adds them to the training data.

Writes build/mined/: clips (model inputs) as WAV files, and index.html to see and hear them. With add, the clips are
copied to data/_mined_/ (training_data/folders.py), which prepare uses as unknown words for training. Existing files are
never replaced.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinykws.audio.files import AudioStream, write_wav
from tinykws.evaluation.hard_negatives import HardNegative, find_hard_negatives
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.features import features_of_clip
from tinykws.project.labels import Label
from tinykws.reporting.clip_page import ClipCard, write_clip_page
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing, replacing_folder
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.folders import MINED

PAGE_NAME = "index.html"
SHOWN_ON_PAGE = 300
INTRODUCTION = (
    "Sounds that the model took for a word. Listen to make sure that no word was said: training on a real word as"
    " `unknown` does harm."
)


@dataclasses.dataclass(frozen=True)
class MinedSound:
    """A sound that the model took for a word."""

    audio: str
    """The recording's file name."""
    time_ms: int
    """End of the clip with the highest probability, from the recording's start."""
    label: Label
    probability: float
    """The model's highest probability."""
    detected: bool
    """Whether the deployed detector reported it too."""
    files: tuple[str, ...]
    """Names of its clips in build/mined/ and data/_mined_/."""


@dataclasses.dataclass(frozen=True)
class MineReport:
    """The false accepts."""

    seconds: float
    """Total length of the recordings."""
    sounds: tuple[MinedSound, ...]
    page: Path
    added: int
    """Number of clips that this run copied to data/_mined_/, without those that existed already."""


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
    """Finds sounds that a model takes for a word in recordings.

    Args:
        bundle: the model, with its front-end and detector.
        recordings: audio files of any length and rate.
        build_dir: the folder in which mined/ is written again.
        min_probability: lowest probability of a word that counts, 0 to 1.
        utterances: words that are really said in a recording; they are excluded, with a second after them.
        add_to: the data folder to which the clips are copied; None: copy nothing.
        progress: shows progress.

    Raises:
        ConfigError: a recording cannot be read, or a folder cannot be written.
        ToolError: matplotlib is missing, or tflite-micro for a model that needs it.
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
    """Searches recordings and writes the clips that it finds to a folder."""

    def __init__(self, bundle: Bundle, folder: Path, min_probability: float, progress: Progress) -> None:
        self._bundle = bundle
        self._folder = folder
        self._min_probability = min_probability
        self._progress = progress
        if bundle.detector.is_streaming:
            raise ConfigError(
                "a streaming wake word model gives no clips to train on: its inputs are a few frames long",
                hint="mine with a bundle of your own: --bundle FOLDER",
            )
        self._infer = Interpreter(bundle.model_bytes()).invoke
        self._cards: list[ClipCard] = []
        self.sounds: list[MinedSound] = []
        self.seconds = 0.0

    def search(self, path: Path, utterances: Sequence[Event]) -> None:
        """Adds the false accepts of a recording."""
        frontend = self._bundle.frontend

        def is_word(end_ms: int) -> bool:
            return any(event.start_ms < end_ms and end_ms - frontend.clip_ms < event.end_ms for event in utterances)

        with AudioStream(path, frontend.sample_rate_hz, self._progress.say) as stream:
            blocks = self._progress.track(stream, path.name, stream.seconds)
            found = find_hard_negatives(
                self._bundle, self._infer, blocks, min_probability=self._min_probability, is_word=is_word
            )
            for sound in found:
                self._keep(path, sound)
            self.seconds += stream.seconds

    def write_page(self) -> None:
        """Writes the page, by decreasing probability."""
        shown = sorted(zip(self.sounds, self._cards, strict=True), key=lambda pair: -pair[0].probability)
        title = f"{len(shown)} false accepts in {self.seconds / 60:.1f} minutes, model {self._bundle.model_id}"
        write_clip_page(self._folder / PAGE_NAME, title, INTRODUCTION, [card for _, card in shown[:SHOWN_ON_PAGE]])

    def _keep(self, path: Path, sound: HardNegative) -> None:
        names = [_window_name(path, window.end_ms) for window in sound.inputs]
        for name, window in zip(names, sound.inputs, strict=True):
            write_wav(self._folder / name, window.samples, self._bundle.frontend.sample_rate_hz)
        surest, label = sound.inputs[0], self._bundle.labels[sound.label_id]
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
    """Names a clip by its recording and time, so that the same clip always has the same name."""
    return f"{re.sub(r'[^A-Za-z0-9-]+', '-', path.stem)}_nohash_{end_ms}.wav"


def _copy_new(source: Path, target: Path) -> bool:
    """Copies a file unless the target exists; returns whether it did."""
    if target.exists():
        return False
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return True
