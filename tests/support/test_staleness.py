# SPDX-License-Identifier: Apache-2.0
"""Why a stage is out of date, in words: no change is hidden by others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tinykws.support.freshness import StageFiles, write_stamp
from tinykws.support.staleness import MOST_REASONS, reasons

SETTINGS = {"words": ["yes"], "detector": {"threshold": 180, "gate_db": 0, "grammar": []}, "epochs": 3}
CHANGES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"epochs": 4}, ["epochs was 3, is 4"]),
    (
        {"words": ["no"], "detector": {"threshold": 190, "gate_db": 0, "grammar": []}, "epochs": 4},
        ["detector.threshold was 180, is 190", "epochs was 3, is 4", 'words was ["yes"], is ["no"]'],
    ),
    (
        {"words": ["no"], "detector": {"threshold": 190, "gate_db": 4, "grammar": [{"after": "yes"}]}, "epochs": 4},
        [
            "detector.gate_db was 0, is 4",
            'detector.grammar was [], is [{"after": "yes"}]',
            "3 more changes: detector.threshold, epochs, words",
        ],
    ),
]


@pytest.mark.parametrize(("changed", "told"), CHANGES, ids=["none", "one", "three", "five"])
def test_each_change_is_told_and_of_many_at_least_the_name(
    tmp_path: Path, changed: dict[str, Any], told: list[str]
) -> None:
    (tmp_path / "in").write_text("input")
    (tmp_path / "out").write_text("output")
    before = StageFiles(SETTINGS, [tmp_path / "in"], [tmp_path / "out"])
    write_stamp(tmp_path / "stamp.json", before.inputs(), before)
    after = StageFiles({**SETTINGS, **changed}, [tmp_path / "in"], [tmp_path / "out"])
    assert reasons(tmp_path / "stamp.json", after) == told
    assert len(told) <= MOST_REASONS


def test_files_and_changes_by_hand_are_among_the_names(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("input")
    (tmp_path / "out").write_text("output")
    before = StageFiles(SETTINGS, [tmp_path / "in"], [tmp_path / "out"])
    write_stamp(tmp_path / "stamp.json", before.inputs(), before)
    (tmp_path / "in").write_text("other input")
    (tmp_path / "out").write_text("other output")
    after = StageFiles({**SETTINGS, "words": [], "epochs": 4}, [tmp_path / "in"], [tmp_path / "out"])
    assert reasons(tmp_path / "stamp.json", after)[2:] == [f"2 more changes: files in {tmp_path.name}/in, out"]
