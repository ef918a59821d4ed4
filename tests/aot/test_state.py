# SPDX-License-Identifier: Apache-2.0
"""Models that keep state: the generated C and the host's interpreter against TFLite Micro, byte for byte."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aot_native import NativeModel
from streaming_models import streaming_model
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm

from tinykws.aot.lowering.label_scores import gives_one_probability
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.schedule import Move, whole_window_schedule
from tinykws.cost.execution_mode import Workload, compile_for_workload
from tinykws.model.interpreter import Interpreter
from tinykws.model.lowered_model import LoweredModel
from tinykws.support.errors import ConfigError

CORTEX_M4, CORTEX_M0 = "armv7e-m", "armv6-m"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aot")


class Oracle:
    """TFLite Micro's interpreter, which keeps variables; its uint8 outputs as int8."""

    def __init__(self, model: bytes) -> None:
        self._model = model
        self.reset()
        self._offset = 128 if self._interpreter.get_output_details(0)["dtype"] == np.uint8 else 0

    def invoke(self, values: np.ndarray) -> Any:
        """Returns int16 [n]."""
        self._interpreter.set_input(values, 0)
        self._interpreter.invoke()
        scores = np.array(self._interpreter.get_output(0), np.int16).ravel()
        return np.asarray(scores - self._offset)

    def reset(self) -> None:
        """As ESPHome does: its own reset would not run the subgraph of CALL_ONCE again."""
        from tflite_micro import runtime

        self._interpreter = runtime.Interpreter.from_bytes(self._model, arena_size=200_000)


