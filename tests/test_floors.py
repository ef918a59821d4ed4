"""The house's floors: a module imports from lower floors only, and heavy packages live in few modules."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tinykws"

FLOORS: dict[str, int] = {
    **dict.fromkeys(
        ["__init__", "_kws_build", "errors", "files", "interrupts", "parallel", "progress", "resources", "yaml_text"], 0
    ),
    **dict.fromkeys(
        ["boards", "config", "cores", "freshness", "frontend", "labels", "project", "score_filter", "timeline"], 1
    ),
    **dict.fromkeys(["audio", "bundle", "chip", "codegen", "confidence", "device", "scoring"], 2),
    **dict.fromkeys(
        ["aot", "aot_on_board", "clips", "model_guards", "model_needs", "model_speed", "training_defaults"], 3
    ),
    **dict.fromkeys(["architectures", "checks", "doors", "network_cost", "streams"], 4),
    "stages": 5,
    **dict.fromkeys(["cli", "__main__"], 6),
}
HOMES = {
    "tensorflow": {"doors", "architectures"},
    "keras": {"doors", "architectures"},
    "serial": {"doors"},
    "jinja2": {"doors"},
    "subprocess": {"doors"},
    "yaml": {"yaml_text"},
    "click": {"cli"},
    "tflite_micro": {"doors"},
}


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            if node.module == "tinykws":
                modules |= {
                    f"tinykws.{alias.name}" if alias.name != "__version__" else "tinykws" for alias in node.names
                }
            else:
                modules.add(node.module)
    return modules


SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_downwards(path: Path) -> None:
    here = FLOORS[room(path)]
    for module in imported_modules(path):
        parts = module.split(".")
        if parts[0] != "tinykws" or len(parts) == 1 or parts[1] in ("_kws", "__version__"):
            continue
        there = FLOORS[parts[1]]
        assert there <= here, f"{path.name} (floor {here}) imports {module} (floor {there})"
        if parts[1] == "stages" and room(path) == "stages":
            pytest.fail(f"{path.name} imports {module}: stages hand over files")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_outside_packages_stay_in_their_homes(path: Path) -> None:
    for module in imported_modules(path):
        homes = HOMES.get(module.split(".")[0])
        assert homes is None or room(path) in homes, f"{path.name} imports {module}; its home is {homes}"


def test_the_command_line_starts_light() -> None:
    heavy = ("tensorflow", "keras", "numpy", "serial", "jinja2")
    code = f"import sys, tinykws.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
