# SPDX-License-Identifier: Apache-2.0
"""The tflm engine linked with tests/c/stubs/tflm, a library that fails as told: what the firmware does at start.

The real library's arithmetic is not here: docs/explanation/tflm_engine.md says how that was compared.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from firmware_sources import PROJECT_FOLDERS
from tiny_model import tiny_bundle

from tinykws.audio.files import write_wav
from tinykws.boards.rows import Board, parse_boards
from tinykws.cli.main import run as run_tinykws
from tinykws.device.protocol import (
    AUDIO_TYPE,
    ClipFigures,
    DeviceTrouble,
    Levels,
    Line,
    ModelSlotState,
    Ready,
    Scores,
    parse_line,
)
from tinykws.firmware_build.model_image import model_image
from tinykws.model.bundle import Bundle, write_bundle
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.identity import different_parts
from tinykws.stages.build import build
from tinykws.stages.flash_model import flash_model_of_emulator
from tinykws.stages.generate import generate
from tinykws.stages.verify import find_clips, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream
from tinykws.support.errors import DeviceError
from tinykws.support.resources import FIRMWARE

LIBRARY = Path(__file__).parent.parent / "c" / "stubs" / "tflm"
ROW = f"""
mine:
  name: This computer with a library of its own
  mcu: the computer's own
  platform: symlink://${{PROJECT_DIR}}/platform
  board: host
  build_flags: [-Wall, -Wextra, -Werror]
  compilers: [gcc, g++]
  main: main_c.c
  port: host
  engine: tflm
  engines: [tflm, aot]
  tflm: {{lib_deps: ["symlink://{LIBRARY}"], per_channel_fully_connected: true}}
  emulator: process
"""
SLOT = "  model_slot: {port: slot_file, writer: emulator, address: 0, size_bytes: 65536}\n"
ARENA = 5104
"""1001 bytes measured, 4096 for the board's margin, rounded up to 16."""
STRICT = ["-Wall", "-Wextra", "-Werror", "-Wshadow"]
SANITIZERS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FORMS = {"texts": ["-DFAKE_TFLM_OF_2023"], "formats": []}
"""What DebugLog() takes: of the frozen libraries, and of TFLM since 2023."""

Boot = Callable[..., "Started"]


class Started:
    """What a program said that was started and asked for nothing, and which arenas it tried."""

    def __init__(self, said: str, tried: str) -> None:
        self.lines: list[Line] = [parse_line(line) for line in said.splitlines()]
        self.troubles = [(line.what, line.words) for line in self.lines if isinstance(line, DeviceTrouble)]
        self.arenas = [int(line.split()[-1]) for line in tried.splitlines() if line.startswith("made with")]

    def first(self, kind: type[Line]) -> Line:
        return next(line for line in self.lines if isinstance(line, kind))


@pytest.fixture(scope="module")
def board() -> Board:
    return parse_boards(ROW + SLOT, source="x")["mine"]


