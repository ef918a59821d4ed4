# SPDX-License-Identifier: Apache-2.0
"""The audit of recordings: planted defects are found, good recordings are left in peace, nothing is touched unasked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tinykws.audio.files import read_audio
from tinykws.cli.main import run
from tinykws.project.layout import Project
from tinykws.stages.audit import AuditReport, audit
from tinykws.stages.prepare import prepare
from tinykws.support.errors import ConfigError
from tinykws.training_data.folders import clip_files
from tinykws.training_data.label_quality import assign_folds, find_label_errors, out_of_fold_probabilities
from tinykws.training_data.recording_quality import KINDS, find_issues

RATE = 16000
YAML = """\
words: [low, high]
synth: {enabled: never}
features: {clip_ms: 500}
model: {architecture: micro_speech}
training: {batch_size: 16}
"""
TONES_HZ = {"low": 300, "high": 3500, "other": 1200}
Sound = npt.NDArray[np.int16]


def word(tone_hz: float, seed: int = 0, *, start: float = 0.15, length: float = 0.2, seconds: float = 0.5) -> Sound:
    """A soft-edged tone in faint noise."""
    rng = np.random.default_rng(seed)
    samples = rng.standard_normal(round(seconds * RATE)) * 20
    n = round(length * RATE)
    at = round(start * RATE)
    wave = 9000 * np.hanning(n) ** 0.3 * np.sin(2 * np.pi * tone_hz * np.arange(n) / RATE)
    room = samples[at : at + n].size
    samples[at : at + n] += wave[:room]
    return samples.astype(np.int16)


def kinds(samples: Sound) -> set[str]:
    return {suspicion.kind for suspicion in find_issues(samples, RATE, 500)}


def test_a_good_recording_is_not_suspicious() -> None:
    assert kinds(word(300)) == set()


@pytest.mark.parametrize(
    ("samples", "kind"),
    [
        (word(300, seconds=0.28, start=0.05), "short"),
        (word(300, start=0.4, length=0.3), "cut"),
        (word(300, length=0.3)[round(0.25 * RATE) :], "cut"),
        (np.random.default_rng(1).standard_normal(8000).astype(np.int16) * 300, "faint"),
        (np.zeros(8000, np.int16), "faint"),
        (np.clip(word(300).astype(int) * 6, -32768, 32767).astype(np.int16), "clipped"),
    ],
)
def test_a_defect_is_found(samples: Sound, kind: str) -> None:
    assert kind in kinds(samples)


def test_a_constant_part_and_a_single_loud_peak_are_no_defects() -> None:
    assert kinds(word(300) + np.int16(2000)) == set()
    loud = word(300)
    loud[4000] = 32767
    assert "clipped" not in kinds(loud)


@given(arrays.arrays(np.int16, st.integers(0, 3000)))
def test_any_recording_can_be_looked_at(samples: Sound) -> None:
    for suspicion in find_issues(samples, RATE, 500):
        assert suspicion.kind in KINDS
        assert np.isfinite(suspicion.severity)
        assert suspicion.detail


def test_a_speaker_is_in_one_fold() -> None:
    sources = [
        f"data/{label}/{speaker}_nohash_{take}.wav" for label in "ab" for speaker in range(50) for take in (0, 1)
    ]
    folds = assign_folds(sources)
    by_speaker: dict[str, int] = {}
    for source, fold in zip(sources, folds, strict=True):
        assert by_speaker.setdefault(source.split("/")[2].split("_")[0], fold) == fold
    assert set(folds) == {0, 1, 2}


def test_nobody_is_asked_about_what_it_was_trained_on() -> None:
    folds = np.array([0, 1, 2, 0, 1, 2])
    asked: list[npt.NDArray[np.int64]] = []

    def ask(known: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        assert not set(known) & set(rows)
        assert set(known) | set(rows) == set(range(6))
        asked.extend(rows)
        return np.eye(3, dtype=np.float32)[rows % 3]

    np.testing.assert_array_equal(out_of_fold_probabilities(folds, 3, ask), np.eye(3)[np.arange(6) % 3])
    assert sorted(asked) == list(range(6))


def test_doubt_is_where_another_label_is_as_sure_as_for_its_own() -> None:
    label_ids = np.array([0, 0, 1, 1, 0])
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.4, 0.6], [0.1, 0.9]], np.float32)
    (doubt,) = find_label_errors(label_ids, probabilities)
    assert (doubt.row, doubt.other_label_id) == (4, 1)
    probabilities[4] = (0.45, 0.55)  # more than the label's own, yet less than usual for the other
    assert find_label_errors(label_ids, probabilities) == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Good recordings of thirty speakers, and a few with one defect each."""
    root = tmp_path_factory.mktemp("audited")
    (root / "kws.yaml").write_text(YAML)
    for at, (label, tone_hz) in enumerate(TONES_HZ.items()):
        (root / "data" / label).mkdir(parents=True)
        for speaker in range(60):
            soundfile.write(
                root / "data" / label / f"s{speaker}_nohash_{at}.wav", word(tone_hz, 100 * at + speaker), RATE
            )
    bad = {
        "low/cut_nohash_0.wav": word(300, start=0.42, length=0.3),
        "low/faint_nohash_0.wav": (np.random.default_rng(4).standard_normal(8000) * 500).astype(np.int16),
        "high/wrong_nohash_0.wav": word(300, 999),
        "other/odd & <b>_nohash_0.wav": word(3500, 998),
    }
    for name, samples in bad.items():
        soundfile.write(root / "data" / name, samples, RATE)
    (root / "data" / "high" / "text_nohash_0.wav").write_text("no sound")
    same = (root / "data" / "low" / "s3_nohash_0.wav").read_bytes()
    (root / "data" / "other" / "s3copy_nohash_0.wav").write_bytes(same)
    project = Project.load(root)
    prepare(project)
    return project


