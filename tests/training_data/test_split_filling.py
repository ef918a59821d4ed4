# SPDX-License-Identifier: Apache-2.0
"""A few speakers are enough for training and validation, and no speaker is in both."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tinykws.training_data.folders import TESTING, TRAINING, VALIDATION, ClipFile, which_set
from tinykws.training_data.split_filling import fill_splits, fill_training

ALL_IN_TRAINING = [f"speaker{n}" for n in range(40) if which_set(f"speaker{n}") == TRAINING][:4]


def clips_of(*speakers: str, labels: tuple[int, ...] = (2, 3), count: int = 10) -> list[ClipFile]:
    return [
        ClipFile(Path(), f"data/{label}/{speaker}/{n}.wav", label, which_set(speaker), speaker)
        for label in labels
        for speaker in speakers
        for n in range(count)
    ]


def splits(clips: list[ClipFile]) -> dict[str, set[str]]:
    return {clip.speaker: {other.split for other in clips if other.speaker == clip.speaker} for clip in clips}


def test_one_of_several_speakers_moves_whole() -> None:
    filled = fill_splits(clips_of(*ALL_IN_TRAINING), lambda _: True)
    assert sorted(splits(filled.clips).values(), key=str) == [{TRAINING}] * 3 + [{VALIDATION}]
    assert len(filled.notes) == 1


def test_clips_of_one_speaker_are_divided() -> None:
    filled = fill_splits(clips_of(ALL_IN_TRAINING[0], count=20), lambda _: True)
    for label in (2, 3):
        assert [clip.split for clip in filled.clips if clip.label_id == label].count(VALIDATION) == 2
    assert "one speaker" in filled.notes[0]


def test_a_single_speaker_who_was_put_into_testing_is_learned() -> None:
    """Synthetic clips of the word are in all splits, so nothing else is missing."""
    tester = next(f"speaker{n}" for n in range(200) if which_set(f"speaker{n}") == TESTING)
    recorded = clips_of(tester, labels=(2,), count=20)
    voices = [f"voice{n}" for n in range(40)]
    synthetic = [dataclasses.replace(clip, source=clip.source.replace("data", "synth")) for clip in clips_of(*voices)]
    filled = fill_training([*synthetic, *recorded], lambda clip: clip.source.startswith("data/"))
    assert filled.clips[: len(synthetic)] == synthetic
    assert [clip.split for clip in filled.clips[len(synthetic) :]].count(TRAINING) == 18
    assert "one speaker" in filled.notes[0]
    learned = clips_of(*ALL_IN_TRAINING, labels=(2,))
    assert fill_training([*synthetic, *learned], lambda clip: clip.source.startswith("data/")).clips == [
        *synthetic, *learned,
    ]  # fmt: skip


def test_what_lists_decide_stays() -> None:
    clips = clips_of(*ALL_IN_TRAINING)
    assert fill_splits(clips, lambda _: False).clips == clips


def test_splits_that_have_clips_stay() -> None:
    clips = clips_of(*(f"speaker{n}" for n in range(40)))
    filled = fill_splits(clips, lambda _: True)
    assert (filled.clips, filled.notes) == (clips, ())


def test_a_speaker_who_alone_says_another_word_does_not_take_it_away() -> None:
    anna, bert = ALL_IN_TRAINING[:2]
    clips = clips_of(anna, labels=(2, 3)) + clips_of(bert, labels=(2,))
    filled = fill_splits(clips, lambda _: True)
    assert splits(filled.clips) == {anna: {TRAINING}, bert: {VALIDATION}}


@given(st.lists(st.sampled_from([f"s{n}" for n in range(12)]), min_size=2, max_size=6, unique=True))
def test_speakers_who_say_all_words_always_suffice(speakers: list[str]) -> None:
    filled = fill_splits(clips_of(*speakers, count=2), lambda _: True)
    assert all(len(where) == 1 for where in splits(filled.clips).values())
    for label in (2, 3):
        assert {TRAINING, VALIDATION} <= {clip.split for clip in filled.clips if clip.label_id == label}
