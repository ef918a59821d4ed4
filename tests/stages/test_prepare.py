# SPDX-License-Identifier: Apache-2.0
"""prepare: recordings of every kind become one dataset; unfit ones are named; nothing is done twice."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tinykws.audio.files import read_audio
from tinykws.native.features import features_of_clip
from tinykws.project.config import Config
from tinykws.project.layout import Project
from tinykws.project.model_settings import FeatureSettings
from tinykws.project.synth_settings import SynthSettings
from tinykws.stages import prepare as stage
from tinykws.stages.prepare import prepare, stage_files
from tinykws.support.errors import ConfigError
from tinykws.support.freshness import digest_of_files, is_fresh, write_stamp
from tinykws.support.progress import Progress
from tinykws.training_data.dataset import Dataset

RATE = 16000


class Told(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def sound(seed: int, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal(round(seconds * rate)).clip(-4, 4)


def record(folder: Path, name: str, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def make_project(root: Path, words: tuple[str, ...] = ("yes",), **changes: Any) -> Project:
    return Project(root, Config(words=words, synth=SynthSettings(enabled="never"), **changes))


def fill(folder: Path, label: str, count: int, first_seed: int = 0) -> None:
    for index in range(count):
        record(folder, f"{label}/{index:03}_nohash_0.wav", sound(first_seed + index))


def split_lists(folder: Path, label: str, validation: int, testing: int = 0) -> None:
    names = sorted(f"{label}/{path.name}" for path in (folder / label).iterdir())
    (folder / "validation_list.txt").write_text("\n".join(names[:validation]), encoding="utf-8")
    (folder / "testing_list.txt").write_text("\n".join(names[validation : validation + testing]), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Ten clips of a word (2 validation, 1 testing), four of others."""
    here = make_project(tmp_path)
    fill(here.data_dir, "yes", 10)
    fill(here.data_dir, "cat", 4, first_seed=100)
    split_lists(here.data_dir, "yes", 2, 1)
    return here


def clip_of(dataset: Dataset, source: str) -> np.ndarray:
    return np.array(dataset.all_clips[dataset.all_sources.index(source)])


def test_counts_labels_and_features(project: Project) -> None:
    report = prepare(project)
    dataset = Dataset.load(project.dataset_dir)
    assert dataset.labels == ("_silence_", "_unknown_", "yes")
    assert report.counts == {
        "training": {"_silence_": 4, "_unknown_": 4, "yes": 7},
        "validation": {"_silence_": 1, "_unknown_": 0, "yes": 2},
        "testing": {"_silence_": 0, "_unknown_": 0, "yes": 1},
    }
    for split, counts in report.counts.items():
        ids = dataset.label_ids(split).tolist()
        assert [ids.count(label_id) for label_id in range(3)] == list(counts.values())
        for clip, features in zip(dataset.clips(split), dataset.features(split), strict=True):
            np.testing.assert_array_equal(features, features_of_clip(np.array(clip), dataset.frontend))


def test_16_bit_samples_arrive_unchanged(project: Project) -> None:
    prepare(project)
    written, _ = soundfile.read(project.data_dir / "yes" / "004_nohash_0.wav", dtype="int16")
    np.testing.assert_array_equal(clip_of(Dataset.load(project.dataset_dir), "data/yes/004_nohash_0.wav"), written)


def test_short_clips_are_padded_at_the_end_and_long_ones_cut_to_the_loudest(project: Project) -> None:
    record(project.data_dir, "yes/short.wav", sound(1, 0.4))
    long = 0.01 * sound(2, 3.0)
    long[20000:30000] = sound(3, 10000 / RATE)
    record(project.data_dir, "yes/long.wav", long)
    prepare(project)
    dataset = Dataset.load(project.dataset_dir)
    short = clip_of(dataset, "data/yes/short.wav")
    assert np.count_nonzero(short[:6400]) > 6000
    assert not short[6400:].any()
    kept = clip_of(dataset, "data/yes/long.wav")
    np.testing.assert_allclose(np.square(kept / 32768).sum(), np.square(long[20000:30000]).sum(), rtol=0.01)


def test_other_rates_widths_and_channels_are_taken_and_said_once(project: Project) -> None:
    for rate in (8000, 44100):
        record(project.data_dir, f"yes/rate{rate}.wav", sound(rate, 1.0, rate), rate)
    record(project.data_dir, "yes/stereo.flac", np.stack([sound(5), sound(6)], axis=1))
    record(project.data_dir, "yes/wide.wav", sound(7), subtype="PCM_24")
    record(project.data_dir, "yes/float.wav", sound(8), subtype="FLOAT")
    told = Told()
    report = prepare(project, told)
    assert (report.resampled, report.mixed, report.skipped) == (2, 1, ())
    assert [line for line in told.lines if "resampled" in line] == [
        "2 files were resampled to 16 kHz, 1 were mixed to one channel"
    ]
    assert sum(report.counts["training"].values()) == 7 + 5 + 4 + report.counts["training"]["_silence_"]


