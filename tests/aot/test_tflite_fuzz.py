# SPDX-License-Identifier: Apache-2.0
"""Mutants of good models, by fields: refused in words, or C that touches nothing it may not. fuzz_reader.py goes on."""

from __future__ import annotations

import functools
import random
import shutil
from pathlib import Path
from unittest import mock

import pytest
from field_mutator import fields_of, mutate
from random_networks import random_convolution, random_net, random_net_of_all_ops, random_stream
from sanitized_models import MOST_WORK, compile_spaced, compile_stream, run_sanitized, shape_of, work_of
from streaming_models import streaming_model
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.aot import compiler
from tinykws.aot.lowering.call import Form
from tinykws.support.errors import ConfigError

pytestmark = pytest.mark.slow

MUTANTS = 2000
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def good_models() -> list[bytes]:
    models = [random_net(random.Random(seed)) for seed in range(20)]
    models += [random_convolution(random.Random(seed)) for seed in range(20)]
    models += [random_net_of_all_ops(random.Random(seed)) for seed in range(30)]
    models += [streaming_model(seed) for seed in range(10)]
    return models + [random_stream(random.Random(seed))[0] for seed in range(20)]


def accepted_mutants(count: int, seed: int) -> tuple[list[bytes], int]:
    """Of `count` mutants those that compile, one of each C text that differs in more than weights; and how many were
    refused. Any exception but ConfigError fails the test."""
    source = random.Random(seed)
    models = good_models()
    accepted: dict[str, bytes] = {}
    refused = 0
    for number in range(count):
        mutant = mutate(models[number % len(models)], source)
        try:
            accepted.setdefault(shape_of(compiler.compile_model(mutant)), mutant)
        except ConfigError as error:
            assert error.message
            refused += 1
    return list(accepted.values()), refused


@needs_gcc
def test_mutants_are_refused_or_stay_inside_their_buffers(tmp_path: Path) -> None:
    accepted, refused = accepted_mutants(MUTANTS, seed=11)
    assert len(accepted) > 100
    assert refused > 700
    models = [model for model in accepted if work_of(model) <= MOST_WORK]
    run_sanitized(models, tmp_path)
    assert sum(compile_stream(model).choice.keeps_rows for model in models) > 15
    run_sanitized(models, tmp_path, compile_stream)


def test_mutation_reaches_every_kind_of_number() -> None:
    kinds = {code for model in good_models() for code, _ in fields_of(model)}
    assert kinds == set("bB?HiIqf")


def test_a_mutant_differs_in_fields_only() -> None:
    model = good_models()[0]
    places = {at + offset for code, at in fields_of(model) for offset in range(8)}
    for seed in range(200):
        mutant = mutate(model, random.Random(seed))
        assert len(mutant) == len(model)
        assert {at for at, (old, new) in enumerate(zip(model, mutant, strict=True)) if old != new} <= places


@needs_gcc
@pytest.mark.parametrize("seed", range(4))
def test_buffers_a_byte_too_small_are_found(seed: int, tmp_path: Path) -> None:
    """Else the test above shows nothing."""
    too_small = functools.partial(compile_spaced, missing_bytes=1)
    with (
        mock.patch("sanitized_models.compile_spaced", too_small),
        pytest.raises(AssertionError, match="use-after-poison"),
    ):
        run_sanitized([random_convolution(random.Random(seed))], tmp_path)


@needs_gcc
@pytest.mark.parametrize("stride", [1, 2])
def test_a_window_that_is_larger_than_the_image_reads_nothing_beside_it(stride: int, tmp_path: Path) -> None:
    """In each form of weights: they have to add padding for what the window sees behind the only value."""
    tensors = [
        TensorSpec((1, 1, 1, 8), scales=(1.0,), zero_points=(-84,)),
        TensorSpec((1, 1, 2, 8), scales=(0.01,), zero_points=(0,), data=bytes(range(1, 17))),
        TensorSpec((1, 1, 1, 8), scales=(1.0,), zero_points=(0,)),
    ]
    options = {"padding": 0, "stride_h": 1, "stride_w": stride, "depth_multiplier": 1}
    model = build_model(tensors, [OpSpec("DEPTHWISE_CONV_2D", [0, 1], [2], options)])
    run_sanitized([model] * len(Form), tmp_path)
