"""How long to train, and what a clip counts, where kws.yaml does not say: that depends on who speaks the clips.

People say a word in more ways than a synthesizer. Where the words are spoken by one, they get lost among the unknown
ones unless they count more, and the longer the network learns, the better it knows the synthesizer and the worse it
hears people. A few recordings of every label, people's other words too, keep it from that (docs/training_data.md).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from tinykws.bundle import FIRST_WORD
from tinykws.clips.dataset import Dataset, is_recording
from tinykws.clips.folders import UNKNOWN_INDEX
from tinykws.config import TrainingSettings

FOR_RECORDED: dict[str, Any] = {"epochs": 150, "class_balance": 0.5}
"""At least half of the words' clips are recordings."""
FOR_MIXED: dict[str, Any] = {"epochs": 40, "class_balance": 1.0}
"""Most are spoken, but of every label there are some recordings."""
FOR_SPOKEN: dict[str, Any] = {"epochs": 8, "class_balance": 1.0}
SOME = 10
"""Recordings of a label; measured with 20 of each word."""


def suited(settings: TrainingSettings, dataset: Dataset) -> TrainingSettings:
    """Returns the settings with epochs and class_balance as suits the dataset where kws.yaml says nothing of them."""
    label_ids = np.asarray(dataset.label_ids("training"))
    recorded = np.array([is_recording(source) for source in dataset.sources("training")], np.bool_)
    usual = _usual(label_ids, recorded, len(dataset.labels))
    missing = {name: value for name, value in usual.items() if getattr(settings, name) is None}
    return dataclasses.replace(settings, **missing)


def _usual(label_ids: npt.NDArray[np.int64], recorded: npt.NDArray[np.bool_], n_labels: int) -> dict[str, Any]:
    if 2 * recorded[label_ids >= FIRST_WORD].sum() >= (label_ids >= FIRST_WORD).sum():
        return FOR_RECORDED
    of_label = np.bincount(label_ids[recorded], minlength=n_labels)
    return FOR_MIXED if of_label[UNKNOWN_INDEX:].min() >= SOME else FOR_SPOKEN
