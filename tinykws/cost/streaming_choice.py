# SPDX-License-Identifier: Apache-2.0
"""Whole windows or a stream, and how much of one: chosen by what each costs on the board.

The measure is one number without a dimension: the share of the whole window's instructions that an inference takes,
and the share of the board's RAM that its working memory takes, added. So a tenth of the instructions is worth a tenth
of the RAM, and on a board with little of it little is spent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tinykws.aot.compiler import AotModel, compile_schedule
from tinykws.aot.lowering.call import Alias, Call
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.graph import Graph
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.arena import arena_bytes, place
from tinykws.aot.scheduling.schedule import Schedule, whole_window
from tinykws.aot.scheduling.sharing import Analysis, what_windows_share
from tinykws.aot.scheduling.streaming import streams
from tinykws.cost.instructions import instructions
from tinykws.support.errors import ConfigError

_NOTHING_BEHIND = "what its first op makes is its output"


@dataclasses.dataclass(frozen=True)
class Listening:
    """How a model is used: over a window that moves on, on a board."""

    frames: int
    """Of the window, which is the model's input."""
    inference_stride: int
    """Frames from one inference to the next."""
    instruction_set: str
    """The board's, as cores.py names it."""
    ram_bytes: int
    """The board's; 0: no limit."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a way to run a model takes."""

    instructions: int
    """Of an inference, estimated (cost.py)."""
    arena_bytes: int
    """All working memory, input and kept rows included."""

    def measure(self, whole: Cost, ram_bytes: int) -> float:
        """Returns the measure; the smaller, the better."""
        share_of_ram = self.arena_bytes / ram_bytes if ram_bytes else 0.0
        return self.instructions / max(whole.instructions, 1) + share_of_ram


@dataclasses.dataclass(frozen=True)
class StreamReport:
    """A choice in figures and words."""

    keeps_rows: bool
    """Whether an inference is spared what the one before it made."""
    explanation: str
    """As Choice has it."""
    cost: Cost
    whole: Cost
    """Of computing each window whole."""

    def in_words(self) -> str:
        """Returns a sentence."""
        if not self.keeps_rows:
            return self.explanation
        return (
            f"{self.explanation}; an inference takes about {self.cost.instructions:,} instructions instead of"
            f" {self.whole.instructions:,}, and {self.cost.arena_bytes:,} bytes of working memory instead of"
            f" {self.whole.arena_bytes:,}"
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Choice:
    """The way that was chosen."""

    schedule: Schedule
    cost: Cost
    whole: Cost
    """Of computing each window whole, input kept."""
    explanation: str
    """A sentence: up to which op windows share rows and why not further, or why they share none."""

    @property
    def keeps_rows(self) -> bool:
        """Whether invokes keep what windows share."""
        return self.schedule.inference_stride > 0

    @property
    def report(self) -> StreamReport:
        """The same without the schedule."""
        return StreamReport(self.keeps_rows, self.explanation, self.cost, self.whole)


@dataclasses.dataclass(frozen=True)
class ListeningModel(AotModel):
    """A model as C whose input is a listener's window."""

    choice: Choice = dataclasses.field(compare=False)
    """What it keeps between invokes, and what each way would cost."""


def compile_for_listening(tflite: bytes, listening: Listening) -> ListeningModel:
    """Returns the C of an int8 model whose input is a listener's window: no invoke changes it, and what windows share
    is kept from one to the next where that costs less.

    Raises:
        ConfigError: as compile_model(), or the model's input is no such window.
    """
    graph = read_model(tflite)
    choice = choose(graph, lower(graph), listening)
    model = compile_schedule(choice.schedule, choice.explanation)
    return ListeningModel(
        **{field.name: getattr(model, field.name) for field in dataclasses.fields(model)}, choice=choice
    )


def choose(graph: Graph, program: Sequence[Call | Alias], listening: Listening) -> Choice:
    """Returns the cheapest way to run a model. Raises ConfigError where its input is no window of so many frames."""
    if graph.input.size % listening.frames:
        raise ConfigError(f"the model's input {graph.input} is no window of {listening.frames} frames")
    analysis = what_windows_share(graph, program, listening.frames, listening.inference_stride)
    at_once = whole_window(graph, program, keep_input=True)
    whole = _cost(at_once, listening)
    ways = [(_cost(schedule, listening), schedule) for schedule in streams(graph, program, analysis)]
    if not ways:
        return Choice(at_once, whole, whole, f"each window is computed whole: {analysis.ends or _NOTHING_BEHIND}")
    cost, schedule = min(ways, key=lambda way: way[0].measure(whole, listening.ram_bytes))
    if cost.measure(whole, listening.ram_bytes) >= whole.measure(whole, listening.ram_bytes):
        return Choice(at_once, whole, whole, f"each window is computed whole: {_too_dear(cost, whole)}")
    return Choice(schedule, cost, whole, _how_far(schedule, program, analysis))


def _too_dear(cost: Cost, whole: Cost) -> str:
    share = cost.instructions / max(whole.instructions, 1)
    return (
        f"to keep rows would take {share:.0%} of the instructions, and {cost.arena_bytes:,} bytes of working memory"
        f" instead of {whole.arena_bytes:,}"
    )


def _cost(schedule: Schedule, listening: Listening) -> Cost:
    return Cost(instructions(schedule, listening.instruction_set), arena_bytes(place(schedule.buffers)))


def _how_far(schedule: Schedule, program: Sequence[Call | Alias], analysis: Analysis) -> str:
    frames = "a frame" if schedule.inference_stride == 1 else f"{schedule.inference_stride} frames"
    summed = [run.op for run in schedule.runs if run.call.kernel == "kws_nn_fully_connected_sums"]
    last = max((run.op for run in schedule.runs if run.is_band and run.op not in summed), key=lambda op: op.index)
    sums = f" and the sums of {summed[0].where}" if summed else ""
    text = f"windows {frames} apart share rows up to {last.where}{sums}"
    if summed:
        return text
    further = [item for item in program[last.index + 1 : analysis.n_ops] if isinstance(item, Call)]
    return f"{text}; {'to keep more would cost more than it saves' if further else analysis.ends}"
