# SPDX-License-Identifier: Apache-2.0
"""synth: spoken clips in Speech Commands' layout, split by voice, the same bytes for the same seed."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("espeakng_loader")

from tinykws.audio.files import read_audio
from tinykws.project.config import Config
from tinykws.project.layout import Project
from tinykws.project.synth_settings import SynthSettings
from tinykws.stages.synth import SynthReport, _check_duration, stage_files, synth
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.freshness import digest_of_files
from tinykws.support.progress import Progress
from tinykws.training_data.folders import clip_files, which_set

SMALL = SynthSettings(clips_per_word=30, unknown_clips=60, silence_clips=20)


def project(root: Path, *words: str, language: str = "en", settings: SynthSettings = SMALL) -> Project:
    return Project(root, Config(words=words, language=language, synth=settings))


@dataclasses.dataclass(frozen=True)
class Made:
    project: Project
    report: SynthReport

    @property
    def folder(self) -> Path:
        return self.project.synth_dir


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    here = project(tmp_path_factory.mktemp("synth"), "yes", "hey robot")
    return Made(here, synth(here, processes=1))


def voice_of(source: str) -> str:
    return re.sub("_nohash_.*", "", source.split("/")[1])


def test_counts_and_layout(made: Made) -> None:
    counts = {folder.name: len(list(folder.iterdir())) for folder in made.folder.iterdir() if folder.is_dir()}
    assert counts == {"yes": 30, "hey_robot": 30, "_unknown_": 60, "_silence_": 20, "_background_noise_": 6}
    assert made.report.clips == {"yes": 30, "hey_robot": 30, "_unknown_": 60, "_silence_": 20}


def test_clips_are_a_second_of_16_khz_with_sound_and_room(made: Made) -> None:
    for path in [*(made.folder / "yes").iterdir(), *(made.folder / "_unknown_").iterdir()]:
        recording = read_audio(path)
        assert recording.sample_rate_hz_of_file == 16000
        assert recording.samples.size == 16000
        peak = np.abs(recording.samples.astype(int)).max()
        assert 32768 * 10 ** (-21 / 20) < peak < 32767
    quiet_edges = [
        np.abs(read_audio(path).samples[[*range(50), *range(-50, 0)]].astype(int)).max() < 1000
        for path in (made.folder / "yes").iterdir()
    ]
    assert np.mean(quiet_edges) > 0.8


def test_phrases_fit_whole_into_the_clip(made: Made) -> None:
    for path in (made.folder / "hey_robot").iterdir():
        samples = read_audio(path).samples.astype(int)
        assert np.abs(samples[-80:]).max() < 0.5 * np.abs(samples).max()


def test_no_voice_stands_on_two_sides(made: Made) -> None:
    splits: dict[str, set[str]] = {}
    for clip in clip_files(made.folder, made.project.config.labels):
        if clip.label_id > 0:
            splits.setdefault(voice_of(clip.source), set()).add(clip.split)
    assert all(len(where) == 1 for where in splits.values())
    assert len(splits) > 25


def test_every_label_is_split_eight_one_one(made: Made) -> None:
    clips = clip_files(made.folder, made.project.config.labels)
    for label_id, total in enumerate([20, 60, 30, 30]):
        split = [clip.split for clip in clips if clip.label_id == label_id]
        expected = (total * 8 // 10, total // 10, total // 10)
        assert tuple(split.count(name) for name in ("training", "validation", "testing")) == expected


def test_unknown_words_are_alike_others_and_parts(made: Made) -> None:
    texts = [re.sub(r".*_nohash_|_\d+\.wav", "", path.name) for path in (made.folder / "_unknown_").iterdir()]
    assert sum(text in ("yes", "hey_robot") for text in texts) == 6  # cut keywords: 2 of 20
    assert sum("near_miss" in text for text in texts) <= 3  # one of 20
    assert len(set(texts)) > 40
    assert made.report.unknown_words > 40


def test_the_same_bytes_again_and_with_another_number_of_processes(made: Made, tmp_path: Path) -> None:
    again = project(tmp_path, "yes", "hey robot")
    synth(again, processes=2)
    assert digest_of_files([again.synth_dir]) == digest_of_files([made.folder])


def test_another_seed_gives_other_clips(made: Made, tmp_path: Path) -> None:
    other = project(tmp_path, "yes", "hey robot", settings=dataclasses.replace(SMALL, seed=2))
    synth(other, processes=1)
    assert digest_of_files([other.synth_dir]) != digest_of_files([made.folder])


def test_nothing_is_spoken_where_all_words_are_recorded(tmp_path: Path) -> None:
    here = project(tmp_path, "yes")
    (here.data_dir / "yes").mkdir(parents=True)
    (here.data_dir / "yes" / "a.wav").write_bytes(b"")
    report = synth(here)
    assert report.clips == {}
    assert not here.synth_dir.exists()
    assert stage_files(here).writes == ()


def test_stage_files_follow_the_settings(tmp_path: Path) -> None:
    digests = {
        stage_files(project(tmp_path, *words, language=language, settings=settings)).inputs_digest()
        for words, language, settings in (
            (("yes",), "en", SMALL),
            (("no",), "en", SMALL),
            (("yes",), "de", SMALL),
            (("yes",), "en", dataclasses.replace(SMALL, seed=5)),
        )
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("words", "language"), [(("да", "нет"), "ru"), (("はい",), "ja"), (("你好",), "cmn"), (("schön",), "de")]
)
def test_words_of_other_languages(tmp_path: Path, words: tuple[str, ...], language: str) -> None:
    few = SynthSettings(clips_per_word=10, unknown_clips=20, silence_clips=10)
    here = project(tmp_path, *words, language=language, settings=few)
    report = synth(here, processes=1)
    assert len(list((here.synth_dir / here.config.labels[2].name).iterdir())) == 10
    assert report.unknown_words > 10


@pytest.mark.parametrize(
    ("words", "language", "message"),
    [
        (("yes", "да"), "en", "cannot speak the word 'да'"),
        (("日本",), "ja", "cannot speak the word '日本'"),
        (("yes",), "englisch", "language 'englisch'"),
        (("please switch off all of the lights in the kitchen",), "en", "takes [0-9]+ ms, but"),
    ],
)
def test_what_cannot_be_spoken_is_named(tmp_path: Path, words: tuple[str, ...], language: str, message: str) -> None:
    here = project(tmp_path, *words, language=language)
    with pytest.raises(ConfigError, match=message) as error:
        synth(here)
    assert error.value.hint
    assert not here.build_dir.exists()


def test_an_unknown_word_that_sounds_like_a_keyword_is_refused(tmp_path: Path) -> None:
    settings = dataclasses.replace(SMALL, unknown_words=("snow", "know"))
    with pytest.raises(ConfigError, match="'know', which sounds the same as the word 'no'"):
        synth(project(tmp_path, "no", settings=settings))


def test_unknown_words_the_user_names_are_spoken(tmp_path: Path) -> None:
    settings = SynthSettings(clips_per_word=10, unknown_clips=300, silence_clips=10, unknown_words=("hippopotamus",))
    here = project(tmp_path, "no", settings=settings)
    synth(here, processes=1)
    assert list((here.synth_dir / "_unknown_").glob("*hippopotamus*"))


def test_a_failure_leaves_what_was_there(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = project(tmp_path, "yes")
    here.synth_dir.mkdir(parents=True)
    (here.synth_dir / "old").write_text("old", encoding="utf-8")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tinykws.stages.synth._write_background", fail)
    with pytest.raises(KeyboardInterrupt):
        synth(here, processes=1)
    assert [path.name for path in here.build_dir.iterdir()] == ["synth"]
    assert [path.name for path in here.synth_dir.iterdir()] == ["old"]


def test_without_espeak_it_says_how_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    with pytest.raises(ToolError, match="espeak-ng"):
        synth(project(tmp_path, "yes"))


def test_file_names_split_by_voice_even_without_lists(made: Made) -> None:
    names = [path.name for path in (made.folder / "yes").iterdir()]
    by_voice: dict[str, set[str]] = {}
    for name in names:
        by_voice.setdefault(voice_of(f"yes/{name}"), set()).add(which_set(name))
    assert all(len(where) == 1 for where in by_voice.values())


def test_a_word_that_takes_about_as_long_as_a_clip_is_told() -> None:
    class Told(Progress):
        def __init__(self) -> None:
            self.lines: list[str] = []

        def say(self, text: str) -> None:
            self.lines.append(text)

    told = Told()
    _check_duration("espeak", "short", np.ones(16 * 900), 1000, told)
    assert told.lines == []
    _check_duration("espeak", "rather long", np.ones(16 * 1130), 1000, told)
    assert "the word 'rather long' takes about 1130 ms to say, but the model hears 1000 ms" in told.lines[0]
    assert "features: {clip_ms: 1300}" in told.lines[0]
    with pytest.raises(ConfigError, match="takes 1400 ms, but a clip has 1000 ms"):
        _check_duration("espeak", "much too long", np.ones(16 * 1400), 1000, told)
