# SPDX-License-Identifier: Apache-2.0
"""Fits the instructions per unit of work of each kernel, and writes tinykws/cost/kernel_costs.py.

    python benchmarks/firmware/fit_costs.py [--only KERNEL …] [--machines NAME …] [--write]

Calls of kernels, drawn at random, are counted in emulation on each instruction set. On two thirds of them constants
are fitted (least squares of the relative error, none negative); the error in the file is that on the last third.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tests" / "helpers"))

import random_networks as nets
from programs import MACHINES, Machine, compile_many, emulation, run
from tflite_builder import TensorSpec, build_model

from tinykws.aot.compiler import AotModel, compile_model, compile_schedule
from tinykws.aot.lowering.call import Call, Form
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.overlap import find_overlap
from tinykws.aot.scheduling.streaming import streaming_schedules
from tinykws.cost.kernel_costs import COSTS, TYPICAL_ERROR
from tinykws.cost.kernel_work import Work, work_of
from tinykws.support.errors import ConfigError

WRITTEN = Path(__file__).parent.parent.parent / "tinykws" / "cost" / "kernel_costs.py"
INSTRUCTION_SETS = {"Cortex-M4F": "armv7e-m", "Cortex-M3": "armv7-m", "Cortex-M0+": "armv6-m", "rv32imc": "rv32imc"}
WANTED = 45
"""Calls of each kernel."""
MOST_MULTIPLICATIONS = 300_000
STREAMING_KERNELS = ("kws_nn_fully_connected_rows", "kws_nn_fully_connected_sums")
PER_PROGRAM = 60
DRAWS = 8000
HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""Instructions that kernels take for a unit of their work, by instruction set and kernel (kernel_work.py).

Written by `python benchmarks/firmware/fit_costs.py --write`; do not edit. GCC 12.2, -O2, counted by QEMU.
"""

from __future__ import annotations

