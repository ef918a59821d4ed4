# SPDX-License-Identifier: Apache-2.0
"""Who spoke the clips that a recall is measured on; if there are enough people, their clips alone are measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tinykws.evaluation.spoken_by import (
    ENGINES_HELD_BACK,
    ENGINES_OF_TRAINING,
    FEW_PEOPLE,
    PEOPLE,
    recall_expected_of_people,
    rows_of_people,
    spoken_by,
)
from tinykws.evaluation.stream_set import plan_stream_set
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.training_data.dataset import Dataset

LABELS = ("silence", "unknown", "yes", "no")


def dataset(training: Sequence[str], validation: Sequence[str]) -> Dataset:
    """Clips of these sources; the folder's name is the label."""
    sources = [*training, *validation]
    frontend = FrontendSettings()
    clips = np.zeros((len(sources), frontend.clip_samples), np.int16)
    clips[:, 4000:9000] = (np.random.default_rng(1).standard_normal((len(sources), 5000)) * 900).astype(np.int16)
    return Dataset(
        labels=LABELS,
        frontend=frontend,
        noise=[],
        split_sizes={"training": len(training), "validation": len(validation), "testing": 0},
        all_sources=sources,
        keys=[str(at) for at in range(len(sources))],
        all_label_ids=np.array(
            [LABELS.index(one) if one in LABELS else 1 for one in (name.split("/")[1] for name in sources)]
        ),
        all_clips=clips,
        all_features=np.zeros((len(sources), *frontend.features_shape), np.int8),
    )


def of_people(count: int, words: Sequence[str] = ("yes", "no"), first: int = 0, takes: int = 4) -> list[str]:
    people = [f"anna{first + at}" for at in range(count)]
    return [f"data/{word}/{name}_nohash_{take}.wav" for word in words for name in people for take in range(takes)]


SYNTHETIC = ["synth/yes/m3_nohash_0.wav", "synth/no/m3_nohash_1.wav"]


@pytest.mark.parametrize(
    ("training", "validation", "held_back", "expected"),
    [
        (SYNTHETIC, SYNTHETIC, (), ENGINES_OF_TRAINING),
        (SYNTHETIC, SYNTHETIC, ("flite",), ENGINES_HELD_BACK),
        (SYNTHETIC, of_people(5), (), PEOPLE),
        (SYNTHETIC, SYNTHETIC + of_people(5), ("flite",), PEOPLE),
        (SYNTHETIC, SYNTHETIC + of_people(4, takes=9), ("flite",), ENGINES_HELD_BACK),
        (SYNTHETIC, SYNTHETIC + of_people(9, takes=2), (), ENGINES_OF_TRAINING),
        (SYNTHETIC, SYNTHETIC + of_people(5, ["yes"]), (), ENGINES_OF_TRAINING),  # nobody said the other word
        (of_people(5), of_people(5), (), FEW_PEOPLE),  # the same people
        (of_people(9, first=9), of_people(5), (), PEOPLE),
        (of_people(1), of_people(1), (), FEW_PEOPLE),
        (SYNTHETIC, [*SYNTHETIC, *of_people(5, ["cat"])], (), ENGINES_OF_TRAINING),  # another word
        (SYNTHETIC, [f"data/{word}/p{at}/take.wav" for word in ("yes", "no") for at in range(20)], (), PEOPLE),
    ],
)
def test_who_spoke(training: list[str], validation: list[str], held_back: tuple[str, ...], expected: str) -> None:
    assert spoken_by(dataset(training, validation), "validation", held_back) == expected


def test_enough_people_are_measured_alone() -> None:
    mixed = dataset(SYNTHETIC, SYNTHETIC + of_people(6) + ["data/cat/anna_nohash_0.wav"])
    assert list(rows_of_people(mixed, "validation")) == list(range(2, 50))
    quiet = plan_stream_set(mixed, "validation", [], []).words[0]
    assert len(quiet.events) == 48
    few = dataset(SYNTHETIC, SYNTHETIC + of_people(2) + ["data/cat/anna_nohash_0.wav"])
    assert len(plan_stream_set(few, "validation", [], []).words[0].events) == 18


def test_people_are_expected_to_be_found_less_than_the_voices_of_engines() -> None:
    shares = [recall_expected_of_people(share) for share in (0.0, 0.3, 0.6, 0.9, 1.0)]
    assert shares == sorted(shares)
    measured = {0.467: 0.117, 0.667: 0.187, 0.713: 0.241}
    assert all(abs(recall_expected_of_people(held_back) - people) < 0.035 for held_back, people in measured.items())
    assert all(0 < people < max(share, 0.01) for people, share in zip(shares, (0.0, 0.3, 0.6, 0.9, 1.0), strict=True))
