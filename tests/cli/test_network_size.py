# SPDX-License-Identifier: Apache-2.0
"""`model: {size: auto}` in commands: the choice is told, kept, and no other network is trained without a word."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tiny_model import tiny_bundle

from tinykws.boards.rows import find_board
from tinykws.cli import workplace
from tinykws.cli.main import run
from tinykws.cli.network_size import choose_for_board, keep_choice, tell_other_choice
from tinykws.model.bundle import JSON_NAME
from tinykws.project.layout import Project
from tinykws.project.network_size import FILE_NAME
from tinykws.stages import train as train_stage
from tinykws.support.errors import ToolError
from tinykws.support.freshness import write_stamp
from tinykws.support.progress import SILENT, Progress
from tinykws.support.staleness import reasons

YAML = "words: [yes]\nfeatures: {clip_ms: 1500}\nmodel: {size: auto}\ndetector: {inference_stride_ms: 80}\n"


class Said(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose bundle was trained."""
    (tmp_path / "kws.yaml").write_text(YAML)
    path = tiny_bundle(tmp_path / "build" / "bundle").path / JSON_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "origin": "trained"}))
    return tmp_path


@pytest.fixture
def a_sixth_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """With which an RP2040 has room for the medium size only."""
    monkeypatch.setattr("tinykws.cost.size_choice.SHARE_OF_CLOCK", 1 / 6)


def architecture_of(root: Path) -> str:
    return Project.load(root).config.model.architecture


def choose(root: Path, board: str, engine: str | None = None, progress: Progress = SILENT) -> None:
    choice = choose_for_board(root, None, find_board(board), engine, progress)
    keep_choice(root, choice, find_board(board), progress)


def test_without_a_board_it_is_medium(root: Path) -> None:
    assert architecture_of(root) == "stream_medium"
    choose(root, "host")
    assert architecture_of(root) == "stream_medium"


@pytest.mark.slow
def test_the_choice_holds_for_commands_without_a_board_and_for_emulated_ones(root: Path) -> None:
    choose(root, "nano33ble", "tflm")
    assert architecture_of(root) == "stream_small"
    choose(root, "qemu-cortex-m4")
    choose(root, "host")
    assert architecture_of(root) == "stream_small"
    choose(root, "nano33ble", "aot")
    assert architecture_of(root) == "stream_large"


def test_an_emulated_boards_choice_does_not_bind_the_next(root: Path) -> None:
    choose(root, "qemu-cortex-m4")
    assert architecture_of(root) == "stream_large"
    choose(root, "host")
    assert architecture_of(root) == "stream_medium"


@pytest.mark.usefixtures("a_sixth_of_the_clock")
def test_another_boards_choice_makes_the_trained_network_out_of_date_and_is_told(root: Path) -> None:
    choose(root, "pico")
    project = Project.load(root)
    stamp = project.stamp_path("train")
    files = train_stage.stage_files(project)
    project.model_dir.mkdir(parents=True)
    write_stamp(stamp, files.inputs(), files)
    assert reasons(stamp, train_stage.stage_files(Project.load(root))) == []
    said = Said()
    choose(root, "nano33ble", "aot", said)
    assert said.lines[0].startswith("size auto: stream_large for nano33ble, engine aot: it takes ")
    assert said.lines[1] == (
        "the last bundle has stream_medium for pico: it is out of date, stream_large is trained for nano33ble now"
    )
    assert reasons(stamp, train_stage.stage_files(Project.load(root))) == [
        'architecture was "stream_medium", is "stream_large"'
    ]


@pytest.mark.slow
@pytest.mark.usefixtures("a_sixth_of_the_clock")
def test_a_command_that_only_uses_the_bundle_tells_and_changes_nothing(root: Path) -> None:
    choose(root, "pico")
    bundle, said = root / "build" / "bundle", Said()
    tell_other_choice(root, bundle, find_board("pico"), None, said)
    assert said.lines == []
    tell_other_choice(root, bundle, find_board("teensy41"), None, said)
    assert "the last bundle has stream_medium, and is used" in said.lines[0]
    assert "tinykws build --board teensy41" in said.lines[0]
    tell_other_choice(root, bundle, find_board("esp32"), "tflm", said)
    assert said.lines[1].startswith("no size of the networks for streams fits ESP32")
    assert architecture_of(root) == "stream_medium"


