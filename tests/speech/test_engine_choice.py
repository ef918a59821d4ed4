# SPDX-License-Identifier: Apache-2.0
"""engines: auto takes what is installed and speaks the language, and says what would help."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tinykws.project.synth_settings import SynthSettings
from tinykws.speech import engine_choice
from tinykws.speech.engine_choice import LeftOut, choose_engines
from tinykws.speech.engines import EngineSetup, Sound, SpeechEngine, Utterance
from tinykws.support.errors import ConfigError, ToolError


class Fake(SpeechEngine):
    """An engine whose state the tests choose."""

    languages: ClassVar[tuple[str, ...]] = ("en", "de")
    error: ClassVar[Exception | None] = None

    @classmethod
    def speaks(cls, language: str) -> bool:
        return language in cls.languages

    @classmethod
    def version(cls) -> str:
        if cls.error is not None:
            raise cls.error
        return "1"

    def voices(self) -> tuple[str, ...]:
        return ("one",)

    def speak(self, voice: str, utterance: Utterance) -> Sound:
        return Sound(np.zeros(1, np.int16), 16000)


def fake(name: str, **state: Any) -> type[SpeechEngine]:
    return type(name, (Fake,), {"name": name, **state})


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, type[SpeechEngine]]:
    """Engines by name; the tests change them."""
    engines = {name: fake(name) for name in ("espeak", "flite", "piper", "theirs")}

    def find(name: str) -> type[SpeechEngine]:
        if name not in engines:
            raise ConfigError(f"there is no engine {name!r}")
        return engines[name]

    monkeypatch.setattr(engine_choice, "engine_names", lambda: tuple(engines))
    monkeypatch.setattr(engine_choice, "find_engine", find)
    return engines


def chosen(language: str = "en", **settings: Any) -> tuple[list[str], tuple[LeftOut, ...]]:
    result = choose_engines(EngineSetup(language, Path(), dataclasses.replace(SynthSettings(), **settings)))
    return [engine.name for engine in result.engines], result.left_out


def test_all_that_are_installed_are_used(installed: dict[str, type[SpeechEngine]]) -> None:
    assert chosen() == (["espeak", "flite", "piper", "theirs"], ())


def test_what_is_not_installed_is_left_out_with_the_command(installed: dict[str, type[SpeechEngine]]) -> None:
    installed["flite"] = fake("flite", error=ToolError("flite not found", hint="sudo apt install flite\nor build it"))
    installed["theirs"] = fake("theirs", error=KeyError("their own fault"))
    left_out = (LeftOut("flite", "flite not found", "sudo apt install flite"),)
    assert chosen() == (["espeak", "piper"], left_out)


def test_an_engine_of_another_language_is_no_loss(installed: dict[str, type[SpeechEngine]]) -> None:
    installed["flite"] = fake("flite", languages=("en",), error=ToolError("flite not found"))
    assert chosen("de") == (["espeak", "piper", "theirs"], ())


def test_what_kws_yaml_has_settings_for_must_work(installed: dict[str, type[SpeechEngine]]) -> None:
    installed["piper"] = fake("piper", error=ToolError("Piper is not installed"))
    assert chosen()[0] == ["espeak", "flite", "theirs"]
    assert "piper" in chosen(piper_voices=("a.onnx",))[0]
    with pytest.raises(ConfigError, match="there is no engine 'thiers'"):
        chosen(engine_options={"thiers": {}})


def test_engines_that_are_named_are_taken_as_they_are(installed: dict[str, type[SpeechEngine]]) -> None:
    installed["flite"] = fake("flite", error=ToolError("flite not found"))
    assert chosen(engines=("flite", "espeak")) == (["flite", "espeak"], ())


def test_with_nothing_installed_espeak_says_what_to_install(installed: dict[str, type[SpeechEngine]]) -> None:
    for name in installed:
        installed[name] = fake(name, error=ToolError(f"{name} is missing"))
    assert chosen()[0] == ["espeak"]
