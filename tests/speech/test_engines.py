# SPDX-License-Identifier: Apache-2.0
"""Speech engines: flite and Piper speak where they are installed, say what they cannot; others can be plugged in."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("espeakng_loader")

from tinykws.audio.files import read_audio
from tinykws.cli.run_stages import run_stage
from tinykws.cli.stages_in_order import report_of
from tinykws.project.config import Config, parse_config
from tinykws.project.layout import Project
from tinykws.project.synth_settings import SynthSettings
from tinykws.speech.clip_shaping import trimmed
from tinykws.speech.engines import (
    BUILT_IN,
    ENTRY_POINT_GROUP,
    EngineSetup,
    Saying,
    Sound,
    SpeechEngine,
    engine_names,
    find_engine,
)
from tinykws.speech.flite import PHONES
from tinykws.speech.vocabulary import Vocabulary, choose_vocabulary
from tinykws.speech.voice_folders import voices_dir
from tinykws.stages.synth import SynthReport, stage_files, synth
from tinykws.support.errors import ConfigError, TinykwsError, ToolError
from tinykws.support.freshness import digest_of_files, is_fresh
from tinykws.support.progress import SILENT

FEW = SynthSettings(clips_per_word=40, unknown_clips=60, silence_clips=10)
needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")


def project(root: Path, *words: str, language: str = "en", **settings: Any) -> Project:
    synth_settings = dataclasses.replace(FEW, **settings)
    return Project(root, Config(words=words or ("yes",), language=language, synth=synth_settings))


def engine(root: Path, name: str, language: str = "en", **settings: Any) -> SpeechEngine:
    setup = EngineSetup(language, root, project(root, engines=(name,), **settings).config.synth)
    return find_engine(name)(setup)


def pitch_hz(sound: Sound) -> float:
    """Of the loudest 40 ms, by autocorrelation."""
    samples, rate = sound.samples.astype(float), sound.sample_rate_hz
    length = rate // 25
    start = max(0, int(np.argmax(np.convolve(samples**2, np.ones(length), "valid"))))
    piece = samples[start : start + length] - samples[start : start + length].mean()
    likeness = np.correlate(piece, piece, "full")[length - 1 :]
    low, high = rate // 400, rate // 60
    return rate / (low + int(np.argmax(likeness[low:high])))


def middle_of_spectrum_hz(sound: Sound) -> float:
    power = np.abs(np.fft.rfft(sound.samples.astype(float))) ** 2
    return float(power @ np.arange(len(power)) / power.sum() * sound.sample_rate_hz / sound.samples.size)


def seconds(sound: Sound) -> float:
    return trimmed(sound.samples / 32768).size / sound.sample_rate_hz


@functools.cache
def vocabulary_of(words: tuple[str, ...], language: str, seed: int) -> Vocabulary:
    return choose_vocabulary(Config(words=words, language=language, synth=SynthSettings(seed=seed)))


@pytest.fixture(autouse=True)
def quick_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chooses words once for all tests: it takes a second."""
    monkeypatch.setattr(
        "tinykws.stages.synth.choose_vocabulary",
        lambda config: vocabulary_of(config.words, config.language, config.synth.seed),
    )


# flite


@needs_flite
def test_flite_speaks_with_people_of_different_voices(tmp_path: Path) -> None:
    flite = engine(tmp_path, "flite")
    voices = flite.voices()
    assert set(voices) >= {"slt", "rms", "awb", "kal16"}
    assert not set(voices) & {"kal", "awb_time"}
    sounds = {voice: flite.speak(voice, Saying("seven")) for voice in voices}
    assert all(0.2 < seconds(sound) < 1 and np.abs(sound.samples).max() > 3000 for sound in sounds.values())
    assert len({sound.samples.tobytes() for sound in sounds.values()}) == len(voices)
    assert pitch_hz(sounds["slt"]) > 1.4 * pitch_hz(sounds["rms"])


@needs_flite
def test_flite_follows_rate_and_pitch(tmp_path: Path) -> None:
    flite = engine(tmp_path, "flite")
    usual, slow, fast, high = (
        flite.speak("slt", dataclasses.replace(Saying("seven"), **change))  # type: ignore[arg-type]
        for change in ({}, {"rate_wpm": 110}, {"rate_wpm": 350}, {"pitch": 85})
    )
    assert seconds(slow) > 1.4 * seconds(usual) > 1.4 * 1.7 * seconds(fast)
    assert pitch_hz(high) == pytest.approx(2**0.35 * pitch_hz(usual), rel=0.05)


