# SPDX-License-Identifier: Apache-2.0
"""Which engines and boards can run a bundle's model: ops, memory and speed, known before anything is compiled."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.boards.rows import ENGINES, Board
from tinykws.cost.latency import estimate_speed, refuse_if_too_slow
from tinykws.cost.memory import refuse_if_too_large
from tinykws.firmware_build.tflm_ops import resolver_methods
from tinykws.model.bundle import Bundle
from tinykws.model.validation import check_dense_per_tensor
from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class EngineUse:
    """What an engine can do with a model."""

    engine: str
    problem: str
    """Why it cannot run the model on any board; empty if it can."""
    boards: tuple[str, ...]
    """Ids of the boards on which it runs the model."""
    excluded: dict[str, str]
    """Why it does not run it on other boards that have this engine, by id: too little memory, too slow."""


def where_it_runs(bundle: Bundle, boards: Iterable[Board]) -> list[EngineUse]:
    """Returns what each engine can do with the bundle's model."""
    rows = list(boards)
    return [_use(bundle, engine, [board for board in rows if engine in board.engines]) for engine in ENGINES]


def refuse_if_unsupported(bundle: Bundle, board: Board, engine: str) -> None:
    """Raises ConfigError if the engine cannot compute the model's ops on the board; the hint names only what works."""
    problem = _problem(lambda: _check_ops(bundle, engine))
    if problem is None:
        return
    others = [other for other in board.engines if other != engine and not _problem(_checker(bundle, board, other))]
    hints = [f"use --engine {other}, which runs it on {board.id}" for other in others]
    raise ConfigError(problem.message, hint="\n".join([*hints, *([problem.hint] if problem.hint else [])]) or None)


def _use(bundle: Bundle, engine: str, rows: list[Board]) -> EngineUse:
    problem = _problem(lambda: _check_ops(bundle, engine))
    if problem is not None:
        return EngineUse(engine, problem.message, (), {})
    problems = {board.id: _problem(_checker(bundle, board, engine)) for board in rows}
    fitting = tuple(name for name, found in problems.items() if found is None)
    return EngineUse(engine, "", fitting, {name: found.message for name, found in problems.items() if found})


def _checker(bundle: Bundle, board: Board, engine: str) -> Callable[[], None]:
    def check() -> None:
        _check_ops(bundle, engine)
        if engine == "tflm" and board.tflm is not None and not board.tflm.per_channel_fully_connected:
            check_dense_per_tensor(read_model(bundle.model_bytes()))
        refuse_if_too_large(bundle, board, engine)
        refuse_if_too_slow(estimate_speed(bundle, board, engine), bundle, board, engine)

    return check


def _check_ops(bundle: Bundle, engine: str) -> None:
    if engine == "aot":
        lower(read_model(bundle.model_bytes()))
    else:
        if bundle.detector.is_streaming:
            raise ConfigError("tflm does not run models that keep state", hint="use the engine aot")
        resolver_methods(bundle.ops)


def _problem(check: Callable[[], object]) -> ConfigError | None:
    try:
        check()
    except ConfigError as error:
        return error
    return None
