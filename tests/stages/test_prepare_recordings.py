# SPDX-License-Identifier: Apache-2.0
"""The user's own recordings never vanish: each is used, or named with the reason; a doubtful folder is asked about."""

from __future__ import annotations

import json
import os
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tinykws.cli.main import run
from tinykws.project.layout import Project
from tinykws.stages import synth
from tinykws.stages.prepare import PrepareReport, prepare, stage_files
from tinykws.support.errors import ConfigError
from tinykws.training_data import noise_recordings
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.folders import clip_files, which_set

RATE = 16000


def make_project(root: Path, words: str = "[yes, no]", more: str = "synth: {enabled: never}") -> Project:
    root.mkdir(parents=True, exist_ok=True)
    (root / "kws.yaml").write_text(f"words: {words}\n{more}\n", encoding="utf-8")
    return Project.load(root)


def sound(seed: int, seconds: float = 0.5) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE)).clip(-4, 4)


def record(folder: Path, *names: str, seconds: float = 0.5) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_opus = path.suffix == ".opus"
        soundfile.write(
            os.fsencode(path) if sys.platform != "win32" else path,
            sound(zlib.crc32(name.encode()), seconds),
            RATE,
            format="OGG" if is_opus else None,
            subtype="OPUS" if is_opus else None,
        )


def fill(project: Project, pattern: str, *words: str, count: int = 30) -> None:
    for word in words:
        record(project.data_dir, *(pattern.format(word=word, n=n) for n in range(count)))


def of_words(report: PrepareReport) -> dict[str, int]:
    totals: dict[str, int] = {}
    for counts in report.counts.values():
        for label, count in counts.items():
            totals[label] = totals.get(label, 0) + count
    return {label: count for label, count in totals.items() if label != "_silence_"}


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "aiff", "MP3"])
def test_all_formats_are_read(tmp_path: Path, suffix: str) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}_nohash_0." + suffix, "yes", "no")
    report = prepare(project)
    assert of_words(report) == {"_unknown_": 0, "yes": 30, "no": 30}
    assert report.skipped == ()


