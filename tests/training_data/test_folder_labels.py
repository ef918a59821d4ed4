# SPDX-License-Identifier: Apache-2.0
"""Names of folders and files as people write them become labels; what only their owner knows stays open."""

from __future__ import annotations

import pytest

from tinykws.project.labels import labels_of_words
from tinykws.training_data.folder_labels import FileName, FolderLabels

LABELS = FolderLabels(labels_of_words(["yes", "hey robot", "Stop!", "да", "go on", "goon", "café", "का"]))
YES, HEY_ROBOT, STOP, DA, GO_ON, GOON, CAFE, KA = range(2, 10)


@pytest.mark.parametrize(
    ("folder", "label_id"),
    [
        ("hey-robot", HEY_ROBOT),
        ("Hey Robot", HEY_ROBOT),
        ("HEY_ROBOT", HEY_ROBOT),
        ("heyRobot", HEY_ROBOT),
        ("hey.robot!", HEY_ROBOT),
        (" hey  robot ", HEY_ROBOT),
        ("stop", STOP),
        ("Stop!", STOP),
        ("STOP?", STOP),
        ("\uff33\uff34\uff2f\uff30", STOP),  # full width, as Japanese keyboards write it
        ("да", DA),
        ("ДА!", DA),
        ("da", DA),
        ("go_on", GO_ON),
        ("goon", GOON),
        ("cafe", CAFE),
        ("cafe\u0301", CAFE),
        ("का", KA),
        ("की", None),  # another word: it differs in a vowel sign only
        ("yesterday", None),
        ("robot", None),
        ("_silence_", 0),
        ("_unknown_", 1),
    ],
)
def test_a_folder_is_a_word_however_it_is_spelt(folder: str, label_id: int | None) -> None:
    assert LABELS.label_id(folder) == label_id


@pytest.mark.parametrize(
    ("folder", "candidates"),
    [
        ("yes2", [YES]),
        ("yes_02", [YES]),
        ("yes (copy)", [YES]),
        ("anna-yes", [YES]),
        ("my hey robot clips", [HEY_ROBOT]),
        ("Go-On", []),
        ("go+on", []),
        ("yes no", [YES]),
        ("yes", []),
        ("yesterday", []),
        ("_mined_", []),
        ("cat", []),
    ],
)
def test_a_folder_that_contains_a_word_is_doubtful(folder: str, candidates: list[int]) -> None:
    if folder in ("Go-On", "go+on"):  # "go on" without its space is "goon"
        assert LABELS.label_id(folder) is None
        assert LABELS.candidates(folder) == [GO_ON, GOON]
    else:
        assert LABELS.candidates(folder) == candidates


def test_a_long_word_is_not_confused_with_another_that_begins_like_it() -> None:
    labels = FolderLabels(labels_of_words(["hey robot please turn on the light"]))
    assert labels.label_id("hey-robot-please-turn-on-the-light") == 2
    assert labels.label_id("hey-robot-please-turn-on-the-radio") is None


@pytest.mark.parametrize(
    ("name", "meaning"),
    [("silence", "_silence_"), ("Background Noise", "_background_noise_"), ("noise", None), ("_silence_", None)],
)
def test_names_like_those_with_a_meaning_are_noticed(name: str, meaning: str | None) -> None:
    assert LABELS.reserved_name(name) == meaning


@pytest.mark.parametrize(
    ("stem", "label_id", "speaker"),
    [
        ("yes_01", YES, "01"),
        ("yes", YES, "yes"),
        ("YES-1", YES, "1"),
        ("yes01", YES, "01"),
        ("yes (3)", YES, "3"),
        ("anna_yes_3", YES, "anna"),
        ("yes_anna_01", YES, "anna"),
        ("yes_anna_nohash_0", YES, "anna"),
        ("hey robot 7", HEY_ROBOT, "7"),
        ("hey_robot_07", HEY_ROBOT, "07"),
        ("stop", STOP, "stop"),
    ],
)
def test_a_file_in_no_folder_has_its_word_in_its_name(stem: str, label_id: int, speaker: str) -> None:
    assert LABELS.of_file(stem) == FileName(label_id, speaker)


@pytest.mark.parametrize("stem", ["cat_01", "recording", "01", "yesterday_1", "", "yes_stop_1"])
def test_a_file_that_names_no_word_or_several_says_so(stem: str) -> None:
    assert isinstance(LABELS.of_file(stem), str)


def test_a_word_in_a_longer_word_is_the_longer_word() -> None:
    labels = FolderLabels(labels_of_words(["robot", "hey robot"]))
    assert labels.of_file("hey_robot_1") == FileName(3, "1")
    assert labels.label_id("hey-robot") == 3
