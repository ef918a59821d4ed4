# SPDX-License-Identifier: Apache-2.0
"""Data folders in Speech Commands' layout: <label>/*.wav or *.flac, list files of splits, split by speaker hash."""

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
"""Clips to exclude from the dataset: one `folder/name` or `folder` per line."""
MINED = "_mined_"
"""Folder of hard negatives from `tinykws mine`: label unknown, always in the training split."""
SUFFIXES = (".wav", ".flac")
SILENCE_INDEX, UNKNOWN_INDEX = 0, 1

_MAX_PER_CLASS = 2**27 - 1


@dataclasses.dataclass(frozen=True)
class ClipFile:
    """One audio file with its label and split."""

    path: Path
    source: str
    """`folder/name` below the data folder: its name in list files, reports and the dataset."""
    label_id: int
    split: str


def which_set(file_name: str, validation_percent: float = 10, testing_percent: float = 10) -> str:
    """Returns the split of a clip by its file name; all clips of a speaker are in the same split.

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
    """Returns all clips below a data folder, sorted by name; [] if the folder does not exist.

    A folder named like a word's label or text contains that word, `_silence_` silence, and any other folder unknown
    words; `_background_noise_`, hidden folders and clips in ignore_list.txt are skipped. A clip in a list file is in
    that file's split. Without list files `which_set` decides. With only one of them the hash still decides about the
    other split, so that no clip is used for training that others use for testing. Mined clips are for training.

    Raises:
        ConfigError: a list file is not UTF-8 text.
    """
    listed = {source: split for split, name in LIST_FILES.items() for source in _listed(folder / name)}
    ids = _label_ids(labels)
    excluded = {BACKGROUND_NOISE, *_listed(folder / IGNORE_LIST)}
    return [
        ClipFile(path, source, ids.get(_folder_key(path.parent.name), UNKNOWN_INDEX), _split_of(source, listed))
        for path in _audio_files(folder)
        if (source := f"{path.parent.name}/{path.name}") not in excluded and path.parent.name not in excluded
    ]


def noise_files(folder: Path) -> list[Path]:
    """Returns the long noise recordings of a data folder, sorted."""
    return [path for path in _audio_files(folder) if path.parent.name == BACKGROUND_NOISE]


def needs_synthetic_clips(config: Config, data_dir: Path) -> bool:
    """Returns whether `synth` should synthesize clips: by its setting, or (auto) if a word has no recordings."""
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
    """Normalizes a folder name; file systems differ in case and in the encoding of accents."""
    return unicodedata.normalize("NFC", name).casefold()


def _listed(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read {path}: {error}", hint="it must be a text file with one folder/name per line"
        ) from error


def _split_of(source: str, listed: dict[str, str]) -> str:
    if source.startswith(f"{MINED}/"):
        return TRAINING
    if source in listed:
        return listed[source]
    by_hash = which_set(source)
    return TRAINING if by_hash in listed.values() else by_hash
