# SPDX-License-Identifier: Apache-2.0
"""Which engines and boards can run a model; a hint names an engine only if it runs the model on that board."""

from __future__ import annotations

import dataclasses

import pytest
from tflite_builder import OpSpec, TensorSpec, build_model

from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.boards.rows import load_boards
from tinykws.firmware_build.where_it_runs import refuse_if_unsupported, where_it_runs
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

BOARDS = load_boards()


def test_a_model_runs_where_its_ops_and_memory_fit(tiny_model_bundle: Bundle) -> None:
    small = dataclasses.replace(BOARDS["nano33ble"], id="small", flash_bytes=100)
    uses = {use.engine: use for use in where_it_runs(tiny_model_bundle, [BOARDS["nano33ble"], small])}
    assert uses["aot"].boards == uses["tflm"].boards == ("nano33ble",)
    assert "bytes of flash" in uses["aot"].excluded["small"]


def test_an_op_that_an_engine_lacks_excludes_all_its_boards(tiny_model_bundle: Bundle) -> None:
    bundle = dataclasses.replace(tiny_model_bundle, ops=("NEG",))
    uses = {use.engine: use for use in where_it_runs(bundle, BOARDS.values())}
    assert "does not support NEG" in uses["tflm"].problem
    assert uses["tflm"].boards == ()
    assert len(uses["aot"].boards) > 10


def test_the_hint_names_the_engine_that_works(tiny_model_bundle: Bundle) -> None:
    bundle = dataclasses.replace(tiny_model_bundle, ops=("NEG",))
    with pytest.raises(ConfigError) as caught:
        refuse_if_unsupported(bundle, BOARDS["nano33ble"], "tflm")
    assert "use --engine aot, which runs it on nano33ble" in (caught.value.hint or "")
    only_tflm = dataclasses.replace(BOARDS["nano33ble"], engines=("tflm",))
    with pytest.raises(ConfigError) as caught:
        refuse_if_unsupported(bundle, only_tflm, "tflm")
    assert "--engine" not in (caught.value.hint or "")


def test_the_aot_engine_does_not_send_to_an_engine_it_knows_nothing_of() -> None:
    model = build_model([TensorSpec((1, 4)), TensorSpec((1, 4))], [OpSpec("ELU", [0], [1])])
    with pytest.raises(ConfigError, match="the aot engine does not support it") as caught:
        lower(read_model(model))
    assert "tflm" not in (caught.value.hint or "")
