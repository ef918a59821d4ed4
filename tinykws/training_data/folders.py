# SPDX-License-Identifier: Apache-2.0
"""Data folders in Speech Commands' layout: <label>/*.wav, list files of splits, split by speaker hash.

Clips may also be in a folder for each speaker (<label>/<speaker>/*.wav), or in no folder at all with the word in their
names (yes_01.wav).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tinykws.project.config import Config
from tinykws.project.labels import BACKGROUND_NOISE, Label
from tinykws.training_data.clip_lists import ClipList, ClipNames, read_clip_list
from tinykws.training_data.folder_labels import SILENCE_INDEX, UNKNOWN_INDEX, FileName, FolderLabels
from tinykws.training_data.folder_walk import AudioFile, UnusedFile, find_audio

__all__ = ["SILENCE_INDEX", "UNKNOWN_INDEX"]

TRAINING, VALIDATION, TESTING = SPLITS = ("training", "validation", "testing")
LIST_FILES = {VALIDATION: "validation_list.txt", TESTING: "testing_list.txt"}
LONGEST_CLIP_SECONDS = 30
"""A longer recording is not of one word."""
ENOUGH_RECORDINGS = 200
"""From so many recordings of each word on, a network made for streams learns from them alone."""
IGNORE_LIST = "ignore_list.txt"
"""Clips to exclude from the dataset: one `folder/name` or `folder` per line."""
MINED = "_mined_"
"""Folder of hard negatives from `tinykws mine`: label unknown, always in the training split."""

_MAX_PER_CLASS = 2**27 - 1


@dataclasses.dataclass(frozen=True)
class ClipFile:
    """One audio file with its label and split."""

    path: Path
    source: str
    """`folder/name` below the data folder: its name in list files, reports and the dataset."""
    label_id: int
    split: str
    speaker: str = ""
    """Name by whose hash the split is chosen: of a speaker's folder or file, else of the file."""


@dataclasses.dataclass(frozen=True)
class FolderUse:
    """Which label the clips of a folder have."""

    folder: str
    """"" for clips in no folder."""
    label: str
    """Name of the label; `_background_noise_` for noise."""
    clips: int


@dataclasses.dataclass(frozen=True)
class DoubtfulFolder:
    """A folder whose label only its owner knows."""

    folder: str
    clips: int
    meaning: tuple[str, ...]
    """Folders that may be meant."""


@dataclasses.dataclass(frozen=True)
class FolderScan:
    """Everything that is in a data folder."""

    clips: tuple[ClipFile, ...] = ()
    noise: tuple[AudioFile, ...] = ()
    """Recordings in _background_noise_/."""
    unused: tuple[UnusedFile, ...] = ()
    folders: tuple[FolderUse, ...] = ()
    doubts: tuple[DoubtfulFolder, ...] = ()
    lists: Mapping[str, ClipList] = dataclasses.field(default_factory=dict)
    """List files that exist, by name."""

    @property
    def has_split_lists(self) -> bool:
        """Whether list files decide the splits."""
        return any(self.lists[name].lines for name in LIST_FILES.values() if name in self.lists)


def which_set(file_name: str, validation_percent: float = 10, testing_percent: float = 10) -> str:
    """Returns the split of a clip by its file name; all clips of a speaker are in the same split.

    Source: Speech Commands' README (`which_set`): SHA-1 of the base name without `_nohash_…`, modulo 2^27, as a
    percentage of 2^27 - 1.
    """
    percentage = split_percentage(speaker_in_name(file_name))
    if percentage < validation_percent:
        return VALIDATION
    if percentage < testing_percent + validation_percent:
        return TESTING
    return TRAINING


def split_percentage(speaker: str) -> float:
    """Returns the number from 0 to 100 that decides a speaker's split."""
    number = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16) % (_MAX_PER_CLASS + 1)
    return number * (100.0 / _MAX_PER_CLASS)


def speaker_in_name(file_name: str) -> str:
    """Returns the part of a file name by which Speech Commands tells speakers apart."""
    return file_name.rpartition("/")[2].partition("_nohash_")[0]


def speaker_of(source: str) -> str:
    """Returns the speaker of a clip by its name below the data folder: the speaker's folder, or the file's name."""
    parts = source.split("/")
    return parts[1] if len(parts) > 2 else speaker_in_name(source)


def scan_folder(folder: Path, labels: Sequence[Label], skip: Sequence[Path] = ()) -> FolderScan:
    """Returns everything in a data folder, sorted by name; nothing if the folder does not exist.

    A folder named like a word contains that word, `_silence_` silence, and any other folder unknown words. A folder
    below it contains the clips of a speaker. A clip in a list file is in that file's split. Without list files
    `which_set` decides, by the name of the speaker's folder or of the file. With only one list the hash still decides
    about the other split, so that no clip is used for training that others use for testing. Mined clips are for
    training.

    Args:
        folder: the data folder.
        labels: the project's labels.
        skip: folders below it that are used for something else.

    Raises:
        ConfigError: the folder cannot be read, or a list file is not text.
    """
    found = find_audio(folder, skip)
    present = [name for name in (*LIST_FILES.values(), IGNORE_LIST) if (folder / name).exists()]
    names = ClipNames(folder, [file.source for file in found.files] if present else [])
    lists = {name: read_clip_list(folder / name, names) for name in present}
    return _Scan(labels, lists, found.unused).result(found.files)


