# SPDX-License-Identifier: Apache-2.0
"""A model whose batch is not fixed, as TensorFlow converts Conv1DTranspose(): it computes a shape in many steps."""

from __future__ import annotations

import numpy as np
from tflite_builder import OpSpec, TensorSpec, build_model


def conv_1d_transpose_model(last: OpSpec | None = None) -> bytes:
    """Returns int8 [1, 5, 2] to int8 [1, 1, 10, 4]; `last` replaces the ops from the third on: tensor 3 is computed."""
    generator = np.random.default_rng(0)
    weights, zeros = generator.integers(-127, 128, (4, 1, 3, 2), np.int8), [0] * 4
    tensors = [
        TensorSpec((1, 5, 2), scales=(0.1,), zero_points=(-3,)),
        *(TensorSpec(sizes, "INT32", (), ()) for sizes in ((3,), (1,), (1,), (3,), (3,))),
        *(_int32s(*values) for values in ((0,), (1,), (1,), (1,), (10, 4))),
        TensorSpec((1, 1, 5, 2), scales=(0.1,), zero_points=(-3,)),
        TensorSpec(weights.shape, scales=(0.01, 0.02, 0.01, 0.03), zero_points=zeros, data=weights.tobytes()),
        TensorSpec((1, 1, 10, 4), scales=(0.3,), zero_points=(5,)),
        TensorSpec((1, 1, 10, 4), scales=(0.2,), zero_points=(-128,)),
    ]
    shape, begin, batch, parts, whole = range(1, 6)
    ops = [
        OpSpec("SHAPE", [0], [shape]),
        OpSpec("STRIDED_SLICE", [shape, 6, 7, 8], [begin], {}),
        OpSpec("RESHAPE", [begin, 9], [batch]),
        OpSpec("CONCATENATION", [batch, 10], [parts], {"axis": 0}),
        OpSpec("ADD", [parts, parts], [whole], {"fused_activation_function": 0}),
        OpSpec("EXPAND_DIMS", [0, 7], [11]),
        OpSpec("TRANSPOSE_CONV", [whole, 12, 11], [13], {"padding": 0, "stride_h": 1, "stride_w": 2}),
        OpSpec("RELU", [13], [14]),
    ]
    return build_model(tensors, ops if last is None else [*ops[:3], last])


def _int32s(*values: int) -> TensorSpec:
    return TensorSpec([len(values)], "INT32", (), (), data=np.array(values, "<i4").tobytes())