@needs_flite
def test_flite_says_the_phonemes_of_near_misses(tmp_path: Path) -> None:
    flite = engine(tmp_path, "flite")
    kess, kiss = (flite.speak("slt", Saying(f"[[{ipa}]]!")) for ipa in ("kˈɛs", "kˈɪs"))
    assert 0.2 < seconds(kess) < 0.8
    assert kess.samples.tobytes() != kiss.samples.tobytes()
    assert flite.says("[[tʃˈaɪld]]")
    assert not flite.says("[[ǃˈa]]")


@pytest.mark.slow
@needs_flite
def test_every_phone_of_the_table_makes_a_sound_in_every_voice(tmp_path: Path) -> None:
    flite = engine(tmp_path, "flite")
    for voice in flite.voices():
        for start in range(0, len(PHONES), 12):
            word = "ˈa".join(list(PHONES)[start : start + 12])
            assert np.abs(flite.speak(voice, Saying(f"[[{word}]]")).samples).max() > 1000


@needs_flite
def test_a_single_sound_is_said_in_every_voice(tmp_path: Path) -> None:
    """Of "no" a half is "oh": a voice of diphones has none of a sound alone."""
    flite = engine(tmp_path, "flite")
    for voice in flite.voices():
        assert np.abs(flite.speak(voice, Saying("[[ˈəʊ]]?")).samples).max() > 1000


@needs_flite
def test_made_up_words_need_not_be_english(tmp_path: Path) -> None:
    flite = engine(tmp_path, "flite")
    assert all(seconds(flite.speak(voice, Saying("ynu?"))) > 0.1 for voice in flite.voices())


@needs_flite
def test_flite_speaks_with_a_voice_file(tmp_path: Path) -> None:
    subprocess.run(["flite", "-voice", "slt", "-voicedump", str(tmp_path / "own.flitevox")], check=True)
    flite = engine(tmp_path, "flite", flite_voices=("own.flitevox",))
    assert "own.flitevox" in flite.voices()
    assert flite.voice_files() == (tmp_path / "own.flitevox",)
    own, same = (flite.speak(voice, Saying("yes")).samples for voice in ("own.flitevox", "slt"))
    assert np.array_equal(own, same)


@needs_flite
def test_a_voice_file_that_is_none_is_no_other_voice(tmp_path: Path) -> None:
    (tmp_path / "bad.flitevox").write_text("no voice")
    flite = engine(tmp_path, "flite", flite_voices=("bad.flitevox",))
    with pytest.raises(ToolError, match=r"flite failed at 'yes' with voice bad\.flitevox: .*expected header"):
        flite.speak("bad.flitevox", Saying("yes"))


@needs_flite
def test_a_voice_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.flitevox, listed in synth: flite_voices, does not exist"):
        engine(tmp_path, "flite", flite_voices=("gone.flitevox",)).voices()


def test_flite_is_english_only(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="flite speaks English only, and language is 'de'"):
        engine(tmp_path, "flite", language="de").voices()
    assert not engine(tmp_path, "flite").says("да")


def test_without_flite_it_says_how_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="flite not found") as error:
        synth(project(tmp_path, engines=("espeak", "flite")))
    assert "sudo apt install flite" in str(error.value.hint)
    assert not (tmp_path / "build").exists()


