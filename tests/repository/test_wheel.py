# SPDX-License-Identifier: Apache-2.0
"""The wheel as users install it: the extension and the data files are inside, and nothing needs the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tiny_model import EAGER, tiny_bundle, write_walk

ROOT = Path(__file__).parent.parent.parent
CHECK_WHEEL = ROOT / "scripts" / "check_wheel.py"
BUILT_FROM = [
    *["pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md"],
    *["tinykws", "firmware", "templates", "boards.yaml"],
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as the wheel installs it, and nothing else of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("*.so", "__pycache__", "_kws.c"))
        else:
            shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    assert "-cp310-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    result = subprocess.run(
        [sys.executable, *arguments], cwd=installed, env=environment, capture_output=True, text=True, check=True
    )
    return result.stdout


@pytest.mark.slow
def test_the_wheel_checks_itself(installed: Path) -> None:
    assert f"in {installed / 'tinykws'}: data files and features are correct" in run(installed, str(CHECK_WHEEL))


def test_the_check_refuses_the_checkout() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run([sys.executable, CHECK_WHEEL], env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "not an installed wheel" in result.stderr


@pytest.mark.slow
def test_type_checkers_find_the_types(installed: Path) -> None:
    assert (installed / "tinykws" / "py.typed").is_file()


@pytest.mark.slow
def test_the_public_api_detects(installed: Path, tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "bundle", detector=EAGER)
    write_walk(tmp_path / "walk.wav", 3)
    code = (
        f"import tinykws; bundle = tinykws.load_bundle({str(tmp_path / 'bundle')!r}); "
        f"print(tinykws.__file__, len(list(tinykws.detect_file(bundle, {str(tmp_path / 'walk.wav')!r}))))"
    )
    path, detections = run(installed, "-c", code).split()
    assert Path(path).is_relative_to(installed)
    assert int(detections) > 1


@pytest.mark.slow
def test_the_command_lists_boards(installed: Path) -> None:
    boards = json.loads(run(installed, "-m", "tinykws", "boards", "--json"))
    assert "qemu-cortex-m4" in [board["id"] for board in boards]


@pytest.mark.slow
def test_the_extension_is_the_wheels_own(installed: Path) -> None:
    code = "import tinykws.native._kws as extension; print(extension.__file__)"
    assert Path(run(installed, "-c", code).strip()).is_relative_to(installed)
