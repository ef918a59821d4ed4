# SPDX-License-Identifier: Apache-2.0
"""How long a model takes on a board, known before anything is compiled; and refusing one that cannot keep up.

Instructions are guessed from the model's ops, or counted in emulation; cycles for each are a guess of the core's
(cores.py). Left out are the detector, the handing on of samples and frames, and the serial line: some hundredths.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

from tinykws.aot.reader.graph import Graph, Op
from tinykws.aot.reader.tflite import read_model
from tinykws.boards.cores import CORES, Core
from tinykws.boards.rows import Board
from tinykws.cost.frontend import frame_instructions
from tinykws.cost.instructions import typical_error
from tinykws.cost.on_board import choose_for_board
from tinykws.cost.streaming_choice import StreamReport
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class _TflmRates:
    """Instructions of TFLite Micro for a multiplication of its kernels, and for a value of other ops' inputs."""

    kernels: str
    conv: float
    pointwise_conv: float
    depthwise: float
    depthwise_of_one_channel: float
    dense: float
    value: float = 8.0


_TFLM_WITH_DSP = _TflmRates("CMSIS-NN", 3.5, 2.1, 7.8, 4.6, 1.9)
_TFLM_PLAIN = _TflmRates("its reference kernels", 14.8, 14.8, 28.0, 28.0, 14.8)
"""From counts of micro_speech and MLPerf's DS-CNN on a Cortex-M4F (TFLM of 2026-08-20, GCC 12.2), op by op with
CMSIS-NN and as a whole with the reference kernels."""
LONGEST_INFERENCE_MS = 1000
"""Words are missed where a model looks seldomer."""


@dataclasses.dataclass(frozen=True)
class Times:
    """What instructions come to on a clock, by a guess of cycles for each."""

    ms_per_inference: float
    ms_per_second: float
    """Of listening."""
    share_of_clock: float
    """How much of the processor's time listening takes; more than 1: it cannot keep up."""


@dataclasses.dataclass(frozen=True)
class Speed:
    """What listening takes of a board's processor."""

    instructions_per_inference: int
    instructions_per_frame: int
    """Of the front-end."""
    instructions_per_second: int
    """Of listening: the front-end's, and all inferences'."""
    inferences_per_second: float
    clock_hz: int
    """0: not known."""
    cycles_per_instruction: float
    times: Times | None
    """None where the clock is not known."""
    how: str
    """Where the instructions are from."""
    cycles_how: str
    """Where the cycles are from."""
    stream: StreamReport | None = None
    """What the aot engine keeps from one window to the next and why not more; None with another engine."""


def estimated_speed(bundle: Bundle, board: Board, engine: str) -> Speed | None:
    """Returns what listening takes with an engine, None for a board whose core is not known.

    Raises:
        ConfigError: the engine cannot run the model.
    """
    if not board.core:
        return None
    core = CORES[board.core]
    graph = read_model(bundle.model_bytes())
    stream = None
    if engine == "tflm":
        rates = _tflm_rates(core)
        count = _tflm_instructions(graph, rates)
        how = f"a rough guess, from counts of TFLite Micro with {rates.kernels} for two other models"
    else:
        choice = choose_for_board(bundle, board)
        count, stream = choice.cost.instructions, choice.report
        error = typical_error(choice.schedule, core.counted_as)
        how = f"estimated from the model's ops, usually within {max(error, 0.01):.0%} of a count ({core.counted_as})"
    speed = speed_of(bundle, board, count, frame_instructions(bundle.frontend, core.counted_as), how)
    return dataclasses.replace(speed, stream=stream)


def counting_board(board: Board, boards: Iterable[Board]) -> Board | None:
    """Returns an emulated board that executes the same instructions, the board itself where it is one; None: there is
    none. It has the board's RAM, so that the engine chooses as it does for the board."""
    if not board.core:
        return None
    for other in (board, *boards):
        same = other.core and CORES[other.core].counted_as == CORES[board.core].counted_as
        if same and other.emulator_programs:
            is_itself = other.id == board.id
            return (
                other
                if is_itself
                else dataclasses.replace(other, id=f"{other.id}-for-{board.id}", ram_bytes=board.ram_bytes)
            )
    return None


