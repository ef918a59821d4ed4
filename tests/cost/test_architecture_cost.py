# SPDX-License-Identifier: Apache-2.0
"""What an architecture costs: the figures before training are those of the trained network; limits are exact."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from networks import ONE_OF_A_KIND
from tone_bursts_dataset import make_project

from tinykws.aot.lowering.ops import lower
from tinykws.aot.scheduling.arena import arena_bytes, place
from tinykws.aot.scheduling.schedule import whole_window_schedule
from tinykws.boards.rows import find_board
from tinykws.cli.main import run
from tinykws.cost import architecture_cost
from tinykws.cost.architecture_cost import NetworkCost, broken_limits_of, in_words, measure_cost, refuse_if_over_limits
from tinykws.cost.memory import ARCHITECTURE_NEEDS, ARENA_ALIGNMENT
from tinykws.cost.size_choice import size_cost
from tinykws.cost.stream_graph import macs_of, stream_graph
from tinykws.model.converter import convert
from tinykws.model.interpreter import Interpreter
from tinykws.model.validation import op_names
from tinykws.project.config import parse_config
from tinykws.project.model_settings import STREAM_ARCHITECTURES, ModelSettings
from tinykws.project.training_settings import TrainingSettings
from tinykws.stages.train import train
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress
from tinykws.training.architectures.registry import ARCHITECTURES, STREAM_WIDTHS
from tinykws.training.keras_network import Network
from tinykws.training.tensorflow_import import import_tensorflow
from tinykws.training.trainer import Trainer

SHAPE = (49, 40)
FREE = ModelSettings()


@pytest.fixture(scope="module")
def costs() -> dict[str, NetworkCost]:
    return {name: measure_cost(name, SHAPE, 4) for name in ARCHITECTURES}


@pytest.fixture(params=ARCHITECTURES)
def cost(request: pytest.FixtureRequest, costs: dict[str, NetworkCost]) -> NetworkCost:
    return costs[request.param]


@pytest.fixture(scope="module")
def made_up() -> NetworkCost:
    return NetworkCost("ds_tcn", 9000, 250_000, 17_000, 10_000, 12_000, 4_000, ("CONV_2D", "SOFTMAX"))


def trained_a_little(name: str, features: npt.NDArray[np.int8]) -> Network:
    """Step by step in Python: to compile a training step takes longer than a few of them."""
    tensorflow = import_tensorflow()
    trainer = Trainer(name, SHAPE, 4, len(features), TrainingSettings(epochs=1, batch_size=16))
    before = trainer.weights()
    tensorflow.config.run_functions_eagerly(True)
    try:
        trainer.train_epoch(features, np.arange(len(features)) % 4, np.ones(len(features), np.float32))
    finally:
        tensorflow.config.run_functions_eagerly(False)
    assert not all(np.array_equal(one, other) for one, other in zip(before, trainer.weights(), strict=True))
    return trainer.network


@pytest.mark.slow
@pytest.mark.parametrize("name", ONE_OF_A_KIND)
def test_the_trained_network_takes_what_was_told(name: str, costs: dict[str, NetworkCost]) -> None:
    features = np.random.default_rng(1).integers(-128, 128, (48, *SHAPE), np.int8)
    cost, network = costs[name], trained_a_little(name, features)
    model = convert(network, features)
    assert len(model) == cost.tflite_bytes
    assert Interpreter(model).arena_bytes == cost.arena_bytes
    assert network.cost.macs == cost.macs


def test_advice_on_boards_knows_what_it_takes(cost: NetworkCost) -> None:
    tflm, aot = ARCHITECTURE_NEEDS[cost.architecture]["tflm"], ARCHITECTURE_NEEDS[cost.architecture]["aot"]
    # Rounded up, since advice must not promise what then fails; by less than a board's smallest memories differ.
    for said, real in (
        (tflm.flash_bytes, cost.tflite_bytes),
        (tflm.ram_bytes, cost.arena_bytes),
        (aot.flash_bytes, cost.aot_flash_bytes),
        (aot.ram_bytes, cost.aot_ram_bytes),
    ):
        assert real <= said <= real + 2048


def test_every_architecture_keeps_micro_speechs_budget(cost: NetworkCost) -> None:
    """Except those for streams: they are larger, and compute a fraction of the window for each inference."""
    if cost.architecture in STREAM_ARCHITECTURES:
        return
    assert broken_limits_of(cost, ModelSettings(max_bytes=20_000, max_macs=336_000)) == []


@pytest.mark.slow
def test_measuring_leaves_training_alone() -> None:
    """The same seed must give the same weights whether or not something was measured before."""
    first = Trainer("ds_cnn", SHAPE, 4, 64, TrainingSettings(epochs=1)).weights()
    measure_cost("micro_speech", SHAPE, 4)
    again = Trainer("ds_cnn", SHAPE, 4, 64, TrainingSettings(epochs=1)).weights()
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def limited(name: str, figure: int) -> ModelSettings:
    limits: dict[str, Any] = {name: figure}
    return dataclasses.replace(FREE, **limits)


@pytest.mark.parametrize(
    ("name", "figure", "says"),
    [
        ("max_bytes", 17_000, "17,000 bytes of .tflite, 1 more than model: max_bytes allows (16,999)"),
        ("max_macs", 250_000, "250,000 multiply-accumulates an inference, 1 more than model: max_macs"),
        ("max_arena", 10_000, "10,000 bytes of tensor arena, 1 more than model: max_arena"),
    ],
)
def test_a_limit_is_kept_to_the_unit(made_up: NetworkCost, name: str, figure: int, says: str) -> None:
    assert broken_limits_of(made_up, limited(name, figure)) == []
    (text,) = broken_limits_of(made_up, limited(name, figure - 1))
    assert text.startswith(says)


@pytest.mark.parametrize("name", ["max_bytes", "max_macs", "max_arena"])
def test_a_limit_is_a_count(name: str) -> None:
    assert getattr(parse_config(f"words: [yes]\nmodel: {{{name}: 1}}").model, name) == 1
    with pytest.raises(ConfigError, match=f"model: {name} is 0"):
        parse_config(f"words: [yes]\nmodel: {{{name}: 0}}")


def test_no_limit_is_no_excess(made_up: NetworkCost) -> None:
    assert broken_limits_of(made_up, FREE) == []


def test_a_cost_in_words(made_up: NetworkCost) -> None:
    assert in_words(made_up) == (
        "ds_tcn: 9,000 parameters, 250,000 MAC an inference, 17,000 bytes of .tflite, tensor arena 10,000 bytes;"
        " CONV_2D, SOFTMAX"
    )


def test_the_hint_names_what_fits(
    made_up: NetworkCost, costs: dict[str, NetworkCost], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(architecture_cost, "measure_cost", lambda name, _shape, _n_labels: costs[name])
    with pytest.raises(ConfigError, match="ds_tcn takes 17,000 bytes") as caught:
        refuse_if_over_limits(made_up, ModelSettings(max_bytes=15_000), SHAPE, 4)
    assert caught.value.hint is not None
    assert "{architecture: ds_cnn}" in caught.value.hint
    with pytest.raises(ConfigError) as caught:
        refuse_if_over_limits(made_up, ModelSettings(max_arena=500), SHAPE, 4)
    assert caught.value.hint is not None
    assert "no architecture stays within them" in caught.value.hint


@pytest.mark.parametrize("name", STREAM_ARCHITECTURES)
def test_a_size_is_known_without_tensorflow(name: str, costs: dict[str, NetworkCost]) -> None:
    """The graph by which `size: auto` chooses is the converted network but for the values of its weights."""
    graph, real = stream_graph(*SHAPE, 4, STREAM_WIDTHS[name]), costs[name]
    assert sum(tensor.data.nbytes for tensor in graph.tensors if tensor.data is not None) == real.aot_flash_bytes
    assert macs_of(graph) == real.macs
    assert op_names(graph) == real.ops
    assert arena_bytes(place(whole_window_schedule(graph, lower(graph)).buffers)) == real.aot_ram_bytes
    config = parse_config("words: [yes, no]\nmodel: {size: auto}\n")
    on_tflm = size_cost(name, config, find_board("nano33ble"), "tflm")
    margin = 4096
    assert real.tflite_bytes <= on_tflm.flash_bytes <= real.tflite_bytes + 1024
    assert real.arena_bytes <= on_tflm.ram_bytes - margin <= real.arena_bytes + 2048 + ARENA_ALIGNMENT


class Words(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.mark.slow
def test_train_tells_the_cost_and_refuses_before_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(architecture_cost, "ARCHITECTURES", ("micro_speech",))
    project = make_project(tmp_path)
    limited = dataclasses.replace(project.config.model, max_macs=1000)
    progress = Words()
    with pytest.raises(ConfigError, match="max_macs allows"):
        train(
            dataclasses.replace(project, config=dataclasses.replace(project.config, model=limited)), progress=progress
        )
    assert len(progress.said) == 1
    assert progress.said[0].startswith("micro_speech: 8,")
    assert not project.model_dir.exists()


def test_the_list_of_architectures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], costs: dict[str, NetworkCost], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def cost(*what: Any) -> NetworkCost:
        asked.append(what)
        return costs[what[0]]

    monkeypatch.setattr(architecture_cost, "measure_cost", cost)
    make_project(tmp_path, yaml="words: [low, high]\nmodel: {architecture: ds_cnn, max_macs: 320000}\n")
    assert run(["architectures", "--project", str(tmp_path), "--json"]) == 0
    rows = {row["architecture"]: row for row in json.loads(capsys.readouterr().out)}
    assert asked == [(name, SHAPE, 4) for name in ARCHITECTURES]
    assert rows["ds_tcn"]["excesses"] == []
    assert rows["micro_speech"]["macs"] == 25 * 20 * 8 * 80 + 4000 * 4
    assert rows["micro_speech"]["excesses"][0].endswith("more than model: max_macs allows (320,000)")
    assert run(["architectures", "--project", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "ds_cnn *" in text
    assert "49 frames of 40 channels, 4 labels" in text
    assert f"{rows['ds_tcn']['tflite_bytes']:,}" in text
