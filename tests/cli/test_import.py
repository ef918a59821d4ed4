# SPDX-License-Identifier: Apache-2.0
"""`tinykws quantize --from`: what it replaces, with which features, and where the model can run."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from pathlib import Path

import click
import pytest
from tiny_model import speech_tflite, tiny_bundle

from tinykws.cli import run_stages, workplace
from tinykws.cli.main import run
from tinykws.model.bundle import load_bundle, to_json
from tinykws.project.grammar import OpenAfter
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.files import write_json
from tinykws.support.progress import SILENT

pytestmark = pytest.mark.slow

LABELS = "silence,unknown,yes,no"


def import_into(project: Path, *options: str, model: bytes = b"") -> int:
    project.mkdir(exist_ok=True)
    (project / "m.tflite").write_bytes(model or speech_tflite())
    return run(
        ["quantize", "--from", str(project / "m.tflite"), "--labels", LABELS, "--project", str(project), *options]
    )


def trained(project: Path) -> Path:
    """A bundle that says it was trained here."""
    bundle = tiny_bundle(project / "build" / "bundle")
    values = {"format_version": 3, **to_json(dataclasses.replace(bundle, origin="trained"))}
    write_json(bundle.path / "bundle.json", values)
    return bundle.path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_trained_model_is_not_replaced_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = load_bundle(trained(tmp_path))
    assert import_into(tmp_path) == 2
    message = capsys.readouterr().err
    assert "holds a model that was trained here" in message
    assert "--force" in message
    assert load_bundle(bundle.path) == bundle
    assert import_into(tmp_path, "--force") == 0
    assert load_bundle(bundle.path).origin == "imported"
    assert import_into(tmp_path) == 0, "one that was imported is replaced"


@pytest.mark.parametrize("answer", ["n", "y"])
def test_at_a_terminal_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    path = trained(tmp_path)
    monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
    assert (import_into(tmp_path) == 0) == (answer == "y")
    assert load_bundle(path).origin == {"y": "imported", "n": "trained"}[answer]
    assert "Replace it?" in capsys.readouterr().err


def test_the_grammar_and_the_gate_of_kws_yaml_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = "detector: {gate_db: 5}\ngrammar: [{after: 'yes', seconds: 4, words: ['no']}]\n"
    (tmp_path / "kws.yaml").write_text(f"words: ['no', 'yes']\n{rules}")  # the model's labels are in another order
    assert import_into(tmp_path) == 0
    detector = load_bundle(tmp_path / "build" / "bundle").detector
    assert (detector.gate_db, detector.grammar) == (5, (OpenAfter(word=3, after=2, window_ms=4000),))
    (tmp_path / "kws.yaml").write_text("words: ['no', 'yes', 'stop']\n" + rules.replace("['no']", "[stop]"))
    assert import_into(tmp_path) == 2
    assert "grammar: 'stop' is none of the words" in capsys.readouterr().err


def test_the_features_of_kws_yaml_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = speech_tflite((1, 98, 40, 1))
    assert import_into(tmp_path, model=model) == 2
    assert "stride_ms: 10" in capsys.readouterr().err
    (tmp_path / "kws.yaml").write_text("words: [yes, no]\nfeatures: {stride_ms: 10}\n")
    assert import_into(tmp_path, model=model) == 0
    bundle = load_bundle(tmp_path / "build" / "bundle")
    assert bundle.frontend.features_shape == (98, 40)
    assert bundle.detector.inference_stride_ms % bundle.frontend.stride_ms == 0
    assert import_into(tmp_path) == 2, "a model of 49 frames"


def test_it_tells_which_engines_and_boards_run_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_into(tmp_path) == 0
    assert "engine aot    runs it on nano33ble, " in capsys.readouterr().out
    assert import_into(tmp_path, "--json") == 0
    engines = {use["engine"]: use for use in json.loads(capsys.readouterr().out)["engines"]}
    assert set(engines) == {"aot", "tflm"}
    assert "qemu-cortex-m4" in engines["aot"]["boards"]
    assert "nano33ble" in engines["tflm"]["boards"]


def test_what_a_scale_does_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_into(tmp_path, model=speech_tflite(scale=26.09375 / 255)) == 0
    assert "+0.75%, 1.9 int8 steps at full scale: scores of 32 test signals change by" in capsys.readouterr().err


def test_an_imported_model_is_evaluated_and_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(workplace, "run_until", lambda project, last, progress: ran.append(last))
    (tmp_path / "kws.yaml").write_text("words: [yes, no]\n")
    project = Project.load(tmp_path)
    workplace.run_for_evaluation(project, SILENT)
    assert import_into(tmp_path) == 0
    workplace.run_for_evaluation(project, SILENT)
    assert ran == ["tune", "prepare"]


@pytest.mark.parametrize(
    ("yaml", "says"),
    [("words: [left]\n", "has the labels"), ("words: [yes, no]\nfeatures: {stride_ms: 10}\n", "other `features`")],
)
def test_clips_of_another_project_are_refused_before_they_are_made(tmp_path: Path, yaml: str, says: str) -> None:
    assert import_into(tmp_path) == 0
    (tmp_path / "kws.yaml").write_text(yaml)
    with pytest.raises(ConfigError, match=says):
        workplace.run_for_evaluation(Project.load(tmp_path), SILENT)


@pytest.mark.parametrize("command", [["tune"], ["tune", "--json"]])
def test_an_imported_model_is_not_replaced_by_a_trained_one_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(run_stages, "run_stage", lambda project, name, progress, force: ran.append(name))
    monkeypatch.setattr(run_stages, "check_extras", lambda project, last: None)
    assert import_into(tmp_path) == 0
    (tmp_path / "kws.yaml").write_text("words: [yes, no]\n")
    model = (tmp_path / "build" / "bundle" / "model.tflite").read_bytes()
    arguments = [*command, "--project", str(tmp_path)]
    capsys.readouterr()
    assert run(arguments) == 2
    said = capsys.readouterr().err
    assert "build/bundle holds the imported model " in said
    assert "tinykws tune" in said
    assert "--force" in said
    assert ran == []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("tinykws.cli.imported_bundle.confirm", refusing)
    assert run(arguments) == 130
    assert ran == []
    assert (tmp_path / "build" / "bundle" / "model.tflite").read_bytes() == model


def refusing(question: str) -> None:
    assert question.endswith("Replace it?")
    raise click.Abort


def test_with_force_the_imported_model_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(run_stages, "run_stage", lambda project, name, progress, force: ran.append(name))
    monkeypatch.setattr(run_stages, "check_extras", lambda project, last: None)
    assert import_into(tmp_path) == 0
    (tmp_path / "kws.yaml").write_text("words: [yes, no]\n")
    run_stages.run_until(Project.load(tmp_path), "tune", SILENT, force=True)
    assert ran[-1] == "tune"
