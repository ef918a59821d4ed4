# SPDX-License-Identifier: Apache-2.0
"""The fast kernels three ways, byte for byte: assembly on an emulated Cortex-M4, plain C, and TFLite
Micro's interpreter; over all shapes, and never a byte beside their own memory."""

from __future__ import annotations

import ctypes
import itertools
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from aot_native import KERNELS, run_compiler
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from kernel_calls import ArmKernels, NativeKernels
from models_in_one_program import outputs_here
from random_layers import (
    Layer,
    average_pool_2d,
    conv_2d_packed,
    conv_2d_packed_strip,
    conv_2d_strip,
    conv_2d_tile,
    conv_2d_wide,
    depthwise_conv_2d_packed,
    depthwise_conv_2d_planar,
    depthwise_conv_2d_row,
    fully_connected_folded,
)
from random_networks import random_convolution, random_net
from tflm_oracle import needs_tflm, tflm
from unicorn import UcError

from tinykws.aot.compiler import compile_model
from tinykws.support.errors import ConfigError

pytestmark = pytest.mark.slow

KINDS = {
    "strip": conv_2d_strip(),
    "tile": conv_2d_tile(),
    "planar": depthwise_conv_2d_planar(),
    "folded": fully_connected_folded(),
    "pool": average_pool_2d(),
    "wide": conv_2d_wide(),
    "row": depthwise_conv_2d_row(),
    "packed": conv_2d_packed(),
    "packed_strip": conv_2d_packed_strip(),
    "packed_row": depthwise_conv_2d_packed(),
}
WITHOUT_SCRATCH = ("folded", "pool")
NATIVE = Path(__file__).parent.parent / "c"
needs_arm_gcc = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc")
inputs = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> NativeKernels:
    return NativeKernels(tmp_path_factory.mktemp("native"))


TWINS = [
    *itertools.product(("cortex-m4 -O2", "cortex-m4 -Os"), KINDS),
    *itertools.product(("cortex-m0plus -O2", "cortex-m3 -O2"), ("packed", "packed_strip", "packed_row")),
]
"""How programs are compiled, and the kernels that have assembly there."""


@pytest.fixture(scope="module")
def arm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ArmKernels:
    """What is compiled for lesser cores runs on a Cortex-M4 all the same."""
    core, optimize = request.param.split()
    return ArmKernels(tmp_path_factory.mktemp("arm"), optimize, core=core)


def values_for(layer: Layer, seed: int) -> npt.NDArray[np.int8]:
    """Random bytes, in one of four cases near an end of their range."""
    generator = np.random.default_rng(seed)
    low, high = [(-128, 128), (-128, 128), (-128, -126), (126, 128)][seed % 4]
    return generator.integers(low, high, layer.call.inputs[0].size, dtype=np.int8)


@needs_arm_gcc
@pytest.mark.parametrize(("arm", "kind"), TWINS, indirect=["arm"])
def test_assembly_gives_what_plain_c_gives(kind: str, arm: ArmKernels, native: NativeKernels) -> None:
    @settings(
        max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
    )
    @given(KINDS[kind], inputs, st.booleans())
    def check(layer: Layer, seed: int, at_end: bool) -> None:
        values = values_for(layer, seed)
        np.testing.assert_array_equal(arm.run(layer.call, values, at_end=at_end), native.run(layer.call, values))

    check()


@needs_tflm
@pytest.mark.parametrize("kind", KINDS)
def test_plain_c_gives_what_tflite_micro_gives(kind: str, native: NativeKernels) -> None:
    @settings(
        max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
    )
    @given(KINDS[kind], inputs)
    def check(layer: Layer, seed: int) -> None:
        values = values_for(layer, seed)
        np.testing.assert_array_equal(native.run(layer.call, values), tflm(layer.model).invoke(values))

    check()


@needs_arm_gcc
@pytest.mark.parametrize(("arm", "kind"), [twin for twin in TWINS if twin[1] not in WITHOUT_SCRATCH], indirect=["arm"])
def test_memory_too_small_is_found(kind: str, arm: ArmKernels) -> None:
    """Else the test above shows nothing of bytes beside a kernel's memory."""

    def faults(layer: Layer) -> bool:
        if layer.call.scratch_bytes < 32:
            return False
        try:
            arm.run(layer.call, values_for(layer, 0), missing_scratch_bytes=16)
        except UcError:
            return True
        return False

    find(
        KINDS[kind], faults, settings=settings(max_examples=200, phases=[Phase.generate], deadline=None, database=None)
    )


