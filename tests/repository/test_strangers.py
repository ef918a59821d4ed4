# SPDX-License-Identifier: Apache-2.0
"""benchmarks/strangers.py on made sounds: a detector that hears loud tones, so that every count is known."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_model import EAGER, tiny_bundle, tiny_tflite, write_walk

from tinykws.aot.reader.tflite import read_model
from tinykws.audio.files import read_audio, write_wav
from tinykws.audio.playback import playback_for
from tinykws.audio.samples import Samples
from tinykws.evaluation.stream_recording import RecordedStream
from tinykws.evaluation.stream_scores import score_streams
from tinykws.evaluation.timeline import Event, StreamDetection, write_timeline
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks"))

import strangers
from hearing import material as material_module
from hearing.clip_streams import Clip, ClipStream, clip_streams
from hearing.detectors import BundleDetector, BundleListener, Detector, ProbabilityDetector, counted_once
from hearing.figures import Trial
from hearing.listening import AnyStream, Heard, listen_to_all
from hearing.macs import macs_of
from hearing.material import (
    Material,
    by_kind,
    by_word,
    listed_in,
    other_streams,
    speech_streams,
    word_streams,
)
from hearing.packages import micro_wake_words, open_wake_words
from hearing.page import page_of

RATE = 16000
STEP = 160
LOW_HZ, HIGH_HZ = 400, 1600
BURST_MS = (300, 600)
"""Where the tone is in a clip of one second."""
LEAD_IN_MS = 500


def clip(loudness: float, hz: int = LOW_HZ) -> Samples:
    """A second of silence with a tone in it."""
    sound = np.zeros(RATE, np.float64)
    begin, end = (ms * RATE // 1000 for ms in BURST_MS)
    sound[begin:end] = 32000 * loudness * np.sin(2 * np.pi * hz / RATE * np.arange(end - begin))
    return sound.astype(np.int16)


def write_clips(folder: Path, loudness: Sequence[float], hz: int = LOW_HZ) -> Path:
    folder.mkdir(parents=True)
    for number, one in enumerate(loudness):
        write_wav(folder / f"{number}.wav", clip(one, hz))
    return folder


def write_speech(path: Path, bursts: Sequence[tuple[float, float]], seconds: int) -> Path:
    """A recording with a burst of a tone that begins at each time (in s), with its loudness."""
    sound = np.zeros(seconds * RATE, np.int16)
    for begin, loudness in bursts:
        burst = clip(loudness)[BURST_MS[0] * 16 : BURST_MS[1] * 16]
        sound[int(begin * RATE) :][: burst.size] = burst
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, sound)
    return path


@dataclasses.dataclass(frozen=True)
class ToneListener:
    """Two columns: the loudness of each 10 ms if its tone is low, and if it is high."""

    identity: str = "tones"

    def listen(self, stream: AnyStream) -> Heard:
        sound = np.concatenate([np.zeros(LEAD_IN_MS * 16, np.int16), *stream]).astype(np.float64)
        blocks = sound[: sound.size // STEP * STEP].reshape(-1, STEP)
        signs = np.sign(np.where(np.abs(blocks) < 300, 0, blocks))  # noise has none
        is_high = np.abs(np.diff(signs, axis=1)).sum(axis=1) > 2 * 10 * 2  # a high tone has 32 changes in 10 ms
        loudness = np.abs(blocks).max(axis=1) / 32000
        scores = np.stack([loudness * ~is_high, loudness * is_high], axis=1).astype(np.float32)
        return Heard(np.arange(10, 10 * len(blocks) + 1, 10).astype(np.uint32), scores, LEAD_IN_MS)


LOUD = ProbabilityDetector("loud", ("Yes",), ToneListener(), column=0, configured=0.5, size_bytes=12)


class TwoTones:
    """Detects `yes` in low tones and `no` in high ones."""

    name = "two tones"
    words = ("yes", "no")
    listener = ToneListener()
    size_bytes = 12
    macs_per_second = None
    configured = 0.5
    settings: Sequence[float] = (0.99, 0.5, 0.01)

    def thresholds(self, setting: float) -> tuple[float, ...]:
        return (setting, setting)

    def detections(self, heard: Heard, setting: float) -> list[StreamDetection]:
        return counted_once(
            StreamDetection(int(time), self.words[column])
            for time, row in zip(heard.times_ms, heard.scores, strict=True)
            for column in (0, 1)
            if row[column] > setting
        )


def trial(detector: Detector, material: Material, cache: Path) -> Trial:
    return Trial(detector, material, listen_to_all([detector.listener], material.streams, cache, processes=1))


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Five clips of yes, two minutes of orders, one of noise, four clips of other words."""
    top = tmp_path_factory.mktemp("people")
    write_clips(top / "yes", [0.95, 0.8, 0.7, 0.4, 0.2])
    write_clips(top / "words" / "cat", [0.9, 0.1])
    write_clips(top / "words" / "dog", [0.55, 0.2])
    write_clips(top / "words" / "yes", [0.9])
    write_clips(top / "words" / "_background_noise_", [0.9])
    # 10.5 s is the same detection as 10 s; the tone of 20 s is still there 1.5 s later only in the second recording.
    write_speech(top / "orders" / "1.wav", [(10, 0.6), (10.5, 0.6), (20, 0.9), (30, 0.3)], 60)
    write_speech(top / "orders" / "2.wav", [(5, 0.6), (6.6, 0.6)], 60)
    write_speech(top / "noise.wav", [(10, 0.9)], 60)
    return Material(
        words=word_streams(by_word([str(top / "yes")]), listed_in(None), 1),
        speech=speech_streams({"orders": [top / "orders"], "noise": [top / "noise.wav"]}),
        others=other_streams({"words": [top / "words"]}, {"yes"}, listed_in(None), 1),
    )