def inputs_like_sound(shape: tuple[int, ...], count: int, seed: int) -> Any:
    """Random features whose level changes every few steps, and both ends of the range."""
    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.integers(-128, 100, count // 5 + 1), 5)[:count]
    values = np.clip(levels.reshape(-1, *[1] * len(shape)) + rng.integers(-40, 80, (count, *shape)), -128, 127)
    values[3], values[4] = -128, 127
    return values.astype(np.int8)


def label_scores(word: Any) -> list[int]:
    return [-128, -1 - int(word[0]), int(word[0])]


@needs_tflm
@pytest.mark.parametrize("seed", [0, 5, 10, 16])
def test_generated_c_is_tflm_over_steps_and_resets(seed: int, workshop: Path) -> None:
    stride = 1 + seed % 3
    model = streaming_model(seed, stride)
    workload = Workload(stride, stride, CORTEX_M4 if seed % 2 else CORTEX_M0, ram_bytes=0)
    compiled = compile_for_workload(model, workload, callers_memory=seed == 5)
    native, session, oracle = NativeModel(compiled, workshop), Interpreter(model).session(), Oracle(model)
    native.reset()
    outputs = set()
    for step, values in enumerate(inputs_like_sound((1, stride, 40), 90, seed)):
        if step in (1, 40, 41):
            for one in (native, session, oracle):
                one.reset()
        expected = label_scores(oracle.invoke(values))
        assert native.invoke(values, 3).tolist() == expected
        assert session.invoke(values).tolist() == expected
        outputs.add(expected[2])
    assert len(outputs) > 3


@needs_tflm
def test_many_random_models_on_the_host() -> None:
    for seed in range(100, 140):
        stride = 1 + seed % 3
        model = streaming_model(seed, stride)
        session, oracle = Interpreter(model).session(), Oracle(model)
        frames = inputs_like_sound((1, stride, 40), 30, seed)
        scores = session.scores_along(frames.reshape(-1, 40), stride, stride)
        assert scores.tolist() == [label_scores(oracle.invoke(values)) for values in frames], f"seed {seed}"


def test_ring_buffers_need_no_copy_but_one_move() -> None:
    """Only new frames are copied in; what the layers look at is written in place, and moves up at the end."""
    graph = read_model(streaming_model(0))
    schedule = whole_window_schedule(graph, lower(graph))
    moves = [step for step in schedule.steps if isinstance(step, Move)]
    assert len(graph.variables) == 4
    assert [move.op.name for move in moves] == ["CONCATENATION", *["ASSIGN_VARIABLE"] * 4]
    assert all(isinstance(step, Move) for step in schedule.steps[-4:])


def tangled_model() -> bytes:
    """y = x + s; then s becomes y; the output is (s from before + s from after) + y: a sum that is read twice."""
    value = TensorSpec((1, 4), scales=(0.5,), zero_points=(-2,))
    tensors = [value, TensorSpec((), "RESOURCE", (), ()), *[value] * 5]
    handle, before, y, after, both, output = range(1, 7)
    add = {"fused_activation_function": 0}
    name = {"shared_name": b"s"}
    ops = [
        OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": 1}),
        OpSpec("VAR_HANDLE", [], [handle], name),
        OpSpec("READ_VARIABLE", [handle], [before]),
        OpSpec("ADD", [0, before], [y], add),
        OpSpec("ASSIGN_VARIABLE", [handle, y], []),
        OpSpec("READ_VARIABLE", [handle], [after]),
        OpSpec("ADD", [before, after], [both], add),
        OpSpec("ADD", [both, y], [output], add),
    ]
    first = TensorSpec((1, 4), scales=(0.5,), zero_points=(-2,), data=bytes([1, 2, 3, 200]))
    initial = ([TensorSpec((), "RESOURCE", (), ()), first],
               [OpSpec("VAR_HANDLE", [], [0], name), OpSpec("ASSIGN_VARIABLE", [0, 1], [])])  # fmt: skip
    return build_model(tensors, ops, initial=initial)


@needs_tflm
def test_a_value_read_before_an_assignment_stays_what_it_was(workshop: Path) -> None:
    model = tangled_model()
    native, oracle = NativeModel(model, workshop), Oracle(model)
    session = LoweredModel(read_model(model)).session()
    native.reset()
    assert not gives_one_probability(read_model(model)), "it has four outputs, and stays as it is"
    seen = set()
    for values in np.random.default_rng(3).integers(-6, 4, (40, 1, 4)).astype(np.int8):
        expected = oracle.invoke(values).tolist()
        assert native.invoke(values, 4).tolist() == expected
        assert session.invoke(values).tolist() == expected
        seen.add(tuple(expected))
    assert len(seen) > 20


Changed = Callable[[list[OpSpec], list[OpSpec], list[TensorSpec]], None]


def damaged(change: Changed) -> bytes:
    """An accumulator, changed: (its ops, the ops that set its first value, the tensors of these)."""
    value = TensorSpec((1, 4), scales=(0.5,), zero_points=(0,))
    name = {"shared_name": b"s"}
    ops = [
        OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": 1}),
        OpSpec("VAR_HANDLE", [], [1], name),
        OpSpec("READ_VARIABLE", [1], [2]),
        OpSpec("ADD", [0, 2], [3], {"fused_activation_function": 0}),
        OpSpec("ASSIGN_VARIABLE", [1, 3], []),
        OpSpec("ADD", [3, 3], [4], {"fused_activation_function": 0}),
    ]
    tensors = [TensorSpec((), "RESOURCE", (), ()), TensorSpec((1, 4), scales=(0.5,), data=bytes(4))]
    first = [OpSpec("VAR_HANDLE", [], [0], name), OpSpec("ASSIGN_VARIABLE", [0, 1], [])]
    change(ops, first, tensors)
    return build_model(
        [value, TensorSpec((), "RESOURCE", (), ()), *[value] * 3], ops, outputs=[4], initial=(tensors, first)
    )


def without(at: int) -> Changed:
    return lambda ops, first, tensors: ops.__delitem__(at)


def with_op(at: int, op: OpSpec) -> Changed:
    return lambda ops, first, tensors: ops.__setitem__(at, op)


def with_first(at: int, op: OpSpec) -> Changed:
    return lambda ops, first, tensors: first.__setitem__(at, op)


def with_value(**changes: Any) -> Changed:
    value = TensorSpec(**({"shape": (1, 4), "scales": (0.5,)} | changes))
    return lambda ops, first, tensors: tensors.__setitem__(1, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without(0), "no CALL_ONCE, so its variables have no first values"),
        (with_op(0, OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": 2})), "names subgraph 2 of 2"),
        (with_op(0, OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": 0})), "names subgraph 0 of 2"),
        (with_op(0, OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": -1})), "names subgraph -1 of 2"),
        (with_op(5, OpSpec("CALL_ONCE", [], [], {"init_subgraph_index": 1})), "a second CALL_ONCE"),
        (lambda ops, first, tensors: ops.append(ops.pop(0)), "before CALL_ONCE has set"),
        (with_op(1, OpSpec("VAR_HANDLE", [], [1], {"shared_name": b"t"})), "CALL_ONCE does not set the first value"),
        (with_op(1, OpSpec("VAR_HANDLE", [], [1], {"shared_name": b"s", "container": b"c"})), "is in a container"),
        (with_op(1, OpSpec("VAR_HANDLE", [], [3], {"shared_name": b"s"})), "does not give one handle"),
        (with_op(2, OpSpec("READ_VARIABLE", [0], [2])), "operands are not a variable and a value"),
        (with_op(2, OpSpec("READ_VARIABLE", [], [2])), "operands are not a variable and a value"),
        (with_op(4, OpSpec("ASSIGN_VARIABLE", [1], [])), "operands are not a variable and a value"),
        (with_op(4, OpSpec("ASSIGN_VARIABLE", [1, -1], [])), "its value is missing"),
        (with_first(0, OpSpec("ADD", [0, 0], [1])), "may only assign constants"),
        (with_first(1, OpSpec("ASSIGN_VARIABLE", [1, 1], [])), "may only assign constants"),
        (with_value(data=None), "must be an int8 constant"),
        (with_value(shape=(1, 5), data=bytes(5)), "but the variable is int8"),
        (with_value(type="INT32", data=bytes(16)), "must be an int8 constant"),
    ],
)
def test_a_damaged_model_is_refused(change: Changed, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_model(damaged(change))
    read_model(damaged(lambda ops, first, tensors: None))


def test_a_split_that_does_not_fit_is_refused() -> None:
    def split(sizes: list[int], axis: int, *shapes: tuple[int, ...]) -> bytes:
        constants = [np.array(values, "<i4").tobytes() for values in (sizes, [axis])]
        tensors = [
            TensorSpec((1, 4, 6)),
            TensorSpec((len(sizes),), "INT32", (), (), data=constants[0]),
            TensorSpec((1,), "INT32", (), (), data=constants[1]),
            *(TensorSpec(shape) for shape in shapes),
        ]
        made = list(range(3, len(tensors)))
        return build_model(tensors, [OpSpec("SPLIT_V", [0, 1, 2], made, None)], outputs=[3])

    lower(read_model(split([2, -1], 2, (1, 4, 2), (1, 4, 4))))
    for sizes, axis, shapes, message in (
        ([2, 3], 2, ((1, 4, 2), (1, 4, 3)), "do not make 6"),
        ([2, 4], 3, ((1, 4, 2), (1, 4, 4)), "none of the input's 3 dimensions"),
        ([2, 4], 2, ((1, 4, 2), (1, 4, 3)), "its output is"),
        ([2, 2, 2], 2, ((1, 4, 2), (1, 4, 4)), "do not make 6 in 2 outputs"),
        ([7, -1], 2, ((1, 4, 7), (1, 4, 1)), "do not make 6"),
    ):
        with pytest.raises(ConfigError, match=message):
            lower(read_model(split(sizes, axis, *shapes)))


SHIPPED = ("okay_nabu", "hey_jarvis", "hey_mycroft", "alexa")


@needs_tflm
@pytest.mark.skipif(importlib.util.find_spec("pymicro_wakeword") is None, reason="needs the package pymicro-wakeword")
@pytest.mark.parametrize("name", SHIPPED)
def test_models_that_are_in_use_are_tflm_over_a_long_stream(name: str, shipped_models: Path) -> None:
    model = (shipped_models / f"{name}.tflite").read_bytes()
    session, oracle = Interpreter(model).session(), Oracle(model)
    outputs = set()
    for step, values in enumerate(inputs_like_sound((1, 3, 40), 1000, len(name))):
        if step == 700:
            session.reset()
            oracle.reset()
        expected = label_scores(oracle.invoke(values))
        assert session.invoke(values).tolist() == expected, f"step {step}"
        outputs.add(expected[2])
    assert len(outputs) > 1, "sound that is none gives low probabilities; test_wake_models.py has words"


@pytest.fixture
def shipped_models() -> Path:
    """The models in the wheel of pymicro-wakeword."""
    spec = importlib.util.find_spec("pymicro_wakeword")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "models"
