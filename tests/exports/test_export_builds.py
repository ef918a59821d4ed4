# SPDX-License-Identifier: Apache-2.0
"""Exports built by real build systems, and run: all give the golden scores; the library hears what the host hears."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tiny_model import EAGER, speech_like_sound, tiny_bundle

from tinykws.audio.files import read_audio
from tinykws.boards.rows import find_board, load_boards
from tinykws.firmware_build.platformio import build_offline
from tinykws.model.bundle import Bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.detector import Detection
from tinykws.native.listener import Inference, Listener
from tinykws.project.grammar import OpenAfter
from tinykws.stages.export import export
from tinykws.stages.quantize import import_model
from tinykws.support.resources import FIRMWARE

C = Path(__file__).parent.parent / "c"
WORLDS = C / "exports"
"""What stands in for ESP-IDF, Zephyr and Arduino here; the real ones were tried by hand (docs/guides/export.md)."""
STRICT = "-Wall -Wextra -Wpedantic -Wshadow -Werror"
MPS2 = FIRMWARE / "ports" / "qemu_mps2"


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    for program in ("gcc", "g++"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")


def tool(name: str) -> str:
    """The program of a wheel, next to Python; or one on PATH."""
    beside_python = Path(sys.executable).with_name(name)
    found = str(beside_python) if beside_python.is_file() else shutil.which(name)
    assert found is not None, f"needs {name}: pip install cmake ninja"
    return found


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def configure_and_build(source: Path, *options: str) -> Path:
    build = source / "build"
    ninja = f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}"
    run(tool("cmake"), "-G", "Ninja", ninja, "-S", source, "-B", build, *options)
    run(tool("cmake"), "--build", build)
    return build


def golden_lines(bundle: Bundle) -> list[str]:
    golden = bundle.self_test
    assert golden is not None
    scores = " ".join(map(str, golden.scores))
    return [f"features 0x{golden.features_crc32:08x}", f"scores {scores}", "self-test: ok"]


@pytest.mark.slow
def test_ctest_natively(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    export(tiny_model_bundle, "c", tmp_path)
    build = configure_and_build(tmp_path, f"-DCMAKE_C_FLAGS={STRICT}", "-DCMAKE_C_EXTENSIONS=OFF")
    assert "100% tests passed" in run(tool("ctest"), "--test-dir", build, "--output-on-failure")
    shown = run(build / "tinykws_self_test").splitlines()
    assert shown[0].endswith(f"identity {tiny_model_bundle.identity}")
    assert shown[1:] == golden_lines(tiny_model_bundle)


@pytest.mark.slow
def test_ctest_says_which_part_is_wrong(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    export(tiny_model_bundle, "c", tmp_path)
    for name, right, wrong, part in (
        ("src/tinykws.c", "    kws_model_invoke(&kws->model);\n    memcpy", "    memcpy", "scores"),
        ("src/kws/kws_listener.c", "kws_quantize_feature(listener->frame[i])", "0", "features"),
    ):
        text = (tmp_path / name).read_text()
        assert right in text
        (tmp_path / name).write_text(text.replace(right, wrong))
        build = configure_and_build(tmp_path)
        done = subprocess.run([build / "tinykws_self_test"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"self-test: {part}")


@pytest.mark.slow
def test_ctest_on_an_emulated_cortex_m(tiny_model_bundle: Bundle, qemu_cortex_m4: None, tmp_path: Path) -> None:
    """A toolchain file as anybody's: ctest itself runs the program in QEMU."""
    export(tiny_model_bundle, "c", tmp_path / "export", board=find_board("nano33ble", load_boards()))
    start = [MPS2 / "kws_startup_mps2.c", C / "mps2_stdio.c"]
    cpu = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
    for source in start:
        run("arm-none-eabi-gcc", *cpu, "-Os", f"-I{MPS2}", "-c", source, "-o", tmp_path / f"{source.stem}.o")
    objects = " ".join(str(tmp_path / f"{source.stem}.o") for source in start)
    emulator = "qemu-system-arm;-machine;mps2-an386;-cpu;cortex-m4;-display;none;-monitor;none;-serial;none"
    toolchain = tmp_path / "cortex-m4.cmake"
    toolchain.write_text(f"""
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS_INIT "{" ".join(cpu)} -Os -ffunction-sections -fdata-sections {STRICT}")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles --specs=nano.specs --specs=rdimon.specs -Wl,--gc-sections\
 -T{MPS2 / "mps2_an386.ld"} {objects}")
set(CMAKE_CROSSCOMPILING_EMULATOR "{emulator};-semihosting-config;enable=on,target=native;-kernel")
""")
    build = configure_and_build(tmp_path / "export", f"-DCMAKE_TOOLCHAIN_FILE={toolchain}")
    assert "100% tests passed" in run(tool("ctest"), "--test-dir", build, "--output-on-failure")
    shown = run(tool("ctest"), "--test-dir", build, "--verbose")
    assert all(f"1: {line}" in shown for line in golden_lines(tiny_model_bundle)), shown


def heard_by_host(bundle: Bundle, samples: npt.NDArray[np.int16]) -> tuple[list[str], list[str]]:
    """The detections and inferences of the firmware's C with TFLite Micro's interpreter, as the program prints them."""
    model = Interpreter(bundle.model_bytes())
    listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), model.invoke)
    events = listener.feed(samples)
    detections = [event for event in events if isinstance(event, Detection)]
    return (
        [f"heard {bundle.labels[one.label_index].name} {one.score} {one.time_ms}" for one in detections],
        [f"{one.time_ms} {' '.join(map(str, one.scores))}" for one in events if isinstance(one, Inference)],
    )


