# SPDX-License-Identifier: Apache-2.0
"""The dataset in build/dataset/: clips and features of all splits, written by `prepare`, read by `train` and others.

index.json      format, labels, front-end, and for each clip its split, label, source and key
clips.npy       int16 [n, clip_samples], training clips first, then validation, then testing
features.npy    int8 [n, n_frames, n_mels]
noise.npy       int16 [m], the noise recordings one after another
skipped.json    recordings that are not used, with the reason
surplus.json    recordings that are not used because there are enough of their label
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.training_data.clip_placement import AS_RECORDED
from tinykws.training_data.folders import SPLITS

FORMAT_VERSION = 1
INDEX, CLIPS, FEATURES, NOISE = "index.json", "clips.npy", "features.npy", "noise.npy"
SKIPPED, SURPLUS = "skipped.json", "surplus.json"
TOO_LONG = "too_long_ms"
RECORDED_PREFIX = "data/"
"""Prefix of the sources of clips from the project's data folder."""
_HEADER_BYTES = 128
"""numpy pads its header to a multiple of 64, with space for a larger first dimension: always 128 bytes here."""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Clips with labels and features, in three splits. Arrays are memory maps, read-only."""

    labels: tuple[str, ...]
    """Label names in the model's output order."""
    frontend: FrontendSettings
    noise: list[Samples]
    """Noise recordings for mixing into training clips, int16 [m] each; never used for validation or testing."""
    split_sizes: dict[str, int]
    all_sources: list[str]
    keys: list[str]
    """Digest of each clip's file and settings; if it changes, the clip is read and its features are computed again."""
    all_label_ids: npt.NDArray[np.int64]
    all_clips: Samples
    all_features: npt.NDArray[np.int8]
    placement: str = AS_RECORDED
    """Where the speech lies in the clips (clip_placement.py)."""
    too_long_ms: Mapping[str, int] | None = None
    """How long the words in recordings are that are longer than a clip, by key; None in a dataset of before."""

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """Opens a dataset.

        Raises:
            ConfigError: it is missing, incomplete, or has another format version.
        """
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            if index["format_version"] != FORMAT_VERSION:
                raise ConfigError(
                    f"{folder} has format version {index['format_version']}, not {FORMAT_VERSION}", hint=_PREPARE_AGAIN
                )
            return cls(
                labels=tuple(index["labels"]),
                frontend=FrontendSettings.from_dict(index["frontend"]),
                noise=_pieces(_open_array(folder / NOISE), index["noise_lengths"]),
                split_sizes={split: int(index["split_sizes"][split]) for split in SPLITS},
                all_sources=index["sources"],
                keys=index["keys"],
                all_label_ids=np.array(index["label_ids"], np.int64),
                all_clips=_open_array(folder / CLIPS),
                all_features=_open_array(folder / FEATURES),
                placement=index.get("placement", AS_RECORDED),
                too_long_ms={str(key): int(ms) for key, ms in index[TOO_LONG].items()} if TOO_LONG in index else None,
            )._checked(folder)
        except FileNotFoundError as error:
            raise ConfigError(f"there is no dataset in {folder}", hint="create it with: tinykws prepare") from error
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{folder} is not a valid dataset: {error}", hint=_PREPARE_AGAIN) from error

    def clips(self, split: str) -> Samples:
        """Returns int16 [n, clip_samples]."""
        return self.all_clips[self._rows(split)]

    def label_ids(self, split: str) -> npt.NDArray[np.int64]:
        """Returns int [n], indices into `labels`."""
        return self.all_label_ids[self._rows(split)]

    def features(self, split: str) -> npt.NDArray[np.int8]:
        """Returns int8 [n, n_frames, n_mels]."""
        return self.all_features[self._rows(split)]

    def sources(self, split: str) -> list[str]:
        """Returns each clip's source: `data/<folder>/<name>`, `synth/…`, or a name for generated clips."""
        return self.all_sources[self._rows(split)]

    def _rows(self, split: str) -> slice:
        start = 0
        for name in SPLITS:
            end = start + self.split_sizes[name]
            if name == split:
                return slice(start, end)
            start = end
        raise ValueError(f"no split {split!r}: {', '.join(SPLITS)}")

    def _checked(self, folder: Path) -> Dataset:
        counts = {len(self.all_sources), len(self.keys), len(self.all_label_ids), sum(self.split_sizes.values())}
        shapes = (self.all_clips.shape[1:], self.all_features.shape[1:])
        wanted = ((self.frontend.clip_samples,), self.frontend.features_shape)
        if counts != {len(self.all_clips)} or counts != {len(self.all_features)} or shapes != wanted:
            raise ConfigError(f"{folder} is not a valid dataset: its files do not belong together", hint=_PREPARE_AGAIN)
        return self


def is_recording(source: str) -> bool:
    """Returns whether a clip is a recording, not a synthetic or computed one."""
    return source.startswith(RECORDED_PREFIX)


def sample_files(project: Project, count: int) -> list[tuple[Path, str]]:
    """Returns up to `count` files of testing clips (validation clips if there are none for testing), with label names.

    They are spaced evenly over the split, so each label has its share, and are the same every time. Clips without a
    file, such as pieces of background noise, are omitted.
    """
    dataset = Dataset.load(project.dataset_dir)
    split = "testing" if dataset.split_sizes["testing"] else "validation"
    found = []
    for source, label_id in zip(dataset.sources(split), dataset.label_ids(split), strict=True):
        top, _, name = source.partition("/")
        path = {"data": project.data_dir, "synth": project.synth_dir}.get(top, project.root) / name
        if path.is_file():
            found.append((path, dataset.labels[label_id]))
    return [found[at * len(found) // count] for at in range(count)] if count <= len(found) else found


class ArrayWriter:
    """Writes an .npy file row by row; the header, which contains the number of rows, is written last.

    Use it in a `with` block; the file is valid only after the block.
    """

    def __init__(self, path: Path, row_shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self._path = path
        self._row_shape = row_shape
        self._dtype = np.dtype(dtype)
        self.rows = 0

    def __enter__(self) -> ArrayWriter:
        self._file: BinaryIO = self._path.open("wb")
        self._file.write(b"\0" * _HEADER_BYTES)
        return self

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Adds rows [k, *row_shape]."""
        assert rows.shape[1:] == self._row_shape
        assert rows.dtype == self._dtype
        self._file.write(np.ascontiguousarray(rows).data)
        self.rows += len(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.rows, *self._row_shape)}
        self._file.seek(0)
        np.lib.format.write_array_header_1_0(self._file, header)
        assert self._file.tell() == _HEADER_BYTES
        self._file.close()


_PREPARE_AGAIN = "create it again with: tinykws prepare --force"


def _open_array(path: Path) -> npt.NDArray[Any]:
    """Opens an .npy file as a memory map, or reads it if it is empty and cannot be mapped."""
    array = np.load(path, mmap_mode="r") if path.stat().st_size > _HEADER_BYTES else np.load(path)
    return np.asarray(array) if array.size == 0 else array


def _pieces(samples: Samples, lengths: list[int]) -> list[Samples]:
    return list(np.split(samples, np.cumsum(lengths)[:-1])) if lengths else []
