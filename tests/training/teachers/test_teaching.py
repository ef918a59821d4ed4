# SPDX-License-Identifier: Apache-2.0
"""A head learns the words from a teacher's rows, says them just after they ended, and is measured on other clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_teachers import HOP, Spectrum
from tone_bursts_dataset import KWS_YAML, make_project

from tinykws.project.labels import FIRST_WORD
from tinykws.support.progress import Progress
from tinykws.training.fine_tuning import without
from tinykws.training.segments import NOT_COUNTED
from tinykws.training.stream_trainer import losses_of_teacher
from tinykws.training.teachers.teaching import Knowledge, make_lessons
from tinykws.training.teachers.tracks import HEARD, clip_targets, heard_by_a_teacher
from tinykws.training_data.dataset import Dataset


def test_the_rows_after_a_word_say_it_and_those_before_do_not() -> None:
    clip = np.zeros(16_000, np.int16)
    clip[4000:12_000] = (np.sin(np.arange(8000)) * 9000).astype(np.int16)
    targets = clip_targets(clip, FIRST_WORD, 16, HOP)
    ends = (np.arange(16) + 1) * HOP
    assert (targets[(ends > 12_400) & (ends < 16_400)] == FIRST_WORD).all()
    assert (targets[ends < 3500] == 0).all()
    assert (targets[(ends > 4400) & (ends < 7000)] == 1).all()
    assert (targets[(ends > 7700) & (ends < 11_600)] == NOT_COUNTED).all()
    assert set(clip_targets(clip, 1, 16, HOP)) == {0, 1}
    assert set(clip_targets(clip, 0, 16, HOP)) == {0}


def test_a_teacher_hears_silence_after_a_clip() -> None:
    heard = heard_by_a_teacher(np.full(1600, 30_000, np.int16))
    assert heard.size == 1600 + HEARD
    assert 2 < np.abs(heard[1600:]).mean() < 20


def test_how_well_it_knows_the_words_is_said_plainly() -> None:
    assert str(Knowledge(20, 19, 40, 1)) == (
        "the teacher hears 19 of 20 validation clips of words, and takes 1 of 40 others for a word"
    )
    assert str(Knowledge(20, 19, 0, 0)) == "the teacher hears 19 of 20 validation clips of words"


@pytest.mark.slow
def test_a_head_learns_the_words_and_its_rows_are_kept(tmp_path: Path) -> None:
    dataset = Dataset.load(make_project(tmp_path, yaml=KWS_YAML).dataset_dir)
    talk = (np.random.default_rng(3).standard_normal(16_000 * 6) * 1000).astype(np.int16)
    teacher = Spectrum()
    lessons, knowledge = make_lessons(teacher, dataset, [talk], kept=tmp_path / "rows.npz", seed=1, progress=Progress())
    assert knowledge.words == knowledge.others == 20
    assert knowledge.heard >= 16
    assert knowledge.mistaken <= 4
    assert [len(said) for said in lessons.talk] == [75]
    assert (lessons.talk[0].argmax(axis=1) >= FIRST_WORD).mean() < 0.1
    labels = dataset.label_ids("training")
    assert len(lessons.clips) == len(labels)
    right = [label in said.argmax(axis=1) for said, label in zip(lessons.clips, labels, strict=True)]
    assert np.mean(np.array(right)[labels >= FIRST_WORD]) > 0.8
    count = teacher.heard
    make_lessons(teacher, dataset, [talk], kept=tmp_path / "rows.npz", seed=1, progress=Progress())
    assert teacher.heard == count


@pytest.mark.slow
def test_clips_that_are_left_out_teach_the_head_nothing(tmp_path: Path) -> None:
    """Recordings for fine-tuning wear another label; the head must not learn that it is theirs."""
    dataset = Dataset.load(make_project(tmp_path, yaml=KWS_YAML).dataset_dir)
    labels = np.array(dataset.label_ids("training"))
    rows = np.flatnonzero(labels >= FIRST_WORD)[::2].astype(np.int64)
    lessons, knowledge = make_lessons(
        Spectrum(), without(dataset, rows), [], left_out=rows, kept=tmp_path / "rows.npz", seed=1, progress=Progress()
    )
    assert knowledge.heard >= 16
    assert np.mean([labels[row] in lessons.clips[row].argmax(axis=1) for row in rows]) > 0.8


@pytest.mark.slow
def test_the_distance_from_a_teacher_counts_where_it_heard_something() -> None:
    taught = np.full((1, 4, 3), np.nan, np.float32)
    taught[0, 1:] = [[3, 1, -2], [-4, 2, 9], [3, 1, -2]]
    logits = np.array([[[9, 0, 0], [4, 2, -1], [-4, 2, 9], [0, 6, 0]]], np.float32)
    distance, heard = (np.asarray(value) for value in losses_of_teacher(logits, taught))
    assert heard.tolist() == [[0, 1, 1, 1]]
    assert np.isfinite(distance).all()
    assert distance[0, 0] == 0
    np.testing.assert_allclose(distance[0, 1:3], 0, atol=1e-5)  # equal, but for a number added to all of a row
    assert distance[0, 3] > 0.5
