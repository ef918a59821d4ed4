# SPDX-License-Identifier: Apache-2.0
"""By whom the clips were spoken on which a recall was measured, and what that recall says about people.

A network that learned a text-to-speech engine knows its voices: it finds most of the clips that this engine made from
other voices, and may find hardly any person. So such a recall is not a promise. Voices of an engine that training never
used are nearer to it, and still easier than people; what such a promise was worth on words for which there were
recordings of many people is the only known correction (docs/notebook/hearing_people.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinykws.project.labels import FIRST_WORD
from tinykws.training_data.dataset import RECORDED_PREFIX, Dataset, is_recording
from tinykws.training_data.folders import TRAINING, speaker_of

PEOPLE = "people"
"""Enough people for each word, whom training did not hear."""
FEW_PEOPLE = "few people"
"""Recordings of fewer people, or of people whom training heard, or few recordings."""
ENGINES_HELD_BACK = "engines held back"
"""Synthetic voices of engines that training never used."""
ENGINES_OF_TRAINING = "engines of training"
"""Synthetic voices of engines that training used, or may have used."""
FEWEST_PEOPLE, FEWEST_CLIPS = 5, 20
"""Of each word, for a figure that says something about other people."""

LOG_ODDS_LOST = 2.0
"""By how much the log-odds of people's recall are lower than those of voices of an engine that was held back: 46.7,
66.7 and 71.3 % of flite's clips and 11.7, 18.7 and 24.1 % of people's were found at three thresholds of one network."""


def spoken_by(dataset: Dataset, split: str, held_back: Sequence[str]) -> str:
    """Returns who spoke the words' clips of a split.

    Args:
        dataset: the clips.
        split: validation or testing.
        held_back: text-to-speech engines that training did not use; empty if that is not known.
    """
    if len(rows_of_people(dataset, split)):
        return PEOPLE
    label_ids, sources = np.asarray(dataset.label_ids(split)), dataset.sources(split)
    if all(is_recording(sources[row]) for row in np.flatnonzero(label_ids >= FIRST_WORD)):
        return FEW_PEOPLE
    return ENGINES_HELD_BACK if held_back else ENGINES_OF_TRAINING


def rows_of_people(dataset: Dataset, split: str) -> npt.NDArray[np.int64]:
    """Returns the rows of a split with words recorded from people; empty if they are too few to speak for others."""
    sources, label_ids = dataset.sources(split), np.asarray(dataset.label_ids(split))
    known = {_speaker(source) for source in dataset.sources(TRAINING) if is_recording(source)}
    words = [row for row in np.flatnonzero(label_ids >= FIRST_WORD) if is_recording(sources[row])]
    speakers: dict[int, set[str]] = {label_id: set() for label_id in range(FIRST_WORD, len(dataset.labels))}
    for row in words:
        speakers[int(label_ids[row])] |= {_speaker(sources[row])} - known
    clips = np.bincount(label_ids[words], minlength=len(dataset.labels)) if words else np.zeros(len(dataset.labels))
    enough = all(
        len(names) >= FEWEST_PEOPLE and clips[label_id] >= FEWEST_CLIPS for label_id, names in speakers.items()
    )
    return np.array(words if enough else [], np.int64)


def recall_expected_of_people(share: float) -> float:
    """Returns the share of people's words that may be found, given that of voices of engines that were held back.

    The log-odds are lowered by as much as they were for the development word `computer`.
    """
    share = min(0.99, max(0.01, share))
    return 1 / (1 + math.exp(LOG_ODDS_LOST) * (1 - share) / share)


def _speaker(source: str) -> str:
    return speaker_of(source.removeprefix(RECORDED_PREFIX))