@needs_arm_gcc
def test_the_cortex_m4_has_instructions_that_plain_c_has_not(tmp_path: Path) -> None:
    """Else plain C would be compared with itself."""
    arm = ArmKernels(tmp_path)
    text = subprocess.run(
        ["arm-none-eabi-objdump", "-d", arm.program], check=True, capture_output=True, text=True
    ).stdout
    for instruction in ("smlad", "smlabt", "smlatb", "sxtb16", "sxtab16", "sadd16", "smmlar", "ssat", "pkhbt", "pkhtb"):
        assert f"\t{instruction}" in text, instruction


def compiles(model: bytes) -> bool:
    try:
        compile_model(model)
    except ConfigError:
        return False
    return True


def test_instructions_in_c_give_what_plain_c_gives(tmp_path: Path) -> None:
    """The form for ARM, with functions in C for its instructions, under sanitizers; its assembly is tested above."""
    candidates = [random_convolution(random.Random(seed)) for seed in range(60)]
    candidates += [random_net(random.Random(seed)) for seed in range(20)]
    models = [model for model in candidates if compiles(model)]
    for name in ("plain", "in_c"):
        (tmp_path / name).mkdir()
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1"]
    in_c = outputs_here(models, 6, tmp_path / "in_c", *sanitizers, "-DKWS_NN_DSP_IN_C", f"-I{NATIVE}")
    assert in_c == outputs_here(models, 6, tmp_path / "plain", "-O1")
    assert len(in_c) > 5000


WORDS = st.integers(-(2**31), 2**31 - 1)
INSTRUCTIONS = ("even", "odd", "add_even", "add_odd", "twice", "first_of", "second_of", "high", "saturate")
SHIM = """
#include "kws_nn_dsp.h"
int32_t even(int32_t a) { return kws_nn_even_bytes(a); }
int32_t odd(int32_t a) { return kws_nn_odd_bytes(a); }
int32_t add_even(int32_t a, int32_t b) { return kws_nn_add_even_bytes(a, b); }
int32_t add_odd(int32_t a, int32_t b) { return kws_nn_add_odd_bytes(a, b); }
int32_t twice(int32_t a) { return kws_nn_double(a); }
int32_t first_of(int32_t a, int32_t b) { return kws_nn_first_of(a, b); }
int32_t second_of(int32_t a, int32_t b) { return kws_nn_second_of(a, b); }
int32_t high(int32_t offset, int32_t a, int32_t b) { return kws_nn_add_high_product(offset, a, b); }
int32_t high_by_halves(int32_t offset, int32_t a, int32_t b)
{
    return kws_nn_add_high_product_by_halves(offset, a, b & INT32_MAX);
}
int32_t high_of_positive(int32_t offset, int32_t a, int32_t b)
{
    return kws_nn_add_high_product(offset, a, b & INT32_MAX);
}
int32_t saturate(int32_t a) { return kws_nn_saturate(a); }
"""


@needs_arm_gcc
def test_each_instruction_does_what_its_function_in_c_does(tmp_path: Path) -> None:
    (tmp_path / "shim.c").write_text(SHIM)
    (tmp_path / "here").mkdir()
    library = tmp_path / "here" / "shim.so"
    own = ["-std=c99", "-O2", "-I", KERNELS, "-I", NATIVE, "-DKWS_NN_DSP_IN_C", "-shared", "-fPIC"]
    run_compiler("gcc", *own, tmp_path / "shim.c", "-o", library)
    in_c, arm = ctypes.CDLL(str(library)), ArmKernels(tmp_path, sources=[tmp_path / "shim.c"])

    @settings(max_examples=300, deadline=None)
    @given(st.sampled_from(INSTRUCTIONS), WORDS, WORDS, WORDS)
    def check(name: str, a: int, b: int, c: int) -> None:
        assert arm.value(name, a, b, c) == getattr(in_c, name)(a, b, c)

    check()
