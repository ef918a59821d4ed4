# SPDX-License-Identifier: Apache-2.0
"""The cost model against counts: those of whole models in the committed table, and fresh ones of single calls."""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from aot_native import KERNELS
from kernel_calls import ArmKernels
from random_networks import random_convolution, random_net, random_net_of_all_ops

from tinykws.aot.lowering.call import Call
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.schedule import whole_window_schedule
from tinykws.boards.cores import CORES
from tinykws.cost.frontend_instructions import frame_instructions
from tinykws.cost.kernel_costs import COSTS, TYPICAL_ERROR
from tinykws.cost.kernel_work import work_of
from tinykws.cost.model_instructions import call_instructions, inference_instructions, typical_error
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

COUNTED = json.loads((FIRMWARE.parent / "benchmarks" / "firmware.json").read_text())
MACHINES = {"Cortex-M4F": "cortex-m4f", "Cortex-M3": "cortex-m3", "Cortex-M7": "cortex-m7",
            "Cortex-M0+": "cortex-m0plus", "rv32imc": "rv32imc"}  # fmt: skip
MODELS = {"micro_speech": "micro_speech_quantized.tflite", "kws_ref": "kws_ref_model.tflite"}
OTHER_KERNELS = {"transpose_conv", "sub", "mul", "prelu", "reduce_max", "concatenation", "strided_copy", "lookup"}
MODEL_ERROR = 0.06
"""Of a whole model; the fit came within 0.04."""


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("model", MODELS)
def test_models_come_near_their_counts(model: str, machine: str, shared: Path) -> None:
    graph = read_model((shared / "models" / MODELS[model]).read_bytes())
    counted = COUNTED[model]["machines"][machine]["instructions"]
    schedule, core = whole_window_schedule(graph, lower(graph)), CORES[MACHINES[machine]]
    assert inference_instructions(schedule, core.counted_as) == pytest.approx(counted, rel=MODEL_ERROR)
    assert 0 < typical_error(schedule, core.counted_as) < MODEL_ERROR


@pytest.mark.parametrize("machine", MACHINES)
def test_a_frame_comes_near_its_count(machine: str) -> None:
    counted = sum(COUNTED["frontend"][machine]["functions"].values())
    core = CORES[MACHINES[machine]]
    # The Cortex-M7 has the M4's costs, whose code GCC arranges a little differently.
    assert frame_instructions(FrontendSettings(), core.counted_as) == pytest.approx(counted, rel=0.01)


def test_a_frame_costs_more_with_more_to_do() -> None:
    usual = frame_instructions(FrontendSettings(), "armv7e-m")
    assert frame_instructions(FrontendSettings(n_mels=80), "armv7e-m") > 1.2 * usual
    assert frame_instructions(FrontendSettings(window_ms=64), "armv7e-m") > 1.7 * usual


def calls_of(model: bytes) -> list[Call]:
    try:
        return [item for item in lower(read_model(model)) if isinstance(item, Call)]
    except ConfigError:
        return []


@pytest.fixture(scope="module")
def arm(tmp_path_factory: pytest.TempPathFactory) -> ArmKernels:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    return ArmKernels(tmp_path_factory.mktemp("arm"))


def counts_and_estimates(arm: ArmKernels, calls: Iterable[Call]) -> dict[str, tuple[int, float]]:
    """Instructions by kernel, over many small calls together: what goes into one goes out of another, as in a model."""
    generator, sums = np.random.default_rng(1), defaultdict[str, tuple[int, float]](lambda: (0, 0.0))
    for call in calls:
        inputs = [generator.integers(-128, 128, tensor.size, dtype=np.int8) for tensor in call.inputs]
        kernel = work_of(call)[0]
        counted, estimated = sums[kernel]
        sums[kernel] = (
            counted + arm.instructions(call, *inputs),
            estimated + call_instructions(call, "armv7e-m"),
        )
    return sums


@pytest.mark.slow
def test_convolutions_that_were_not_fitted_come_near_their_counts(arm: ArmKernels) -> None:
    models = [random_convolution(random.Random(seed)) for seed in range(500_000, 500_120)]
    calls = [form for model in models for call in calls_of(model) for form in (call, *call.forms.values())]
    sums = counts_and_estimates(arm, calls)
    assert {"conv_2d_wide", "conv_2d_wide_relu", "conv_2d_packed", "conv_2d_packed_strip"} < set(sums)
    assert sum(estimate for _, estimate in sums.values()) == pytest.approx(
        sum(count for count, _ in sums.values()), rel=0.08
    )
    for kernel, (count, estimate) in sums.items():
        assert estimate == pytest.approx(count, rel=0.2), kernel


@pytest.mark.slow
def test_other_calls_that_were_not_fitted_come_near_their_counts(arm: ArmKernels) -> None:
    models = [random_net_of_all_ops(random.Random(seed)) for seed in range(500_000, 500_600)]
    by_kernel: dict[str, list[Call]] = defaultdict(list)
    for call in (call for model in models for call in calls_of(model)):
        kernel = work_of(call)[0]
        if kernel in OTHER_KERNELS and len(call.inputs) <= 2 and 40 <= call.inputs[0].size <= 1000:
            by_kernel[kernel].append(call)
    assert set(by_kernel) == OTHER_KERNELS
    assert min(len(calls) for calls in by_kernel.values()) >= 3
    for kernel, (count, estimate) in counts_and_estimates(
        arm, [call for calls in by_kernel.values() for call in calls[:6]]
    ).items():
        assert estimate == pytest.approx(count, rel=0.15), kernel


def test_every_kernel_has_a_cost_of_its_own_on_every_core() -> None:
    kernels = {path.stem.removeprefix("kws_nn_") for path in KERNELS.glob("*.c")} - {"move"}
    alike = {"concatenation_2", "concatenation_3", "concatenation_4"}
    for core in CORES.values():
        assert set(COSTS[core.counted_as]) == set(TYPICAL_ERROR[core.counted_as])
        variants = {"depthwise_conv_2d_planar_3x3", "depthwise_conv_2d_row_from_memory", "concatenation"}
        assert set(COSTS[core.counted_as]) - variants == kernels - alike


def test_all_that_networks_are_made_of_can_be_estimated() -> None:
    makers = (random_net, random_net_of_all_ops)
    calls = [call for seed in range(100) for make in makers for call in calls_of(make(random.Random(seed)))]
    assert len({call.kernel for call in calls}) >= 12
    for call in calls:
        for instruction_set in COSTS:
            assert call_instructions(call, instruction_set) > 0
