# SPDX-License-Identifier: Apache-2.0
"""The public API: its examples run, it gives what the command and the host reference give, and it imports lightly."""

from __future__ import annotations

import dataclasses
import doctest
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tiny_model import EAGER, tiny_bundle, write_walk

import tinykws
import tinykws.api
from tinykws.audio.files import read_audio
from tinykws.audio.playback import playback_for
from tinykws.boards.rows import load_boards
from tinykws.cli.main import run
from tinykws.device.protocol import Heard
from tinykws.model.bundle import load_bundle as load_folder
from tinykws.model.interpreter import Interpreter
from tinykws.native.features import features_of_clip
from tinykws.project.layout import Project
from tinykws.verification.host_reference import HostReference

SECONDS = 6
CLASSES = [value for name in tinykws.__all__ if inspect.isclass(value := getattr(tinykws, name))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a bundle that was imported, and a recording in which its model detects words."""
    folder = tmp_path_factory.mktemp("api")
    tiny_bundle(folder / "build" / "bundle", detector=EAGER)
    write_walk(folder / "kitchen.wav", SECONDS)
    return folder


@pytest.fixture
def bundle(folder: Path) -> tinykws.Bundle:
    return tinykws.load_bundle(folder / "build" / "bundle")


@pytest.mark.parametrize("module", [tinykws, tinykws.api], ids=lambda module: module.__name__)
def test_the_examples_are_true(module: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    finder = doctest.DocTestFinder()
    names = {"tinykws": tinykws, **{name: getattr(tinykws, name) for name in tinykws.__all__}}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    examples = 0
    for test in finder.find(module, module.__name__, globs=dict(names)):
        output: list[str] = []
        runner.run(test, out=output.append)
        assert not output, "".join(output)
        examples += len(test.examples)
    assert examples >= 3


def test_every_public_name_is_documented() -> None:
    for name in set(tinykws.__all__) - {"__version__"}:
        value = getattr(tinykws, name)
        assert value is getattr(tinykws.api, name)
        assert value.__doc__
        assert value.__doc__.strip()[-1] != ","
        if inspect.isfunction(value):
            assert ">>> " in value.__doc__, name
            assert "Raises:" in value.__doc__, name
    assert set(tinykws.__all__) <= set(dir(tinykws))
    assert [*tinykws.__all__] == sorted(tinykws.__all__)
    assert set(tinykws.api.__all__) == set(tinykws.__all__) - {"__version__"}


def test_a_name_that_is_not_public_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Listener'"):
        tinykws.Listener  # noqa: B018
    with pytest.raises(ImportError):
        from tinykws import Listener  # noqa: F401


def test_values_cannot_be_changed(bundle: tinykws.Bundle) -> None:
    for one in (value for value in CLASSES if dataclasses.is_dataclass(value)):
        assert vars(one)["__dataclass_params__"].frozen, one
    with pytest.raises(dataclasses.FrozenInstanceError):
        bundle.words = ()  # type: ignore[misc]


def test_a_bundle_tells_what_it_holds(bundle: tinykws.Bundle, folder: Path) -> None:
    inside = load_folder(folder / "build" / "bundle")
    assert bundle.path == folder / "build" / "bundle"
    assert bundle.model_id == inside.model_sha256[:12]
    assert bundle.labels == ("_silence_", "_unknown_", "yes")
    assert bundle.words == ("yes",)
    assert (bundle.features_shape, bundle.frame_stride_ms, bundle.sample_rate_hz) == ((4, 40), 20, 16000)
    assert bundle == tinykws.load_bundle(str(bundle.path))
    assert "_folder" not in repr(bundle)


def test_the_file_gives_what_the_command_prints(
    bundle: tinykws.Bundle, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = folder / "kitchen.wav"
    assert run(["detect", "--json", "--quiet", "--bundle", str(bundle.path), str(recording)]) == 0
    printed = json.loads(capsys.readouterr().out)
    detections = list(tinykws.detect_file(bundle, recording))
    assert [{"file": str(recording), **dataclasses.asdict(one)} for one in detections] == printed
    assert len(detections) > 3


@pytest.mark.parametrize("size", [1, 160, 511, 16000, SECONDS * 16000])
def test_pieces_of_any_size_give_what_the_file_gives(size: int, bundle: tinykws.Bundle, folder: Path) -> None:
    """If they are played as the file is: with a lead-in before them."""
    inside = load_folder(bundle.path)
    playback = playback_for(inside.frontend, inside.detector)
    recording = read_audio(folder / "kitchen.wav").samples
    recording = recording[: 3 * 16000] if size == 1 else recording
    samples = np.concatenate([playback.lead_in, recording])
    end_ms = len(recording) // 16
    expected = [one for one in tinykws.detect_file(bundle, folder / "kitchen.wav") if one.time_ms <= end_ms]
    detector = tinykws.Detector(bundle)
    for _ in range(2):
        found = [one for at in range(0, len(samples), size) for one in detector.feed(samples[at : at + size])]
        shifted = [dataclasses.replace(one, time_ms=one.time_ms - playback.lead_in_ms) for one in found]
        assert [one for one in shifted if one.time_ms >= 0] == expected
        detector.reset()
    assert expected


def test_it_is_what_the_host_reference_detects(bundle: tinykws.Bundle, folder: Path) -> None:
    samples = read_audio(folder / "kitchen.wav").samples
    inside = load_folder(bundle.path)
    reference = HostReference(inside, Interpreter(inside.model_bytes()).invoke)
    reference.begin()
    heard = [line for line in reference.feed(samples) if isinstance(line, Heard)]
    found = tinykws.Detector(bundle).feed(samples)
    assert [(one.time_ms, one.label, one.score) for one in found] == [
        (one.time_ms, one.label, one.score) for one in heard
    ]
    assert found


def test_two_detectors_do_not_share_anything(bundle: tinykws.Bundle, folder: Path) -> None:
    samples = read_audio(folder / "kitchen.wav").samples
    alone = tinykws.Detector(bundle).feed(samples)
    one, other = tinykws.Detector(bundle), tinykws.Detector(bundle)
    found = []
    for at in range(0, len(samples), 1600):
        found += one.feed(samples[at : at + 1600])
        other.feed(-samples[at : at + 1600])
    assert found == alone


def test_samples_of_another_kind_are_refused(bundle: tinykws.Bundle) -> None:
    detector = tinykws.Detector(bundle)
    for samples, says in (
        (np.zeros(10, np.float32), r"int16 \[n\], not float32 \[10\]"),
        (np.zeros((10, 2), np.int16), r"not int16 \[10, 2\]"),
        (b"\0\0", "not bytes"),
        ([0, 1], "not list"),
    ):
        with pytest.raises(TypeError, match=says):
            detector.feed(samples)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=says):
            tinykws.compute_features(bundle, samples)  # type: ignore[arg-type]
    assert detector.feed(np.zeros(0, np.int16)) == []


def test_features_are_those_of_the_device(bundle: tinykws.Bundle) -> None:
    samples = np.random.default_rng(5).normal(0, 3000, 8000).astype(np.int16)
    features = tinykws.compute_features(bundle, samples)
    assert features.dtype == np.int8
    np.testing.assert_array_equal(features, features_of_clip(samples, load_folder(bundle.path).frontend))
    clip = samples[: 16000 * 100 // 1000]
    assert tinykws.compute_features(bundle, clip).shape == bundle.features_shape
    assert tinykws.compute_features(bundle, samples[:10]).shape == (0, 40)


def test_errors_say_what_is_wrong_and_what_to_do(bundle: tinykws.Bundle, tmp_path: Path) -> None:
    with pytest.raises(tinykws.ConfigError, match="there is no bundle"):
        tinykws.load_bundle(tmp_path)
    with pytest.raises(tinykws.ConfigError, match="there is no"):
        list(tinykws.detect_file(bundle, tmp_path / "none.wav"))
    with pytest.raises(tinykws.ConfigError) as caught:
        tinykws.generate(bundle, "nano33bel", tmp_path / "out")
    assert (caught.value.hint or "").startswith("did you mean nano33ble or nano33ble_rev2?")
    with pytest.raises(tinykws.ConfigError, match="there is no file"):
        tinykws.list_boards(tmp_path / "none.yaml")
    with pytest.raises(tinykws.ConfigError, match="split 'test' does not exist"):
        tinykws.evaluate(tmp_path, split="test")
    assert issubclass(tinykws.ToolError, tinykws.TinykwsError)
    assert list(tmp_path.iterdir()) == []


def test_a_project_is_what_the_command_generates(bundle: tinykws.Bundle, tmp_path: Path) -> None:
    made = tinykws.generate(bundle, "host", tmp_path / "mine")
    command = ["generate", "--board", "host", "--project", str(tmp_path), "--bundle", str(bundle.path)]
    assert run(command) == 0
    theirs = tmp_path / "build" / "firmware" / "host"
    assert (made.board, made.engine, made.path) == ("host", "aot", tmp_path / "mine")
    assert {name: (made.path / name).read_bytes() for name in made.files} == {
        name: (theirs / name).read_bytes() for name in made.files
    }


def test_boards_are_the_rows_of_boards_yaml() -> None:
    boards = {board.id: board for board in tinykws.list_boards()}
    assert [*boards] == [*load_boards()]
    assert boards["host"].is_emulated
    assert not boards["nano33ble"].is_emulated
    assert set(boards["nano33ble"].engines) == {"tflm", "aot"}


def test_evaluation_has_the_figures_of_the_command(
    learned_project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tinykws.stages.evaluate import evaluate

    report = evaluate(learned_project, split="validation")
    figures = tinykws.evaluate(learned_project.root, split="validation")
    assert (figures.model_id, figures.split) == (report.model_id, "validation")
    score = report.int8_model
    assert (figures.accuracy, figures.mean_recall, figures.clips) == (score.accuracy, score.mean_recall, score.clips)
    assert figures.confusion == score.confusion
    assert [(one.label, one.clips, one.precision, one.recall) for one in figures.labels] == [
        (one.label, one.clips, one.precision, one.recall) for one in score.labels
    ]


def test_importing_is_light_and_names_load_what_they_need() -> None:
    code = (
        "import sys, tinykws; heavy = ('numpy', 'tensorflow', 'click', 'yaml', 'tinykws.api');"
        "print([name for name in heavy if name in sys.modules]);"
        "tinykws.Detector, tinykws.ConfigError, tinykws.load_bundle; dir(tinykws);"
        "print([name for name in heavy[:2] if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_detecting_needs_no_tensorflow(folder: Path) -> None:
    code = (
        "import sys, tinykws; bundle = tinykws.load_bundle('build/bundle');"
        "found = list(tinykws.detect_file(bundle, 'kitchen.wav'));"
        "print(bool(found), 'tensorflow' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


@pytest.mark.slow
def test_type_checkers_see_every_name(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "import tinykws\n"
        "bundle = tinykws.load_bundle('build/bundle')\n"
        "reveal_type([found.text for found in tinykws.detect_file(bundle, 'a.wav')])\n"
        "bundle.wrods\n"
        + "\n".join(f"tinykws.{name}" for name in tinykws.__all__)
    )  # fmt: skip
    mypy = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-incremental", "user.py"]
    environment = {**os.environ, "MYPYPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(mypy, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert 'note: Revealed type is "' in lines[0]
    assert "list[" in lines[0]
    assert "str" in lines[0]
    assert '"Bundle" has no attribute "wrods"' in lines[1]
    assert lines[2].startswith("Found 1 error"), done.stdout
