# SPDX-License-Identifier: Apache-2.0
"""bootstrap.py and demo.py on computers that lack tools, permissions or a network."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent.parent.parent / "scripts"
Answer = Callable[[list[str]], tuple[int, str]]


def script(name: str) -> ModuleType:
    """Imports a script, which is not in a package."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """bootstrap.py with its .venv in a temporary folder."""
    module = script("bootstrap")
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "VENV_PYTHON", tmp_path / ".venv" / "bin" / "python")
    return module


class Computer:
    """Replaces subprocess.run: records the commands and answers them."""

    def __init__(self, answer: Answer = lambda words: (0, "")) -> None:
        self.commands: list[str] = []
        self._answer = answer

    def run(self, command: list[Any], **_: object) -> subprocess.CompletedProcess[str]:
        words = [str(word) for word in command]
        self.commands.append(" ".join(words))
        code, text = self._answer(words)
        return subprocess.CompletedProcess(words, code, text, text)


def use(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, computer: Computer, *, programs: set[str], root: bool
) -> None:
    """Makes the module see a computer that has only these programs."""
    monkeypatch.setattr(module.subprocess, "run", computer.run)
    monkeypatch.setattr(module.shutil, "which", lambda name: f"/usr/bin/{name}" if name in programs else None)
    monkeypatch.setattr(module.os, "geteuid", lambda: 0 if root else 1000)


@pytest.mark.parametrize("version", [(2, 7), (3, 9), (3, 14)])
def test_another_python_is_refused_with_advice(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (*version, 0, "final", 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.10 to 3\.13.*make PYTHON=python3\.12"):
        bootstrap.check_python()


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_supported_pythons(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, minor: int) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, minor, 1, "final", 0))
    bootstrap.check_python()


def test_root_installs_what_is_missing(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    computer = Computer()
    use(monkeypatch, bootstrap, computer, programs={"apt-get"}, root=True)
    bootstrap.install_system_packages("demo")
    assert computer.commands[0] == "apt-get update -qq"
    assert computer.commands[1].startswith("apt-get install -y")
    assert "gcc-arm-none-eabi" in computer.commands[1]
    assert "qemu-system-arm" in computer.commands[1]


def test_nothing_is_installed_if_nothing_is_missing(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    computer = Computer()
    use(monkeypatch, bootstrap, computer, programs={"apt-get"}, root=True)
    monkeypatch.setattr(bootstrap, "missing_packages", lambda goal: [])
    bootstrap.install_system_packages("test")
    assert computer.commands == []


@pytest.mark.parametrize(
    ("programs", "answer"),
    [
        ({"apt-get"}, (0, "")),
        ({"apt-get", "sudo"}, (1, "sudo: a password is required")),
        (set(), (0, "")),
    ],
    ids=["no sudo", "sudo asks for a password", "no apt"],
)
def test_without_permissions_the_command_is_printed_and_bootstrap_continues(
    bootstrap: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    programs: set[str],
    answer: tuple[int, str],
) -> None:
    computer = Computer(lambda words: answer)
    use(monkeypatch, bootstrap, computer, programs=programs, root=False)
    bootstrap.install_system_packages("demo")
    said = capsys.readouterr().out
    assert "as an administrator type: apt-get install" in said
    assert "gcc-arm-none-eabi" in said
    assert "--board host works" in said
    assert not [command for command in computer.commands if "install" in command]


def test_without_a_network_apts_error_and_the_command_are_printed(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    computer = Computer(lambda words: (100, "E: Temporary failure resolving 'deb.example'\n"))
    use(monkeypatch, bootstrap, computer, programs={"apt-get"}, root=True)
    bootstrap.install_system_packages("demo")
    said = capsys.readouterr().out
    assert "Temporary failure resolving" in said
    assert "as an administrator type: apt-get install" in said


def test_pip_without_a_network_fails_with_pips_message(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "install_system_packages", lambda goal: None)
    monkeypatch.setattr(bootstrap, "check_python", lambda: None)
    monkeypatch.setattr(bootstrap.sys, "argv", ["bootstrap.py", "demo"])
    no_network = Computer(
        lambda words: (1, "ERROR: No matching distribution found for tensorflow") if "pip" in words else (0, "")
    )
    monkeypatch.setattr(bootstrap.subprocess, "run", no_network.run)
    with pytest.raises(SystemExit, match=r"(?s)No matching distribution.*FAILED"):
        bootstrap.main()
    assert not list(tmp_path.glob(".venv/*.stamp"))


@pytest.mark.parametrize("fails", ["", "pyworld", "gnuspeech"])
def test_voices_are_added_and_what_fails_is_said(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fails: str
) -> None:
    computer = Computer(lambda words: (1, "a\nerror: no compiler\n") if fails and fails in " ".join(words) else (0, ""))
    monkeypatch.setattr(bootstrap.subprocess, "run", computer.run)
    bootstrap.add_voices()
    assert "pip install" in computer.commands[0]
    assert "pyworld" in computer.commands[0]
    assert computer.commands[1].endswith("-m tinykws fetch voices gnuspeech")
    said = capsys.readouterr().out
    assert ("fewer voices: error: no compiler" in said) == bool(fails)


@pytest.mark.slow
def test_a_broken_venv_is_made_again(bootstrap: ModuleType, tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/no/such/python3.9")
    (tmp_path / ".venv" / "left.txt").touch()
    bootstrap.make_venv()
    assert subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    assert not (tmp_path / ".venv" / "left.txt").exists()
    before = python.lstat().st_mtime_ns
    bootstrap.make_venv()
    assert python.lstat().st_mtime_ns == before


@pytest.mark.parametrize("missing", [{"arm-none-eabi-gcc"}, {"qemu-system-arm"}])
def test_the_demo_continues_with_the_host_if_the_emulators_tools_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: set[str]
) -> None:
    demo = script("demo")
    monkeypatch.setattr(demo.shutil, "which", lambda name: None if name in missing else f"/usr/bin/{name}")
    assert demo.choose_board() == "host"
    assert "continuing with --board host" in capsys.readouterr().out


def test_the_demo_uses_the_emulated_board_if_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    demo = script("demo")
    monkeypatch.setattr(demo.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert demo.choose_board() == "qemu-cortex-m4"


@pytest.mark.parametrize(
    ("error", "code"), [(subprocess.CalledProcessError(3, ["python", "-m", "tinykws"]), 1), (KeyboardInterrupt(), 130)]
)
def test_the_demo_ends_with_fail_if_a_command_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    demo = script("demo")
    monkeypatch.setattr(demo.sys, "argv", ["demo.py", "--short"])

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(demo.subprocess, "run", fails)
    monkeypatch.setattr(demo, "shorten", lambda config: None)
    assert demo.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == "FAIL"


def test_bootstrap_runs_on_a_python_without_any_package() -> None:
    code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r}); import bootstrap; print(bootstrap.EXTRAS['demo'])"
    result = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "train,synth"


def test_make_quick_needs_no_system_packages_and_shares_the_environment_of_make_test(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    computer = Computer()
    use(monkeypatch, bootstrap, computer, programs=set(), root=False)
    monkeypatch.setattr(bootstrap, "check_python", lambda: None)
    monkeypatch.setattr(bootstrap, "make_venv", bootstrap.VENV.mkdir)
    for goal in ("test", "quick"):
        monkeypatch.setattr(bootstrap.sys, "argv", ["bootstrap.py", goal])
        bootstrap.main()
    assert "up to date for make quick" in capsys.readouterr().out
    assert len([command for command in computer.commands if "--editable" in command]) == 1
    assert "quick" not in bootstrap.PACKAGES
