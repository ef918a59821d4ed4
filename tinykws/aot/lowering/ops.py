# SPDX-License-Identifier: Apache-2.0
"""Lowers a graph: the table of supported ops, and the function that lowers each."""

from __future__ import annotations

from collections.abc import Sequence

from tinykws.aot.lowering.broadcast import lower_mul, lower_prelu
from tinykws.aot.lowering.call import Alias, Call, Form, Item, Lowering, activation, result
from tinykws.aot.lowering.convolution import lower_conv_2d, lower_depthwise_conv_2d
from tinykws.aot.lowering.dense import lower_fully_connected
from tinykws.aot.lowering.elementwise import lower_add
from tinykws.aot.lowering.label_scores import SILENCE_SCORE, UNKNOWN_SCORE
from tinykws.aot.lowering.lookup import lower_lookup
from tinykws.aot.lowering.moving import (
    lower_concatenation,
    lower_shape_arithmetic,
    lower_split,
    lower_strided_slice,
    lower_transpose,
)
from tinykws.aot.lowering.padding import lower_pad
from tinykws.aot.lowering.pooling import lower_pool_2d
from tinykws.aot.lowering.reduction import lower_mean, lower_reduce_max
from tinykws.aot.lowering.softmax import lower_softmax
from tinykws.aot.lowering.state import lower_assign_variable, lower_read_variable
from tinykws.aot.lowering.transpose_convolution import lower_transpose_conv
from tinykws.aot.reader.graph import Graph, Op


def _lower_reshape(graph: Graph, op: Op) -> Alias:
    """The output has the new shape, so inputs or options that say how it comes about are ignored."""
    source, output = activation(graph, op, 0), result(graph, op)
    if source.data is not None:
        raise op.error("its input is constant", hint="store the constant with the final shape, and convert again")
    if source.size != output.size:
        raise op.error(f"{list(source.shape)} cannot become {list(output.shape)}")
    return Alias(source, output)


LOWERINGS: dict[str, Lowering] = {
    "ADD": lower_add,
    "ASSIGN_VARIABLE": lower_assign_variable,
    "AVERAGE_POOL_2D": lower_pool_2d,
    "CONCATENATION": lower_concatenation,
    "CONV_2D": lower_conv_2d,
    "DEPTHWISE_CONV_2D": lower_depthwise_conv_2d,
    "EXPAND_DIMS": _lower_reshape,
    "FULLY_CONNECTED": lower_fully_connected,
    "HARD_SWISH": lower_lookup,
    "LEAKY_RELU": lower_lookup,
    "LOGISTIC": lower_lookup,
    "MAX_POOL_2D": lower_pool_2d,
    "MEAN": lower_mean,
    "MUL": lower_mul,
    "PACK": lower_shape_arithmetic,
    "PAD": lower_pad,
    "PADV2": lower_pad,
    "PRELU": lower_prelu,
    "QUANTIZE": lower_lookup,
    "READ_VARIABLE": lower_read_variable,
    "REDUCE_MAX": lower_reduce_max,
    "RELU": lower_lookup,
    "RELU6": lower_lookup,
    "RESHAPE": _lower_reshape,
    "SHAPE": lower_shape_arithmetic,
    "SOFTMAX": lower_softmax,
    "SPLIT": lower_split,
    "SPLIT_V": lower_split,
    "SQUEEZE": _lower_reshape,
    "STRIDED_SLICE": lower_strided_slice,
    "SUB": lower_add,
    "TANH": lower_lookup,
    "TRANSPOSE": lower_transpose,
    "TRANSPOSE_CONV": lower_transpose_conv,
}
_OF_LABELS: dict[str, Lowering] = {SILENCE_SCORE: lower_lookup, UNKNOWN_SCORE: lower_lookup}
_ON_SHAPES = (
    *("ADD", "CONCATENATION", "EXPAND_DIMS", "MUL", "PACK"),
    *("RESHAPE", "SHAPE", "SQUEEZE", "STRIDED_SLICE", "SUB"),
)
"""Ops with which a model computes a shape, if their result is int32."""


def lower(graph: Graph) -> list[Item]:
    """Returns the call or alias of each op, in order. Raises a ConfigError that names an unsupported op by position."""
    return [_lower_op(graph, op) for op in graph.ops]


def in_form(program: Sequence[Item], form: Form) -> list[Item]:
    """Returns the same with weights in a form, where a call has it."""
    return [item.in_form(form) if isinstance(item, Call) else item for item in program]


def _lower_op(graph: Graph, op: Op) -> Item:
    lowering = LOWERINGS.get(op.name) or _OF_LABELS.get(op.name)
    if lowering is None:
        raise op.error(
            "the aot engine does not support it",
            hint=f"it computes {', '.join(LOWERINGS)}, and the variables of streaming models",
        )
    on_shapes = op.name in _ON_SHAPES and [graph.tensors[index].type for index in op.outputs] == ["INT32"]
    return lower_shape_arithmetic(graph, op) if on_shapes else lowering(graph, op)