def clip_files(folder: Path, labels: Sequence[Label]) -> list[ClipFile]:
    """Returns all clips below a data folder, sorted by name; [] if the folder does not exist. See `scan_folder`."""
    return list(scan_folder(folder, labels).clips)


def noise_audio(folder: Path) -> list[AudioFile]:
    """Returns the long noise recordings of a data folder with their names in it, sorted."""
    return [file for file in find_audio(folder).files if file.parts[0] == BACKGROUND_NOISE]


def needs_synthetic_clips(config: Config, data_dir: Path) -> bool:
    """Returns whether `synth` should synthesize clips: by its setting, or (auto) if a word has too few recordings.

    A network that is made for streams learns synthetic clips first and is then fine-tuned on few recordings.
    """
    if config.synth.enabled != "auto":
        return config.synth.enabled == "always"
    recorded = Counter(clip.label_id for clip in clip_files(data_dir, config.labels))
    fewest = ENOUGH_RECORDINGS if config.model.hears_streams else 1
    return any(recorded[label_id] < fewest for label_id in range(UNKNOWN_INDEX + 1, len(config.labels)))


class _Scan:
    """Sorts the files of a data folder."""

    def __init__(self, labels: Sequence[Label], lists: Mapping[str, ClipList], unused: Sequence[UnusedFile]) -> None:
        self._labels = labels
        self._by_name = FolderLabels(labels)
        self._lists = lists
        self._listed = {
            source: split for split, name in LIST_FILES.items() if name in lists for source in lists[name].sources
        }
        self._listed_splits = {split for split, name in LIST_FILES.items() if name in lists and lists[name].lines}
        self._ignored = lists[IGNORE_LIST].sources if IGNORE_LIST in lists else frozenset()
        self._clips: list[ClipFile] = []
        self._noise: list[AudioFile] = []
        self._unused = list(unused)
        self._uses: Counter[tuple[str, str]] = Counter()
        self._doubts: Counter[tuple[str, tuple[str, ...]]] = Counter()

    def result(self, files: Sequence[AudioFile]) -> FolderScan:
        """Returns the files with their meaning."""
        for file in files:
            self._add(file)
        return FolderScan(
            tuple(self._clips),
            tuple(self._noise),
            tuple(sorted(self._unused, key=lambda one: one.source)),
            tuple(FolderUse(folder, label, count) for (folder, label), count in self._uses.items()),
            tuple(DoubtfulFolder(folder, count, meaning) for (folder, meaning), count in self._doubts.items()),
            self._lists,
        )

    def _add(self, file: AudioFile) -> None:
        if file.source in self._ignored:
            self._unused.append(UnusedFile(file.source, f"listed in {IGNORE_LIST}"))
        elif len(file.parts) == 1:
            self._add_without_folder(file)
        elif file.parts[0] == BACKGROUND_NOISE:
            self._noise.append(file)
            self._uses[BACKGROUND_NOISE, BACKGROUND_NOISE] += 1
        else:
            self._add_from_folder(file)

    def _add_without_folder(self, file: AudioFile) -> None:
        name = self._by_name.of_file(file.path.stem)
        if isinstance(name, FileName):
            self._add_clip(file, "", name.label_id, name.speaker)
        else:
            self._unused.append(UnusedFile(file.source, f"{name}: put it into a folder with the name of its word"))

    def _add_from_folder(self, file: AudioFile) -> None:
        folder, below = file.parts[0], file.parts[1:-1]
        label_id = self._by_name.label_id(folder)
        self._note_doubt(folder, below, label_id)
        candidates = self._by_name.candidates(folder)
        if len(candidates) > 1:
            words = " or ".join(self._labels[one].text for one in candidates)
            self._unused.append(UnusedFile(file.source, f"its folder may be {words}"))
            return
        speakers = [part for part in below if label_id is None or self._by_name.label_id(part) != label_id]
        speaker = speakers[0] if speakers else speaker_in_name(file.parts[-1])
        self._add_clip(file, folder, UNKNOWN_INDEX if label_id is None else label_id, speaker)

    def _note_doubt(self, folder: str, below: Sequence[str], label_id: int | None) -> None:
        reserved = self._by_name.reserved_name(folder)
        if reserved:
            self._doubts[folder, (reserved,)] += 1
            return
        candidates = self._by_name.candidates(folder)
        if candidates:
            self._doubts[folder, tuple(self._labels[one].name for one in candidates)] += 1
            return
        if label_id == UNKNOWN_INDEX or folder == MINED:
            return
        for depth, part in enumerate(below, 1):
            inner = self._by_name.label_id(part)
            if inner is not None and inner != label_id:
                meaning = f"{self._labels[inner].name}/{folder}"
                self._doubts["/".join((folder, *below[:depth])), (meaning,)] += 1
                return

    def _add_clip(self, file: AudioFile, folder: str, label_id: int, speaker: str) -> None:
        self._clips.append(ClipFile(file.path, file.source, label_id, self._split(file, speaker), speaker))
        self._uses[folder, self._labels[label_id].name] += 1

    def _split(self, file: AudioFile, speaker: str) -> str:
        if file.parts[0] == MINED:
            return TRAINING
        if file.source in self._listed:
            return self._listed[file.source]
        by_hash = which_set(speaker)
        return TRAINING if by_hash in self._listed_splits else by_hash
