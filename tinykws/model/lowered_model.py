# SPDX-License-Identifier: Apache-2.0
"""Runs a model on this computer as the aot engine runs it on a chip: the lowered calls, by the same C kernels.

The outputs are those of TFLite Micro, byte for byte. Lowering has checked every shape, range and sum, so a model from
elsewhere needs no process of its own.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable

import numpy as np

from tinykws.aot.lowering.call import Form
from tinykws.aot.lowering.label_scores import with_label_scores
from tinykws.aot.lowering.ops import in_form, lower
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.scheduling.arena import arena_bytes, place_largest_first
from tinykws.aot.scheduling.overlap import find_overlap
from tinykws.aot.scheduling.schedule import Move, NoOp, Run, Schedule, whole_window_schedule
from tinykws.aot.scheduling.schedule import Operand as ScheduledOperand
from tinykws.aot.scheduling.streaming import streaming_schedules
from tinykws.native.plan import MOVE, Int8s, KernelCall, KernelPlan, Operand, PlanMemory, PlanSession
from tinykws.support.errors import ConfigError
from tinykws.support.parallel import map_in_threads, process_count

LEAST_PER_THREAD = 16
"""Fewest inferences for which another thread is worth its arena."""
MOST_PRODUCTS = 10**10
"""Most multiply-accumulates of an inference, some seconds here: a thousand times what a microcontroller does in one."""

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")


class LoweredModel:
    """A model as kernel calls. Several threads may use one object at the same time."""

    def __init__(self, graph: Graph) -> None:
        """Lowers a model.

        Raises:
            ConfigError: the aot engine cannot run it; the error names the op.
            TooLargeError: an inference would take too long.
        """
        graph = with_label_scores(graph)
        _refuse_endless(graph)
        self._graph = graph
        self._program = in_form(lower(graph), Form.WIDE)
        self._whole = plan_of(whole_window_schedule(graph, self._program))
        self._streams: dict[tuple[int, int], KernelPlan | None] = {}

    def invoke(self, values: Int8s) -> Int8s:
        """Returns the outputs int8 [n] of one model input, int8 in any shape."""
        output: Int8s = self._whole.run_windows(np.ascontiguousarray(values), 0, 1)[0]
        return output

    def invoke_all(self, inputs: Int8s) -> Int8s:
        """Returns the outputs int8 [n, outputs] of model inputs int8 [n, …], on all processors."""
        size, inputs = self._graph.input.size, np.ascontiguousarray(inputs)
        if self._graph.variables:
            return np.array([self.invoke(values) for values in inputs], np.int8).reshape(len(inputs), -1)
        return self._in_parts(len(inputs), lambda part: self._whole.run_windows(inputs[part.start :], size, len(part)))

    def session(self) -> LoweredSession:
        """Returns a run of a model with state along a stream, from a reset on."""
        return LoweredSession(self._whole.session(), self._graph)

    def scores_along(self, frames: Int8s, n_frames: int, stride: int) -> Int8s:
        """Returns the outputs int8 [m, outputs] along a stream: of each model input that a listener runs the model on.

        Rows that successive model inputs share are computed once, if the network allows it.

        Args:
            frames: int8 [frames, n_mels].
            n_frames: frames of a model input.
            stride: frames from one inference to the next; the first is as soon as the model input is full.
        """
        frames = np.ascontiguousarray(frames)
        if self._graph.variables:
            return self.session().scores_along(frames, n_frames, stride)
        count = max(0, (len(frames) - n_frames) // stride + 1)
        if count == 0:
            return np.zeros((0, self._graph.output.size), np.int8)
        plan = self._stream_plan(n_frames, stride)
        if plan is None:
            step = stride * frames.shape[1]
            return self._in_parts(
                count, lambda part: self._whole.run_windows(frames[part.start * stride :], step, len(part))
            )
        before = -(-n_frames // stride)
        missing = before * stride - n_frames
        stream = np.concatenate([np.zeros((missing, frames.shape[1]), np.int8), frames])

        def run(part: range) -> Int8s:
            return plan.run_stream(stream[part.start * stride :], stride * frames.shape[1], before - 1, len(part))

        return self._in_parts(count, run, least=8 * before)

    def _in_parts(self, count: int, run: Callable[[range], Int8s], least: int = LEAST_PER_THREAD) -> Int8s:
        parts = min(process_count(), max(1, count // least))
        ends = [count * part // parts for part in range(parts + 1)]
        pieces = [range(begin, end) for begin, end in itertools.pairwise(ends)]
        done = [run(pieces[0])] if parts == 1 else list(map_in_threads(run, pieces, parts))
        return np.concatenate(done)

    def _stream_plan(self, n_frames: int, stride: int) -> KernelPlan | None:
        """Returns the plan that computes each row once, as far as possible; None if no op of the model can stream."""
        key = n_frames, stride
        if key not in self._streams:
            overlap = find_overlap(self._graph, self._program, n_frames, stride)
            most = deque(streaming_schedules(self._graph, self._program, overlap), maxlen=1)
            self._streams[key] = plan_of(most[0]) if most else None
        return self._streams[key]


class LoweredSession:
    """A model with state along a stream. One thread at a time may use it."""

    def __init__(self, plan: PlanSession, graph: Graph) -> None:
        self._plan, self._graph = plan, graph

    def invoke(self, values: Int8s) -> Int8s:
        """Returns the outputs int8 [n] of the next model input, int8 in any shape."""
        output: Int8s = self._plan.run(np.ascontiguousarray(values), 1)[0]
        return output

    def scores_along(self, frames: Int8s, n_frames: int, stride: int) -> Int8s:
        """Returns the outputs int8 [m, outputs] of the next whole model inputs of frames int8 [frames, n_mels].

        Raises:
            ValueError: the stride is not the number of frames of a model input.
        """
        if n_frames != stride:
            raise ValueError(f"a model that keeps state gets each frame once, not {n_frames} frames every {stride}")
        count = len(frames) // n_frames
        return self._plan.run(np.ascontiguousarray(frames), count)

    def reset(self) -> None:
        """Forgets everything."""
        self._plan.reset()


class TooLargeError(ConfigError):
    """No microcontroller could run this model."""


def _refuse_endless(graph: Graph) -> None:
    products = sum(_products_of(graph, op) for op in graph.ops)
    if products > MOST_PRODUCTS:
        raise TooLargeError(
            f"an inference of the model takes {products:,} multiply-accumulates, too many for a microcontroller",
            hint="use a smaller model",
        )


def _products_of(graph: Graph, op: Op) -> int:
    """Returns an upper bound of an op's multiply-accumulates, or of the values that it reads."""
    outputs, source, weights = graph.result(op).size, graph.operand(op, 0), graph.operand(op, 1)
    if op.name in ("AVERAGE_POOL_2D", "MAX_POOL_2D") and source is not None and op.options:
        window = [op.options[name] for name in ("filter_height", "filter_width")]
        return outputs * math.prod(min(size, image) for size, image in zip(window, source.shape[1:3], strict=False))
    if op.name not in _WEIGHTED or weights is None or not weights.shape:
        return max(outputs, 0 if source is None else source.size)
    if op.name == "TRANSPOSE_CONV":
        source = graph.operand(op, 2)
        return (0 if source is None else source.size) * math.prod(weights.shape[:-1])
    return outputs * (math.prod(weights.shape[1:3]) if op.name == "DEPTHWISE_CONV_2D" else math.prod(weights.shape[1:]))


def plan_of(schedule: Schedule) -> KernelPlan:
    """Returns a schedule as a list of kernel calls in memory, every buffer placed."""
    placements = place_largest_first(schedule.buffers)

    def operand(of: ScheduledOperand) -> Operand:
        if isinstance(of, Tensor):
            assert of.data is not None
            return Operand(constant=of.data)
        return Operand(None, placements[of.buffer].offset + of.offset, of.copies, of.copy_bytes)

    def call(step: Move | Run) -> KernelCall:
        if isinstance(step, Move):
            return KernelCall(MOVE, {}, [operand(step.source), operand(step.to)], step.size)
        places = step.operands if step.scratch is None else (*step.operands, step.scratch)
        return KernelCall(step.call.kernel, step.call.parameters, [operand(place) for place in places])

    calls = [call(step) for step in schedule.steps if not isinstance(step, NoOp)]
    source, output = operand(schedule.input).offset, operand(schedule.output).offset
    sizes = schedule.graph.input.size, schedule.graph.output.size
    states = [(operand(state.place).offset, state.initial) for state in schedule.states]
    memory = PlanMemory(arena_bytes(placements), source, sizes[0], output, sizes[1], schedule.copies, states)
    return KernelPlan(calls, memory)
