# SPDX-License-Identifier: Apache-2.0
"""The two ways in which a network learns from a dataset: clip by clip, or from segments of streams."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.project.training_settings import TrainingSettings
from tinykws.training.architectures.registry import STREAM_WIDTHS
from tinykws.training.architectures.stream_tcn import shape_for
from tinykws.training.class_weights import class_weights
from tinykws.training.epochs import Epochs
from tinykws.training.keras_network import Network
from tinykws.training.lessons import Lessons
from tinykws.training.segments import SegmentMaker
from tinykws.training.stream_trainer import StreamTrainer
from tinykws.training.trainer import EpochResult, Trainer
from tinykws.training.word_targets import WordTargets
from tinykws.training_data.dataset import Dataset


class Run(Protocol):
    """A training in progress."""

    n_epochs: int
    """How many epochs it has."""
    keeps_last: bool
    """Whether the last epoch's weights are the result; otherwise the best epoch's on the validation clips."""

    @property
    def network(self) -> Network:
        """The network with the present weights."""

    def epochs(self) -> Generator[EpochResult, None, None]:
        """Learns one epoch after another, and yields how each went. Close the generator to stop early."""

    def weights(self) -> list[npt.NDArray[Any]]:
        """Returns a copy of all weights."""

    def restore(self, weights: list[npt.NDArray[Any]]) -> None:
        """Sets weights that `weights` returned earlier."""


class ClipRun:
    """Learns from single clips; with distillation, a teacher learns each epoch first.

    Args:
        dataset: the clips.
        settings: with all defaults filled in.
        trainer: of the network.
        teacher: of the teacher, or None.
    """

    keeps_last = False

    def __init__(self, dataset: Dataset, settings: TrainingSettings, trainer: Trainer, teacher: Trainer | None) -> None:
        self._dataset, self._settings = dataset, settings
        self._trainer, self._teacher = trainer, teacher
        assert settings.epochs is not None
        self.n_epochs = settings.epochs
        self._words = WordTargets(dataset)
        assert settings.class_balance is not None
        label_ids = np.asarray(dataset.label_ids("training"), np.int64)
        self._weights = class_weights(label_ids, len(dataset.labels), settings.class_balance)

    @property
    def network(self) -> Network:
        """The network with the present weights."""
        return self._trainer.network

    @property
    def teacher(self) -> Network | None:
        """The teacher's network, if there is one."""
        return None if self._teacher is None else self._teacher.network

    def epochs(self) -> Generator[EpochResult, None, None]:
        """Learns one epoch after another, and yields how each went."""
        made = Epochs(self._dataset, self._settings.augmentation, self._settings.seed).first(self.n_epochs)
        try:
            for epoch in made:
                batch = (
                    epoch.features,
                    epoch.label_ids,
                    self._weights[epoch.label_ids],
                    self._words.ids_of(epoch),
                )
                if self._teacher is not None:
                    self._teacher.train_epoch(*batch)
                yield self._trainer.train_epoch(*batch)
        finally:
            made.close()

    def weights(self) -> list[npt.NDArray[Any]]:
        """Returns a copy of all weights."""
        return self._trainer.weights()

    def restore(self, weights: list[npt.NDArray[Any]]) -> None:
        """Sets weights that `weights` returned earlier."""
        self._trainer.restore(weights)


class StreamRun:
    """Learns from segments of streams.

    The mean of the last steps' weights is kept: what an epoch's figures on validation clips gain or lose from the one
    before says little about a stream.

    Args:
        dataset: the clips.
        settings: with all defaults filled in.
        architecture: a size of stream_tcn.
        talk: recordings without the words, int16 [m].
        lessons: what a pretrained teacher says of the clips and of the talk.
    """

    keeps_last = True

    def __init__(
        self,
        dataset: Dataset,
        settings: TrainingSettings,
        architecture: str,
        talk: Sequence[Samples],
        lessons: Lessons | None = None,
    ) -> None:
        assert architecture in STREAM_WIDTHS
        assert settings.epochs is not None
        shape = shape_for(dataset.frontend.n_frames)
        self.n_epochs = settings.epochs
        self._maker = SegmentMaker(dataset, talk, settings.augmentation, shape, settings.seed, lessons=lessons)
        self._trainer = StreamTrainer(
            architecture, dataset.frontend.features_shape, len(dataset.labels), self._maker, settings
        )

    @property
    def network(self) -> Network:
        """The network with the present weights."""
        return self._trainer.network

    def epochs(self) -> Generator[EpochResult, None, None]:
        """Learns one epoch after another, and yields how each went."""
        made = self._maker.first(self.n_epochs)
        try:
            for segments in made:
                yield self._trainer.train_epoch(segments)
        finally:
            made.close()

    def weights(self) -> list[npt.NDArray[Any]]:
        """Returns a copy of all weights."""
        return self._trainer.weights()

    def restore(self, weights: list[npt.NDArray[Any]]) -> None:
        """Sets weights that `weights` returned earlier."""
        self._trainer.restore(weights)
