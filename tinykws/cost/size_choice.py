# SPDX-License-Identifier: Apache-2.0
"""`model: {size: auto}`: the largest network for streams that a board's clock, flash and RAM allow, before training.

A network may take a share of each, so that the rest is left for the program around it and for what the user adds. The
figures are estimates (stream_graph.py, model_instructions.py, tflm_instructions.py); a limit that the board's row does
not state does not count, nor does the clock of an emulated board: emulated time says nothing about a real processor.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

from tinykws.aot.lowering.ops import lower
from tinykws.boards.cores import CORES
from tinykws.boards.rows import Board
from tinykws.cost.architecture_cost import broken_limits
from tinykws.cost.execution_mode import DEFAULT_INSTRUCTION_SET, Cost, Workload, choose_mode
from tinykws.cost.frontend_instructions import frame_instructions
from tinykws.cost.memory import ARCHITECTURE_NEEDS, ARENA_ALIGNMENT
from tinykws.cost.stream_graph import macs_of, stream_graph
from tinykws.cost.tflm_instructions import rates_for, tflm_instructions
from tinykws.project.config import Config
from tinykws.project.model_settings import STREAM_MEDIUM
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import STREAM_WIDTHS
from tinykws.training.architectures.stream_tcn import STRIDE

SHARE_OF_CLOCK = 0.5
"""Listening may take so much of the processor's time, the front-end included."""
SHARE_OF_FLASH = 0.5
SHARE_OF_RAM = 0.5
"""Of the board's flash and RAM, for the model alone."""
_NEEDS_FRAMES = 49
"""Frames for which ARCHITECTURE_NEEDS states what TFLite Micro takes."""
_TFLITE_OVERHEAD = 6500
"""Bytes of a .tflite around its constants, rounded up: 6,200 for all sizes."""


_SLOWER = (2, 3, 4)
"""How many times longer an inference stride is that is proposed."""


@dataclasses.dataclass(frozen=True)
class SizeCost:
    """What a size takes on a board, by estimate."""

    architecture: str
    flash_bytes: int
    """Of the model alone."""
    ram_bytes: int
    """Of the model alone."""
    instructions_per_second: int
    """Of listening: front-end and all inferences."""
    share_of_clock: float | None
    """None if the board's clock is unknown, or emulated."""
    lacks: tuple[str, ...]
    """Why it does not fit, in words; empty if it does."""


@dataclasses.dataclass(frozen=True)
class SizeChoice:
    """The size that was chosen for a board."""

    architecture: str
    board: str
    engine: str
    why: str
    """In words: what it takes, and what the next larger size lacks."""
    sizes: tuple[SizeCost, ...]
    """All sizes, smallest first."""

    def in_words(self) -> str:
        """Returns the choice as one line."""
        return f"size auto: {self.architecture} for {self.board}, engine {self.engine}: {self.why}"


def choose_size(config: Config, board: Board, engine: str, kept: str | None = None) -> SizeChoice:
    """Returns the largest size that a board allows.

    Args:
        config: says features, labels, the inference stride and the limits of `model`.
        board: its row of boards.yaml.
        engine: the engine that will run the model.
        kept: the size that was chosen for a real board. An emulated board takes the same if it fits, so that it runs
            what the real one runs; so does a board without limits.

    Raises:
        ConfigError: no size fits; the hint says what would help.
    """
    sizes = tuple(size_cost(name, config, board, engine) for name in STREAM_WIDTHS)
    fitting = [size for size in sizes if not size.lacks]
    if not fitting:
        raise _none_fits(sizes[0], config, board, engine)
    if board.emulator is not None and kept in [size.architecture for size in fitting]:
        return SizeChoice(str(kept), board.id, engine, "it was chosen for a real board, and fits here too", sizes)
    if not _has_limits(board):
        by_default = next((size for size in fitting if size.architecture == STREAM_MEDIUM), fitting[-1])
        return SizeChoice(by_default.architecture, board.id, engine, "the board's row states no limits", sizes)
    chosen = fitting[-1]
    larger = sizes[sizes.index(chosen) + 1 :]
    if not larger:
        return SizeChoice(chosen.architecture, board.id, engine, f"{_takes(chosen)}; it is the largest", sizes)
    next_one = f"{larger[0].architecture} takes {' and '.join(larger[0].lacks)}"
    others = "".join(f"; --engine {name} has room for it" for name in _engines_for(larger[0], config, board, engine))
    return SizeChoice(chosen.architecture, board.id, engine, f"{_takes(chosen)}; {next_one}{others}", sizes)


