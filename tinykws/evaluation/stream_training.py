# SPDX-License-Identifier: Apache-2.0
"""Trains a network that is made for streams: on synthetic clips and talk, then on recordings of its words.

What it learned from synthetic clips is kept in build/synthetic_start/, and recordings are added to it in a minute
(tinykws/training/fine_tuning.py), as long as leaving some out in turns shows that they help (left_out.py).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.audio.samples import SAMPLE_RATE_HZ, Samples
from tinykws.evaluation.epoch_records import EpochRecord, learn, record_of
from tinykws.evaluation.left_out import RecordingsGain, recordings_gain
from tinykws.evaluation.stream_scores import Stream
from tinykws.evaluation.stream_set import project_negatives, training_talk, uses_of_negatives
from tinykws.project.layout import Project
from tinykws.project.training_settings import TrainingSettings
from tinykws.support.progress import Progress
from tinykws.training.architectures.stream_tcn import shape_for
from tinykws.training.fine_tuning import FineTuner, Rows, recordings_for_fine_tuning, without
from tinykws.training.kept_start import Facts, facts_of, keep_start, kept_start
from tinykws.training.lessons import Lessons
from tinykws.training.running_mean import Weights
from tinykws.training.runs import Run, StreamRun
from tinykws.training.segments import SegmentMaker
from tinykws.training.teachers.speech_teacher import SpeechTeacher
from tinykws.training.teachers.teaching import make_lessons
from tinykws.training.trainer import EpochResult
from tinykws.training_data.dataset import Dataset

TEACHERS_SEGMENTS = 2000
"""Segments of four seconds that a pretrained teacher's head learns, each word several times."""
FEWEST_RECORDINGS = 6
"""With fewer, leaving some out in turns tells nothing, so they are not used."""
SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


def learn_streams(
    dataset: Dataset, project: Project, settings: TrainingSettings, teacher: SpeechTeacher | None, progress: Progress
) -> tuple[Run, list[EpochRecord], EpochRecord, RecordingsGain | None]:
    """Trains on synthetic clips and talk, or takes what was kept of that, then fine-tunes on recordings of the words.

    Args:
        dataset: all clips.
        project: its negatives/ hold the talk; weights are kept in its build folder.
        settings: with all defaults filled in.
        teacher: a pretrained network to learn from, or None.
        progress: is told how it goes.

    Returns:
        The training with the weights to keep, each epoch's record, the last one, and what the recordings gave.
    """
    recordings = recordings_for_fine_tuning(dataset)
    first, talk = without(dataset, recordings), training_talk(project)
    architecture = project.config.model.architecture
    settings = dataclasses.replace(settings, teacher=None if teacher is None else teacher.identity())
    facts = facts_of(first, architecture, settings, project.negatives_dir)
    folder = project.synthetic_start_dir
    new_run = functools.partial(StreamRun, first, settings, architecture, talk)
    run, history = _restored(new_run, kept_start(folder, facts), progress)
    if run is None:
        lessons = None
        if teacher is not None:
            lessons = _lessons(teacher, first, project, settings, talk, recordings=recordings, progress=progress)
        run = new_run(lessons)
        history = _learn_and_keep(run, facts, folder, first, progress)
    if len(recordings) < FEWEST_RECORDINGS:
        if len(recordings):
            progress.say(f"{len(recordings)} recordings are too few to tell whether they help: record twenty")
        return run, history, history[-1], None
    tuner = FineTuner(dataset, talk, architecture, _with_given_share(settings, project), run.weights())
    negatives = [_without_words(stream) for stream in project_negatives(project, uses_of_negatives(project).tuning)]
    per_hour = project.config.detector.false_accepts_per_hour
    gain, weights = recordings_gain(
        tuner, dataset, recordings, negatives=negatives, per_hour=per_hour, progress=progress
    )
    run.restore(weights)
    progress.say(gain.in_words())
    if gain.used:
        last = history[-1]
        history.append(record_of(last.epoch + 1, EpochResult(last.loss, last.accuracy), run.network, dataset))
    return run, history, history[-1], gain


def _with_given_share(settings: TrainingSettings, project: Project) -> TrainingSettings:
    """Returns the settings with the share of recordings of kws.yaml: the default is that of fine-tuning."""
    share = project.config.training.augmentation.recordings_share
    return dataclasses.replace(
        settings, augmentation=dataclasses.replace(settings.augmentation, recordings_share=share)
    )


def _restored(
    new_run: Callable[[], Run], kept: tuple[Weights, list[dict[str, Any]]] | None, progress: Progress
) -> tuple[Run | None, list[EpochRecord]]:
    """Returns a training with weights that were kept of the same one, and the record of each epoch; None if there are
    no weights, or they do not fit."""
    if kept is None:
        return None, []
    run = new_run()
    try:
        history = [EpochRecord(**record) for record in kept[1]]
        run.restore(kept[0])
    except (ValueError, TypeError):  # of another version
        return None, []
    progress.say("the network of synthetic clips was kept")
    return run, history


def _learn_and_keep(run: Run, facts: Facts, folder: Path, dataset: Dataset, progress: Progress) -> list[EpochRecord]:
    """Trains on everything but the recordings to fine-tune on; returns the record of each epoch."""
    history, _, weights = learn(run, dataset, progress)
    run.restore(weights)
    keep_start(folder, facts, weights, [dataclasses.asdict(record) for record in history])
    return history


def _without_words(stream: Stream) -> Samples:
    """Returns int16 [m] of a recording; zeros where a word is listed in it."""
    sound = np.concatenate([np.zeros(0, np.int16), *stream])
    for event in stream.events:
        sound[event.start_ms * SAMPLES_PER_MS : event.end_ms * SAMPLES_PER_MS] = 0
    return sound


def _lessons(
    teacher: SpeechTeacher,
    dataset: Dataset,
    project: Project,
    settings: TrainingSettings,
    talk: Sequence[Samples],
    *,
    recordings: Rows,
    progress: Progress,
) -> Lessons:
    """Returns what the pretrained teacher, which does not learn the recordings, says of clips and talk."""
    shape = shape_for(dataset.frontend.n_frames)
    maker = SegmentMaker(dataset, talk, settings.augmentation, shape, settings.seed)
    lessons, knowledge = make_lessons(
        teacher,
        dataset,
        talk,
        left_out=recordings,
        segments=list(maker.sounds(min(TEACHERS_SEGMENTS, maker.n_segments), teacher.hop_samples)),
        kept=project.teacher_rows_path,
        seed=settings.seed,
        progress=progress,
    )
    progress.say(str(knowledge))
    return lessons
