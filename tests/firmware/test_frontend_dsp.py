# SPDX-License-Identifier: Apache-2.0
"""The front-end's form for ARM's DSP instructions gives what the portable form gives: by checksums of every operation,
and by the features themselves on an emulated Cortex-M4."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from emulated_cortex_m4 import compile_program, run_program
from firmware_sources import INCLUDES, portable_file
from frontend_signals import KINDS, RATE_HZ, samples_of_kind, to_int16, voice

from tinykws.native.features import FrontEnd
from tinykws.native.frontend_tables import c_source
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.resources import FIRMWARE

pytestmark = pytest.mark.slow

NATIVE = Path(__file__).parent.parent / "c"
FRONTEND = FIRMWARE / "lib" / "kws_frontend"
SOURCES = [*sorted(FRONTEND.glob("*.c")), portable_file("kws_crc32.c")]
COUNTER = FIRMWARE.parent / "benchmarks" / "frontend_instructions.c"
SETTINGS = {
    "default": FrontendSettings(),
    "small, odd": FrontendSettings(sample_rate_hz=12345, window_ms=10, stride_ms=10, n_mels=7, upper_hz=5000),
    "large": FrontendSettings(window_ms=64, stride_ms=17, n_mels=80, tables="c_library"),
}
"""FFTs of 512, 128 and 1024 samples: 256 complex numbers are a power of 4, 64 too, 512 are twice one."""
CHECKSUMS = 33 + 3 * 60
"""Of the operations, and of three steps in each round."""
SANITIZERS = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def write_tables(settings: FrontendSettings, folder: Path) -> Path:
    tables = folder / "kws_frontend_config.c"
    tables.write_text(c_source(settings))
    return tables


def native_checksums(flags: list[str], tables: Path) -> str:
    """What pair_vectors.c prints on this machine, under the sanitizers."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    program = tables.with_name("program")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", *INCLUDES, f"-I{NATIVE}"]
    sources = [NATIVE / "pair_vectors.c", tables, *SOURCES]
    subprocess.run(["gcc", *strict, "-O1", *SANITIZERS, *flags, *sources, "-o", program], check=True)
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", params=SETTINGS)
def settings(request: pytest.FixtureRequest) -> FrontendSettings:
    return SETTINGS[request.param]


@pytest.fixture(scope="module")
def tables(settings: FrontendSettings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tables(settings, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def portable(tables: Path) -> str:
    """The portable form's checksums."""
    return native_checksums([], tables)


def test_both_forms_agree_on_this_machine(tables: Path, portable: str) -> None:
    assert native_checksums(["-DKWS_ARM_DSP_IN_C"], tables) == portable
    assert len(portable.splitlines()) == CHECKSUMS


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m3"])
def test_the_instructions_do_what_their_twins_in_c_do(
    qemu_cortex_m4: None, core: str, tables: Path, portable: str, tmp_path: Path
) -> None:
    sources = [NATIVE / "pair_vectors.c", tables, *SOURCES]
    assert run_program(compile_program(sources, tmp_path / "vectors.elf", core=core), tmp_path) == portable


@pytest.fixture(scope="module")
def sound() -> npt.NDArray[np.int16]:
    """Two seconds of every kind."""
    return np.concatenate([samples_of_kind(kind)[-2 * RATE_HZ :] for kind in KINDS])


def test_features_on_the_cortex_m4_are_the_hosts(
    qemu_cortex_m4: None, settings: FrontendSettings, tables: Path, sound: npt.NDArray[np.int16], tmp_path: Path
) -> None:
    """The program is the benchmark's."""
    program = compile_program([COUNTER, tables, *SOURCES], tmp_path / "count.elf")
    sound.tofile(tmp_path / "samples.i16")
    run_program(program, tmp_path)
    features = np.fromfile(tmp_path / "features.u16", np.uint16).reshape(-1, settings.n_mels)
    np.testing.assert_array_equal(features, FrontEnd(settings).process(sound))


@pytest.mark.parametrize(("core", "has_them"), [("cortex-m4", True), ("cortex-m3", False)])
def test_only_the_cortex_m4_gets_dsp_instructions(
    qemu_cortex_m4: None, core: str, has_them: bool, tmp_path: Path
) -> None:
    """Or else the tests above would compare the portable form with itself."""
    sources = [NATIVE / "frontend_edges.c", write_tables(FrontendSettings(), tmp_path), *SOURCES]
    program = compile_program(sources, tmp_path / "edges.elf", core=core)
    command = ["arm-none-eabi-objdump", "-d", "--disassemble=kws_analysis_window_apply", str(program)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert [name in text for name in ("smultt", "pkhbt", "ssub16")] == [has_them] * 3
    assert run_program(program, tmp_path) == "ok\n"


def test_a_frame_takes_less_than_half_of_what_the_reference_takes(qemu_cortex_m4: None, tmp_path: Path) -> None:
    """TFLite Micro's: 85,039 instructions. Counted, not timed: with the same compiler the same on every machine."""
    tables = write_tables(FrontendSettings(), tmp_path)
    program = compile_program([COUNTER, tables, *SOURCES], tmp_path / "count.elf")
    to_int16(voice(2) * 9000).tofile(tmp_path / "samples.i16")
    first = run_program(program, tmp_path)
    counts = dict(line.rsplit(" ", 1) for line in first.splitlines())
    assert int(counts["frames"]) == 99
    assert 20_000 < int(counts["all"]) < 35_000
    assert run_program(program, tmp_path) == first
