# SPDX-License-Identifier: Apache-2.0
"""The workflow in docs/guides/continuous_integration.md: its text is one, and the commands in it do what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_model import tiny_bundle

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "guides" / "continuous_integration.md").read_text(encoding="utf-8")


def workflow() -> dict[str, Any]:
    block = re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert block is not None
    content: dict[str, Any] = yaml.safe_load(block[1])
    return content


def commands() -> list[str]:
    """All commands of the workflow, and the replays below it."""
    steps = workflow()["jobs"]["emulated-board"]["steps"]
    of_steps = [line for step in steps for line in step.get("run", "").splitlines()]
    replays = re.findall(r"^tinykws replay .*$", TEXT, re.MULTILINE)
    return of_steps + replays


def test_the_workflow_has_what_github_wants() -> None:
    flow = workflow()
    assert set(flow) == {"name", True, "jobs"}, "YAML takes `on` for a truth value"
    (job,) = flow["jobs"].values()
    assert job["runs-on"].startswith("ubuntu")
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)


@pytest.mark.usefixtures("qemu_cortex_m4")
def test_its_tinykws_commands_do_what_it_says(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "build" / "bundle")
    kept = workflow()["jobs"]["emulated-board"]["steps"][-1]["with"]["path"].split()
    has_replay = not subprocess.call([sys.executable, "-m", "tinykws", "replay", "--help"], stderr=subprocess.DEVNULL)
    ran = 0
    for command in commands():
        program, *arguments = shlex.split(command)
        if program != "tinykws":
            continue
        ran += 1
        if arguments[0] == "replay" and not has_replay:
            arguments[:1] = ["verify", "--replay"]
        python = [sys.executable, "-m", "tinykws", *arguments]
        done = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode in ((0, 1) if "accuracy" in command else (0,)), done.stdout + done.stderr
        log = tmp_path / "build" / "firmware" / "qemu-cortex-m4" / "verify.jsonl"
        shutil.copy(log, tmp_path / "verify.jsonl")
    assert ran == 4
    assert [name for name in kept if (tmp_path / name).exists()] == [name for name in kept if "mismatches" not in name]
    assert (tmp_path / "report.xml").read_text() == (tmp_path / "verify.xml").read_text()
