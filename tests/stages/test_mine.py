# SPDX-License-Identifier: Apache-2.0
"""mine: what a model wrongly takes for a word is found, shown, and unlearned."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import tiny_bundle
from tone_bursts_dataset import burst

from tinykws.audio.files import read_audio
from tinykws.cli.main import run
from tinykws.evaluation.hard_negatives import APART_MS, GAP_MS, find_hard_negatives
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.project.layout import Project
from tinykws.stages.mine import mine
from tinykws.support.errors import ConfigError

SECONDS = 12
BURSTS = ((2, 300), (6, 3500), (9, 300))
"""(second, tone): what the learned model takes for low, high, low."""


@pytest.fixture
def project(learned_project: Project, tmp_path: Path) -> Project:
    shutil.copytree(learned_project.root, tmp_path / "project")
    return Project.load(tmp_path / "project")


@pytest.fixture
def project_bundle(project: Project) -> Bundle:
    return load_bundle(project.bundle_dir)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    stream = rng.standard_normal(SECONDS * 16000) * 30
    for second, tone_hz in BURSTS:
        stream[second * 16000 : second * 16000 + 8000] += burst(tone_hz, 8000, rng)
    soundfile.write(tmp_path / "kitchen radio.wav", stream.astype(np.int16), 16000)
    return tmp_path / "kitchen radio.wav"


def test_false_sounds_are_found_where_they_are(project_bundle: Bundle, recording: Path, project: Project) -> None:
    report = mine(project_bundle, [recording], project.build_dir)
    assert report.seconds == SECONDS
    found = [(sound.label.name, sound.time_ms) for sound in report.sounds]
    for second, tone_hz in BURSTS:
        name = {300: "low", 3500: "high"}[tone_hz]
        assert any(name == label and second * 1000 < time < second * 1000 + 1200 for label, time in found), found
    assert report.added == 0
    assert not (project.data_dir / "_mined_").exists()


def test_a_window_is_what_the_model_saw(project_bundle: Bundle, recording: Path, project: Project) -> None:
    samples = read_audio(recording).samples
    report = mine(project_bundle, [recording], project.build_dir)
    for sound in report.sounds:
        window = read_audio(project.build_dir / "mined" / sound.files[0]).samples
        end = sound.time_ms * 16
        np.testing.assert_array_equal(window, samples[end - project_bundle.frontend.clip_samples : end])


def test_the_page_plays_every_sound(project_bundle: Bundle, recording: Path, project: Project) -> None:
    report = mine(project_bundle, [recording], project.build_dir)
    page = report.page.read_text()
    assert page.count("<audio") == page.count("data:image/png;base64,iVBOR") == len(report.sounds) > 0
    for sound in report.sounds:
        assert (report.page.parent / sound.files[0]).is_file()
        assert f'src="{sound.files[0]}"' in page


def test_words_that_are_really_said_are_left_out(project_bundle: Bundle, recording: Path, project: Project) -> None:
    everything = mine(project_bundle, [recording], project.build_dir)
    said = [Event(2000, 2500, "low"), Event(9000, 9500, "low")]
    report = mine(project_bundle, [recording], project.build_dir, utterances={recording: said})

    def holds_a_word(end_ms: int) -> bool:
        return any(event.start_ms < end_ms < event.end_ms + project_bundle.frontend.clip_ms for event in said)

    assert any(holds_a_word(sound.time_ms) for sound in everything.sounds)
    assert not any(holds_a_word(sound.time_ms) for sound in report.sounds)
    assert any(6000 < sound.time_ms < 7000 for sound in report.sounds)


def test_what_was_added_is_kept_and_added_once(project_bundle: Bundle, recording: Path, project: Project) -> None:
    first = mine(project_bundle, [recording], project.build_dir, add_to=project.data_dir)
    names = {name for sound in first.sounds for name in sound.files}
    folder = project.data_dir / "_mined_"
    assert first.added == len(names) == len(list(folder.iterdir()))
    kept = folder / min(names)
    kept.write_bytes(b"somebody's own")
    again = mine(project_bundle, [recording], project.build_dir, add_to=project.data_dir)
    assert again.added == 0
    assert kept.read_bytes() == b"somebody's own"


def test_a_recording_that_cannot_be_read_leaves_what_was_there(
    project_bundle: Bundle, recording: Path, project: Project, tmp_path: Path
) -> None:
    before = mine(project_bundle, [recording], project.build_dir).page.read_text()
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ConfigError, match="as audio"):
        mine(project_bundle, [recording, tmp_path / "text.wav"], project.build_dir, add_to=project.data_dir)
    assert (project.build_dir / "mined" / "index.html").read_text() == before
    assert not (project.data_dir / "_mined_").exists()


@settings(max_examples=20)
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_pieces_of_the_stream_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[int], seed: int
) -> None:
    bundle = tiny_bundle(tmp_path_factory.mktemp("tiny"))
    infer = Interpreter(bundle.model_bytes()).invoke
    samples = (np.random.default_rng(seed).standard_normal(sum(pieces)) * 3000).astype(np.int16)
    whole = list(find_hard_negatives(bundle, infer, [samples], min_probability=0.3))
    cut = list(find_hard_negatives(bundle, infer, np.split(samples, np.cumsum(pieces)[:-1]), min_probability=0.3))
    assert [sound.label_id for sound in whole] == [sound.label_id for sound in cut]
    for one, other in zip(whole, cut, strict=True):
        assert (one.detected, len(one.inputs)) == (other.detected, len(other.inputs))
        for ours, theirs in zip(one.inputs, other.inputs, strict=True):
            assert (ours.end_ms, ours.probability) == (theirs.end_ms, theirs.probability)
            np.testing.assert_array_equal(ours.samples, theirs.samples)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_windows_of_a_sound_are_apart_and_sounds_too(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    bundle = tiny_bundle(tmp_path_factory.mktemp("tiny"))
    rng = np.random.default_rng(seed)

    def infer(features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        return rng.integers(-128, 128, 3).astype(np.int8)

    sounds = list(find_hard_negatives(bundle, infer, [np.zeros(16000 * 5, np.int16)], min_probability=0.6))
    ends = [sorted(window.end_ms for window in sound.inputs) for sound in sounds]
    for sound, own in zip(sounds, ends, strict=True):
        assert 1 <= len(own) <= 3
        assert all(later - earlier >= APART_MS for earlier, later in itertools.pairwise(own))
        assert all(0.6 <= window.probability <= sound.inputs[0].probability for window in sound.inputs)
    assert all(after[0] - before[-1] > GAP_MS for before, after in itertools.pairwise(ends))


@pytest.mark.slow
def test_the_next_training_unlearns_it(project: Project, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tone near a word's is taken for it; mined and trained on, it is not any more, and the words still are."""
    (project.root / "kws.yaml").write_text(
        (project.root / "kws.yaml")
        .read_text()
        .replace("epochs: 15", "epochs: 50")
        .replace("threshold: 200", "threshold: 200, inference_stride_ms: 60")
        + "synth: {enabled: never}\n"
    )
    rng = np.random.default_rng(5)
    for word, tone_hz in (("low", 300), ("high", 3500), ("other", 1800)):
        for at in range(60):
            path = project.data_dir / word / f"{at}_nohash_0.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, burst(tone_hz, 8000, rng).astype(np.int16), 16000)
    (project.data_dir / "_background_noise_").mkdir()
    noise = (rng.standard_normal(16000 * 30) * 200).astype(np.int16)
    soundfile.write(project.data_dir / "_background_noise_" / "hiss.wav", noise, 16000)
    near = rng.standard_normal(40 * 16000) * 30
    for second in range(1, 39, 2):
        near[second * 16000 : second * 16000 + 8000] += burst(420, 8000, rng)
    soundfile.write(project.root / "near.wav", near.astype(np.int16), 16000)
    command = ["mine", "--project", str(project.root), "--add", str(project.root / "near.wav")]
    assert run(command) == 0
    before = len(list((project.data_dir / "_mined_").iterdir()))
    assert before > 10
    assert f"{before} new clips" in capsys.readouterr().out
    assert run([*command, "--rebuild"]) == 0
    after = len(list((project.build_dir / "mined").glob("*.wav")))
    assert after < before / 2
    assert run(["evaluate", "--project", str(project.root), "--split", "validation", "--min-accuracy", "0.9"]) == 0


def test_events_are_of_one_recording(project: Project, recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project.root / "e.csv").write_text("1,2,low\n")
    events = ["--events", str(project.root / "e.csv")]
    assert run(["mine", "--bundle", str(project.bundle_dir), *events, str(recording), str(recording)]) == 2
    assert "one recording" in capsys.readouterr().err
