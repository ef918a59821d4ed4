# SPDX-License-Identifier: Apache-2.0
"""How much of a board's processor time listening takes, known before anything is compiled; refuses what is too slow.

A model is too slow if one second of listening takes more than one second of the board's time (`refuse_if_too_slow`):

    instructions per second = front-end instructions per frame x frames per second
                            + model instructions per inference x inferences per second
    share of the clock      = instructions per second x cycles per instruction / clock frequency

Instructions are estimated from the model's ops (model_instructions.py, tflm_instructions.py, frontend_instructions.py)
or counted in emulation (`tinykws build --count`); cycles per instruction are an estimate per core (boards/cores.py).
The detector, copying of samples and frames, and serial output are left out: together a few percent.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

from tinykws.aot.reader.tflite import read_model
from tinykws.boards.cores import CORES
from tinykws.boards.rows import REFERENCE, Board
from tinykws.cost.current import Current, estimate_current
from tinykws.cost.execution_mode import StreamReport, choose_mode_for_board
from tinykws.cost.frontend_instructions import frame_instructions
from tinykws.cost.model_instructions import typical_error
from tinykws.cost.tflm_instructions import kernels_of, rates_for, tflm_instructions
from tinykws.cost.waking import Waking, estimate_waking
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

LONGEST_INFERENCE_MS = 1000
"""Longest inference stride that is advised: with fewer inferences words are missed."""


@dataclasses.dataclass(frozen=True)
class Times:
    """Processor time, from instructions, the clock and the estimated cycles per instruction."""

    ms_per_inference: float
    ms_per_second: float
    """Per second of listening."""
    share_of_clock: float
    """Share of the processor's time that listening takes; above 1 the board cannot keep up."""


@dataclasses.dataclass(frozen=True)
class Speed:
    """The load that listening puts on a board's processor."""

    instructions_per_inference: int
    instructions_per_frame: int
    """The front-end's, per frame of features."""
    instructions_per_second: int
    """Per second of listening: front-end and all inferences."""
    inferences_per_second: float
    clock_hz: int
    """0: unknown."""
    cycles_per_instruction: float
    times: Times | None
    """None if the clock is unknown."""
    how: str
    """Where the instruction counts come from, in words."""
    cycles_how: str
    """Where the cycles per instruction come from, in words."""
    stream: StreamReport | None = None
    """The mode the aot engine uses and why; None for another engine."""
    current: Current | None = None
    """Estimated current of listening; None if the board's row has no figures, or the clock is unknown."""
    waking: Waking | None = None
    """What a gate's waking takes; None without a gate, or if the clock is unknown or there is no microphone."""


def estimate_speed(bundle: Bundle, board: Board, engine: str) -> Speed | None:
    """Returns the estimated load of listening with an engine, None for a board whose core is unknown.

    Raises:
        ConfigError: the engine cannot run the model.
    """
    if not board.core:
        return None
    core = CORES[board.core]
    graph = read_model(bundle.model_bytes())
    stream = None
    if engine == "tflm":
        rates = rates_for(board.tflm, core.counted_as)
        count = tflm_instructions(graph, rates)
        how = f"a rough estimate, from counts of TFLite Micro with {rates.kernels} for two other models"
    else:
        choice = choose_mode_for_board(bundle, board)
        count, stream = choice.cost.instructions, choice.report
        error = typical_error(choice.schedule, core.counted_as)
        how = f"estimated from the model's ops, usually within {max(error, 0.01):.0%} of a count ({core.counted_as})"
    speed = speed_from_instructions(bundle, board, count, frame_instructions(bundle.frontend, core.counted_as), how)
    return _in_mode(speed, stream, bundle, board)


def counting_board(board: Board, boards: Iterable[Board]) -> Board | None:
    """Returns an emulated board on which a board's instructions can be counted, None if there is none.

    It executes the same instruction set, and it has the board's RAM, so that the aot engine chooses the same mode. An
    emulated board is its own counting board.
    """
    if not board.core:
        return None
    for other in (board, *boards):
        same = other.core and CORES[other.core].counted_as == CORES[board.core].counted_as
        if same and other.emulator_programs:
            if other.id == board.id:
                return other
            return dataclasses.replace(other, id=f"{other.id}-for-{board.id}", ram_bytes=board.ram_bytes)
    return None


