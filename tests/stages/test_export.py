# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tflite_builder import OpSpec, TensorSpec, build_model
from tiny_model import tiny_bundle

from tinykws.boards.rows import load_boards
from tinykws.cli.main import run
from tinykws.exports.export_folder import DESCRIPTION
from tinykws.exports.exporters import EXPORTERS
from tinykws.exports.library import identifiers, library_of
from tinykws.firmware_build.generated_tree import MANIFEST
from tinykws.model.bundle import Bundle
from tinykws.project.labels import Label, labels_of_words
from tinykws.stages.export import export, export_files
from tinykws.stages.generate import generate
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress
from tinykws.support.resources import FIRMWARE

FORMS = tuple(EXPORTERS)


class Sayings(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_model_gives_the_same_bytes(tiny_model_bundle: Bundle, form: str, tmp_path: Path) -> None:
    first = export(tiny_model_bundle, form, tmp_path / "first")
    export(tiny_model_bundle, form, tmp_path / "second")
    assert content(tmp_path / "first") == content(tmp_path / "second")
    assert set(content(tmp_path / "first")) == {*first.files, MANIFEST}
    again = export(tiny_model_bundle, form, tmp_path / "first")
    assert (again.changes.written, again.changes.removed, again.changes.kept) == ((), (), ())


@pytest.mark.parametrize("form", ["c", "esp-idf", "zephyr"])
def test_files_name_their_licence_and_no_place(tiny_model_bundle: Bundle, form: str, tmp_path: Path) -> None:
    export(tiny_model_bundle, form, tmp_path)
    for name, data in content(tmp_path).items():
        text = data.decode()
        assert str(tmp_path) not in text, name
        assert str(FIRMWARE.parent) not in text, name
        if name not in ("LICENSE", MANIFEST, DESCRIPTION) and not name.endswith(".md"):
            assert "SPDX-License-Identifier: Apache-2.0" in text[:80], name


@pytest.mark.parametrize("form", ["c", "esp-idf", "zephyr"])
def test_only_the_library_and_nothing_of_boards_or_the_serial_protocol(
    tiny_model_bundle: Bundle, form: str, tmp_path: Path
) -> None:
    export(tiny_model_bundle, form, tmp_path)
    files = content(tmp_path)
    code = "\n".join(data.decode() for name, data in files.items() if name.startswith("src/"))
    without_comments = re.sub(r"/\*.*?\*/|#define \w+_SCALE .*", "", code, flags=re.DOTALL)
    unwanted = r"Arduino|kws_port|kws_protocol|kws_report|KWS_BOARD|KWS_SERIAL|malloc|\b(?:float|double)\b"
    assert not re.search(unwanted, without_comments)
    headers = [name for name in files if name.startswith("src/") and name.count("/") == 1 and name.endswith(".h")]
    assert headers == ["src/tinykws.h"]
    included = set(re.findall(r'#include "(?:kws/)?(\w+\.h)"', code))
    of_tests = {"kws_nn_dsp_in_c.h", "kws_arm_dsp_in_c.h"}  # only where a test defines what asks for them
    assert included - of_tests <= {name.rsplit("/", 1)[-1] for name in files}


def test_a_new_export_replaces_only_its_own_files(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    export(tiny_model_bundle, "c", folder)
    (folder / "build").mkdir()
    (folder / "build" / "made.o").write_text("by a build system")
    (folder / "src" / "tinykws.c").write_text("/* mine */")
    progress = Sayings()
    other = tiny_bundle(tmp_path / "other", words=("no",))
    report = export(other, "c", folder, progress=progress)
    assert report.changes.kept == ("src/tinykws.c",)
    assert progress.said == [f"{folder / 'src/tinykws.c'} was not as tinykws made it: kept as src/tinykws.c.yours"]
    assert (folder / "src" / "tinykws.c.yours").read_text() == "/* mine */"
    assert (folder / "build" / "made.o").is_file()
    assert "TINYKWS_LABEL_NO" in (folder / "src" / "tinykws.h").read_text()


def test_files_that_are_no_longer_made_are_removed(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tiny_model_bundle, "c", tmp_path)
    monkeypatch.setattr("tinykws.exports.library.SHARED_PARTS", {"kws_frontend": ("*",)})
    report = export(tiny_model_bundle, "c", tmp_path)
    assert "src/kws/kws_detector.c" in report.changes.removed
    assert not (tmp_path / "src" / "kws" / "kws_detector.c").exists()


def write_notes(folder: Path, _: Bundle) -> None:
    (folder / "notes.txt").write_text("mine")


def write_hidden(folder: Path, _: Bundle) -> None:
    (folder / ".config").write_text("mine")


def write_manifest_alone(folder: Path, _: Bundle) -> None:
    (folder / MANIFEST).write_text("{}")


def write_damaged_description(folder: Path, bundle: Bundle) -> None:
    export(bundle, "c", folder)
    (folder / DESCRIPTION).write_text("[" * 10_000)


def write_firmware(folder: Path, bundle: Bundle) -> None:
    generate(bundle, load_boards()["host"], None, folder)


def write_project(folder: Path, _: Bundle) -> None:
    (folder / "kws.yaml").write_text("words: [yes]")


@pytest.mark.parametrize("form", ["c", "arduino"])
@pytest.mark.parametrize(
    "write",
    [write_notes, write_hidden, write_manifest_alone, write_damaged_description, write_firmware, write_project],
)
def test_a_folder_that_holds_something_else_is_refused(
    tiny_model_bundle: Bundle, form: str, write: object, tmp_path: Path
) -> None:
    assert callable(write)
    folder = tmp_path / "held"
    folder.mkdir()
    write(folder, tiny_model_bundle)
    before = content(folder)
    with pytest.raises(ConfigError, match="holds something else") as error:
        export(tiny_model_bundle, form, folder)
    assert f"tinykws export {form} " in str(error.value.hint)
    assert content(folder) == before


def test_another_form_is_not_mixed_in(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    export(tiny_model_bundle, "zephyr", tmp_path)
    before = content(tmp_path)
    with pytest.raises(ConfigError, match="holds an export for 'zephyr', not for 'c'"):
        export(tiny_model_bundle, "c", tmp_path)
    assert content(tmp_path) == before


def test_a_file_is_not_a_folder(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file, not a folder"):
        export(tiny_model_bundle, "c", tmp_path / "file")


def test_an_archive_is_not_a_folder(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is the name of an archive"):
        export(tiny_model_bundle, "arduino", tmp_path / "library.zip")
    assert not (tmp_path / "library.zip").exists()


def test_an_empty_folder_is_used(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    assert export(tiny_model_bundle, "c", tmp_path).changes.written


@pytest.mark.parametrize("form", FORMS)
def test_tflm_is_refused_with_the_reason(tiny_model_bundle: Bundle, form: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"export {form} has no engine 'tflm': .*C\+\+") as error:
        export(tiny_model_bundle, form, tmp_path / "new", engine="tflm")
    assert "--engine aot" in str(error.value.hint)
    assert not (tmp_path / "new").exists()


def test_an_unknown_form(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no export 'espidf'") as error:
        export(tiny_model_bundle, "espidf", tmp_path)
    assert error.value.hint == "did you mean esp-idf?"


def test_an_operation_that_aot_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    tensors = [TensorSpec((1, 160), "INT8", (0.1,), (-128,)), TensorSpec((1, 160), "INT8", (0.1,), (-128,))]
    strange = build_model(tensors, [OpSpec("FLOOR", (0,), (1,), None)])
    monkeypatch.setattr(Bundle, "model_bytes", lambda self: strange)
    with pytest.raises(ConfigError, match="FLOOR"):
        export(bundle, "c", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_board_that_is_too_small_is_refused(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    small = dataclasses.replace(load_boards()["nano33ble"], ram_bytes=100)
    with pytest.raises(ConfigError, match="bytes of RAM"):
        export(tiny_model_bundle, "c", tmp_path / "new", board=small)
    assert not (tmp_path / "new").exists()


def test_two_words_with_one_identifier_are_refused(tiny_model_bundle: Bundle) -> None:
    labels = [*labels_of_words(["stop"]), Label("STOP", "Stop!")]
    with pytest.raises(ConfigError, match="words 'stop' and 'Stop!' both become TINYKWS_LABEL_STOP") as error:
        identifiers(labels)
    assert "tinykws tune" in str(error.value.hint)


@given(st.lists(st.text("abcABC019 -_'яé", min_size=1, max_size=9), min_size=1, max_size=6))
def test_labels_that_a_model_may_have_never_collide(words: list[str]) -> None:
    try:
        labels = labels_of_words(words)
    except ConfigError:
        return
    names = [name for name, _ in identifiers(labels)]
    assert len(set(names)) == len(labels)
    assert all(re.fullmatch(r"TINYKWS_LABEL_[A-Z0-9_]+", name) for name in names)


def test_no_word_becomes_a_name_that_the_header_has(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    """Words such as `version` and `init`: labels have a prefix that nothing else has."""
    words = ("version", "n labels", "memory bytes", "h")
    bundle = tiny_bundle(tmp_path / "bundle", words=words[:1])
    header = export_files(EXPORTERS["c"], library_of(bundle, None))["src/tinykws.h"].decode()
    for name, _ in identifiers(labels_of_words(words)):
        made = name in ("TINYKWS_LABEL_SILENCE", "TINYKWS_LABEL_UNKNOWN", "TINYKWS_LABEL_VERSION")
        assert len(re.findall(rf"\b{name}\b", header)) == made


def test_settings_of_components_are_what_their_systems_read(tiny_model_bundle: Bundle) -> None:
    library = library_of(tiny_model_bundle, None)
    component = yaml.safe_load(export_files(EXPORTERS["esp-idf"], library)["idf_component.yml"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", component["version"])
    assert component.keys() == {"version", "description", "license", "dependencies"}
    files = export_files(EXPORTERS["zephyr"], library)
    module = yaml.safe_load(files["zephyr/module.yml"])
    assert module == {
        "name": "tinykws",
        "build": {"cmake": "zephyr", "kconfig": "zephyr/Kconfig"},
        "samples": ["samples"],
        "tests": ["tests"],
    }
    assert {"zephyr/CMakeLists.txt", "zephyr/Kconfig", "samples/microphone/prj.conf"} <= files.keys()


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """A text for people may hold what is markup or a variable elsewhere: labels go into code, texts into prose."""
    bundle = tiny_bundle(tmp_path / "bundle", words=('a * "b" ${c} <d> ?? `e`',))
    for form in FORMS:
        for name, data in export_files(EXPORTERS[form], library_of(bundle, None)).items():
            assert b"<d>" not in data, name
            assert b"${c}" not in data or name.endswith(".md"), name


def test_a_bundle_without_golden_sound(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    object.__setattr__(bundle, "golden", ())
    progress = Sayings()
    export(bundle, "c", tmp_path / "new", progress=progress)
    assert "self-test checks nothing" in progress.said[0]
    assert "KWS_SELF_TEST_SEED" not in (tmp_path / "new" / "src" / "kws" / "kws_settings.h").read_text()


def test_the_command(tiny_model_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = ["--bundle", str(tiny_model_bundle.path), "--project", str(tmp_path)]
    assert run(["export", "c", str(tmp_path / "new"), *bundle, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    described = json.loads((tmp_path / "new" / DESCRIPTION).read_text())
    assert report["identity"] == described["identity"] == tiny_model_bundle.identity
    assert report["memory_bytes"] == described["memory_bytes"] > report["arena_bytes"] > 0
    assert report["files"] == sorted(report["files"])
    assert run(["export", "c", str(tmp_path / "new"), *bundle, "--board", "nano33ble"]) == 0
    assert "RAM of one instance" in capsys.readouterr().out
    assert run(["export", "c", str(tmp_path), *bundle]) == 2
    assert "holds something else" in capsys.readouterr().err
    assert run(["export", "rust", str(tmp_path / "r"), *bundle]) == 2
    printed = capsys.readouterr().err
    assert "'rust' is not one of" in printed
    assert "did you mean" not in printed


@pytest.mark.parametrize(("wrong", "near"), [("esp_idf", "esp-idf"), ("C", "c"), ("Arduino", "arduino")])
def test_a_form_that_is_nearly_right_is_named(
    wrong: str, near: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", wrong, str(tmp_path / "new")]) == 2
    assert f"did you mean {near}?" in capsys.readouterr().err


def test_a_project_without_a_model_names_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = tmp_path / "my project"
    assert run(["init", str(project), "--words", "yes"]) == 0
    capsys.readouterr()
    before = content(project)
    assert run(["export", "c", str(tmp_path / "new"), "--project", str(project)]) == 2
    shown = capsys.readouterr().err
    assert "there is no model in" in shown
    assert f"tinykws tune --project {shlex.quote(str(project))}" in shown
    assert content(project) == before
    assert not (tmp_path / "new").exists()
    shutil.rmtree(project)
    project.mkdir()
    assert run(["export", "c", str(tmp_path / "new"), "--project", str(project)]) == 2
    assert "tinykws init" in capsys.readouterr().err
