# SPDX-License-Identifier: Apache-2.0
"""The demo: a keyword spotter made from two words and proven on an emulated microcontroller.

    .venv/bin/python scripts/demo.py [--short] [--board ID]

Runs the commands that a user would type, and prints each. The last line is PASS or FAIL; the exit code is 0 only for
PASS. --short synthesizes fewer clips and trains for less time: `make test` runs it. --board takes an emulated board
other than qemu-cortex-m4 (`make demo BOARD=qemu-riscv32`).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORDS = "yes,no"
EMULATION = ("arm-none-eabi-gcc", "qemu-system-arm")
SETTINGS = """
synth: {clips_per_word: 800, unknown_clips: 2400, silence_clips: 240}
training: {epochs: 30, augmentation: {clips_per_epoch: 4000}}
"""
"""Fewer clips and epochs than the default, because someone is waiting for the demo."""
SHORT_SETTINGS = """
synth: {engines: espeak, vocoder_share: 0, clips_per_word: 200, unknown_clips: 400, silence_clips: 100}
training:
  epochs: 15
  batch_size: 16
  augmentation: {noise_probability: 0.3, room_probability: 0, lead_in_probability: 0, gain_db: 5, cut_probability: 0}
"""


def main() -> int:
    short, wanted = read_arguments()
    project = Path("build/demo-short" if short else "demo")
    started = time.monotonic()
    try:
        if not (ROOT / project / "kws.yaml").is_file():
            tinykws("init", project, "--words", WORDS)
            shorten(ROOT / project / "kws.yaml", SHORT_SETTINGS if short else SETTINGS)
        board = wanted or choose_board()
        tinykws("build", "--project", project, "--board", board)
        tinykws("evaluate", "--project", project)
        sample, accuracy = ("20", "0.6") if short else ("40", "0.7")
        tinykws(
            "verify", "--project", project, "--board", board, "--sample", sample, "--min-accuracy", accuracy
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        print(f"\n{' '.join(map(str, error.cmd[2:]))} ended with exit code {error.returncode}")
        print("FAIL")
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: the same command continues from here")
        print("FAIL")
        return 130
    print(f"\nfrom {WORDS.replace(',', ' and ')} to verified detections on {board}: {time.monotonic() - started:.0f} s")
    print("PASS")
    return 0


def read_arguments() -> tuple[bool, str | None]:
    """Returns whether --short was given, and the board, if any."""
    parser = argparse.ArgumentParser(description="from two words to verified detections")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--board")
    arguments = parser.parse_args()
    return arguments.short, arguments.board


def choose_board() -> str:
    """Returns the emulated Cortex-M4 if its tools are installed, else the host."""
    missing = [program for program in EMULATION if shutil.which(program) is None]
    if missing:
        print(
            f"not found: {' and '.join(missing)}; continuing with --board host, the same firmware compiled for the PC"
        )
        return "host"
    return "qemu-cortex-m4"


def shorten(config: Path, settings: str) -> None:
    """Replaces the training settings in kws.yaml with ones that take less time."""
    lines = [line for line in config.read_text(encoding="utf-8").splitlines() if not line.startswith("training:")]
    config.write_text("\n".join(lines) + settings, encoding="utf-8")


def tinykws(*arguments: object) -> None:
    """Prints a command line as a user would type it, and runs it."""
    words = [str(argument) for argument in arguments]
    print(f"\n$ tinykws {' '.join(words)}", flush=True)
    subprocess.run([sys.executable, "-m", "tinykws", *words], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
