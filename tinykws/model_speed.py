"""How long a model takes on a board, known before anything is compiled; and refusing one that cannot keep up.

Instructions are guessed from the model's ops, or counted in emulation; cycles for each are a guess of
the core's (cores.py). The detector and the serial line are left out: less than a hundredth.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.cost import typical_error
from tinykws.aot.graph import Graph, Op
from tinykws.aot.reader import read_model
from tinykws.aot_on_board import choose_for_board
from tinykws.boards import Board
from tinykws.bundle import Bundle
from tinykws.chip.frontend_cost import frame_instructions
from tinykws.cores import CORES, Core
from tinykws.errors import ConfigError


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
class Speed:
    """What listening takes of a board's processor."""

    instructions_per_inference: int
    instructions_per_frame: int
    """Of the front-end."""
    instructions_per_second: int
    """Of listening: the front-end's, and all inferences'."""
    inferences_per_second: float
    clock_hz: int
    cycles_per_instruction: float
    ms_per_inference: float
    ms_per_second: float
    """Of listening; 1000: all that there is."""
    share_of_clock: float
    how: str
    """Where the instructions are from."""
    cycles_how: str
    """Where the cycles are from."""
    sharing: str = ""
    """What the aot engine keeps from one window to the next and why not more; empty with another engine."""


def estimated_speed(bundle: Bundle, board: Board, engine: str) -> Speed | None:
    """Returns what listening takes with an engine, None for a board whose core or clock is not known.

    Raises:
        ConfigError: the engine cannot run the model.
    """
    if not board.core or not board.clock_hz:
        return None
    core = CORES[board.core]
    graph = read_model(bundle.model_bytes())
    sharing = ""
    if engine == "tflm":
        rates = _tflm_rates(core)
        count = _tflm_instructions(graph, rates)
        how = f"a rough guess, from counts of TFLite Micro with {rates.kernels} for two other models"
    else:
        choice = choose_for_board(bundle, board)
        count, sharing = choice.cost.instructions, choice.explanation
        error = typical_error(choice.schedule, core.counted_as)
        how = f"estimated from the model's ops, usually within {max(error, 0.01):.0%} of a count ({core.counted_as})"
    speed = speed_of(bundle, board, count, frame_instructions(bundle.frontend, core.counted_as), how)
    return dataclasses.replace(speed, sharing=sharing)


def speed_of(bundle: Bundle, board: Board, per_inference: int, per_frame: int, how: str) -> Speed:
    """Returns the speed that follows from instructions."""
    core = CORES[board.core]
    frames_per_second = 1000 / bundle.frontend.stride_ms
    inferences_per_second = 1000 / bundle.detector.inference_ms
    per_second = round(per_frame * frames_per_second + per_inference * inferences_per_second)
    ms_per_instruction = 1000 * core.cycles_per_instruction / board.clock_hz
    return Speed(
        per_inference,
        per_frame,
        per_second,
        inferences_per_second,
        board.clock_hz,
        core.cycles_per_instruction,
        per_inference * ms_per_instruction,
        per_second * ms_per_instruction,
        per_second * ms_per_instruction / 1000,
        how,
        core.source,
    )


def refuse_what_is_too_slow(speed: Speed | None, bundle: Bundle, board: Board, engine: str) -> None:
    """Raises ConfigError, with what to try, where listening takes more than all of the board's time.

    An emulated board has no time of its own and is never too slow.
    """
    if speed is None or speed.share_of_clock <= 1 or board.emulator is not None:
        return
    raise ConfigError(
        f"on {board.name} a second of listening takes about {speed.ms_per_second:,.0f} ms, and so it cannot keep up:"
        f" {speed.inferences_per_second:g} inferences of {speed.ms_per_inference:,.0f} ms",
        hint="\n".join([*_ways_out(speed, bundle, board, engine), "--force, to build it all the same"]),
    )


def _ways_out(speed: Speed, bundle: Bundle, board: Board, engine: str) -> list[str]:
    ways = []
    if engine == "tflm" and "aot" in board.engines:
        aot = _speed_with_aot(bundle, board)
        if aot is not None and aot.share_of_clock <= 1:
            ways.append(f"--engine aot ({aot.share_of_clock:.0%} of the clock)")
    stride = bundle.frontend.stride_ms
    left_ms = 1000 - (speed.ms_per_second - speed.ms_per_inference * speed.inferences_per_second)
    if left_ms > 0:
        needed = 1000 * speed.ms_per_inference / left_ms
        inference_ms = -(-int(needed + 1) // stride) * stride
        if inference_ms <= LONGEST_INFERENCE_MS:
            ways.append(f"fewer inferences, `detector: {{inference_ms: {inference_ms}}}` in kws.yaml")
    return [*ways, "a smaller network (`model: architecture` in kws.yaml), or a faster board"]


def _speed_with_aot(bundle: Bundle, board: Board) -> Speed | None:
    try:
        return estimated_speed(bundle, board, "aot")
    except ConfigError:
        return None


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
