# SPDX-License-Identifier: Apache-2.0
"""stream_tcn: the deployed network gives what the network in training gave, and streams row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinykws.aot.lowering.ops import lower
from tinykws.aot.reader.tflite import read_model
from tinykws.aot.scheduling.overlap import find_overlap
from tinykws.aot.scheduling.schedule import Run
from tinykws.aot.scheduling.streaming import streaming_schedules
from tinykws.model.converter import convert
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import STREAM_WIDTHS
from tinykws.training.architectures.stream_tcn import (
    BODY_TAPS,
    FIRST_TAPS,
    LOGITS_SCALE,
    STRIDE,
    build_rows,
    deployed_weights,
    shape_for,
)
from tinykws.training.keras_network import Network


@pytest.mark.parametrize("n_frames", [*range(FIRST_TAPS, 60), 74, 99, 199])
def test_the_layers_leave_one_row_that_sees_all(n_frames: int) -> None:
    shape = shape_for(n_frames)
    rows = (n_frames - FIRST_TAPS) // STRIDE + 1
    assert rows - sum(taps - 1 for taps in shape.taps) == 1
    seen = FIRST_TAPS + STRIDE * sum(taps - 1 for taps in shape.taps)
    assert n_frames - 1 <= seen <= n_frames
    assert max(shape.taps[:4]) <= BODY_TAPS
    assert shape.rows(n_frames) == 1
    assert shape.rows(n_frames + 2 * STRIDE + 1) == 3


def test_an_input_that_is_too_short_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 5 frames"):
        shape_for(FIRST_TAPS - 1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n_frames"), [("stream_small", 49), ("stream_medium", 74), ("stream_small", 13)])
def test_the_deployed_network_gives_every_row_of_the_one_in_training(name: str, n_frames: int) -> None:
    deployed, rows = _pair(name, n_frames, longer=30)
    sound = np.random.default_rng(2).uniform(0, 26, (3, n_frames + 30, 40)).astype(np.float32)
    logits = np.asarray(rows(sound))
    assert logits.shape[1] == shape_for(n_frames).rows(n_frames + 30)
    for row in range(0, logits.shape[1], 5):
        window = sound[:, STRIDE * row : STRIDE * row + n_frames].reshape(3, n_frames, 1, 40)
        expected = np.exp(LOGITS_SCALE * logits[:, row])
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(np.asarray(deployed.model(window)), expected, atol=2e-4)


@pytest.mark.slow
def test_a_stream_costs_one_row_of_each_layer() -> None:
    network = Network.untrained("stream_small", (74, 40), 3)
    network.randomize_biases()
    random = np.random.default_rng(0).integers(-128, 128, (4, 74, 40), np.int8)
    graph = read_model(convert(network, random))
    program = lower(graph)
    *_, last = streaming_schedules(graph, program, find_overlap(graph, program, 74, STRIDE))
    computed = [step.about for step in last.steps if isinstance(step, Run) and step.about]
    assert len(computed) == 13  # the first layer, and two in each of the blocks before the last
    assert all(text.startswith("row ") for text in computed)


def _pair(name: str, n_frames: int, longer: int) -> tuple[Network, Any]:
    """Returns a deployed network and one in training with the same random weights."""
    deployed = Network.untrained(name, (n_frames, 40), 4)
    rows = build_rows(n_frames + longer, 40, 4, 0.1, width=STREAM_WIDTHS[name], shape=shape_for(n_frames))
    random = np.random.default_rng(1)
    rows.set_weights(
        [random.uniform(0.5, 1.5, weight.shape) if weight.ndim == 1 else weight for weight in rows.get_weights()]
    )
    deployed.model.set_weights(deployed_weights(rows.get_weights(), deployed.model))
    return deployed, rows