@pytest.mark.parametrize("model", ["{}", "{architecture: stream_small}", "{size: small}"])
def test_nothing_is_chosen_where_kws_yaml_says_it(root: Path, model: str) -> None:
    (root / "kws.yaml").write_text(YAML.replace("{size: auto}", model))
    assert choose_for_board(root, None, find_board("pico"), None, SILENT) is None
    if model == "{size: small}":
        assert architecture_of(root) == "stream_small"


def test_nothing_is_chosen_for_a_bundle_from_elsewhere(root: Path, tmp_path: Path) -> None:
    assert choose_for_board(root, tmp_path / "other", find_board("pico"), None, SILENT) is None
    path = root / "build" / "bundle" / JSON_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), "origin": "imported"}))
    assert choose_for_board(root, None, find_board("pico"), None, SILENT) is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"architecture": "ds_tcn", "board": "pico", "is_emulated": false}'])
def test_a_note_that_cannot_be_read_is_none(root: Path, text: str) -> None:
    (root / "build" / FILE_NAME).write_text(text)
    assert architecture_of(root) == "stream_medium"


@pytest.mark.usefixtures("a_sixth_of_the_clock")
def test_build_says_it_in_text_and_json(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(workplace, "run_until", lambda project, *_: ran.append(project.config.model.architecture))
    command = ["build", "--board", "pico", "--no-compile", "--project", str(root)]
    assert run(command) == 0
    assert "size auto: stream_medium for pico, engine aot: it takes" in capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    size = json.loads(capsys.readouterr().out)["network_size"]
    assert size["architecture"] == "stream_medium"
    assert [one["architecture"] for one in size["sizes"]] == ["stream_small", "stream_medium", "stream_large"]
    assert size["sizes"][2]["lacks"]
    assert ran == ["stream_medium", "stream_medium"]


def test_where_none_fits_nothing_is_trained(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplace, "run_until", lambda *_: pytest.fail("a stage ran"))
    assert run(["build", "--board", "esp32", "--no-compile", "--project", str(root)]) == 2
    said = capsys.readouterr().err
    assert "no size of the networks for streams fits ESP32 DevKit" in said
    assert "try: use --engine aot: stream_small fits with it" in said
    assert not (root / "build" / FILE_NAME).exists()


@pytest.mark.usefixtures("a_sixth_of_the_clock")
def test_a_board_that_cannot_be_built_for_changes_no_choice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ToolError("no platform")

    choose(root, "pico")
    monkeypatch.setattr("tinykws.cli.firmware_commands.check_can_build", refuse)
    assert run(["build", "--board", "teensy41", "--project", str(root)]) == 3
    assert architecture_of(root) == "stream_medium"


def test_the_first_build_of_a_new_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(project: Project, *_: object) -> None:
        assert project.config.model.architecture == "stream_large"
        tiny_bundle(project.bundle_dir)

    shutil.rmtree(root / "build")
    monkeypatch.setattr(workplace, "run_until", trained)
    assert run(["build", "--board", "teensy41", "--no-compile", "--project", str(root)]) == 0
    assert json.loads((root / "build" / FILE_NAME).read_text()) == {
        "architecture": "stream_large",
        "board": "teensy41",
        "is_emulated": False,
    }


def test_init_writes_it(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "p"), "--words", "computer", "--size", "auto"]) == 0
    project = Project.load(tmp_path / "p")
    assert (project.size, project.config.model.architecture) == ("auto", "stream_medium")
    assert project.config.features.clip_ms == 1500
    assert run(["init", str(tmp_path / "q"), "--words", "a", "--size", "auto", "--architecture", "bc_resnet"]) == 2
