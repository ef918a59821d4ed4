# SPDX-License-Identifier: Apache-2.0
"""words: clips of one folder are of one word, whatever their label; a cut word is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tone_bursts_dataset import make_project

from tinykws.training.epochs import Epoch
from tinykws.training.word_targets import NO_WORD, WordTargets
from tinykws.training_data.dataset import Dataset


def test_the_words_of_an_epoch(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    index = json.loads((project.dataset_dir / "index.json").read_text())
    folders = ["silence/training", "data/go", "data/low", "synth/low"]  # 40 training clips each, by label
    labels_sources = zip(index["label_ids"], index["sources"], strict=True)
    index["sources"] = [f"{folders[label_id]}/{name.split('/')[-1]}" for label_id, name in labels_sources]
    (project.dataset_dir / "index.json").write_text(json.dumps(index))
    dataset = Dataset.load(project.dataset_dir)
    words = WordTargets(dataset)
    assert words.names == ("go", "low", "training")
    rows = np.array([0, 45, 85, 125])
    epoch = Epoch(dataset.features("training")[rows], dataset.label_ids("training")[rows], rows)
    assert [words.names[at] for at in words.ids_of(epoch)] == ["training", "go", "low", "low"]
    epoch.label_ids[2] = 1
    assert words.ids_of(epoch).tolist()[2] == NO_WORD