def test_a_flite_that_crashes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "flite"
    script.write_text('#!/bin/sh\n[ "$1" = -lv ] && echo "Voices available: a b c" && exit 0\nkill -SEGV $$\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ToolError, match="flite failed at 'yes' with voice a: exit code -11"):
        engine(tmp_path, "flite").speak("a", Saying("yes"))


@pytest.mark.slow
@needs_flite
def test_espeak_and_flite_speak_a_project(tmp_path: Path) -> None:
    here = project(tmp_path, "yes", "hey robot", engines=("espeak", "flite"))
    report = synth(here, processes=1)
    by_engine = {one.name: one for one in report.engines}
    assert sum(one.clips for one in report.engines) == 140
    assert by_engine["flite"].clips >= 5
    files = sorted(here.synth_dir.glob("*/flite-*.wav"))
    assert len(files) == by_engine["flite"].clips
    assert all(np.abs(read_audio(file).samples.astype(int)).max() > 2000 for file in files)
    again = project(tmp_path / "again", "yes", "hey robot", engines=("espeak", "flite"))
    synth(again, processes=2)
    assert digest_of_files([again.synth_dir]) == digest_of_files([here.synth_dir])


@pytest.mark.slow
@needs_flite
def test_flite_alone_says_near_misses_too(tmp_path: Path) -> None:
    here = project(tmp_path, engines=("flite",))
    report = synth(here, processes=1)
    assert (report.voices, report.accents) == (4, ())
    assert len(list((here.synth_dir / "_unknown_").glob("*near_miss*"))) == 3


# Piper


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """A project folder with a voice of one speaker and one of five."""
    if not importlib.util.find_spec("piper") or not importlib.util.find_spec("onnx"):
        pytest.skip("piper or onnx is not installed")
    from tiny_piper_voice import write_voice

    write_voice(tmp_path / "voices" / "tiny.onnx")
    write_voice(tmp_path / "voices" / "many.onnx", speakers=5)
    return tmp_path


BOTH = ("voices/tiny.onnx", "voices/many.onnx")


def test_piper_speaks_with_all_speakers_of_all_files(voices: Path) -> None:
    piper = engine(voices, "piper", piper_voices=BOTH)
    assert piper.voices() == ("tiny-0", *(f"many-{n}" for n in range(5)))
    with piper.speaking(1) as speak:
        sounds = [speak(voice, Saying("yes")) for voice in piper.voices()]
    assert {sound.sample_rate_hz for sound in sounds} == {16000}
    heights = [middle_of_spectrum_hz(sound) for sound in sounds[1:]]
    assert heights == sorted(heights)
    assert heights[-1] > heights[0] + 200  # four times 60 Hz, as the voice is made


def test_piper_follows_the_rate_and_varies_the_rest(voices: Path) -> None:
    piper = engine(voices, "piper", piper_voices=BOTH)
    with piper.speaking(1) as speak:
        slow, fast = (speak("tiny-0", Saying("seven", rate_wpm=wpm)).samples.size for wpm in (110, 220))
        others = {speak("tiny-0", Saying("seven", seed=seed)).samples.tobytes() for seed in range(5)}
    assert slow > 1.5 * fast
    assert len(others) == 5


def test_a_job_of_piper_gives_the_same_bytes_whatever_came_before(voices: Path) -> None:
    piper = engine(voices, "piper", piper_voices=BOTH)

    def job(seed: int) -> list[bytes]:
        with piper.speaking(seed) as speak:
            return [speak(voice, Saying("yes", seed=3)).samples.tobytes() for voice in piper.voices()]

    first = job(1)
    assert job(2) != first
    assert job(1) == first


@pytest.mark.skipif(sys.platform != "linux", reason="looks where onnxruntime keeps its notes on Linux")
def test_nothing_is_reported_to_anybody(voices: Path) -> None:
    home = voices / "home"
    home.mkdir()
    code = "from tinykws.speech.piper import _load; import pathlib, sys; _load(pathlib.Path(sys.argv[1]), seed=1)"
    arguments = [sys.executable, "-c", code, str(voices / "voices" / "tiny.onnx")]
    subprocess.run(arguments, check=True, env={**os.environ, "HOME": str(home), "TMPDIR": str(home)})
    assert list(home.rglob("*")) == []


def test_piper_says_what_its_voices_have_phonemes_for(voices: Path) -> None:
    piper = engine(voices, "piper", piper_voices=BOTH)
    assert all(map(piper.says, ("yes", "hey robot", "[[kˈɛs]]")))
    assert not piper.says("[[ǃˈa]]")
    assert not piper.says("")


@pytest.mark.slow
def test_espeak_and_piper_speak_a_project(voices: Path) -> None:
    here = project(voices, "yes", "no", engines=("espeak", "piper"), piper_voices=BOTH)
    report = synth(here, processes=1)
    assert {one.name for one in report.engines} == {"espeak", "piper"}
    piper = next(one for one in report.engines if one.name == "piper")
    files = sorted(here.synth_dir.glob("*/piper-*.wav"))
    assert len(files) == piper.clips > 10
    digest = digest_of_files([here.synth_dir])
    synth(here, processes=2)
    assert digest_of_files([here.synth_dir]) == digest


@pytest.mark.slow
def test_clips_are_stale_when_a_voice_changes(voices: Path) -> None:
    here = project(voices, engines=("espeak", "piper"), piper_voices=BOTH)
    run_stage(here, "synth", SILENT)
    assert is_fresh(here.stamp_path("synth"), stage_files(here))
    report: SynthReport = report_of(here, "synth")
    assert report.engines[1].version.startswith("piper-tts ")
    described = voices / "voices" / "tiny.onnx.json"
    described.write_text(described.read_text().replace('"noise_w": 0.8', '"noise_w": 0.7'))
    assert not is_fresh(here.stamp_path("synth"), stage_files(here))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "tiny.onnx").unlink(), "tiny.onnx, listed in synth: piper_voices, does not exist"),
        (
            lambda folder: (folder / "tiny.onnx.json").unlink(),
            "tiny.onnx.json, listed in .*, does not exist",
        ),
        (
            lambda folder: (folder / "tiny.onnx.json").write_text("{"),
            "not describe a Piper voice: JSONDecodeError",
        ),
        (lambda folder: (folder / "tiny.onnx.json").write_text("[1]"), "does not describe a Piper voice"),
        (lambda folder: (folder / "tiny.onnx.json").write_text("{}"), "does not describe a Piper voice: KeyError"),
        (lambda folder: (folder / "tiny.onnx").write_text("no model"), "not a voice that onnxruntime can read"),
    ],
)
def test_what_is_wrong_with_a_voice_is_said(voices: Path, break_it, message: str) -> None:  # type: ignore[no-untyped-def]
    break_it(voices / "voices")
    with pytest.raises(ConfigError, match=message) as error:
        synth(project(voices, engines=("espeak", "piper"), piper_voices=BOTH))
    assert "NAME.onnx.json" in str(error.value.hint)
    assert not (voices / "build").exists()


