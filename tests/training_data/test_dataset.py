# SPDX-License-Identifier: Apache-2.0
"""A dataset reads back what was written, by split, and refuses what is not whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError
from tinykws.training_data.dataset import ArrayWriter, Dataset

FRONTEND = FrontendSettings(clip_ms=100)
SIZES = {"training": 3, "validation": 0, "testing": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "clips.npy", rng.integers(-9, 9, (5, FRONTEND.clip_samples)).astype(np.int16))
    np.save(tmp_path / "features.npy", rng.integers(-9, 9, (5, *FRONTEND.features_shape)).astype(np.int8))
    np.save(tmp_path / "noise.npy", np.arange(30, dtype=np.int16))
    index = {
        "format_version": 1,
        "labels": ["_silence_", "_unknown_", "yes"],
        "frontend": FRONTEND.to_dict(),
        "split_sizes": SIZES,
        "noise_lengths": [10, 20],
        "label_ids": [0, 1, 2, 1, 2],
        "sources": ["a", "b", "c", "d", "e"],
        "keys": ["1", "2", "3", "4", "5"],
    }
    (tmp_path / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return tmp_path


def test_splits(folder: Path) -> None:
    dataset = Dataset.load(folder)
    assert dataset.labels == ("_silence_", "_unknown_", "yes")
    assert dataset.frontend == FRONTEND
    for split, size in SIZES.items():
        assert dataset.clips(split).shape == (size, 1600)
        assert dataset.features(split).shape == (size, *FRONTEND.features_shape)
        assert len(dataset.label_ids(split)) == len(dataset.sources(split)) == size
    assert dataset.label_ids("testing").tolist() == [1, 2]
    assert dataset.sources("training") == ["a", "b", "c"]
    np.testing.assert_array_equal(dataset.clips("testing"), np.load(folder / "clips.npy")[3:])
    assert isinstance(dataset.clips("training"), np.memmap)
    assert [len(piece) for piece in dataset.noise] == [10, 20]


def test_an_unknown_split_is_a_bug(folder: Path) -> None:
    with pytest.raises(ValueError, match="train"):
        Dataset.load(folder).clips("train")


def test_no_dataset_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no dataset") as error:
        Dataset.load(tmp_path / "none")
    assert "tinykws prepare" in str(error.value.hint)


def edited(folder: Path, key: str, value: object) -> None:
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    (folder / "index.json").write_text(json.dumps({**index, key: value}), encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format_version", 2, "format version 2"),
        ("sources", ["a"], "do not belong together"),
        ("label_ids", [0], "do not belong together"),
        ("split_sizes", {"training": 9}, "not a valid dataset"),
        ("frontend", FrontendSettings().to_dict(), "do not belong together"),
        ("frontend", {"sample_rate": 1}, "unknown key"),
    ],
)
def test_what_is_not_whole_is_refused(folder: Path, key: str, value: object, words: str) -> None:
    edited(folder, key, value)
    with pytest.raises(ConfigError, match=words):
        Dataset.load(folder)


@pytest.mark.parametrize("name", ["index.json", "clips.npy", "features.npy", "noise.npy"])
@pytest.mark.parametrize("data", [None, b"", b"garbage" * 100])
def test_missing_or_damaged_files_are_refused(folder: Path, name: str, data: bytes | None) -> None:
    (folder / name).unlink() if data is None else (folder / name).write_bytes(data)
    with pytest.raises(ConfigError, match="dataset"):
        Dataset.load(folder)


@pytest.mark.parametrize("rows", [[], [0], [3], [2, 0, 5]])
def test_array_writer_makes_numpys_own_format(tmp_path: Path, rows: list[int]) -> None:
    parts = [np.random.default_rng(n).integers(-128, 128, (n, 4, 3)).astype(np.int8) for n in rows]
    with ArrayWriter(tmp_path / "a.npy", (4, 3), np.int8) as writer:
        for part in parts:
            writer.append(part)
    read = np.load(tmp_path / "a.npy")
    np.testing.assert_array_equal(read, np.concatenate([np.empty((0, 4, 3), np.int8), *parts]))
    np.save(tmp_path / "b.npy", read)
    assert (tmp_path / "b.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()
