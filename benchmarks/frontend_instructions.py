# SPDX-License-Identifier: Apache-2.0
"""How many instructions each step of the front-end takes for a frame, and its flash and RAM, on emulated Cortex-M.

    python benchmarks/frontend_instructions.py [--json] [--write]

frontend_instructions.c is compiled with the front-end's own sources (-O2), run by QEMU, which counts instructions
exactly (-icount, calibrated on loops of known length). Features must equal those of Python's front-end. The input is a
minute of recorded speech if there is a folder `shared`, else a minute of generated sound. `--write` writes the table
next to this file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))

from emulated_cortex_m4 import compile_program, run_program
from frontend_signals import RATE_HZ, to_int16, voice
from tinykws.native._kws import lib

from tinykws.native.features import FrontEnd
from tinykws.native.frontend_tables import c_source
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.resources import FIRMWARE

HERE = Path(__file__).parent
FRONTEND = FIRMWARE / "lib" / "kws_frontend"
TABLE = HERE / "frontend_instructions.md"
SPEECH = HERE.parent.parent / "shared" / "data" / "negatives" / "coffee_orders_60min.flac"
SECONDS = 60
SETTINGS = FrontendSettings()
STEPS = ("analysis_window", "fft", "filterbank", "frontend", "logarithm", "noise_reduction", "pcan", "square_root")
CORES = {"cortex-m4": "Cortex-M4", "cortex-m3": "Cortex-M3, no DSP instructions", "cortex-m0plus": "Cortex-M0+"}
NOISE = "Cortex-M4, white noise"
BEFORE = "Cortex-M4, first form"
BEFORE_COUNTS = {
    "window": 18427,
    "FFT": 40982,
    "filter bank": 9072,
    "square roots": 5658,
    "noise reduction": 1173,
    "gain": 1776,
    "logarithm": 591,
    "all": 72691,
}
"""At commit 714f096, on the same minute: portable C on every core, roots digit by digit."""
OPPONENT = "TFLite Micro's microfrontend, Cortex-M4"
OPPONENT_COUNTS = {"window": 8200, "FFT": 57000, "filter bank": 8800, "square roots": 5600, "all": 85039}
"""Measured in the same way; steps to the nearest hundred or thousand, where they were told apart."""


def speech() -> tuple[npt.NDArray[np.int16], str]:
    """Returns a minute of sound, and its description."""
    if SPEECH.is_file():
        import soundfile

        samples, _ = soundfile.read(SPEECH, dtype="int16", start=60 * RATE_HZ, frames=SECONDS * RATE_HZ)
        return samples, "real speech (the second minute of coffee_orders_60min)"
    return to_int16(voice(SECONDS) * 9000), "made sound like speech"


def loud_noise() -> npt.NDArray[np.int16]:
    """Returns a minute of sound whose features are all far from 0, which takes the most instructions."""
    return to_int16(np.random.default_rng(1).normal(0, 5000, SECONDS * RATE_HZ))


def count(core: str, samples: npt.NDArray[np.int16], folder: Path) -> dict[str, int]:
    """Checks the features; returns the mean instructions per frame of each step."""
    program = compile_program(
        [HERE / "frontend_instructions.c", *library_sources(folder)], folder / f"{core}.elf", core=core
    )
    samples.tofile(folder / "samples.i16")
    output = run_program(program, folder)
    features = np.fromfile(folder / "features.u16", np.uint16).reshape(-1, SETTINGS.n_mels)
    np.testing.assert_array_equal(features, FrontEnd(SETTINGS).process(samples))
    counts = dict(line.rsplit(" ", 1) for line in output.splitlines())
    return {name: int(value) for name, value in counts.items() if name != "frames"}


def library_sources(folder: Path) -> list[Path]:
    """Returns the front-end's C files; its tables are written to `folder`."""
    tables = folder / "kws_frontend_config.c"
    tables.write_text(c_source(SETTINGS))
    return [tables, *(FRONTEND / f"kws_{step}.c" for step in STEPS)]


def flash_bytes(core: str, folder: Path) -> dict[str, int]:
    """Returns the bytes of code and of constants that the front-end's objects have."""
    machine = [f"-mcpu={core}", "-mthumb", "-O2", f"-I{FRONTEND}", "-nostdlib", "-r"]
    linked = folder / f"{core}.o"
    subprocess.run(["arm-none-eabi-gcc", *machine, *library_sources(folder), "-o", linked], check=True)
    sizes = subprocess.run(["arm-none-eabi-size", "-A", linked], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in sizes.splitlines() if line.startswith((".text", ".rodata"))]
    code = sum(int(row[1]) for row in rows if row[0].startswith(".text"))
    return {"code": code, "constants": sum(int(row[1]) for row in rows) - code}


def ram_bytes() -> int:
    """Returns the working memory on a 32-bit core: the caller's, and kws_frontend with its six words."""
    return 4 * int(lib.frontend_memory_words(SETTINGS.window_samples, SETTINGS.n_mels)) + 6 * 4


def table(counts: dict[str, dict[str, int]], flash: dict[str, dict[str, int]], sound: str) -> str:
    """Returns the table as Markdown."""
    columns = [*counts.values(), BEFORE_COUNTS, OPPONENT_COUNTS]
    titles = [CORES.get(name, name) for name in counts] + [BEFORE, OPPONENT]
    rows = [
        "# Instructions of the front-end for a frame of 20 ms",
        "",
        "Written by `python benchmarks/frontend_instructions.py --write`; do not edit. Means over a minute of",
        f"{sound};",
        "30 ms windows, 40 channels, GCC -O2, counted by QEMU. The filter bank has the square roots in it, all also",
        "the copying of samples. Every feature equals Python's.",
        "",
        "| step | " + " | ".join(titles) + " |",
        "|---|" + "---:|" * len(titles),
    ]
    for step in counts["cortex-m4"]:
        name = f"of which {step}" if step == "square roots" else step
        rows.append(
            f"| {name} | " + " | ".join(f"{column[step]:,}" if step in column else "" for column in columns) + " |"
        )
    rows += ["", "| bytes | " + " | ".join(CORES.values()) + " |", "|---|" + "---:|" * len(CORES)]
    rows += [
        f"| flash, {part} | " + " | ".join(f"{flash[core][part]:,}" for core in CORES) + " |"
        for part in flash["cortex-m4"]
    ]
    rows.append("| RAM without stack | " + " | ".join(f"{ram_bytes():,}" for _ in CORES) + " |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    arguments = parser.parse_args()
    samples, sound = speech()
    with tempfile.TemporaryDirectory() as folder:
        counts = {core: count(core, samples, Path(folder)) for core in CORES}
        counts[NOISE] = count("cortex-m4", loud_noise(), Path(folder))
        flash = {core: flash_bytes(core, Path(folder)) for core in CORES}
    text = table(counts, flash, sound)
    print(
        json.dumps({"instructions": counts, "flash_bytes": flash, "ram_bytes": ram_bytes()}) if arguments.json else text
    )
    if arguments.write:
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
