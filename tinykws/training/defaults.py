# SPDX-License-Identifier: Apache-2.0
"""Default training settings; they depend on whether the training clips are recordings or synthetic.

People say a word in more ways than a synthesizer. With synthetic words only, long training fits the synthesizer and
lowers the recall on people, and words need a higher weight against the unknown class. A few recordings of every label,
including unknown words, prevent that (docs/explanation/training_data.md).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tinykws.project.labels import FIRST_WORD
from tinykws.project.model_settings import ModelSettings
from tinykws.project.training_settings import AugmentationSettings, TrainingSettings
from tinykws.training_data.dataset import Dataset, is_recording
from tinykws.training_data.folders import UNKNOWN_INDEX

S = TypeVar("S", TrainingSettings, AugmentationSettings)

MIN_RECORDINGS = 10
"""Least number of recordings per label for the mixed defaults; measured with 20 of each word."""


@dataclasses.dataclass(frozen=True)
class DefaultSettings:
    """Default values for one kind of dataset; the field names are keys of kws.yaml."""

    epochs: int
    class_balance: float
    recordings_share: float
    tempo_percent: float


FOR_RECORDED = DefaultSettings(epochs=150, class_balance=0.5, recordings_share=0.3, tempo_percent=0.0)
"""For datasets in which at least half of the words' clips are recordings."""
FOR_MIXED = DefaultSettings(epochs=40, class_balance=1.0, recordings_share=0.5, tempo_percent=0.0)
"""For mostly synthetic words, with at least MIN_RECORDINGS of every label, including unknown."""
FOR_SYNTHETIC = DefaultSettings(epochs=8, class_balance=1.0, recordings_share=0.3, tempo_percent=20.0)
"""For all others: synthetic words with few recordings or none."""


FOR_STREAMS = DefaultSettings(epochs=32, class_balance=1.0, recordings_share=0.3, tempo_percent=55.0)
"""For networks that are trained on segments of streams, whatever the dataset; an epoch is a minute of segments each
of which is learned several times."""


def with_defaults(settings: TrainingSettings, dataset: Dataset, model: ModelSettings) -> TrainingSettings:
    """Returns the settings with defaults in place of values that kws.yaml does not set.

    Args:
        settings: as in kws.yaml.
        dataset: the clips that the network will learn from.
        model: the network.
    """
    if model.hears_streams:
        defaults = dataclasses.asdict(FOR_STREAMS)
        return dataclasses.replace(_filled(settings, defaults), augmentation=_filled(settings.augmentation, defaults))
    label_ids = np.asarray(dataset.label_ids("training"))
    recorded = np.array([is_recording(source) for source in dataset.sources("training")], np.bool_)
    defaults = dataclasses.asdict(_defaults_for(label_ids, recorded, len(dataset.labels)))
    augmentation = _filled(settings.augmentation, defaults)
    return dataclasses.replace(_filled(settings, defaults), augmentation=augmentation)


def _filled(settings: S, defaults: Mapping[str, Any]) -> S:
    """Returns the settings with unset fields filled from the defaults that have the same name."""
    names = {field.name for field in dataclasses.fields(settings)}
    missing = {name: value for name, value in defaults.items() if name in names and getattr(settings, name) is None}
    return dataclasses.replace(settings, **missing)


def _defaults_for(label_ids: npt.NDArray[np.int64], recorded: npt.NDArray[np.bool_], n_labels: int) -> DefaultSettings:
    if 2 * recorded[label_ids >= FIRST_WORD].sum() >= (label_ids >= FIRST_WORD).sum():
        return FOR_RECORDED
    of_label = np.bincount(label_ids[recorded], minlength=n_labels)
    return FOR_MIXED if of_label[UNKNOWN_INDEX:].min() >= MIN_RECORDINGS else FOR_SYNTHETIC
