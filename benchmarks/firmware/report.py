# SPDX-License-Identifier: Apache-2.0
"""Writes ../firmware.md from the results of measure.py."""

from __future__ import annotations

import dataclasses
from typing import Any

from tinykws.boards.cores import CORES
from tinykws.boards.rows import find_board

NOTE = """\
Written by `python benchmarks/firmware/measure.py --write`; do not edit. Instructions are counted by QEMU (`-icount`),
two runs agree, loops of known length calibrate; outputs equal TFLite Micro's interpreter. GCC 12.2, -O2. The model's
flash and RAM are those of a program that only reads the input from a port, runs the model and writes the output;
"listening" is front-end, model and the default detector (temporal_filter) between a port for samples and one for what
was heard, an inference every five frames, without the serial protocol. Vectors and start-up
code are counted in, and so is the deepest stack, of an invoke or of all listening. In a stream each inference is of the
whole window up to its frame, byte for byte; what windows share is kept where that is worth its memory on a board with
262,144 bytes of RAM and 983,040 of flash (nRF52840), and so are weights stored in a form that takes more flash and
fewer instructions: wide, for DSP instructions, or packed, for two products in one multiplication where there are none.
A window is shown with both. The opponent is TFLite Micro with CMSIS-NN, built and counted the same way. What runs on
the Cortex-M0+ is counted on the Cortex-M3, which executes the same instructions."""
HISTOGRAM_NOTE = """\
From a trace of every instruction executed (QEMU's `-d exec`, one instruction a block), told apart by the functions of
the ELF; what the compiler has put into its caller counts there. Cycles are a guess from Arm's tables (cycles.py),
memory that answers at once."""
STREAMS_NOTE = """\
An inference every 80 ms over 75 frames; untrained networks of three labels (training changes no count). Memory and
constants are those of the Cortex-M4F."""
VENDOR_NOTE = """\
The same models by Arm's CMSIS-NN {version}, in the same run: the same compiler and flags, called op by op without an
interpreter, parameters prepared before. Whole windows, our weights in the form that is fast on the machine. Cycles are
by Arm's table (cycles.py), without wait states."""
TRIED = """\
Where a row is not reached: the histograms below show where its instructions go, and this is what was tried.

- **micro_speech on the Cortex-M0+, Cortex-M3 and rv32imc**, instructions of a window in this order of attempts. Two
  products a multiplication, windows packed value by value, loops in C: 1,837,994, 1,332,387, 1,674,366. Each input row
  packed once and columns copied from it, products of 64 bits by 16-bit halves on the Cortex-M0+: 1,412,057, 1,343,614,
  1,573,695. Loops in assembly, each run a jump into unrolled code: 1,374,848, 774,789, 1,315,256. Kept rows moved word
  by word, clamping together with requantization: 1,374,458, 764,916, 1,242,113. Four outputs at once in assembly on the
  Cortex-M0+: 1,329,139. Of these, products take 2.5 instructions a multiply-accumulate, as in the prototype with code
  made for these weights (810,422); there, requantization (39 an output), the dense layer, whose products are single,
  columns and calls are what is left. Runs for four channels at once are shorter than for one: 29.0 instead of 19.6 for
  40 pairs, where 14.8 is the least that the weights allow; so four pixels of one channel are computed at once.
- **ds_tcn and kws_ref on the Cortex-M4F**, instructions of a window in this order of attempts. Wide weights, rows by
  SMLAD: 392,647, 3,082,251. Outputs of pointwise layers in upper halves of words, stored four at once, 12 pairs
  unrolled: 364,754. Multiplier and offset of depthwise rows in registers: 357,641. Averages of four channels at once:
  351,776, 2,860,065. 3x3 rows without a sign after ReLU, planes filled two pixels at once: 351,776, 2,811,789. A
  prototype with code for each layer takes 284,400 for ds_tcn: depthwise layers write int16 columns and pointwise layers
  int16 lines (at most 33,000 less), shifts and addresses are immediates. Neither is built.
- **The front-end on the Cortex-M4F and listening's memory**: nothing was tried on them yet. On cores without DSP
  instructions the front-end was shortened (docs/notebook/kernels.md)."""
SHOWN_SHARE = 0.002


@dataclasses.dataclass(frozen=True)
class Figures:
    """Instructions, flash and RAM bytes; 0: not measured."""

    instructions: int = 0
    flash_bytes: int = 0
    ram_bytes: int = 0