'''


@dataclasses.dataclass(frozen=True)
class Sample:
    """A program with one call, and its kernel's work."""

    compiled: Callable[[], AotModel]
    """Most samples that are drawn are not kept, so the program is made last."""
    kernel: str
    work: Work


def random_model(source: random.Random) -> bytes:
    """Returns a .tflite of one op, of sizes as keyword models have them and smaller."""
    net = nets.Net(source)
    kinds = [_layer, _layer, nets._conv_2d, nets._depthwise_conv_2d, nets._fully_connected]
    kinds += [nets._pool, nets._mean, nets._add, nets._pad, nets._softmax, nets._sub, nets._mul, nets._prelu]
    kinds += [nets._reduce_max, nets._concatenation, nets._strided_slice, nets._transpose, nets._lookup]
    kinds += [nets._transpose_conv]
    kind = source.choice(kinds)
    depth = source.choice([1, 1, 2, 3, 4, 8, 12, 16, 24, 32, 44, 64])
    height, width = source.choice([1, 5, 10, source.randint(1, 49)]), source.choice([1, 1, 5, source.randint(1, 40)])
    net.tensor(TensorSpec([1, height, width, depth], scales=(0.1,), zero_points=(net.zero_point(),)))
    if kind in (nets._conv_2d, nets._depthwise_conv_2d, nets._fully_connected):
        kind(net, wide=True)
    else:
        kind(net)
    if not net.ops:
        raise ConfigError("an op that this shape cannot have")
    return build_model(net.tensors, net.ops)


def _layer(net: nets.Net) -> None:
    """A convolution as keyword models have them: SAME, few strides, many channels; or one filter a channel."""
    _, height, width, depth = net.spec.shape
    current, source = net.current, net.random
    depthwise = depth % 4 == 0 and source.random() < 0.7
    stride = source.choice([1, 1, 2])
    size = source.choice([(3, 3), (3, 3), (1, 1), (5, 1), (9, 1), (10, 8 // depth if depth < 8 else 4)])
    size = (size[0], 1) if width == 1 else size
    channels = depth if depthwise else source.choice([4, 8, 12, 16, 32, 64])
    shape, dimension = ((1, *size, depth), 3) if depthwise else ((channels, *size, depth), 0)
    inputs, scale = nets._weights(net, shape, dimension, size[0] * size[1] * (1 if depthwise else depth))
    inputs = [index for index in inputs if index >= 0]
    positions = (-(-height // stride), -(-width // stride))
    options: dict[str, object] = {
        "padding": 0,
        "stride_h": stride,
        "stride_w": stride,
        "fused_activation_function": net.activation(),
    }
    output = nets._output(net, (1, *positions, channels), 2 * scale)
    options |= {"depth_multiplier": 1} if depthwise else {}
    net.append("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", [current, *inputs], output, options)


def samples(count: int, only: Sequence[str] = ()) -> list[Sample]:
    """Returns `count` calls of each kernel, or of some kernels only."""
    by_kernel: dict[str, list[Sample]] = defaultdict(list)
    for seed in range(DRAWS):
        if only and all(len(by_kernel[kernel]) == count for kernel in only):
            break
        for draw in (_whole_window_sample, _wide_sample, _packed_sample, _streaming_sample):
            try:
                sample = draw(random.Random(seed))
            except (ConfigError, ValueError):
                continue
            if max(sample.work.values()) <= MOST_MULTIPLICATIONS and len(by_kernel[sample.kernel]) < count:
                by_kernel[sample.kernel].append(sample)
    return [sample for kernel, found in by_kernel.items() if not only or kernel in only for sample in found]


def _whole_window_sample(source: random.Random) -> Sample:
    model = random_model(source)
    (call,) = (item for item in lower(read_model(model)) if isinstance(item, Call))
    return Sample(partial(compile_model, model), *work_of(call))


def _wide_sample(source: random.Random) -> Sample:
    """Returns a convolution whose weights were widened."""
    return _sample_in_form(source, Form.WIDE)


def _packed_sample(source: random.Random) -> Sample:
    """Returns a convolution whose weights were packed."""
    return _sample_in_form(source, Form.PACKED)


def _sample_in_form(source: random.Random, form: Form) -> Sample:
    """Returns a convolution in a form that it has; half of them along one axis, as of stream_tcn."""
    net = nets.Net(source)
    depth, width = source.choice([1, 8, 12, 16, 24, 40, 48, 64]), source.choice([1, 1, 5, 10, 40])
    shape = [1, source.choice([1, 2, source.randint(1, 30)]), width, depth]
    net.tensor(TensorSpec(shape, scales=(0.1,), zero_points=(net.zero_point(),)))
    _layer(net)
    model = build_model(net.tensors, net.ops)
    (call,) = (item for item in lower(read_model(model)) if isinstance(item, Call))
    if form not in call.forms:
        raise ConfigError(f"a call without a {form.value} form")
    return Sample(partial(compile_model, model, form), *work_of(call.forms[form]))


def _streaming_sample(source: random.Random) -> Sample:
    """Returns a call that only streaming mode has: of a dense layer's partial sums."""
    net = nets.Net(source)
    frames, depth = source.randint(6, 49), source.choice([4, 8, 12, 16, 40])
    net.tensor(TensorSpec([1, frames, 1, depth], scales=(0.1,), zero_points=(net.zero_point(),)))
    source.choice([nets._lookup, _layer])(net)
    nets._dense_over_all(net, wide=True)
    graph = read_model(build_model(net.tensors, net.ops))
    program = lower(graph)
    schedules = streaming_schedules(graph, program, find_overlap(graph, program, frames, source.randint(1, 5)))
    runs = [(schedule, run) for schedule in schedules for run in schedule.runs if run.call.kernel in STREAMING_KERNELS]
    if not runs:
        raise ConfigError("a model without partial sums")
    schedule, run = source.choice(runs)
    return Sample(lambda: _only(run.name, compile_schedule(schedule)), *work_of(run.call))


def _only(name: str, program: AotModel) -> AotModel:
    """Returns a program without its other calls; `name` is that of the parameters of the one that stays."""
    stays = f"(&{name}, "
    lines = [line for line in program.source.splitlines() if stays in line or not line.startswith("    kws_nn_")]
    return dataclasses.replace(program, source="\n".join(lines) + "\n")


def counted(machine: Machine, drawn: Sequence[Sample], folder: Path) -> list[int]:
    """Returns the instructions of each sample's invoke."""
    counts: list[int] = []
    for at in range(0, len(drawn), PER_PROGRAM):
        models = [sample.compiled() for sample in drawn[at : at + PER_PROGRAM]]
        with tempfile.TemporaryDirectory(dir=folder) as name:
            program = compile_many(machine, models, "count_many.c", Path(name))
            told = run([*emulation(machine, program), "-icount", machine.clock])
        counts += [int(line) for line in told.split()]
    return counts


@dataclasses.dataclass(frozen=True)
class Fit:
    """Instructions per unit of each kind of work, and the relative error on calls that it was not fitted to."""

    costs: dict[str, float]
    typical_error: float
    largest_error: float


def fitted(drawn: Sequence[Sample], counts: Sequence[int]) -> Fit:
    """Fits one kernel."""
    names = list(drawn[0].work)
    work = np.array([[sample.work[name] for name in names] for sample in drawn], float)
    share = work / np.array(counts, float)[:, None]
    learn = np.arange(len(drawn)) % 3 != 2
    costs = _non_negative(share[learn], np.ones(int(learn.sum())))
    errors = np.abs(share[~learn] @ costs - 1)
    rounded = {name: float(f"{cost:.4g}") for name, cost in zip(names, costs, strict=True)}
    return Fit(rounded, float(np.median(errors)), float(errors.max()))


def _non_negative(matrix: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Least squares without negative results: drops the most negative variable and solves again."""
    kept = [column for column in range(matrix.shape[1]) if matrix[:, column].any()]
    while True:
        found = np.linalg.lstsq(matrix[:, kept], target, rcond=None)[0]
        if (found >= 0).all():
            break
        kept.pop(int(found.argmin()))
    costs = np.zeros(matrix.shape[1])
    costs[kept] = found
    return costs


def text_of(fits: dict[str, dict[str, Fit]]) -> str:
    """Returns kernel_costs.py."""
    lines = [HEADER, "COSTS: dict[str, dict[str, dict[str, float]]] = {\n"]
    for instruction_set, kernels in fits.items():
        lines.append(f"    {instruction_set!r}: {{\n".replace("'", '"'))
        for kernel, fit in sorted(kernels.items()):
            items = ", ".join(f'"{name}": {cost:g}' for name, cost in fit.costs.items())
            lines.append(f'        "{kernel}": {{{items}}},\n')
        lines.append("    },\n")
    lines.append("}\n\nTYPICAL_ERROR: dict[str, dict[str, float]] = {\n")
    for instruction_set, kernels in fits.items():
        items = ", ".join(f'"{kernel}": {fit.typical_error:.3f}' for kernel, fit in sorted(kernels.items()))
        lines.append(f'    "{instruction_set}": {{{items}}},\n')
    lines.append('}\n"""The median share by which calls that were not fitted are off."""\n')
    return "".join(lines)


def fits_before() -> dict[str, dict[str, Fit]]:
    """Returns the current content of kernel_costs.py."""
    return {
        name: {kernel: Fit(dict(work), TYPICAL_ERROR[name][kernel], 0.0) for kernel, work in kernels.items()}
        for name, kernels in COSTS.items()
    }


def _progress(fits: dict[str, Fit]) -> Iterator[str]:
    for kernel, fit in sorted(fits.items()):
        yield f"  {kernel:32} off by {fit.typical_error:6.1%}, at most {fit.largest_error:6.1%}"


def main() -> None:
    """Counts, fits, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="KERNEL", nargs="+", help="fit these, as `add`; the others stay")
    parser.add_argument(
        "--machines", metavar="NAME", nargs="+", default=list(INSTRUCTION_SETS), help="count on these, as `Cortex-M4F`"
    )
    parser.add_argument("--write", action="store_true", help=f"write {WRITTEN.name}")
    arguments = parser.parse_args()
    drawn = samples(WANTED, arguments.only or ())
    random.Random(1).shuffle(drawn)
    is_whole = not arguments.only and arguments.machines == list(INSTRUCTION_SETS)
    fits = defaultdict(dict) if is_whole else fits_before()
    with tempfile.TemporaryDirectory() as folder:
        for machine in MACHINES:
            if machine.name not in arguments.machines:
                continue
            counts = counted(machine, drawn, Path(folder))
            grouped: dict[str, list[tuple[Sample, int]]] = defaultdict(list)
            for sample, count in zip(drawn, counts, strict=True):
                grouped[sample.kernel].append((sample, count))
            new = {
                kernel: fitted([sample for sample, _ in pairs], [count for _, count in pairs])
                for kernel, pairs in grouped.items()
            }
            fits[INSTRUCTION_SETS[machine.name]].update(new)
            print(machine.name, *_progress(new), sep="\n", flush=True)
    if arguments.write:
        WRITTEN.write_text(text_of(fits))
        run([sys.executable, "-m", "ruff", "format", "-q", str(WRITTEN)])


if __name__ == "__main__":
    main()
