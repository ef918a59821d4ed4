# SPDX-License-Identifier: Apache-2.0
"""Keeps the weights of a training on synthetic clips, so that recordings are added to it without training again.

They are used as long as everything that they were learned from is the same; of the other words, which `prepare` draws
by the number of the words' clips, most must be.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tinykws import __version__
from tinykws.project.labels import FIRST_WORD
from tinykws.project.training_settings import TrainingSettings
from tinykws.support.files import replacing_folder, write_json
from tinykws.support.freshness import digest_of_files
from tinykws.training.running_mean import Weights
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import TRAINING, UNKNOWN_INDEX

WEIGHTS, FACTS = "weights.npz", "facts.json"
SAME_OTHERS = 0.9
"""Share of the clips of other words that must be the same."""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a network learned from."""

    digest: str
    """Of the settings, the clips of the words, noise and talk."""
    others: frozenset[str]
    """Keys of the clips of other words."""

    def is_like(self, other: Facts) -> bool:
        """Returns whether a training on one would give about the same network as on the other."""
        shared, both = len(self.others & other.others), len(self.others | other.others)
        return self.digest == other.digest and shared >= SAME_OTHERS * both


def facts_of(dataset: Dataset, architecture: str, settings: TrainingSettings, talk: Path | None) -> Facts:
    """Returns what a network would learn from.

    Args:
        dataset: without the recordings that it is fine-tuned on later (fine_tuning.without).
        architecture: its name.
        settings: with all defaults filled in.
        talk: folder of the recordings without the words; None if there is none.
    """
    label_ids = np.asarray(dataset.label_ids(TRAINING))
    keys = dataset.keys[: len(label_ids)]
    values = [
        __version__,
        architecture,
        dataclasses.asdict(settings),
        dataset.labels,
        dataset.frontend.to_dict(),
        dataset.placement,
        [(keys[row], int(label_ids[row])) for row in np.flatnonzero(label_ids >= FIRST_WORD)],
        [hashlib.sha256(noise.tobytes()).hexdigest() for noise in dataset.noise],
        digest_of_files([talk]) if talk is not None and talk.is_dir() else "",
    ]
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    return Facts(digest, frozenset(keys[row] for row in np.flatnonzero(label_ids == UNKNOWN_INDEX)))


def keep_start(folder: Path, facts: Facts, weights: Weights, history: list[dict[str, Any]]) -> None:
    """Keeps weights and the record of each epoch, in place of those that were kept before."""
    with replacing_folder(folder) as new:
        np.savez(new / WEIGHTS, *weights)
        write_json(new / FACTS, {"digest": facts.digest, "others": sorted(facts.others), "history": history})


def kept_start(folder: Path, facts: Facts) -> tuple[Weights, list[dict[str, Any]]] | None:
    """Returns the kept weights and record if they were learned from the same; None if not, or if they are damaged."""
    try:
        values = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if not facts.is_like(Facts(values["digest"], frozenset(values["others"]))):
            return None
        with np.load(folder / WEIGHTS) as arrays:
            return [arrays[f"arr_{at}"] for at in range(len(arrays.files))], list(values["history"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