OPPONENTS = {"micro_speech": Figures(1_495_400), "kws_ref": Figures(7_697_400, 106_972, 23_908)}
LISTENING_OPPONENT = Figures(0, 87_616, 22_400)
FRONTEND_OPPONENT = 85_039
"""TFLite Micro with CMSIS-NN on the Cortex-M4F, measured the same way (TFLM of 2026-08-20, GCC 12.2, release)."""
WANTED = {"micro_speech": Figures(320_000), "kws_ref": Figures(3_300_000, 34_000, 17_500)}
STREAM_WANTED = 90_000
"""micro_speech, every frame inferred."""
LISTENING_WANTED = Figures(0, 30_000, 8_000)
FRONTEND_WANTED = 35_000
STREAMS_WANTED = {"stream_small": 40_000, "stream_medium": 84_000, "stream_large": 166_000}
"""An inference of a network for streams: about an instruction for each of its multiply-accumulates."""
FRAMES_PER_SECOND = 50
RP2040_WANTED = 15.0
"""Percent of its clock, for the default network for streams with every frame inferred."""
FIRST = "Cortex-M4F"


def text_of(rows: dict[str, Any]) -> str:
    """Returns the page."""
    models = {name: row for name, row in rows.items() if name not in ("frontend", "streams", "vendor")}
    parts = ["# Instructions and bytes on emulated boards", NOTE, _summary(rows)]
    parts += ["## Wanted", _wanted(rows), TRIED]
    for name, row in models.items():
        parts += [f"## {name}", _machines(row["machines"]), _streams(row["streams"])]
        parts += [_ops(row["machines"][FIRST]), _native(row["native"])]
    if rows["streams"]:
        parts += ["## Networks for streams", STREAMS_NOTE, _stream_models(rows["streams"])]
    if "vendor" in rows:
        parts += ["## Side by side with CMSIS-NN", VENDOR_NOTE.format(version=rows["vendor"]["version"])]
        parts += [_vendor(models, rows["vendor"]["models"]), _vendor_ops(models, rows["vendor"]["models"])]
    parts += ["## Where the instructions go", HISTOGRAM_NOTE]
    for name, row in models.items():
        parts.append(_histogram(f"{name}, one invoke on the {FIRST}", row["traced"]))
        if row["traced_wide"]["functions"] != row["traced"]["functions"]:
            parts.append(_histogram(f"{name} with wide weights, one invoke on the {FIRST}", row["traced_wide"]))
        parts.append(_histogram(f"{name} with packed weights, one invoke on the Cortex-M0+", row["traced_packed"]))
    parts.append(_histogram(f"front-end, a frame of 20 ms of noise on the {FIRST}", rows["frontend"][FIRST]))
    frames = [f"| {name} | {sum(row['functions'].values()):,} |" for name, row in rows["frontend"].items()]
    parts.append("\n".join(["| front-end, a frame | instructions |", "|---|---:|", *frames]))
    return "\n\n".join(parts) + "\n"


def _summary(rows: dict[str, Any]) -> str:
    lines = [f"| {FIRST} | ours | wanted | TFLM + CMSIS-NN |", "|---|---:|---:|---:|"]
    for name, theirs in OPPONENTS.items():
        ours, wanted = rows[name]["machines"][FIRST], WANTED[name]
        wide = ours["fast"]["instructions"]
        form = ", wide weights" if wide < ours["instructions"] else ""
        title = f"{name}, instructions of a window{form}"
        lines.append(_row(title, wide, wanted.instructions, theirs.instructions))
        if name == "micro_speech":
            every_frame = rows[name]["streams"][0]["instructions"]
            title = f"{name} in a stream, every frame of 20 ms inferred, instructions of a new frame, mean"
            lines.append(_row(title, every_frame, STREAM_WANTED, theirs.instructions))
        if theirs.flash_bytes:
            lines.append(
                _row(f"{name}, flash, weights as they are", ours["flash_bytes"], wanted.flash_bytes, theirs.flash_bytes)
            )
            lines.append(
                _row(f"{name}, RAM, weights as they are", ours["ram_bytes"], wanted.ram_bytes, theirs.ram_bytes)
            )
    frame = sum(rows["frontend"][FIRST]["functions"].values())
    lines.append(_row("front-end, instructions of a frame", frame, FRONTEND_WANTED, FRONTEND_OPPONENT))
    flash, ram = _listening(rows["micro_speech"]["machines"][FIRST])
    lines.append(
        _row("listening with micro_speech, flash", flash, LISTENING_WANTED.flash_bytes, LISTENING_OPPONENT.flash_bytes)
    )
    lines.append(
        _row("listening with micro_speech, RAM", ram, LISTENING_WANTED.ram_bytes, LISTENING_OPPONENT.ram_bytes)
    )
    return "\n".join(lines)


