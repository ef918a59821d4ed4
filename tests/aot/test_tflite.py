# SPDX-License-Identifier: Apache-2.0
"""Reading .tflite files: good ones as they are, bad ones refused in words that name the op and its position."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import random_net
from tflite_builder import OpSpec, TensorSpec, build_model
from variable_batch import conv_1d_transpose_model

from tinykws.aot.compiler import compile_model
from tinykws.aot.reader.flatbuffer import Table
from tinykws.aot.reader.tflite import MAX_ELEMENTS, read_model
from tinykws.support.errors import ConfigError

DENSE = {"fused_activation_function": 0}
CONV = {"padding": 0, "stride_h": 1, "stride_w": 1, "fused_activation_function": 0}


def int32s(*values: int) -> bytes:
    return np.array(values, "<i4").tobytes()


def dense_model(op: dict[str, Any] | None = None, **changes: TensorSpec) -> bytes:
    """A dense layer from 4 values to 2; `changes` replaces tensors by name."""
    tensors = {
        "x": TensorSpec((1, 4), scales=(0.5,), zero_points=(3,), name="x"),
        "w": TensorSpec((2, 4), scales=(0.1,), data=bytes(range(8)), name="w"),
        "b": TensorSpec((2,), "INT32", (0.05,), data=int32s(100, -100), name="b"),
        "y": TensorSpec((1, 2), scales=(0.25,), zero_points=(-1,), name="y"),
    }
    arguments = {"name": "FULLY_CONNECTED", "inputs": [0, 1, 2], "outputs": [3], "options": DENSE} | (op or {})
    return build_model(list((tensors | changes).values()), [OpSpec(**arguments)], outputs=[3])


def conv_model(op: dict[str, Any] | None = None, name: str = "CONV_2D", **changes: TensorSpec) -> bytes:
    """A 3x3 convolution (SAME) from [1, 5, 5, 2] to 4 channels."""
    tensors = {
        "x": TensorSpec((1, 5, 5, 2), scales=(0.5,)),
        "w": TensorSpec((4, 3, 3, 2), scales=(0.1,), data=bytes(72)),
        "b": TensorSpec((4,), "INT32", (0.05,), data=int32s(0, 0, 0, 0)),
        "y": TensorSpec((1, 5, 5, 4), scales=(0.25,)),
    }
    arguments = {"name": name, "inputs": [0, 1, 2], "outputs": [3], "options": CONV} | (op or {})
    return build_model(list((tensors | changes).values()), [OpSpec(**arguments)], outputs=[3])


def one_op(name: str, shape: tuple[int, ...], result: tuple[int, ...], options: Any, *extra: TensorSpec) -> bytes:
    """A model of one op from `shape` to `result`, both with scale 1/256 and zero point -128."""
    ends = [TensorSpec(sizes, scales=(1 / 256,), zero_points=(-128,)) for sizes in (shape, result)]
    inputs = [0, *range(2, 2 + len(extra))]
    return build_model([*ends, *extra], [OpSpec(name, inputs, [1], options)])


def axes(*values: int) -> TensorSpec:
    return TensorSpec([len(values)], "INT32", (), (), data=int32s(*values))


def transpose_conv_model(op: dict[str, Any] | None = None, **changes: TensorSpec) -> bytes:
    """A 3x3 transposed convolution (SAME, stride 2) from [1, 5, 5, 2] to [1, 10, 10, 4]."""
    tensors = {
        "x": TensorSpec((1, 5, 5, 2), scales=(0.5,)),
        "s": axes(1, 10, 10, 4),
        "w": TensorSpec((4, 3, 3, 2), scales=(0.1,), data=bytes(72)),
        "b": TensorSpec((4,), "INT32", (0.05,), data=int32s(0, 0, 0, 0)),
        "y": TensorSpec((1, 10, 10, 4), scales=(0.25,)),
    }
    options = {**CONV, "stride_h": 2, "stride_w": 2}
    arguments = {"name": "TRANSPOSE_CONV", "inputs": [1, 2, 0, 3], "outputs": [4], "options": options} | (op or {})
    return build_model(list((tensors | changes).values()), [OpSpec(**arguments)], outputs=[4])


POOL = {"padding": 1, "stride_h": 1, "stride_w": 1, "filter_height": 2, "filter_width": 2}

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "this is not a .tflite model"),
    "text": (lambda: b"hello world, this is text", "this is not a .tflite model"),
    "identifier only": (lambda: b"\x08\0\0\0TFL3", "damaged or truncated"),
    "schema version": (lambda: build_model([], [OpSpec("ADD", [], [])], version=4), "schema version 4, not 3"),
    "two subgraphs": (
        lambda: build_model([TensorSpec((1,))], [OpSpec("ADD", [0], [0])], n_subgraphs=2),
        "has 2 subgraphs, not one",
    ),
    "no op": (lambda: build_model([TensorSpec((1,))], [], outputs=[0]), "the model has no operation"),
    "two inputs": (
        lambda: build_model([TensorSpec((1,))] * 3, [OpSpec("ADD", [0, 1], [2], DENSE)], inputs=[0, 1]),
        "the model has 2 inputs, not one",
    ),
    "float input": (
        lambda: dense_model(x=TensorSpec((1, 4), "FLOAT32", (), (), name="x")),
        "op 0 (FULLY_CONNECTED): tensor 0 'x' is FLOAT32, not int8",
    ),
    "float weights": (
        lambda: dense_model(w=TensorSpec((2, 4), "FLOAT32", (), (), data=bytes(32), name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w' is FLOAT32, not int8",
    ),
    "int16": (
        lambda: dense_model(y=TensorSpec((1, 2), "INT16", name="y")),
        "op 0 (FULLY_CONNECTED): tensor 3 'y' is INT16, not int8",
    ),
    "int4 weights": (
        lambda: dense_model(w=TensorSpec((2, 4), "INT4", data=bytes(4), name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w' is INT4, not int8",
    ),
    "unknown op": (
        lambda: one_op("ELU", (4,), (4,), None),
        "op 0 (ELU): the aot engine does not support it",
    ),
    "custom op": (lambda: one_op("CUSTOM", (4,), (4,), None), "op 0 (CUSTOM): the aot engine does not support it"),
    "op of the future": (
        lambda: build_model([TensorSpec((4,))] * 2, [OpSpec("ADD", [0], [1], code=5000)]),
        "op 0 (OPERATOR_5000): the aot engine does not support it",
    ),
    "dynamic shape": (
        lambda: dense_model(x=TensorSpec((-1, 4), name="x")),
        "op 0 (FULLY_CONNECTED): tensor 0 'x' has the shape [-1, 4]: every size must be fixed",
    ),
    "huge shape": (
        lambda: dense_model(x=TensorSpec((2**16, 2**16), name="x")),
        f"op 0 (FULLY_CONNECTED): tensor 0 'x' has the shape [65536, 65536]: more than {MAX_ELEMENTS} elements",
    ),
    "huge shape of nothing": (
        lambda: dense_model(x=TensorSpec((0, 2**31 - 1, 2**31 - 1, 2**31 - 1), data=b"", name="x")),
        "op 0 (FULLY_CONNECTED): tensor 0 'x' has the shape [0, 2147483647, 2147483647, 2147483647]: more than",
    ),
    "many dimensions": (
        lambda: dense_model(x=TensorSpec((1,) * 9, name="x")),
        "op 0 (FULLY_CONNECTED): tensor 0 'x' has 9 dimensions; 8 is the most",
    ),
    "sparse": (
        lambda: dense_model(w=TensorSpec((2, 4), data=bytes(8), sparse=True, name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w' is sparse",
    ),
    "variable": (
        lambda: dense_model(x=TensorSpec((1, 4), variable=True, name="x")),
        "op 0 (FULLY_CONNECTED): tensor 0 'x' is a variable",
    ),
    "missing buffer": (
        lambda: dense_model(w=TensorSpec((2, 4), buffer=77, data=bytes(8), name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w': its buffer 77 is missing",
    ),
    "weights too short": (
        lambda: dense_model(w=TensorSpec((2, 4), data=bytes(7), name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w': 7 bytes for int8 [2, 4]",
    ),
    "bias too short": (
        lambda: dense_model(b=TensorSpec((2,), "INT32", data=bytes(7), name="b")),
        "op 0 (FULLY_CONNECTED): tensor 2 'b': 7 bytes for int32 [2]",
    ),
    "weights without data": (
        lambda: dense_model(w=TensorSpec((2, 4), name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w' is used before it is computed",
    ),
    "scales for other channels": (
        lambda: dense_model(w=TensorSpec((2, 4), scales=(1, 1, 1), zero_points=(0, 0, 0), data=bytes(8), name="w")),
        "op 0 (FULLY_CONNECTED): tensor 1 'w': 3 scales along dimension 0 of [2, 4]",
    ),
    "infinite scale": (
        lambda: dense_model(x=TensorSpec((1, 4), scales=(float("inf"),), name="x")),
        "op 0 (FULLY_CONNECTED): tensor 0 'x': its scales are not all finite and positive",
    ),
    "tensor out of range": (
        lambda: dense_model(op={"inputs": [0, 99, 2]}),
        "op 0 (FULLY_CONNECTED): it names tensor 99 of 4",
    ),
    "input computed": (
        lambda: build_model([TensorSpec((4,))] * 2, [OpSpec("ADD", [1, 1], [0], DENSE)], outputs=[0]),
        "op 0 (ADD): tensor 1 'tensor' is used before it is computed",
    ),
    "output never computed": (
        lambda: build_model([TensorSpec((4,))] * 3, [OpSpec("ADD", [0, 0], [1], DENSE)], outputs=[2]),
        "no operation computes the model's output",
    ),
    "input constant": (
        lambda: dense_model(x=TensorSpec((1, 4), data=bytes(4))),
        "the model's input is constant",
    ),
    "reshape of a constant": (
        lambda: build_model(
            [TensorSpec((4,)), TensorSpec((2, 2), data=bytes(4)), TensorSpec((4,)), TensorSpec((4,))],
            [OpSpec("RESHAPE", [1], [2]), OpSpec("ADD", [0, 2], [3], DENSE)],
        ),
        "op 0 (RESHAPE): its input is constant",
    ),
    "input without scale": (
        lambda: dense_model(x=TensorSpec((1, 4), scales=(), name="x")),
        "the model's input has no scale and zero point",
    ),
    "no options": (
        lambda: dense_model(op={"options": None}),
        "op 0 (FULLY_CONNECTED): its options are missing",
    ),
    "tanh": (
        lambda: dense_model(op={"options": {"fused_activation_function": 4}}),
        "op 0 (FULLY_CONNECTED): the fused activation TANH is not supported",
    ),
    "shuffled weights": (
        lambda: dense_model(op={"options": {**DENSE, "weights_format": 1}}),
        "op 0 (FULLY_CONNECTED): its weights are shuffled",
    ),
    "asymmetric weights": (
        lambda: dense_model(w=TensorSpec((2, 4), zero_points=(3,), data=bytes(8))),
        "op 0 (FULLY_CONNECTED): its weights are not quantized symmetrically",
    ),
    "scales along the inputs": (
        lambda: dense_model(w=TensorSpec((2, 4), scales=[1] * 4, zero_points=[0] * 4, dimension=1, data=bytes(8))),
        "op 0 (FULLY_CONNECTED): its weights have scales along dimension 1, not 0",
    ),
    "dense shapes": (
        lambda: dense_model(y=TensorSpec((1, 3))),
        "op 0 (FULLY_CONNECTED): weights of [2, 4] do not lead from [1, 4] to [1, 3]",
    ),
    "bias for other channels": (
        lambda: dense_model(b=TensorSpec((3,), "INT32", data=bytes(12))),
        "op 0 (FULLY_CONNECTED): its bias is int32 [3], not int32 for 2 channels",
    ),
    "sum beyond 32 bits": (
        lambda: dense_model(b=TensorSpec((2,), "INT32", (0.05,), data=int32s(0, 2**31 - 1))),
        "op 0 (FULLY_CONNECTED): the sum of output channel 1 can overflow 32 bits",
    ),
    "factor too large": (
        lambda: dense_model(y=TensorSpec((1, 2), scales=(1e-30,))),
        "op 0 (FULLY_CONNECTED): a factor of 5e+28 is too large for 32-bit arithmetic",
    ),
    "conv output": (
        lambda: conv_model(y=TensorSpec((1, 5, 4, 4))),
        "op 0 (CONV_2D): its output is [1, 5, 4, 4], its inputs give [1, 5, 5, 4]",
    ),
    "conv stride 0": (
        lambda: conv_model(op={"options": {**CONV, "stride_h": 0}}),
        "op 0 (CONV_2D): a kernel window of 3 with stride 0 and dilation 1 along h is impossible",
    ),
    "conv dilation huge": (
        lambda: conv_model(op={"options": {**CONV, "dilation_w_factor": 2**30}}),
        "op 0 (CONV_2D): a kernel window of 3 with stride 1 and dilation 1073741824 along w is impossible",
    ),
    "conv padding": (
        lambda: conv_model(op={"options": {**CONV, "padding": 7}}),
        "op 0 (CONV_2D): its padding has the number 7",
    ),
    "conv depth": (
        lambda: conv_model(w=TensorSpec((4, 3, 3, 3), data=bytes(108))),
        "op 0 (CONV_2D): its weights are [4, 3, 3, 3] for an input of 2 channels",
    ),
    "conv of a row": (
        lambda: conv_model(x=TensorSpec((1, 50))),
        "op 0 (CONV_2D): its input is [1, 50], not [batch, height, width, channels]",
    ),
    "window beyond the image": (
        lambda: conv_model(op={"options": {**CONV, "padding": 1, "dilation_h_factor": 4}}),
        "op 0 (CONV_2D): its kernel window spans 9, more than the image's 5 along h",
    ),
    "depthwise multiplier": (
        lambda: conv_model(name="DEPTHWISE_CONV_2D", w=TensorSpec((1, 3, 3, 4), data=bytes(36))),
        "op 0 (DEPTHWISE_CONV_2D): its weights are [1, 3, 3, 4] for an input of 2 channels with depth multiplier 0",
    ),
    "transposed convolution's depth": (
        lambda: transpose_conv_model(w=TensorSpec((4, 3, 3, 3), data=bytes(108))),
        "op 0 (TRANSPOSE_CONV): its weights are [4, 3, 3, 3] for an input of 2 channels",
    ),
    "transposed convolution's output": (
        lambda: transpose_conv_model(y=TensorSpec((1, 11, 10, 4))),
        "op 0 (TRANSPOSE_CONV): its output is [1, 11, 10, 4], which does not fit an input of [1, 5, 5, 2]",
    ),
    "transposed convolution's stride": (
        lambda: transpose_conv_model(op={"options": {**CONV, "stride_h": 0}}),
        "op 0 (TRANSPOSE_CONV): a kernel window of 3 with stride 0 and dilation 1 along h is impossible",
    ),
    "transposed convolution's inputs": (
        lambda: transpose_conv_model(op={"inputs": [1, 2]}),
        "op 0 (TRANSPOSE_CONV): its input 2 is missing",
    ),
    "transposed convolution's bias": (
        lambda: transpose_conv_model(b=TensorSpec((3,), "INT32", (0.05,), data=bytes(12))),
        "op 0 (TRANSPOSE_CONV): its bias is int32 [3], not int32 for 4 channels",
    ),
    "transposed convolution's sums": (
        lambda: transpose_conv_model(
            b=TensorSpec((4,), "INT32", (0.05,), data=int32s(0, 2**31 - 1, 0, 0)),
            w=TensorSpec((4, 3, 3, 2), scales=(0.1,), data=b"\x7f" * 72),
        ),
        "op 0 (TRANSPOSE_CONV): the sum of output channel 1 can overflow 32 bits",
    ),
    "pool rescales": (
        lambda: build_model(
            [TensorSpec((1, 4, 4, 1), scales=(0.5,)), TensorSpec((1, 3, 3, 1))],
            [OpSpec("AVERAGE_POOL_2D", [0], [1], POOL)],
        ),
        "op 0 (AVERAGE_POOL_2D): its input and output are quantized differently",
    ),
    "mean axis": (
        lambda: one_op("MEAN", (2, 3), (2,), {"keep_dims": False}, axes(2)),
        "op 0 (MEAN): its axes [2] are none of the input's 2 dimensions",
    ),
    "mean output": (
        lambda: one_op("MEAN", (2, 3), (3,), {"keep_dims": False}, axes(1)),
        "op 0 (MEAN): its output is [3], its input and axes give [2]",
    ),
    "mean of five dimensions": (
        lambda: one_op("MEAN", (1, 1, 2, 3, 4), (1, 1, 2, 3), {"keep_dims": False}, axes(4)),
        "op 0 (MEAN): its input is [1, 1, 2, 3, 4]; up to 4 dimensions are supported",
    ),
    "add shapes": (
        lambda: one_op("ADD", (2, 3), (2, 3), DENSE, TensorSpec((2, 2), data=bytes(4))),
        "op 0 (ADD): inputs of [2, 3] and [2, 2] cannot be combined",
    ),
    "add scales": (
        lambda: one_op("ADD", (2,), (2,), DENSE, TensorSpec((2,), scales=(1e6,), data=bytes(2))),
        "op 0 (ADD): its output's scale is too small for its inputs' scales",
    ),
    "pad negative": (
        lambda: one_op("PAD", (3,), (2,), None, TensorSpec((1, 2), "INT32", (), (), data=int32s(-1, 0))),
        "op 0 (PAD): its paddings [-1, 0] do not fit the input [3]",
    ),
    "pad output": (
        lambda: one_op("PAD", (3,), (5,), None, TensorSpec((1, 2), "INT32", (), (), data=int32s(1, 0))),
        "op 0 (PAD): its output is [5], its inputs give [4]",
    ),
    "pad value": (
        lambda: one_op(
            "PADV2",
            (3,),
            (4,),
            None,
            TensorSpec((1, 2), "INT32", (), (), data=int32s(1, 0)),
            TensorSpec((1,), scales=(0.5,), data=b"\1"),
        ),
        "op 0 (PADV2): the value it pads with is quantized differently from its output",
    ),
    "reshape": (
        lambda: one_op("RESHAPE", (2, 3), (5,), None, axes(5)),
        "op 0 (RESHAPE): [2, 3] cannot become [5]",
    ),
    "concatenation of other scales": (
        lambda: build_model(
            [TensorSpec((1, 4)), TensorSpec((1, 8), scales=(0.5,))], [OpSpec("CONCATENATION", [0, 0], [1], {"axis": 1})]
        ),
        "op 0 (CONCATENATION): its inputs and output are quantized differently",
    ),
    "concatenation of five": (
        lambda: build_model(
            [TensorSpec((1, 4)), TensorSpec((1, 20))], [OpSpec("CONCATENATION", [0] * 5, [1], {"axis": 1})]
        ),
        "op 0 (CONCATENATION): it has 5 inputs; 2 to 4 are supported",
    ),
    "concatenation axis": (
        lambda: build_model(
            [TensorSpec((1, 4)), TensorSpec((1, 8))], [OpSpec("CONCATENATION", [0, 0], [1], {"axis": 2})]
        ),
        "op 0 (CONCATENATION): its axis 2 is none of the output's 2 dimensions",
    ),
    "concatenation shapes": (
        lambda: build_model(
            [TensorSpec((2, 4)), TensorSpec((2, 9))], [OpSpec("CONCATENATION", [0, 0], [1], {"axis": 1})]
        ),
        "op 0 (CONCATENATION): inputs of [[2, 4], [2, 4]] do not give [2, 9]",
    ),
    "slice of nothing": (
        lambda: one_op("STRIDED_SLICE", (4,), (1,), {"begin_mask": 0}, axes(3), axes(2), axes(1)),
        "op 0 (STRIDED_SLICE): it takes nothing along dimension 0",
    ),
    "slice beyond the end": (
        lambda: one_op("STRIDED_SLICE", (4,), (9,), {"begin_mask": 0}, axes(0), axes(9), axes(1)),
        "op 0 (STRIDED_SLICE): its output is [9], its inputs give [4]",
    ),
    "slice without steps": (
        lambda: one_op("STRIDED_SLICE", (4,), (4,), {"begin_mask": 0}, axes(0), axes(4), axes(0)),
        "op 0 (STRIDED_SLICE): its begin, end and strides [[0], [4], [0]] do not fit the input [4]",
    ),
    "slice with an ellipsis": (
        lambda: one_op("STRIDED_SLICE", (4,), (4,), {"ellipsis_mask": 1}, axes(0), axes(4), axes(1)),
        "op 0 (STRIDED_SLICE): an ellipsis, a new axis or ends relative to begins are not supported",
    ),
    "transpose twice along one axis": (
        lambda: one_op("TRANSPOSE", (2, 2), (2, 2), None, axes(0, 0)),
        "op 0 (TRANSPOSE): its permutation [0, 0] does not fit the input [2, 2]",
    ),
    "a shape as an axis": (
        lambda: build_model(
            [TensorSpec((2, 2)), TensorSpec((2,), "INT32", (), ()), TensorSpec((2,))],
            [OpSpec("SHAPE", [0], [1]), OpSpec("MEAN", [0, 1], [2], {"keep_dims": False})],
        ),
        "op 1 (MEAN): its axes must be a constant in the model",
    ),
    "softmax scale": (
        lambda: build_model([TensorSpec((4,))] * 2, [OpSpec("SOFTMAX", [0], [1], {"beta": 1.0})]),
        "op 0 (SOFTMAX): its output has scale 1 and zero point 0, not 1/256 and -128",
    ),
    "softmax beta": (
        lambda: one_op("SOFTMAX", (4,), (4,), {"beta": 1e-20}),
        "op 0 (SOFTMAX): beta 1e-20 times the input's scale 0.00391 is too small",
    ),
    "softmax depth": (
        lambda: one_op("SOFTMAX", (512,), (512,), {"beta": 1.0}),
        "op 0 (SOFTMAX): its input is [512]; the last dimension must have 1 to 511 values",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_words(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises(ConfigError) as caught:
        compile_model(make())
    assert message in caught.value.message


def test_the_models_that_the_refused_ones_vary_are_good() -> None:
    compile_model(dense_model())
    compile_model(conv_model())
    compile_model(transpose_conv_model())


def test_arithmetic_on_shapes_of_a_variable_batch_needs_no_code() -> None:
    """What TensorFlow makes of Flatten() if the batch is not fixed."""
    number = TensorSpec((), "INT32", (), ())
    tensors = [
        TensorSpec((1, 2, 3)),
        TensorSpec((3,), "INT32", (), ()),
        axes(0), axes(1), axes(1), number, dataclasses.replace(number, data=int32s(-1)),
        TensorSpec((2,), "INT32", (), ()),
        TensorSpec((1, 6)),
        TensorSpec((1, 12)),
    ]  # fmt: skip
    ops = [
        OpSpec("SHAPE", [0], [1]),
        OpSpec("STRIDED_SLICE", [1, 2, 3, 4], [5], {"shrink_axis_mask": 1}),
        OpSpec("PACK", [5, 6], [7]),
        OpSpec("RESHAPE", [0, 7], [8]),
        OpSpec("CONCATENATION", [8, 8], [9], {"axis": 1}),
    ]
    assert compile_model(build_model(tensors, ops)).kernels == ("kws_nn_concatenation_2.c",)


def test_a_shape_computed_in_many_steps_needs_no_code_and_is_no_constant() -> None:
    assert compile_model(conv_1d_transpose_model()).kernels == ("kws_nn_lookup.c", "kws_nn_transpose_conv.c")
    with pytest.raises(ConfigError, match=r"op 3 \(MEAN\): its axes must be a constant"):
        compile_model(conv_1d_transpose_model(OpSpec("MEAN", [0, 3], [13], {"keep_dims": False})))


def test_the_position_is_the_ops() -> None:
    tensors = [TensorSpec((4,))] * 3
    ops = [OpSpec("ADD", [0, 0], [1], DENSE), OpSpec("TANH", [1], [2])]
    with pytest.raises(ConfigError, match=r"^op 1 \(TANH\): "):
        compile_model(build_model(tensors, ops))


def test_reads_what_was_written() -> None:
    graph = read_model(dense_model())
    assert [op.name for op in graph.ops] == ["FULLY_CONNECTED"]
    assert (graph.input.name, graph.input.shape, graph.input.scale, graph.input.zero_point) == ("x", (1, 4), 0.5, 3)
    assert (graph.output.name, graph.output.scale, graph.output.zero_point) == ("y", 0.25, -1)
    weights, bias = graph.tensors[1].data, graph.tensors[2].data
    assert weights is not None
    assert bias is not None
    np.testing.assert_array_equal(weights, np.arange(8).reshape(2, 4))
    np.testing.assert_array_equal(bias, [100, -100])


def test_reads_micro_speech(shared: Path) -> None:
    graph = read_model((shared / "models" / "micro_speech_quantized.tflite").read_bytes())
    assert [op.name for op in graph.ops] == ["RESHAPE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX"]
    assert graph.ops[1].options["depth_multiplier"] == 8
    assert (graph.input.shape, graph.output.shape) == ((1, 1960), (1, 4))


MODELS = [random_net(random.Random(seed)) for seed in range(8)] + [dense_model(), conv_model()]


def _compiles_or_refuses(tflite: bytes) -> None:
    """Any other exception fails the test."""
    with contextlib.suppress(ConfigError):
        compile_model(tflite)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MODELS), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes_never_surprise(model: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(model)
    for position, value in changes:
        damaged[position % len(damaged)] = value
    _compiles_or_refuses(bytes(damaged))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MODELS), st.integers(0), st.sampled_from([0, 1, 0x7FFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
def test_extreme_words_never_surprise(model: bytes, position: int, value: int) -> None:
    damaged = bytearray(model)
    at = position % (len(damaged) // 4) * 4
    damaged[at : at + 4] = value.to_bytes(4, "little")
    _compiles_or_refuses(bytes(damaged))


@pytest.mark.parametrize("model", MODELS[-2:], ids=["dense", "conv"])
def test_every_truncation_is_refused_or_harmless(model: bytes) -> None:
    for length in range(len(model)):
        _compiles_or_refuses(model[:length])


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    for start in (b"", b"\x10\0\0\0TFL3"):
        with pytest.raises(ConfigError):
            read_model(start + data)


def test_a_file_cannot_make_its_reader_work_without_end() -> None:
    """A hundred tables share one list: 400 kB to read in a file of a few kB."""
    builder = flatbuffers.Builder()
    numbers = builder.CreateNumpyVector(np.zeros(1000, np.int32))
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, numbers, 0)
    table = builder.EndObject()
    builder.StartVector(4, 100, 4)
    for _ in range(100):
        builder.PrependUOffsetTRelative(table)
    tables = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, tables, 0)
    builder.Finish(builder.EndObject())
    root = Table.root(bytes(builder.Output()))
    with pytest.raises(ConfigError, match="its lists overlap"):
        [inner.numbers(0, "int32") for inner in root.tables(0)]


def test_a_file_larger_than_any_flash_is_refused() -> None:
    with pytest.raises(ConfigError, match="67,108,865 bytes"):
        read_model(b"\x08\0\0\0TFL3" + bytes((64 << 20) - 7))
