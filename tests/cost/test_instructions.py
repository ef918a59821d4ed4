# SPDX-License-Identifier: Apache-2.0
"""The cost model against counts: those of whole models in the committed table, and fresh ones of single calls."""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
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
from tinykws.cost.kernel_work import ESTIMATED_LIKE, work_of
from tinykws.cost.model_instructions import call_instructions, inference_instructions, typical_error
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

COUNTED = json.loads((FIRMWARE.parent / "benchmarks" / "firmware.json").read_text())
MACHINES = {"Cortex-M4F": "cortex-m4f", "Cortex-M3": "cortex-m3", "Cortex-M7": "cortex-m7",
            "Cortex-M0+": "cortex-m0plus", "rv32imc": "rv32imc"}  # fmt: skip
MODELS = {"micro_speech": "micro_speech_quantized.tflite", "kws_ref": "kws_ref_model.tflite"}
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


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs arm-none-eabi-gcc")
def test_calls_that_were_not_fitted_come_near_their_counts(tmp_path: Path) -> None:
    """Many small calls of each kernel together: what goes into one goes out of another, as in a model."""
    arm, generator = ArmKernels(tmp_path), np.random.default_rng(1)
    counted: dict[str, int] = defaultdict(int)
    estimated: dict[str, float] = defaultdict(float)
    for seed in range(500_000, 500_120):
        for call in calls_of(random_convolution(random.Random(seed))):
            kernel = work_of(call)[0]
            values = generator.integers(-128, 128, call.inputs[0].size, dtype=np.int8)
            counted[kernel] += arm.instructions(call, values)
            estimated[kernel] += call_instructions(call, "armv7e-m")
    assert len(counted) >= 6
    assert sum(estimated.values()) == pytest.approx(sum(counted.values()), rel=0.08)
    for kernel, count in counted.items():
        assert estimated[kernel] == pytest.approx(count, rel=0.2), kernel


def test_every_kernel_has_a_cost_on_every_core() -> None:
    kernels = {path.stem.removeprefix("kws_nn_") for path in KERNELS.glob("*.c")} - {"move"}
    for core in CORES.values():
        assert set(COSTS[core.counted_as]) == set(TYPICAL_ERROR[core.counted_as])
        assert set(COSTS[core.counted_as]) - {"depthwise_conv_2d_planar_3x3"} == kernels - ESTIMATED_LIKE.keys()


def test_all_that_networks_are_made_of_can_be_estimated() -> None:
    makers = (random_net, random_net_of_all_ops)
    calls = [call for seed in range(100) for make in makers for call in calls_of(make(random.Random(seed)))]
    assert len({call.kernel for call in calls}) >= 12
    for call in calls:
        for instruction_set in COSTS:
            assert call_instructions(call, instruction_set) > 0