def _wanted(rows: dict[str, Any]) -> str:
    """All that is wanted of later work, reached or not."""
    tcn, ref, speech = (rows[name]["machines"] for name in ("ds_tcn", "kws_ref", "micro_speech"))
    frame = sum(rows["frontend"][FIRST]["functions"].values())
    flash, ram = _listening(tcn[FIRST])
    measures = [
        (f"ds_tcn, {FIRST}, instructions of a window", tcn[FIRST]["fast"]["instructions"], 285_000),
        (f"ds_tcn, {FIRST}, cycles of a window", rows["ds_tcn"]["traced_wide"]["cycles"], 420_000),
        (f"ds_tcn, {FIRST}, every frame inferred", rows["ds_tcn"]["streams"][0]["instructions"], 8_000),
        (f"kws_ref, {FIRST}, instructions of a window", ref[FIRST]["fast"]["instructions"], 2_200_000),
        (f"kws_ref, {FIRST}, cycles of a window", rows["kws_ref"]["traced_wide"]["cycles"], 3_600_000),
        (f"front-end, {FIRST}, instructions of a frame", frame, 24_000),
        ("micro_speech, Cortex-M0+, instructions of a window", speech["Cortex-M0+"]["fast"]["instructions"], 950_000),
        ("micro_speech, Cortex-M3, instructions of a window", speech["Cortex-M3"]["fast"]["instructions"], 800_000),
        ("micro_speech, rv32imc, instructions of a window", speech["rv32imc"]["fast"]["instructions"], 900_000),
        (f"listening with ds_tcn, {FIRST}, flash", flash, 32_000),
        (f"listening with ds_tcn, {FIRST}, RAM", ram, 10_000),
    ]
    for name, wanted in STREAMS_WANTED.items():
        if name in rows["streams"]:
            row = rows["streams"][name][FIRST]
            measures.append((f"{name}, {FIRST}, instructions of an inference, mean", row["instructions"], wanted))
            measures.append((f"{name}, {FIRST}, the most of an inference", row["most_instructions"], wanted))
    lines = ["| measure | now | wanted |", "|---|---:|---:|"]
    for title, now, wanted in measures:
        lines.append(f"| {title} | {now:,} | {wanted:,}{_unless_reached(now, wanted)} |")
    for name, machines in rows["streams"].items():
        if "every_frame" in machines["Cortex-M0+"]:
            share = _share_of_rp2040(rows, machines["Cortex-M0+"]["every_frame"]["instructions"])
            title = f"{name} and front-end on the RP2040, every frame inferred, share of the clock"
            lines.append(f"| {title} | {share:.1f} % | {RP2040_WANTED:g} %{_unless_reached(share, RP2040_WANTED)} |")
    return "\n".join(lines)


def _unless_reached(now: float, wanted: float) -> str:
    return "" if now <= wanted else " (not reached)"


def _share_of_rp2040(rows: dict[str, Any], inference: int) -> float:
    """Returns percent of the clock of a Raspberry Pi Pico; of 50 frames a second each with an inference."""
    board = find_board("pico")
    frame: int = sum(rows["frontend"]["Cortex-M0+"]["functions"].values())
    cycles = (frame + inference) * CORES[board.core].cycles_per_instruction * FRAMES_PER_SECOND
    return 100 * cycles / board.clock_hz


def _row(name: str, ours: int, wanted: int, theirs: int) -> str:
    reached = f"{wanted:,}" if ours <= wanted else f"{wanted:,} (not reached)"
    return f"| {name} | {ours:,} | {reached} | {theirs:,} ({theirs / ours:.1f} times ours) |"


def _listening(row: dict[str, Any]) -> tuple[int, int]:
    """Returns flash and RAM, stack included."""
    return row["listening"]["flash_bytes"], row["listening"]["ram_bytes"]


def _streams(streams: list[dict[str, Any]]) -> str:
    whole = streams[0]["whole_arena_bytes"]
    lines = [
        f"| in a stream, {FIRST}, an inference every | instructions of one, mean | the most | working memory ({whole:,}"
        " for whole windows) |",
        "|---|---:|---:|---:|",
    ]
    for row in streams:
        frames = "frame" if row["inference_stride"] == 1 else f"{row['inference_stride']} frames"
        lines.append(f"| {frames} | {row['instructions']:,} | {row['most_instructions']:,} | {row['arena_bytes']:,} |")
    return "\n".join([*lines, "", f"Here {streams[-1]['how']}."])


