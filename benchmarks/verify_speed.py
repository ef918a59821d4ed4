# SPDX-License-Identifier: Apache-2.0
"""How many times faster than real time `tinykws verify` works on emulated boards; writes verify_speed.md.

    python benchmarks/verify_speed.py [--bundle DIR] [--clips 100] [--seconds 300] [--write]

Clips are validation clips of Speech Commands, the stream is recorded conversation; both are in `../shared/data` next to
the checkout. The duration of the sound excludes the silence that verify adds. Wall time is measured from the start of
the emulator to the last result, including the host's own pipeline; processor time, which other work on the computer
affects less, is that of this process and the emulator together. The best of three runs counts; runs whose verdict is
not PASS are discarded.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tinykws.boards.rows import Board, find_board
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.quantize import import_model
from tinykws.stages.verify import ClipFile, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
RESULT = Path(__file__).with_suffix(".md")
CASES = (
    ("host", None),
    ("qemu-cortex-m4", "fast"),
    ("qemu-cortex-m4", "uart"),
    ("qemu-riscv32", "fast"),
    ("qemu-riscv32", "uart"),
)
UART_SHARE = 10
"""Share of the sound that is sent over the UART, which is slow."""
RUNS = 3
TAIL_MS = 500


def shipped_bundle(folder: Path) -> Bundle:
    """Returns TFLite Micro's micro_speech as a bundle."""
    model = SHARED / "models" / "micro_speech_quantized.tflite"
    return import_model(model, ["silence", "unknown", "yes", "no"], folder)


def program_of(bundle: Bundle, board: Board, folder: Path) -> Path:
    """Makes the firmware of an emulated board."""
    project = folder / board.id
    generate(bundle, board, None, project)
    return build(project, board).program


@dataclasses.dataclass(frozen=True)
class Ratios:
    """Returns the multiple of real time."""

    wall: float
    processor: float

    def __str__(self) -> str:
        """Returns both as cells of a table."""
        return f"{self.wall:.1f} | {self.processor:.1f}"


def processor_seconds() -> float:
    """Returns what this process and its ended children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def best_ratios(run: Callable[[], tuple[float, float]]) -> Ratios:
    """Returns the best of several runs; each gives seconds of sound and of wall time."""
    walls, processors = [], []
    for _ in range(RUNS):
        before = processor_seconds()
        sound_s, wall_s = run()
        walls.append(sound_s / wall_s)
        processors.append(sound_s / (processor_seconds() - before))
    return Ratios(max(walls), max(processors))


def run_clips(
    bundle: Bundle, board: Board, program: Path, clips: list[ClipFile], emulator_transport: str | None
) -> tuple[float, float]:
    """Returns seconds of sound and seconds taken."""
    report = verify(bundle, board, program, clips, emulator_transport=emulator_transport, tail_ms=TAIL_MS)
    if not report.passed:
        sys.exit(f"{board.id}: {report.reason}")
    return report.audio_seconds - TAIL_MS / 1000 * len(clips), report.seconds


def run_stream(
    bundle: Bundle, board: Board, program: Path, stream: StreamFile, emulator_transport: str | None
) -> tuple[float, float]:
    """Returns seconds of sound and seconds taken."""
    with tempfile.TemporaryDirectory() as folder:
        report = verify_stream(
            bundle, board, program, stream, log_path=Path(folder) / "log.jsonl", emulator_transport=emulator_transport
        )
    if not report.passed:
        sys.exit(f"{board.id}: {report.reason}")
    return report.audio_seconds, report.seconds


def measured(bundle: Bundle, n_clips: int, seconds: int) -> list[str]:
    """Returns a line of the table for each case, printing it at once."""
    words = SHARED / "data" / "speech_commands"
    names = (words / "validation_list.txt").read_text().split()[:n_clips]
    clips = [ClipFile(words / name) for name in names]
    talk = SHARED / "data" / "negatives" / "coffee_orders_60min.flac"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for board_id, wire in CASES:
            board = find_board(board_id)
            program = program_of(bundle, board, Path(folder))
            share = UART_SHARE if wire == "uart" else 1
            some, stream = clips[: max(1, n_clips // share)], StreamFile(talk, first_seconds=seconds // share)
            of_clips = best_ratios(partial(run_clips, bundle, board, program, some, wire))
            of_stream = best_ratios(partial(run_stream, bundle, board, program, stream, wire))
            rows.append(f"| {board_id} | {wire or 'socket'} | {of_clips} | {of_stream} |")
            print(rows[-1], flush=True)
    return rows


def table(rows: list[str], n_clips: int, seconds: int) -> str:
    """Returns the table as Markdown."""
    lines = [
        "# Speed of verify",
        "",
        "Written by `python benchmarks/verify_speed.py --write`; do not edit. Times real time, by the wall's clock and",
        f"by processor time, the best of {RUNS} runs: {n_clips} clips of Speech Commands, {seconds} s of talk in one",
        "stream (a tenth of both by the UART), TFLite Micro's micro_speech, aot engine. All verdicts are PASS.",
        "",
        f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.0f} at the end.",
        "",
        "| board | sound goes by | clips, wall | processor | stream, wall | processor |",
        "|---|---|---:|---:|---:|---:|",
        *rows,
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=None, help="another bundle than TFLite Micro's micro_speech")
    parser.add_argument("--clips", type=int, default=100, help="how many")
    parser.add_argument("--seconds", type=int, default=300, help="of the stream")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bundle = load_bundle(arguments.bundle) if arguments.bundle else shipped_bundle(Path(folder) / "bundle")
        text = table(measured(bundle, arguments.clips, arguments.seconds), arguments.clips, arguments.seconds)
    print(text)
    if arguments.write:
        RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
