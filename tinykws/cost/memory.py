# SPDX-License-Identifier: Apache-2.0
"""What a model takes of a chip's memory with each engine, known before anything is compiled; and what takes less."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tinykws.aot.reader.tflite import read_model
from tinykws.boards.rows import Board
from tinykws.cost.on_board import choose_for_board
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

ARENA_ALIGNMENT = 16
_NO_LIMIT = 2**40


@dataclasses.dataclass(frozen=True)
class Needs:
    """Bytes of the model alone: constants in flash and working memory. The firmware around it takes more."""

    flash_bytes: int
    ram_bytes: int


NETWORKS = {
    "micro_speech": {"tflm": Needs(19_000, 8_000), "aot": Needs(17_500, 7_500)},
    "ds_tcn": {"tflm": Needs(20_000, 11_000), "aot": Needs(15_500, 5_000)},
    "ds_cnn": {"tflm": Needs(13_000, 10_500), "aot": Needs(9_500, 13_000)},
    "bc_resnet": {"tflm": Needs(18_000, 21_500), "aot": Needs(7_500, 14_500)},
}
"""tinykws's architectures with 49 frames of 40 and four labels, rounded up: .tflite and the host's arena, constants and
the planner's arena. A test converts them and compares."""


def arena_bytes(bundle: Bundle, board: Board) -> int:
    """Returns the size of the tflm engine's arena: what the host's interpreter measured, and what the board's library
    may want beyond it."""
    return _aligned(bundle.arena_bytes + _margin(board))


def model_needs(bundle: Bundle, board: Board, engine: str) -> Needs:
    """Returns what the bundle's model takes. Raises ConfigError where the engine cannot run it."""
    model = bundle.model_bytes()
    if engine == "tflm":
        return Needs(len(model), arena_bytes(bundle, board))
    constants = sum(tensor.data.nbytes for tensor in read_model(model).tensors if tensor.data is not None)
    return Needs(constants, choose_for_board(bundle, board).cost.arena_bytes)


def refuse_what_cannot_fit(bundle: Bundle, board: Board, engine: str) -> None:
    """Raises ConfigError where the model alone takes more than the board has."""
    needs = model_needs(bundle, board, engine)
    over = excess(needs, board)
    if over.flash_bytes > 0:
        what, needed, limit, too_much = "bytes of flash", needs.flash_bytes, board.flash_bytes, over.flash_bytes
    elif over.ram_bytes > 0:
        what, needed, limit, too_much = "bytes of RAM to work in", needs.ram_bytes, board.ram_bytes, over.ram_bytes
    else:
        return
    raise ConfigError(
        f"with engine {engine} the model takes {needed:,} {what}, {too_much:,} more than {board.name} has ({limit:,})",
        hint=advice(bundle, board, engine, over),
    )


def excess(used: Needs, board: Board) -> Needs:
    """Returns by how much something is larger than the board; below zero: how much room is left."""
    return Needs(
        used.flash_bytes - (board.flash_bytes or _NO_LIMIT),
        used.ram_bytes - (board.ram_bytes or _NO_LIMIT),
    )


def advice(bundle: Bundle, board: Board, engine: str, over: Needs) -> str:
    """Returns a hint that names the engine and the architectures that would fit.

    Args:
        bundle: what does not fit.
        board: where.
        engine: with which engine.
        over: by how much, as excess() has it; 0 where the room that is left is not known.
    """
    fitting = [
        f"{name} (the model: {needs.flash_bytes:,} bytes of flash, {needs.ram_bytes:,} of RAM)"
        for name, needs in _alternatives(bundle, board, engine)
        if _saves(model_needs(bundle, board, engine), needs, over)
    ]
    if not fitting:
        return "neither another engine nor another architecture would fit: take a board with more memory"
    return "this would fit:\n" + "\n".join(fitting)


def _alternatives(bundle: Bundle, board: Board, engine: str) -> Iterator[tuple[str, Needs]]:
    """From the smallest change on. Never from aot to tflm, whose library takes more than any model saves."""
    smaller_engine = engine == "tflm" and "aot" in board.engines
    if smaller_engine:
        try:
            yield "--engine aot", model_needs(bundle, board, "aot")
        except ConfigError:
            smaller_engine = False
    for name, network in NETWORKS.items():
        margin = _margin(board) if engine == "tflm" else 0
        here = network[engine]
        yield f"architecture {name}", Needs(here.flash_bytes, _aligned(here.ram_bytes + margin))
        if smaller_engine:
            yield f"architecture {name} with --engine aot", network["aot"]


def _saves(now: Needs, then: Needs, over: Needs) -> bool:
    return now.flash_bytes - then.flash_bytes >= over.flash_bytes and now.ram_bytes - then.ram_bytes >= over.ram_bytes


def _margin(board: Board) -> int:
    assert board.tflm is not None
    return board.tflm.arena_margin_bytes


def _aligned(size: int) -> int:
    return -(-size // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
