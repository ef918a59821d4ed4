"""Counts what models of the aot engine execute and take on emulated boards, and writes ../firmware.md and .json.

    python benchmarks/firmware/measure.py [--models DIR] [--only NAME] [--write]

Instructions are exact: QEMU counts them, known loops calibrate, and two runs must agree. They are not cycles. Outputs
must be those of TFLite Micro's interpreter, byte for byte, or nothing is written.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tinykws.aot import AotModel, compile_model
from tinykws.aot.graph import Graph
from tinykws.aot.reader import read_model
from tinykws.chip.frontend_tables import c_source
from tinykws.codegen.footprint import footprint
from tinykws.doors.interpreter import Interpreter
from tinykws.frontend import FrontendSettings
from tinykws.resources import FIRMWARE

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
KERNELS, LISTENER, PORT = FIRMWARE / "lib" / "kws_nn", FIRMWARE / "lib" / "kws", FIRMWARE / "ports" / "qemu_mps2"
COMPILE = ["-std=gnu99", "-O2", "-g", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"]
"""As firmware/platform/builder/main.py compiles."""
LINK = ["--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles", "-Wl,--gc-sections", "-T", "mps2_an386.ld"]
RESERVED_STACK = ".stack"
"""The section that the linker script sets aside; the stack that is needed is measured instead."""
ONCE = re.compile(r"^    kws_nn_\w+\(&op(\d+), .*;$", re.MULTILINE)
NATIVE_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Machine:
    """A processor, how to compile for it, and what emulates it."""

    name: str
    flags: tuple[str, ...]
    machine: str
    cpu: str


MACHINES = (
    Machine("Cortex-M4F", ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"), "mps2-an386", "cortex-m4"),
    Machine("Cortex-M3", ("-mcpu=cortex-m3",), "mps2-an385", "cortex-m3"),
    Machine("Cortex-M7", ("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"), "mps2-an500", "cortex-m7"),
)


@dataclasses.dataclass(frozen=True)
class Opponent:
    """TFLite Micro with CMSIS-NN on the Cortex-M4F, measured the same way (TFLM of 2026-08-20, GCC 12.2, release)."""

    instructions: int
    flash_bytes: int
    ram_bytes: int


OPPONENTS = {"micro_speech": Opponent(1_495_400, 0, 0), "kws_ref": Opponent(7_697_400, 106_972, 23_908)}
LISTENING_OPPONENT = Opponent(0, 87_616, 22_400)


def compile_program(machine: Machine, model: AotModel, main: str, folder: Path, *, counted: bool = False) -> Path:
    """Returns the program around a model."""
    source = model.source + (_counted_invoke(model.source) if counted else "")
    (folder / "model_aot.c").write_text(source)
    (folder / "model_aot.h").write_text(model.header)
    (folder / "kws_frontend_config.c").write_text(c_source(FrontendSettings()))
    sources = [HERE / main, folder / "model_aot.c", folder / "kws_frontend_config.c", PORT / "kws_startup_mps2.c"]
    sources += [KERNELS / name for name in model.kernels]
    sources += sorted(LISTENER.glob("*.c"))
    program = folder / f"{Path(main).stem}.elf"
    flags = ["-mthumb", *machine.flags, *COMPILE, *(f"-I{path}" for path in (folder, KERNELS, LISTENER, PORT))]
    _run(["arm-none-eabi-gcc", *flags, *map(str, sources), f"-L{PORT}", *LINK, "-o", str(program)])
    return program


def _counted_invoke(source: str) -> str:
    """A second kws_model_invoke() that tells after each op."""
    body = source.split("void kws_model_invoke(void)\n", 1)[1]
    calls = ONCE.sub(lambda match: f"{match[0]}\n    count_op({match[1]});", body)
    declared = "void count_op(int index);\nvoid kws_model_invoke_counted(void);\n"
    return f"\n{declared}void kws_model_invoke_counted(void)\n{calls}"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def counts_of(machine: Machine, program: Path) -> dict[str, list[int]]:
    """Returns what the program tells, by name; two runs must agree, and the known loops count right."""
    command = ["qemu-system-arm", "-machine", machine.machine, "-cpu", machine.cpu, "-icount", "shift=8"]
    command += ["-display", "none", "-monitor", "none", "-serial", "stdio", "-kernel", str(program)]
    command += ["-semihosting-config", "enable=on,target=native"]
    first, second = _run(command), _run(command)
    if first != second:
        sys.exit(f"two runs differ on {machine.name}:\n{first}{second}")
    told: dict[str, list[int]] = {}
    for line in first.splitlines():
        name, *numbers = re.split(r" +(?=-?\d)", line.strip())
        told.setdefault(name, []).extend(int(number) for number in numbers)
    if told["calibration"] != [1000, 2000, 100000, 200000]:
        sys.exit(f"the loops of known length count {told['calibration']} on {machine.name}")
    return told


def generated_input(size: int) -> np.ndarray:
    """The bytes that count_instructions.c fills in."""
    state, values = 1, bytearray()
    for _ in range(size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state >> 24)
    return np.frombuffer(bytes(values), np.int8)


def sizes_of(program: Path) -> tuple[int, int]:
    """Returns flash and RAM bytes, RAM without the stack that the linker script reserves."""
    sizes = footprint(program, 0x20000000, 4 << 20)
    return sizes.flash_bytes, sum(section.ram_bytes for section in sizes.sections if section.name != RESERVED_STACK)


def measured(machine: Machine, model: bytes, folder: Path) -> dict[str, Any]:
    """Returns one model's row on one machine."""
    compiled, graph = compile_model(model), read_model(model)
    told = counts_of(machine, compile_program(machine, compiled, "count_instructions.c", folder, counted=True))
    expected = Interpreter(model).invoke(generated_input(graph.input.size))
    if told["output"] != expected.tolist():
        sys.exit(f"{machine.name} gives {told['output']}, TFLite Micro {expected.tolist()}")
    flash, ram = sizes_of(compile_program(machine, compiled, "model_only.c", folder))
    ops = dict(zip(told["op"][::2], told["op"][1::2], strict=True))
    row = {
        "instructions": told["whole"][0],
        "ops": [{"op": _op_text(graph, index), "instructions": count} for index, count in ops.items()],
        "flash_bytes": flash,
        "ram_bytes": ram + told["stack"][0],
        "stack_bytes": told["stack"][0],
    }
    if graph.input.size == FrontendSettings().n_frames * FrontendSettings().n_mels:
        flash, ram = sizes_of(compile_program(machine, compiled, "listening.c", folder))
        row["listening"] = {"flash_bytes": flash, "ram_bytes_without_stack": ram}
    return row


