# SPDX-License-Identifier: Apache-2.0
"""Many models in one C program, for this computer or an emulated board, that prints their outputs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from aot_native import KERNELS, STRICT, run_compiler
from between_workers import compiled_objects

from tinykws.aot.compiler import AotModel, compile_model
from tinykws.aot.lowering.call import Form
from tinykws.aot.reader.tflite import read_model
from tinykws.boards.rows import find_board
from tinykws.support.resources import FIRMWARE

PORT = FIRMWARE / "ports" / "qemu_mps2"
ENDS = ("input", "invoke", "output")
RESET_FIRST = "static __attribute__((constructor)) void reset_first(void)\n{\n    kws_model_reset();\n}\n"
"""For a model that keeps state."""
MAIN = """
#include <stdint.h>
{declarations}
void put(int value);
static uint32_t state = 1;
static int8_t next_byte(void) {{ state = state * 1664525u + 1013904223u; return (int8_t)(state >> 24); }}
static void run(int8_t *(*input)(void), void (*invoke)(void), const int8_t *(*output)(void), int size, int outputs)
{{
    for (int trial = 0; trial < {trials}; trial++) {{
        for (int i = 0; i < size; i++) {{ input()[i] = trial == 0 ? -128 : trial == 1 ? 127 : next_byte(); }}
        invoke();
        for (int i = 0; i < outputs; i++) {{ put(output()[i]); }}
    }}
}}
int main(void)
{{
{calls}
    return 0;
}}
"""
PUT_HERE = """
#include <stdio.h>
void put(int value);
void put(int value) { printf("%d\\n", value); }
"""
PUT_MPS2 = """
#include "kws_mps2.h"
#include "kws_text.h"
void put(int value);
void kws_uart0_rx_handler(void) {}
void kws_timer0_handler(void) {}
static void write_serial(const uint8_t *bytes, size_t count)
{
    KWS_MPS2_UART0->baud_divisor = 16;
    KWS_MPS2_UART0->control = KWS_UART_CONTROL_TX;
    for (; count > 0; --count) {
        while (KWS_MPS2_UART0->state & KWS_UART_STATE_TX_FULL) {}
        KWS_MPS2_UART0->data = *bytes++;
    }
}
static kws_text out = {write_serial, 0, {0}};
void put(int value) { kws_text_put_signed(&out, value); kws_text_end_line(&out); }
"""


VIRT = FIRMWARE / "ports" / "qemu_virt_rv32"
PUT_VIRT = """
#include "kws_port.h"
#include "kws_text.h"
#include "kws_virt.h"
void put(int value);
void kws_virt_on_uart(void) {}
void kws_virt_on_timer(void) {}
void kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    for (; count > 0; --count) {
        while (!(KWS_VIRT_UART->line_status & KWS_UART_STATUS_TX_EMPTY)) {}
        KWS_VIRT_UART->data = *bytes++;
    }
}
static kws_text out = {kws_port_serial_write, 0, {0}};
void put(int value) { kws_text_put_signed(&out, value); kws_text_end_line(&out); }
"""


def write_program(models: Sequence[bytes], trials: int, folder: Path) -> list[Path]:
    """Writes main() and the models; returns the sources, which need a function put()."""
    parts = [_write_wrapped(model, number, folder) for number, model in enumerate(models)]
    declarations, calls = ("".join(texts) for texts in zip(*parts, strict=True))
    (folder / "main.c").write_text(MAIN.format(declarations=declarations, calls=calls, trials=trials))
    return [folder / "main.c", *sorted(folder.glob("net*/model_aot.c")), *sorted(KERNELS.glob("*.c"))]


def _write_wrapped(model: bytes, number: int, folder: Path) -> tuple[str, str]:
    """Writes one model under names of its own, with weights in each form in turn; returns declarations and a call."""
    graph = read_model(model)
    declarations, arguments = write_renamed(compile_model(model, tuple(Form)[number % len(Form)]), number, folder)
    return declarations, f"    run({arguments}, {graph.input.size}, {graph.output.size});\n"


def write_renamed(compiled: AotModel, number: int, folder: Path) -> tuple[str, str]:
    """Writes C with its functions renamed, so that many fit one program; returns their declarations and their names."""
    prefix = f"net{number}"
    own = folder / prefix
    own.mkdir()
    renaming = "".join(f"#define kws_model_{end} {prefix}_{end}\n" for end in (*ENDS, "reset"))
    reset = RESET_FIRST if "KWS_MODEL_STATE_BYTES" in compiled.header else ""
    (own / "model_aot.c").write_text(renaming + compiled.source + reset)
    (own / "model_aot.h").write_text(compiled.header)
    declarations = f"int8_t *{prefix}_input(void); void {prefix}_invoke(void); const int8_t *{prefix}_output(void);\n"
    return declarations, ", ".join(f"{prefix}_{end}" for end in ENDS)


def outputs_here(models: Sequence[bytes], trials: int, folder: Path, *flags: str) -> list[int]:
    """Compiles for this computer, with extra flags, and runs."""
    return numbers_here(write_program(models, trials, folder), folder, *flags)


def numbers_here(sources: Sequence[Path], folder: Path, *flags: str) -> list[int]:
    """Compiles sources that need a put() for this computer, with extra flags, and runs them."""
    (folder / "put.c").write_text(PUT_HERE)
    options = [*STRICT, *flags, f"-I{KERNELS}"]
    own, kernels = _own_and_kernels("gcc", options, sources)
    run_compiler("gcc", *options, *own, folder / "put.c", *kernels, "-o", folder / "program")
    return _numbers(folder / "program")


def _own_and_kernels(compiler: str, options: Sequence[str], sources: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Returns the sources that are no kernels, and the kernels as object files, which tests share."""
    kernels = [source for source in sources if source.parent == KERNELS]
    return [source for source in sources if source.parent != KERNELS], compiled_objects(compiler, options, kernels)


