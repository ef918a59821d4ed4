# SPDX-License-Identifier: Apache-2.0
"""Programs around a model for emulated machines: compiled as the firmware is, run by QEMU."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tinykws.aot.compiler import AotModel
from tinykws.boards.rows import find_board
from tinykws.firmware_build.elf_sizes import footprint
from tinykws.native.frontend_tables import c_source
from tinykws.project.detector_settings import DetectorRequest
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.resources import FIRMWARE

HERE = Path(__file__).parent
KERNELS, PORTS = FIRMWARE / "lib" / "kws_nn", FIRMWARE / "ports"
TEXT = FIRMWARE / "lib" / "kws_serial" / "kws_text.c"
LIBRARIES = [FIRMWARE / "lib" / name for name in ("kws_audio", "kws_detect", "kws_frontend", "kws_serial")]
COMPILE = ["-std=gnu99", "-O2", "-g", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"]
"""As firmware/platform/builder/main.py compiles."""
INFERENCE_STRIDE = 5
"""Frames from one inference to the next of the product: 100 ms."""
RESERVED_STACK = ".stack"
"""The section that the linker script sets aside; the stack that is needed is measured instead."""
CALL = re.compile(r"^    kws_nn_\w+\(&op(\d+)\w*, .*;$", re.MULTILINE)
"""A line of kws_model_invoke(), and the op that it is of."""
OWN_NAMES = re.compile(r"\b(op\d+\w*|tensor\d+|arena|kws_model_\w+)\b")
"""What a model's C defines."""
MANY_HEADER = """\
#include <stdint.h>
{declarations}
static const struct {{
    int8_t *(*input)(void);
    void (*invoke)(void);
    int32_t input_bytes;
}} models[] = {{
{rows}}};
"""


@dataclasses.dataclass(frozen=True)
class Machine:
    """A processor that QEMU emulates, and how to compile for it."""

    name: str
    compiler: str
    flags: tuple[str, ...]
    link: tuple[str, ...]
    emulator: tuple[str, ...]
    clock: str
    """QEMU's -icount; machine_*.c turns its time into instructions."""
    port: Path
    own: str
    """Which machine_*.c."""
    ram: tuple[int, int]
    """Where it begins, and how large it is."""


def machine_of(name: str, board_id: str, own: str, clock: str, flags: Sequence[str] = ()) -> Machine:
    """Returns the machine that a row of boards.yaml emulates; `flags` replace the board's compiler flags, if given."""
    board = find_board(board_id)
    build = json.loads((FIRMWARE / "platform" / "boards" / f"{board.board}.json").read_text())["build"]
    emulator = (str(board.emulator), "-machine", board.machine, "-cpu", board.cpu, *board.emulator_options)
    port = PORTS / board.port
    link = (*build["link_flags"], "-Wl,--gc-sections", f"-L{port}", f"-T{next(port.glob('*.ld')).name}")
    ram = (board.ram_address, board.ram_bytes)
    return Machine(
        name, build["compiler"], tuple(flags or build["machine_flags"]), link, emulator, clock, port, own, ram
    )


MACHINES = (
    machine_of("Cortex-M4F", "qemu-cortex-m4", "machine_mps2.c", "shift=8"),
    machine_of("Cortex-M3", "qemu-cortex-m3", "machine_mps2.c", "shift=8"),
    machine_of("Cortex-M7", "qemu-cortex-m7", "machine_mps2.c", "shift=8"),
    machine_of("Cortex-M0+", "qemu-cortex-m3", "machine_mps2.c", "shift=8", ["-mcpu=cortex-m0plus", "-mthumb"]),
    machine_of("rv32imc", "qemu-riscv32", "machine_virt.c", "shift=0"),
)
"""QEMU has no Cortex-M0+ machine with enough memory: programs compiled for it run on the Cortex-M3, which executes the
same instructions."""


def run(command: Sequence[str]) -> str:
    """Returns the output of a program; exits if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def compile_program(
    machine: Machine, model: AotModel, main: str, folder: Path, *flags: str, counted: bool = False
) -> Path:
    """Compiles a program around a model; `counted` adds a second inference that reports after each op."""
    (folder / "model_aot.c").write_text(model.source + (_counted_invoke(model.source) if counted else ""))
    (folder / "model_aot.h").write_text(model.header)
    (folder / "kws_frontend_config.c").write_text(c_source(FrontendSettings()))
    (folder / "listening_detector.h").write_text(_detector_header(model))
    sources = [HERE / main, HERE / "measuring.c", HERE / machine.own, *machine.port.glob("kws_startup_*.c")]
    sources += [folder / "model_aot.c", folder / "kws_frontend_config.c"]
    sources += [KERNELS / name for name in model.kernels]
    sources += [path for folder in LIBRARIES for path in sorted(folder.glob("*.c"))]
    return _link(machine, sources, folder / f"{Path(main).stem}.elf", *flags)


def compile_many(machine: Machine, models: Sequence[AotModel], main: str, folder: Path) -> Path:
    """Returns one program with many models, each under names of its own; many_models.h lists them."""
    rows, declarations, texts = [], [], ["#include <stdint.h>\n"]
    for number, model in enumerate(models):
        input_bytes = re.search(r"KWS_MODEL_INPUT_BYTES (\d+)", model.header)
        assert input_bytes is not None
        texts.append(_under_own_names(model, f"net{number}_"))
        declarations.append(f"int8_t *net{number}_kws_model_input(void);\nvoid net{number}_kws_model_invoke(void);\n")
        rows.append(f"    {{net{number}_kws_model_input, net{number}_kws_model_invoke, {input_bytes[1]}}},\n")
    (folder / "many_models.c").write_text("\n".join(texts))
    (folder / "many_models.h").write_text(MANY_HEADER.format(declarations="".join(declarations), rows="".join(rows)))
    sources = [folder / "many_models.c", HERE / main, HERE / machine.own, *machine.port.glob("kws_startup_*.c"), TEXT]
    unused = "-Wno-unused-const-variable"  # parameters of the calls that fit_costs.py removed
    return _link(machine, [*sources, *kernel_objects(machine, folder.parent)], folder / "many.elf", unused)


def _under_own_names(model: AotModel, prefix: str) -> str:
    """Returns a model's C with a prefix to all its names, so that one file can hold many models."""
    arena = f"#undef KWS_MODEL_ARENA_BYTES\n#define KWS_MODEL_ARENA_BYTES {model.arena_bytes}\n"
    return OWN_NAMES.sub(rf"{prefix}\1", model.source.replace('#include "model_aot.h"\n', arena))


