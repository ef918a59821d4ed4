# SPDX-License-Identifier: Apache-2.0
"""The terminal: everything that the command line prints goes through one place, which lets no escape sequence pass."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

from tinykws.cli import terminal
from tinykws.cli.console import ConsoleProgress, print_json, table
from tinykws.cli.main import run
from tinykws.cli.recording_prompts import AutomaticPrompts
from tinykws.cli.verbosity import showing_tool_output
from tinykws.support.run_command import TOOL_OUTPUT

CLI = Path(terminal.__file__).parent
PRINTS = {"echo", "secho", "style", "prompt", "confirm", "progressbar", "echo_via_pager", "pause", "getchar"}
CLIPBOARD = "\x1b]52;c;cm0gLXJmIH4=\x07"
SHOWN = "\\x1b]52;c;cm0gLXJmIH4=\\x07"


@pytest.mark.parametrize("path", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_only_the_terminal_prints(path: Path) -> None:
    if path.stem == "terminal":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path.name}:{getattr(node, 'lineno', 0)} prints past tinykws/cli/terminal.py"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "click":
            assert node.attr not in PRINTS, where
        if isinstance(node, ast.ImportFrom) and node.module == "click":
            assert not PRINTS & {alias.name for alias in node.names}, where
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", where
        if isinstance(node, ast.Attribute) and node.attr in ("write", "writelines"):
            assert "std" not in ast.unparse(node.value), where


def test_no_other_package_prints_or_knows_click() -> None:
    for path in CLI.parent.rglob("*.py"):
        if CLI not in path.parents:
            assert "import click" not in path.read_text(encoding="utf-8"), path


def test_colours_pass_and_what_is_in_the_text_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.echo(f"a {terminal.style('b' + CLIPBOARD, 'bold')} \x1b[31mc", color=True)
    assert capsys.readouterr().out == f"a \x1b[1mb{SHOWN}\x1b[0m \\x1b[31mc\n"


def test_a_mark_cannot_be_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.echo("\ufdd031\ufdd1red", color=True)
    assert capsys.readouterr().out == "\\ufdd031\\ufdd1red\n"


def test_tables_progress_prompts_and_tools_are_safe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import logging

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    terminal.echo(table(["label"], [[f"yes\n{CLIPBOARD}"]]))
    progress = ConsoleProgress()
    progress.say(CLIPBOARD)
    progress.result(CLIPBOARD)
    list(progress.track([1], CLIPBOARD))
    with progress.track_bytes(CLIPBOARD, 1) as show:
        show(1)
    AutomaticPrompts().say(CLIPBOARD)
    AutomaticPrompts().prompt(CLIPBOARD, 1, 1)
    terminal.redraw(CLIPBOARD)
    with showing_tool_output():
        logging.getLogger(TOOL_OUTPUT).info("gcc: %s", CLIPBOARD)
    captured = capsys.readouterr()
    assert "\x07" not in captured.out + captured.err
    assert "\x1b]" not in captured.out + captured.err
    assert captured.out.count(SHOWN) == 3
    assert f"\n  | gcc: {SHOWN}\n" in captured.err


def test_questions_are_safe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return "2"

    monkeypatch.setattr("click.termui.visible_prompt_func", answer)
    assert terminal.prompt(CLIPBOARD, type=int) == 2
    assert "\x1b" not in "".join(asked) + capsys.readouterr().err


def test_json_keeps_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"text": f"{CLIPBOARD}\x9b2J\x7f\u202e да", "file": "a\udcff.wav"}
    print_json(value)
    shown = capsys.readouterr().out
    assert json.loads(shown) == value
    assert "да" in shown
    assert shown.isprintable() or set(shown) - {"\n"} == {each for each in shown if each.isprintable()}


def test_errors_and_their_hints_are_safe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["detect", f"\x9b2J{CLIPBOARD}.wav", "--project", str(tmp_path)]) == 2
    assert run([f"bild{CLIPBOARD}"]) == 2
    assert run(["boards", f"--{CLIPBOARD}"]) == 2
    (tmp_path / "kws.yaml").write_text(f"words: [yes]\n{json.dumps(CLIPBOARD)}: 1\n")
    assert run(["train", "--project", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\x9b" not in said.err


def test_a_fault_of_ours_shows_a_safe_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinykws.cli.main import main

    def fails(_: object) -> int:
        raise RuntimeError(CLIPBOARD)

    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("tinykws.cli.main.run", fails)
    with pytest.raises(RuntimeError) as caught:
        main([])
    sys.excepthook(caught.type, caught.value, caught.tb)
    assert f"RuntimeError: {SHOWN}" in capsys.readouterr().err
