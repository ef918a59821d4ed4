# SPDX-License-Identifier: Apache-2.0
"""The pipeline: which stages run again after which change, and that each tells the same when it is up to date."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import filelock
import numpy as np
import pytest
from tone_bursts_dataset import burst

from tinykws.audio.files import write_wav
from tinykws.cli.main import run
from tinykws.cli.run_stages import KEPT_SYNTH, run_until
from tinykws.cli.stages_in_order import ORDER, report_of
from tinykws.cli.workplace import workplace
from tinykws.cost.architecture_cost import NetworkCost
from tinykws.evaluation.epoch_records import EpochRecord
from tinykws.project.layout import Project
from tinykws.stages import prepare, quantize, synth, train, tune
from tinykws.support.progress import SILENT, Progress
from tinykws.support.project_lock import LOCK_NAME, OWNER_NAME

KWS_YAML = """\
words: [low, high]
synth: {enabled: never}
features: {clip_ms: 500}
training: {epochs: 1, batch_size: 16}
detector: {threshold: 200}
"""


class Told(Progress):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    @property
    def ran(self) -> list[str]:
        """The stages that ran."""
        return [line.removesuffix(": running") for line in self.lines if line.endswith(": running")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose network costs nothing to train or convert: files stand in for it; all else is real."""
    (tmp_path / "kws.yaml").write_text(KWS_YAML)
    rng = np.random.default_rng(1)
    for folder, tone_hz in (("low", 300), ("high", 3000), ("other", 1000)):
        (tmp_path / "data" / folder).mkdir(parents=True)
        for at in range(40):
            path = tmp_path / "data" / folder / f"{at}_nohash_0.wav"
            write_wav(path, burst(tone_hz, 8000, rng).astype(np.int16))

    def trained(project: Project, *, progress: Progress) -> train.TrainReport:
        project.model_dir.mkdir(parents=True, exist_ok=True)
        dataset = (project.dataset_dir / "index.json").read_bytes()
        (project.model_dir / "model.keras").write_bytes(dataset + str(project.config.training).encode())
        best = EpochRecord(1, 0.5, 0.5, 0.5, 0.5, 0.5)
        cost = NetworkCost("ds_tcn", 1, 2, 3, 4, 5, 6, ("CONV_2D",))
        return train.TrainReport(cost, 3, 4, 1, best, 0.1)

    def quantized(project: Project, *, progress: Progress) -> train.TrainReport:
        project.quantized_dir.mkdir(parents=True, exist_ok=True)
        (project.quantized_dir / "bundle.json").write_bytes((project.model_dir / "model.keras").read_bytes())
        return trained(project, progress=progress)

    def tuned(project: Project, *, progress: Progress) -> train.TrainReport:
        project.bundle_dir.mkdir(parents=True, exist_ok=True)
        model = (project.quantized_dir / "bundle.json").read_bytes()
        (project.bundle_dir / "bundle.json").write_bytes(model + str(project.config.detector).encode())
        return trained(project, progress=progress)

    monkeypatch.setattr(train, "train", trained)
    monkeypatch.setattr(quantize, "quantize", quantized)
    monkeypatch.setattr(tune, "tune", tuned)
    return tmp_path


def ran(project: Path, last: str = "tune") -> list[str]:
    """Runs the pipeline; returns the stages that ran."""
    told = Told()
    run_until(Project.load(project), last, told)
    return told.ran


def test_nothing_runs_twice(project: Path) -> None:
    assert ran(project) == list(ORDER)
    assert ran(project) == []


def edited(old: str, new: str) -> Callable[[Path], None]:
    """A change of kws.yaml."""

    def change(project: Path) -> None:
        text = (project / "kws.yaml").read_text()
        assert old in text
        (project / "kws.yaml").write_text(text.replace(old, new))

    return change


def tampered(name: str) -> Callable[[Path], None]:
    """A byte more in a file that a stage made."""

    def change(project: Path) -> None:
        with (project / "build" / name).open("ab") as file:
            file.write(b" ")

    return change


