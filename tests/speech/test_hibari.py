# SPDX-License-Identifier: Apache-2.0
"""hibari: the voice of its package says words and near-misses, at the rate and pitch that are asked for."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from engine_checks import engine, pitch_hz, seconds

from tinykws.speech.engines import Utterance
from tinykws.speech.hibari import _phonemes
from tinykws.speech.misaki_alphabet import SOUNDS
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ConfigError, ToolError

hibari = pytest.importorskip("hibari")


def test_it_speaks_with_the_voice_of_its_package(tmp_path: Path) -> None:
    speaker = engine(tmp_path, "hibari")
    assert speaker.voices() == ("heart",)
    assert speaker.voice_files() == ()
    sound = speaker.speak("heart", Utterance("seven"))
    assert 0.2 < seconds(sound) < 1
    assert np.abs(sound.samples.astype(int)).max() > 3000


def test_it_follows_rate_and_pitch(tmp_path: Path) -> None:
    with engine(tmp_path, "hibari").speaking(1) as speak:
        usual, slow, fast, high, low = (
            speak("heart", dataclasses.replace(Utterance("seven"), **change))  # type: ignore[arg-type]
            for change in (
                {},
                {"rate_wpm": 110},
                {"rate_wpm": 300},
                {"pitch": 85, "pitch_range": 0},
                {"pitch": 15, "pitch_range": 0},
            )
        )
    assert seconds(slow) > 1.3 * seconds(usual) > 1.3 * 1.3 * seconds(fast)
    assert pitch_hz(high) == pytest.approx(2**0.7 * pitch_hz(low), rel=0.08)


def test_the_same_utterance_has_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    speaker = engine(tmp_path, "hibari")
    with speaker.speaking(1) as speak:
        speak("heart", Utterance("no", seed=9))
        again = speak("heart", Utterance("yes", seed=4)).samples
        other = speak("heart", Utterance("yes", seed=5)).samples
    assert np.array_equal(again, speaker.speak("heart", Utterance("yes", seed=4)).samples)
    assert not np.array_equal(again, other)


def test_it_says_near_misses_as_they_are_written(tmp_path: Path) -> None:
    speaker = engine(tmp_path, "hibari")
    with speaker.speaking(1) as speak:
        kess, kiss = (speak("heart", Utterance(f"[[{ipa}]]!")) for ipa in ("kˈɛs", "kˈɪs"))
    assert 0.2 < seconds(kess) < 0.9
    assert not np.array_equal(kess.samples, kiss.samples)
    assert speaker.says("[[tʃˈaɪld]]")
    assert not speaker.says("[[ǃˈa]]")
    assert not speaker.says("да")


def test_every_sound_of_the_table_is_in_hibaris_alphabet() -> None:
    known = hibari.Hibari().vocab
    assert {symbol for written in SOUNDS.values() for symbol in written} <= known.keys()


def test_a_word_in_ipa_sounds_like_the_word(tmp_path: Path) -> None:
    """The table is right if hibari makes the same symbols of the spelling."""
    tts = hibari.Hibari()
    assert _phonemes(tts, "[[kəmpjˈuːɾɚ]].") == tts.phonemize("computer.")


def test_a_fetched_voice_is_another_speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "cache"))
    described = hibari.voices.VOICES
    file = voices_dir("hibari") / described["kore"]["file"]
    file.parent.mkdir(parents=True)
    file.write_bytes((Path(hibari.__file__).parent / "assets" / described["heart"]["file"]).read_bytes())
    speaker = engine(tmp_path, "hibari")
    assert speaker.voices() == ("heart", "kore")
    assert speaker.voice_files() == (file,)
    assert seconds(speaker.speak("kore", Utterance("yes"))) > 0.2
    file.write_bytes(b"not a network")
    with pytest.raises(ConfigError, match="is not a voice that onnxruntime can read") as error:
        speaker.speak("kore", Utterance("yes"))
    assert "tinykws fetch voices hibari" in str(error.value.hint)


def test_it_is_english_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="hibari speaks English only, and language is 'de'"):
        engine(tmp_path, "hibari", language="de").voices()


def test_without_hibari_it_says_how_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hibari", "hibari.dsp", "hibari.voices"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ToolError, match="hibari is not installed") as error:
        engine(tmp_path, "hibari").version()
    assert error.value.hint == 'pip install "tinykws[synth]"'
