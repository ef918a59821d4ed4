# SPDX-License-Identifier: Apache-2.0
"""--quiet silences progress and nothing else; --verbose adds the output of tools and tracebacks."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tiny_model import EAGER, tiny_bundle, write_walk

from tinykws.cli.console import ConsoleProgress
from tinykws.cli.main import run, tinykws
from tinykws.support.run_command import TOOL_OUTPUT


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    tiny_bundle(folder / "build" / "bundle", detector=EAGER)
    write_walk(folder / "walk.wav", 4)
    return folder


def detect(project: Path, *options: str) -> list[str]:
    return ["detect", "--project", str(project), str(project / "walk.wav"), *options]


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_quiet_keeps_results_and_drops_progress(quiet: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(detect(project)) == 0
    loud = capsys.readouterr()
    assert "Heard yes" in loud.out
    assert "bundle: imported model" in loud.err
    assert run(detect(project, quiet)) == 0
    assert capsys.readouterr() == (loud.out, "")
    assert run([quiet, *detect(project)]) == 0, "also before the command"
    assert capsys.readouterr() == (loud.out, "")


def test_quiet_silences_bars_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with tinykws.make_context("tinykws", ["--quiet", "boards"]):
        progress = ConsoleProgress()
    assert list(progress.track([1, 2], "reading")) == [1, 2]
    with progress.track_bytes("downloading", 10) as show:
        show(5)
    progress.say("done")
    progress.result("result")
    assert capsys.readouterr() == ("result\n", "")


def test_quiet_keeps_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--quiet", "--project", str(tmp_path)]) == 2
    assert "tinykws init" in capsys.readouterr().err


def test_verbose_shows_the_traceback_of_an_expected_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", "--project", str(tmp_path)]) == 2
    without = capsys.readouterr().err
    assert "Traceback" not in without
    assert run(["train", "--verbose", "--project", str(tmp_path)]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert "ConfigError" in shown
    assert shown.endswith(without)


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.slow
def test_verbose_shows_what_tools_print(verbose: bool, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--verbose"] if verbose else []
    assert run(["build", "--board", "host", "--project", str(project), *options]) == 0
    shown = capsys.readouterr()
    assert ("platformio" in shown.err) == verbose
    assert ("  | " in shown.err) == verbose
    assert "  | " not in shown.out
    assert logging.getLogger(TOOL_OUTPUT).handlers == [], "nothing stays switched on"