def test_unfit_files_are_listed_with_the_reason_and_left_out(project: Project) -> None:
    (project.data_dir / "yes" / "broken.wav").write_bytes(b"RIFF no more")
    (project.data_dir / "yes" / "nothing.wav").write_bytes(b"")
    record(project.data_dir, "yes/empty.wav", np.zeros(0))
    record(project.data_dir, "yes/silent.wav", np.zeros(RATE))
    record(project.data_dir, "yes/clipped.wav", np.sign(sound(1)))
    record(project.data_dir, "_silence_/quiet.wav", np.zeros(RATE))
    told = Told()
    report = prepare(project, told)
    reasons = {Path(name).stem: reason.split(":")[0] for name, reason in report.skipped}
    assert reasons == {
        "broken": "unreadable",
        "nothing": "unreadable",
        "empty": "empty",
        "silent": "silent",
        "clipped": "clipped",
    }
    listed = json.loads((project.dataset_dir / "skipped.json").read_text(encoding="utf-8"))
    assert [(entry["file"], entry["reason"]) for entry in listed] == list(report.skipped)
    assert any("5 files were skipped" in line for line in told.lines)
    assert not {name for name, _ in report.skipped} & set(Dataset.load(project.dataset_dir).all_sources)
    assert "data/_silence_/quiet.wav" in Dataset.load(project.dataset_dir).all_sources


def test_more_than_half_unfit_is_an_error_that_lists_the_first(project: Project) -> None:
    for index in range(15):
        record(project.data_dir, f"yes/silent{index:02}.wav", np.zeros(RATE))
    with pytest.raises(ConfigError, match="15 of 29 files are unusable") as error:
        prepare(project)
    assert "data/yes/silent00.wav: silent" in str(error.value.hint)
    assert not project.dataset_dir.exists()


