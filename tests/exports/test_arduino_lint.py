# SPDX-License-Identifier: Apache-2.0
"""The Arduino library against the rules of arduino-lint in its strict mode for libraries.

Each rule is named by arduino-lint's id (https://arduino.github.io/arduino-lint/latest/rules/library). Those that ask
the network (LP017, LP018, LP042, LP048) or hold for Arduino's own libraries are left out.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from tiny_model import dense_bundle, tiny_bundle

from tinykws.exports.exporters import EXPORTERS
from tinykws.exports.library import library_of
from tinykws.model.bundle import Bundle
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

STUBS = Path(__file__).parent.parent / "c"
CATEGORIES = {
    *("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing", "Data Storage"),
    *("Data Processing", "Other"),
}
FIELDS = {
    *("name", "version", "author", "maintainer", "email", "sentence", "paragraph", "category", "url", "architectures"),
    *("depends", "dot_a_linkage", "includes", "precompiled", "ldflags"),
}
WORDS = [
    ["yes"],
    ["hey robot", "lights on", "lights off", "stop", "and a command that is long"],
    ["arduino"],
    ["my library"],
    ["library"],
    ["arlibraryduino"],
    ["да", "нет"],
    ["5"],
]
"""Whose names are long, forbidden in a library's name, or of another alphabet."""


def unzipped(bundle: Bundle) -> dict[PurePosixPath, bytes]:
    """The files of the one folder in the .zip, relative to it; the folder's name is checked."""
    ((archive, data),) = EXPORTERS["arduino"].files(library_of(bundle, None)).items()
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert zipped.testzip() is None
        names = [PurePosixPath(name) for name in zipped.namelist()]
        assert {name.parts[0] for name in names} == {archive.removesuffix(".zip")}
        assert all(info.external_attr >> 16 == 0o100644 for info in zipped.infolist()), "LS005: no symlinks"
        return {name.relative_to(name.parts[0]): zipped.read(str(name)) for name in names}


def properties_of(files: dict[PurePosixPath, bytes]) -> dict[str, str]:
    lines = files[PurePosixPath("library.properties")].decode().splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    assert all(equals for _, equals, _ in pairs), "LP005"
    assert len({key for key, _, _ in pairs}) == len(pairs)
    return {key: value for key, _, value in pairs}


@pytest.fixture(params=WORDS, ids=lambda words: words[0])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> dict[PurePosixPath, bytes]:
    frontend = FrontendSettings(clip_ms=100)
    return unzipped(dense_bundle(tmp_path / "bundle", frontend, DetectorSettings(), request.param))


def test_properties(library: dict[PurePosixPath, bytes]) -> None:
    values = properties_of(library)
    assert not values.keys() - FIELDS, "LP006"
    name = values["name"]
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.-]*|[0-9][a-zA-Z0-9_.-]*[a-zA-Z][a-zA-Z0-9_.-]*", name), "LP008, 11, 15"
    assert len(name) <= 32, "LP009, LP010"
    assert not re.search("arduino|library", name, re.IGNORECASE), "LP012, LP014, LP016"
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", values["version"]), "LP019 to LP021"
    assert all(values[key] for key in ("author", "maintainer", "sentence", "url")), "LP023 to LP026, 31, 32, 40, 56"
    assert not re.search("arduino", values["maintainer"], re.IGNORECASE), "LP027, LP057"
    assert values["paragraph"], "LP034"
    assert values["sentence"] not in values["paragraph"], "LP036"
    assert values["category"] in CATEGORIES, "LP037 to LP039"
    assert re.fullmatch(r"https://[a-z0-9.-]+/\S*", values["url"]), "LP041"
    assert values["architectures"] == "*", "LP043 to LP046"


def test_structure(library: dict[PurePosixPath, bytes]) -> None:
    values = properties_of(library)
    names = set(map(str, library))
    assert "library.properties" in names, "LP001 to LP003"
    assert f"src/{values['name']}.h" in names, "LS001, LS008, LS009"
    assert values["includes"] == f"{values['name']}.h", "LP051, LP052"
    assert not [name for name in names if name.startswith(("utility/", "extra/", "example/"))], "LS010, LS011, LD005"
    assert not [name for name in names if name.endswith((".exe", ".development"))], "LS006, LS007"
    assert {"README.md", "LICENSE"} <= names, "LD001, LD002"
    sketches = [name for name in library if name.suffix == ".ino"]
    assert sketches, "LD004"
    for sketch in sketches:
        assert sketch == PurePosixPath("examples") / sketch.stem / f"{sketch.stem}.ino", "LD003, LD006"
        assert len(sketch.stem) <= 63
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", sketch.stem)
    for name in library:
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", name.name), "LS003"
    assert not [name for name, data in library.items() if b"arduino.h" in data], "LC001: Arduino.h"


def test_keywords(library: dict[PurePosixPath, bytes]) -> None:
    """https://arduino.github.io/arduino-cli/latest/library-specification/#keywords: one true tab between the fields."""
    lines = library[PurePosixPath("keywords.txt")].decode().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 2 for row in rows)
    assert {kind for _, kind in rows} == {"KEYWORD1", "KEYWORD2", "LITERAL1"}
    header = library[PurePosixPath("src/tinykws.h")].decode()
    for word, _ in rows:
        assert re.search(rf"\b{word}\b", header), word
    declared = set(re.findall(r"\b(tinykws_\w+)\(", header))
    assert declared <= {word for word, _ in rows}


@pytest.mark.parametrize("sketch", ["SelfTest", "PdmMicrophone", "I2sMicrophone"])
def test_sketches_compile(sketch: str, tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    files = unzipped(tiny_bundle(tmp_path / "bundle"))
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    text = (tmp_path / "examples" / sketch / f"{sketch}.ino").read_text()
    (tmp_path / "sketch.cpp").write_text(f"#include <Arduino.h>\n{text}")
    stubs = [STUBS / "exports" / "arduino", STUBS / "stubs" / "arduino", STUBS / "stubs" / "esp32_core3"]
    includes = [f"-I{folder}" for folder in (tmp_path / "src", *stubs)]
    command = ["g++", "-std=gnu++14", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *includes]
    done = subprocess.run([*command, tmp_path / "sketch.cpp"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
