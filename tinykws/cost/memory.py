# SPDX-License-Identifier: Apache-2.0
"""Flash and RAM that a model takes with each engine, known before anything is compiled; decides whether it fits.

`refuse_if_too_large` refuses a model that needs more than the board has, and suggests engines and architectures that
fit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tinykws.boards.rows import Board
from tinykws.cost.execution_mode import choose_mode_for_board
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

ARENA_ALIGNMENT = 16
_NO_LIMIT = 2**40


@dataclasses.dataclass(frozen=True)
class MemoryNeeds:
    """Bytes of the model alone; the firmware around it takes more."""

    flash_bytes: int
    """Constants, in the form that the board has: weights may be stored wide or packed."""
    ram_bytes: int
    """Working memory."""


ARCHITECTURE_NEEDS = {
    "micro_speech": {"tflm": MemoryNeeds(19_000, 8_000), "aot": MemoryNeeds(17_500, 7_500)},
    "ds_tcn": {"tflm": MemoryNeeds(20_000, 11_000), "aot": MemoryNeeds(15_500, 5_000)},
    "stream_small": {"tflm": MemoryNeeds(30_000, 13_000), "aot": MemoryNeeds(23_500, 12_000)},
    "stream_medium": {"tflm": MemoryNeeds(54_000, 18_000), "aot": MemoryNeeds(48_000, 13_000)},
    "stream_large": {"tflm": MemoryNeeds(99_500, 21_000), "aot": MemoryNeeds(93_500, 13_500)},
    "ds_cnn": {"tflm": MemoryNeeds(13_000, 10_500), "aot": MemoryNeeds(9_500, 13_000)},
    "bc_resnet": {"tflm": MemoryNeeds(18_000, 21_500), "aot": MemoryNeeds(7_500, 14_500)},
}
"""What each architecture needs with features of [49, 40] and four labels, rounded up. tflm: the .tflite and the arena
measured on the host; aot: the constants and the planned arena. A test converts the architectures and compares."""


def arena_bytes(bundle: Bundle, board: Board) -> int:
    """Returns the size of the tflm engine's arena: measured or computed on the host, plus the board's margin."""
    return _aligned(bundle.arena_bytes + _margin(board))


def model_memory(bundle: Bundle, board: Board, engine: str) -> MemoryNeeds:
    """Returns the memory that the bundle's model needs. Raises ConfigError if the engine cannot run it."""
    if engine == "tflm":
        return MemoryNeeds(len(bundle.model_bytes()), arena_bytes(bundle, board))
    cost = choose_mode_for_board(bundle, board).cost
    return MemoryNeeds(cost.constant_bytes, cost.arena_bytes)


def refuse_if_too_large(bundle: Bundle, board: Board, engine: str) -> None:
    """Raises ConfigError if the model alone needs more flash or RAM than the board has."""
    board = board.with_engine(engine)
    needs = model_memory(bundle, board, engine)
    over = excess(needs, board)
    if over.flash_bytes > 0:
        what, needed, limit, too_much = "bytes of flash", needs.flash_bytes, board.flash_bytes, over.flash_bytes
    elif over.ram_bytes > 0:
        what, needed, limit, too_much = "bytes of RAM", needs.ram_bytes, board.ram_bytes, over.ram_bytes
    else:
        return
    raise ConfigError(
        f"with engine {engine} the model takes {needed:,} {what}, {too_much:,} more than {board.name} has ({limit:,})",
        hint=advice(bundle, board, engine, over),
    )


def excess(used: MemoryNeeds, board: Board) -> MemoryNeeds:
    """Returns by how much something exceeds the board's memory; a negative number is what is left."""
    return MemoryNeeds(
        used.flash_bytes - (board.flash_bytes or _NO_LIMIT),
        used.ram_bytes - (board.ram_bytes or _NO_LIMIT),
    )


def advice(bundle: Bundle, board: Board, engine: str, over: MemoryNeeds) -> str:
    """Returns a hint that names the engines and architectures that would fit.

    Args:
        bundle: the model that does not fit.
        board: the board it does not fit on.
        engine: the engine in use.
        over: by how much it exceeds the board's memory, see excess(); 0 if that is not known.
    """
    fitting = [
        f"{name} (the model: {needs.flash_bytes:,} bytes of flash, {needs.ram_bytes:,} of RAM)"
        for name, needs in _alternatives(bundle, board, engine)
        if _saves(model_memory(bundle, board, engine), needs, over)
    ]
    if not fitting:
        return "neither another engine nor another architecture would fit: use a board with more memory"
    return "this would fit:\n" + "\n".join(fitting)


def _alternatives(bundle: Bundle, board: Board, engine: str) -> Iterator[tuple[str, MemoryNeeds]]:
    """Yields alternatives, smallest change first. Never from aot to tflm: its library takes more than a model saves."""
    smaller_engine = engine == "tflm" and "aot" in board.engines
    if smaller_engine:
        try:
            yield "--engine aot", model_memory(bundle, board, "aot")
        except ConfigError:
            smaller_engine = False
    for name, network in ARCHITECTURE_NEEDS.items():
        margin = _margin(board) if engine == "tflm" else 0
        here = network[engine]
        yield f"architecture {name}", MemoryNeeds(here.flash_bytes, _aligned(here.ram_bytes + margin))
        if smaller_engine:
            yield f"architecture {name} with --engine aot", network["aot"]


def _saves(now: MemoryNeeds, then: MemoryNeeds, over: MemoryNeeds) -> bool:
    return now.flash_bytes - then.flash_bytes >= over.flash_bytes and now.ram_bytes - then.ram_bytes >= over.ram_bytes


def _margin(board: Board) -> int:
    assert board.tflm is not None
    return board.tflm.arena_margin_bytes


def _aligned(size: int) -> int:
    return -(-size // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