def test_no_data_says_what_to_try(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no data at all") as error:
        prepare(make_project(tmp_path))
    assert "tinykws synth" in str(error.value.hint)
    assert str(tmp_path / "data" / "yes") in str(error.value.hint)


def test_a_word_without_clips_is_named(project: Project) -> None:
    with pytest.raises(ConfigError, match="no clip of 'да'"):
        prepare(make_project(project.root, ("yes", "да")))


def test_too_few_recordings_to_validate_are_an_error(tmp_path: Path) -> None:
    here = make_project(tmp_path)
    fill(here.data_dir, "yes", 3)
    fill(here.data_dir, "cat", 1)
    (here.data_dir / "validation_list.txt").write_text("cat/000_nohash_0.wav\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="none of the 3 usable clips of 'yes' is for validation"):
        prepare(here)


def test_background_noise_gives_noise_and_silence_clips_from_other_times(project: Project) -> None:
    fill(project.data_dir, "yes", 60)
    noise = np.repeat(np.arange(100), RATE // 4) / 32768 + 0.25  # every quarter of a second another level
    record(project.data_dir, "_background_noise_/hum.wav", noise)
    report = prepare(project)
    dataset = Dataset.load(project.dataset_dir)
    assert report.noise_seconds == pytest.approx(20)
    np.testing.assert_array_equal(dataset.noise[0], np.rint(noise[: 20 * RATE] * 32768))
    silence = dataset.clips("training")[dataset.label_ids("training") == 0]
    assert len(silence) == report.counts["training"]["_silence_"] == 28
    assert (np.abs(silence.astype(int)).max(axis=1) == 0).sum() == 3


def test_silence_is_made_where_there_is_no_noise(project: Project) -> None:
    fill(project.data_dir, "yes", 60)
    prepare(project)
    dataset = Dataset.load(project.dataset_dir)
    silence = dataset.clips("training")[dataset.label_ids("training") == 0]
    assert dataset.noise == []
    assert len(np.unique(silence, axis=0)) > len(silence) * 0.8


def test_unknown_clips_are_capped_and_the_choice_is_stable(project: Project) -> None:
    fill(project.data_dir, "dog", 90, first_seed=500)
    prepare(project)
    first = set(Dataset.load(project.dataset_dir).sources("training"))
    unknown = {source for source in first if "/cat/" in source or "/dog/" in source}
    assert len(unknown) == 21  # three times the word's seven
    fill(project.data_dir, "bird", 10, first_seed=900)
    prepare(project)
    second = set(Dataset.load(project.dataset_dir).sources("training"))
    assert len(unknown & second) > 15


def test_mined_clips_stand_beside_other_unknown_ones(project: Project) -> None:
    fill(project.data_dir, "dog", 90, first_seed=500)
    prepare(project)
    before = {source for source in Dataset.load(project.dataset_dir).sources("training") if "/yes/" not in source}
    for mined, kept in ((15, 15), (30, 21)):
        fill(project.data_dir, "_mined_", mined, first_seed=700)
        prepare(project)
        sources = set(Dataset.load(project.dataset_dir).sources("training"))
        assert sum("/_mined_/" in source for source in sources) == kept
        assert {source for source in sources if "/dog/" in source or "/cat/" in source} <= before
        assert sum("/cat/" in source or "/dog/" in source for source in sources) == 21


def test_a_second_run_reuses_everything_and_gives_the_same_bytes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(project)
    before = digest_of_files([project.dataset_dir])

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(stage, "read_audio", never)
    monkeypatch.setattr(stage, "features_of_clips", never)
    report = prepare(project)
    assert report.reused == 19
    assert digest_of_files([project.dataset_dir]) == before


def test_only_changed_and_new_files_are_computed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(project)
    record(project.data_dir, "yes/005_nohash_0.wav", sound(777))
    record(project.data_dir, "yes/new.wav", sound(778))
    read = []

    def read_and_note(path: Path, *rest: Any) -> Any:
        read.append(path.name)
        return read_audio(path, *rest)

    monkeypatch.setattr(stage, "read_audio", read_and_note)
    report = prepare(project)
    assert sorted(read) == ["005_nohash_0.wav", "new.wav"]
    assert report.reused == sum(sum(counts.values()) for counts in report.counts.values()) - 2
    dataset = Dataset.load(project.dataset_dir)
    for clip, features in zip(dataset.all_clips, dataset.all_features, strict=True):
        np.testing.assert_array_equal(features, features_of_clip(np.array(clip), dataset.frontend))


def test_other_frontend_settings_compute_all_anew(project: Project) -> None:
    prepare(project)
    other = make_project(project.root, features=FeatureSettings(stride_ms=10))
    assert prepare(other).reused == 0
    assert Dataset.load(other.dataset_dir).features("training").shape[1:] == (98, 40)


def test_the_number_of_threads_changes_nothing(project: Project) -> None:
    fill(project.data_dir, "yes", 150)
    prepare(project, threads=1)
    one = digest_of_files([project.dataset_dir])
    (project.dataset_dir / "index.json").unlink()
    report = prepare(project, threads=4)
    assert report.reused == 0
    assert digest_of_files([project.dataset_dir]) == one


def test_a_damaged_dataset_is_made_again(project: Project) -> None:
    prepare(project)
    before = digest_of_files([project.dataset_dir])
    (project.dataset_dir / "clips.npy").write_bytes(b"garbage")
    prepare(project)
    assert digest_of_files([project.dataset_dir]) == before


def test_ctrl_c_leaves_the_old_dataset(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(project)
    before = digest_of_files([project.build_dir])
    record(project.data_dir, "yes/new.wav", sound(778))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "features_of_clips", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepare(project)
    assert digest_of_files([project.build_dir]) == before
    assert [path.name for path in project.build_dir.iterdir()] == ["dataset"]


def test_synth_folder_counts_only_when_espeak_is_wanted(project: Project) -> None:
    fill(project.synth_dir, "yes", 30, first_seed=3000)
    assert not any(source.startswith("synth/") for source in _sources_after(project))
    always = dataclasses.replace(project.config, synth=SynthSettings(enabled="always"))
    sources = _sources_after(Project(project.root, always))
    assert sum(source.startswith("synth/yes/") for source in sources) == 30


def _sources_after(project: Project) -> list[str]:
    prepare(project)
    return Dataset.load(project.dataset_dir).all_sources


def test_freshness_follows_data_and_settings(project: Project, tmp_path: Path) -> None:
    files = stage_files(project)
    inputs = files.inputs_digest()
    prepare(project)
    write_stamp(tmp_path / "stamp.json", inputs, files)
    assert is_fresh(tmp_path / "stamp.json", stage_files(project))
    record(project.data_dir, "yes/new.wav", sound(778))
    assert not is_fresh(tmp_path / "stamp.json", stage_files(project))
    assert (
        stage_files(make_project(project.root, ("yes", "no"))).inputs_digest() != stage_files(project).inputs_digest()
    )


def test_real_speech(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "speech_commands"
    data = tmp_path / "data"
    for word in ("seven", "cat", "six"):
        (data / word).mkdir(parents=True)
        for path in sorted((folder / word).iterdir()):
            (data / word / path.name).symlink_to(path)
    report = prepare(make_project(tmp_path, ("seven",)))
    assert report.counts["training"]["seven"] + report.counts["validation"]["seven"] == 20
    assert report.skipped == ()
