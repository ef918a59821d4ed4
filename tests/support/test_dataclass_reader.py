# SPDX-License-Identifier: Apache-2.0
"""Settings that were renamed are read under their former names, with a notice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tinykws.cli.console import to_json
from tinykws.cli.main import run
from tinykws.project.config import parse_config
from tinykws.project.detector_settings import TEMPORAL_FILTER, DetectorSettings
from tinykws.support.dataclass_reader import RenamedSettingWarning, read_dataclass
from tinykws.support.errors import ConfigError

FORMER = """\
words: [yes, no]
detector: {kind: matched_filter, inference_ms: 60}
training: {augmentation: {recordings_part: 0.4}}
"""


def test_former_names_mean_what_they_meant() -> None:
    with pytest.warns(RenamedSettingWarning) as caught:
        config = parse_config(FORMER)
    assert config.detector.kind == TEMPORAL_FILTER
    assert config.detector.inference_stride_ms == 60
    assert config.training.augmentation.recordings_share == 0.4
    assert sorted(str(warning.message) for warning in caught) == [
        "detector: inference_ms is now called inference_stride_ms; the old name is still read",
        "detector: kind: matched_filter is now called temporal_filter; the old name is still read",
        "training: augmentation: recordings_part is now called recordings_share; the old name is still read",
    ]


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match="inference_ms is the former name of inference_stride_ms, and both are given"):
        parse_config("words: [yes]\ndetector: {inference_ms: 60, inference_stride_ms: 100}")


def test_a_command_says_so_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kws.yaml").write_text(FORMER + "data: nowhere\nsynth: {enabled: never}\n")
    run(["prepare", "--project", str(tmp_path)])
    notices = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tinykws: notice: ")]
    assert len(notices) == 3
    assert (
        "tinykws: notice: detector: inference_ms is now called inference_stride_ms; the old name is still read"
        in notices
    )


def test_json_has_both_keys_for_scripts_that_know_the_former_one() -> None:
    values = to_json(DetectorSettings(inference_stride_ms=40))
    assert values["inference_ms"] == values["inference_stride_ms"] == 40
    assert "inference_ms" not in to_json(DetectorSettings(), former_keys=False)


def test_an_integer_that_no_float_can_hold_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^learning_rate is 1000.* too large for a number$"):
        read_dataclass(OneNumber, {"learning_rate": 10**400})
    assert read_dataclass(OneNumber, {"learning_rate": 10**300}) == OneNumber(1e300)


@dataclasses.dataclass(frozen=True)
class OneNumber:
    learning_rate: float
