# SPDX-License-Identifier: Apache-2.0
"""How long to train, and what a clip counts, where kws.yaml does not say: that depends on who speaks the clips.

People say a word in more ways than a synthesizer. Where the words are spoken by one, they get lost among the unknown
ones unless they count more, and the longer the network learns, the better it knows the synthesizer and the worse it
hears people. A few recordings of every label, people's other words too, keep it from that (docs/training_data.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tinykws.project.labels import FIRST_WORD
from tinykws.project.training_settings import AugmentationSettings, TrainingSettings
from tinykws.training_data.dataset import Dataset, is_recording
from tinykws.training_data.folders import UNKNOWN_INDEX

S = TypeVar("S", TrainingSettings, AugmentationSettings)

SOME = 10
"""Recordings of a label; measured with 20 of each word."""


@dataclasses.dataclass(frozen=True)
class Usual:
    """Values for one kind of dataset, named as kws.yaml has them."""

    epochs: int
    class_balance: float
    recordings_share: float
    tempo_percent: float


FOR_RECORDED = Usual(epochs=150, class_balance=0.5, recordings_share=0.3, tempo_percent=0.0)
"""At least half of the words' clips are recordings."""
FOR_MIXED = Usual(epochs=40, class_balance=1.0, recordings_share=0.5, tempo_percent=0.0)
"""Most are spoken, but of every label, the unknown words too, there are SOME recordings."""
FOR_SPOKEN = Usual(epochs=8, class_balance=1.0, recordings_share=0.3, tempo_percent=20.0)


def suited(settings: TrainingSettings, dataset: Dataset) -> TrainingSettings:
    """Returns the settings with all values of Usual, those that suit the dataset where kws.yaml says nothing."""
    label_ids = np.asarray(dataset.label_ids("training"))
    recorded = np.array([is_recording(source) for source in dataset.sources("training")], np.bool_)
    usual = dataclasses.asdict(_usual(label_ids, recorded, len(dataset.labels)))
    augmentation = _filled(settings.augmentation, usual)
    return dataclasses.replace(_filled(settings, usual), augmentation=augmentation)


def _filled(settings: S, usual: Mapping[str, Any]) -> S:
    """Returns the settings with each of the usual values that they know and do not have."""
    names = {field.name for field in dataclasses.fields(settings)}
    missing = {name: value for name, value in usual.items() if name in names and getattr(settings, name) is None}
    return dataclasses.replace(settings, **missing)


def _usual(label_ids: npt.NDArray[np.int64], recorded: npt.NDArray[np.bool_], n_labels: int) -> Usual:
    if 2 * recorded[label_ids >= FIRST_WORD].sum() >= (label_ids >= FIRST_WORD).sum():
        return FOR_RECORDED
    of_label = np.bincount(label_ids[recorded], minlength=n_labels)
    return FOR_MIXED if of_label[UNKNOWN_INDEX:].min() >= SOME else FOR_SPOKEN