def test_what_is_heard_at_the_own_threshold(material: Material, tmp_path: Path) -> None:
    figures = trial(LOUD, material, tmp_path).figures_at(LOUD.configured)
    assert figures.recall is not None
    assert (figures.recall.found, figures.recall.utterances, figures.recall.false_accepts) == (3, 5, 0)
    # Wilson's interval of 3 of 5, from a table: 23.1 to 88.2 %.
    assert figures.recall.low == pytest.approx(0.231, abs=1e-3)
    assert figures.recall.high == pytest.approx(0.882, abs=1e-3)
    # The first 10 ms of the tone are heard at its begin + 10 ms, or one step later if steps and tone are not in phase.
    assert figures.recall.latency_median_ms == pytest.approx(BURST_MS[0] + 10 - BURST_MS[1], abs=15)
    orders, noise = figures.speech
    assert (orders.name, orders.false_accepts, orders.hours) == ("orders", 4, 120 / 3600)
    # Garwood's interval of 4 events, from a table: 1.09 to 10.24, in a thirtieth of an hour.
    assert orders.per_hour == pytest.approx(120)
    assert orders.low == pytest.approx(30 * 1.0899, abs=0.01)
    assert orders.high == pytest.approx(30 * 10.2416, abs=0.01)
    assert (noise.name, noise.false_accepts) == ("noise", 1)
    assert figures.ordinary is not None
    assert (figures.ordinary.false_accepts, figures.ordinary.hours) == (4, 120 / 3600), "noise is not speech"
    assert figures.others is not None
    assert (figures.others.accepted, figures.others.clips) == (2, 4)
    assert figures.others.worst == (("cat", 2, 1), ("dog", 2, 1))


@pytest.mark.parametrize(
    ("per_hour", "found", "false", "accepted"),
    [
        (0.5, 1, 0, 0),  # above 0.9, the loudest false burst: 0.95
        (30, 3, 1, 1),  # above 0.6: 0.95, 0.8, 0.7
        (120, 4, 4, 2),  # above 0.3: 0.4 too
        (10_000, 5, 5, 3),  # below 0.2
    ],
)
def test_the_curve_takes_the_most_people_at_a_rate(
    material: Material, tmp_path: Path, per_hour: float, found: int, false: int, accepted: int
) -> None:
    (point,) = trial(LOUD, material, tmp_path).at_rates([per_hour])
    assert point.figures is not None
    assert point.figures.recall is not None
    assert point.figures.ordinary is not None
    assert point.figures.others is not None
    counted = (point.figures.recall.found, point.figures.ordinary.false_accepts, point.figures.others.accepted)
    assert counted == (found, false, accepted)


def test_a_word_that_the_detector_does_not_know_is_another_word(material: Material, tmp_path: Path) -> None:
    stranger = dataclasses.replace(LOUD, words=("alexa",))
    tried = trial(stranger, material, tmp_path)
    figures = tried.figures_at(0.5)
    assert figures.recall is None
    assert (tried.clips, tried.other_clips) == ({}, {"words": 4, "yes": 5})
    assert [(kind.name, kind.accepted) for kind in figures.other_kinds] == [("words", 2), ("yes", 3)]
    (point,) = tried.at_rates([30])
    assert point.figures is not None
    assert point.figures.ordinary is not None
    assert point.figures.ordinary.false_accepts == 1
    assert 0.6 <= point.figures.thresholds[0] < 0.65, "without clips of the word: the lowest threshold at the rate"


