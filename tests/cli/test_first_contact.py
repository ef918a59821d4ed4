# SPDX-License-Identifier: Apache-2.0
"""First contact: what a new user types, forgets or cannot know is told at once."""

from __future__ import annotations

import importlib.util
import json
import shlex
import shutil
from pathlib import Path

import click
import pytest

from tinykws.boards.rows import find_board
from tinykws.cli.command_list import COMMANDS
from tinykws.cli.main import run, tinykws
from tinykws.cli.options import MAY_MAKE_A_PROJECT
from tinykws.stages import build as build_stage
from tinykws.support.errors import ToolError


def commands_of_a_project() -> list[str]:
    found = []
    for name in COMMANDS:
        command = tinykws.get_command(click.Context(tinykws), name)
        assert command is not None
        if any("--project" in parameter.opts for parameter in command.params):
            found.append(name)
    return found


ARGUMENTS = {"detect": ["x"], "mine": ["x"], "record": ["yes"], "verify-stream": ["x"], "fetch": ["speech_commands"]}


@pytest.mark.parametrize("name", commands_of_a_project())
def test_a_folder_that_does_not_exist_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").write_text("")
    assert run([name, "--project", "my project", *ARGUMENTS.get(name, [])]) == 2
    said = capsys.readouterr().err
    if name in MAY_MAKE_A_PROJECT:
        assert f"there is no {Path('my project', 'kws.yaml')}\n" in said
    else:
        assert "tinykws: there is no folder my project\n" in said
        assert "  try: create a project there: tinykws init 'my project' --words yes,no\n" in said
    assert not (tmp_path / "my project").exists()


def test_suggestions_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "it's my $HOME"
    assert run(["init", str(folder), "--words", "yes"]) == 0
    suggested = capsys.readouterr().out.split("next: ")[1].split("   (")[0]
    assert shlex.split(suggested)[-2:] == ["--project", str(folder)]


def test_the_plain_nano_has_no_microphone_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    note = find_board("nano33ble").note
    assert "Sense" in find_board("nano33ble").name
    assert "no microphone" in note
    assert run(["boards"]) == 0
    assert f"nano33ble: {note}\n" in capsys.readouterr().out
    assert run(["boards", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["note"] == note
    run(["doctor", "--board", "nano33ble"])
    assert note in capsys.readouterr().out


@pytest.mark.slow
def test_doctor_lists_the_boards_only_when_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinykws.stages.doctor.registry_answers", lambda: False)
    run(["doctor"])
    said = capsys.readouterr().out
    assert "xiao_nrf52840" not in said
    assert said.endswith("for the boards: tinykws doctor --boards, or --board BOARD\n")
    run(["doctor", "--boards"])
    assert "xiao_nrf52840" in capsys.readouterr().out


def test_a_board_whose_packages_cannot_be_had_is_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_stage, "missing_platform", lambda _: True)
    monkeypatch.setattr(build_stage, "missing_libraries", lambda *_: ())
    monkeypatch.setattr(build_stage, "registry_answers", lambda: False)
    (tmp_path / "kws.yaml").write_text("words: [yes]\n")
    assert run(["build", "--board", "teensy41", "--project", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "PlatformIO must download teensy@5.2.0 for teensy41, but its registry cannot be reached" in said
    assert "running" not in said
    assert not (tmp_path / "build" / "synth").exists()


def test_a_compiler_that_is_missing_is_told_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    (tmp_path / "kws.yaml").write_text("words: [yes]\n")
    assert run(["build", "--board", "qemu-cortex-m4", "--project", str(tmp_path)]) == 3
    said = capsys.readouterr().err
    assert "not found on PATH" in said
    assert "running" not in said


def test_missing_extras_are_told_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    lacking = ("tensorflow", "matplotlib", "espeakng_loader", "piper")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in lacking else find(name, *more))
    (tmp_path / "kws.yaml").write_text("words: [yes]\nsynth: {engines: [espeak, piper], piper_voices: [a.onnx]}\n")
    (tmp_path / "a.onnx").write_text("")
    assert run(["train", "--project", str(tmp_path)]) == ToolError.exit_code
    assert capsys.readouterr().err == (
        "tinykws: not installed: espeakng_loader, piper, tensorflow, matplotlib\n"
        "  try: pip install 'tinykws[synth,piper,train]'\n"
    )
