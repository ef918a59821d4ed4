# SPDX-License-Identifier: Apache-2.0
"""A bundle's model by the aot engine, as a board's main loop uses it: over windows that move on."""

from __future__ import annotations

from tinykws.aot.compiler import AotModel
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.boards.cores import CORES
from tinykws.boards.rows import Board
from tinykws.cost.streaming_choice import Choice, Listening, choose, compile_for_listening
from tinykws.model.bundle import Bundle

_PLAIN_C = "armv7-m"
"""For boards whose core is not known, this computer among them: no DSP instructions."""


def listening_on(bundle: Bundle, board: Board) -> Listening:
    """Returns how a board uses the bundle's model."""
    return Listening(
        frames=bundle.frontend.n_frames,
        inference_stride=bundle.detector.inference_stride_ms // bundle.frontend.stride_ms,
        instruction_set=CORES[board.core].counted_as if board.core else _PLAIN_C,
        ram_bytes=board.ram_bytes,
    )


def choose_for_board(bundle: Bundle, board: Board) -> Choice:
    """Returns how the board runs the bundle's model, and what that takes. Raises ConfigError where it cannot."""
    graph = read_model(bundle.model_bytes())
    return choose(graph, lower(graph), listening_on(bundle, board))


def compile_for_board(bundle: Bundle, board: Board) -> AotModel:
    """Returns the bundle's model as C. Raises ConfigError where the engine cannot run it."""
    return compile_for_listening(bundle.model_bytes(), listening_on(bundle, board))
