# SPDX-License-Identifier: Apache-2.0
"""`size: auto`: the largest network for streams that a board's clock, flash and RAM allow, and why."""

from __future__ import annotations

import dataclasses

import pytest

from tinykws.boards.rows import Board, find_board
from tinykws.cost.size_choice import SHARE_OF_CLOCK, choose_size, size_cost
from tinykws.project.config import Config, parse_config
from tinykws.project.model_settings import STREAM_ARCHITECTURES, STREAM_LARGE, STREAM_MEDIUM, STREAM_SMALL
from tinykws.support.errors import ConfigError

YAML = (
    "words: [computer]\nfeatures: {clip_ms: 1500}\nmodel: {size: auto%s}\n"
    "detector: {kind: recognize_commands, inference_stride_ms: 80}\n"
)
CONFIG = parse_config(YAML % "")
PICO = find_board("pico")


def clocked(board: Board, architecture: str, share: float) -> Board:
    """The board with the clock at which a size takes a share of it."""
    at = size_cost(architecture, CONFIG, board, "aot").share_of_clock
    assert at is not None
    return dataclasses.replace(board, clock_hz=round(board.clock_hz * at / share))


@pytest.mark.parametrize(
    ("board", "engine", "architecture", "says"),
    [
        ("nano33ble", "aot", STREAM_LARGE, "it is the largest"),
        ("nano33ble", "tflm", STREAM_SMALL, "stream_medium takes"),
        ("pico", "aot", STREAM_LARGE, "it is the largest"),
        ("qemu-cortex-m4", "aot", STREAM_LARGE, "195,137 bytes of flash"),
        ("host", "aot", STREAM_MEDIUM, "states no limits"),
    ],
)
def test_rows_of_boards(board: str, engine: str, architecture: str, says: str) -> None:
    choice = choose_size(CONFIG, find_board(board), engine)
    assert (choice.architecture, choice.board, choice.engine) == (architecture, board, engine)
    assert says in choice.why
    assert choice.in_words().startswith(f"size auto: {architecture} for {board}, engine {engine}: ")
    assert [size.architecture for size in choice.sizes] == list(STREAM_ARCHITECTURES)
    at = STREAM_ARCHITECTURES.index(architecture)
    assert not choice.sizes[at].lacks
    if board != "host":
        assert all(size.lacks for size in choice.sizes[at + 1 :])


def test_another_engine_that_has_room_is_named() -> None:
    assert "--engine aot has room for it" in choose_size(CONFIG, find_board("nano33ble"), "tflm").why


@pytest.mark.parametrize("architecture", STREAM_ARCHITECTURES)
def test_the_clock_decides_to_the_percent(architecture: str) -> None:
    assert choose_size(CONFIG, clocked(PICO, architecture, 0.99 * SHARE_OF_CLOCK), "aot").architecture == architecture
    tight = clocked(PICO, architecture, 1.01 * SHARE_OF_CLOCK)
    if architecture == STREAM_SMALL:
        with pytest.raises(ConfigError, match="no size of the networks for streams fits"):
            choose_size(CONFIG, tight, "aot")
    else:
        assert choose_size(CONFIG, tight, "aot").architecture != architecture


@pytest.mark.parametrize(("field", "name"), [("flash_bytes", "flash"), ("ram_bytes", "RAM")])
def test_flash_and_ram_decide(field: str, name: str) -> None:
    m7 = find_board("teensy41")
    # With this little flash weights are stored as they are.
    cost = size_cost(STREAM_MEDIUM, CONFIG, dataclasses.replace(m7, flash_bytes=100_000), "aot")
    just = dataclasses.replace(m7, **{field: 2 * getattr(cost, field)})
    choice = choose_size(CONFIG, just, "aot")
    assert choice.architecture == STREAM_MEDIUM
    assert f"of {name} (50% of {2 * getattr(cost, field):,} may be used)" in choice.why


def test_none_fits_and_what_would_help() -> None:
    nano = dataclasses.replace(find_board("nano33ble"), clock_hz=40_000_000)
    with pytest.raises(ConfigError, match="fits Arduino Nano 33 BLE Sense with engine tflm: stream_small") as error:
        choose_size(CONFIG, nano, "tflm")
    ways = str(error.value.hint).splitlines()
    assert "of the clock (50% may be used)" in error.value.message
    assert ways[0] == "use --engine aot: stream_small fits with it"
    assert ways[1] == "run fewer inferences: `detector: {inference_stride_ms: 160}` in kws.yaml"
    slower = parse_config((YAML % "").replace("inference_stride_ms: 80", "inference_stride_ms: 160"))
    assert choose_size(slower, nano, "tflm").architecture == STREAM_SMALL
    tiny = dataclasses.replace(nano, ram_bytes=20_000, engines=("tflm",))
    with pytest.raises(ConfigError, match="bytes of RAM") as error:
        choose_size(CONFIG, tiny, "tflm")
    assert str(error.value.hint).startswith("use another network")


def test_limits_of_the_project_count() -> None:
    choice = choose_size(parse_config(YAML % ", max_bytes: 60000"), find_board("teensy41"), "aot")
    assert choice.architecture == STREAM_MEDIUM
    assert "more than model: max_bytes allows (60,000)" in choice.why


@pytest.mark.parametrize("board", ["host", "qemu-cortex-m3"])
def test_an_emulated_board_runs_what_a_real_one_runs(board: str) -> None:
    assert choose_size(CONFIG, find_board(board), "aot", STREAM_SMALL).architecture == STREAM_SMALL
    assert choose_size(CONFIG, find_board("teensy41"), "aot", STREAM_SMALL).architecture == STREAM_LARGE


def test_more_frequent_inferences_ask_for_a_smaller_one() -> None:
    often = parse_config((YAML % "").replace("inference_stride_ms: 80", "inference_stride_ms: 40"))
    just = clocked(PICO, STREAM_LARGE, 0.99 * SHARE_OF_CLOCK)
    assert choose_size(CONFIG, just, "aot").architecture == STREAM_LARGE
    assert choose_size(often, just, "aot").architecture != STREAM_LARGE


@pytest.mark.parametrize(
    ("model", "says"),
    [("size: huge", "model: size is 'huge'"), ("size: small, architecture: bc_resnet", "they are two networks")],
)
def test_sizes_that_are_none(model: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_config(f"words: [yes]\nmodel: {{{model}}}\n")


def test_a_size_hears_streams() -> None:
    assert Config(words=("yes",), model=CONFIG.model).model.hears_streams
