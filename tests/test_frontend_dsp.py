"""The front-end's form for ARM's DSP instructions gives what the portable form gives: by checksums of every operation,
and by the features themselves on an emulated Cortex-M4."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from cortex_m4 import compile_program, run_program
from frontend_signals import KINDS, RATE_HZ, samples_of_kind

from tinykws.chip.features import FrontEnd
from tinykws.chip.frontend_tables import c_source
from tinykws.frontend import FrontendSettings
from tinykws.resources import FIRMWARE

LIBRARY = FIRMWARE / "lib" / "kws"
NATIVE = Path(__file__).parent / "native"
STEPS = ("crc32", "fft", "filterbank", "frontend", "log", "noise_reduction", "pcan", "square_root", "window")
SOURCES = [LIBRARY / f"kws_{name}.c" for name in STEPS]
SETTINGS = {
    "default": FrontendSettings(),
    "small, odd": FrontendSettings(sample_rate_hz=12345, window_ms=10, stride_ms=10, n_mels=7, upper_hz=5000),
    "large": FrontendSettings(window_ms=64, stride_ms=17, n_mels=80, tables="c_library"),
}
"""FFTs of 512, 128 and 1024 samples: the second of a radix-4 size in complex numbers times two, as the third."""
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def native(flags: list[str], sources: list[Path], folder: Path) -> str:
    """What a program of these sources prints on this machine."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = folder / "program"
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{LIBRARY}", f"-I{NATIVE}"]
    command = ["gcc", *strict, "-O1", *SANITIZERS, *flags, *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True)
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout


@pytest.fixture(params=SETTINGS)
def settings(request) -> FrontendSettings:
    return SETTINGS[request.param]


@pytest.fixture
def vectors(settings: FrontendSettings, tmp_path: Path) -> list[Path]:
    """The sources of the program that prints checksums of all operations."""
    tables = tmp_path / "kws_frontend_config.c"
    tables.write_text(c_source(settings))
    return [NATIVE / "pair_vectors.c", tables, *SOURCES]


def test_both_forms_agree_on_this_machine(vectors: list[Path], tmp_path: Path) -> None:
    portable = native([], vectors, tmp_path)
    assert native(["-DKWS_ARM_DSP_IN_C"], vectors, tmp_path) == portable
    assert len(portable.splitlines()) == 33 + 180


def test_the_instructions_do_what_their_twins_in_c_do(qemu_cortex_m4, vectors: list[Path], tmp_path: Path) -> None:
    portable = native([], vectors, tmp_path)
    assert run_program(compile_program(vectors, tmp_path / "m4.elf"), tmp_path) == portable
    assert run_program(compile_program(vectors, tmp_path / "m3.elf", core="cortex-m3"), tmp_path) == portable


def test_the_cortex_m4_gets_instructions_the_m3_has_not(qemu_cortex_m4, vectors: list[Path], tmp_path: Path) -> None:
    """Or else the test above would compare the portable form with itself."""
    for core, has_them in (("cortex-m4", True), ("cortex-m3", False)):
        program = compile_program(vectors, tmp_path / "program.elf", core=core)
        text = subprocess.run(
            ["arm-none-eabi-objdump", "-d", "--disassemble=kws_fft_real", program], check=True, capture_output=True
        ).stdout
        assert (b"smlsd" in text and b"sasx" in text) == has_them


def test_the_edges_hold_on_the_cortex_m4(qemu_cortex_m4, vectors: list[Path], tmp_path: Path) -> None:
    program = compile_program([NATIVE / "frontend_edges.c", *vectors[1:]], tmp_path / "edges.elf")
    assert run_program(program, tmp_path) == "ok\n"


@pytest.fixture(scope="module")
def sound() -> npt.NDArray[np.int16]:
    """Two seconds of every kind."""
    return np.concatenate([samples_of_kind(kind)[-2 * RATE_HZ :] for kind in KINDS])


def test_features_on_the_cortex_m4_are_the_hosts(
    qemu_cortex_m4, settings: FrontendSettings, vectors: list[Path], sound: npt.NDArray[np.int16], tmp_path: Path
) -> None:
    """The program is the benchmark's."""
    counter = FIRMWARE.parent / "benchmarks" / "frontend_instructions.c"
    program = compile_program([counter, *vectors[1:]], tmp_path / "count.elf")
    sound.tofile(tmp_path / "samples.i16")
    run_program(program, tmp_path)
    features = np.fromfile(tmp_path / "features.u16", np.uint16).reshape(-1, settings.n_mels)
    np.testing.assert_array_equal(features, FrontEnd(settings).process(sound))
