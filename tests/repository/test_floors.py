# SPDX-License-Identifier: Apache-2.0
"""The floors: pyproject.toml says which package may import which, import-linter checks it, architecture.md shows it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "tinykws"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts)

HOMES = {
    "click": {"cli"},
    "jinja2": {"support"},
    "keras": {"training", "model"},
    "matplotlib": {"reporting"},
    "serial": {"device"},
    "subprocess": {"support", "device"},
    "tensorflow": {"training", "model"},
    "tflite_micro": {"model"},
    "yaml": {"support"},
}
"""For each heavy or replaceable library, the only packages that may import it."""
MOST_MODULES_AT_THE_ROOT = 6


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            modules.add(node.module)
    return modules


def declared_floors() -> list[str]:
    """The lines of the contract `floors` in pyproject.toml. Python 3.10 has no tomllib."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contract = text.split('id = "floors"', 1)[1]
    return re.findall(r'^    "([^"]+)",$', contract.split("layers = [", 1)[1].split("\n]", 1)[0], re.MULTILINE)


def test_imports_point_downwards() -> None:
    """import-linter checks floors, circles, and that stages do not import each other."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
    assert "0 broken" in result.stdout


def test_the_architecture_page_shows_the_floors() -> None:
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    shown = text.split("<!-- floors -->", 1)[1].split("```")[1].strip().splitlines()[1:]
    assert [re.sub(r"\s+", " ", line.split("  ", 1)[0]).strip() for line in shown] == declared_floors()


def test_few_modules_lie_at_the_root() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_MODULES_AT_THE_ROOT


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_outside_packages_stay_in_their_homes(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    for module in imported_modules(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or room in homes, f"{path.name} imports {module}; its home is {homes}"


def test_the_command_line_starts_light() -> None:
    heavy = ("tensorflow", "keras", "numpy", "serial", "jinja2")
    code = f"import sys, tinykws.cli.main; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_tests_are_in_the_room_of_what_they_test() -> None:
    """tests/ has a folder for each package it tests, and folders for what is not in a package."""
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} | {path.stem for path in PACKAGE.glob("*.py")}
    holding = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert holding - rooms <= {"docs", "firmware", "repository"}