def _op_text(graph: Graph, index: int) -> str:
    op = graph.ops[index]
    weights = graph.operand(op, 1)
    shape = f" {list(weights.shape)}" if weights is not None and weights.type == "INT8" else ""
    return f"{index} {op.name}{shape}"


def native_ratio(model: bytes, folder: Path) -> dict[str, float]:
    """Returns how long one invoke takes on this computer, generated C (gcc -O2) and the interpreter, side by side."""
    compiled = compile_model(model)
    (folder / "model_aot.c").write_text(compiled.source)
    (folder / "model_aot.h").write_text(compiled.header)
    library = folder / "native.so"
    kernels = [str(KERNELS / name) for name in compiled.kernels]
    _run(["gcc", "-O2", "-shared", "-fPIC", f"-I{KERNELS}", str(folder / "model_aot.c"), *kernels, "-o", str(library)])
    aot = ctypes.CDLL(str(library)).kws_model_invoke
    interpreter = Interpreter(model)
    values = generated_input(read_model(model).input.size)
    microseconds = {"aot": [], "interpreter": []}  # type: dict[str, list[float]]
    end = time.perf_counter() + 2 * NATIVE_SECONDS
    while time.perf_counter() < end:
        for name, work in (("aot", aot), ("interpreter", lambda: interpreter.invoke(values))):
            start = time.perf_counter()
            work()
            microseconds[name].append((time.perf_counter() - start) * 1e6)
    return {name: round(float(np.median(times)), 1) for name, times in microseconds.items()}


