# SPDX-License-Identifier: Apache-2.0
"""The mode in which the aot engine runs a model on a board: whole-window or streaming, whichever costs less.

- **Whole-window mode**: every inference computes the model on its full input.
- **Streaming mode**: an inference reuses the rows and partial sums that earlier inferences computed, as far as the
  overlap of successive inputs allows (aot/scheduling/overlap.py), and keeps them in RAM.

Streaming can stop after any op, and in both modes weights can be stored as they are or in a form for the kernels
(aot/lowering/wide_convolution.py; for cores without DSP instructions packed_convolution.py), so there are several
candidates. They are compared by one dimensionless number: the share of the whole-window instructions that an inference
takes, plus the share of the board's RAM that its working memory takes, plus the share of the board's flash that its
constants take. A tenth of the instructions is thus worth a tenth of the RAM or of the flash, and a board with little of
them spends little.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

from tinykws.aot.compiler import AotModel, compile_schedule
from tinykws.aot.lowering.call import Call, Form, Item
from tinykws.aot.lowering.label_scores import with_label_scores
from tinykws.aot.lowering.ops import in_form, lower
from tinykws.aot.reader.graph import Graph
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.arena import arena_bytes, place
from tinykws.aot.scheduling.overlap import OverlapAnalysis, find_overlap
from tinykws.aot.scheduling.schedule import Schedule, whole_window_schedule
from tinykws.aot.scheduling.streaming import streaming_schedules
from tinykws.boards.cores import CORES
from tinykws.boards.rows import Board
from tinykws.cost.model_instructions import inference_instructions
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

DEFAULT_INSTRUCTION_SET = "armv7-m"
"""For boards whose core is not known, this computer among them: an instruction set without DSP instructions."""
WITH_DSP = ("armv7e-m",)
"""Instruction sets with DSP instructions."""
MAX_SHARE_OF_FLASH = 0.5
"""Weights in another form may not take more of a board's flash, however fast they are: the program needs the rest."""
_Candidate: TypeAlias = "tuple[Cost, Schedule]"
_ONLY_ONE_OP = "the first op already computes the model's output"


@dataclasses.dataclass(frozen=True)
class Workload:
    """How a board uses a model: on an input of frames that moves on by the inference stride."""

    frames: int
    """Frames of the model's input."""
    inference_stride: int
    """Frames from one inference to the next."""
    instruction_set: str
    """The board's, as `counted_as` of boards/cores.py names it."""
    ram_bytes: int
    """The board's RAM; 0: no limit."""
    flash_bytes: int = 0
    """The board's flash; 0: no limit."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one inference in one mode costs."""

    instructions: int
    """Estimated instructions per inference (model_instructions.py)."""
    arena_bytes: int
    """All working memory in bytes, the input and the reused rows included."""
    constant_bytes: int = 0
    """Weights and other constants in flash, in bytes."""

    def relative_to(self, whole: Cost, workload: Workload) -> float:
        """Returns the number by which candidates are compared (see the module); smaller is better.

        Args:
            whole: the cost of whole-window mode, weights as they are.
            workload: the board's RAM and flash; what has no limit costs nothing.
        """
        share_of_ram = self.arena_bytes / workload.ram_bytes if workload.ram_bytes else 0.0
        share_of_flash = self.constant_bytes / workload.flash_bytes if workload.flash_bytes else 0.0
        return self.instructions / max(whole.instructions, 1) + share_of_ram + share_of_flash


@dataclasses.dataclass(frozen=True)
class StreamReport:
    """The chosen mode, in figures and words."""

    keeps_rows: bool
    """Whether streaming mode was chosen."""
    explanation: str
    """As in ModeChoice."""
    cost: Cost
    whole: Cost
    """The cost of whole-window mode."""

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
class ModeChoice:
    """The mode that was chosen, with its schedule."""

    schedule: Schedule
    cost: Cost
    whole: Cost
    """The cost of whole-window mode that leaves the input intact."""
    explanation: str
    """A sentence: up to which op rows are reused and why not further, or why none is."""

    @property
    def keeps_rows(self) -> bool:
        """Whether this is streaming mode."""
        return self.schedule.inference_stride > 0

    @property
    def report(self) -> StreamReport:
        """The same without the schedule."""
        return StreamReport(self.keeps_rows, self.explanation, self.cost, self.whole)


@dataclasses.dataclass(frozen=True)
class ModelInMode(AotModel):
    """A model as C code, for the mode that was chosen."""

    choice: ModeChoice = dataclasses.field(compare=False)


def workload_on(bundle: Bundle, board: Board) -> Workload:
    """Returns how a board uses the bundle's model."""
    return Workload(
        frames=bundle.frontend.n_frames,
        inference_stride=bundle.detector.inference_stride_ms // bundle.frontend.stride_ms,
        instruction_set=CORES[board.core].counted_as if board.core else DEFAULT_INSTRUCTION_SET,
        ram_bytes=board.ram_bytes,
        flash_bytes=board.flash_bytes,
    )


def choose_mode_for_board(bundle: Bundle, board: Board) -> ModeChoice:
    """Returns the cheapest mode for a bundle's model on a board. Raises ConfigError if the aot engine cannot run it."""
    graph = with_label_scores(read_model(bundle.model_bytes()))
    return choose_mode(graph, lower(graph), workload_on(bundle, board))


