# SPDX-License-Identifier: Apache-2.0
"""GnuSpeech: its program runs in Python; speakers of all sizes say words, near-misses and words of no dictionary.

GnuSpeech is GPL-3.0, so no copy of it is here. A toy with the same imports stands for it; the tests that need the real
one run where the variable TINYKWS_GNUSPEECH names its gnuspeech.wasm.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from engine_checks import engine, middle_of_spectrum_hz, pitch_hz, seconds

pytest.importorskip("wasmtime")
pytest.importorskip("espeakng_loader")

from toy_gnuspeech import DICTIONARY as TOY_DICTIONARY
from toy_gnuspeech import RATE_HZ, SAMPLES, write_toy

from tinykws.speech.engines import Utterance
from tinykws.speech.english_ipa import split_sounds
from tinykws.speech.gnuspeech import POSTURES, PROGRAM, TRACTS, _entries, _spelled, _words_and_dictionary
from tinykws.speech.gnuspeech_program import GnuspeechProgram
from tinykws.speech.unknown_words import UnknownWords
from tinykws.speech.vocabulary import Vocabulary
from tinykws.speech.vocal_tracts import random_tract, with_pitch
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ConfigError, ToolError

REAL = os.environ.get("TINYKWS_GNUSPEECH", "")
needs_gnuspeech = pytest.mark.skipif(not REAL, reason="TINYKWS_GNUSPEECH does not name gnuspeech.wasm")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder; the program in the cache is the toy."""
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "cache"))
    write_toy(voices_dir("gnuspeech") / PROGRAM)
    return tmp_path


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "cache"))
    voices_dir("gnuspeech").mkdir(parents=True)
    (voices_dir("gnuspeech") / PROGRAM).symlink_to(REAL)
    return tmp_path


# the program


def test_the_program_reads_and_writes_files_in_memory(tmp_path: Path) -> None:
    program = GnuspeechProgram(write_toy(tmp_path / "toy.wasm"))
    assert program.own_file("MainDictionary.txt") == TOY_DICTIONARY
    wav = program.speak("yes", {"voice_male.txt": "x" * 1000}, 1)
    assert (wav[:4], len(wav)) == (b"RIFF", 44 + 2 * SAMPLES)
    assert wav == program.speak("yes", {"voice_male.txt": "x" * 1000}, 1)
    others = [("no", "x" * 1000, 1), ("yes", "x" * 1001, 1), ("yes", "x" * 1000, 2)]
    assert all(wav != program.speak(text, {"voice_male.txt": voice}, seed) for text, voice, seed in others)
    assert list(tmp_path.iterdir()) == [tmp_path / "toy.wasm"]


def test_a_program_that_fails_is_started_again(tmp_path: Path) -> None:
    program = GnuspeechProgram(write_toy(tmp_path / "toy.wasm"))
    before = program.speak("yes", {"voice_male.txt": "a"}, 1)
    with pytest.raises(ToolError, match=r"GnuSpeech stopped at '!': .*a failed assertion"):
        program.speak("!", {"voice_male.txt": "a"}, 1)
    assert program.speak("yes", {"voice_male.txt": "a"}, 1) == before


def test_ctrl_c_is_not_lost_in_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = GnuspeechProgram(write_toy(tmp_path / "toy.wasm"))

    def bytes_and_ctrl_c(count: int) -> bytes:
        signal.raise_signal(signal.SIGINT)
        return bytes(count)

    rng = SimpleNamespace(bytes=bytes_and_ctrl_c)
    monkeypatch.setattr("tinykws.speech.gnuspeech_program.np.random.default_rng", lambda _: rng)
    with pytest.raises(KeyboardInterrupt):
        program.speak("yes", {"voice_male.txt": "a"}, 1)


def other_program() -> bytes:
    import wasmtime

    return bytes(wasmtime.wat2wasm('(module (import "env" "secret" (func)))'))