def outputs_on_mps2(
    models: Sequence[bytes], trials: int, folder: Path, cpu: str, machine: str, *flags: str
) -> list[int]:
    """Compiles for a Cortex-M and runs it on the machine of QEMU that has one."""
    return numbers_on_mps2(write_program(models, trials, folder), folder, cpu, machine, *flags)


def numbers_on_mps2(sources: Sequence[Path], folder: Path, cpu: str, machine: str, *flags: str) -> list[int]:
    """The same with sources that need a put()."""
    (folder / "put.c").write_text(PUT_MPS2)
    text = FIRMWARE / "lib" / "kws_serial" / "kws_text.c"
    sources = [*sources, folder / "put.c", text, PORT / "kws_startup_mps2.c"]
    own = ["-std=gnu99", "-mthumb", f"-mcpu={cpu}", *flags, "-ffunction-sections", "-fdata-sections"]
    link = [
        "--specs=nano.specs",
        "--specs=nosys.specs",
        "-nostartfiles",
        "-Wl,--gc-sections",
        f"-T{PORT}/mps2_an386.ld",
    ]
    options = [*own, *(f"-I{path}" for path in (KERNELS, PORT, text.parent))]
    others, kernels = _own_and_kernels("arm-none-eabi-gcc", options, sources)
    run_compiler("arm-none-eabi-gcc", *options, *others, *kernels, *link, "-o", folder / "program.elf")
    command = ["qemu-system-arm", "-machine", machine, "-cpu", cpu, "-display", "none", "-monitor", "none"]
    command += [
        "-serial",
        "stdio",
        "-semihosting-config",
        "enable=on,target=native",
        "-kernel",
        str(folder / "program.elf"),
    ]
    return _numbers(*command)


def outputs_on_virt(models: Sequence[bytes], trials: int, folder: Path, *flags: str) -> list[int]:
    """Compiles for an rv32imc and runs it on QEMU's machine virt."""
    sources = write_program(models, trials, folder)
    for name, ending in (("main.c", "    kws_virt_exit(0);\n    return 0;\n}\n"), ("put.c", PUT_VIRT)):
        text = (folder / name).read_text() if name == "main.c" else ""
        body = text.removesuffix("    return 0;\n}\n")
        (folder / name).write_text(('#include "kws_virt.h"\n' if body else "") + body + ending)
    row = find_board("qemu-riscv32")
    build = json.loads((FIRMWARE / "platform" / "boards" / f"{row.board}.json").read_text())["build"]
    text_library = FIRMWARE / "lib" / "kws_serial"
    includes = [f"-I{path}" for path in (KERNELS, VIRT, text_library, FIRMWARE / "src")]
    options = [*build["machine_flags"], "-std=gnu99", *flags, "-ffunction-sections", "-fdata-sections", *includes]
    link = [*build["link_flags"], "-Wl,--gc-sections", f"-L{VIRT}", f"-T{next(VIRT.glob('*.ld')).name}"]
    own, kernels = _own_and_kernels(build["compiler"], options, sources)
    others = [*own, folder / "put.c", text_library / "kws_text.c", *VIRT.glob("kws_startup_*.c")]
    run_compiler(build["compiler"], *options, *others, *kernels, *link, "-o", folder / "program.elf")
    quiet = ["-display", "none", "-monitor", "none", "-serial", "stdio"]
    return _numbers(
        str(row.emulator), "-machine", row.machine, "-cpu", row.cpu, *row.emulator_options, *quiet,
        "-kernel", str(folder / "program.elf"),
    )  # fmt: skip


def _numbers(*command: str | Path) -> list[int]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, (done.stderr + done.stdout)[-3000:]
    return [int(line) for line in done.stdout.split()]
