# SPDX-License-Identifier: Apache-2.0
"""The kernels themselves: arithmetic against exact rationals, sanitizers, and every compiler at hand."""

from __future__ import annotations

import ctypes
import math
import random
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from aot_native import KERNELS, STRICT, run_compiler
from hypothesis import given
from hypothesis import strategies as st
from models_in_one_program import outputs_here, outputs_on_mps2, outputs_on_virt
from random_networks import random_convolution, random_net

from tinykws.aot.compiler import compile_model
from tinykws.aot.lowering.fixed_point import activation_range, mean_multiplier, quantize_multiplier, softmax_multiplier
from tinykws.support.errors import ConfigError

INT32 = st.integers(-(2**31), 2**31 - 1)
SHIM = """
#include "kws_nn_math.h"
int32_t multiply_high(int32_t a, int32_t b) { return kws_nn_multiply_high(a, b); }
int32_t divide_by_power(int32_t x, int32_t shift) { return kws_nn_divide_by_power(x, shift); }
int32_t multiply(int32_t x, int32_t multiplier, int32_t shift) { return kws_nn_multiply(x, multiplier, shift); }
"""


@pytest.fixture(scope="module")
def math_library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The header's inline functions, callable."""
    folder = tmp_path_factory.mktemp("math")
    (folder / "shim.c").write_text(SHIM)
    run_compiler("gcc", *STRICT, "-O2", "-shared", "-fPIC", "-I", KERNELS, folder / "shim.c", "-o", folder / "shim.so")
    return ctypes.CDLL(str(folder / "shim.so"))


def half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def half_away(value: Fraction) -> int:
    return int(math.copysign(1, value)) * math.floor(abs(value) + Fraction(1, 2))


@given(INT32, INT32)
def test_multiply_high(math_library: ctypes.CDLL, a: int, b: int) -> None:
    if (a, b) != (-(2**31), -(2**31)):
        assert math_library.multiply_high(a, b) == half_up(Fraction(a * b, 2**31))


@given(INT32, st.integers(0, 31))
def test_divide_by_power(math_library: ctypes.CDLL, x: int, shift: int) -> None:
    assert math_library.divide_by_power(x, shift) == half_away(Fraction(x, 2**shift))


@given(st.integers(-(2**26), 2**26), st.floats(2.0**-31, 16.0))
def test_multiply_is_near_the_real_product(math_library: ctypes.CDLL, x: int, real: float) -> None:
    multiplier = quantize_multiplier(real)
    product = math_library.multiply(x, multiplier.value, multiplier.shift)
    assert abs(product - x * real) <= 1 + abs(x) * real * 2.0**-29


@given(st.floats(2.0**-31, 2.0**29))
def test_quantized_multipliers_are_near_and_in_range(real: float) -> None:
    multiplier = quantize_multiplier(real)
    assert 2**30 <= multiplier.value < 2**31
    assert -31 <= multiplier.shift <= 30
    assert math.ldexp(multiplier.value, multiplier.shift - 31) == pytest.approx(real, rel=2.0**-30)


def test_multipliers_at_the_ends() -> None:
    assert (quantize_multiplier(0.0).value, quantize_multiplier(1e-12).value) == (0, 0)
    just_below_one = math.nextafter(1.0, 0.0)
    assert (quantize_multiplier(just_below_one).value, quantize_multiplier(just_below_one).shift) == (2**30, 1)
    for real in (2.0**30, math.inf, math.nan, -1.0):
        with pytest.raises(ValueError, match="factor"):
            quantize_multiplier(real)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("NONE", (-128, 127)), ("RELU", (-5, 127)), ("RELU6", (-5, 7)), ("RELU_N1_TO_1", (-7, -3))],
)
def test_activation_ranges(activation: str, expected: tuple[int, int]) -> None:
    assert activation_range(activation, 0.5, -5) == expected


def test_activation_bounds_round_halves_away_from_zero() -> None:
    assert activation_range("RELU_N1_TO_1", 2.0, 0) == (-1, 1)
    with pytest.raises(ValueError, match="too small"):
        activation_range("RELU6", 1e-12, 0)


@given(st.floats(1e-3, 1e3), st.integers(1, 10000))
def test_mean_multipliers_hold_the_division(real: float, count: int) -> None:
    multiplier = mean_multiplier(real, count)
    assert math.ldexp(multiplier.value, multiplier.shift - 31) == pytest.approx(real / count, rel=1e-8)


def test_softmax_of_huge_scales_sees_only_the_largest() -> None:
    multiplier, smallest = softmax_multiplier(1.0, 1e9)
    assert (multiplier.value, multiplier.shift, smallest) == (2**31 - 1, 31, 0)


SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]


def _damaged(model: bytes, source: random.Random) -> bytes:
    """One byte of a good model changed, often into something that still compiles."""
    copy = bytearray(model)
    copy[source.randrange(len(copy))] = source.randrange(256)
    return bytes(copy)


