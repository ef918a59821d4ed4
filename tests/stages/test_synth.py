# SPDX-License-Identifier: Apache-2.0
"""synth: spoken clips in Speech Commands' layout, split by voice, the same bytes for the same seed."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("espeakng_loader")

from tinykws.audio.files import read_audio
from tinykws.cli.run_stages import run_stage
from tinykws.cli.stages_in_order import report_of
from tinykws.project.config import Config
from tinykws.project.layout import Project
from tinykws.project.synth_settings import SynthSettings
from tinykws.stages.synth import SynthReport, _check_duration, stage_files, synth
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.freshness import digest_of_files, is_fresh
from tinykws.support.progress import SILENT, Progress
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


@pytest.mark.slow
def test_the_same_bytes_again_and_with_another_number_of_processes(made: Made, tmp_path: Path) -> None:
    again = project(tmp_path, "yes", "hey robot")
    synth(again, processes=2)
    assert digest_of_files([again.synth_dir]) == digest_of_files([made.folder])


@pytest.mark.slow
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
@pytest.mark.slow
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


@pytest.mark.slow
def test_unknown_words_the_user_names_are_spoken(tmp_path: Path) -> None:
    settings = SynthSettings(clips_per_word=10, unknown_clips=300, silence_clips=10, unknown_words=("hippopotamus",))
    here = project(tmp_path, "no", settings=settings)
    synth(here, processes=1)
    assert list((here.synth_dir / "_unknown_").glob("*hippopotamus*"))


@pytest.mark.slow
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


# several engines


SEVERAL = dataclasses.replace(SMALL, clips_per_word=20, unknown_clips=20, silence_clips=10)
needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")


@pytest.mark.slow
@needs_flite
@pytest.mark.skipif(importlib.util.find_spec("pyworld") is None, reason="pyworld is not installed")
def test_held_back_voices_and_other_speakers_are_the_same_on_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykws.speech.vocoder.version", lambda: "1")
    settings = dataclasses.replace(SEVERAL, engines=("espeak", "flite"), held_back=("flite",), vocoder_share=0.5)
    here, again = (project(tmp_path / name, "yes", settings=settings) for name in ("one", "two"))
    report = synth(here, processes=1)
    assert report == synth(again, processes=2)
    assert digest_of_files([here.synth_dir]) == digest_of_files([again.synth_dir])
    assert report.held_back == ("flite",)
    assert 8 <= report.changed_clips <= 32
    for name, engines in (("validation_list.txt", {"flite"}), ("testing_list.txt", {"flite"})):
        lines = [line for line in (here.synth_dir / name).read_text().splitlines() if not line.startswith("_silence_")]
        assert {voice_of(line).partition("-")[0] for line in lines} == engines
    unchanged = project(tmp_path / "three", "yes", settings=dataclasses.replace(settings, vocoder_share=0))
    synth(unchanged, processes=1)
    files = [path.relative_to(here.synth_dir) for path in here.synth_dir.rglob("yes/*.wav")]
    clips = [[read_audio(each.synth_dir / file).samples for file in files] for each in (here, unchanged)]
    differ = [not np.array_equal(one, other) for one, other in zip(*clips, strict=True)]
    assert any(differ)


@pytest.mark.slow
def test_without_the_vocoder_it_is_said(tmp_path: Path) -> None:
    said = Said()
    report = synth(project(tmp_path, "yes", settings=dataclasses.replace(SEVERAL, engines=("espeak",))), said)
    assert report.changed_clips == 0
    hint = 'pip install "tinykws[voices]"'
    assert f"pyworld is not installed, so speakers are not multiplied: {hint}" in said.lines


@pytest.mark.slow
@needs_flite
def test_with_auto_a_new_engine_makes_clips_again_and_one_that_is_gone_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(*names: str) -> None:
        monkeypatch.setattr("tinykws.speech.engine_choice.engine_names", lambda: names)

    here = project(tmp_path, "yes", settings=SEVERAL)
    installed("espeak")
    run_stage(here, "synth", SILENT)
    assert is_fresh(here.stamp_path("synth"), stage_files(here))
    installed("espeak", "flite")
    assert not is_fresh(here.stamp_path("synth"), stage_files(here))
    run_stage(here, "synth", SILENT)
    report: SynthReport = report_of(here, "synth")
    assert [each.name for each in report.engines] == ["espeak", "flite"]
    installed("espeak")
    assert is_fresh(here.stamp_path("synth"), stage_files(here))


@pytest.mark.slow
def test_what_would_help_is_said_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinykws.speech.engine_choice.engine_names", lambda: ("espeak", "flite"))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = Said()
    report = synth(project(tmp_path, "yes", settings=SEVERAL), said)
    assert [each.name for each in report.left_out] == ["flite"]
    assert any(re.match("more voices would help: flite not found.*; .*apt install flite", line) for line in said.lines)


class Said(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)
