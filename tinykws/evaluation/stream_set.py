# SPDX-License-Identifier: Apache-2.0
"""The streams that a detector is measured on: held-back words in several scenes, and long audio without the words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinykws.audio.samples import Samples
from tinykws.evaluation.spoken_by import rows_of_people
from tinykws.evaluation.stream_recording import FIRST_HALF, SECOND_HALF, WHOLE, Section, recorded_streams
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.synthetic_talk import TalkStream
from tinykws.evaluation.word_stream import SCENES, Clips, Scene, WordStream
from tinykws.project.labels import FIRST_WORD
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.progress import SILENT, Progress
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import noise_audio
from tinykws.training_data.noise_recordings import read_noise
from tinykws.training_data.silence_clips import split_noise

MOST_CLIPS = 600
"""Greatest number of clips in one stream: equally many of each word, evenly spaced over the split."""
OTHERS_SCENE = Scene("other words")
TALK_SCENES = (Scene("made talk"), Scene("made talk, noise 10 dB", 10.0))


@dataclasses.dataclass(frozen=True)
class Uses:
    """Which section of each of the project's long recordings is used for what. The sections do not overlap."""

    training: Section | None
    """Networks that are trained on clips do not learn from long recordings."""
    tuning: Section
    reporting: Section


CLIP_USES = Uses(None, FIRST_HALF, SECOND_HALF)
STREAM_USES = Uses(FIRST_HALF, Section(0.5, 0.75), Section(0.75, 1.0))


def uses_of_negatives(project: Project) -> Uses:
    """Returns how a project's long recordings are divided."""
    return STREAM_USES if project.config.model.hears_streams else CLIP_USES


def training_talk(project: Project) -> list[Samples]:
    """Returns the sections of the recordings in negatives/ to train on, int16 [m] each."""
    section = uses_of_negatives(project).training
    streams = project_negatives(project, section) if section else ()
    return [np.concatenate(list(stream)) for stream in streams]


@dataclasses.dataclass(frozen=True)
class StreamSet:
    """Streams to measure a detector on."""

    words: tuple[Stream, ...]
    """Positives: streams with the words, one per scene, for recall."""
    negatives: tuple[Stream, ...]
    """Streams without the words, for false accepts per hour."""
    others: tuple[Stream, ...]
    """Streams of single other words; harder than ordinary speech, and not part of the rate."""
    synthetic_negatives: bool = False
    """Whether the negatives are generated from clips, because there are no long recordings."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """All streams."""
        return (*self.words, *self.negatives, *self.others)


def project_negatives(project: Project, section: Section, progress: Progress = SILENT) -> tuple[Stream, ...]:
    """Returns streams of a section of the project's recordings in negatives/; empty if there are none."""
    folder = project.negatives_dir
    return tuple(recorded_streams([folder], section, progress)) if folder.is_dir() else ()


def named_negatives(paths: Sequence[Path], progress: Progress = SILENT) -> tuple[Stream, ...]:
    """Returns streams of whole files or folders. Raises ConfigError if one is missing or is not audio."""
    return tuple(recorded_streams(paths, WHOLE, progress))


def plan_stream_set(
    dataset: Dataset, split: str, noise: Sequence[Samples], negatives: Sequence[Stream], seed: int = 1
) -> StreamSet:
    """Plans the streams of a split of a dataset.

    Args:
        dataset: provides the clips.
        split: validation or testing.
        noise: recordings int16 [m] that were not used for training clips.
        negatives: long recordings without the words; if empty, sentences of unknown words are generated.
        seed: for all random choices.

    Raises:
        ConfigError: there are no clips of words, or neither negatives nor clips of other words.
    """
    words, others = _words(dataset, split), _others(dataset, split)
    if not len(words):
        raise ConfigError(f"the dataset has no {split} clips of words", hint="add recordings, then: tinykws prepare")
    scenes = [WordStream(words, scene, others=others, noise=noise, seed=seed) for scene in SCENES]
    if not negatives and not len(others):
        raise ConfigError(
            f"there are no long recordings without the words, and no {split} clips of other words",
            hint="put hours of ordinary speech into negatives/, or name files: --negatives FILE",
        )
    single = (WordStream(others, OTHERS_SCENE, noise=noise, seed=seed),) if len(others) else ()
    if negatives:
        return StreamSet(tuple(scenes), tuple(negatives), single)
    talk = tuple(TalkStream(others, scene, noise=noise, seed=seed) for scene in TALK_SCENES)
    return StreamSet(tuple(scenes), talk, single, synthetic_negatives=True)


def held_back_noise(data_folders: Sequence[Path], split: str) -> list[Samples]:
    """Returns the pieces of the background recordings that are reserved for a split."""
    noise = read_noise(file for folder in data_folders for file in noise_audio(folder))
    return split_noise(noise.recordings)[split]


def _words(dataset: Dataset, split: str) -> Clips:
    """Returns clips of the words: of people only, if there are enough of them that training did not hear."""
    label_ids = np.asarray(dataset.label_ids(split))
    n_words = len(dataset.labels) - FIRST_WORD
    people = rows_of_people(dataset, split)
    usable = people if len(people) else np.arange(len(label_ids))
    rows = [
        _evenly(usable[label_ids[usable] == at], MOST_CLIPS // n_words) for at in range(FIRST_WORD, len(dataset.labels))
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