def recorded(project: Path) -> None:
    write_wav(project / "data" / "low" / "new.wav", burst(300, 8000, np.random.default_rng(9)).astype(np.int16))


@pytest.mark.parametrize(
    ("change", "runs"),
    [
        (edited("epochs: 1", "epochs: 2"), ["train", "quantize", "tune"]),
        (edited("threshold: 200", "threshold: 210"), ["tune"]),
        (edited("training:", "model: {max_bytes: 20000}\ntraining:"), ["quantize"]),
        (edited("clip_ms: 500", "clip_ms: 480"), ["synth", "prepare", "train", "quantize", "tune"]),
        (edited("[low, high]", "[high, low]"), ["synth", "prepare", "train", "quantize", "tune"]),
        (edited("words:", "# a remark\nwords:"), []),
        (recorded, ["prepare", "train", "quantize", "tune"]),
        (lambda project: shutil.rmtree(project / "data" / "other"), ["prepare", "train", "quantize", "tune"]),
        (tampered("dataset/index.json"), ["prepare"]),
        (tampered("model/model.keras"), ["train"]),
        (tampered("quantized/bundle.json"), ["quantize"]),
        (tampered("bundle/bundle.json"), ["tune"]),
        (lambda project: shutil.rmtree(project / "build" / "model"), ["train"]),
        (lambda project: shutil.rmtree(project / "build"), list(ORDER)),
    ],
)
def test_a_change_runs_the_stages_it_concerns(project: Path, change: Callable[[Path], None], runs: list[str]) -> None:
    ran(project)
    change(project)
    assert ran(project) == runs
    assert ran(project) == []


def test_force_runs_the_last_stage_only(project: Path) -> None:
    ran(project)
    told = Told()
    run_until(Project.load(project), "train", told, force=True)
    assert told.ran == ["train"]


def test_a_stage_that_fails_is_not_taken_for_fresh(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran(project)
    edited("epochs: 1", "epochs: 2")(project)

    def fails(project: Project, *, progress: Progress) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "train", fails)
        ran(project)
    edited("epochs: 2", "epochs: 1")(project)
    assert ran(project) == ["train"]


def test_what_was_reported_is_reported_again(project: Path) -> None:
    loaded = Project.load(project)
    run_until(loaded, "train", SILENT)
    for name, kind in (("synth", synth.SynthReport), ("prepare", prepare.PrepareReport), ("train", train.TrainReport)):
        assert isinstance(report_of(loaded, name), kind)
    assert report_of(loaded, "prepare").counts["training"]["low"] > 20
    assert report_of(loaded, "train").best == EpochRecord(1, 0.5, 0.5, 0.5, 0.5, 0.5)


