# SPDX-License-Identifier: Apache-2.0
"""espeak-ng speaks, reproducibly, and says what it cannot."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("espeakng_loader")

from tinykws.speech.espeak_library import VARIANTS, Accent, Espeak, accents_of_language
from tinykws.support.errors import ConfigError, ToolError


@pytest.fixture(scope="module")
def accents() -> tuple[Accent, ...]:
    with Espeak() as espeak:
        return espeak.accents()


def said(seed: int, *utterances: tuple[str, str]) -> list[bytes]:
    with Espeak(seed) as espeak:
        return [espeak.speak(text, voice, 160, 50, 50).tobytes() for text, voice in utterances]


def test_speech_is_there_and_longer_words_take_longer() -> None:
    with Espeak() as espeak:
        assert espeak.sample_rate_hz == 22050
        short, long = (espeak.speak(text, "en-US", 160, 50, 50) for text in ("no", "november"))
        slow = espeak.speak("november", "en-US", 100, 50, 50)
    assert short.dtype == np.int16
    assert np.abs(short.astype(int)).max() > 3000
    assert short.size < long.size < slow.size


def test_the_same_block_gives_the_same_bytes_whatever_came_before() -> None:
    utterances = [
        (text, f"{accent}+{voice}") for voice in VARIANTS for text, accent in (("yes", "en-US"), ("no", "en"))
    ]
    first = said(1, *utterances)
    said(2, ("something else", "en-US+f2"))
    ballast = [bytearray(1000 * n) for n in range(50)]
    assert said(1, *utterances) == first
    del ballast


def test_another_seed_gives_other_noise() -> None:
    assert said(1, ("yes", "en-US+whisper")) != said(2, ("yes", "en-US+whisper"))


def test_every_variant_speaks() -> None:
    for variant, sound in zip(VARIANTS, said(1, *(("seven", f"en-US+{v}") for v in VARIANTS)), strict=True):
        samples = np.frombuffer(sound, np.int16).astype(int)
        assert 5000 < samples.size < 40000, variant
        assert np.abs(samples).max() > 2000, variant


def test_variants_are_really_different_voices() -> None:
    sounds = said(1, *(("seven", f"en-US+{variant}") for variant in VARIANTS))
    assert len(set(sounds)) == len(VARIANTS)


def test_phonemes_carry_no_stress_and_no_language_marks() -> None:
    with Espeak() as espeak:
        assert espeak.phonemes("yes", "en-US") == ("j", "ɛ", "s")
        assert espeak.phonemes("know", "en-US") == espeak.phonemes("no", "en-US") == ("n", "oʊ")
        assert espeak.phonemes("yes", "ru") == ("j", "ɛ", "s")
        assert espeak.phonemes("one, two", "en-US") == ("w", "ʌ", "n", "t", "uː")


def test_own_variants_change_the_voice_and_are_known_only_where_added() -> None:
    high = "name small\npitch 300 350\n" + "".join(f"formant {n} 130 100 100\n" for n in range(9))
    with Espeak(1) as espeak:
        espeak.add_variant("small", high)
        own, usual = (espeak.speak("seven", voice, 160, 50, 50) for voice in ("en-US+small", "en-US"))
        again = espeak.speak("seven", "en-US+small", 160, 50, 50)
        with pytest.raises(ToolError, match="no voice 'xx-yy\\+small'"):
            espeak.speak("seven", "xx-yy+small", 160, 50, 50)
    assert middle_of_spectrum(own) > 1.15 * middle_of_spectrum(usual)
    assert middle_of_spectrum(again) == pytest.approx(middle_of_spectrum(own), rel=0.02)


def middle_of_spectrum(samples: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    return float(power @ np.arange(len(power)) / power.sum() / samples.size)


def test_own_variants_speak_wherever_temporary_files_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    far_away = tmp_path / ("временные файлы " * 5)
    far_away.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far_away))
    with Espeak() as espeak:
        espeak.add_variant("small", "name small\npitch 150 200\n")
        assert espeak.speak("yes", "en-US+small", 170, 50, 50).size > 1000
    assert list(far_away.iterdir()) == []


def test_mnemonics_between_brackets_are_the_word_and_other_accents_read_them() -> None:
    with Espeak() as espeak:
        assert espeak.mnemonics("yes", "en-US") == "j'Es"
        assert espeak.phonemes("[[j'Es]]", "en-US") == espeak.phonemes("yes", "en-US")
        assert espeak.phonemes("[[n'oU]]", "ru") == ("n", "o")
    assert said(1, ("[[j'Es]]", "en-US")) == said(1, ("yes", "en-US"))


@pytest.mark.parametrize(
    ("language", "text", "speaks"),
    [
        ("en-US", "yes", True),
        ("en-US", "hey robot", True),
        ("en-US", "don't", True),
        ("en-US", "tv", True),
        ("en-US", "café", True),
        ("en-US", "да", False),
        ("en-US", "日本", False),
        ("en-US", "hey да", False),
        ("ru", "да", True),
        ("ru", "тв", True),
        ("ru", "привет", True),
        ("ru", "yes", True),
        ("ru", "日本", False),
        ("ru", "!!!", False),
        ("de", "schön", True),
        ("de", "да", False),
        ("el", "ναι", True),
        ("el", "да", False),
        ("ja", "はい", True),
        ("ja", "日本", False),
        ("cmn", "你好", True),
        ("hi", "हाँ", True),
        ("ko", "안녕", True),
        ("ar", "نعم", True),
    ],
)
def test_can_speak(language: str, text: str, speaks: bool) -> None:
    with Espeak() as espeak:
        assert espeak.can_speak(text, language) is speaks


@pytest.mark.parametrize(
    ("language", "tags"),
    [
        ("en-us", {"en-US"}),
        ("EN-GB", {"en"}),
        ("de", {"de"}),
        ("ru", {"ru", "ru-cl", "ru-LV"}),
        ("pt", {"pt", "pt-BR"}),
    ],
)
def test_accents_of_language(accents: tuple[Accent, ...], language: str, tags: set[str]) -> None:
    assert tags <= set(accents_of_language(language, accents))
    assert len(accents_of_language("en", accents)) >= 8


@pytest.mark.parametrize(
    ("language", "near"), [("englisch", "en"), ("german", "de"), ("rus", "ru"), ("klingonisch", "piqd")]
)
def test_an_unknown_language_names_near_ones(accents: tuple[Accent, ...], language: str, near: str) -> None:
    with pytest.raises(ConfigError, match=language) as error:
        accents_of_language(language, accents)
    assert near in str(error.value.hint)


def test_without_espeak_the_error_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ToolError, match="not installed") as error, Espeak():
        pass
    assert 'pip install "tinykws[synth]"' in str(error.value.hint)


def test_a_library_that_does_not_load_is_a_tool_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libespeak-ng.so").write_bytes(b"no library")
    monkeypatch.setattr("espeakng_loader.get_library_path", lambda: str(tmp_path / "libespeak-ng.so"))
    with pytest.raises(ToolError, match="does not load"), Espeak():
        pass


def test_a_voice_that_is_not_there_is_a_tool_error() -> None:
    with Espeak() as espeak, pytest.raises(ToolError, match="no voice 'xx-nothing'"):
        espeak.speak("yes", "xx-nothing", 160, 50, 50)