@functools.cache
def kernel_objects(machine: Machine, folder: Path) -> tuple[Path, ...]:
    """Returns all kernels, compiled once for a machine."""
    own = folder / f"kernels-{machine.name}"
    own.mkdir()
    objects = tuple(own / f"{source.stem}.o" for source in sorted(KERNELS.glob("*.c")))
    for source, compiled in zip(sorted(KERNELS.glob("*.c")), objects, strict=True):
        run([machine.compiler, *machine.flags, *COMPILE, f"-I{KERNELS}", "-c", str(source), "-o", str(compiled)])
    return objects


def _detector_header(model: AotModel) -> str:
    """Returns the default detector as C, for the pace of a model's stream; whole windows every five frames."""
    stride = re.search(r"KWS_MODEL_INFERENCE_STRIDE (\d+)", model.header)
    assert stride is not None
    frames = int(stride[1]) or INFERENCE_STRIDE
    settings = DetectorRequest(inference_stride_ms=frames * FrontendSettings().stride_ms).defaults
    values = {
        "INFERENCE_FRAMES": frames,
        "TAPS": settings.taps,
        "WEIGHTS": "{" + ", ".join(map(str, settings.tap_weights)) + "}",
        "BIAS": settings.filter_bias,
        "SHIFT": settings.filter_shift,
        "THRESHOLD": settings.threshold,
        "WINDOW_MS": settings.average_window_ms,
        "MINIMUM_COUNT": settings.minimum_count,
        "SUPPRESSION_MS": settings.suppression_ms,
    }
    return "".join(f"#define DETECTOR_{name} {value}\n" for name, value in values.items())


def _link(machine: Machine, sources: Sequence[Path], program: Path, *flags: str) -> Path:
    includes = [f"-I{path}" for path in (program.parent, KERNELS, *LIBRARIES, FIRMWARE / "src", machine.port, HERE)]
    command = [machine.compiler, *machine.flags, *COMPILE, *flags, *includes, *map(str, sources), *machine.link]
    run([*command, "-o", str(program)])
    return program


def _counted_invoke(source: str) -> str:
    body = source.split("void kws_model_invoke(void)\n", 1)[1]
    calls = CALL.sub(lambda match: f"{match[0]}\n    count_op({match[1]});", body)
    declared = "void count_op(int index);\nvoid kws_model_invoke_counted(void);\n"
    return f"\n{declared}void kws_model_invoke_counted(void)\n{calls}"


def emulation(machine: Machine, program: Path) -> list[str]:
    """Returns the command that runs a program, its serial line on standard output."""
    quiet = ["-display", "none", "-monitor", "none", "-serial", "stdio"]
    return [*machine.emulator, *quiet, "-semihosting-config", "enable=on,target=native", "-kernel", str(program)]


def counts_of(machine: Machine, program: Path) -> dict[str, list[int]]:
    """Returns the counts that a program prints (measuring.h), by name. Two runs must agree, and so must known loops."""
    command = [*emulation(machine, program), "-icount", machine.clock]
    first, second = run(command), run(command)
    if first != second:
        sys.exit(f"two runs differ on {machine.name}:\n{first}{second}")
    told: dict[str, list[int]] = {}
    for line in first.splitlines():
        name, *numbers = re.split(r" +(?=-?\d)", line.strip())
        told.setdefault(name, []).extend(int(number) for number in numbers)
    if told["calibration"] != [1000, 2000, 100000, 200000]:
        sys.exit(f"the loops of known length count {told['calibration']} on {machine.name}")
    return told


def sizes_of(program: Path, machine: Machine) -> tuple[int, int]:
    """Returns flash and RAM bytes, RAM without the stack that the linker script reserves."""
    sizes = footprint(program, *machine.ram)
    return sizes.flash_bytes, sum(section.ram_bytes for section in sizes.sections if section.name != RESERVED_STACK)