@pytest.mark.parametrize("command", ["synth", "prepare", "train"])
def test_json_is_the_same_whether_a_stage_ran_or_was_up_to_date(
    project: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    texts = []
    for _ in range(2):
        assert run([command, "--project", str(project), "--json"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert json.loads(texts[0])
    assert run([command, "--project", str(project)]) == 0
    table = capsys.readouterr().out
    assert run([command, "--project", str(project)]) == 0
    assert capsys.readouterr().out == table


def noticed(project: Path) -> list[str]:
    """What a command says that uses the last bundle, and which stages it runs."""
    told = Told()
    workplace(project, None, told)
    assert told.ran == []
    return told.lines


@pytest.fixture
def loadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that stand in for a bundle are loaded as one."""
    monkeypatch.setattr("tinykws.model.bundle.load_bundle", lambda path: SimpleNamespace(origin="trained", path=path))


@pytest.mark.usefixtures("loadable")
def test_small_commands_use_the_last_bundle_and_say_what_is_out_of_date(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 70))
    monkeypatch.setattr("tinykws.cli.run_stages.time.monotonic", lambda: float(next(clock)))
    ran(project)
    assert noticed(project) == ["tune: up to date"]
    edited("epochs: 1", "epochs: 2")(project)
    assert noticed(project) == [
        "the last bundle is used, and it is out of date: train: training.epochs was 1, is 2\n"
        "to run train, quantize, tune again, which takes about 4 min: --rebuild, or tinykws tune"
    ]
    edited("[low, high]", "[low]")(project)
    recorded(project)
    assert 'synth: words was ["low", "high"], is ["low"]\nto run synth, prepare, ' in noticed(project)[0]
    told = Told()
    workplace(project, None, told, rebuild=True)
    assert told.ran == list(ORDER)
    assert "train: training.epochs was 1, is 2; " in "\n".join(told.lines)
    assert "it took 70 s the last time" in "\n".join(told.lines)
    assert noticed(project) == ["tune: up to date"]


@pytest.mark.usefixtures("loadable")
def test_recordings_that_changed_are_named(project: Path) -> None:
    ran(project)
    recorded(project)
    assert noticed(project)[0].startswith(
        f"the last bundle is used, and it is out of date: prepare: files in {project.name}/data have changed\n"
    )
    shutil.rmtree(project / "build" / "stamps")
    assert "synth: it has not run to its end yet" in noticed(project)[0]


@pytest.mark.usefixtures("loadable")
def test_the_first_bundle_is_made_and_said_so(project: Path) -> None:
    told = Told()
    workplace(project, None, told)
    assert told.lines[0] == "there is no bundle yet, so these stages run first: synth, prepare, train, quantize, tune"
    assert told.ran == list(ORDER)


def test_going_back_to_earlier_words_synthesizes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []

    def synthesized(project: Project, *, progress: Progress) -> synth.SynthReport:
        made.append(project.config.words)
        if "broken" in project.config.words:
            raise KeyboardInterrupt
        shutil.rmtree(project.synth_dir, ignore_errors=True)
        project.synth_dir.mkdir(parents=True)
        (project.synth_dir / "clip.wav").write_text(" ".join(project.config.words))
        return synth.SynthReport({}, 0, (), 0)

    monkeypatch.setattr(synth, "synth", synthesized)

    def clips(*words: str) -> str:
        (tmp_path / "kws.yaml").write_text(f"words: [{', '.join(words)}]\n")
        run_until(Project.load(tmp_path), "synth", SILENT)
        return (tmp_path / "build" / "synth" / "clip.wav").read_text()

    for words in (("yes",), ("no",), ("yes",), ("no",), ("stop",), ("no",), ("yes",)):
        assert clips(*words) == " ".join(words)
    assert made == [("yes",), ("no",), ("stop",)]
    with pytest.raises(KeyboardInterrupt):
        clips("broken")
    assert clips("yes") == "yes"
    assert made.pop() == ("broken",)
    for word in ("one", "two", "three", "four"):
        clips(word)
    assert len(list((tmp_path / "build" / "kept_synth").iterdir())) == KEPT_SYNTH
    (tmp_path / "build" / "synth" / "clip.wav").write_text("touched by hand")
    clips("five")
    assert clips("four") == "four", "clips that were changed are not kept"
    assert made[-1] == ("four",)


def test_a_second_command_waits_and_says_for_whom(project: Path) -> None:
    build = project / "build"
    (build / "stamps").mkdir(parents=True)
    other = filelock.FileLock(str(build / LOCK_NAME))
    other.acquire()
    (build / OWNER_NAME).write_text('{"pid": 4711, "command": "tinykws build"}')

    class Waiting(Told):
        def say(self, text: str) -> None:
            super().say(text)
            other.release()

    told = Waiting()
    run_until(Project.load(project), "synth", told)
    assert told.lines[0] == f"waiting for `tinykws build` (process 4711), which works in {build}; Ctrl-C ends the wait"
    assert told.ran == ["synth"]
    assert not (build / OWNER_NAME).exists()


def test_a_lock_that_a_killed_command_left_is_no_lock(project: Path) -> None:
    build = project / "build"
    (build / "stamps").mkdir(parents=True)
    (build / LOCK_NAME).write_text("")
    (build / OWNER_NAME).write_text('{"pid": 4711, "command": "tinykws build"}')
    told = Told()
    run_until(Project.load(project), "synth", told)
    assert not [line for line in told.lines if "waiting" in line]
