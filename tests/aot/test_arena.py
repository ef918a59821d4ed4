# SPDX-License-Identifier: Apache-2.0
"""The memory planner: what lives at the same time never overlaps, and the arena is no larger than it must be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.aot.compiler import compile_model
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.arena import ALIGNMENT, Buffer, arena_bytes, place, workspace_of

BUFFERS = st.lists(
    st.builds(
        lambda size, first, length: Buffer("buffer", size, frozenset(range(first, first + length))),
        st.integers(1, 500),
        st.integers(0, 10),
        st.integers(1, 5),
    ),
    max_size=14,
)


@given(BUFFERS)
def test_what_lives_together_stands_apart(buffers: list[Buffer]) -> None:
    placements = place(buffers)
    assert [placement.buffer for placement in placements] == buffers
    assert all(placement.offset % ALIGNMENT == 0 for placement in placements)
    for one, other in itertools.combinations(placements, 2):
        if one.buffer.steps & other.buffer.steps:
            assert one.end <= other.offset or other.end <= one.offset


@given(BUFFERS)
def test_the_arena_is_bounded_by_all_buffers_side_by_side(buffers: list[Buffer]) -> None:
    aligned = [-(-buffer.size // ALIGNMENT) * ALIGNMENT for buffer in buffers]
    arena = max((placement.end for placement in place(buffers)), default=0)
    assert arena <= sum(aligned)
    for step in range(16):
        assert arena >= sum(buffer.size for buffer in buffers if step in buffer.steps)


def _fits(buffers: list[Buffer], arena: int, placed: tuple[tuple[Buffer, int], ...] = ()) -> bool:
    """Whether some offsets, of all that there are, put the buffers into an arena of this size."""
    if len(placed) == len(buffers):
        return True
    buffer = buffers[len(placed)]
    return any(
        all(
            not buffer.steps & other.steps or offset + buffer.size <= at or at + other.size <= offset
            for other, at in placed
        )
        and _fits(buffers, arena, (*placed, (buffer, offset)))
        for offset in range(0, arena - buffer.size + 1, ALIGNMENT)
    )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.builds(
            lambda size, first, length: Buffer("buffer", size, frozenset(range(first, first + length))),
            st.integers(1, 6 * ALIGNMENT),
            st.integers(0, 5),
            st.integers(1, 4),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_arena_is_smaller(buffers: list[Buffer]) -> None:
    """Against every possible plan."""
    arena = arena_bytes(place(buffers))
    assert _fits(buffers, arena)
    assert not _fits(buffers, arena - 1)


def test_a_chain_needs_its_largest_neighbours_only() -> None:
    sizes = [64, 512, 256, 512, 16]
    chain = [Buffer(str(at), size, frozenset({at, at + 1})) for at, size in enumerate(sizes)]
    assert max(placement.end for placement in place(chain)) == 512 + 256


def _image(size: int, scale: float = 0.5) -> TensorSpec:
    return TensorSpec((1, 1, size, 1), scales=(scale,))


POOL = {"padding": 0, "stride_h": 1, "stride_w": 1, "filter_height": 1, "filter_width": 2}


def _shape(*sizes: int) -> TensorSpec:
    data = b"".join(size.to_bytes(4, "little") for size in sizes)
    return TensorSpec([len(sizes)], "INT32", (), (), data=data)


def test_a_reshape_shares_its_inputs_bytes() -> None:
    tensors = [_image(40), _image(40), TensorSpec((40,), scales=(0.5,)), TensorSpec((1, 5, 8, 1), scales=(0.5,))]
    tensors += [TensorSpec((1, 5, 8, 1), scales=(0.5,)), _shape(40), _shape(1, 5, 8, 1)]
    ops = [
        OpSpec("MAX_POOL_2D", [0], [1], POOL),
        OpSpec("RESHAPE", [1, 5], [2]),
        OpSpec("RESHAPE", [2, 6], [3]),
        OpSpec("MAX_POOL_2D", [3], [4], POOL),
    ]
    graph = read_model(build_model(tensors, ops))
    workspace = workspace_of(graph, lower(graph))
    buffers, buffer_of_tensor = workspace.buffers, workspace.of_tensor
    assert len(buffers) == 3
    assert buffer_of_tensor[1] == buffer_of_tensor[2] == buffer_of_tensor[3]
    assert buffers[buffer_of_tensor[1]].steps == frozenset({1, 2, 3, 4})


def test_a_tensor_is_kept_while_a_later_op_needs_it() -> None:
    tensors = [_image(40)] * 5
    chain = [OpSpec("MAX_POOL_2D", [at], [at + 1], POOL) for at in range(3)]
    add = OpSpec("ADD", [0, 3], [4], {"fused_activation_function": 0})
    graph = read_model(build_model(tensors, [*chain, add]))
    workspace = workspace_of(graph, lower(graph))
    buffers, buffer_of_tensor = workspace.buffers, workspace.of_tensor
    assert buffers[buffer_of_tensor[0]].steps == frozenset({0, 1, 2, 3, 4})


@pytest.mark.parametrize("n_ops", [1, 2, 3, 4])
def test_filling_the_next_input_leaves_the_output_alone(n_ops: int) -> None:
    tensors = [_image(40)] * (n_ops + 1)
    graph = read_model(build_model(tensors, [OpSpec("MAX_POOL_2D", [at], [at + 1], POOL) for at in range(n_ops)]))
    workspace = workspace_of(graph, lower(graph))
    buffers, buffer_of_tensor = workspace.buffers, workspace.of_tensor
    placements = place(buffers)
    source, output = (placements[buffer_of_tensor[tensor.index]] for tensor in (graph.input, graph.output))
    assert source.end <= output.offset or output.end <= source.offset


def test_an_input_that_is_kept_shares_its_bytes_with_nobody() -> None:
    tensors = [_image(40)] * 4
    graph = read_model(build_model(tensors, [OpSpec("MAX_POOL_2D", [at], [at + 1], POOL) for at in range(3)]))
    for keep_input in (True, False):
        workspace = workspace_of(graph, lower(graph), keep_input=keep_input)
        placements = place(workspace.buffers)
        kept = placements[workspace.of_tensor[graph.input.index]]
        others = [placement for placement in placements if placement is not kept]
        alone = all(kept.end <= other.offset or other.end <= kept.offset for other in others)
        assert alone == keep_input
        assert (kept.buffer.steps == frozenset(range(len(graph.ops) + 2))) == keep_input


def test_the_plan_is_printed_as_a_table() -> None:
    tensors = [_image(40), _image(40), _image(40)]
    ops = [OpSpec("MAX_POOL_2D", [0], [1], POOL), OpSpec("MAX_POOL_2D", [1], [2], POOL)]
    source = compile_model(build_model(tensors, ops)).source
    assert " *       0      40       in-0  input, int8 [1, 1, 40, 1]\n" in source
    assert " *      48      40        0-1  output of op 0 (MAX_POOL_2D), int8 [1, 1, 40, 1]\n" in source
    assert " *      96      40      1-out  output of op 1 (MAX_POOL_2D), int8 [1, 1, 40, 1]\n" in source
