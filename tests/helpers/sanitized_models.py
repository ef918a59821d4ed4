# SPDX-License-Identifier: Apache-2.0
"""Generated C under AddressSanitizer and UBSan, with gaps between the buffers of the arena: an access outside a
buffer is a report even if it stays inside the arena."""

from __future__ import annotations

import functools
import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

from aot_native import KERNELS, STRICT, run_compiler
from between_workers import compiled_objects
from models_in_one_program import PUT_HERE, write_program

from tinykws.aot import compiler
from tinykws.aot.lowering.call import Form
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.arena import ALIGNMENT, Buffer, Placement
from tinykws.cost.execution_mode import ModelInMode, Workload, compile_for_workload

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
Make = Callable[[bytes], compiler.AotModel]
GAP = 64
MOST_WORK = 20_000_000
"""Multiplications of one inference; mutants with more are skipped: they take seconds and reach no other code."""
TRIALS = 3
_NUMBERS = re.compile(r"(static const \w+ op\d+_(?:weights|bias|requantize_multipliers)\w*\[\d+\][^=]*= )\{[^}]*\}")
_POISON = """
#include <sanitizer/asan_interface.h>
static __attribute__((constructor)) void poison_gaps(void)
{{
{gaps}
}}
"""


def spaced(buffers: Sequence[Buffer]) -> list[Placement]:
    """Places the buffers one after the other, with gaps."""
    placements, offset = [], GAP
    for buffer in buffers:
        placements.append(Placement(buffer, offset))
        offset += -(-buffer.size // ALIGNMENT) * ALIGNMENT + GAP
    return placements


def compile_stream(tflite: bytes, inference_stride: int = 1) -> ModelInMode:
    """Compiles for listening: the input moves by `inference_stride` rows from one inference to the next."""
    shape = read_model(tflite).input.shape
    frames = shape[1] if len(shape) == 4 else 1
    return compile_for_workload(tflite, Workload(frames, inference_stride, "armv7e-m", ram_bytes=0))


def compile_spaced(
    tflite: bytes, form: Form = Form.COMPACT, *, make: Make | None = None, missing_bytes: int = 0
) -> compiler.AotModel:
    """Compiles with gaps between the buffers: in a form, or by `make`, which chooses it."""
    return spaced_apart(
        lambda: compiler.compile_model(tflite, form) if make is None else make(tflite), missing_bytes=missing_bytes
    )


def spaced_apart(compiled_by: Callable[[], compiler.AotModel], *, missing_bytes: int = 0) -> compiler.AotModel:
    """Returns C with gaps between the buffers, which AddressSanitizer watches.

    Args:
        compiled_by: compiles it, in the package's own way.
        missing_bytes: how much of the end of each buffer counts as part of the gap.
    """
    chosen: list[Placement] = []

    def place(buffers: Sequence[Buffer]) -> list[Placement]:
        chosen.extend(spaced(buffers))
        return chosen

    with mock.patch.object(compiler, "place", place):
        compiled = compiled_by()
    begins = [0, *(item.offset + item.buffer.size - missing_bytes for item in chosen)]
    gaps = zip(begins, [item.offset for item in chosen], strict=False)  # the last one is AddressSanitizer's own
    lines = [f"    __asan_poison_memory_region(arena + {begin}, {end - begin});" for begin, end in gaps]
    source = compiled.source + _POISON.format(gaps="\n".join(lines))
    return compiler.AotModel(source, compiled.header, compiled.arena_bytes, compiled.kernels)


def shape_of(compiled: compiler.AotModel) -> str:
    """The C without weights: models for which it is equal access the same bytes."""
    return _NUMBERS.sub(r"\1", compiled.source)


def work_of(tflite: bytes) -> int:
    """Multiplications of one inference, approximately."""
    graph = read_model(tflite)
    total = 0
    for op in graph.ops:
        weights = graph.operand(op, 1)
        window = weights.size if weights is not None and weights.type == "INT8" else 1
        total += graph.tensors[op.outputs[0]].size * window if op.outputs else 0
    return total


def run_sanitized(models: Sequence[bytes], folder: Path, make: Make | None = None) -> None:
    """Compiles the models into one program with the sanitizers and runs each on a few inputs.

    Args:
        models: .tflite files.
        folder: where the program is made.
        make: makes C of one; None: compile_model, in each form in turn.

    Raises:
        AssertionError: with what the compiler or a sanitizer said.
    """
    kernels = compiled_objects("gcc", [*STRICT, *SANITIZERS], sorted(KERNELS.glob("*.c")))
    spaced_c = functools.partial(compile_spaced, make=make)
    with tempfile.TemporaryDirectory(dir=folder) as name, mock.patch("models_in_one_program.compile_model", spaced_c):
        own = Path(name)
        (own / "put.c").write_text(PUT_HERE)
        sources = [source for source in write_program(models, TRIALS, own) if source.parent != KERNELS]
        options = ["-std=gnu99", "-Wall", "-Wextra", "-Werror", *SANITIZERS, "-I", KERNELS]
        run_compiler("gcc", *options, *sources, own / "put.c", *kernels, "-o", own / "program")
        done = subprocess.run([own / "program"], capture_output=True, text=True, check=False, timeout=1500)
        assert done.returncode == 0, done.stderr[-5000:]