@pytest.fixture(scope="module", params=FORMS)
def program(
    request: pytest.FixtureRequest, tiny_model_bundle: Bundle, board: Board, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The generated project and the library, an archive as PlatformIO makes it, both sanitized."""
    folder = tmp_path_factory.mktemp(request.param)
    generate(tiny_model_bundle, board, None, folder)
    return link(folder, FORMS[request.param], archive=True)


def link(folder: Path, flags: list[str], *, archive: bool) -> Path:
    """Compiles the project in `folder` and links the library as an archive, or all of it."""
    for compiler in ("gcc", "g++"):
        if shutil.which(compiler) is None:
            pytest.skip(f"needs {compiler}")
    includes = [f"-I{folder / part}" for part in PROJECT_FOLDERS] + [f"-I{LIBRARY}"]
    objects, library = folder / "objects", folder / "library"
    for where, sources in ((objects, [*folder.rglob("*.c*")]), (library, [*LIBRARY.glob("*.cpp")])):
        where.mkdir()
        for suffix, command in ((".c", ["gcc", "-std=gnu99"]), (".c*", ["g++", "-std=gnu++14", *flags])):
            chosen = [path for path in sources if path.suffix == suffix or (suffix == ".c*" and path.suffix != ".c")]
            if chosen:
                run([*command, *STRICT, *SANITIZERS, *includes, "-c", *chosen], where)
    of_library: list[Path] = [*library.glob("*.o")]
    if archive:
        run(["ar", "rcs", "libtflm.a", *of_library], folder)
        of_library = [folder / "libtflm.a"]
    run(["g++", *SANITIZERS, *objects.glob("*.o"), *of_library, "-o", folder / "program"], folder)
    return folder / "program"


def run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]


def start(program: Path, settings: str = "", said: str = "", slot: Path | None = None) -> Started:
    """Runs a program to the end of its input; a complaint of the sanitizers or of the library fails."""
    done = subprocess.run(
        [program], input=said, env={"FAKE_TFLM": settings, "KWS_MODEL_SLOT": str(slot)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Started(done.stdout, done.stderr)


def a_clip() -> str:
    samples = bytes(range(256)) * 125  # one second
    audio = [base64.b64encode(samples[at : at + 768]).decode() for at in range(0, len(samples), 768)]
    lines = ["!TEST", f"!DATA {AUDIO_TYPE} {len(samples)}", *audio]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.slow
def test_it_starts_and_runs(program: Path) -> None:
    started = start(program, said=a_clip())
    assert started.troubles == []
    ready, figures = started.first(Ready), started.first(ClipFigures)
    assert isinstance(ready, Ready)
    assert ready.engine == "tflm"
    assert isinstance(figures, ClipFigures)
    assert figures.inferences == len([line for line in started.lines if isinstance(line, Scores)]) > 3
    assert figures.arena_bytes == 1008  # 1001 needed, up to 16


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "tried"),
    [
        ("needs=3000 counts=3000", [ARENA, 3008]),
        ("needs=3000 counts=2990", [ARENA, 2992, 3056]),
        ("needs=3000 counts=2500", [ARENA, 2512, 2576, 2640, 2768, 3024]),
        ("needs=5000 counts=2500", [ARENA, 2512, 2576, 2640, 2768, 3024, 3536, 4560, ARENA]),
        ("needs=5100 counts=5090", [ARENA]),
        ("needs=5104 counts=5080", [ARENA, 5088, ARENA]),
    ],
)
def test_the_smallest_arena_is_looked_for_from_tflms_count_on(program: Path, settings: str, tried: list[int]) -> None:
    started = start(program, settings, a_clip())
    assert started.arenas == tried
    assert started.troubles == [], "what TFLM says while smaller arenas are tried is nobody's trouble"
    figures = started.first(ClipFigures)
    assert isinstance(figures, ClipFigures)
    assert figures.arena_bytes == tried[-1]


def test_an_arena_too_small_says_by_how_much_and_what_to_raise(program: Path) -> None:
    started = start(program, "needs=7000")
    assert started.arenas == [ARENA]
    assert started.troubles == [
        ("tflm", "Failed to resize buffer. Requested: 7000, available 5104, missing: 1896"),
        ("tflm", "Failed to allocate?tensors"),
        (
            "engine",
            "the tensor arena of 5104 bytes is short by at least 1896: raise arena_margin_bytes in the board's row of"
            " boards.yaml",
        ),
    ]
    assert isinstance(started.lines[2], Ready), "the banner is said all the same"


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ("version=4", "the model is of another TFLite schema version"),
        ("refuses=AddSoftmax", "the op resolver cannot take SOFTMAX"),
        ("refuses=AddFullyConnected", "the op resolver cannot take FULLY_CONNECTED"),
        ("says=SVDF", "TFLM cannot load the model: Didn't find op for builtin opcode 'SVDF'"),
        (
            "loads=0",
            "TFLM cannot load the model and does not say why: is the tensor arena of 5104 bytes too small?",
        ),
        ("loads=1 needs=0 counts=5000", "TFLM loaded the model once and then no more"),
        ("inputs=2", "the model has not one input and one output"),
        ("outputs=0", "the model has not one input and one output"),
    ],
)
def test_what_is_wrong_is_said_in_words(program: Path, settings: str, error: str) -> None:
    started = start(program, settings, a_clip())
    assert ("engine", error) in started.troubles
    assert not [line for line in started.lines if isinstance(line, Scores)]


@pytest.mark.parametrize("wrong", ["none", "type", "dims", "rank", "no_dims", "bytes", "scale", "zero_point"])
@pytest.mark.parametrize("name", ["input", "output"])
def test_a_tensor_that_is_not_the_bundles_is_refused(program: Path, name: str, wrong: str) -> None:
    started = start(program, f"{name}={wrong}")
    layout = "was the library compiled with TF_LITE_STATIC_MEMORY, unlike this?"
    assert started.troubles == [("engine", f"the model's {name} is not as its bundle says: {layout}")]
    assert started.arenas == [ARENA]


def test_a_failed_inference_gives_no_scores_and_tflms_words(program: Path) -> None:
    started = start(program, "invoke=fails", a_clip())
    assert ("tflm", "Node SOFTMAX (number 1) failed to invoke with status 1") in started.troubles
    assert not [line for line in started.lines if isinstance(line, Scores)]


@pytest.mark.slow
def test_the_banner_names_the_model_that_is_linked(
    program: Path, board: Board, tiny_model_bundle: Bundle, tmp_path: Path
) -> None:
    ready = start(program).first(Ready)
    assert isinstance(ready, Ready)
    assert (ready.model, ready.identity) == (tiny_model_bundle.model_id, tiny_model_bundle.identity)
    shutil.copytree(program.parent, tmp_path / "project")
    data = tmp_path / "project" / "src" / "model_data.cc"
    data.write_text(data.read_text().replace("0x", "0x1 ^ 0x", 1))
    for name in ("objects", "library"):
        shutil.rmtree(tmp_path / "project" / name)
    other = link(tmp_path / "project", [] if "fo" in program.parent.name else FORMS["texts"], archive=True)
    theirs = start(other).first(Ready)
    assert isinstance(theirs, Ready)
    changed = bytes([tiny_model_bundle.model_bytes()[0] ^ 1]) + tiny_model_bundle.model_bytes()[1:]
    assert theirs.model == hashlib.sha256(changed).hexdigest()[:12]
    assert different_parts(theirs.identity, tiny_model_bundle.identity) == ("model",)
    write_wav(tmp_path / "clip.wav", np.zeros(16_000, np.int16))
    with pytest.raises(DeviceError, match=f"firmware mismatch: the device's model is {theirs.model}, the bundle's is"):
        verify(tiny_model_bundle, board, other, find_clips([tmp_path / "clip.wav"], ()))


def other_bundle(folder: Path) -> Bundle:
    """Another model of the same shape, another word and another detector; the library's scores fit no golden clip."""
    eager = DetectorSettings(threshold=60, suppression_ms=300, average_window_ms=200)
    made = tiny_bundle(folder, words=("no",), detector=eager, variant=41)
    return write_bundle(dataclasses.replace(made, golden=()), made.model_bytes(), {})


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return other_bundle(tmp_path_factory.mktemp("other") / "bundle")


def slot_with(image: bytes, folder: Path) -> Path:
    file = folder / "slot.bin"
    file.write_bytes(image)
    return file


def test_the_model_of_the_slot_runs_with_its_words_and_its_detector(
    program: Path, board: Board, tiny_model_bundle: Bundle, other: Bundle, tmp_path: Path
) -> None:
    slot = slot_with(model_image(other, board, tiny_model_bundle.identity), tmp_path)
    started = start(program, said="!LEVELS\n", slot=slot)
    ready, levels, state = (started.first(kind) for kind in (Ready, Levels, ModelSlotState))
    assert isinstance(ready, Ready)
    assert isinstance(levels, Levels)
    assert isinstance(state, ModelSlotState)
    assert (ready.model, ready.identity) == (other.model_id, other.identity)
    assert (ready.labels, ready.self_test) == (("_silence_", "_unknown_", "no"), "none")
    assert levels.thresholds == (60, 60, 60)
    assert state == ModelSlotState(
        "in_use", 65536, ARENA, 11, tiny_model_bundle.identity, ("FULLY_CONNECTED", "SOFTMAX")
    )
    assert started.troubles == []


@pytest.mark.parametrize(
    ("settings", "slot", "state", "why"),
    [
        ("", "none", "empty", None),
        ("", "older", "outdated", None),
        ("", "damaged", "refused", "the model image is damaged or was not written to its end"),
        ("", "half", "refused", "the model image is damaged or was not written to its end"),
        (
            "fails_first=says", "whole", "refused",
            "TFLM cannot load the model: Didn't find op for builtin opcode 'SVDF'",
        ),
        (
            "fails_first=tensors", "whole", "refused", "the model's output is not as its bundle says: was the library"
            " compiled with TF_LITE_STATIC_MEMORY, unlike this?",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_slot_leaves_the_built_in_model_running(
    program: Path, board: Board, tiny_model_bundle: Bundle, other: Bundle, tmp_path: Path, settings: str, slot: str,
    state: str, why: str | None,
) -> None:  # fmt: skip
    image = model_image(other, board, tiny_model_bundle.identity)
    images = {
        "none": b"",
        "whole": image,
        "older": model_image(other, board, other.identity),
        "damaged": image[:400] + bytes([image[400] ^ 16]) + image[401:],
        "half": image[: len(image) // 2],
    }
    started = start(program, settings, a_clip(), slot_with(images[slot], tmp_path))
    ready, said = started.first(Ready), started.first(ModelSlotState)
    assert isinstance(ready, Ready)
    assert isinstance(said, ModelSlotState)
    assert (ready.model, ready.identity) == (tiny_model_bundle.model_id, tiny_model_bundle.identity)
    assert said.slot == state
    assert [words for what, words in started.troubles if what == "model"] == (
        [] if why is None else [f"{why}: the built-in model runs"]
    )
    assert [line for line in started.lines if isinstance(line, Scores)]


def test_flash_model_only_and_verify_on_an_emulated_board(
    program: Path, board: Board, tiny_model_bundle: Bundle, other: Bundle, tmp_path: Path
) -> None:
    """The library computes nothing of use, so scores differ from the host's; test_real_tflm.py has a real one."""
    shutil.copy(program, tmp_path / "firmware.elf")
    target = tmp_path / "firmware.elf"
    report = flash_model_of_emulator(other, board, target)
    assert (report.model_id, report.labels[2], report.slot_bytes) == (other.model_id, "no", 65536)
    assert report.image_bytes == (tmp_path / "model_image.bin").stat().st_size
    assert flash_model_of_emulator(other, board, target).image_bytes == 0, "it runs already"
    write_wav(tmp_path / "clip.wav", np.zeros(16_000, np.int16))
    (clip,) = verify(other, board, target, find_clips([tmp_path / "clip.wav"], ())).clips
    assert "scores" in clip.reason
    with pytest.raises(DeviceError, match=f"the device's model is {other.model_id}, the bundle's is"):
        verify(tiny_model_bundle, board, target, find_clips([tmp_path / "clip.wav"], ()))
    image = bytearray((tmp_path / "model_image.bin").read_bytes())
    image[-20] ^= 1
    (tmp_path / "model_image.bin").write_bytes(image)
    plain = write_bundle(
        dataclasses.replace(tiny_model_bundle, path=tmp_path / "plain", golden=()), tiny_model_bundle.model_bytes(), {}
    )
    (clip,) = verify(plain, board, target, find_clips([tmp_path / "clip.wav"], ())).clips
    assert "scores" in clip.reason, "the built-in model runs, and what it says of its slot ends no verification"


def test_sha256_is_that_of_the_standard(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    engine = FIRMWARE / "engines" / "tflm"
    main = tmp_path / "main.c"
    main.write_text(
        '#include <stdio.h>\n#include "kws_sha256.h"\nstatic uint8_t bytes[20000];\n'
        "int main(void) { char hex[65]; size_t count = fread(bytes, 1, sizeof bytes, stdin);\n"
        "for (size_t n = 0; n <= count; n += n < 260 ? 1 : 997) { kws_sha256_hex(bytes, n, hex); puts(hex); }\n"
        "return 0; }"
    )
    run(["gcc", "-std=c99", *STRICT, *SANITIZERS, f"-I{engine}", main, engine / "kws_sha256.c", "-o", "hash"], tmp_path)
    data = np.random.default_rng(1).bytes(20_000)
    done = subprocess.run([tmp_path / "hash"], input=data, capture_output=True, check=True)
    sizes = [*range(260), *range(260, 20_001, 997)]
    assert done.stdout.decode().split() == [hashlib.sha256(data[:size]).hexdigest() for size in sizes]


def refused_by(program: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes the library of a program refuse the model; returns what the verdict must say."""
    monkeypatch.setenv("FAKE_TFLM", "needs=7000")
    return (
        "the device's engine did not start: the tensor arena of 5104 bytes is short by at least 1896: raise"
        " arena_margin_bytes in the board's row of boards.yaml"
    )


def test_an_engine_that_refuses_at_boot_is_a_failed_verdict(
    program: Path, board: Board, tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    reason = refused_by(program, monkeypatch)
    write_wav(tmp_path / "clip.wav", np.zeros(16_000, np.int16))
    log, junit = tmp_path / "verify.jsonl", tmp_path / "verify.xml"
    report = verify(tiny_model_bundle, board, program, find_clips([tmp_path], ()), log_path=log)
    assert (report.passed, report.reason, report.ended, report.self_test) == (False, reason, "", "engine")
    assert run_tinykws(["replay", str(log), "--junit", str(junit), "--json", str(tmp_path / "report.json")]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"FAIL: {reason}"
    values = json.loads((tmp_path / "report.json").read_text())
    assert (values["verdict"], values["reason"]) == ("FAIL", reason)
    failure = ElementTree.parse(junit).find(".//failure")
    assert failure is not None
    assert failure.get("message") == reason


def test_a_stream_to_an_engine_that_refused_is_a_failed_verdict(
    program: Path, board: Board, tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    reason = refused_by(program, monkeypatch)
    write_wav(tmp_path / "stream.wav", np.zeros(32_000, np.int16))
    log, junit = tmp_path / "verify.jsonl", tmp_path / "verify.xml"
    report = verify_stream(tiny_model_bundle, board, program, StreamFile(tmp_path / "stream.wav"), log_path=log)
    assert (report.passed, report.reason, report.ended) == (False, reason, "")
    assert run_tinykws(["replay", str(log), "--junit", str(junit)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == f"FAIL: {reason}"
    assert f'message="{reason}"' in html.unescape(junit.read_text())


@pytest.mark.slow
def test_a_library_linked_whole_keeps_its_own_log(tiny_model_bundle: Bundle, board: Board, tmp_path: Path) -> None:
    generate(tiny_model_bundle, board, None, tmp_path)
    started = start(link(tmp_path, [], archive=False), "needs=7000")
    assert [what for what, _ in started.troubles] == ["engine"]
    assert "does not say why" in started.troubles[0][1]


@pytest.mark.slow
def test_a_library_of_this_computer_is_built_without_a_network(
    tiny_model_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a board without a model slot."""
    board = parse_boards(ROW, source="x")["mine"]
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path / "core"))
    generate(tiny_model_bundle, board, None, tmp_path / "project")
    program = build(tmp_path / "project", board).program
    assert start(program).troubles == []
    assert start(program, "needs=7000").troubles[-1][0] == "engine"
