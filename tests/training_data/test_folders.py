# SPDX-License-Identifier: Apache-2.0
"""Speech Commands' layout and split rules."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tinykws.project.config import Config
from tinykws.project.labels import labels_of_words
from tinykws.project.model_settings import ModelSettings
from tinykws.project.synth_settings import SynthSettings
from tinykws.support.errors import ConfigError
from tinykws.training_data.folders import TRAINING, clip_files, needs_synthetic_clips, noise_audio, which_set

LABELS = labels_of_words(["yes", "hey robot", "Да"])


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def splits(folder: Path) -> dict[str, str]:
    return {clip.source: clip.split for clip in clip_files(folder, LABELS)}


@pytest.mark.parametrize(
    ("name", "split"),
    [  # as the official lists have them
        ("105e72bb_nohash_0.wav", "validation"),
        ("7a49163e_nohash_0.wav", "validation"),
        ("7a49163e_nohash_3.flac", "validation"),
        ("15c563d7_nohash_2.flac", "training"),
    ],
)
def test_which_set_known_names(name: str, split: str) -> None:
    assert which_set(name) == split


def test_which_set_is_by_speaker_and_not_by_folder() -> None:
    for speaker in range(300):
        names = [f"{speaker}_nohash_0.wav", f"{speaker}_nohash_17.flac", f"yes/{speaker}_nohash_1.wav"]
        assert len({which_set(name) for name in names}) == 1


def test_which_set_percentages() -> None:
    found = [which_set(f"{speaker}_nohash_0.wav") for speaker in range(5000)]
    assert abs(found.count("validation") / 5000 - 0.1) < 0.015
    assert abs(found.count("testing") / 5000 - 0.1) < 0.015
    assert {which_set(f"{n}_nohash_0.wav", 100, 0) for n in range(50)} == {"validation"}
    assert {which_set(f"{n}_nohash_0.wav", 0, 0) for n in range(50)} == {"training"}


def test_which_set_on_speech_commands(shared: Path) -> None:
    folder = shared / "data" / "speech_commands"
    listed = set((folder / "validation_list.txt").read_text(encoding="utf-8").split())
    for path in folder.glob("[a-z]*/*.flac"):
        expected = "validation" if f"{path.parent.name}/{path.name}" in listed else "training"
        assert which_set(path.name) == expected


def test_folders_are_labels_words_or_unknown(tmp_path: Path) -> None:
    touch(tmp_path, "yes/a.wav", "YES2/a.wav", "hey robot/a.flac", "hey_robot/b.WAV", "да/a.wav", "da/b.wav")
    touch(tmp_path, "_silence_/a.wav", "_unknown_/a.wav", "cat/a.wav", "silence/a.wav")
    touch(tmp_path, "_background_noise_/n.wav", "yes/readme.txt", "yes/.hidden.wav", ".git/a.wav", "top.wav")
    found = {clip.source: clip.label_id for clip in clip_files(tmp_path, LABELS)}
    assert found == {
        "yes/a.wav": 2,
        "hey robot/a.flac": 3,
        "hey_robot/b.WAV": 3,
        "да/a.wav": 4,
        "da/b.wav": 4,
        "_silence_/a.wav": 0,
        "_unknown_/a.wav": 1,
        "cat/a.wav": 1,
        "silence/a.wav": 1,
        "YES2/a.wav": 1,
    }
    assert [file.path.name for file in noise_audio(tmp_path)] == ["n.wav"]


def test_list_files_decide(tmp_path: Path) -> None:
    names = [f"yes/{n}_nohash_0.wav" for n in range(200)]
    touch(tmp_path, *names)
    (tmp_path / "validation_list.txt").write_text(names[0] + "\r\n" + names[1] + "\n\n", encoding="utf-8")
    (tmp_path / "testing_list.txt").write_text(names[2] + "\n", encoding="utf-8")
    found = splits(tmp_path)
    assert [name for name in names if found[name] == "validation"] == sorted(names[:2])
    assert [name for name in names if found[name] == "testing"] == [names[2]]


def test_with_one_list_the_hash_decides_about_the_other_split(tmp_path: Path) -> None:
    names = [f"yes/{n}_nohash_0.wav" for n in range(200)]
    touch(tmp_path, *names)
    (tmp_path / "validation_list.txt").write_text(names[0] + "\n", encoding="utf-8")
    found = splits(tmp_path)
    assert [name for name in names if found[name] == "validation"] == [names[0]]
    testing = {name for name in names if which_set(name) == "testing"} - {names[0]}
    assert {name for name in names if found[name] == "testing"} == testing


def test_without_lists_the_hash_decides(tmp_path: Path) -> None:
    names = [f"yes/{n}_nohash_0.wav" for n in range(100)]
    touch(tmp_path, *names)
    assert splits(tmp_path) == {name: which_set(name) for name in names}


def test_a_list_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "yes/a.wav")
    (tmp_path / "testing_list.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"testing_list\.txt"):
        clip_files(tmp_path, LABELS)


def test_what_is_to_be_ignored_is_no_clip(tmp_path: Path) -> None:
    touch(tmp_path, "yes/a.wav", "yes/b.wav", "maybe/a.wav")
    (tmp_path / "ignore_list.txt").write_text("yes/b.wav\nmaybe\n")
    assert [clip.source for clip in clip_files(tmp_path, LABELS)] == ["yes/a.wav"]


def test_mined_clips_are_unknown_and_for_training(tmp_path: Path) -> None:
    names = [f"_mined_/{number}_nohash_0.wav" for number in range(30)]
    touch(tmp_path, *names)
    (tmp_path / "validation_list.txt").write_text(names[0])
    clips = clip_files(tmp_path, LABELS)
    assert {(clip.label_id, clip.split) for clip in clips} == {(1, TRAINING)}
    assert len(clips) == 30


def test_no_folder_is_no_clip(tmp_path: Path) -> None:
    assert clip_files(tmp_path / "none", LABELS) == []


def test_speaks_when_a_word_has_no_recording(tmp_path: Path) -> None:
    config = Config(words=("yes", "no"))
    assert needs_synthetic_clips(config, tmp_path)
    touch(tmp_path, "yes/a.wav", "cat/a.wav")
    assert needs_synthetic_clips(config, tmp_path)
    touch(tmp_path, "no/a.wav")
    assert not needs_synthetic_clips(config, tmp_path)
    for enabled, expected in (("always", True), ("never", False)):
        assert (
            needs_synthetic_clips(dataclasses.replace(config, synth=SynthSettings(enabled=enabled)), tmp_path)
            is expected
        )


def test_few_recordings_are_added_to_synthetic_clips_of_a_network_for_streams(tmp_path: Path) -> None:
    config = Config(words=("yes",), model=ModelSettings(architecture="stream_small"))
    touch(tmp_path, *(f"yes/anna_nohash_{at}.wav" for at in range(199)))
    assert needs_synthetic_clips(config, tmp_path)
    assert not needs_synthetic_clips(dataclasses.replace(config, model=ModelSettings()), tmp_path)
    touch(tmp_path, "yes/anna_nohash_199.wav")
    assert not needs_synthetic_clips(config, tmp_path)
