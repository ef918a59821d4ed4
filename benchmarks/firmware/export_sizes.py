# SPDX-License-Identifier: Apache-2.0
"""Flash and RAM that each form of `tinykws export` adds to a program for a Cortex-M4: a table in Markdown.

    .venv/bin/python benchmarks/firmware/export_sizes.py demo/build/bundle

A program that feeds samples and does nothing with a word is compiled and linked with the export's library and without;
the difference is the library's. `-Os` everywhere; in a second row, what ESP-IDF and Zephyr use as exported (-O2).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tinykws.exports.exporters import EXPORTERS, Exporter
from tinykws.exports.library import Library, library_of, sources
from tinykws.firmware_build.elf_sizes import Footprint, footprint
from tinykws.model.bundle import load_bundle
from tinykws.stages.export import export_files
from tinykws.support.archives import unpack

COMPILER = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-std=gnu99"]
LINKER = ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "--specs=nano.specs", "--specs=nosys.specs"]
LIMIT = 1 << 24
PROGRAM = """
#include <stdint.h>
#include <string.h>
volatile int16_t source;
volatile int heard;
#ifdef WITH
#include "tinykws.h"
static uint8_t memory[TINYKWS_MEMORY_BYTES];
static void on_word(void *context, const tinykws_detection *detection)
{
    (void)context;
    heard = detection->label;
}
#endif
int main(void)
{
    int16_t samples[160];
    char more[160];
#ifdef WITH
    tinykws *kws = tinykws_init(memory, sizeof memory, on_word, NULL);
#endif
    for (;;) {
        for (int i = 0; i < 160; ++i) {
            samples[i] = source;
        }
        memcpy(more, samples, 160);
        memmove(samples, more + source, 100);
        memset(more, source, 160);
        heard = more[source] + samples[source];
#ifdef WITH
        tinykws_feed(kws, samples, 160);
#endif
    }
}
"""
"""Both have the C library's memcpy, memmove and memset, which a program with sound has anyhow."""


def main() -> None:
    """Prints the table."""
    library = library_of(load_bundle(Path(sys.argv[1])), None)
    print("| export | compiled with | flash | RAM, of it one instance |")
    print("|---|---|---|---|")
    for exporter in EXPORTERS.values():
        for level in ("-Os", "-O2"):
            flash, ram = added(exporter, library, level)
            print(f"| `{exporter.name}` | `{level}` | {flash:,} | {ram:,}, {library.memory_bytes_32:,} |")


def added(exporter: Exporter, library: Library, level: str) -> tuple[int, int]:
    """Returns bytes of flash and of RAM that an export adds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_export(exporter, library, folder)
        (folder / "main.c").write_text(PROGRAM)
        c_files = [source.parent / path for path in sources(f"src/{path}" for path in names_below(source))]
        with_library = linked(folder, ["-DWITH", f"-I{source}", *map(str, c_files)], level)
        without = linked(folder, [], level)
    return with_library.flash_bytes - without.flash_bytes, with_library.ram_bytes - without.ram_bytes


def write_export(exporter: Exporter, library: Library, folder: Path) -> Path:
    """Writes an export, unpacked; returns its folder `src`."""
    for path, data in export_files(exporter, library).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        if path.endswith(".zip"):
            unpack(folder / path, folder, LIMIT)
    return next(folder.rglob("tinykws.h")).parent


def names_below(folder: Path) -> list[str]:
    """Returns the names of files, relative to a folder."""
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]


def linked(folder: Path, more: list[str], level: str) -> Footprint:
    """Returns the sizes of the program."""
    program = folder / "program.elf"
    command = [*COMPILER, level, *LINKER, str(folder / "main.c"), *more, "-o", str(program)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return footprint(program)


if __name__ == "__main__":
    main()