@pytest.mark.parametrize("content", [b"", b"not wasm", b"\0asm\1\0\0\0", other_program()])
def test_another_file_is_no_gnuspeech(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.wasm").write_bytes(content)
    with pytest.raises(ToolError, match=r"other\.wasm is not the GnuSpeech that tinykws knows") as error:
        GnuspeechProgram(tmp_path / "other.wasm")
    assert "tinykws fetch voices gnuspeech" in str(error.value.hint)


# speakers


def values(tract: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+) = (-?[\d.]+)\n", tract)}


def test_speakers_are_children_and_adults_and_small_ones_speak_higher() -> None:
    tracts = [values(random_tract(np.random.default_rng([1, number]))) for number in range(400)]
    lengths = np.array([each["vocal_tract_length"] for each in tracts])
    pitches = np.array([each["reference_glottal_pitch"] for each in tracts])
    assert 7.5 <= lengths.min() < 8.5
    assert 17.5 < lengths.max() <= 18
    assert 0.65 < np.mean(lengths > 13) < 0.85
    assert np.corrcoef(lengths, pitches)[0, 1] < -0.85
    assert all(each["radius_8_coef"] > 0 and each["nose_radius_5"] == 0.73 for each in tracts)


def test_pitch_moves_and_nothing_else() -> None:
    tract = random_tract(np.random.default_rng(3))
    before, after = values(tract), values(with_pitch(tract, 2.5))
    assert after.pop("reference_glottal_pitch") == pytest.approx(before.pop("reference_glottal_pitch") + 2.5, abs=1e-3)
    assert after == before


# words


@pytest.mark.parametrize(
    ("ipa", "written"),
    [
        ("kəmpjˈuːɾɚ", "k_uh_m_p.'y_uu.t_uh_r"),
        ("ɐlˈɛksə", "uh.'l_e_k.s_uh"),
        ("tʃˈaɪld", "'ch_ah_i_l_d"),
        ("oʊkˈeɪ", "uh_uu.'k_e_i"),
        ("bˈʌʔn̩", "'b_a.t_uh_n"),
        ("jˈɛs", "'y_e_s"),
        ("mˌɪsɪsˈɪpi", "\"m_i.s_i.'s_i.p_ee"),
    ],
)
def test_sounds_are_written_as_the_dictionary_does(ipa: str, written: str) -> None:
    assert _spelled(split_sounds(ipa, POSTURES) or []) == written


def test_a_text_gets_a_dictionary_of_its_words_only() -> None:
    entries = _entries(TOY_DICTIONARY)
    assert _words_and_dictionary("Yes!", entries) == (
        "Yes!",
        "  1.0 by tinykws\nyes 'y_e_s%a\nyesterday 'y_e_s.t_uh.d_e_i%a\n",
    )
    words, dictionary = _words_and_dictionary("running", entries)
    assert (words, dictionary.count("\n")) == ("running", 3)
    assert _words_and_dictionary("[[ˈeɪ nˈoʊ]]?", entries) == ("qa qb?", "  1.0 by tinykws\nqa 'e_i%a\nqb 'n_uh_uu%a\n")


def test_words_of_no_dictionary_are_spelled_by_phonemes(toy: Path) -> None:
    vocabulary = Vocabulary(
        ("yes", "alexa"),
        UnknownWords(("run yes", "да"), ("okay yes",), ("[[k'Es]]",)),
        ("en-US",),
        {},
        {"[[k'Es]]": "[[kˈɛs]]"},
    )
    voices = engine(toy, "gnuspeech").engine_voices(vocabulary)
    assert voices.engine_texts == {
        "yes": "yes",
        "alexa": "[[ɐlˈɛksə]]",
        "run yes": "run yes",
        "[[k'Es]]": "[[kˈɛs]]",
        "okay yes": "[[oʊkˈeɪ jˈɛs]]",
    }
    assert len(voices.voices) == len(TRACTS) == 120


def test_the_engine_says_a_word_the_same_way_whatever_came_before(toy: Path) -> None:
    speaker = engine(toy, "gnuspeech")
    with speaker.speaking(1) as speak:
        others = [speak(voice, Utterance("yes", seed=1)) for voice in ("tract3", "tract4")]
        again = speak("tract3", Utterance("yes", seed=1))
    assert (again.sample_rate_hz, again.samples.size) == (RATE_HZ, SAMPLES)
    assert np.array_equal(again.samples, others[0].samples)
    assert not np.array_equal(again.samples, others[1].samples)
    assert np.array_equal(again.samples, speaker.speak("tract3", Utterance("yes", seed=1)).samples)


def test_it_is_english_only(toy: Path) -> None:
    with pytest.raises(ConfigError, match="GnuSpeech speaks English only, and language is 'ru'"):
        engine(toy, "gnuspeech", language="ru").voices()
    assert not engine(toy, "gnuspeech").says("да")


def test_what_is_missing_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path))
    with pytest.raises(ToolError, match="GnuSpeech was not fetched") as error:
        engine(tmp_path, "gnuspeech").version()
    assert error.value.hint == "tinykws fetch voices gnuspeech"
    with pytest.raises(ToolError, match="GnuSpeech was not fetched"):
        engine(tmp_path, "gnuspeech").speak("tract0", Utterance("yes"))
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    with pytest.raises(ToolError, match="wasmtime is not installed"):
        GnuspeechProgram(tmp_path / PROGRAM)


