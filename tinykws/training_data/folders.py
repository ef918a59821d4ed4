# SPDX-License-Identifier: Apache-2.0
"""Folders of clips in Speech Commands' layout: <label>/*.wav|flac, list files, the hash that splits by speaker."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from tinykws.project.config import Config
from tinykws.project.labels import BACKGROUND_NOISE, SILENCE, UNKNOWN, Label
from tinykws.support.errors import ConfigError

TRAINING, VALIDATION, TESTING = SPLITS = ("training", "validation", "testing")
LIST_FILES = {VALIDATION: "validation_list.txt", TESTING: "testing_list.txt"}
IGNORE_LIST = "ignore_list.txt"
"""What a person wants left out, one `folder/name` or folder a line."""
MINED = "_mined_"
"""What a model took for a word and no word was: unknown, and always to learn from."""
SUFFIXES = (".wav", ".flac")
SILENCE_INDEX, UNKNOWN_INDEX = 0, 1

_MAX_PER_CLASS = 2**27 - 1


@dataclasses.dataclass(frozen=True)
class ClipFile:
    """One audio file and what it stands for."""

    path: Path
    source: str
    """`folder/name` below the data folder: what list files, reports and the dataset call it."""
    label_id: int
    split: str


def which_set(file_name: str, validation_percent: float = 10, testing_percent: float = 10) -> str:
    """Returns the split of a clip by its name, all clips of one speaker in the same.

    Source: Speech Commands' README (`which_set`): SHA-1 of the base name without `_nohash_…`, modulo 2^27, as a
    percentage of 2^27 - 1.
    """
    speaker = re.sub(r"_nohash_.*$", "", Path(file_name).name)
    number = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16) % (_MAX_PER_CLASS + 1)
    percentage = number * (100.0 / _MAX_PER_CLASS)
    if percentage < validation_percent:
        return VALIDATION
    if percentage < testing_percent + validation_percent:
        return TESTING
    return TRAINING


def clip_files(folder: Path, labels: Sequence[Label]) -> list[ClipFile]:
    """Returns all clips below a data folder, sorted by name; [] where there is no folder.

    A folder named as a word's label or text holds that word, `_silence_` silence, any other one unknown words;
    `_background_noise_` and hidden folders are left out. A clip in a list file has that file's split; where there is
    no list file at all, `which_set` decides; where only one is, the hash still decides about the other split, so
    that no clip is trained on that others test with. Mined clips are for training; those in ignore_list.txt are
    left out.

    Raises:
        ConfigError: a list file that is no text.
    """
    listed = {source: split for split, name in LIST_FILES.items() for source in _listed(folder / name)}
    ids = _label_ids(labels)
    left_out = {BACKGROUND_NOISE, *_listed(folder / IGNORE_LIST)}
    return [
        ClipFile(path, source, ids.get(_folder_key(path.parent.name), UNKNOWN_INDEX), _split_of(source, listed))
        for path in _audio_files(folder)
        if (source := f"{path.parent.name}/{path.name}") not in left_out and path.parent.name not in left_out
    ]


def noise_files(folder: Path) -> list[Path]:
    """Returns the long noise recordings of a data folder, sorted."""
    return [path for path in _audio_files(folder) if path.parent.name == BACKGROUND_NOISE]


def speaks(config: Config, data_dir: Path) -> bool:
    """Returns whether spoken clips are wanted: always, never, or when some word has no recording."""
    if config.synth.enabled != "auto":
        return config.synth.enabled == "always"
    recorded = {clip.label_id for clip in clip_files(data_dir, config.labels)}
    return not set(range(UNKNOWN_INDEX + 1, len(config.labels))) <= recorded


def _audio_files(folder: Path) -> list[Path]:
    files = [
        path
        for path in folder.glob("*/*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.parent.name.startswith(".")
    ]
    return sorted(files, key=lambda path: (path.parent.name, path.name))


def _label_ids(labels: Sequence[Label]) -> dict[str, int]:
    ids = {SILENCE: SILENCE_INDEX, UNKNOWN: UNKNOWN_INDEX}
    for index, label in enumerate(labels[UNKNOWN_INDEX + 1 :], UNKNOWN_INDEX + 1):
        ids |= {_folder_key(label.text): index, _folder_key(label.name): index}
    return ids


def _folder_key(name: str) -> str:
    """Makes folder names comparable: file systems differ in case and in how they store accents."""
    return unicodedata.normalize("NFC", name).casefold()


def _listed(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}", hint="it holds one folder/name a line") from error


def _split_of(source: str, listed: dict[str, str]) -> str:
    if source.startswith(f"{MINED}/"):
        return TRAINING
    if source in listed:
        return listed[source]
    by_hash = which_set(source)
    return TRAINING if by_hash in listed.values() else by_hash
