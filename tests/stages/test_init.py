# SPDX-License-Identifier: Apache-2.0
"""init: the project a newcomer starts with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinykws.project.config import Config
from tinykws.stages.init import init
from tinykws.support.errors import ConfigError


def test_a_new_project_can_be_read(tmp_path: Path) -> None:
    project = init(tmp_path / "p", ["yes", " hey robot", "да"])
    assert project.config.words == ("yes", "hey robot", "да")
    assert sorted(path.name for path in (tmp_path / "p" / "data").iterdir()) == ["da", "hey_robot", "yes"]


def test_a_new_project_has_the_defaults(tmp_path: Path) -> None:
    """What kws.yaml shows must not keep a project from better defaults."""
    assert init(tmp_path, ["yes", "no"]).config == Config(words=("yes", "no"))


@pytest.mark.parametrize("words", [[""], [], ["a", "a"], ["../x"], ["a/b"], ["_silence_"]])
def test_bad_words_leave_nothing_behind(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(ConfigError):
        init(tmp_path / "p", words)
    assert list(tmp_path.iterdir()) == []


def test_a_project_is_not_overwritten(tmp_path: Path) -> None:
    init(tmp_path, ["yes"])
    with pytest.raises(ConfigError, match="already exists"):
        init(tmp_path, ["no"])
    assert "yes" in (tmp_path / "kws.yaml").read_text()


def test_networks_for_streams_get_a_longer_clip_and_a_detector_without_a_pause(tmp_path: Path) -> None:
    config = init(tmp_path / "one", ["computer"], architecture="stream_medium").config
    assert config.model.hears_streams
    assert (config.frontend.clip_ms, config.detector.inference_stride_ms) == (1500, 80)
    assert config.detector.kind == "recognize_commands"
    assert config.detector.is_auto
    assert init(tmp_path / "two", ["computer"], architecture="ds_tcn").config.frontend.clip_ms == 1000


def test_one_word_is_a_wake_word_and_gets_a_network_for_streams(tmp_path: Path) -> None:
    one = init(tmp_path / "one", ["hey robot"]).config
    assert (one.model.size, one.model.hears_streams, one.frontend.clip_ms) == ("auto", True, 1500)
    several = init(tmp_path / "several", ["yes", "no"]).config
    assert (several.model.size, several.model.architecture) == (None, "ds_tcn")
    sized = init(tmp_path / "sized", ["yes", "no"], size="small").config
    assert sized.model.hears_streams
