# SPDX-License-Identifier: Apache-2.0
"""A command that is suggested works when it is pasted as it stands: on the same project, for the same board."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tinykws.cli import suggestions
from tinykws.cli.command_list import COMMANDS
from tinykws.cli.main import run
from tinykws.cli.main import tinykws as group
from tinykws.cli.suggestions import (
    NEEDS_BOARD,
    NO_PROJECT,
    completed,
    forget,
    remember_board,
    remember_bundle,
    remember_project,
)

PACKAGE = Path(__file__).parent.parent.parent / "tinykws"


@pytest.fixture(autouse=True)
def nothing_named() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("make it again: tinykws quantize   (or not)", "make it again: tinykws quantize --project 'my app'   (or not)"),
        ("run it: tinykws prepare --force", "run it: tinykws prepare --project 'my app' --force"),
        ("put it on: tinykws flash", "put it on: tinykws flash --project 'my app' --board esp32"),
        ("tinykws build --board host --no-compile", "tinykws build --project 'my app' --board host --no-compile"),
        ("tinykws tune --project other", "tinykws tune --project other"),
        ("tinykws init --words yes,no", "tinykws init 'my app' --words yes,no"),
        ("tinykws init DIR", "tinykws init DIR"),
        ("tinykws build --help", "tinykws build --help"),
        ("run `tinykws verify`, which says", "run `tinykws verify --project 'my app' --board esp32`, which says"),
        ("waiting for `tinykws build` (process 3)", "waiting for `tinykws build` (process 3)"),
        ("tinykws generates its files again", "tinykws generates its files again"),
        ("this is not a command: tinykws 1.0", "this is not a command: tinykws 1.0"),
        (
            "first tinykws synth; then tinykws train",
            "first tinykws synth --project 'my app'; then tinykws train --project 'my app'",
        ),
        ("a\ntinykws tune\ntinykws monitor", "a\ntinykws tune --project 'my app'\ntinykws monitor --project 'my app'"),
        ("needs tinykws-extras and tinykws.cli", "needs tinykws-extras and tinykws.cli"),
    ],
)
def test_project_and_board_are_added(text: str, shown: str) -> None:
    remember_project(Path("my app"))
    remember_board("esp32")
    assert completed(text).startswith(shown)


def test_a_named_bundle_is_repeated_for_the_device_and_not_for_what_makes_one() -> None:
    remember_bundle(Path("other bundle"))
    assert completed("tinykws flash --board esp32") == "tinykws flash --bundle 'other bundle' --board esp32"
    assert completed("tinykws quantize") == "tinykws quantize"


@pytest.mark.parametrize("folder", ["a b", "it's", "$(id)", "x;y", "-q"])
def test_names_are_quoted(folder: str) -> None:
    remember_project(Path(folder))
    assert shlex.split(completed("tinykws train"))[:4] == ["tinykws", "train", "--project", folder]


def test_in_the_current_folder_nothing_is_added_but_a_board_that_is_needed() -> None:
    remember_project(Path())
    assert completed("tinykws train, or tinykws flash") == "tinykws train, or tinykws flash --board BOARD"


def test_it_knows_what_commands_take() -> None:
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        options = {parameter.name: parameter for parameter in command.params}
        assert ("project_dir" in options) == (name not in NO_PROJECT), name
        board = options.get("board_id")
        assert (board is not None and board.required) == (name in NEEDS_BOARD), name
        assert name not in NEEDS_BOARD or "bundle_dir" in options, name


def texts_with_commands() -> Iterator[tuple[str, str, str]]:
    """Every text in the package's code, but its docstrings, that suggests a command."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [each for each in body if not is_docstring(each)]  # type: ignore[attr-defined]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for match in re.finditer(r"\btinykws ([a-z-]+)([^\n`]*)", node.value):
                    if match[1] in COMMANDS:
                        yield f"{path.relative_to(PACKAGE)}:{node.lineno}", match[1], match[2]


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_every_suggestion_has_only_options_that_the_command_has() -> None:
    found = list(texts_with_commands())
    assert len(found) > 40
    for where, name, text in found:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        known = {option for parameter in command.params for option in (*parameter.opts, "--help")}
        own = suggestions._ENDS_COMMAND.split(text, maxsplit=1)[0]
        assert set(re.findall(r" (--[a-z][a-z-]*)", own)) <= known, f"{where}: {text}"


def test_an_error_names_the_project_that_the_command_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my app").mkdir()
    assert run(["train", "--project", "my app"]) == 2
    assert "try: create a project here: tinykws init 'my app' --words yes,no" in capsys.readouterr().err
    assert run(["init", "my app", "--words", "yes,no"]) == 0
    assert run(["detect", "--project", "my app", "--bundle", "nowhere", str(tmp_path / "my app" / "kws.yaml")]) == 2
    assert "tinykws quantize --project 'my app'" in capsys.readouterr().err
    assert run(["flash", "--project", "my app", "--board", "host"]) == 2
    assert "try: to run it: tinykws verify --project 'my app' --board host" in capsys.readouterr().err
    assert run(["detect", "--bundle", "nowhere", str(tmp_path / "my app" / "kws.yaml")]) == 2
    assert "--project" not in capsys.readouterr().err, "the next command line named none"
