# SPDX-License-Identifier: Apache-2.0
"""The computed size of TFLite Micro's arena, against the measured one."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from random_networks import random_convolution, random_net, random_net_of_all_ops, random_stream
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm
from tiny_model import tiny_tflite

from tinykws.aot.reader.tflite import read_model
from tinykws.model.computed_arena import MARGIN_BYTES, computed_arena
from tinykws.model.lowered_model import LoweredModel
from tinykws.model.tflm_interpreter import MOST_SPARE_BYTES, ample_arena
from tinykws.support.errors import ConfigError

NETWORKS: list[Callable[[random.Random], bytes]] = [
    random_net,
    random_net_of_all_ops,
    random_convolution,
    lambda source: random_stream(source, later_ops=True)[0],
]


RUN_IN_ARENAS = """
import json, sys
from tflite_micro import runtime

for model, arena_bytes, ample_bytes in json.load(sys.stdin):
    runtime.Interpreter.from_bytes(bytes.fromhex(model), arena_size=arena_bytes).invoke()
    loaded = runtime.Interpreter.from_bytes(bytes.fromhex(model), arena_size=ample_bytes)
    loaded.invoke()
    loaded.print_allocations()
"""
"""A crash in an arena that is too small ends the program."""


def excess_bytes(models: Sequence[bytes]) -> list[int]:
    """Runs each model in an arena of the computed size; returns by how much that exceeds what TFLM's allocator counts.

    751 models were checked so once: seeds 0 to 249, 299, 99 and 99 of these networks, the reference models, and one of
    each architecture.
    """
    graphs = [read_model(model) for model in models]
    computed = [computed_arena(graph) for graph in graphs]
    ample = [ample_arena(graph, model) for graph, model in zip(graphs, models, strict=True)]
    work = [(model.hex(), *sizes) for model, *sizes in zip(models, computed, ample, strict=True)]
    done = subprocess.run(
        [sys.executable, "-c", RUN_IN_ARENAS], input=json.dumps(work), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    counted = [int(number) for number in re.findall(r"Arena allocation total (\d+) bytes", done.stdout + done.stderr)]
    return [size - count for size, count in zip(computed, counted, strict=True)]


@needs_tflm
def test_reference_models_need_80_bytes_less(shared: Path) -> None:
    models = [path.read_bytes() for path in sorted((shared / "models").glob("*.tflite"))]
    assert excess_bytes(models) == [80, 64]


@needs_tflm
def test_random_networks_run_in_what_was_computed() -> None:
    """Small ones need more to load than the allocator counts."""
    models = [networks(random.Random(seed)) for networks in NETWORKS for seed in range(40)]
    excess = excess_bytes([model for model in models if runs(model)])
    assert len(excess) > 140
    assert min(excess) >= MARGIN_BYTES - 20
    assert max(excess) <= MOST_SPARE_BYTES


@needs_tflm
def test_ops_that_only_tflite_micro_runs() -> None:
    """ELU keeps a table of 256 values, more than any other op."""

    def chain(*ops: str) -> bytes:
        tensors = [TensorSpec((1, 256), "INT8", (0.05,), (3,), name=f"tensor {at}") for at in range(len(ops) + 1)]
        return build_model(tensors, [OpSpec(op, (at,), (at + 1,), None) for at, op in enumerate(ops)])

    excess = excess_bytes([chain(*ops) for ops in (["ELU"], ["ABS"], ["ELU"] * 8, ["ABS"] * 8, ["ELU", "ABS"] * 4)])
    assert min(excess) >= MARGIN_BYTES - 20
    assert max(excess) <= MOST_SPARE_BYTES


def runs(model: bytes) -> bool:
    try:
        LoweredModel(read_model(model))
    except ConfigError:
        return False
    return True


def test_known_sizes(shared: Path) -> None:
    """Where nothing can be measured."""
    sizes = {
        name: computed_arena(read_model((shared / "models" / f"{name}.tflite").read_bytes()))
        for name in ("micro_speech_quantized", "kws_ref_model")
    }
    assert sizes == {"micro_speech_quantized": 7648, "kws_ref_model": 24352}, "measured: 7,584 and 24,272"


def test_a_larger_tensor_needs_a_larger_arena() -> None:
    def model(size: int) -> bytes:
        ends = [TensorSpec((1, size), scales=(0.5,)) for _ in range(2)]
        return build_model(ends, [OpSpec("ADD", [0, 0], [1], {"fused_activation_function": 0})])

    assert computed_arena(read_model(model(20_000))) - computed_arena(read_model(model(10_000))) == 20_000
    assert computed_arena(read_model(tiny_tflite())) % 16 == 0