def test_clips_of_a_speaker_are_in_one_split(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    for speaker in ("anna", "bert", "carl", "dora", "emil"):
        fill(project, "{word}/" + speaker + "/{n}_nohash_0.wav", "yes", "no", count=6)
    report = prepare(project)
    assert of_words(report) == {"_unknown_": 0, "yes": 30, "no": 30}
    clips = clip_files(project.data_dir, project.config.labels)
    assert {(clip.speaker, clip.split) for clip in clips} == {
        (name, which_set(name)) for name in ("anna", "bert", "carl", "dora", "emil")
    }


@pytest.mark.parametrize("speakers", [["speaker0"], ["speaker0", "speaker1"]])
def test_one_or_two_speakers_are_enough(tmp_path: Path, speakers: list[str]) -> None:
    project = make_project(tmp_path)
    for speaker in speakers:
        fill(project, "{word}/" + speaker + "/{n}.wav", "yes", "no", count=10)
    counts = prepare(project).counts
    assert all(counts[split][word] for split in ("training", "validation") for word in ("yes", "no"))


def test_clips_in_no_folder_have_their_word_in_their_name(tmp_path: Path) -> None:
    project = make_project(tmp_path, '["yes", "hey robot"]')
    fill(project, "{word}_{n:02}.wav", "yes", "hey_robot", count=20)
    record(project.data_dir, "cat_01.wav", "recording.wav")
    report = prepare(project)
    assert of_words(report) == {"_unknown_": 0, "yes": 20, "hey_robot": 20}
    assert {name for name, _ in report.skipped} == {"data/cat_01.wav", "data/recording.wav"}
    assert all("put it into a folder" in reason for _, reason in report.skipped)


def test_folders_as_people_write_them_are_words_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path, '["hey robot", "stop"]')
    fill(project, "{word}/{n}.wav", "hey-robot", "Stop!")
    fill(project, "{word}/{n}.wav", "go", count=5)
    assert run(["prepare", "--project", str(tmp_path)]) == 0
    said = capsys.readouterr()
    for stream in (said.out, said.err):
        assert "hey-robot/ = 'hey robot' (30)" in stream
        assert "Stop!/ = 'stop' (30)" in stream
        assert "go/ = unknown (5)" in stream
    assert run(["prepare", "--project", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"folder": "Stop!", "label": "stop", "clips": 30} in report["folders"]


@pytest.mark.parametrize(
    ("folder", "ways"),
    [
        ("yes2", ["/yes/yes2", "_unknown_"]),
        ("yes (copy)", ["'", "_unknown_"]),
        ("anna/yes", ["yes/anna", "data:"]),
        ("speech_commands/no", ["data:"]),
        ("no/yes", ["yes/no"]),
        ("silence", ["_silence_"]),
        ("Background Noise", ["_background_noise_"]),
    ],
)
def test_a_doubtful_folder_is_asked_about_before_anything_is_synthesized(
    tmp_path: Path, folder: str, ways: list[str]
) -> None:
    project = make_project(tmp_path, more="synth: {enabled: auto}")
    fill(project, "{word}/{n}.wav", "yes", "no", count=3)
    fill(project, folder + "/{n}.wav", "", count=3)
    for stage in (prepare, stage_files, synth.synth, synth.stage_files):
        with pytest.raises(ConfigError, match="not clear which word") as error:
            stage(project)
        assert folder in error.value.message
        assert all(way in (error.value.hint or "") for way in ways)


def test_other_words_in_the_folder_for_them_are_no_question(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n}.wav", "yes", "no")
    fill(project, "_unknown_/{word}/{n}.wav", "yes please", "no way", "anna", count=3)
    assert of_words(prepare(project)) == {"_unknown_": 9, "yes": 30, "no": 30}


@pytest.mark.parametrize("enabled", ["auto", "always", "never"])
def test_a_data_folder_that_is_named_must_exist(
    tmp_path: Path, enabled: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_project(tmp_path, more=f"synth: {{enabled: {enabled}}}\ndata: /nonexistent")
    assert run(["prepare", "--project", str(tmp_path)]) == 2
    assert run(["synth", "--project", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "data: /nonexistent: there is no folder /nonexistent" in said
    assert "mkdir /nonexistent" in said


def test_a_named_data_folder_must_hold_something_usable(tmp_path: Path) -> None:
    project = make_project(tmp_path, more="data: recs")
    project.data_dir.mkdir()
    with pytest.raises(ConfigError, match="no recording that can be used"):
        stage_files(project)
    (project.data_dir / "yes").mkdir()
    (project.data_dir / "yes" / "a.m4a").write_bytes(b"x")
    with pytest.raises(ConfigError, match="no recording that can be used") as error:
        stage_files(project)
    assert "m4a cannot be read" in (error.value.hint or "")


def test_a_data_folder_that_is_a_file_or_the_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "recs").write_text("x")
    with pytest.raises(ConfigError, match="is not a folder"):
        stage_files(make_project(tmp_path, more="data: recs"))
    with pytest.raises(ConfigError, match="own files in build/"):
        stage_files(make_project(tmp_path, more="data: ."))
    with pytest.raises(ConfigError, match=r"data: x+: .*name too long"):
        stage_files(make_project(tmp_path, more=f"data: {'x' * 300}"))


@pytest.mark.parametrize("name", ["data", "./data", "data/"])
def test_the_default_folder_need_not_exist(tmp_path: Path, name: str) -> None:
    stage_files(make_project(tmp_path, more=f"data: {name}"))


def test_every_recording_that_is_not_used_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n}.wav", "yes", "no")
    (project.data_dir / "yes" / "phone.m4a").write_bytes(b"x")
    (project.data_dir / "yes" / "broken.flac").write_bytes(b"fLaC")
    (project.data_dir / "no" / "folder.wav").mkdir()
    record(project.data_dir, "alone.wav", "no/ignored.wav")
    (project.data_dir / "ignore_list.txt").write_text("no\\ignored.wav\r\n")
    names = {f"data/{name}" for name in ("yes/phone.m4a", "yes/broken.flac", "no/folder.wav", "alone.wav")}
    names.add("data/no/ignored.wav")
    assert run(["prepare", "--project", str(tmp_path)]) == 0
    said = capsys.readouterr()
    for stream in (said.out, said.err):
        for name in names:
            assert name in stream
        assert "skipped.json" in stream
    listed = json.loads((project.dataset_dir / "skipped.json").read_text(encoding="utf-8"))
    assert {one["file"] for one in listed} == names
    assert all(one["reason"] for one in listed)
    assert run(["prepare", "--project", str(tmp_path), "--json"]) == 0
    assert {name for name, _ in json.loads(capsys.readouterr().out)["skipped"]} == names


def test_recordings_beyond_the_number_that_is_used_are_counted_and_listed(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n}.wav", "yes", "no", count=20)
    fill(project, "{word}/{n}.wav", "cat", count=120)
    report = prepare(project)
    listed = json.loads((project.dataset_dir / "surplus.json").read_text(encoding="utf-8"))
    used = set(Dataset.load(project.dataset_dir).all_sources)
    assert report.surplus == {"_unknown_": len(listed)}
    assert len(listed) + sum("/cat/" in source for source in used) == 120
    assert not set(listed) & used


def test_a_list_from_windows_is_honoured(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no", count=60)
    names = [f"{word}\\{n:02}.WAV" for word in ("yes", "no") for n in range(30)]
    (project.data_dir / "testing_list.txt").write_bytes("\r\n".join([*names, "yes\\gone.wav"]).encode("utf-8-sig"))
    report = prepare(project)
    assert (report.counts["testing"]["yes"], report.counts["testing"]["no"]) == (30, 30)
    assert report.unmatched_lines == {"testing_list.txt": ("yes\\gone.wav",)}


@pytest.mark.parametrize("name", ["testing_list.txt", "validation_list.txt"])
def test_a_list_of_which_nothing_matches_is_an_error(tmp_path: Path, name: str) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    (project.data_dir / name).write_text("recs/yes/01.wav\nrecs/yes/02.wav\n")
    with pytest.raises(ConfigError, match=f"no line of .*{name} names a clip, such as 'recs/yes/01.wav'"):
        prepare(project)


def test_lines_that_match_nothing_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    lines = ["yes/01.wav", "no/01.wav", *(f"yes/gone{n}.wav" for n in range(9))]
    (project.data_dir / "validation_list.txt").write_text("\n".join(lines))
    assert run(["prepare", "--project", str(tmp_path)]) == 0
    for stream in capsys.readouterr():
        assert "validation_list.txt: 9 lines name no clip, such as 'yes/gone0.wav', 'yes/gone1.wav'" in stream


def test_a_damaged_noise_recording_is_left_out(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    record(project.data_dir, "_background_noise_/good.wav", "_background_noise_/kitchen/fan.ogg", seconds=5)
    (project.data_dir / "_background_noise_" / "rain.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    report = prepare(project)
    assert [name for name, _ in report.skipped] == ["data/_background_noise_/rain.wav"]
    assert report.noise_seconds == pytest.approx(8)


def test_long_noise_is_shortened_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_recordings, "LONGEST_SECONDS", 4)
    monkeypatch.setattr(noise_recordings, "TOTAL_SECONDS", 6)
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    record(project.data_dir, *(f"_background_noise_/{name}.wav" for name in "abc"), seconds=5)
    report = prepare(project)
    assert report.noise_seconds == pytest.approx(0.8 * 6)
    assert [note.split(":")[0] for note in report.notes] == [f"data/_background_noise_/{name}.wav" for name in "ab"]
    assert [name for name, _ in report.skipped] == ["data/_background_noise_/c.wav"]


def test_a_long_recording_among_the_clips_is_not_read(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    with soundfile.SoundFile(project.data_dir / "yes" / "radio.wav", "w", RATE, 1, subtype="PCM_16") as file:
        file.write(np.zeros(RATE, np.int16))
    size = 44 + 2 * RATE * 3600 * 2
    data = bytearray((project.data_dir / "yes" / "radio.wav").read_bytes()[:44])
    data[4:8], data[40:44] = (size - 8).to_bytes(4, "little"), (size - 44).to_bytes(4, "little")
    with (project.data_dir / "yes" / "radio.wav").open("wb") as raw:
        raw.write(data)
        raw.truncate(size)  # two hours without a byte on the disk
    report = prepare(project)
    assert [name for name, _ in report.skipped] == ["data/yes/radio.wav"]
    assert "2:00:00 long" in report.skipped[0][1]
    assert "negatives/" in report.skipped[0][1]


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes")
def test_pipes_and_devices_are_named(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    (project.data_dir / "_background_noise_").mkdir()
    os.mkfifo(project.data_dir / "_background_noise_" / "x.wav")
    os.mkfifo(project.data_dir / "yes" / "x.wav")
    (project.data_dir / "no" / "x.wav").symlink_to("/dev/zero")
    assert dict(prepare(project).skipped) == {
        "data/_background_noise_/x.wav": "it is a named pipe, not a file",
        "data/yes/x.wav": "it is a named pipe, not a file",
        "data/no/x.wav": "it is a device, not a file",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    record(project.data_dir, "yes/caf.wav")
    (project.data_dir / "yes" / "caf.wav").rename(project.data_dir / "yes" / "caf\udce9.wav")
    for more in ([], ["--json"]):
        assert run(["prepare", "--project", str(tmp_path), *more]) == 0
        assert "caf\\" in capsys.readouterr().out
    assert prepare(project).skipped[0][1] == "its name is not UTF-8: rename it"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_project_whose_own_path_is_not_utf8_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(tmp_path / "caf\udce9")
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    record(project.data_dir, "alone.wav")
    assert run(["prepare", "--project", str(project.root)]) == 0
    assert "\\udce9" in capsys.readouterr().out


def test_channels_that_cancel_each_other_are_not_silence(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "yes", "no")
    samples = sound(1)
    soundfile.write(project.data_dir / "yes" / "cable.wav", np.stack([samples, -samples], axis=1), RATE)
    report = prepare(project)
    assert (report.skipped, report.one_channel, of_words(report)["yes"]) == ((), 1, 31)


def test_recordings_of_a_word_that_cannot_be_read_are_told_where_the_word_is_missing(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}.wav", "no")
    (project.data_dir / "yes").mkdir()
    (project.data_dir / "yes" / "a.m4a").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"no clip of 'yes'.*\n  not used: 1 \.m4a cannot be read"):
        prepare(project)


def say(project: Project, word: str, count: int, word_ms: int, around_ms: int) -> None:
    """Recordings of a "word" of a length, in a faint noise that begins before it and ends after it."""
    for n in range(count):
        quiet = 0.001 * np.random.default_rng(n).standard_normal((word_ms + 2 * around_ms) * RATE // 1000)
        begin = around_ms * RATE // 1000
        quiet[begin : begin + word_ms * RATE // 1000] += sound(n, word_ms / 1000)
        path = project.data_dir / word / f"{n:02}_nohash_{word_ms}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, quiet, RATE)


@pytest.mark.parametrize("again", [False, True], ids=["read now", "reused"])
def test_recorded_words_that_are_longer_than_a_clip_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], again: bool
) -> None:
    project = make_project(tmp_path, "[computer, no]")
    say(project, "computer", 20, 700, 900)  # long recordings of a short word
    say(project, "computer", 7, 1430, 300)
    say(project, "no", 20, 400, 50)
    for _ in range(2 if again else 1):
        capsys.readouterr()
        assert run(["prepare", "--project", str(tmp_path), "--force"]) == 0
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert "7 of 27 recordings of 'computer' are cut: the word takes up to 1430 ms, and a clip has 1000 ms" in text
        assert "in kws.yaml: features: {clip_ms: 1600}" in text
        assert "'no' are cut" not in text
    assert run(["prepare", "--project", str(tmp_path), "--json"]) == 0
    (word,) = json.loads(capsys.readouterr().out)["long_words"]
    assert word == {"label": "computer", "clips": 7, "recordings": 27, "longest_ms": 1430, "enough_clip_ms": 1600}
    (tmp_path / "kws.yaml").write_text("words: [computer, no]\nsynth: {enabled: never}\nfeatures: {clip_ms: 1600}\n")
    assert run(["prepare", "--project", str(tmp_path)]) == 0
    assert "are cut" not in capsys.readouterr().err


def test_recordings_that_were_cut_off_are_listed(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    fill(project, "{word}/{n:02}_nohash_0.wav", "yes", "no")
    for suffix in ("mp3", "ogg", "flac", "wav"):
        path = project.data_dir / "yes" / f"cut_nohash_0.{suffix}"
        record(path.parent, path.name, seconds=3)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = prepare(project)
    damaged = dict(report.skipped)
    assert set(damaged) == {f"data/yes/cut_nohash_0.{suffix}" for suffix in ("mp3", "ogg", "flac", "wav")}
    assert all("it is damaged" in reason or "lost sync" in reason for reason in damaged.values())
    assert of_words(report)["yes"] == 30
