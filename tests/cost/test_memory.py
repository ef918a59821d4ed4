# SPDX-License-Identifier: Apache-2.0
"""What does not fit a board is refused by bytes, with what would fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tiny_model import tiny_bundle

from tinykws.boards.rows import Board, find_board
from tinykws.cost.execution_mode import compile_for_board
from tinykws.cost.memory import MemoryNeeds, advice, model_memory
from tinykws.model.bundle import Bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.support.errors import ConfigError

NANO = find_board("nano33ble")
HOST = find_board("host")


@pytest.fixture(scope="module")
def bundle_with_20_kb_arena(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model of 2 kB that says it needs an arena of 20,000 bytes."""
    small = tiny_bundle(tmp_path_factory.mktemp("tiny") / "bundle")
    return dataclasses.replace(small, arena_bytes=20_000)


def with_room(board: Board, *, flash: int = 0, ram: int = 0) -> Board:
    return dataclasses.replace(board, flash_bytes=flash, ram_bytes=ram)


def test_a_models_needs_are_counted(bundle_with_20_kb_arena: Bundle) -> None:
    model = bundle_with_20_kb_arena.model_bytes()
    assert model_memory(bundle_with_20_kb_arena, NANO, "tflm") == MemoryNeeds(len(model), 24_096)  # and 4,096 of margin
    aot = model_memory(bundle_with_20_kb_arena, NANO, "aot")
    assert aot.flash_bytes == 4 * 160 + 4 * 4 + 5  # units in fours, their biases, one multiplier with its shift
    assert (
        aot.ram_bytes == compile_for_board(bundle_with_20_kb_arena, NANO).arena_bytes < 24 * 40 + 500
    )  # the window, and a little


def test_a_model_with_more_flash_than_the_board_is_refused(bundle_with_20_kb_arena: Bundle, tmp_path: Path) -> None:
    size = len(bundle_with_20_kb_arena.model_bytes())
    generate(bundle_with_20_kb_arena, with_room(NANO, flash=size), "tflm", tmp_path / "exact")
    with pytest.raises(ConfigError) as caught:
        generate(bundle_with_20_kb_arena, with_room(NANO, flash=size - 7), "tflm", tmp_path / "project")
    assert f"with engine tflm the model takes {size:,} bytes of flash, 7 more than {NANO.name}" in caught.value.message
    assert "--engine aot (the model: 661 bytes of flash" in (caught.value.hint or "")
    assert "architecture" not in (caught.value.hint or ""), "they are larger than this model"
    assert not (tmp_path / "project").exists()


def test_an_arena_with_more_ram_than_the_board_is_refused(bundle_with_20_kb_arena: Bundle, tmp_path: Path) -> None:
    generate(bundle_with_20_kb_arena, with_room(NANO, ram=24_096), "tflm", tmp_path / "exact")
    with pytest.raises(ConfigError, match=r"takes 24,096 bytes of RAM, 10,000 more") as caught:
        generate(bundle_with_20_kb_arena, with_room(NANO, flash=30_000, ram=14_096), "tflm", tmp_path / "project")
    assert [line.split(" (")[0] for line in (caught.value.hint or "").splitlines()] == [
        "this would fit:",
        "--engine aot",
        "architecture micro_speech",
        "architecture micro_speech with --engine aot",
        "architecture ds_tcn with --engine aot",
        "architecture stream_small with --engine aot",
        "architecture ds_cnn with --engine aot",
    ]


def test_nothing_fits_where_nothing_saves_enough(bundle_with_20_kb_arena: Bundle) -> None:
    assert advice(bundle_with_20_kb_arena, NANO, "tflm", MemoryNeeds(10**6, 0)).startswith(
        "neither another engine nor another architecture"
    )


def test_an_engine_the_board_has_not_is_not_advised(bundle_with_20_kb_arena: Bundle) -> None:
    only = dataclasses.replace(NANO, engines=("tflm",))
    assert "aot" not in advice(bundle_with_20_kb_arena, only, "tflm", MemoryNeeds(0, 1))
    assert "aot" in advice(bundle_with_20_kb_arena, NANO, "tflm", MemoryNeeds(0, 1))
    assert "tflm" not in advice(bundle_with_20_kb_arena, NANO, "aot", MemoryNeeds(0, 1))


def test_no_limit_is_no_limit(bundle_with_20_kb_arena: Bundle, tmp_path: Path) -> None:
    generate(bundle_with_20_kb_arena, with_room(NANO), "tflm", tmp_path)


@pytest.mark.slow
def test_after_linking_the_advice_goes_by_what_is_missing(
    bundle_with_20_kb_arena: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYKWS_CORE_DIR", str(tmp_path / "core"))
    generate(bundle_with_20_kb_arena, HOST, None, tmp_path / "project")
    report = build(tmp_path / "project", HOST, bundle=bundle_with_20_kb_arena)
    small = with_room(HOST, ram=report.ram_bytes - 5)
    with pytest.raises(ConfigError, match="of RAM, 5 more than This computer has") as caught:
        build(tmp_path / "project", small, bundle=bundle_with_20_kb_arena)
    assert (caught.value.hint or "").startswith("neither another engine nor another architecture would fit")


def test_a_linkers_refusal_gets_the_advice_too(
    bundle_with_20_kb_arena: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tinykws.firmware_build.platformio import explain
    from tinykws.stages import build as build_stage

    def overflow(*_: object) -> None:
        raise explain(
            "", "ld: region `RAM' overflowed by 9000 bytes\nld: region `FLASH' overflowed by 40 bytes\n", tmp_path
        )

    monkeypatch.setattr(build_stage, "build_with_vendor", overflow)
    generate(bundle_with_20_kb_arena, NANO, "tflm", tmp_path)
    with pytest.raises(ConfigError, match="40 bytes of flash and 9,000 bytes of RAM too much") as caught:
        build(tmp_path, NANO, bundle=bundle_with_20_kb_arena)
    assert "--engine aot (the model: 661 bytes of flash" in (caught.value.hint or "")


@pytest.mark.parametrize("there", [False, True])
def test_a_library_that_is_none_is_named(bundle_with_20_kb_arena: Bundle, tmp_path: Path, there: bool) -> None:
    assert NANO.tflm is not None
    folder = tmp_path / "library"
    if there:
        folder.mkdir()
    board = dataclasses.replace(NANO, tflm=dataclasses.replace(NANO.tflm, lib_deps=(f"symlink://{folder}",)))
    generate(bundle_with_20_kb_arena, board, "tflm", tmp_path / "project")
    with pytest.raises(ConfigError, match=r"lib_deps names .*library, which is not a PlatformIO library") as caught:
        build(tmp_path / "project", board)
    assert "library.json" in (caught.value.hint or "")