def test_a_voice_of_another_language_is_refused(voices: Path) -> None:
    from tiny_piper_voice import write_voice

    write_voice(voices / "voices" / "german.onnx", language="de_DE", espeak_voice="de")
    with pytest.raises(ConfigError, match=r"german\.onnx speaks de, and language is 'en'"):
        synth(project(voices, engines=("espeak", "piper"), piper_voices=("voices/german.onnx",)))
    assert engine(voices, "piper", language="de", piper_voices=("voices/german.onnx",)).voices() == ("german-0",)


def test_voices_that_were_fetched_are_used_with_all_their_speakers(
    voices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tiny_piper_voice import write_voice

    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(voices / "cache"))
    monkeypatch.setattr("tinykws.speech.piper.VOICE_PACKAGES", ("package_of_a_voice", "package_of_none"))
    monkeypatch.syspath_prepend(str(voices))
    (voices / "package_of_a_voice").mkdir()
    (voices / "package_of_a_voice" / "__init__.py").touch()
    write_voice(voices / "package_of_a_voice" / "data" / "packed.onnx")
    write_voice(voices_dir("piper") / "fetched.onnx", speakers=3)
    write_voice(voices_dir("piper") / "german.onnx", language="de_DE", espeak_voice="de")
    (voices_dir("piper") / "damaged.onnx").write_text("no network")
    (voices_dir("piper") / "damaged.onnx.json").write_text("{")
    piper = engine(voices, "piper")
    assert piper.voices() == ("fetched-0", "fetched-1", "fetched-2", "packed-0")
    assert [file.name for file in piper.voice_files()[::2]] == ["fetched.onnx", "packed.onnx"]
    assert engine(voices, "piper", language="de-AT").voices() == ("german-0",)
    assert engine(voices, "piper", piper_voices=("voices/tiny.onnx",)).voices() == ("tiny-0",)


