# SPDX-License-Identifier: Apache-2.0
"""Paths of a project: kws.yaml, the data folder, and everything that is made from them under build/."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tinykws.project.config import CONFIG_NAME, Config, load_config
from tinykws.project.network_size import with_architecture

BUILD = "build"


@dataclasses.dataclass(frozen=True)
class Project:
    """A project: a folder with a kws.yaml.

    Stages before the bundle read `data_dir` and write below `build_dir`; stages after it read `bundle_dir`.
    """

    root: Path
    config: Config
    size: str | None = None
    """`model: size` as kws.yaml has it; `config` has the architecture that it means."""

    @classmethod
    def load(cls, root: Path) -> Project:
        """Reads root/kws.yaml. Raises ConfigError if it is missing or wrong."""
        config = load_config(root / CONFIG_NAME)
        return cls(root, with_architecture(config, root / BUILD), config.model.size)

    @property
    def data_dir(self) -> Path:
        """The user's recordings: <label>/*.wav, _background_noise_/, validation_list.txt, testing_list.txt."""
        return self.root / self.config.data

    @property
    def build_dir(self) -> Path:
        """Everything that can be rebuilt; it may be deleted."""
        return self.root / BUILD

    @property
    def synth_dir(self) -> Path:
        """Synthetic clips, in the same layout as data_dir, with list files that split them by voice."""
        return self.build_dir / "synth"

    @property
    def kept_synth_dir(self) -> Path:
        """Synthetic clips of earlier words and settings."""
        return self.build_dir / "kept_synth"

    @property
    def dataset_dir(self) -> Path:
        """Arrays ready for training, which prepare makes from both folders."""
        return self.build_dir / "dataset"

    @property
    def model_dir(self) -> Path:
        """model.keras, history.json, learning_curves.png."""
        return self.build_dir / "model"

    @property
    def float_model_path(self) -> Path:
        """The trained network in Keras format."""
        return self.model_dir / "model.keras"

    @property
    def teacher_rows_path(self) -> Path:
        """What a pretrained teacher made of each sound; kept, because it takes minutes."""
        return self.build_dir / "teacher" / "rows.npz"

    @property
    def synthetic_start_dir(self) -> Path:
        """Weights of the network that learned synthetic clips only, for fine-tuning on recordings."""
        return self.build_dir / "synthetic_start"

    @property
    def quantized_dir(self) -> Path:
        """The int8 model as a bundle whose detector is not tuned yet."""
        return self.build_dir / "quantized"

    @property
    def bundle_dir(self) -> Path:
        """The bundle: everything that the stages after training need."""
        return self.build_dir / "bundle"

    @property
    def evaluation_dir(self) -> Path:
        """evaluation.json, confusion_matrix.png."""
        return self.build_dir / "evaluation"

    @property
    def stream_evaluation_dir(self) -> Path:
        """stream.json, stream.png."""
        return self.build_dir / "stream_evaluation"

    @property
    def negatives_dir(self) -> Path:
        """The user's long recordings without the words; it need not exist."""
        return self.root / self.config.negatives

    def stamp_path(self, stage: str) -> Path:
        """The file in which freshness.py records what a stage's outputs were made from."""
        return self.build_dir / "stamps" / f"{stage}.json"
