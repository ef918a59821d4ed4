# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import configparser
import dataclasses
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
import pytest
from firmware_sources import LIBRARIES, PROJECT_FOLDERS
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm, tflm
from tiny_model import tiny_bundle

from tinykws.boards.rows import Board, find_board, load_boards, parse_boards
from tinykws.firmware_build.generated_tree import MANIFEST
from tinykws.firmware_build.tflm_ops import RESOLVER_METHODS, resolver_methods
from tinykws.model.bundle import Bundle
from tinykws.stages.generate import generate, project_files
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress
from tinykws.support.resources import FIRMWARE, LICENSE, TEMPLATES
from tinykws.support.templates import render

GOLDEN = Path(__file__).parent.parent / "golden"
STUBS = Path(__file__).parent.parent / "c" / "stubs"
COMMON = "common"
LIST = "files.txt"
BOARDS = load_boards()
COMBINATIONS = [(board, engine) for board in BOARDS.values() for engine in board.engines]
KINDS = {(board.port, board.led.kind, engine): (board, engine) for board, engine in reversed(COMBINATIONS)}
GOLDEN_PROJECTS = list(reversed(KINDS.values()))
"""Of each port and kind of LED the first board: the others' projects differ from it in numbers of the row."""
COMPUTED = ("src/kws_frontend_config.c", "src/model_aot.c", "src/model_aot.h")
"""C whose text other modules compute and test."""
SOURCE_SUFFIXES = (".c", ".cc", ".cpp", ".h", ".ld", ".py", ".ini")


def is_template(name: str) -> bool:
    return (TEMPLATES / f"{name}.j2").is_file()


def listing(files: dict[str, bytes]) -> bytes:
    """The project's files; of the portable libraries, which grow, only the folders."""
    names = [re.sub(r"^(lib/\w+/).*", r"\1", name) for name in files]
    return "".join(f"{name}\n" for name in dict.fromkeys(names)).encode()


def name_of(value: object) -> str:
    return value.id if isinstance(value, Board) else str(value)


def golden_files(tiny_model_bundle: Bundle) -> dict[str, dict[str, bytes]]:
    """Returns, by folder of tests/golden, what must be in it: what templates make, and lists of all files.

    A file that is the same in every project that has it is in `common`, once; a project's folder has the rest.
    """
    projects = {
        f"{board.id}-{engine}": project_files(tiny_model_bundle, board, engine) for board, engine in GOLDEN_PROJECTS
    }
    folders: dict[str, dict[str, bytes]] = {COMMON: {}}
    for project, files in projects.items():
        folders[project] = {LIST: listing(files)}
        for name in filter(is_template, files):
            same = all(other.get(name, files[name]) == files[name] for other in projects.values())
            folders[COMMON if same else project][name] = files[name]
    return folders


