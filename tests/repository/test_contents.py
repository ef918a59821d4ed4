# SPDX-License-Identifier: Apache-2.0
"""Tables of contents: each package's docstring lists its public functions and classes, and each of these exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "tinykws"
PACKAGES = sorted(path.parent for path in PACKAGE.rglob("__init__.py") if "_resources" not in path.parts)
ENTRY = re.compile(r"    (?P<name>[a-z0-9_]+(?:\.[A-Za-z0-9_]+)+): \S.*")
CONTINUED = re.compile(r"        \S.*")


def name_of(package: Path) -> str:
    return package.relative_to(PACKAGE).as_posix()


def docstring_of(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")), clean=True) or ""


def contents_of(package: Path) -> list[str]:
    """The lines after `Contents:` in the package's docstring."""
    before, heading, after = docstring_of(package).partition("\nContents:\n")
    assert heading, f"tinykws/{name_of(package)}/__init__.py has no `Contents:`"
    assert before.strip(), f"tinykws/{name_of(package)}/__init__.py does not say what the package does"
    return after.splitlines()


def public_names(module: Path) -> set[str]:
    """Functions, classes and values that a module defines at its top level."""
    names: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_each_entry_exists(package: Path) -> None:
    """An entry is `module.name: what it does`, the module's path relative to the package."""
    entries = contents_of(package)
    assert entries
    for line in entries:
        if CONTINUED.fullmatch(line):
            continue
        match = ENTRY.fullmatch(line)
        assert match, f"tinykws/{name_of(package)}: {line!r} is not `    module.name: what it does`"
        *modules, name = match["name"].split(".")
        module = package.joinpath(*modules).with_suffix(".py")
        assert module.is_file(), f"tinykws/{name_of(package)} has no module {'.'.join(modules)}"
        assert name in public_names(module), f"{'.'.join(modules)} of tinykws/{name_of(package)} defines no {name}"


def test_tables_of_contents_hold_no_code() -> None:
    for package in PACKAGES:
        if name_of(package) == ".":
            continue  # the public API is loaded from here
        body = ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body
        assert len(body) == 1, f"tinykws/{name_of(package)}/__init__.py holds more than its docstring"