def test_piper_without_a_voice_or_with_one_twice(voices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinykws.speech.piper.VOICE_PACKAGES", ())
    with pytest.raises(ConfigError, match="piper_voices is empty"):
        engine(voices, "piper").voices()
    write = voices / "other" / "tiny.onnx"
    write.parent.mkdir()
    with pytest.raises(ConfigError, match="two files of the same name"):
        engine(voices, "piper", piper_voices=(*BOTH, "other/tiny.onnx")).voices()


def test_one_speaker_alone_is_too_few(voices: Path) -> None:
    with pytest.raises(ConfigError, match="piper: 1 speakers, and training, validation and testing need one each"):
        synth(project(voices, engines=("piper",), piper_voices=("voices/tiny.onnx",)))


def test_without_piper_it_says_how_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", version)
    with pytest.raises(ToolError, match="Piper is not installed") as error:
        find_engine("piper").version()
    assert error.value.hint == 'pip install "tinykws[piper]"'


# Engines of others: an installed package is a folder on sys.path with metadata.

BUZZER = '''
import os
import signal

import numpy as np
from tinykws.speech.engines import Saying, Sound, SpeechEngine


class Buzzer(SpeechEngine):
    """Says every word as a buzz as long as the word."""

    name = "buzzer"

    @classmethod
    def version(cls):
        return "1.0"

    def voices(self):
        return tuple(self.setup.settings.engine_options["buzzer"]["voices"])

    def speak(self, voice, saying):
        if voice.startswith("Broken") and saying.text != "yes":
            raise RuntimeError("no breath")
        if voice.startswith("Crashing") and saying.text != "yes":
            os.kill(os.getpid(), signal.SIGKILL)
        if voice.startswith("Mute") and saying.text != "yes":
            return Sound(np.zeros(8000, np.int16), 8000)
        hz = 100 + 10 * len(voice) + saying.pitch
        times = np.arange(int(8000 * 0.1 * len(saying.text) * 175 / saying.rate_wpm)) / 8000
        return Sound((8000 * np.sign(np.sin(2 * np.pi * hz * times))).astype(np.int16), 8000)
'''


@pytest.fixture
def buzzer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    packages = tmp_path / "packages"
    (packages / "buzzer-1.0.dist-info").mkdir(parents=True)
    (packages / "buzzer-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: buzzer\nVersion: 1.0\n")
    points = (
        f"[{ENTRY_POINT_GROUP}]\nbuzzer = buzzer:Buzzer\nmisnamed = buzzer:Buzzer\nwrecked = no_such_module:Engine\n"
    )
    (packages / "buzzer-1.0.dist-info" / "entry_points.txt").write_text(points)
    (packages / "buzzer.py").write_text(BUZZER)
    monkeypatch.syspath_prepend(str(packages))
    yield tmp_path
    sys.modules.pop("buzzer", None)


def buzzing(root: Path, *voices: str) -> Project:
    return project(root, engines=("espeak", "buzzer"), engine_options={"buzzer": {"voices": voices}})


def test_an_engine_of_another_package_speaks(buzzer: Path) -> None:
    assert engine_names() == (*BUILT_IN, "buzzer", "misnamed", "wrecked")
    here = buzzing(buzzer, "Ann", "Bob B.")
    report = synth(here, processes=1)
    assert (report.engines[1].name, report.engines[1].version) == ("buzzer", "1.0")
    names = {path.name.split("_nohash_")[0] for path in here.synth_dir.glob("*/buzzer*.wav")}
    assert names == {"buzzer-ann", "buzzer-bob-b-"}
    assert not list((here.synth_dir / "_unknown_").glob("buzzer*near_miss*"))


@pytest.mark.parametrize(
    ("voice", "message"),
    [
        ("Broken", "buzzer failed at '.*' with voice Broken[23]?: RuntimeError\\('no breath'\\)"),
        ("Mute", "buzzer gave no sound for '.*' with voice Mute"),
    ],
)
def test_an_engine_that_fails_at_a_word_is_named_and_leaves_nothing(buzzer: Path, voice: str, message: str) -> None:
    here = buzzing(buzzer, voice, voice + "2", voice + "3")
    with pytest.raises(ToolError, match=message):
        synth(here, processes=1)
    assert list(here.build_dir.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_an_engine_that_takes_its_process_with_it_is_named_and_leaves_nothing(buzzer: Path) -> None:
    here = buzzing(buzzer, "Crashing", "Crashing2", "Crashing3")
    with pytest.raises(ToolError, match="a process that was synthesizing with espeak, buzzer was killed"):
        synth(here, processes=2)
    assert list(here.build_dir.iterdir()) == []


@pytest.mark.slow
def test_clips_stay_fresh_where_their_engine_is_gone(buzzer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = buzzing(buzzer, "Ann")
    run_stage(here, "synth", SILENT)
    engine_class = find_engine("buzzer")

    def gone(_: object) -> str:
        raise ToolError("not installed")

    monkeypatch.setattr(engine_class, "version", classmethod(gone))
    assert is_fresh(here.stamp_path("synth"), stage_files(here))
    monkeypatch.setattr(engine_class, "version", classmethod(lambda _: "2.0"))
    assert not is_fresh(here.stamp_path("synth"), stage_files(here))


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("misnamed", ToolError, "is not a SpeechEngine of this name"),
        ("wrecked", ToolError, "does not load: ModuleNotFoundError"),
        ("flit", ConfigError, "there is no engine 'flit'"),
    ],
)
def test_engines_that_are_none(buzzer: Path, name: str, kind: type[TinykwsError], message: str) -> None:
    with pytest.raises(kind, match=message):
        synth(project(buzzer, engines=("espeak", name)))


TEXT2WAVE = """\
import sys, wave
manner, file, text = sys.argv[2], sys.argv[4], sys.stdin.read()
assert "(voice_" in manner and "Duration_Stretch" in manner and text
with wave.open(file, "wb") as out:
    out.setnchannels(1); out.setsampwidth(2); out.setframerate(8000)
    out.writeframes((b"\\0\\x20" * 20 + b"\\0\\xe0" * 20) * (30 + len(manner)))
"""


@pytest.mark.slow
def test_the_documentations_engine_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Festival's own program is played by a script: what is tested is the example."""
    guides = Path(__file__).parent.parent.parent / "docs" / "guides"
    document = (guides / "add_a_speech_engine.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(toml|python|yaml)\n(.*?)```", document, re.DOTALL))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "tinykws_festival.py").write_text(blocks["python"], encoding="utf-8")
    module, _, attribute = re.search(r'festival = "(.*)"', blocks["toml"]).group(1).partition(":")  # type: ignore[union-attr]
    festival = getattr(importlib.import_module(module), attribute)
    monkeypatch.setitem(BUILT_IN, "festival", f"{module}:{attribute}")
    for name, script in {"text2wave": TEXT2WAVE, "festival": "print('festival 2.5')"}.items():
        (tmp_path / name).write_text(f"#!{sys.executable}\n{script}")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    config = parse_config(blocks["yaml"])
    few = dataclasses.replace(
        config.synth, clips_per_word=10, unknown_clips=20, silence_clips=10, engines=("festival",)
    )
    voices = {"voices": ["kal_diphone", "cmu_us_slt_arctic_hts", "third"]}
    few = dataclasses.replace(few, engine_options={"festival": voices})
    report = synth(Project(tmp_path, dataclasses.replace(config, synth=few)), processes=1)
    assert issubclass(festival, SpeechEngine)
    assert [(one.name, one.version, one.clips) for one in report.engines] == [("festival", "festival 2.5", 40)]


# kws.yaml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{engines: []}", "engines is []"),
        ("{engines: [espeak, espeak]}", "each once"),
        ("{engines: [auto, espeak]}", "auto stands alone"),
        ("{engines: espeak, piper_voices: [a.onnx]}", "engines: [espeak, piper]"),
        (
            "{engines: [espeak], flite_voices: [a.flitevox]}",
            "flite_voices is given, but flite is not among the engines",
        ),
        ("{engines: espeak, engine_options: {other: {a: 1}}}", "engine_options is 'other'"),
        ("{engines: [espeak, flite], held_back: piper}", "held_back is 'piper'"),
        ("{vocoder_share: 1.5}", "use a value from 0 to 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_config(f"words: [yes]\nsynth: {text}\n")
    assert message in f"{error.value.message} {error.value.hint}"


def test_one_word_is_a_list_of_it() -> None:
    read = parse_config("words: [yes]\nsynth: {engines: espeak, held_back: []}\n").synth
    assert (read.engines, read.held_back) == (("espeak",), ())
    assert parse_config("words: [yes]\nsynth: {engines: auto}\n").synth == SynthSettings()