def size_cost(architecture: str, config: Config, board: Board, engine: str) -> SizeCost:
    """Returns what a size takes on a board, and what it lacks there."""
    frontend, stride_ms = config.frontend, config.detector.inference_stride_ms
    core = CORES[board.core] if board.core else None
    instruction_set = core.counted_as if core else DEFAULT_INSTRUCTION_SET
    graph = stream_graph(*frontend.features_shape, len(config.labels), STREAM_WIDTHS[architecture])
    constants = sum(tensor.data.nbytes for tensor in graph.tensors if tensor.data is not None)
    tflite_bytes, arena = _tflm_bytes(architecture, constants, frontend.features_shape)
    if engine == "tflm":
        margin = board.tflm.arena_margin_bytes if board.tflm else 0
        flash, ram = tflite_bytes, -(-(arena + margin) // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
        per_inference = tflm_instructions(graph, rates_for(board.tflm, instruction_set))
    else:
        inference_stride = stride_ms // frontend.stride_ms
        workload = Workload(frontend.n_frames, inference_stride, instruction_set, board.ram_bytes, board.flash_bytes)
        mode = _mode_cost(frontend.n_mels, len(config.labels), STREAM_WIDTHS[architecture], workload)
        flash, ram, per_inference = mode.constant_bytes, mode.arena_bytes, mode.instructions
    per_frame = frame_instructions(frontend, instruction_set)
    per_second = round(per_frame * 1000 / frontend.stride_ms + per_inference * 1000 / stride_ms)
    share = None
    if core is not None and board.clock_hz and board.emulator is None:
        share = per_second * core.cycles_per_instruction / board.clock_hz
    lacks = (
        *_lacks(board, flash, ram, share),
        *broken_limits(config.model, tflite_bytes=tflite_bytes, macs=macs_of(graph), arena_bytes=arena),
    )
    return SizeCost(architecture, flash, ram, per_second, share, lacks)


@functools.lru_cache
def _mode_cost(n_mels: int, n_labels: int, width: int, workload: Workload) -> Cost:
    """Returns what an inference costs with the aot engine."""
    graph = stream_graph(workload.frames, n_mels, n_labels, width)
    return choose_mode(graph, lower(graph), workload).cost


def _tflm_bytes(architecture: str, constants: int, features_shape: tuple[int, int]) -> tuple[int, int]:
    """Returns the bytes of the .tflite and of TFLite Micro's arena, rounded up.

    For each frame beyond those of ARCHITECTURE_NEEDS the arena holds a frame and half a row of the first layer.
    """
    n_frames, n_mels = features_shape
    more = max(0, n_frames - _NEEDS_FRAMES) * (n_mels + STREAM_WIDTHS[architecture] // STRIDE)
    return constants + _TFLITE_OVERHEAD, ARCHITECTURE_NEEDS[architecture]["tflm"].ram_bytes + more


def _lacks(board: Board, flash: int, ram: int, share: float | None) -> Iterator[str]:
    if share is not None and share > SHARE_OF_CLOCK:
        yield f"{share:.0%} of the clock ({SHARE_OF_CLOCK:.0%} may be used)"
    for used, limit, allowed, name in (
        (flash, board.flash_bytes, SHARE_OF_FLASH, "flash"),
        (ram, board.ram_bytes, SHARE_OF_RAM, "RAM"),
    ):
        if limit and used > allowed * limit:
            yield f"{used:,} bytes of {name} ({allowed:.0%} of {limit:,} may be used)"


def _takes(size: SizeCost) -> str:
    clock = "" if size.share_of_clock is None else f"{size.share_of_clock:.0%} of the clock, "
    return f"it takes {clock}{size.flash_bytes:,} bytes of flash and {size.ram_bytes:,} of RAM"


def _has_limits(board: Board) -> bool:
    has_clock = board.core and board.clock_hz and board.emulator is None
    return bool(has_clock or board.flash_bytes or board.ram_bytes)


def _engines_for(size: SizeCost, config: Config, board: Board, engine: str) -> list[str]:
    """Returns the board's other engines with which a size fits."""
    others = (name for name in board.engines if name != engine)
    return [name for name in others if not size_cost(size.architecture, config, board, name).lacks]


def _none_fits(smallest: SizeCost, config: Config, board: Board, engine: str) -> ConfigError:
    ways = [
        f"use --engine {other}: {smallest.architecture} fits with it"
        for other in _engines_for(smallest, config, board, engine)
    ]
    for stride_ms in (factor * config.detector.inference_stride_ms for factor in _SLOWER):
        fewer = dataclasses.replace(
            config, detector=dataclasses.replace(config.detector, inference_stride_ms=stride_ms)
        )
        if not size_cost(smallest.architecture, fewer, board, engine).lacks:
            ways.append(f"run fewer inferences: `detector: {{inference_stride_ms: {stride_ms}}}` in kws.yaml")
            break
    ways += [
        "use another network: remove `size` under `model` in kws.yaml, and set architecture (tinykws architectures)",
        "use a board with more room: tinykws boards",
    ]
    return ConfigError(
        f"no size of the networks for streams fits {board.name} with engine {engine}:"
        f" {smallest.architecture}, the smallest, takes {' and '.join(smallest.lacks)}",
        hint="\n".join(ways),
    )
