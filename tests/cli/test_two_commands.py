# SPDX-License-Identifier: Apache-2.0
"""Two commands in one project at once: whoever builds firmware or talks to a device with it holds the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinykws.cli.main import run as tinykws
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError
from tinykws.support.project_lock import LOCK_NAME, OWNER_NAME

TRY_IT = """
import sys, filelock
try:
    filelock.FileLock(sys.argv[1]).acquire(timeout=0)
except filelock.Timeout:
    print("held")
"""


def is_held(project: Path) -> bool:
    """Whether another process would have to wait for the project's lock."""
    lock = str(project / "build" / LOCK_NAME)
    program = [sys.executable, "-c", TRY_IT, lock]
    return "held" in subprocess.run(program, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("command", "last_step"),
    [
        (["build", "--no-compile"], "tinykws.cli.build_quality.build_quality"),
        (["generate"], "tinykws.cost.execution_mode.choose_mode_for_board"),
        (["verify", "--port", "socket://127.0.0.1:1"], "tinykws.stages.verify.verify"),
    ],
    ids=["build", "generate", "verify"],
)
def test_a_command_holds_the_project_from_the_bundle_to_its_last_step(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], last_step: str
) -> None:
    shutil.copytree(tiny_model_bundle.path, tmp_path / "build" / "bundle")
    seen: list[bool] = []

    def look(*_: object, **__: object) -> None:
        seen.append(is_held(tmp_path))
        assert command[0] in (tmp_path / "build" / OWNER_NAME).read_text()
        raise ConfigError("the end of the test")

    monkeypatch.setattr(last_step, look)
    assert tinykws([*command, "--project", str(tmp_path), "--board", "host", *engine(command[0])]) == 2
    assert seen == [True]
    assert not is_held(tmp_path), "the command has ended"


def engine(command: str) -> list[str]:
    return ["--engine", "aot"] if command != "verify" else []


@pytest.mark.parametrize("command", ["build", "generate", "verify", "flash"])
def test_in_a_folder_that_is_no_project_nothing_is_made(tmp_path: Path, command: str) -> None:
    board = ["--board", "nano33ble" if command == "flash" else "host"]
    assert tinykws([command, "--project", str(tmp_path), *board]) in (2, 4)
    assert list(tmp_path.iterdir()) == []