def test_keywords_are_found_and_confused(tmp_path: Path) -> None:
    write_clips(tmp_path / "low", [0.9, 0.9, 0.3])
    write_clips(tmp_path / "high", [0.9], HIGH_HZ)
    write_wav(tmp_path / "high" / "wrong.wav", clip(0.9, LOW_HZ))
    folders = by_word([f"yes={tmp_path / 'low'}", f"no={tmp_path / 'high'}"])
    said = Material(word_streams(folders, listed_in(None), 1), {}, {})
    tried = trial(TwoTones(), said, tmp_path / "cache")
    yes, no = tried.figures_at(0.5).words
    assert (yes.name, yes.found, yes.utterances, yes.confused) == ("yes", 2, 3, 0)
    assert (no.name, no.found, no.utterances, no.confused) == ("no", 1, 2, 1)
    assert tried.at_rates() == [], "no ordinary speech, no rate"


def test_no_setting_keeps_the_rate(tmp_path: Path) -> None:
    class Eager(TwoTones):
        settings = (0.01,)

    write_speech(tmp_path / "talk.wav", [(5, 0.9)], 10)
    talk = Material({}, speech_streams({"talk": [tmp_path / "talk.wav"]}), {})
    (point,) = trial(Eager(), talk, tmp_path / "cache").at_rates([10])
    assert point.figures is None


def test_words_in_a_recording_are_not_false_accepts(tmp_path: Path) -> None:
    path = write_speech(tmp_path / "talk.wav", [(2, 0.9), (6, 0.9)], 10)
    write_timeline(path.with_suffix(".csv"), [Event(2000, 2300, "yes")])
    speakers = write_speech(tmp_path / "speakers.wav", [(2, 0.9)], 10)
    speakers.with_suffix(".csv").write_text("start_s,seconds,speaker,path\n0.0,2.9,b06e,clips/18.mp3\n")
    talk = Material({}, speech_streams({"talk": [path], "read": [speakers]}), {})
    figures = trial(LOUD, talk, tmp_path / "cache").figures_at(0.5)
    assert [rate.false_accepts for rate in figures.speech] == [1, 1]


def test_a_long_recording_is_heard_in_sections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_speech(tmp_path / "talk.wav", [(2, 0.9), (8, 0.9), (14, 0.9), (19, 0.9)], 20)
    write_timeline(path.with_suffix(".csv"), [Event(14_000, 14_300, "yes")])
    monkeypatch.setattr(material_module, "MOST_SECONDS", 8)
    sections = speech_streams({"talk": [path]})["talk"]
    assert [section.pieces for section in sections] == [7, 6, 7]
    np.testing.assert_array_equal(np.concatenate([p for part in sections for p in part]), read_audio(path).samples)
    figures = trial(LOUD, Material({}, {"talk": sections}, {}), tmp_path / "cache").figures_at(0.5)
    assert (figures.speech[0].false_accepts, figures.speech[0].hours) == (3, 20 / 3600)


def test_detections_of_a_word_count_once_in_1500_ms() -> None:
    times = [(0, "yes"), (100, "no"), (1499, "yes"), (1500, "yes"), (1600, "no"), (2900, "yes"), (3000, "yes")]
    kept = counted_once(StreamDetection(time, word) for time, word in times)
    assert [(one.time_ms, one.label) for one in kept] == [
        (0, "yes"), (100, "no"), (1500, "yes"), (1600, "no"), (3000, "yes")
    ]  # fmt: skip


def test_clips_are_played_whole_with_pauses(tmp_path: Path) -> None:
    write_clips(tmp_path / "yes", [0.9, 0.5, 0.1])
    clips = [Clip(path, "yes") for path in sorted((tmp_path / "yes").iterdir())]
    stream = ClipStream("yes", clips, 1)
    sound = np.concatenate(list(stream))
    assert abs(stream.duration_ms - sound.size / 16) < 1
    for one, event, loudness in zip(stream.placed, stream.events, [0.9, 0.5, 0.1], strict=True):
        played = sound[one.begin :][: one.samples].astype(np.float64)
        assert np.abs(played - clip(loudness)).max() < 100, "only faint noise is added"
        assert event.start_ms == one.begin * 1000 // RATE
        assert event.end_ms - event.start_ms == pytest.approx(BURST_MS[1], abs=10)
    pauses = [
        after.begin - before.begin - before.samples
        for before, after in zip(stream.placed, stream.placed[1:], strict=False)
    ]
    assert all(1500 * 16 <= pause <= 3000 * 16 for pause in pauses)
    assert ClipStream("yes", clips, 1).identity == stream.identity
    assert ClipStream("yes", clips, 2).identity != stream.identity
    assert len(clip_streams("yes", clips * 70, 1)) == 2


