# SPDX-License-Identifier: Apache-2.0
"""Projects generated from a stranger's bundle and a stranger's board: whatever their texts, the code is the same."""

from __future__ import annotations

import configparser
import dataclasses
import re
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from firmware_application import SANITIZERS, talk
from firmware_sources import PROJECT_FOLDERS
from tiny_model import dense_bundle

from tinykws.boards.rows import Board, load_boards
from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import Ready, Scores, announcement, audio_line
from tinykws.model import bundle_checks
from tinykws.model.bundle import Bundle
from tinykws.project import temporal_filter
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import MAX_LABELS, Label
from tinykws.stages.generate import generate, project_files
from tinykws.support.errors import ConfigError

BOARDS = load_boards()
PROJECTS = [("host", "aot"), ("nano33ble", "aot"), ("nano33ble", "tflm"), ("esp32", "tflm")]
HOSTILE = (
    '*/ __asm__(".incbin \\"/etc/hostname\\""); /*',
    '"; system("x"); //',
    "{{7*7}} {% raw %} %s%n ??/",
    "`x` <script>alert(1)</script> | [a](b) ![c](d) **e** &amp; \\",
    "# include <stdio.h> $(x) ${sysenv.HOME} ; extra_scripts",
)
"""Texts that a bundle may have: visible characters on one line."""
BEYOND = ("a\n*/ int x; /*", "\x1b]52;c;eA==\x07", "\u202eabc\u2028#define X", "x\r\nextra_scripts = pre:x.py")
"""Texts that checks refuse, in fields of boards; should one come through, it is escaped all the same."""
_COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def with_texts(bundle: Bundle, text: str) -> Bundle:
    """The bundle with a text in every field that may have any text; a word may have fewer characters."""
    word = Label("yes", text.replace("/", "").replace("\\", "").replace(":", ""))
    labels = (*bundle.labels[:2], word)
    metrics = {text: {text: text}}
    return dataclasses.replace(bundle, labels=labels, arena_measured_by=text, tools={text: text}, metrics=metrics)


def code_of(files: dict[str, bytes]) -> dict[str, list[str]]:
    """The C of a project without its comments, and with every string the same."""
    return {
        name: _COMMENT_OR_STRING.sub(lambda match: '""' if match[0][0] == '"' else " ", data.decode()).split()
        for name, data in files.items()
        if Path(name).suffix in (".c", ".cc", ".cpp", ".h")
    }


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(("board", "engine"), PROJECTS)
def test_no_text_of_a_bundle_becomes_code(tiny_model_bundle: Bundle, board: str, engine: str, text: str) -> None:
    plain = project_files(tiny_model_bundle, BOARDS[board], engine)
    files = project_files(with_texts(tiny_model_bundle, text), BOARDS[board], engine)
    assert code_of(files) == code_of(plain)
    assert files["platformio.ini"] == plain["platformio.ini"]
    for name, data in files.items():
        assert data.count(b"\n") == plain[name].count(b"\n"), name
        assert data.isascii() or not plain[name].isascii(), name
    readme = files["README.md"].decode()
    assert "<script" not in readme
    assert not re.search(r"(?<!\\)[`*\[]", readme.split("It listens for: ")[1].split(". Model")[0])


@pytest.mark.parametrize("text", [*HOSTILE, *BEYOND], ids=range(len(HOSTILE) + len(BEYOND)))
@pytest.mark.parametrize(("board", "engine"), [("host", "aot"), ("esp32", "tflm")])
def test_no_text_of_a_board_becomes_code(tiny_model_bundle: Bundle, board: str, engine: str, text: str) -> None:
    row = BOARDS[board]
    odd = dataclasses.replace(row, name=text, microphone=dataclasses.replace(row.microphone, part=text))
    plain = project_files(tiny_model_bundle, row, engine)
    files = project_files(tiny_model_bundle, odd, engine)
    assert code_of(files) == code_of(plain)
    assert options_of(files["platformio.ini"]) == options_of(plain["platformio.ini"])
    assert all(data.count(b"\n") == plain[name].count(b"\n") for name, data in files.items())
    assert "<script" not in files["README.md"].decode()


def options_of(ini: bytes) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(ini.decode())
    return {name: dict(section) for name, section in parser.items()}


@pytest.mark.parametrize("field", ["platform", "board", "framework", "build_flags", "build_unflags"])
def test_a_value_of_a_board_cannot_add_an_option(tiny_model_bundle: Bundle, field: str) -> None:
    value: Any = ("-DX\nextra_scripts = x.py",) if "flags" in field else "x@1.0.0\nextra_scripts = x.py"
    with pytest.raises(ConfigError, match=r"cannot be in platformio\.ini|^board is 'x@1\.0\.0\\nextra_scripts"):
        odd: Board = dataclasses.replace(BOARDS["esp32"], **{field: value})
        project_files(tiny_model_bundle, odd, "aot")


