# SPDX-License-Identifier: Apache-2.0
"""What a detector is measured on: the words of held-back clips in several scenes, and long sound without them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinykws.audio.files import read_audio
from tinykws.audio.samples import Samples
from tinykws.evaluation.stream_recording import FIRST_HALF, SECOND_HALF, WHOLE, Part, recorded_streams
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.synthetic_talk import TalkStream
from tinykws.evaluation.word_stream import SCENES, Clips, Scene, WordStream
from tinykws.project.labels import FIRST_WORD
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import noise_files
from tinykws.training_data.silence_clips import split_noise

MOST_CLIPS = 600
"""In one stream; the same number of each word, evenly over the split."""
OTHERS_SCENE = Scene("other words")
TALK_SCENES = (Scene("made talk"), Scene("made talk, noise 10 dB", 10.0))
TUNED_ON, REPORTED_ON = FIRST_HALF, SECOND_HALF
"""Which halves of the project's own long recordings."""


@dataclasses.dataclass(frozen=True)
class Material:
    """Streams to measure by."""

    words: tuple[Stream, ...]
    """The words, in one scene a stream: for recall."""
    negatives: tuple[Stream, ...]
    """Without the words: for false accepts per hour."""
    others: tuple[Stream, ...]
    """Only other words, one by one; harder than ordinary speech."""
    made_negatives: bool = False
    """Whether the negatives are made, as nobody gave long recordings."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All streams."""
        return (*self.words, *self.negatives, *self.others)


def project_negatives(project: Project, part: Part) -> tuple[Stream, ...]:
    """Returns the project's own long recordings, or none."""
    folder = project.negatives_dir
    return tuple(recorded_streams([folder], part)) if folder.is_dir() else ()


def given_negatives(paths: Sequence[Path]) -> tuple[Stream, ...]:
    """Returns recordings that were named, whole. Raises ConfigError where there is none or one that is no audio."""
    return tuple(recorded_streams(paths, WHOLE))


def make_material(
    dataset: Dataset, split: str, noise: Sequence[Samples], negatives: Sequence[Stream], seed: int = 1
) -> Material:
    """Plans the streams of a split of a dataset.

    Args:
        dataset: whose clips are played.
        split: validation or testing.
        noise: recordings int16 [m] that no training clip was cut from.
        negatives: long recordings without the words; where there are none, other words strung together stand for them.
        seed: of all that is random in the streams.

    Raises:
        ConfigError: no clip of any word, or neither negatives nor other words.
    """
    words, others = _words(dataset, split), _others(dataset, split)
    if not len(words):
        raise ConfigError(f"the dataset has no {split} clip of a word", hint="add recordings, then: tinykws prepare")
    scenes = [WordStream(words, scene, others=others, noise=noise, seed=seed) for scene in SCENES]
    if not negatives and not len(others):
        raise ConfigError(
            f"no long recording without the words, and no {split} clip of another word",
            hint="put hours of ordinary speech into negatives/, or name files: --negatives FILE",
        )
    single = (WordStream(others, OTHERS_SCENE, noise=noise, seed=seed),) if len(others) else ()
    if negatives:
        return Material(tuple(scenes), tuple(negatives), single)
    talk = tuple(TalkStream(others, scene, noise=noise, seed=seed) for scene in TALK_SCENES)
    return Material(tuple(scenes), talk, single, made_negatives=True)


def held_back_noise(data_folders: Sequence[Path], split: str) -> list[Samples]:
    """Returns the parts of background recordings that are set aside for a split."""
    recordings = [read_audio(path).samples for folder in data_folders for path in noise_files(folder)]
    return split_noise(recordings)[split]


def _words(dataset: Dataset, split: str) -> Clips:
    label_ids = np.asarray(dataset.label_ids(split))
    n_words = len(dataset.labels) - FIRST_WORD
    rows = [
        _evenly(np.flatnonzero(label_ids == at), MOST_CLIPS // n_words) for at in range(FIRST_WORD, len(dataset.labels))
    ]
    return _clips(dataset, split, [row for word in rows for row in word])


def _others(dataset: Dataset, split: str) -> Clips:
    label_ids = np.asarray(dataset.label_ids(split))
    return _clips(dataset, split, _evenly(np.flatnonzero(label_ids == FIRST_WORD - 1), MOST_CLIPS))


def _evenly(rows: Sequence[int] | np.ndarray, most: int) -> list[int]:
    most = max(1, most)
    return (
        [int(row) for row in rows] if len(rows) <= most else [int(rows[at * len(rows) // most]) for at in range(most)]
    )


def _clips(dataset: Dataset, split: str, rows: Sequence[int]) -> Clips:
    samples = np.asarray(dataset.clips(split))[rows] if rows else np.zeros((0, dataset.frontend.clip_samples), np.int16)
    label_ids = dataset.label_ids(split)
    return Clips(np.asarray(samples), tuple(dataset.labels[label_ids[row]] for row in rows))