def test_a_clip_without_speech_lasts_to_its_end(tmp_path: Path) -> None:
    write_wav(tmp_path / "silence.wav", np.zeros(RATE, np.int16))
    stream = ClipStream("yes", [Clip(tmp_path / "silence.wav", "yes")], 1)
    assert not stream.placed[0].has_speech
    assert stream.events[0].end_ms - stream.events[0].start_ms == pytest.approx(1000, abs=1)


def test_arguments() -> None:
    assert by_kind(["orders=a", "b", "read=c"], "--speech") == {"orders": [Path("a"), Path("b")], "read": [Path("c")]}
    with pytest.raises(ConfigError, match="has no kind"):
        by_kind(["a"], "--speech")
    assert by_word(["/x/Smart_Mirror", "yes=a", "yes=b"]) == {
        "smart mirror": [Path("/x/Smart_Mirror")],
        "yes": [Path("a"), Path("b")],
    }


def test_a_list_decides_about_clips_below_its_folder(tmp_path: Path) -> None:
    (tmp_path / "sc").mkdir()
    (tmp_path / "sc" / "validation_list.txt").write_text("yes/a.wav\nno/b.wav\n")
    is_listed = listed_in(tmp_path / "sc" / "validation_list.txt")
    assert is_listed(tmp_path / "sc" / "yes" / "a.flac")
    assert not is_listed(tmp_path / "sc" / "yes" / "b.flac")
    assert is_listed(tmp_path / "elsewhere" / "b.wav")
    with pytest.raises(ConfigError, match="cannot read the list"):
        listed_in(tmp_path / "none.txt")


def test_folders_without_clips_are_refused(tmp_path: Path) -> None:
    (tmp_path / "yes").mkdir()
    with pytest.raises(ConfigError, match="has no clips"):
        word_streams({"yes": [tmp_path / "yes"]}, listed_in(None), 1)
    write_clips(tmp_path / "words" / "yes", [0.5])
    with pytest.raises(ConfigError, match="no clips of other words"):
        other_streams({"words": [tmp_path / "words"]}, {"yes"}, listed_in(None), 1)
    write_wav(tmp_path / "short.wav", np.zeros(100, np.int16))
    with pytest.raises(ConfigError, match="two seconds"):
        speech_streams({"read": [tmp_path / "short.wav"]})