def speed_from_counts(speed: Speed, bundle: Bundle, board: Board, per_inference: float, per_frame: float) -> Speed:
    """Returns the load from instructions that were counted in emulation.

    Args:
        speed: the estimate that it replaces.
        bundle: the bundle that was run.
        board: the board whose load it is.
        per_inference: counted instructions per inference.
        per_frame: counted instructions of the front-end per frame.
    """
    how = (
        f"counted in emulation ({CORES[board.core].counted_as}); the estimate was {speed.instructions_per_inference:,}"
    )
    counted = speed_from_instructions(bundle, board, round(per_inference), round(per_frame), how)
    return _in_mode(counted, speed.stream, bundle, board)


def _in_mode(speed: Speed, stream: StreamReport | None, bundle: Bundle, board: Board) -> Speed:
    """Returns the load with the mode in which the engine runs, on which waking depends."""
    waking = None
    if speed.times is not None:
        keeps_rows = stream is not None and stream.keeps_rows
        waking = estimate_waking(bundle, board, speed.times.ms_per_inference, keeps_rows=keeps_rows)
    return dataclasses.replace(speed, stream=stream, waking=waking)


def speed_from_instructions(bundle: Bundle, board: Board, per_inference: int, per_frame: int, how: str) -> Speed:
    """Returns the load that follows from instructions per inference and per frame; `how` says where they come from."""
    core = CORES[board.core]
    frames_per_second = 1000 / bundle.frontend.stride_ms
    inferences_per_second = 1000 / bundle.detector.inference_stride_ms
    per_second = round(per_frame * frames_per_second + per_inference * inferences_per_second)
    times, current = None, None
    if board.clock_hz:
        ms_per_instruction = 1000 * core.cycles_per_instruction / board.clock_hz
        ms_per_second = per_second * ms_per_instruction
        times = Times(per_inference * ms_per_instruction, ms_per_second, ms_per_second / 1000)
        quiet_share = per_frame * frames_per_second * ms_per_instruction / 1000 if bundle.detector.gate_db else None
        current = estimate_current(board.power, times.share_of_clock, quiet_share)
    return Speed(
        per_inference,
        per_frame,
        per_second,
        inferences_per_second,
        board.clock_hz,
        core.cycles_per_instruction,
        times,
        how,
        core.source,
        current=current,
    )


def refuse_if_too_slow(speed: Speed | None, bundle: Bundle, board: Board, engine: str) -> None:
    """Raises ConfigError if listening takes more than all of the board's processor time; the hint says what to try.

    Emulated boards are never too slow: emulated time says nothing about a real processor.
    """
    times = None if speed is None else speed.times
    if speed is None or times is None or times.share_of_clock <= 1 or board.emulator is not None:
        return
    ways = [
        *_other_engine(bundle, board, engine),
        *_faster_kernels(board, engine),
        *_fewer_inferences(times, speed.inferences_per_second, bundle.frontend.stride_ms),
        "use a smaller network: set `model: {architecture: NAME}` in kws.yaml (list: tinykws architectures)",
        "use a faster board: tinykws boards",
        "--force builds it anyway",
    ]
    raise ConfigError(
        f"{board.name} cannot keep up: one second of listening takes about {times.ms_per_second:,.0f} ms,"
        f" with {speed.inferences_per_second:g} inferences of {times.ms_per_inference:,.0f} ms",
        hint="\n".join(ways),
    )


def _other_engine(bundle: Bundle, board: Board, engine: str) -> Iterator[str]:
    if engine != "tflm" or "aot" not in board.engines:
        return
    try:
        speed = estimate_speed(bundle, board, "aot")
    except ConfigError:
        return
    if speed is not None and speed.times is not None and speed.times.share_of_clock <= 1:
        yield f"use --engine aot ({speed.times.share_of_clock:.0%} of the clock)"


def _faster_kernels(board: Board, engine: str) -> Iterator[str]:
    """Yields how to say that the library is faster than assumed, or to make one that is."""
    if engine == "tflm" and CORES[board.core].counted_as == "armv7e-m" and kernels_of(board.tflm) == REFERENCE:
        yield (
            "this is for TFLM's reference kernels; if the library has CMSIS-NN, write `kernels: cmsis_nn` under `tflm:`"
            " in the board's row, or make one that has: tinykws tflm-library --help"
        )


def _fewer_inferences(times: Times, inferences_per_second: float, stride_ms: int) -> Iterator[str]:
    """Yields the shortest inference stride with which the board would keep up, if there is one."""
    left_ms = 1000 - (times.ms_per_second - times.ms_per_inference * inferences_per_second)
    if left_ms <= 0:
        return
    strides = math.ceil(1000 * times.ms_per_inference / left_ms / stride_ms)
    if strides * stride_ms <= LONGEST_INFERENCE_MS:
        yield f"run fewer inferences: set `detector: {{inference_stride_ms: {strides * stride_ms}}}` in kws.yaml"