def compile_for_board(bundle: Bundle, board: Board) -> AotModel:
    """Returns the bundle's model as C, in the cheapest mode. Raises ConfigError if the aot engine cannot run it."""
    return compile_for_workload(bundle.model_bytes(), workload_on(bundle, board))


def compile_for_workload(tflite: bytes, workload: Workload, *, callers_memory: bool = False) -> ModelInMode:
    """Returns an int8 model as C, in the cheapest mode. No inference changes the model's input.

    Args:
        tflite: the model.
        workload: how it is used.
        callers_memory: as for compile_schedule().

    Raises:
        ConfigError: as compile_model() does, or the model's input does not consist of `workload.frames` frames.
    """
    graph = with_label_scores(read_model(tflite))
    choice = choose_mode(graph, lower(graph), workload)
    model = compile_schedule(choice.schedule, choice.explanation, callers_memory=callers_memory)
    return ModelInMode(**{field.name: getattr(model, field.name) for field in dataclasses.fields(model)}, choice=choice)


def choose_mode(graph: Graph, program: Sequence[Item], workload: Workload) -> ModeChoice:
    """Returns the cheapest mode. Raises ConfigError if the model's input does not consist of that many frames."""
    if graph.input.size % workload.frames:
        raise ConfigError(
            f"the model's input {graph.input} cannot be divided into {workload.frames} frames",
            hint="set `features` in kws.yaml to what the model was trained with, and run: tinykws quantize",
        )
    overlap = find_overlap(graph, program, workload.frames, workload.inference_stride)
    form = fast_form(workload.instruction_set)
    compact, fast = [_candidates(graph, each, overlap, workload) for each in (program, in_form(program, form))]
    reference, _ = compact[0]
    fast = [candidate for candidate in fast if _leaves_room(candidate[0], workload)]

    def worth(candidate: _Candidate) -> float:
        return candidate[0].relative_to(reference, workload)

    candidates = [*compact, *fast]
    whole, whole_schedule = min((each for each in candidates if not each[1].inference_stride), key=worth)
    streaming = [each for each in candidates if each[1].inference_stride]
    if graph.variables:
        return ModeChoice(whole_schedule, whole, whole, f"every inference takes new frames only: {overlap.ends}")
    if not streaming:
        return ModeChoice(whole_schedule, whole, whole, _whole_window_because(overlap.ends or _ONLY_ONE_OP))
    cost, schedule = min(streaming, key=worth)
    if worth((cost, schedule)) >= worth((whole, whole_schedule)):
        return ModeChoice(whole_schedule, whole, whole, _whole_window_because(_streaming_costs_more(cost, whole)))
    return ModeChoice(schedule, cost, whole, _streaming_explanation(schedule, program, overlap))


def fast_form(instruction_set: str) -> Form:
    """Returns the form of weights that takes the fewest instructions on an instruction set."""
    return Form.WIDE if instruction_set in WITH_DSP else Form.PACKED


def _leaves_room(cost: Cost, workload: Workload) -> bool:
    """Whether constants leave room for the program."""
    return not workload.flash_bytes or cost.constant_bytes <= MAX_SHARE_OF_FLASH * workload.flash_bytes


def _candidates(
    graph: Graph, program: Sequence[Item], overlap: OverlapAnalysis, workload: Workload
) -> list[_Candidate]:
    """Returns whole-window mode that leaves the input intact, then streaming mode up to each op."""
    whole = whole_window_schedule(graph, program, keep_input=True)
    schedules = [whole, *streaming_schedules(graph, program, overlap)]
    return [(_cost(schedule, workload), schedule) for schedule in schedules]


def _cost(schedule: Schedule, workload: Workload) -> Cost:
    return Cost(
        inference_instructions(schedule, workload.instruction_set),
        arena_bytes(place(schedule.buffers)),
        schedule.constant_bytes,
    )


def _whole_window_because(reason: str) -> str:
    return f"every inference computes the whole window: {reason}"


def _streaming_costs_more(cost: Cost, whole: Cost) -> str:
    share = cost.instructions / max(whole.instructions, 1)
    return (
        f"reusing rows would take {share:.0%} of the instructions, and {cost.arena_bytes:,} bytes of working memory"
        f" instead of {whole.arena_bytes:,}"
    )


def _streaming_explanation(schedule: Schedule, program: Sequence[Item], overlap: OverlapAnalysis) -> str:
    frames = "a frame" if schedule.inference_stride == 1 else f"{schedule.inference_stride} frames"
    summed = [run.op for run in schedule.runs if run.call.kernel == "kws_nn_fully_connected_sums"]
    last = max((run.op for run in schedule.runs if run.is_band and run.op not in summed), key=lambda op: op.index)
    sums = f" and the partial sums of {summed[0].where}" if summed else ""
    text = f"inferences {frames} apart reuse rows up to {last.where}{sums}"
    if summed:
        return text
    further = [item for item in program[schedule.graph.ops.index(last) + 1 : overlap.n_ops] if isinstance(item, Call)]
    return f"{text}; {'reusing more would cost more than it saves' if further else overlap.ends}"