def table_of(rows: dict[str, dict[str, Any]]) -> str:
    """Returns ../firmware.md."""
    lines = ["# Instructions and bytes on emulated boards", "", _NOTE, ""]
    for name, row in rows.items():
        lines += [f"## {name}", "", "| | instructions | flash | RAM, stack included | of which stack |"]
        lines += ["|---|---:|---:|---:|---:|"]
        for machine in MACHINES:
            at = row[machine.name]
            lines.append(
                f"| {machine.name} | {at['instructions']:,} | {at['flash_bytes']:,} | {at['ram_bytes']:,} "
                f"| {at['stack_bytes']:,} |"
            )
        lines += [*_opponent_lines(name, row["Cortex-M4F"]), ""]
        counts = [f"| {op['op']} | {op['instructions']:,} |" for op in row["Cortex-M4F"]["ops"]]
        lines += ["| op, on the Cortex-M4F | instructions |", "|---|---:|", *counts, ""]
        native = row["native"]
        ratio = native["interpreter"] / native["aot"]
        lines += [
            f"On a PC, one invoke: generated C {native['aot']} us, the interpreter {native['interpreter']} us,"
            f" {ratio:.1f} times as long (medians, taken in turns).",
            "",
        ]
    return "\n".join(lines)


_NOTE = """\
Written by `python benchmarks/firmware/measure.py --write`; do not edit. Instructions are counted by QEMU (`-icount`),
two runs agree, loops of known length calibrate; outputs equal TFLite Micro's interpreter. GCC 12.2, -O2. The model's
flash and RAM are those of a program that only reads the input from a port, runs the model and writes the output;
"listening" is front-end, model and detector between a port for samples and one for what was heard, without the serial
protocol. Vectors and start-up code are counted in, and so is the deepest stack of an invoke. The opponent is TFLite
Micro with CMSIS-NN, built and counted the same way."""


def _opponent_lines(name: str, row: dict[str, Any]) -> list[str]:
    opponent = OPPONENTS.get(name)
    lines = []
    if opponent is not None:
        parts = [
            f"{theirs:,} ({theirs / ours:.1f} times ours)" if theirs else ""
            for theirs, ours in (
                (opponent.instructions, row["instructions"]),
                (opponent.flash_bytes, row["flash_bytes"]),
                (opponent.ram_bytes, row["ram_bytes"]),
            )
        ]
        lines.append(f"| TFLM + CMSIS-NN, Cortex-M4F | {' | '.join(parts)} | |")
    if "listening" in row:
        flash, ram = row["listening"]["flash_bytes"], row["listening"]["ram_bytes_without_stack"] + row["stack_bytes"]
        lines.append(f"| listening, Cortex-M4F | | {flash:,} | {ram:,} | {row['stack_bytes']:,} |")
    if name == "micro_speech":
        theirs = LISTENING_OPPONENT
        lines.append(
            f"| listening with TFLM + CMSIS-NN | | {theirs.flash_bytes:,} ({theirs.flash_bytes / flash:.1f} times ours)"
            f" | {theirs.ram_bytes:,} ({theirs.ram_bytes / ram:.1f} times ours) | |"
        )
    return lines


def models_in(folder: Path, bundle: Path | None) -> dict[str, Path]:
    """Returns the reference models, and a bundle's where one is given."""
    models = {
        "micro_speech": folder / "micro_speech_quantized.tflite",
        "kws_ref": folder / "kws_ref_model.tflite",
    }
    return models | ({"ds_tcn": bundle / "model.tflite"} if bundle else {})


def main() -> None:
    """Measures, prints, and with --write writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT.parent / "shared" / "models", help="the reference models")
    parser.add_argument("--bundle", type=Path, help="a bundle with a ds_tcn model")
    parser.add_argument("--quick", action="store_true", help="the Cortex-M4F only; nothing is written")
    parser.add_argument("--write", action="store_true", help="write ../firmware.md and ../firmware.json")
    arguments = parser.parse_args()
    machines = MACHINES[:1] if arguments.quick else MACHINES
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        for model, path in models_in(arguments.models, arguments.bundle).items():
            data = path.read_bytes()
            rows[model] = {machine.name: measured(machine, data, Path(name)) for machine in machines}
            if not arguments.quick:
                rows[model]["native"] = native_ratio(data, Path(name))
            print(json.dumps({model: rows[model]}, indent=1), flush=True)
    if arguments.write and not arguments.quick:
        (HERE.parent / "firmware.json").write_text(json.dumps(rows, indent=1) + "\n")
        (HERE.parent / "firmware.md").write_text(table_of(rows))


if __name__ == "__main__":
    main()