@pytest.fixture(scope="module")
def golden(tiny_model_bundle: Bundle) -> dict[str, dict[str, bytes]]:
    """tests/golden as it is on disk, by folder; with TINYKWS_WRITE_GOLDEN=1 it is written first."""
    if os.environ.get("TINYKWS_WRITE_GOLDEN"):
        shutil.rmtree(GOLDEN)
        for folder, files in golden_files(tiny_model_bundle).items():
            for name, data in files.items():
                (GOLDEN / folder / name).parent.mkdir(parents=True, exist_ok=True)
                (GOLDEN / folder / name).write_bytes(data)
    return {
        folder.name: {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        for folder in GOLDEN.iterdir()
    }


@pytest.mark.parametrize(("board", "engine"), GOLDEN_PROJECTS, ids=name_of)
def test_what_templates_make_is_what_it_was(
    tiny_model_bundle: Bundle, golden: dict[str, dict[str, bytes]], board: Board, engine: str
) -> None:
    """After a wanted change: TINYKWS_WRITE_GOLDEN=1 pytest tests/stages/test_generate.py, then read the difference."""
    files = project_files(tiny_model_bundle, board, engine)
    expected = {name: data for name, data in files.items() if is_template(name)}
    expected[LIST] = listing(files)
    common = {name: data for name, data in golden[COMMON].items() if name in files}
    own = golden[f"{board.id}-{engine}"]
    assert not common.keys() & own.keys()
    assert common | own == expected


def test_each_golden_file_is_stored_once_and_used(
    tiny_model_bundle: Bundle, golden: dict[str, dict[str, bytes]]
) -> None:
    wanted = golden_files(tiny_model_bundle)
    assert {folder: sorted(files) for folder, files in golden.items()} == {
        folder: sorted(files) for folder, files in wanted.items()
    }


@pytest.mark.parametrize(("board", "engine"), COMBINATIONS, ids=name_of)
def test_the_rest_is_copied_or_computed(tiny_model_bundle: Bundle, board: Board, engine: str) -> None:
    sources = {path.name: path.read_bytes() for path in (*FIRMWARE.rglob("*"), LICENSE) if path.is_file()}
    for name, data in project_files(tiny_model_bundle, board, engine).items():
        if not is_template(name) and name not in COMPUTED:
            assert data == sources[Path(name).name], name


@pytest.mark.parametrize(("board", "engine"), COMBINATIONS, ids=name_of)
def test_no_date_and_no_path_of_this_machine(
    tiny_model_bundle: Bundle, board: Board, engine: str, tmp_path: Path
) -> None:
    generate(tiny_model_bundle, board, engine, tmp_path / "project")
    for name, data in project_files(tiny_model_bundle, board, engine).items():
        assert (tmp_path / "project" / name).read_bytes() == data
        text = data.decode()
        assert str(FIRMWARE.parent) not in text, name
        assert str(tmp_path) not in text, name
        if name not in COMPUTED:
            assert not re.search(r"20[2-9]\d-\d\d-\d\d|\d\d:\d\d:\d\d", text), name


@pytest.mark.parametrize(("board", "engine"), COMBINATIONS, ids=name_of)
def test_platformio_ini_says_what_the_row_says(tiny_model_bundle: Bundle, board: Board, engine: str) -> None:
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(project_files(tiny_model_bundle, board, engine)["platformio.ini"].decode())
    values = ini[f"env:{board.id}"]
    assert (values["platform"], values["board"]) == (board.platform, board.board)
    assert values.get("framework", "") == board.framework
    assert tuple(values.get("build_flags", "").split()) == board.build_flags
    assert tuple(values.get("build_unflags", "").split()) == board.build_unflags
    assert ("lib_deps" in values) == (engine == "tflm")


@pytest.mark.parametrize(("board", "engine"), COMBINATIONS, ids=name_of)
def test_the_portable_library_is_there_whole(tiny_model_bundle: Bundle, board: Board, engine: str) -> None:
    names = {name for name in project_files(tiny_model_bundle, board, engine) if re.match("lib/(?!kws_nn/)", name)}
    assert names == {f"lib/{folder.name}/{path.name}" for folder in LIBRARIES for path in folder.iterdir()}


@pytest.mark.parametrize(("board", "engine"), COMBINATIONS, ids=name_of)
def test_every_source_file_names_its_licence(tiny_model_bundle: Bundle, board: Board, engine: str) -> None:
    files = project_files(tiny_model_bundle, board, engine)
    assert files["LICENSE"] == LICENSE.read_bytes()
    sources = {name: data for name, data in files.items() if Path(name).suffix in SOURCE_SUFFIXES}
    unnamed = [name for name, data in sources.items() if b"SPDX-License-Identifier: Apache-2.0" not in data[:80]]
    assert unnamed == []


def macros(text: str) -> dict[str, str]:
    return dict(re.findall(r"^#define (\w+) (.+?)(?: /\*.*)?$", text, re.MULTILINE))


def test_settings_carry_the_bundle_and_the_board(tiny_model_bundle: Bundle) -> None:
    files = project_files(tiny_model_bundle, BOARDS["esp32"], "tflm")
    values = macros(files["include/kws_settings.h"].decode())
    assert values["KWS_BOARD"] == '"esp32"'
    assert values["KWS_SETTINGS_IDENTITY"] == f'"{tiny_model_bundle.identity[:26]}"'
    assert int(values["KWS_N_FRAMES"]) * int(values["KWS_N_MELS"]) == tiny_model_bundle.input.size
    assert int(values["KWS_INFERENCE_STRIDE"]) == 5
    assert values["KWS_MICROPHONE_WORD_SELECT_PIN"] == "(32)"
    assert int(values["KWS_ARENA_BYTES"]) == 5104  # 1001 measured, 4096 margin, rounded up to 16


def test_the_aot_engines_weights_name_the_model_that_they_were_made_from(tiny_model_bundle: Bundle) -> None:
    files = project_files(tiny_model_bundle, BOARDS["esp32"], "aot")
    assert f'kws_model_id[] = "{tiny_model_bundle.model_sha256[:12]}";'.encode() in files["src/model_aot.c"]
    assert f'kws_model_hash[] = "{tiny_model_bundle.identity[-8:]}";'.encode() in files["src/model_aot.c"]
    with_id = [name for name, data in files.items() if tiny_model_bundle.model_id.encode() in data]
    assert with_id == ["README.md", "src/model_aot.c"]


def test_the_arena_is_only_where_the_interpreter_is(tiny_model_bundle: Bundle) -> None:
    assert b"KWS_ARENA_BYTES" not in project_files(tiny_model_bundle, BOARDS["esp32"], "aot")["include/kws_settings.h"]


def test_words_of_any_language_reach_c_as_labels(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", words=["да"])
    files = project_files(bundle, BOARDS["nano33ble"], "tflm")
    assert b'"da",' in files["src/kws_settings.c"]
    assert files["src/kws_settings.c"].isascii()
    assert "да" in files["README.md"].decode()


def test_the_default_engine_is_the_boards(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    assert generate(tiny_model_bundle, BOARDS["nano33ble"], None, tmp_path / "a").engine == "tflm"
    assert generate(tiny_model_bundle, BOARDS["host"], None, tmp_path / "b").engine == "aot"
    with pytest.raises(ConfigError, match="has no engine 'tflm'"):
        generate(tiny_model_bundle, BOARDS["host"], "tflm", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_second_time_nothing_is_written(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    first = generate(tiny_model_bundle, BOARDS["nano33ble"], None, tmp_path)
    second = generate(tiny_model_bundle, BOARDS["nano33ble"], None, tmp_path)
    assert set(first.changes.written) == set(first.files)
    assert second.changes.written == second.changes.removed == second.changes.kept == ()


def test_a_change_of_engine_leaves_nothing_of_the_other(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, BOARDS["nano33ble"], "tflm", tmp_path)
    (tmp_path / "src" / "my_own.cpp").write_text("int mine;\n")
    project = generate(tiny_model_bundle, BOARDS["nano33ble"], "aot", tmp_path)
    present = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert present == {*project.files, MANIFEST, "src/my_own.cpp"}
    assert {"src/model_data.cc", "src/kws_ops.h", "src/kws_engine_tflm.cpp"} <= set(project.changes.removed)


def test_a_users_change_is_kept_aside_and_told(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    class Spoken(Progress):
        lines: list[str] = []  # noqa: RUF012

        def say(self, text: str) -> None:
            self.lines.append(text)

    generate(tiny_model_bundle, BOARDS["host"], None, tmp_path)
    (tmp_path / "platformio.ini").write_text("; mine\n")
    generate(tiny_model_bundle, BOARDS["host"], None, tmp_path, progress=Spoken())
    assert (tmp_path / "platformio.ini.yours").read_text() == "; mine\n"
    assert len(Spoken.lines) == 1
    assert "platformio.ini.yours" in Spoken.lines[0]


def test_dense_layers_that_the_library_would_compute_wrongly_are_refused(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", per_channel=True)
    with pytest.raises(ConfigError, match=r"op 0 \(FULLY_CONNECTED\) is quantized per channel") as caught:
        generate(bundle, BOARDS["nano33ble"], "tflm", tmp_path / "project")
    assert "--engine aot" in (caught.value.hint or "")
    generate(bundle, BOARDS["nano33ble"], "aot", tmp_path / "project")


def test_a_library_that_can_compute_them_gets_them(tmp_path: Path) -> None:
    row = """
    new:
      {name: New, mcu: ESP32, platform: x@1.0.0, board: x, main: main_arduino.cpp, port: esp32_i2s, engine: tflm,
       engines: [tflm], tflm: {per_channel_fully_connected: true}}
    """
    bundle = tiny_bundle(tmp_path / "bundle", per_channel=True)
    files = project_files(bundle, parse_boards(row, source="x")["new"], "tflm")
    assert b"lib_deps" not in files["platformio.ini"]


def test_a_port_that_is_not_there_is_named(tiny_model_bundle: Bundle) -> None:
    row = """
    odd:
      {name: Odd, mcu: x, platform: x@1.0.0, board: x, main: main_c.c, port: no_such, engine: aot, engines: [aot]}
    """
    with pytest.raises(ConfigError, match="there is no no_such in tinykws's firmware"):
        project_files(tiny_model_bundle, parse_boards(row, source="x")["odd"], "aot")


def test_a_value_that_a_template_lacks_is_an_error(tiny_model_bundle: Bundle) -> None:
    with pytest.raises(jinja2.UndefinedError, match="'ops' is undefined"):
        render("src/kws_ops.h", bundle=tiny_model_bundle)


def test_ops_become_resolver_methods() -> None:
    ops = ["CONV_2D", "FULLY_CONNECTED", "CONV_2D"]
    assert resolver_methods(ops) == [("CONV_2D", "AddConv2D"), ("FULLY_CONNECTED", "AddFullyConnected")]
    with pytest.raises(ConfigError, match="does not support LSTM, WHILE"):
        resolver_methods(["LSTM", "CONV_2D", "WHILE"])


@needs_tflm
@pytest.mark.parametrize(("op", "function"), [("ABS", np.abs), ("ELU", lambda x: np.where(x < 0, np.expm1(x), x))])
def test_ops_of_one_input_that_only_tflite_micro_runs(
    op: str, function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
) -> None:
    """They are in the table, and the interpreter gives what the function does, to the nearest step of int8."""
    ends = [TensorSpec((1, 256), "INT8", (0.05,), (3,), name=name) for name in ("input", "output")]
    values = np.arange(-128, 128)
    expected = np.clip(function(0.05 * (values - 3)) / 0.05 + 3, -128, 127)
    given = tflm(build_model(ends, [OpSpec(op, (0,), (1,), None)])).invoke(values.astype(np.int8))
    assert np.abs(given.ravel() - expected).max() <= 1
    assert resolver_methods([op]) == [(op, f"Add{op.capitalize()}")]


def test_resolver_methods_are_named_after_their_ops() -> None:
    for name, method in RESOLVER_METHODS.items():
        assert method.lower() == f"add{name.replace('_', '').lower()}"


def compile_sources(project: Path, compiler: str, suffixes: tuple[str, ...], flags: list[str]) -> None:
    sources = sorted(str(path) for path in project.rglob("*") if path.suffix in suffixes)
    includes = [f"-I{project / folder}" for folder in (*PROJECT_FOLDERS, "lib/kws_nn")]
    command = [compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *flags, *includes, *sources]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr[:4000]


def compiler_or_skip(name: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    return name


C_STANDARDS = ("gnu99", "gnu17")
"""C17 stands for C11, too: it corrects that and adds nothing, and to GCC they differ in a version number."""
CORES: dict[str, list[list[str]]] = {
    "gcc": [[]],
    "arm-none-eabi-gcc": [
        ["-mthumb", f"-mcpu=cortex-{core}"] for core in ("m0plus", "m3", "m4", "m4+nofp", "m7", "m33")
    ],
    "riscv64-unknown-elf-gcc": [["-march=rv32imc", "-mabi=ilp32", "-misa-spec=2.2", "--specs=picolibc.specs"]],
}
"""Compilers, and of each the processors it is asked for."""


@pytest.mark.slow
@pytest.mark.parametrize("standard", C_STANDARDS)
@pytest.mark.parametrize("compiler", CORES)
def test_the_portable_c_is_good_for_every_processor(
    tiny_model_bundle: Bundle, tmp_path: Path, compiler: str, standard: str
) -> None:
    """All C of an Arduino project, aot engine and Teensy's resampler among it."""
    generate(tiny_model_bundle, BOARDS["teensy41"], "aot", tmp_path)
    for core in CORES[compiler_or_skip(compiler)]:
        compile_sources(tmp_path, compiler, (".c",), [f"-std={standard}", *core])


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What a board's core declares and defines: folders of tests/c/stubs, and macros."""

    name: str
    folders: tuple[str, ...] = ()
    macros: tuple[str, ...] = ()


ESP32 = "ARDUINO_ARCH_ESP32"
SURROUNDINGS = {
    "arduino_pdm": [Surroundings("mbed", ("mbed",))],
    "esp32_i2s": [
        Surroundings("core2", ("esp32_core2",), (ESP32, "ESP_ARDUINO_VERSION_MAJOR=2")),
        Surroundings("core3", ("esp32_core3",), (ESP32, "ESP_ARDUINO_VERSION_MAJOR=3")),
    ],
    "nrf52_watchdog": [Surroundings("adafruit", (), ("ARDUINO_NRF52_ADAFRUIT",))],
    "teensy_i2s": [Surroundings("teensy4", ("teensy4",))],
    "serial_only": [Surroundings("any")],
}
"""By port of the watchdog or, for all other boards, of the microphone: against what its C++ is checked."""


def surroundings_of(board: Board) -> list[Surroundings]:
    return SURROUNDINGS.get(board.watchdog_port) or SURROUNDINGS[board.port]


def look_of(board: Board, engine: str) -> tuple[object, ...]:
    """All that the C++ of a project may depend on, but numbers: boards that are equal in it compile alike."""
    microphone = board.microphone
    format_of_sound = (microphone.kind, microphone.slot_bits, microphone.channel, sorted(microphone.pins))
    return (engine, board.port, board.watchdog_port, str(format_of_sound), board.led.kind, board.led.active_low)


FIRST_OF_LOOK = {
    look_of(board, engine): (board, engine) for board, engine in reversed(COMBINATIONS) if board.framework == "arduino"
}
ARDUINO = [
    (board, engine, surroundings)
    for board, engine in reversed(FIRST_OF_LOOK.values())
    for surroundings in surroundings_of(board)
]


STANDARDS = ("gnu++11", "gnu++14", "gnu++17", "gnu++2a")


def first_with(port: str) -> Board:
    """The one of a port's boards whose C++ is compiled by every standard: the others differ from it in numbers."""
    return next(board for board, _, _ in ARDUINO if board.port == port)


@pytest.mark.parametrize("compiler", ["g++", "arm-none-eabi-g++"])
@pytest.mark.parametrize(
    ("board", "engine", "surroundings"), ARDUINO, ids=[f"{b.id}-{e}-{s.name}" for b, e, s in ARDUINO]
)
@pytest.mark.slow
def test_every_boards_cpp_is_good(
    tiny_model_bundle: Bundle, tmp_path: Path, board: Board, engine: str, surroundings: Surroundings, compiler: str
) -> None:
    compiler_or_skip(compiler)
    generate(tiny_model_bundle, board, engine, tmp_path)
    folders = [f"-isystem{STUBS / folder}" for folder in ("arduino", "tflm", *surroundings.folders)]
    macros = [*(f"-D{macro}" for macro in surroundings.macros), *(f for f in board.build_flags if f.startswith("-D"))]
    for standard in STANDARDS if board == first_with(board.port) else STANDARDS[-1:]:
        compile_sources(tmp_path, compiler, (".cc", ".cpp"), [f"-std={standard}", *folders, *macros])


@pytest.mark.parametrize("standard", ["gnu99", "gnu11", "gnu17"])
def test_the_host_project_is_good_c(tiny_model_bundle: Bundle, tmp_path: Path, standard: str) -> None:
    generate(tiny_model_bundle, find_board("host"), None, tmp_path)
    compile_sources(tmp_path, "gcc", (".c",), [f"-std={standard}"])


@pytest.mark.slow
@pytest.mark.usefixtures("cplusplus")
def test_every_header_stands_alone_in_c_and_cpp(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    generate(tiny_model_bundle, find_board("host"), None, tmp_path)
    headers = sorted(path.name for path in tmp_path.rglob("*.h"))
    for suffix, compiler in ((".c", "gcc"), (".cpp", "g++")):
        folder = tmp_path / f"headers{suffix}"
        folder.mkdir()
        for name in headers:
            (folder / f"{name}{suffix}").write_text(f'#include "{name}"\n#include "{name}"\nextern int x;\n')
        includes = [f"-I{tmp_path / part}" for part in (*PROJECT_FOLDERS, "lib/kws_nn")]
        sources = sorted(map(str, folder.iterdir()))
        result = subprocess.run(
            [compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", *includes, *sources],
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr[:4000]
