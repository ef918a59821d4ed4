# SPDX-License-Identifier: Apache-2.0
"""A word set that any network learns in seconds: tone bursts in noise, in the format that the stage prepare writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.native.features import features_of_clips
from tinykws.project.config import Config, parse_config
from tinykws.project.layout import Project

TONES_HZ = (0, 1000, 300, 3500)
"""silence, unknown, low, high."""
SPLITS = {"training": 40, "validation": 10, "testing": 10}
"""Clips of each label."""
KWS_YAML = """\
words: [low, high]
features: {clip_ms: 500}
model: {architecture: micro_speech}
detector: {kind: recognize_commands, threshold: 200}
training: {epochs: 15, batch_size: 16, augmentation: {shift_ms: 20, gain_db: 3, noise_snr_db_min: 15}}
"""


def make_project(root: Path, *, testing: bool = True, yaml: str = KWS_YAML) -> Project:
    """Returns a project with kws.yaml and build/dataset/; on request without testing clips."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "kws.yaml").write_text(yaml)
    project = Project(root, parse_config(yaml))
    write_dataset(project.dataset_dir, project.config, {**SPLITS, "testing": SPLITS["testing"] * testing})
    return project


def write_dataset(folder: Path, config: Config, splits: dict[str, int], tones_hz: tuple[int, ...] = TONES_HZ) -> None:
    """Writes so many tone clips of each label for each split."""
    rng = np.random.default_rng(7)
    tones = [tone for count in splits.values() for tone in tones_hz for _ in range(count)]
    ids = [at for count in splits.values() for at in range(len(tones_hz)) for _ in range(count)]
    clips = np.array([burst(tone, config.frontend.clip_samples, rng) for tone in tones], np.int16)
    clips = clips.reshape(len(tones), config.frontend.clip_samples)
    noise = (rng.standard_normal(32000) * 200).astype(np.int16)
    index = {
        "format_version": 1,
        "labels": [label.name for label in config.labels],
        "frontend": config.frontend.to_dict(),
        "noise_lengths": [len(noise)],
        "split_sizes": {split: count * len(tones_hz) for split, count in splits.items()},
        "sources": [f"clip/{at}.wav" for at in range(len(ids))],
        "keys": [str(at) for at in range(len(ids))],
        "label_ids": ids,
    }
    folder.mkdir(parents=True, exist_ok=True)
    save(folder, index, clips=clips, features=features_of_clips(clips, config.frontend), noise=noise)


def save(folder: Path, index: dict[str, Any], **arrays: npt.NDArray[Any]) -> None:
    (folder / "index.json").write_text(json.dumps(index))
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def burst(tone_hz: float, n_samples: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Returns float [n_samples]: a fifth of a second of a tone somewhere in faint noise; 0 Hz is noise only."""
    samples = rng.standard_normal(n_samples) * 30
    length = 3200
    start = rng.integers(n_samples - length)
    time_s = np.arange(length) / 16000
    samples[start : start + length] += rng.uniform(2000, 12000) * np.sin(2 * np.pi * tone_hz * time_s)
    return samples
