# SPDX-License-Identifier: Apache-2.0
"""festival: its English voices speak, and only what Scheme may be given."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tinykws.audio.files import write_wav
from tinykws.project.synth_settings import SynthSettings
from tinykws.speech import festival
from tinykws.speech.engines import EngineSetup, Utterance
from tinykws.speech.festival import FestivalEngine
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.run_command import Finished

needs_festival = pytest.mark.skipif(shutil.which("festival") is None, reason="festival is not installed")
ENGLISH = EngineSetup("en", Path(), SynthSettings())


@needs_festival
@pytest.mark.slow
def test_diphone_voices_follow_rate_and_pitch() -> None:
    engine = FestivalEngine(ENGLISH)
    assert engine.version().endswith(" ".join(engine.voices()))
    diphone = [voice for voice in engine.voices() if voice.endswith("diphone")]
    if not diphone:
        pytest.skip("no diphone voice is installed")
    usual = engine.speak(diphone[0], Utterance("computer."))
    assert np.array_equal(engine.speak(diphone[0], Utterance("computer.")).samples, usual.samples)
    slow = engine.speak(diphone[0], Utterance("computer.", rate_wpm=110))
    assert len(slow.samples) / len(usual.samples) == pytest.approx(175 / 110, rel=0.15)
    high = engine.speak(diphone[0], Utterance("computer.", pitch=99))
    assert len(high.samples) == pytest.approx(len(usual.samples), rel=0.05)
    assert not np.array_equal(high.samples, usual.samples)


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("computer", True),
        ("it's on-line", True),
        ("[[k'Es]]", False),
        ('") (system "ls', False),
        ("", False),
        ("é", False),
    ],
)
def test_only_letters_reach_scheme(text: str, can: bool) -> None:
    assert FestivalEngine(ENGLISH).says(text) is can


def test_voices_of_other_languages_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "noise\ntinykws ked_diphone english\ntinykws el_diphone spanish\ntinykws rab_diphone britishenglish\n"
    monkeypatch.setattr(festival, "_run", lambda *_: Finished(0, listed, "", 0.1))
    assert FestivalEngine(ENGLISH).voices() == ("ked_diphone", "rab_diphone")
    monkeypatch.setattr(festival, "_run", lambda *_: Finished(0, "tinykws el_diphone spanish\n", "", 0.1))
    with pytest.raises(ToolError, match="no English voice") as caught:
        FestivalEngine(ENGLISH).voices()
    assert "festvox-kallpc16k" in (caught.value.hint or "")


def test_another_language() -> None:
    assert not FestivalEngine.speaks("de")
    with pytest.raises(ConfigError, match="festival"):
        FestivalEngine(EngineSetup("de", Path(), SynthSettings())).voices()


def test_what_went_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(festival, "_run", lambda *_: Finished(255, "", "SIOD ERROR: unbound variable : voice_x", 0.1))
    with pytest.raises(ToolError, match=r"failed at 'computer' with voice x: SIOD ERROR: unbound variable"):
        FestivalEngine(ENGLISH).speak("x", Utterance("computer"))


def test_after_a_crash_the_text_is_said_in_the_usual_manner(monkeypatch: pytest.MonkeyPatch) -> None:
    """festival 2.5 crashed at 'trir.' with the voice ked_diphone, at some rates."""
    scripts: list[str] = []

    def crashes_once(*arguments: str) -> Finished:
        file = Path(arguments[1]).with_suffix(".wav")
        scripts.append(Path(arguments[1]).read_text().replace(str(file), "FILE"))
        if len(scripts) == 1:
            file.write_bytes(b"RIFF cut off")
            return Finished(134, "", "malloc(): corrupted top size", 0.1)
        write_wav(file, np.full(16000, 1000, np.int16))
        return Finished(0, "", "", 0.1)

    monkeypatch.setattr(festival, "_run", crashes_once)
    sound = FestivalEngine(ENGLISH).speak("x", Utterance("trir.", rate_wpm=300, pitch=90))
    assert sound.samples.tolist() == [1000] * 16000
    FestivalEngine(ENGLISH).speak("x", Utterance("trir."))
    assert scripts[1] == scripts[2] != scripts[0]
