# SPDX-License-Identifier: Apache-2.0
"""The files in .github: they match GitHub's schemas, and name only files, make targets and commands that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
MAKE_TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
RELEASED_BY_BRANCH = {"pypa/gh-action-pypi-publish@release/v1"}
"""Actions whose maintainers publish each major version as a branch."""

by_name = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def load(path: Path) -> dict[Any, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def steps_of(path: Path) -> list[dict[str, Any]]:
    return [step for job in load(path)["jobs"].values() for step in job.get("steps", [])]


def command_lines(path: Path) -> list[list[str]]:
    return [shlex.split(line) for step in steps_of(path) for line in step.get("run", "").splitlines()]


def files_named_by(words: list[str]) -> list[str]:
    """The words of a command that are paths of the checkout."""
    return [word for word in words if re.match(r"(scripts|tests|docs|benchmarks|firmware)/", word)]


def tinykws_commands() -> set[str]:
    command = [sys.executable, "-m", "tinykws", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  ([a-z][a-z-]*)  ", text.split("\nData:\n")[1], re.MULTILINE))


def check_schema(schema: str, *paths: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, paths)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_workflows_match_githubs_schema() -> None:
    assert {path.stem for path in WORKFLOWS} >= {"tests", "wheels", "release"}
    check_schema("vendor.github-workflows", *WORKFLOWS)


def test_issue_forms_match_githubs_schema() -> None:
    assert {path.stem for path in FORMS} == {"bug", "feature", "board"}
    check_schema("vendor.github-issue-forms", *FORMS)
    check_schema("vendor.github-issue-config", GITHUB / "ISSUE_TEMPLATE" / "config.yml")
    check_schema("vendor.dependabot", GITHUB / "dependabot.yml")


@by_name
def test_a_workflow_calls_only_what_exists(path: Path) -> None:
    for words in command_lines(path):
        if words[0] == "make":
            assert set(words[1:]) <= MAKE_TARGETS, words
        for name in files_named_by(words):
            assert (ROOT / name).exists(), name
    for job in load(path)["jobs"].values():
        if "uses" in job:
            assert (ROOT / job["uses"]).is_file(), job["uses"]


@by_name
def test_a_workflow_may_do_only_what_it_must(path: Path) -> None:
    """Reading is the default; a job that may write says so itself, and gets no code from the checkout."""
    workflow = load(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        checks_out = any("actions/checkout" in step.get("uses", "") for step in job.get("steps", []))
        assert not (checks_out and "permissions" in job), f"{name} runs the checkout's code with write permissions"
    for step in steps_of(path):
        if "actions/checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


@by_name
def test_a_workflow_ends(path: Path) -> None:
    workflow = load(path)
    assert "concurrency" in workflow
    for name, job in workflow["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 180, f"{name} has no timeout"


@by_name
def test_actions_are_pinned(path: Path) -> None:
    for step in steps_of(path):
        action = step.get("uses", "pinned@v1")
        assert action in RELEASED_BY_BRANCH or re.search(r"@(v\d+|[0-9a-f]{40})$", action), action


def test_every_python_version_that_installs_is_tested() -> None:
    tested = load(GITHUB / "workflows" / "tests.yml")["jobs"]["linux"]["strategy"]["matrix"]["python"]
    declared = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert declared is not None
    assert tested == [f"3.{minor}" for minor in range(int(declared[1]), int(declared[2]))]


def test_forms_and_policies_name_commands_that_exist() -> None:
    commands = tinykws_commands()
    texts = [*FORMS, GITHUB / "pull_request_template.md", ROOT / "SECURITY.md"]
    for path in texts:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"`tinykws ([a-z][a-z-]*)", text)) <= commands, path.name
        assert set(re.findall(r"`make ([a-z][a-z-]*)", text)) <= MAKE_TARGETS, path.name


def test_pre_commit_runs_tools_that_are_installed() -> None:
    for repository in load(ROOT / ".pre-commit-config.yaml")["repos"]:
        for hook in repository["hooks"] if repository["repo"] == "local" else []:
            program = Path(shlex.split(hook["entry"])[0])
            assert program.parts[:2] == (".venv", "bin")
            assert (Path(sys.executable).parent / program.name).is_file(), program
