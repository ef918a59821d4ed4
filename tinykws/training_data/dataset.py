# SPDX-License-Identifier: Apache-2.0
"""build/dataset/: clips and features of every split, as the stage prepare writes them and training reads them.

index.json      format, labels, front-end, and for each clip its split, label, source and key
clips.npy       int16 [n, clip_samples], training clips first, then validation, then testing
features.npy    int8 [n, n_frames, n_mels]
noise.npy       int16 [m], the noise recordings one after another
skipped.json    files left out, with the reason
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.training_data.folders import SPLITS

FORMAT_VERSION = 1
INDEX, CLIPS, FEATURES, NOISE, SKIPPED = "index.json", "clips.npy", "features.npy", "noise.npy", "skipped.json"
RECORDED = "data/"
"""How sources begin that come from the project's data folder."""
_HEADER_BYTES = 128
"""numpy pads its header to a multiple of 64 and leaves room for the first dimension to grow: always 128 here."""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Clips with labels and features, in three splits. Arrays are memory maps, read-only."""

    labels: tuple[str, ...]
    """Label names in the model's output order."""
    frontend: FrontendSettings
    noise: list[Samples]
    """Noise recordings for mixing into training clips, int16 [m] each; no validation or testing clip is cut of them."""
    split_sizes: dict[str, int]
    all_sources: list[str]
    keys: list[str]
    """Of each clip, the digest that says whether it must be read and computed again."""
    all_label_ids: npt.NDArray[np.int64]
    all_clips: Samples
    all_features: npt.NDArray[np.int8]

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """Opens a dataset.

        Raises:
            ConfigError: not there, of another format version, or not whole.
        """
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            if index["format_version"] != FORMAT_VERSION:
                raise ConfigError(f"{folder} is of format {index['format_version']}, not {FORMAT_VERSION}", hint=_MEND)
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
            )._checked(folder)
        except FileNotFoundError as error:
            raise ConfigError(f"there is no dataset in {folder}", hint="make it with: tinykws prepare") from error
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{folder} is no good dataset: {error}", hint=_MEND) from error

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
        """Returns for each clip the `folder/name` it came from."""
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
            raise ConfigError(f"{folder} is no good dataset: its files do not fit together", hint=_MEND)
        return self


def is_recording(source: str) -> bool:
    """Returns whether a clip of this source was recorded by a person, not spoken or made by computing."""
    return source.startswith(RECORDED)


def sample_files(project: Project, count: int) -> list[tuple[Path, str]]:
    """Returns up to `count` of the testing clips' files (validation's, where none is for testing), with label names.

    Chosen evenly over the split, so each label has its share; the same every time. Clips that were made without a
    file, such as pieces of background noise, are left out.
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
    """An .npy file that grows row by row: its header, which holds the row count, is written last.

    Use in a `with` block; the file is whole only after it.
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


_MEND = "make it again with: tinykws prepare --force"


def _open_array(path: Path) -> npt.NDArray[Any]:
    """Opens an .npy file as a memory map; an empty one, which cannot be mapped, is read."""
    array = np.load(path, mmap_mode="r") if path.stat().st_size > _HEADER_BYTES else np.load(path)
    return np.asarray(array) if array.size == 0 else array


def _pieces(samples: Samples, lengths: list[int]) -> list[Samples]:
    return list(np.split(samples, np.cumsum(lengths)[:-1])) if lengths else []