def _nets(count: int) -> list[bytes]:
    """Random nets and as many damaged ones, those that compile."""
    source = random.Random(7)
    candidates = [random_net(random.Random(seed)) for seed in range(100, 100 + count)]
    candidates += [_damaged(model, source) for model in candidates]
    return [model for model in candidates if _compiles(model)]


@pytest.mark.slow
def test_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    nets = _nets(40)
    assert len(nets) > 45
    assert len(outputs_here(nets, 20, tmp_path, *SANITIZERS)) > 1000


@pytest.mark.slow
@pytest.mark.parametrize(("optimization", "count"), [("-O2", 90), ("-Os", 15), ("-O0", 15)])
def test_dsp_instructions_give_what_plain_c_gives(
    optimization: str, count: int, qemu_cortex_m4: None, tmp_path: Path
) -> None:
    """On an emulated Cortex-M4 against this computer, whose C is held to TFLite Micro in test_compiler.py."""
    nets = _nets(count // 3) + [
        net for seed in range(count) if _compiles(net := random_convolution(random.Random(seed)))
    ]
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    flags = ["-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", optimization]
    there = outputs_on_mps2(nets, 6, tmp_path / "there", "cortex-m4", "mps2-an386", *flags)
    assert there == outputs_here(nets, 6, tmp_path / "here", "-O1")


@pytest.mark.slow
def test_products_in_pairs_on_an_emulated_risc_v_give_what_plain_c_gives(qemu_riscv32: None, tmp_path: Path) -> None:
    """Their assembly for rv32imc; test_kernel_twins.py has that for the Cortex-M."""
    nets = [net for seed in range(75) if _compiles(net := random_convolution(random.Random(seed)))]
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    there = outputs_on_virt(nets, 6, tmp_path / "there", "-O2")
    assert there == outputs_here(nets, 6, tmp_path / "here", "-O1")


def _compiles(model: bytes) -> bool:
    try:
        compile_model(model)
    except ConfigError:
        return False
    return True


def _a_model(folder: Path) -> Path:
    compiled = compile_model(random_net(random.Random(0)))
    (folder / "model_aot.c").write_text(compiled.source)
    (folder / "model_aot.h").write_text(compiled.header)
    return folder / "model_aot.c"


@pytest.mark.slow
@pytest.mark.parametrize("cpu", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m33"])
def test_compiles_for_cortex_m(cpu: str, tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    for source in [*sorted(KERNELS.glob("*.c")), _a_model(tmp_path)]:
        target = ["-mthumb", f"-mcpu={cpu}", "-Os", "-I", KERNELS]
        run_compiler("arm-none-eabi-gcc", *STRICT, *target, "-c", source, "-o", tmp_path / "out.o")


@pytest.mark.parametrize("standard", ["c++11", "c++17"])
@pytest.mark.slow
def test_compiles_as_cpp(standard: str, tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    for source in [*sorted(KERNELS.glob("*.c")), _a_model(tmp_path)]:
        options = ["-x", "c++", f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-I", KERNELS]
        run_compiler("g++", *options, "-c", source, "-o", tmp_path / "out.o")


def test_the_engine_compiles_against_its_contract(tmp_path: Path) -> None:
    _compile_engine(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "error"),
    [("KWS_N_MELS", "the model's input is not"), ("KWS_N_LABELS", "the model's outputs are not")],
)
def test_the_engine_refuses_settings_of_another_model(tmp_path: Path, name: str, error: str) -> None:
    with pytest.raises(AssertionError, match=error):
        _compile_engine(tmp_path, {name: 160})


def _compile_engine(folder: Path, changes: dict[str, int]) -> None:
    firmware = KERNELS.parent.parent
    _a_model(folder)
    sizes = dict(re.findall(r"#define KWS_MODEL_(\w+)_BYTES (\d+)", (folder / "model_aot.h").read_text()))
    settings: dict[str, object] = {"KWS_INFERENCE_STRIDE": 5, "KWS_N_FRAMES": 1, "KWS_N_MELS": sizes["INPUT"]}
    settings |= {"KWS_N_LABELS": sizes["OUTPUT"], **changes}
    text = "".join(f"#define {name} {value}\n" for name, value in settings.items())
    (folder / "kws_settings.h").write_text(text)
    source = firmware / "engines" / "aot" / "kws_engine_aot.c"
    run_compiler("gcc", *STRICT, "-I", folder, "-I", firmware / "src", "-c", source, "-o", folder / "engine.o")


@pytest.mark.slow
def test_the_kernels_call_no_library(tmp_path: Path) -> None:
    """Undefined symbols of every kernel: none but those that GCC asks of any environment, and puts for loops."""
    if shutil.which("nm") is None:
        pytest.skip("needs nm")
    for source in sorted(KERNELS.glob("*.c")):
        run_compiler("gcc", *STRICT, "-O2", "-fno-stack-protector", "-c", source, "-o", tmp_path / "out.o")
        undefined = subprocess.run(["nm", "-u", tmp_path / "out.o"], capture_output=True, text=True, check=True).stdout
        assert set(undefined.split()) <= {"U", "memcpy", "memmove", "memset"}, source.name
