# SPDX-License-Identifier: Apache-2.0
"""train: a network learns, its best epoch is kept, the seed decides everything, and nothing is left half-made."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from small_teachers import tone_detector, write_onnx_teacher
from tone_bursts_dataset import SPLITS, TONES_HZ, make_project, write_dataset

from tinykws.evaluation.scoring import score
from tinykws.native.features import features_of_clips
from tinykws.project.labels import FIRST_WORD
from tinykws.project.layout import Project
from tinykws.stages.train import TrainReport, stage_files, train
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress, T
from tinykws.training.defaults import with_defaults
from tinykws.training.fine_tuning import recordings_for_fine_tuning, without
from tinykws.training.kept_start import facts_of
from tinykws.training.keras_network import Network, real_values
from tinykws.training.segments import Segments
from tinykws.training.stream_trainer import StreamTrainer
from tinykws.training.trainer import EpochResult
from tinykws.training_data.clip_placement import AT_END, placed
from tinykws.training_data.dataset import Dataset

ONE_EPOCH = """\
words: [low, high]
features: {clip_ms: 500}
model: {architecture: micro_speech}
training: {epochs: 1, batch_size: 16}
"""


def test_it_learns(learned_project: Project) -> None:
    dataset = Dataset.load(learned_project.dataset_dir)
    network = Network.load(learned_project.model_dir / "model.keras")
    predicted = network.probabilities(dataset.features("testing")).argmax(axis=1)
    assert score(dataset.label_ids("testing"), predicted, dataset.labels).accuracy > 0.9


def test_the_best_epoch_is_kept(learned_project: Project) -> None:
    dataset = Dataset.load(learned_project.dataset_dir)
    history = json.loads((learned_project.model_dir / "history.json").read_text())
    best = history["epochs"][history["best_epoch"] - 1]
    recalls = [epoch["validation_mean_recall"] for epoch in history["epochs"]]
    assert best["validation_mean_recall"] == max(recalls)
    network = Network.load(learned_project.model_dir / "model.keras")
    predicted = network.probabilities(dataset.features("validation")).argmax(axis=1)
    figures = score(dataset.label_ids("validation"), predicted, dataset.labels)
    assert figures.mean_recall == pytest.approx(best["validation_mean_recall"])
    assert (learned_project.model_dir / "learning_curves.png").read_bytes().startswith(b"\x89PNG")


@dataclasses.dataclass(frozen=True)
class Once:
    """A project that was trained for one epoch, its report, and what was said meanwhile."""

    project: Project
    report: TrainReport
    said: list[str]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    project, progress = make_project(tmp_path_factory.mktemp("once"), yaml=ONE_EPOCH), Listening()
    return Once(project, train(project, progress=progress), progress.said)


@pytest.mark.slow
def test_the_seed_decides_the_weights(once: Once, tmp_path: Path) -> None:
    models = [(once.project.model_dir / "model.keras").read_bytes()]
    for seed in (once.project.config.training.seed, once.project.config.training.seed + 1):
        project = make_project(tmp_path / str(seed), yaml=ONE_EPOCH.replace("epochs: 1", f"epochs: 1, seed: {seed}"))
        train(project)
        models.append((project.model_dir / "model.keras").read_bytes())
    assert models[0] == models[1]
    assert models[0] != models[2]


@pytest.mark.slow
def test_the_report(once: Once) -> None:
    report = once.report
    assert (report.cost.architecture, report.epochs, report.best.epoch) == ("micro_speech", 1, 1)
    assert (report.training_clips, report.validation_clips) == (4 * SPLITS["training"], 4 * SPLITS["validation"])
    assert report.cost.parameters == 10 * 8 * 8 + 8 + 12 * 20 * 8 * 4 + 4


class Listening(Progress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.mark.slow
def test_a_teacher_learns_beside(once: Once, tmp_path: Path) -> None:
    taught = make_project(tmp_path / "taught", yaml=ONE_EPOCH.replace("epochs: 1", "epochs: 1, distill: 0.7"))
    progress = Listening()
    assert not any("teacher" in line for line in once.said)
    train(taught, progress=progress)
    assert progress.said[-1].startswith("the teacher's mean recall: ")
    networks = [Network.load(project.model_dir / "model.keras") for project in (once.project, taught)]
    assert networks[0].cost == networks[1].cost, "the teacher is not kept"
    weights = [network.model.get_weights() for network in networks]
    assert not all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))


class Interrupting(Progress):
    """Ctrl-C after the first epoch."""

    def track(self, items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        iterator = iter(items)
        yield next(iterator)
        raise KeyboardInterrupt


@pytest.mark.slow
def test_ctrl_c_leaves_what_was_there(tmp_path: Path) -> None:
    project = make_project(tmp_path, yaml=ONE_EPOCH.replace("epochs: 1", "epochs: 3"))
    project.model_dir.mkdir()
    (project.model_dir / "model.keras").write_text("the old one")
    with pytest.raises(KeyboardInterrupt):
        train(project, progress=Interrupting())
    assert [path.name for path in project.model_dir.iterdir()] == ["model.keras"]
    assert (project.model_dir / "model.keras").read_text() == "the old one"
    assert sorted(path.name for path in project.build_dir.iterdir()) == ["dataset", "model"]


def test_no_dataset(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (project.dataset_dir / "index.json").unlink()
    with pytest.raises(ConfigError, match="no dataset"):
        train(project)


def test_a_dataset_of_other_words(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    other = dataclasses.replace(project, config=dataclasses.replace(project.config, words=("low", "deep")))
    with pytest.raises(ConfigError, match=r"dataset has the labels .* low, high; kws\.yaml has .* low, deep"):
        train(other)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_an_empty_split(tmp_path: Path, split: str) -> None:
    project = make_project(tmp_path)
    write_dataset(project.dataset_dir, project.config, {**SPLITS, split: 0})
    with pytest.raises(ConfigError, match=f"no {split} clip"):
        train(project)


@pytest.mark.slow
def test_an_unknown_architecture(tmp_path: Path) -> None:
    project = make_project(tmp_path, yaml=ONE_EPOCH.replace("micro_speech", "resnet"))
    with pytest.raises(ConfigError, match="'resnet'"):
        train(project)


@pytest.mark.slow
def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"PK nothing")
    with pytest.raises(ConfigError, match="is not a trained model"):
        Network.load(tmp_path / "model.keras")
    with pytest.raises(ConfigError, match="no trained model"):
        Network.load(tmp_path / "none.keras")


def test_what_decides_whether_to_train_again(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    before = stage_files(project).inputs_digest()
    assert stage_files(Project.load(tmp_path)).inputs_digest() == before
    training = dataclasses.replace(project.config.training, seed=5)
    other = dataclasses.replace(project, config=dataclasses.replace(project.config, training=training))
    assert stage_files(other).inputs_digest() != before
    labels = np.load(project.dataset_dir / "noise.npy")
    np.save(project.dataset_dir / "noise.npy", labels + 1)
    assert stage_files(project).inputs_digest() != before


@pytest.fixture(autouse=True)
def no_teacher_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinykws.stages.train.usual_teacher", lambda: None)


def test_an_installed_teacher_is_used_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path, yaml=STREAMS)

    def settings(installed: str | None, yaml: str = STREAMS) -> dict[str, object]:
        monkeypatch.setattr("tinykws.stages.train.usual_teacher", lambda: installed)
        (tmp_path / "kws.yaml").write_text(yaml)
        training = stage_files(Project.load(project.root)).settings["training"]
        assert isinstance(training, dict)
        return training

    assert "teacher" not in settings(None)
    assert settings("openwakeword")["teacher"] == "openwakeword"
    assert "teacher" not in settings("openwakeword", STREAMS.replace("epochs: 16", "epochs: 16, teacher: null"))
    assert "teacher" not in settings("openwakeword", STREAMS.replace("stream_small", "ds_tcn"))


def test_a_teacher_decides_too_and_so_do_its_files(tmp_path: Path) -> None:
    project = make_project(tmp_path, yaml=STREAMS)
    assert "teacher" not in stage_files(project).settings["training"]  # so that older stamps stay valid
    (tmp_path / "my_teacher").mkdir()
    (tmp_path / "my_teacher" / "embedding.onnx").write_bytes(b"one")
    digests = {stage_files(project).inputs_digest()}
    for name in ("openwakeword", "my_teacher"):
        (tmp_path / "kws.yaml").write_text(STREAMS.replace("epochs: 16", f"epochs: 16, teacher: {name}"))
        digests.add(stage_files(Project.load(tmp_path)).inputs_digest())
    (tmp_path / "my_teacher" / "embedding.onnx").write_bytes(b"other")
    digests.add(stage_files(Project.load(tmp_path)).inputs_digest())
    assert len(digests) == 4


STREAMS = """\
words: [low, high]
features: {clip_ms: 500}
model: {architecture: stream_small}
training: {epochs: 16, batch_size: 16, augmentation: {clips_per_epoch: 384, gain_db: 3, noise_snr_db_min: 15}}
"""


@pytest.fixture(scope="module")
def stream_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Once]:
    project, progress = make_project(tmp_path_factory.mktemp("streams"), yaml=STREAMS), Listening()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinykws.stages.train.usual_teacher", lambda: None)
        yield Once(project, train(project, progress=progress), progress.said)


@pytest.mark.slow
def test_a_network_for_streams_learns_and_its_last_epoch_is_kept(stream_once: Once) -> None:
    project, report = stream_once.project, stream_once.report
    assert report.best.epoch == report.epochs == 16
    dataset = Dataset.load(project.dataset_dir)
    clips = np.array([placed(clip, dataset.frontend.clip_samples, AT_END) for clip in dataset.clips("testing")])
    network = Network.load(project.model_dir / "model.keras")
    predicted = network.probabilities(features_of_clips(clips, dataset.frontend)).argmax(axis=1)
    words = np.asarray(dataset.label_ids("testing")) >= FIRST_WORD
    assert (predicted[words] == dataset.label_ids("testing")[words]).mean() > 0.9


@pytest.mark.slow
def test_a_teacher_from_a_folder_teaches_a_network_for_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    project = make_project(tmp_path, yaml=STREAMS.replace("epochs: 16", "epochs: 1, teacher: my_teacher"))
    write_onnx_teacher(tmp_path / "my_teacher", tone_detector(2560, TONES_HZ[1:]))
    losses: list[float] = []

    def watched(trainer: StreamTrainer, segments: Segments) -> EpochResult:
        result = learn(trainer, segments)
        inputs, targets = real_values(segments.features[:16]), segments.targets[:16].astype(np.int32)
        assert segments.taught is not None
        for taught in (segments.taught[:16], np.full_like(segments.taught[:16], np.nan)):
            losses.append(float(trainer._gradients(inputs, targets, taught)[1][0]))
        return result

    learn = StreamTrainer.train_epoch
    monkeypatch.setattr(StreamTrainer, "train_epoch", watched)
    listening = Listening()
    train(project, progress=listening)
    assert any(
        re.search(r"the teacher hears (1[5-9]|20) of 20 validation clips of words", line) for line in listening.said
    )
    assert project.teacher_rows_path.is_file()
    with_teacher, with_labels_only = losses
    assert np.isfinite([with_teacher, with_labels_only]).all()
    assert abs(with_teacher - with_labels_only) > 0.05 * with_labels_only
    write_onnx_teacher(tmp_path / "my_teacher", tone_detector(2560, TONES_HZ[1:]))  # the same teacher
    again = Listening()
    train(project, progress=again)
    assert "the network of synthetic clips was kept" in again.said
    write_onnx_teacher(tmp_path / "my_teacher", tone_detector(2560, TONES_HZ[2:]))  # another one
    monkeypatch.setattr(StreamTrainer, "train_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(project)


def interrupted(*_: object) -> EpochResult:
    raise KeyboardInterrupt


@pytest.mark.parametrize(("architecture", "reads"), [("stream_small", True), ("ds_tcn", False)])
def test_long_recordings_are_read_by_networks_for_streams_only(tmp_path: Path, architecture: str, reads: bool) -> None:
    yaml = STREAMS.replace("stream_small", architecture)
    project = make_project(tmp_path, yaml=yaml)
    assert (project.negatives_dir in stage_files(project).reads) is reads


@pytest.mark.slow
def test_recordings_are_added_to_the_network_of_synthetic_clips(
    stream_once: Once, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first training is kept; the next one only learns the recordings, and says what they gave."""
    monkeypatch.setattr("tinykws.training.fine_tuning.EPOCHS", 1)
    monkeypatch.setattr("tinykws.training.fine_tuning.CLIPS_PER_EPOCH", 192)
    assert stream_once.report.recordings is None
    project = Project.load(shutil.copytree(stream_once.project.root, tmp_path / "more"))
    synthetic = (project.model_dir / "model.keras").read_bytes()
    index = project.dataset_dir / "index.json"
    values = json.loads(index.read_text())
    low = [at for at, label in enumerate(values["label_ids"][: values["split_sizes"]["training"]]) if label == 2]
    for at in low[:8]:
        values["sources"][at] = f"data/low/anna_nohash_{at}.wav"
    index.write_text(json.dumps(values))
    (project.synthetic_start_dir / "facts.json").write_text(_facts_without(project))
    progress = Listening()
    report = train(project, progress=progress)
    assert "the network of synthetic clips was kept" in progress.said
    gain = report.recordings
    assert gain is not None
    assert (gain.recordings, gain.speakers, gain.turns) == (8, 1, 3)
    assert gain.found_with >= gain.found_without or not gain.used
    assert gain.in_words() in progress.said
    assert ((project.model_dir / "model.keras").read_bytes() != synthetic) is gain.used
    assert report.epochs == 16 + gain.used


def _facts_without(project: Project) -> str:
    """The facts of a training that did not see the recordings: they were no part of that dataset."""
    dataset = Dataset.load(project.dataset_dir)
    settings = with_defaults(project.config.training, dataset, project.config.model)
    settings = dataclasses.replace(settings, teacher=None)
    seen = without(dataset, recordings_for_fine_tuning(dataset))
    facts = facts_of(seen, project.config.model.architecture, settings, project.negatives_dir)
    history = json.loads((project.synthetic_start_dir / "facts.json").read_text())["history"]
    return json.dumps({"digest": facts.digest, "others": sorted(facts.others), "history": history})