# the real one


@needs_gnuspeech
def test_the_samples_are_those_of_node_js(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node ran the package's own JavaScript, with crypto.getRandomValues filling in sevens."""
    program = GnuspeechProgram(Path(REAL))
    monkeypatch.setattr("tinykws.speech.gnuspeech_program.np.random.default_rng", lambda _: Sevens())
    control = program.own_file("trm_control_model.txt").replace("tempo = 1.0", "tempo = 1.1")
    digests = [
        hashlib.sha256(
            program.speak(
                text, {"trm_control_model.txt": control.replace("\nvoice_name = male", f"\nvoice_name = {voice}")}, 0
            )
        ).hexdigest()[:16]
        for voice, text in (("male", "computer"), ("baby", "hello world"), ("female", "alexa, how are you?"))
    ]
    assert digests == ["c120a71fa62f7fdd", "247fe9cc7e60030d", "0c910dd880d693db"]


class Sevens:
    def bytes(self, count: int) -> bytes:
        return b"\7" * count


@needs_gnuspeech
def test_a_small_dictionary_says_the_same_as_the_whole_one() -> None:
    program = GnuspeechProgram(Path(REAL))
    whole = program.own_file("MainDictionary.txt")
    for text in ["computers", "running", "flies", "baby's", "happiness", "zzyx", "quickly"]:
        words, small = _words_and_dictionary(text, _entries(whole))
        assert program.speak(words, {"MainDictionary.txt": small}, 1) == program.speak(
            text, {"MainDictionary.txt": whole}, 1
        )


@needs_gnuspeech
def test_the_real_one_follows_rate_pitch_and_size(real: Path) -> None:
    with engine(real, "gnuspeech").speaking(1) as speak:
        slow, fast, high, low = (
            speak("tract0", dataclasses.replace(Utterance("seven"), **change))  # type: ignore[arg-type]
            for change in (
                {"rate_wpm": 110},
                {"rate_wpm": 220},
                {"pitch": 85, "pitch_range": 0},
                {"pitch": 15, "pitch_range": 0},
            )
        )
        sizes = [
            values(random_tract(np.random.default_rng([1, 31, number])))["vocal_tract_length"] for number in range(120)
        ]
        child, man = (
            speak(f"tract{int(np.argmin(sign * np.array(sizes)))}", Utterance("[[sˈiː]]")) for sign in (1, -1)
        )
    assert seconds(slow) > 1.5 * seconds(fast)
    assert pitch_hz(high) > 1.3 * pitch_hz(low)
    assert middle_of_spectrum_hz(child) > 1.2 * middle_of_spectrum_hz(man)