@pytest.fixture(scope="module")
def report(project: Project) -> AuditReport:
    return audit(project)


@pytest.mark.slow
def test_planted_defects_are_found_and_hardly_anything_else(report: AuditReport) -> None:
    found = {(one.source, one.kind) for one in report.suspicious}
    assert found >= {
        ("low/cut_nohash_0.wav", "cut"),
        ("low/faint_nohash_0.wav", "faint"),
        ("high/wrong_nohash_0.wav", "label"),
        ("other/odd & <b>_nohash_0.wav", "label"),
        ("high/text_nohash_0.wav", "unfit"),
        ("low/s3_nohash_0.wav", "twice"),
        ("other/s3copy_nohash_0.wav", "twice"),
    }
    assert report.labels_checked
    assert report.clips == 186
    good = {source for source, _ in found if re.fullmatch(r"\w+/s\d+_nohash_\d\.wav", source)}
    assert len(good) <= 4, found


@pytest.mark.slow
def test_the_page_plays_and_shows_every_suspicion(report: AuditReport) -> None:
    page = report.page.read_text()
    assert page.count("<audio") == page.count("data:image/png;base64,iVBOR") == len(report.suspicious)
    assert "odd &amp; &lt;b&gt;_nohash_0.wav" in page
    for link in re.findall(r'<audio[^>]* src="([^"]+)"', page):
        assert (report.page.parent / unquote(link)).is_file()
    assert json.loads((report.page.parent / "audit.json").read_text())["clips"] == report.clips


@pytest.mark.slow
def test_nothing_is_left_out_unasked_and_only_what_was_asked_for(
    project: Project, report: AuditReport, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.left_out == 0
    assert not (project.data_dir / "ignore_list.txt").exists()
    before = sorted(path.name for path in project.data_dir.rglob("*.wav"))
    command = ["prepare", "--project", str(project.root), "--audit", "--leave-out", "cut", "--leave-out", "label"]
    assert run([*command, "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert {(one["source"], one["kind"]) for one in asked["suspicious"]} == {
        (one.source, one.kind) for one in report.suspicious
    }
    wanted = {one.source for one in report.suspicious if one.kind in ("cut", "label")}
    listed = (project.data_dir / "ignore_list.txt").read_text().splitlines()
    assert set(listed) == wanted
    assert asked["left_out"] == len(wanted)
    assert sorted(path.name for path in project.data_dir.rglob("*.wav")) == before
    assert not wanted & {clip.source for clip in clip_files(project.data_dir, project.config.labels)}
    (project.data_dir / "ignore_list.txt").unlink()


def test_too_few_speakers_for_labels(tmp_path: Path) -> None:
    (tmp_path / "kws.yaml").write_text(YAML.replace("low, high", "low"))
    for at in range(12):
        path = tmp_path / "data" / "low" / f"me_nohash_{at}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, word(300, at), RATE)
    (tmp_path / "data" / "validation_list.txt").write_text("low/me_nohash_0.wav\n")
    (tmp_path / "data" / "testing_list.txt").write_text("low/me_nohash_1.wav\n")
    project = Project.load(tmp_path)
    prepare(project)
    report = audit(project)
    assert not report.labels_checked
    assert report.suspicious == ()


def test_bad_use(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="not a kind"):
        audit(project, leave_out=["ugly"])
    assert run(["prepare", "--project", str(project.root), "--leave-out", "cut"]) == 2
    assert "--audit" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prepare", "--project", str(project.root), "--audit"]) == 0
    out = capsys.readouterr().out
    assert "sounds like another label" in out
    assert "186 recordings" in out


def test_real_speech(shared: Path) -> None:
    """Of clips that people have recorded, most are good."""
    clips = sorted((shared / "data" / "speech_commands" / "yes").glob("*.flac"))[:200]
    found = [find_issues(read_audio(path).samples, RATE, 1000) for path in clips]
    assert 0 < sum(map(bool, found)) < 40
