# SPDX-License-Identifier: Apache-2.0
"""Functions of one value as tables: for every input, the byte that TFLite Micro computes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest
from tflite_builder import OpSpec, TensorSpec, build_model
from tflm_oracle import needs_tflm, tflm

from tinykws.aot.lowering.call import Call
from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.support.errors import ConfigError

EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)
FIXED_OUTPUTS = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}


def model_of(name: str, scale: float, zero_point: int, output: tuple[float, int], alpha: float = 0.1) -> bytes:
    ends = [
        TensorSpec((1, 256), scales=(scale,), zero_points=(zero_point,)),
        TensorSpec((1, 256), scales=(output[0],), zero_points=(output[1],)),
    ]
    return build_model(ends, [OpSpec(name, [0], [1], {"alpha": alpha} if name == "LEAKY_RELU" else None)])


def models(name: str, count: int) -> Iterator[bytes]:
    source = random.Random(name)
    for at in range(count):
        scale = source.choice([0.1, 0.02, 1.0, 16 / 255, 2.0 ** source.uniform(-12, 6), 2.0 ** source.uniform(-40, 20)])
        spread = source.choice([3, 3, 3, 30])  # a shift of 16 and more does odd things to the 16 bits of HARD_SWISH
        output = (
            scale * 2.0 ** source.uniform(-spread, spread),
            source.choice([-128, 127, 0, source.randint(-128, 127)]),
        )
        alpha = source.choice([0.0, 0.01, 0.2, 0.30000001, 1.0, 3.0])
        zero_point = source.choice([-128, 127, 0, source.randint(-128, 127)])
        output = (scale, zero_point) if name == "RELU6" else output
        yield (
            model_of(name, scale, zero_point, FIXED_OUTPUTS.get(name, output), alpha)
            if at
            else model_of(name, 0.1, 3, FIXED_OUTPUTS.get(name, (0.1, 3)))
        )


@needs_tflm
@pytest.mark.parametrize("name", ["LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "QUANTIZE", "RELU", "RELU6"])
def test_every_value_is_tflite_micros(name: str) -> None:
    compared = 0
    for model in models(name, 120):
        try:
            (call,) = lower(read_model(model))
        except ConfigError:
            continue
        assert isinstance(call, Call)
        expected = tflm(model).invoke(EVERY_VALUE)
        np.testing.assert_array_equal(np.asarray(call.parameters["table"]), expected)
        compared += 1
    assert compared > 70


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (model_of("LOGISTIC", 0.1, 0, (1 / 128, -128)), "scale 0.0078125 and zero point -128, not 0.00390625 and -128"),
        (model_of("LOGISTIC", 1e-9, 0, (1 / 256, -128)), "scale 1e-09 is too small"),
        (model_of("TANH", 0.1, 0, (1 / 128, 3)), "zero point 3, not 0.0078125 and 0"),
        (model_of("RELU6", 0.1, 0, (0.2, 0)), "its input and output are quantized differently"),
        (model_of("HARD_SWISH", 0.1, 0, (1e-6, 0)), "output's scale is too small"),
        (model_of("LEAKY_RELU", 0.1, 0, (0.1, 0), alpha=-0.5), "a factor of -0.5"),
        (model_of("LEAKY_RELU", 0.1, 0, (0.1, 0), alpha=float("nan")), "a factor of nan"),
    ],
)
def test_what_cannot_be_exact_is_refused(model: bytes, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        lower(read_model(model))
    assert says in caught.value.message