def counted_speed(speed: Speed, bundle: Bundle, board: Board, per_inference: float, per_frame: float) -> Speed:
    """Returns the speed with instructions that were counted in emulation.

    Args:
        speed: the estimate.
        bundle: what was run.
        board: where it shall run.
        per_inference: instructions, counted.
        per_frame: of the front-end, counted.
    """
    how = (
        f"counted in emulation ({CORES[board.core].counted_as}); the estimate was {speed.instructions_per_inference:,}"
    )
    counted = speed_of(bundle, board, round(per_inference), round(per_frame), how)
    return dataclasses.replace(counted, stream=speed.stream)


def speed_of(bundle: Bundle, board: Board, per_inference: int, per_frame: int, how: str) -> Speed:
    """Returns the speed that follows from instructions."""
    core = CORES[board.core]
    frames_per_second = 1000 / bundle.frontend.stride_ms
    inferences_per_second = 1000 / bundle.detector.inference_stride_ms
    per_second = round(per_frame * frames_per_second + per_inference * inferences_per_second)
    times = None
    if board.clock_hz:
        ms_per_instruction = 1000 * core.cycles_per_instruction / board.clock_hz
        ms_per_second = per_second * ms_per_instruction
        times = Times(per_inference * ms_per_instruction, ms_per_second, ms_per_second / 1000)
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
    )


def refuse_what_is_too_slow(speed: Speed | None, bundle: Bundle, board: Board, engine: str) -> None:
    """Raises ConfigError, with what to try, where listening takes more than all of the board's time.

    An emulated board has no time of its own and is never too slow.
    """
    times = None if speed is None else speed.times
    if speed is None or times is None or times.share_of_clock <= 1 or board.emulator is not None:
        return
    ways = [
        *_other_engine(bundle, board, engine),
        *_fewer_inferences(times, speed.inferences_per_second, bundle.frontend.stride_ms),
        "a smaller network (`model: architecture` in kws.yaml), or a faster board",
        "--force, to build it all the same",
    ]
    raise ConfigError(
        f"on {board.name} a second of listening takes about {times.ms_per_second:,.0f} ms, and so it cannot keep up:"
        f" {speed.inferences_per_second:g} inferences of {times.ms_per_inference:,.0f} ms",
        hint="\n".join(ways),
    )


def _other_engine(bundle: Bundle, board: Board, engine: str) -> Iterator[str]:
    if engine != "tflm" or "aot" not in board.engines:
        return
    try:
        speed = estimated_speed(bundle, board, "aot")
    except ConfigError:
        return
    if speed is not None and speed.times is not None and speed.times.share_of_clock <= 1:
        yield f"--engine aot ({speed.times.share_of_clock:.0%} of the clock)"


def _fewer_inferences(times: Times, inferences_per_second: float, stride_ms: int) -> Iterator[str]:
    """The shortest time from one inference to the next with which it would keep up."""
    left_ms = 1000 - (times.ms_per_second - times.ms_per_inference * inferences_per_second)
    if left_ms <= 0:
        return
    strides = math.ceil(1000 * times.ms_per_inference / left_ms / stride_ms)
    if strides * stride_ms <= LONGEST_INFERENCE_MS:
        yield f"fewer inferences, `detector: {{inference_stride_ms: {strides * stride_ms}}}` in kws.yaml"


def _tflm_rates(core: Core) -> _TflmRates:
    return _TFLM_WITH_DSP if core.counted_as == "armv7e-m" else _TFLM_PLAIN


def _tflm_instructions(graph: Graph, rates: _TflmRates) -> int:
    return round(sum(_tflm_op_instructions(graph, op, rates) for op in graph.ops if op.name != "RESHAPE"))


def _tflm_op_instructions(graph: Graph, op: Op, rates: _TflmRates) -> float:
    output, weights = graph.result(op), graph.operand(op, 1)
    rate = {
        "CONV_2D": rates.pointwise_conv if weights and weights.shape[1:3] == (1, 1) else rates.conv,
        "DEPTHWISE_CONV_2D": rates.depthwise,
        "FULLY_CONNECTED": rates.dense,
    }.get(op.name)
    source = graph.tensors[op.inputs[0]]
    if rate is None or weights is None:
        return source.size * rates.value
    if op.name == "DEPTHWISE_CONV_2D" and source.shape[-1] == 1:
        rate = rates.depthwise_of_one_channel
    # Each output is a sum over the weights of its channel.
    return output.size * (weights.size / output.shape[-1]) * rate
