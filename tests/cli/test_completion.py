# SPDX-License-Identifier: Apache-2.0
"""The Tab key: commands, options and board ids, as bash, zsh and fish ask for them; and the script they load."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinykws.boards.rows import load_boards
from tinykws.cli.command_list import COMMANDS
from tinykws.cli.main import run


def completed(line: str, folder: Path, shell: str = "bash") -> list[str]:
    """Returns what a shell is offered at the end of a line that begins with `tinykws`."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_TINYKWS_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
    }
    python = [sys.executable, "-m", "tinykws"]
    done = subprocess.run(python, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_commands_are_completed(tmp_path: Path) -> None:
    assert completed("tinykws ver", tmp_path) == ["plain,verify", "plain,verify-stream"]
    assert completed("tinykws ", tmp_path) == [f"plain,{name}" for name in COMMANDS]
    assert COMMANDS["build"].help in completed("tinykws bui", tmp_path, "zsh")


def test_options_are_completed(tmp_path: Path) -> None:
    assert completed("tinykws flash --bo", tmp_path) == ["plain,--board"]
    assert completed("tinykws --vers", tmp_path) == ["plain,--version"]


@pytest.mark.parametrize("command", ["build", "verify", "monitor", "doctor", "record", "mic-check", "verify-stream"])
def test_board_ids_are_completed(command: str, tmp_path: Path) -> None:
    expected = [f"plain,{name}" for name in load_boards() if name.startswith("qemu")]
    assert completed(f"tinykws {command} --board qemu", tmp_path) == expected
    assert len(expected) > 2


def test_a_projects_own_boards_are_completed(tmp_path: Path) -> None:
    rows = (Path(__file__).parents[2] / "boards.yaml").read_text(encoding="utf-8")
    row = rows[rows.index("\nhost:") + 1 :].split("\n\n", 1)[0]
    (tmp_path / "boards.yaml").write_text(row.replace("host:", "hostess:", 1), encoding="utf-8")
    assert completed("tinykws build --board hoste", tmp_path) == ["plain,hostess"]
    (tmp_path / "boards.yaml").write_text("[", encoding="utf-8")
    assert completed("tinykws build --board host", tmp_path) == [""], "no error while typing"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_printed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_TINYKWS_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n", "/dev/stdin"], input=script, text=True, check=True)


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
