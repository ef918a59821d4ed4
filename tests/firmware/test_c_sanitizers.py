# SPDX-License-Identifier: Apache-2.0
"""The portable C on its own: under the sanitizers, as C++, and compiled for the chips it is meant for."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from firmware_sources import INCLUDES
from frontend_signals import RATE_HZ, samples_of_kind

from tinykws.native import extension_build
from tinykws.native.detector import Detection
from tinykws.native.frontend_tables import c_source
from tinykws.native.listener import Inference, Listener
from tinykws.project.detector_settings import REQUESTABLE_KINDS, DetectorRequest
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.resources import FIRMWARE

pytestmark = pytest.mark.slow

SOURCES = [
    FIRMWARE / "lib" / library / f"kws_{name}.c"
    for library, names in extension_build.LIBRARIES.items()
    for name in names
]
"""Without the kernels, which other tests run under sanitizers with many models."""
NATIVE = Path(__file__).parent.parent / "c"
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", *INCLUDES]
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33")
SETTINGS = {
    "default": FrontendSettings(),
    "small": FrontendSettings(window_ms=10, stride_ms=10, n_mels=7, clip_ms=300),
    "large": FrontendSettings(window_ms=64, stride_ms=17, n_mels=80, tables="c_library"),
}


def run(command: list[str | Path], data: bytes = b"") -> str:
    result = subprocess.run([str(part) for part in command], input=data, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


@pytest.fixture(scope="module", params=SETTINGS)
def built_for(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FrontendSettings, Path]:
    """Settings, and a folder with kws_frontend_config.c of them and both programs, sanitized."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    frontend = SETTINGS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    tables = folder / "kws_frontend_config.c"
    tables.write_text(c_source(frontend))
    for name in ("listen_stdin", "frontend_edges"):
        sources = [NATIVE / f"{name}.c", tables, *SOURCES]
        run(["gcc", "-std=c99", *STRICT, *SANITIZERS, *sources, "-o", folder / name])
    return frontend, folder


def test_every_step_at_the_edges_of_its_range(built_for: tuple[FrontendSettings, Path]) -> None:
    _, folder = built_for
    assert run([folder / "frontend_edges"]) == "ok\n"


def hard_input() -> np.ndarray:
    """Some seconds of every kind, and the longest runs of the extremes."""
    kinds = ("voice", "noise", "random", "constant", "square", "impulse", "sweep", "silence")
    pieces = [samples_of_kind(kind) for kind in kinds]
    some = [np.concatenate([piece[len(piece) // 2 :][: 2 * RATE_HZ], piece[-2 * RATE_HZ :]]) for piece in pieces]
    return np.concatenate([*some, np.full(RATE_HZ, -32768, np.int16), np.full(RATE_HZ, 32767, np.int16)])


def model(features: np.ndarray) -> np.ndarray:
    """As `infer` in listen_stdin.c."""
    share = len(features) // 4
    sums = features[: 4 * share].reshape(4, share).astype(np.int64).sum(axis=1)
    return np.where(np.arange(4) == sums.argmax(), 100, -100).astype(np.int8)


def line_of(event: Inference | Detection) -> str:
    if isinstance(event, Inference):
        return " ".join(map(str, ["inference", event.time_ms, *event.scores]))
    return f"detection {event.time_ms} {event.label_index} {event.score}"


@pytest.mark.parametrize("kind", REQUESTABLE_KINDS)
def test_the_native_listener_says_what_pythons_says(built_for: tuple[FrontendSettings, Path], kind: str) -> None:
    frontend, folder = built_for
    samples = hard_input()
    usual = DetectorRequest(kind, inference_stride_ms=4 * frontend.stride_ms).defaults
    detector = dataclasses.replace(usual, threshold=60, suppression_ms=400)
    listener = Listener(frontend, detector, 4, model)
    events = listener.feed(samples)
    getting_ready = ["ready"] * ((frontend.n_frames - 1) // 4)  # before the first inference, every four frames
    expected = [*getting_ready, *map(line_of, events), f"frames {listener.frames} crc {listener.features_crc32:08x}"]
    arguments = [frontend.n_frames, 4, 4, detector.average_window_ms, 60, 400, detector.minimum_count]
    if detector.taps:
        arguments += [detector.filter_bias, detector.filter_shift, *detector.tap_weights]
    lines = run([folder / "listen_stdin", *map(str, arguments)], samples.tobytes()).splitlines()
    assert lines == expected
    assert any(line.startswith("detection") for line in lines)


def test_it_is_cplusplus_too(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    tables = tmp_path / "kws_frontend_config.c"
    tables.write_text(c_source(FrontendSettings()))
    sources = [NATIVE / "listen_stdin.c", tables, *SOURCES]
    strict = [flag for flag in STRICT if flag != "-pedantic"]  # names of members in initialisers are C99 and C++20
    run(["g++", "-x", "c++", "-std=c++11", *strict, *sources, "-o", tmp_path / "listen_stdin"])


@pytest.mark.parametrize("core", CORES)
def test_it_needs_nothing_of_the_chip(core: str, tmp_path: Path) -> None:
    """No float, no allocation, no C library but memory copies: what the objects leave undefined says so."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    tables = tmp_path / "kws_frontend_config.c"
    tables.write_text(c_source(FrontendSettings()))
    flags = ["-std=c99", *STRICT, "-Wconversion", "-O2", f"-mcpu={core}", "-mthumb", "-ffreestanding"]
    linked = tmp_path / "kws.o"
    run(["arm-none-eabi-gcc", *flags, "-nostdlib", "-r", *SOURCES, tables, "-o", linked])
    undefined = {line.split()[-1] for line in run(["arm-none-eabi-nm", "-u", linked]).splitlines()}
    division = {"__aeabi_idiv", "__aeabi_idivmod", "__aeabi_uidiv", "__aeabi_uidivmod"}
    long_and_bits = {"__aeabi_lmul", "__aeabi_llsl", "__aeabi_llsr", "__clzsi2"}
    assert undefined <= {"memcpy", "memmove", "memset"} | division | long_and_bits
