# SPDX-License-Identifier: Apache-2.0
"""The estimate of the current, and what build says of it."""

from __future__ import annotations

import dataclasses

import pytest

from tinykws.boards.rows import Power, find_board, load_boards, parse_boards
from tinykws.cli.build_view import _current
from tinykws.cost.latency import estimate_speed
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError

NANO = find_board("nano33ble")


def gated(bundle: Bundle, gate_db: int) -> Bundle:
    return dataclasses.replace(bundle, detector=dataclasses.replace(bundle.detector, gate_db=gate_db))


def test_it_lies_between_sleeping_and_computing_by_the_share_of_the_clock(tiny_model_bundle: Bundle) -> None:
    speed = estimate_speed(tiny_model_bundle, NANO, "aot")
    assert speed is not None
    assert speed.times is not None
    assert speed.current is not None
    share = speed.times.share_of_clock
    assert speed.current.listening_ma == pytest.approx(0.0024 + share * (6.3 - 0.0024))
    assert speed.current.quiet_ma is None
    assert "while the gate" not in _current(speed.current)
    assert "product specification" in _current(speed.current)


def test_in_the_quiet_only_the_front_end_counts(tiny_model_bundle: Bundle) -> None:
    speed = estimate_speed(gated(tiny_model_bundle, 4), NANO, "aot")
    assert speed is not None
    assert speed.current is not None
    assert speed.current.quiet_ma is not None
    front_end = speed.instructions_per_frame * 50 * speed.cycles_per_instruction / NANO.clock_hz
    assert speed.current.quiet_ma == pytest.approx(0.0024 + front_end * (6.3 - 0.0024))
    assert speed.current.quiet_ma < speed.current.listening_ma
    assert f"{speed.current.quiet_ma:.2g} mA while the gate" in _current(speed.current)


def test_a_board_that_is_too_slow_takes_no_more_than_one_that_computes(tiny_model_bundle: Bundle) -> None:
    speed = estimate_speed(tiny_model_bundle, dataclasses.replace(NANO, clock_hz=1000), "aot")
    assert speed is not None
    assert speed.current is not None
    assert speed.current.listening_ma == pytest.approx(6.3)


def test_without_figures_nothing_is_said(tiny_model_bundle: Bundle) -> None:
    speed = estimate_speed(gated(tiny_model_bundle, 4), find_board("teensy41"), "aot")
    assert speed is not None
    assert speed.current is None


def test_every_rows_figures_name_their_source_and_what_they_cover() -> None:
    known = [board for board in load_boards().values() if board.power.is_known]
    assert known
    assert all(":" in board.power.source for board in known)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{run_ma: 1, sleep_ma: 2, source: x}", "run_ma is 1 and sleep_ma 2"),
        ("{run_ma: 2, sleep_ma: -1, source: x}", "sleep_ma -1"),
        ("{run_ma: .inf, source: x}", "run_ma is inf"),
        ("{run_ma: 2}", "power: source is missing"),
    ],
)
def test_figures_that_make_no_sense_are_refused(text: str, message: str) -> None:
    row = f"""
    mine:
      {{name: M, mcu: x, platform: x@1.0.0, board: x, main: main_c.c, port: host, engine: aot, engines: [aot],
       power: {text}}}
    """
    with pytest.raises(ConfigError) as caught:
        parse_boards(row, source="x")
    assert message in caught.value.message
    assert Power() == Power(0.0, 0.0, "")