def _machines(machines: dict[str, Any]) -> str:
    lines = ["| | instructions | flash | RAM, stack included | of which stack |", "|---|---:|---:|---:|---:|"]
    for name, row in machines.items():
        lines.append(
            f"| {name} | {row['instructions']:,} | {row['flash_bytes']:,} | {row['ram_bytes']:,}"
            f" | {row['stack_bytes']:,} |"
        )
    for name, row in machines.items():
        fast = row["fast"]
        if fast["instructions"] != row["instructions"]:
            lines.append(
                f"| {fast['form']} weights, {name} | {fast['instructions']:,} | {fast['flash_bytes']:,}"
                f" | {fast['ram_bytes']:,} | {fast['stack_bytes']:,} |"
            )
    for name, row in machines.items():
        if "listening" in row:
            flash, ram = _listening(row)
            frame, stack = row["listening"]["instructions_per_frame"], row["listening"]["stack_bytes"]
            lines.append(
                f"| listening, {name}, instructions of a frame | {frame:,} | {flash:,} | {ram:,} | {stack:,} |"
            )
    return "\n".join(lines)


def _stream_models(models: dict[str, Any]) -> str:
    names = list(next(iter(models.values())))
    lines = [f"| instructions of an inference | {' | '.join(names)} | working memory | constants |"]
    lines.append("|---|" + "---:|" * (len(names) + 2))
    for name, machines in models.items():
        counts = " | ".join(f"{machines[machine]['instructions']:,}" for machine in names)
        first = machines[names[0]]
        lines.append(f"| {name} | {counts} | {first['arena_bytes']:,} | {first['constant_bytes']:,} |")
    return "\n".join(lines)


def _vendor(models: dict[str, Any], theirs: dict[str, Any]) -> str:
    lines = ["| instructions of a window | ours | CMSIS-NN | | outputs that differ from TFLite Micro's, CMSIS-NN |"]
    lines.append("|---|---:|---:|---:|---:|")
    for name, machines in theirs.items():
        for machine, row in machines.items():
            ours, count = models[name]["machines"][machine]["fast"]["instructions"], row["instructions"]
            ratio, different = f"{count / ours:.2f} times ours", row["different_outputs"]
            lines.append(f"| {name}, {machine} | {ours:,} | {count:,} | {ratio} | {different} |")
            if "cycles" in row:
                own = models[name]["traced_wide"]["cycles"]
                text = f"{row['cycles'] / own:.2f} times ours"
                lines.append(f"| {name}, {machine}, cycles | {own:,} | {row['cycles']:,} | {text} | |")
    return "\n".join(lines)


def _vendor_ops(models: dict[str, Any], theirs: dict[str, Any]) -> str:
    lines = [f"| op, on the {FIRST} | ours | CMSIS-NN |", "|---|---:|---:|"]
    for name, machines in theirs.items():
        own = models[name]["machines"][FIRST]["fast"]["ops"]
        for ours, op in zip(own, machines[FIRST]["ops"], strict=True):
            lines.append(f"| {name} {op['op']} | {ours['instructions']:,} | {op['instructions']:,} |")
    return "\n".join(lines)


def _ops(row: dict[str, Any]) -> str:
    counts = [f"| {op['op']} | {op['instructions']:,} |" for op in row["ops"]]
    return "\n".join([f"| op, on the {FIRST} | instructions |", "|---|---:|", *counts])


def _native(row: dict[str, float]) -> str:
    ratio = row["interpreter"] / row["aot"]
    return (
        f"On a PC, one invoke: generated C {row['aot']} us, the interpreter {row['interpreter']} us,"
        f" {ratio:.1f} times as long (medians, taken in turns)."
    )


def _histogram(title: str, row: dict[str, Any]) -> str:
    """The functions with the most instructions; the others together in one row."""
    functions = row["functions"]
    total = sum(functions.values())
    shown = {name: count for name, count in functions.items() if count >= SHOWN_SHARE * total}
    lines = [f"| {title} | instructions | share |", "|---|---:|---:|"]
    lines += [f"| `{name}` | {count:,} | {count / total:.1%} |" for name, count in shown.items()]
    rest = total - sum(shown.values())
    lines += [f"| {len(functions) - len(shown)} others | {rest:,} | {rest / total:.1%} |"] if rest else []
    return "\n".join([*lines, f"| all | {total:,} | {row['cycles_per_instruction']} cycles an instruction |"])