def check_two_instances(bundle: Bundle, folder: Path, samples: npt.NDArray[np.int16]) -> list[str]:
    """A C++ program with two instances in one block of memory, fed in turn, in blocks of other sizes.

    Returns the detections.
    """
    export(bundle, "c", folder / "tinykws")
    shutil.copy(WORLDS / "two_instances.cpp", folder)
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(two LANGUAGES C CXX)\nadd_subdirectory(tinykws)\n"
        "add_executable(two two_instances.cpp)\nset_target_properties(two PROPERTIES CXX_STANDARD 11)\n"
        "target_link_libraries(two PRIVATE tinykws)\n"
    )
    sanitized = "-fsanitize=address,undefined -fno-sanitize-recover=all"
    flags = [f"-DCMAKE_C_FLAGS={sanitized}", f"-DCMAKE_CXX_FLAGS={STRICT} {sanitized}"]
    build = configure_and_build(folder, *flags)
    (folder / "sound.raw").write_bytes(samples.tobytes())
    detections, inferences = heard_by_host(bundle, samples)
    assert detections
    for number, shown in enumerate(run(build / "two", folder / "sound.raw").split("=\n")):
        lines = shown.splitlines()
        assert [line for line in lines if line.startswith("heard")] == detections, number
        assert [line for line in lines if not line.startswith("heard")] == inferences, number
    return detections


@pytest.mark.slow
def test_two_instances_hear_what_the_host_hears(tmp_path: Path) -> None:
    check_two_instances(tiny_bundle(tmp_path / "bundle", detector=EAGER), tmp_path, speech_like_sound(8))


@pytest.mark.slow
def test_a_grammar_and_a_gate_in_an_export(shared: Path, tmp_path: Path) -> None:
    """`no` is heard only after `yes`, the model sleeps in the quiet room, and keeps rows while it is awake."""
    no, yes = (read_audio(shared / "data" / "tflm_clips" / f"{word}_1000ms.wav").samples for word in ("no", "yes"))
    room = np.random.default_rng(4).integers(-40, 41, 16000 * 3).astype(np.int16)
    sound = np.concatenate([room, no, room, yes, no, room, no, room, room, yes, room[:8000], no, room])
    model, labels = shared / "models" / "micro_speech_quantized.tflite", ["silence", "unknown", "yes", "no"]
    plain = import_model(model, labels, tmp_path / "plain")
    gated = dataclasses.replace(plain.detector, threshold=200, average_window_ms=400, suppression_ms=1000, gate_db=6)
    ruled = dataclasses.replace(gated, grammar=(OpenAfter(word=3, after=2, window_ms=3000),))
    without, both = (dataclasses.replace(plain, detector=detector) for detector in (gated, ruled))
    assert words_in(heard_by_host(without, sound)[0]) == ["no", "yes", "no", "no", "yes", "no"]
    assert words_in(check_two_instances(both, tmp_path / "program", sound)) == ["yes", "no", "yes", "no"]
    asleep = "127 -128 -128 -128"
    slept = [line.endswith(asleep) for line in heard_by_host(both, sound)[1]]
    assert 0.5 < np.mean(slept) < 0.9
    made = (tmp_path / "program" / "tinykws" / "src" / "kws" / "model_aot.h").read_text()
    assert "KWS_MODEL_INFERENCE_STRIDE 5" in made


def words_in(detections: list[str]) -> list[str]:
    return [line.split()[1] for line in detections]


@pytest.mark.slow
@pytest.mark.parametrize(("form", "world"), [("esp-idf", "esp_idf"), ("zephyr", "zephyr")])
def test_components_give_the_golden_scores(tiny_model_bundle: Bundle, form: str, world: str, tmp_path: Path) -> None:
    """The exported CMakeLists.txt and self-test, under CMake functions of the name that the real system has."""
    export(tiny_model_bundle, form, tmp_path / "tinykws")
    shutil.copytree(WORLDS / world, tmp_path / "world")
    build = configure_and_build(tmp_path / "world", f"-DEXPORT={tmp_path / 'tinykws'}", f"-DCMAKE_C_FLAGS={STRICT}")
    assert run(build / "self_test").splitlines()[1:] == golden_lines(tiny_model_bundle)


@pytest.mark.slow
def test_an_arduino_library_under_platformio(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    """PlatformIO takes the .zip's folder as the Arduino library that it is, and the sketch runs on this computer."""
    report = export(tiny_model_bundle, "arduino", tmp_path / "export")
    (name,) = [file for file in report.files if file.endswith(".zip")]
    project = tmp_path / "project"
    zipfile.ZipFile(report.path / name).extractall(project / "lib")
    shutil.copytree(FIRMWARE / "platform", project / "platform")
    (project / "src").mkdir()
    for stub in ("Arduino.h", "serial_world.cpp"):
        shutil.copy(WORLDS / "arduino" / stub, project / "src")
    sketch = project / "lib" / "tinykws_yes" / "examples" / "SelfTest" / "SelfTest.ino"
    (project / "src" / "sketch.cpp").write_text(f'#include "Arduino.h"\n{sketch.read_text()}')
    (project / "platformio.ini").write_text(
        "[platformio]\ndefault_envs = host\n[env:host]\nplatform = symlink://${PROJECT_DIR}/platform\nboard = host\n"
        "lib_compat_mode = off\n"  # the sketch's Arduino is that of serial_world.cpp, not a framework
    )
    build_offline(project, "host")
    golden = tiny_model_bundle.self_test
    assert golden is not None
    program = project / ".pio" / "build" / "host" / "firmware.elf"
    expected = f"self-test: ok, features {golden.features_crc32:X}, scores {' '.join(map(str, golden.scores))}"
    assert run(os.fspath(program)).splitlines() == [expected]
