# SPDX-License-Identifier: Apache-2.0
"""architectures: what each costs is counted as by hand, holds for every shape, and stays within its promise."""

from __future__ import annotations

import numpy as np
import pytest
from networks import ONE_OF_A_KIND

from tinykws.project.model_settings import STREAM_ARCHITECTURES
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import ARCHITECTURES, Cost, build_architecture, cost_of
from tinykws.training.keras_network import Network

pytestmark = pytest.mark.slow

MICRO_SPEECH = Cost(parameters=10 * 8 * 8 + 8 + 25 * 20 * 8 * 4 + 4, macs=25 * 20 * 8 * 80 + 4000 * 4)


def untrained(name: str, shape: tuple[int, int] = (49, 40), n_labels: int = 4) -> Network:
    return Network.untrained(name, shape, n_labels)


def test_micro_speech_costs_what_upstream_says() -> None:
    assert Cost(16652, 336000) == MICRO_SPEECH
    assert untrained("micro_speech").cost == MICRO_SPEECH


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name not in STREAM_ARCHITECTURES])
def test_none_costs_more_than_micro_speech(name: str) -> None:
    cost = untrained(name).cost
    assert cost.macs <= MICRO_SPEECH.macs
    assert cost.parameters <= MICRO_SPEECH.parameters


def test_cost_counts_layers_of_every_kind() -> None:
    import keras
    from keras import layers

    x = image = keras.Input((9, 6, 3))
    x = layers.Conv2D(5, (3, 2), 2, padding="same", use_bias=False)(x)  # 5x3 places, 3*2*3*5 weights
    x = layers.BatchNormalization()(x)
    x = layers.DepthwiseConv2D((3, 1), padding="valid")(x)  # 3x3 places, 3*5 weights
    x = layers.Flatten()(x)
    x = layers.Dense(7)(x)
    parameters = (90 + 5) + (15 + 5) + (45 * 7 + 7)
    assert cost_of(keras.Model(image, x)) == Cost(parameters, macs=15 * 90 + 9 * 15 + 45 * 7)


@pytest.mark.parametrize("name", ONE_OF_A_KIND)
@pytest.mark.parametrize(("shape", "n_labels"), [((49, 40), 4), ((98, 40), 3), ((24, 40), 12), ((13, 32), 3)])
def test_every_shape_gives_probabilities(name: str, shape: tuple[int, int], n_labels: int) -> None:
    network = untrained(name, shape, n_labels)
    features = np.random.default_rng(0).integers(-128, 128, (5, *shape), np.int8)
    probabilities = network.probabilities(features)
    assert probabilities.shape == (5, n_labels)
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_an_unknown_name_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="'micro_spech'") as caught:
        build_architecture("micro_spech", n_frames=49, n_mels=40, n_labels=4, dropout=0)
    assert caught.value.hint == "did you mean micro_speech?"