def test_a_bundles_scores_are_those_of_evaluate(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", detector=EAGER)
    detector = BundleDetector("tiny", bundle)
    stream = RecordedStream(write_walk(tmp_path / "walk.wav", 20))
    (scored,) = score_streams(bundle, [stream], processes=1)
    heard = detector.listener.listen(stream)
    np.testing.assert_array_equal(heard.scores, scored.scores)
    found = detector.detections(heard, bundle.detector)
    assert found, "or this test shows nothing"
    gaps = np.diff([one.time_ms for one in found])
    assert gaps.min(initial=1500) >= 1500
    assert detector.macs_per_second == 3 * 160 * 10
    assert [detector.thresholds(one) for one in detector.settings[:2]] == [(255,), (254,)]
    assert detector.thresholds(detector.settings[-1]) == (32,)


def people(top: Path) -> list[str]:
    """Arguments that name made recordings of people."""
    write_clips(top / "yes", [0.9, 0.5])
    write_clips(top / "words" / "cat", [0.9])
    write_walk(top / "talk.wav", 10)
    folders = ["--word-clips", str(top / "yes"), "--other-words", f"words={top / 'words'}"]
    return [*folders, "--speech", f"walk={top / 'talk.wav'}", "--cache", str(top / "cache"), "--processes", "1"]


def test_rows_are_kept_and_replaced_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_bundle(tmp_path / "bundle", detector=EAGER)
    arguments = [*people(tmp_path), "--into", str(tmp_path), "--write", "--json"]
    bundles = [f"tiny/{seed}={tmp_path / 'bundle'}" for seed in (1, 2)]
    assert strangers.main([*bundles, *arguments]) == 0
    rows = json.loads(capsys.readouterr().out)
    written = (tmp_path / "strangers.json").read_bytes(), (tmp_path / "strangers.md").read_bytes()
    assert json.loads(written[0]) == rows
    assert list(rows) == ["tiny/1", "tiny/2"]
    assert rows["tiny/1"]["material"]["words"] == {"yes": 2}
    assert rows["tiny/1"]["configured"]["recall"]["utterances"] == 2
    assert len(rows["tiny/1"]["at_rates"]) == 5
    pooled = next(line for line in written[1].decode().split("\n") if line.startswith("| tiny |"))
    assert " of 4 (" in pooled, "the clips of both seeds"

    def listens_again(*_: Any) -> Heard:
        raise AssertionError("the scores were kept")

    monkeypatch.setattr(BundleListener, "listen", listens_again)
    assert strangers.main([bundles[1], *arguments]) == 0
    assert ((tmp_path / "strangers.json").read_bytes(), (tmp_path / "strangers.md").read_bytes()) == written
    (tmp_path / "strangers.md").unlink()
    assert strangers.main(["--page", "--into", str(tmp_path)]) == 0
    assert (tmp_path / "strangers.md").read_bytes() == written[1]


def test_detectors_of_other_recordings_have_a_section_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_bundle(tmp_path / "bundle", detector=EAGER)
    arguments = [f"tiny={tmp_path / 'bundle'}", *people(tmp_path), "--into", str(tmp_path)]
    assert strangers.main([*arguments, "--write", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert page_of(rows).count("\n## Recordings ") == 1
    assert strangers.main([*arguments, "--seed", "2", "--json"]) == 0
    rows["other"] = json.loads(capsys.readouterr().out)["tiny"]
    assert list(json.loads((tmp_path / "strangers.json").read_text())) == ["tiny"], "kept only with --write"
    page = page_of(rows)
    assert page.count("\n## Recordings ") == 2
    assert [page.count(f"\n| {name} | yes | ") for name in rows] == [1, 1]


@pytest.mark.parametrize(
    ("option", "install"),
    [("--microwakeword", "pip install pymicro-wakeword"), ("--openwakeword", "pip install openwakeword==0.5.1")],
)
def test_a_missing_package_is_named_with_its_command(
    option: str, install: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert strangers.main([option, "alexa"]) == 1
    assert install in capsys.readouterr().err


def test_nothing_named_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert strangers.main([]) == 1
    assert "no detector is named" in capsys.readouterr().err
    tiny_bundle(tmp_path / "bundle")
    assert strangers.main([f"{tmp_path / 'bundle'}"]) == 1
    assert "has no name" in capsys.readouterr().err
    assert strangers.main([f"tiny={tmp_path / 'bundle'}"]) == 1
    assert "no recordings are named" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_micro_wake_words_are_heard_as_the_package_hears_them(tmp_path: Path) -> None:
    package = pytest.importorskip("pymicro_wakeword")
    (detector,) = micro_wake_words(["hey_jarvis"])
    heard = detector.listener.listen(RecordedStream(write_walk(tmp_path / "walk.wav", 10)))
    assert (detector.configured, detector.words) == (0.97, ("hey jarvis",))
    model, features = package.MicroWakeWord.from_builtin(package.Model.HEY_JARVIS), package.MicroWakeWordFeatures()
    played = playback_for(FrontendSettings(), DetectorSettings()).pieces(RecordedStream(tmp_path / "walk.wav"))
    sound = np.concatenate(list(played))
    own = [model.process_streaming_prob(frame) for frame in features.process_streaming(sound.tobytes())]
    every = model.stride  # the package gives 0 for the frames between
    np.testing.assert_allclose(
        heard.scores[every - 1 :: every, 0].astype(np.float32), own[every - 1 :: every], atol=1e-6
    )
    assert max(own) > 0, "or this test shows nothing"
    with pytest.raises(ConfigError, match="no model computer"):
        micro_wake_words(["computer"])


@pytest.mark.filterwarnings("ignore")
def test_open_wake_words_are_heard_as_the_package_hears_them(tmp_path: Path) -> None:
    pytest.importorskip("openwakeword")
    alexa, timer = open_wake_words(["alexa", "timer"])
    heard = alexa.listener.listen(RecordedStream(write_walk(tmp_path / "walk.wav", 10)))
    assert heard.scores.shape[1] == 2
    assert 0 <= heard.scores.min() <= heard.scores.max() <= 1
    assert (alexa.words, timer.words) == (("alexa",), ("timer",))


def test_a_networks_multiplications_are_counted() -> None:
    assert macs_of(read_model(tiny_tflite())) == 3 * 160
