# SPDX-License-Identifier: Apache-2.0
"""kws.yaml: what is read, what is refused, and with which words."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tinykws.project.config import Config, load_config, parse_config
from tinykws.project.detector_settings import TEMPORAL_FILTER, DetectorSettings
from tinykws.support.errors import ConfigError


def test_yes_no_on_and_off_are_words_not_booleans() -> None:
    assert parse_config("words: [yes, no, on, off, y]").words == ("yes", "no", "on", "off", "y")


def test_every_setting_has_a_default_but_the_words() -> None:
    config = parse_config("words: [yes]")
    assert config.frontend.features_shape == (49, 40)
    assert config.detector.is_auto
    assert [label.name for label in config.labels] == ["_silence_", "_unknown_", "yes"]


def test_nested_settings_are_read() -> None:
    config = parse_config(
        "words: [yes]\nfeatures: {stride_ms: 10}\ntraining: {epochs: 3, augmentation: {shift_ms: 0, gain_db: 6}}"
    )
    assert config.frontend.n_frames == 98
    assert config.training.augmentation.shift_ms == 0
    assert config.training.augmentation.gain_db == 6.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no keys"),
        ("- yes", "holds no keys"),
        ("words: [yes", "not valid YAML"),
        ("words: [yes]\nwords: [no]", "'words' is given twice"),
        ("data: data", "key 'words' is missing"),
        ("words: []", "no word to listen for"),
        ("words: yes", "words must be a list"),
        ("words: [1]", "words must be text, not 1"),
        ("words: [true]", "words must be text, not True"),
        ("words: [yes, yes]", "'yes' is given twice"),
        ("words: [Yes!, yes]", "both become the label 'yes'"),
        ("words: ['']", "a word is empty"),
        ("words: ['../x']", "looks like a path"),
        ("words: [a/b]", "looks like a path"),
        ("words: [_silence_]", "a label tinykws makes itself"),
        ("words: ['!']", "no letter"),
        ("words: [yes]\ntraining: {epochs: many}", "epochs must be a whole number"),
        ("words: [yes]\ntraining: {epochs: true}", "epochs must be a whole number"),
        ("words: [yes]\ntraining: {epochs: 0}", "epochs is 0"),
        ("words: [yes]\ntraining: 3", "must hold keys"),
        ("words: [yes]\ndetector: {threshold: 256}", "threshold is 256"),
        ("words: [yes]\ndetector: {inference_stride_ms: 30}", "inference_stride_ms is 30"),
        ("words: [yes]\ndetector: {threshold: often}", "threshold is 'often'"),
        ("words: [yes]\ndetector: {threshold: true}", "threshold must be a whole number or text, not True"),
        ("words: [yes]\ndetector: {threshold: 9.5}", "threshold must be a whole number or text, not 9.5"),
        ("words: [yes]\ndetector: {kind: magic}", "kind is 'magic'"),
        ("words: [yes]\ndetector: {false_accepts_per_hour: 0}", "false_accepts_per_hour is 0"),
        ("words: [yes]\ndetector: {kind: recognize_commands, average_window_ms: 60}", "average_window_ms is 60"),
        ("words: [yes]\ndetector: {average_window_ms: 700}", "average_window_ms is given, but kind is temporal_filter"),
        ("words: [yes]\ndetector: {word_thresholds: {yes: 3}}", "threshold is auto"),
        ("words: [yes]\ndetector: {threshold: 9, word_thresholds: {no: 3}}", "word_thresholds is 'no'"),
        ("words: [yes]\ndetector: {threshold: 9, word_thresholds: {yes: 300}}", "word_thresholds: yes is 300"),
        ("words: [yes]\ndetector: {threshold: 9, word_thresholds: {yes: loud}}", "must be a whole number, not 'loud'"),
        ("words: [yes]\nfeatures: {stride_ms: 100}", "stride of 100 ms"),
        ("words: [yes]\ntraining: {augmentation: {room_probability: 1.5}}", "room_probability is 1.5"),
        ("words: [yes]\ntraining: {augmentation: {recordings_share: -1}}", "recordings_share is -1"),
        ("words: [yes]\ntraining: {augmentation: {speed_percent: 31}}", "speed_percent is 31"),
        ("words: [yes]\ntraining: {augmentation: {equalizer_db: -1}}", "equalizer_db is -1"),
        ("words: [yes]\ntraining: {augmentation: {overdrive_db: 61}}", "overdrive_db is 61"),
        ("words: [yes]\nfeatures: {clip_ms: 5}", "clip_ms is 5"),
        ("words: [yes]\nsynth: {enabled: perhaps}", "enabled is 'perhaps'"),
        ("words: [yes]\nsynth: {seed: -1}", "synth: seed is -1"),
        ("words: [yes]\ntraining: {seed: 4294967296}", "training: seed is 4294967296"),
        ("words: [yes]\ntraining: {learning_rate: .nan}", "learning_rate is nan"),
        ("words: [yes]\ntraining: {augmentation: {shift_ms: -3}}", "shift_ms is -3"),
        ("words: [yes]\ntraining: {augmentation: {gain_db: -1}}", "gain_db is -1"),
        ("words: [yes]\ntraining: {augmentation: {noise_snr_db_min: 31}}", "noise_snr_db_min is 31"),
        ("words: [yes]\ntraining: {augmentation: {time_mask_frames: -1}}", "time_mask_frames is -1"),
    ],
)
def test_what_is_wrong_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"kws\.yaml") as caught:
        parse_config(text)
    assert says in caught.value.message


def test_a_detector_that_is_given() -> None:
    wishes = parse_config(
        "words: [yes, no]\ndetector: {threshold: 180, word_thresholds: {no: 220}, suppression_ms: 900}"
    ).detector
    fixed = wishes.as_given(("yes", "no"))
    assert (fixed.kind, fixed.thresholds(4), fixed.suppression_ms) == (TEMPORAL_FILTER, (180, 180, 180, 220), 900)
    commands = parse_config("words: [yes]\ndetector: {kind: recognize_commands, threshold: 200}").detector
    assert commands.as_given(("yes",)) == DetectorSettings()


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("word: [yes]", "words"),
        ("words: [yes]\ntraining: {epoch: 3}", "epochs"),
        ("words: [a]\ndetektor: {}", "detector"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(text: str, near: str) -> None:
    with pytest.raises(ConfigError, match="unknown key") as caught:
        parse_config(text)
    assert caught.value.hint == f"did you mean {near}?"


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "kws.yaml")
    assert "tinykws init" in str(caught.value.hint)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kws.yaml").write_bytes(b"\xff\xfe\x00words")
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path / "kws.yaml")


def test_the_documentation_names_every_key_with_its_default() -> None:
    text = (Path(__file__).parent.parent.parent / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")

    def check(kind: type, prefix: str) -> None:
        for field in dataclasses.fields(kind):
            factory = field.default_factory
            default = field.default if factory is dataclasses.MISSING else factory()
            if dataclasses.is_dataclass(default):
                check(type(default), f"{prefix}{field.name}.")
            elif default is not dataclasses.MISSING:
                shown = list(default) if isinstance(default, tuple) else default
                assert f"| `{prefix}{field.name}` | {shown} |" in text

    check(Config, "")
