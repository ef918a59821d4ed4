# SPDX-License-Identifier: Apache-2.0
"""The size of TFLite Micro's tensor arena, computed: for computers on which its interpreter cannot measure it.

The arena has two ends. The head holds activations and scratch buffers, placed by TFLM's greedy planner, which is
repeated here exactly; while the model loads, it holds the planner's own tables, or the tensors that a kernel looks at.
The tail holds what stays: a struct for each tensor and op, and what each kernel keeps. Sizes are those of a 64-bit
computer; a chip's pointers are half as large, so it needs less.

Sources: tensorflow/lite/micro/micro_allocator.cc, micro_allocation_info.cc, memory_planner/greedy_memory_planner.cc;
what kernels keep was counted by TFLM's recording allocator.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinykws.aot.reader.graph import ABSENT, Graph, Op, Tensor
from tinykws.aot.scheduling.arena import ALIGNMENT, Buffer, arena_bytes, place_largest_first

MARGIN_BYTES = 64
"""Added to the sum. On 751 models (tests/model/test_computed_arena.py tells which) the sum without it was at most 20
bytes below what TFLM's recording allocator counted. With it every model ran in the computed arena, which was at most
1,216 bytes larger than the measured one, and 64 to 80 bytes for networks of our architectures."""

_FIXED_BYTES = 716
"""TFLM's own objects, and the input's and the output's descriptions."""
_TENSOR_BYTES, _OP_BYTES, _SCRATCH_BYTES = 24, 64, 8
"""sizeof(TfLiteEvalTensor), sizeof(NodeAndRegistration), sizeof(ScratchBufferHandle)."""
_KEPT_BYTES = {
    "ABS": 40, "ADD": 71, "AVERAGE_POOL_2D": 73, "CONCATENATION": 89, "CONV_2D": 109, "DEPTHWISE_CONV_2D": 110,
    "ELU": 260, "EXPAND_DIMS": 3, "FULLY_CONNECTED": 111, "HARD_SWISH": 25, "LEAKY_RELU": 35, "LOGISTIC": 18,
    "MAX_POOL_2D": 72, "MEAN": 48, "MUL": 49, "PAD": 62, "PADV2": 63, "PRELU": 32, "QUANTIZE": 33, "REDUCE_MAX": 52,
    "RELU": 33, "RELU6": 14, "RESHAPE": 36, "SOFTMAX": 83, "SQUEEZE": 36, "STRIDED_SLICE": 117, "SUB": 70, "TANH": 20,
    "TRANSPOSE": 0, "TRANSPOSE_CONV": 110,
}  # fmt: skip
"""What an op's kernel and its parsed options take in the tail, without multipliers of channels."""
_UNKNOWN_KEPT_BYTES = max(_KEPT_BYTES.values())
_CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}
"""Their multipliers and shifts are stored for each channel, even if there is only one scale."""
_PLANNED_BYTES, _BUFFER_BYTES = 32, 40
"""sizeof(AllocationInfo), for each tensor and scratch buffer; what the planner takes for each buffer that it places."""
_REQUEST_BYTES, _SPARE_REQUESTS = 16, 12
"""sizeof(ScratchBufferRequest), kMaxScratchBuffersPerOp."""
_LOADED_TENSOR_BYTES, _LOOKS = 112, 2
"""A tensor that a kernel looks at while it prepares, without its zero points; a convolution does so twice."""


def computed_arena(graph: Graph) -> int:
    """Returns a size of the tensor arena, in bytes, that is enough for TFLite Micro on a 64-bit computer."""
    scratch = [bytes_ for op in graph.ops for bytes_ in _scratch_of(graph, op)]
    buffers = [*_activations(graph), *_scratch_buffers(graph)]
    activations = _aligned(arena_bytes(place_largest_first(buffers, last_of_equals_first=True)))
    planning = (
        8 + _PLANNED_BYTES * (len(graph.tensors) + len(scratch)) + _BUFFER_BYTES * len(buffers)
        + _REQUEST_BYTES * (len(scratch) + _SPARE_REQUESTS)
    )  # fmt: skip
    preparing = max((_preparing_bytes(graph, op) for op in graph.ops), default=0)
    preparing += _REQUEST_BYTES * (len(scratch) + _SPARE_REQUESTS)
    return _aligned(max(activations, planning, preparing) + _tail_bytes(graph, len(scratch)) + MARGIN_BYTES)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _tail_bytes(graph: Graph, n_scratch: int) -> int:
    kept = sum(_KEPT_BYTES.get(op.name, _UNKNOWN_KEPT_BYTES) for op in graph.ops)
    multipliers = sum(2 * _aligned(4 * _channels(graph, op)) for op in graph.ops)
    of_all = _TENSOR_BYTES * len(graph.tensors) + _OP_BYTES * len(graph.ops) + _SCRATCH_BYTES * n_scratch
    return _FIXED_BYTES + of_all + kept + multipliers


def _channels(graph: Graph, op: Op) -> int:
    """Returns how many multipliers an op's kernel keeps."""
    if op.name in _CONVOLUTIONS:
        return graph.result(op).shape[-1]
    weights = graph.operand(op, 1) if op.name == "FULLY_CONNECTED" else None
    return len(weights.scales) if weights is not None and len(weights.scales) > 1 else 0


def _activations(graph: Graph) -> list[Buffer]:
    """Returns the tensors that are placed in the head, in their order, with the steps in which they are needed."""
    steps: dict[int, list[int]] = {index: [0] for index in graph.inputs}
    for step, op in enumerate(graph.ops, start=1):
        for index in (*op.inputs, *op.outputs):
            if index != ABSENT and graph.tensors[index].data is None:
                steps.setdefault(index, []).append(step)
    for index in graph.outputs:
        steps.setdefault(index, []).append(len(graph.ops))
    return [
        Buffer(str(index), _aligned(_bytes_of(graph.tensors[index])), frozenset(range(min(at), max(at) + 1)))
        for index, at in sorted(steps.items())
    ]


def _bytes_of(tensor: Tensor) -> int:
    return tensor.size * np.dtype(tensor.type.lower()).itemsize


def _scratch_buffers(graph: Graph) -> list[Buffer]:
    return [
        Buffer("scratch", _aligned(size), frozenset({step}))
        for step, op in enumerate(graph.ops, start=1)
        for size in _scratch_of(graph, op)
    ]


def _scratch_of(graph: Graph, op: Op) -> Iterator[int]:
    """Yields the bytes of each scratch buffer that an op's kernel requests."""
    if op.name in ("TRANSPOSE_CONV", "MEAN"):
        yield 4 * graph.result(op).size
    if op.name in ("MEAN", "REDUCE_MAX"):
        source, axes = graph.operand(op, 0), graph.operand(op, 1)
        yield 4 * len(source.shape if source is not None else ())
        yield 4 * (axes.size if axes is not None else 0)


def _preparing_bytes(graph: Graph, op: Op) -> int:
    """Returns the bytes of the tensors that an op's kernel looks at while it prepares, with all zero points."""
    looks = _LOOKS if op.name in _CONVOLUTIONS or op.name == "FULLY_CONNECTED" else 1
    tensors = [graph.tensors[index] for index in (*op.inputs, *op.outputs) if index != ABSENT]
    return looks * sum(_LOADED_TENSOR_BYTES + _aligned(4 * len(tensor.scales)) for tensor in tensors)
