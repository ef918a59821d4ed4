# SPDX-License-Identifier: Apache-2.0
"""Which recordings a network is fine-tuned on, what they are mixed with, and when kept weights are used again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.training_settings import TrainingSettings
from tinykws.training.fine_tuning import mixed, recordings_for_fine_tuning, without
from tinykws.training.kept_start import FACTS, WEIGHTS, facts_of, keep_start, kept_start
from tinykws.training_data.dataset import Dataset

FRONTEND = FrontendSettings(clip_ms=100)
SETTINGS = TrainingSettings(epochs=1)


def dataset(*, recorded: dict[str, int], synthetic: dict[str, int]) -> Dataset:
    """Training clips of these numbers by label, and a validation clip; a clip's first sample is its number."""
    kinds = [("data", recorded), ("synth", synthetic)]
    sources = [f"{kind}/{name}/v_nohash_{at}.wav" for kind, of in kinds for name, n in of.items() for at in range(n)]
    sources.append("synth/yes/other_nohash_0.wav")
    labels = ("silence", "unknown", "yes", "no")
    clips = np.zeros((len(sources), FRONTEND.clip_samples), np.int16)
    clips[:, 0] = np.arange(len(sources))
    return Dataset(
        labels=labels,
        frontend=FRONTEND,
        noise=[np.ones(160, np.int16)],
        split_sizes={"training": len(sources) - 1, "validation": 1, "testing": 0},
        all_sources=sources,
        keys=list(sources),
        all_label_ids=np.array([labels.index(source.split("/")[1]) for source in sources]),
        all_clips=clips,
        all_features=np.zeros((len(sources), *FRONTEND.features_shape), np.int8),
    )


TWENTY = dataset(recorded={"yes": 20, "unknown": 5}, synthetic={"yes": 100, "no": 100, "unknown": 300})


def test_few_recordings_of_words_with_synthetic_clips_are_for_fine_tuning() -> None:
    assert list(recordings_for_fine_tuning(TWENTY)) == list(range(20))
    many = dataset(recorded={"yes": 300, "no": 20}, synthetic={"yes": 100, "unknown": 10})
    assert len(recordings_for_fine_tuning(many)) == 0, "more than the synthetic ones, or the only ones"


def test_the_first_training_does_not_see_them() -> None:
    first = without(TWENTY, recordings_for_fine_tuning(TWENTY))
    counts = np.bincount(first.label_ids("training"), minlength=4)
    assert list(counts) == [20, 305, 100, 100]
    assert list(first.label_ids("validation")) == [2]


def test_recordings_have_their_share_of_their_word() -> None:
    used = np.arange(5, 20)
    made = mixed(TWENTY, used, 0.5, seed=1)
    label_ids = np.asarray(made.label_ids("training"))
    numbers = made.clips("training")[:, 0]
    of_yes = numbers[label_ids == 2]
    assert set(of_yes[of_yes < 20]) == set(range(5, 20)), "what is left out is not learned"
    assert np.sum(of_yes < 20) == 300
    assert np.sum(of_yes >= 20) == 100
    assert np.sum(numbers[label_ids == 3] >= 20) == 100
    assert set(label_ids) == {1, 2, 3}
    assert made.split_sizes["validation"] == 0


def test_kept_weights_are_used_as_long_as_they_would_be_learned_again(tmp_path: Path) -> None:
    before = dataset(recorded={"unknown": 5}, synthetic={"yes": 100, "no": 100, "unknown": 300})
    weights = [np.arange(6.0).reshape(2, 3), np.array(2.5)]
    start = facts_of(before, "stream_small", SETTINGS, None)
    keep_start(tmp_path / "start", start, weights, [{"epoch": 1}])
    with_recordings = facts_of(without(TWENTY, recordings_for_fine_tuning(TWENTY)), "stream_small", SETTINGS, None)
    kept = kept_start(tmp_path / "start", with_recordings)
    assert kept is not None
    assert all(np.array_equal(one, other) for one, other in zip(kept[0], weights, strict=True))
    assert kept[1] == [{"epoch": 1}]
    more_others = dataset(recorded={}, synthetic={"yes": 100, "no": 100, "unknown": 310})
    assert start.is_like(facts_of(more_others, "stream_small", SETTINGS, None))
    fewer_words = dataset(recorded={}, synthetic={"yes": 90, "no": 100, "unknown": 300})
    fewer_others = dataset(recorded={}, synthetic={"yes": 100, "no": 100, "unknown": 200})
    for other in (
        facts_of(before, "stream_large", SETTINGS, None),
        facts_of(before, "stream_small", dataclasses.replace(SETTINGS, seed=2), None),
        facts_of(fewer_words, "stream_small", SETTINGS, None),
        facts_of(fewer_others, "stream_small", SETTINGS, None),
        facts_of(dataclasses.replace(before, noise=[]), "stream_small", SETTINGS, None),
    ):
        assert kept_start(tmp_path / "start", other) is None


@pytest.mark.parametrize("name", [FACTS, WEIGHTS])
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\x00\x01"])
def test_damaged_weights_are_not_used(name: str, content: bytes, tmp_path: Path) -> None:
    facts = facts_of(TWENTY, "stream_small", SETTINGS, None)
    assert kept_start(tmp_path / "none", facts) is None
    keep_start(tmp_path / "start", facts, [np.ones(3)], [])
    (tmp_path / "start" / name).write_bytes(content)
    assert kept_start(tmp_path / "start", facts) is None