REPLACED = [
    ("KWS_N_MELS", "160", "n_mels"),
    ("KWS_N_MELS", "0", "n_mels"),
    ("KWS_SAMPLE_RATE_HZ", "8000", "sample_rate_hz"),
    ("KWS_WINDOW_MS", "200", "window_ms"),
    ("KWS_STRIDE_MS", "31", "stride_ms"),
    ("KWS_N_FRAMES", "65536", "n_frames"),
    ("KWS_N_LABELS", "300", "n_labels"),
    ("KWS_INFERENCE_STRIDE", "0", "inference_stride"),
    ("KWS_AVERAGE_WINDOW_MS", "6553500", "average_window_ms"),
    ("KWS_MINIMUM_COUNT", "65536", "minimum_count"),
    ("KWS_SUPPRESSION_MS", "(-1)", "suppression_ms"),
    ("KWS_THRESHOLDS", "{1, 2}", "thresholds"),
    ("KWS_SELF_TEST_SCORES", "{1, 2}", "self_test_scores"),
    ("KWS_FIRST_WORD", "1", "first_word"),
]


@pytest.mark.parametrize(("name", "value", "check"), REPLACED, ids=[f"{row[0]}={row[1]}" for row in REPLACED])
def test_settings_beyond_the_c_do_not_compile(
    tiny_model_bundle: Bundle, tmp_path: Path, name: str, value: str, check: str
) -> None:
    error = checked_by_gcc(tiny_model_bundle, tmp_path, f"#undef {name}\n#define {name} {value}\n")
    assert f"kws_setting_is_out_of_range_{check}" in error


FILTER = """\
#define KWS_FILTER_TAPS 10
#define KWS_FILTER_WEIGHTS {0}
#define KWS_FILTER_BIAS (-2147483647)
#define KWS_FILTER_SHIFT 32
"""


def test_a_filter_beyond_the_c_does_not_compile(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    error = checked_by_gcc(tiny_model_bundle, tmp_path, FILTER.replace("TAPS 10", "TAPS 12"))
    for check in ("filter_taps", "filter_weights", "filter_bias", "filter_shift"):
        assert f"kws_setting_is_out_of_range_{check}" in error
    assert "filter_taps" not in checked_by_gcc(tiny_model_bundle, tmp_path, FILTER)


@pytest.mark.slow
def test_the_largest_settings_run_within_bounds(tmp_path: Path) -> None:
    """All limits at once, under the sanitizers: 500 taps of the largest weights, 128 labels, 128 channels."""
    frontend = FrontendSettings(n_mels=bundle_checks.MAX_MELS, window_ms=64, stride_ms=5, clip_ms=69)
    detector = DetectorSettings(
        kind="temporal_filter", filter_weights=(127,) * 48, filter_bias=temporal_filter.LARGEST_BIAS,
        inference_stride_ms=5, average_window_ms=5000, minimum_count=1, suppression_ms=0, threshold=0,
    )  # fmt: skip
    words = [f"{number}{'x' * 30}" for number in range(MAX_LABELS - 2)]
    generate(dense_bundle(tmp_path / "bundle", frontend, detector, words), BOARDS["host"], "aot", tmp_path / "project")
    folders = [tmp_path / "project" / name for name in (*PROJECT_FOLDERS, "lib/kws_nn")]
    sources = sorted(path for folder in folders for path in folder.glob("*.c"))
    program = tmp_path / "app"
    options = [*SANITIZERS, *(f"-I{folder}" for folder in folders)]
    subprocess.run(["gcc", "-std=gnu99", *options, *sources, "-o", program], check=True)
    pcm = np.random.default_rng(0).integers(-32768, 32768, 8000).astype("<i2").tobytes()
    said = [with_check("!TEST"), with_check(announcement(len(pcm), zlib.crc32(pcm), 0, features=True))]
    said += [audio_line(at, pcm[at : at + 740], 2**32 - 1) for at in range(0, len(pcm), 740)]
    answers = talk(program, "".join(f"{line}\n" for line in said).encode())
    assert isinstance(answers[0], Ready)
    assert len(answers[0].labels) == MAX_LABELS
    assert sum(isinstance(line, Scores) for line in answers) > 50


def test_settings_within_the_c_compile(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    assert checked_by_gcc(tiny_model_bundle, tmp_path, "") == ""


def checked_by_gcc(bundle: Bundle, folder: Path, changes: str) -> str:
    """What gcc says of kws_settings_checks.c with changes after kws_settings.h."""
    generate(bundle, BOARDS["host"], "aot", folder)
    settings = folder / "include" / "kws_settings.h"
    settings.write_text(settings.read_text() + changes)
    includes = [f"-I{folder / name}" for name in PROJECT_FOLDERS]
    command = ["gcc", "-std=gnu99", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *includes]
    source = str(folder / "src" / "kws_settings_checks.c")
    return subprocess.run([*command, source], capture_output=True, text=True, check=False).stderr
