# SPDX-License-Identifier: Apache-2.0
"""The user's functions (on_word.h) as the application calls them: words, scores, lost sound; who watches them."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import numpy as np
import pytest
from firmware_application import DETECTOR, FRONTEND, LABELS, SANITIZERS, SETTINGS_H, STRICT, build, sound, summing_model
from firmware_sources import APPLICATION_INCLUDES
from protocol_grammar import is_of

from tinykws.device.protocol import AUDIO_TYPE, Heard, Levels, Ready, parse_line
from tinykws.native.detector import Detector
from tinykws.native.listener import Inference, Listener
from tinykws.support.resources import FIRMWARE

NATIVE = Path(__file__).parent.parent / "c"


def bursts() -> np.ndarray:
    """A second of noise and two of silence, four times, each louder: the tests' engine hears a word in each."""
    rng = np.random.default_rng(5)
    quiet = np.zeros(32000, np.int16)
    loud = [(rng.standard_normal(16000) * amplitude).clip(-32768, 32767) for amplitude in (8000, 9000, 12000, 15000)]
    return np.concatenate([piece.astype(np.int16) for burst in loud for piece in (burst, quiet)])


BURSTS = bursts()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("app"), "-DON_WORD_LINES")


def listen(program: Path, samples: np.ndarray, folder: Path, said: bytes = b"") -> tuple[list[Heard], list[list[str]]]:
    """Plays samples to the microphone. Returns the detections on the line, and the calls of the user's functions."""
    (folder / "microphone.raw").write_bytes(samples.tobytes())
    env = {"KWS_MICROPHONE": str(folder / "microphone.raw")}
    done = subprocess.run([program], input=said, capture_output=True, timeout=600, check=True, env=env)
    lines = [parse_line(line) for line in done.stdout.decode("ascii").splitlines()]
    heard = [line for line in lines if isinstance(line, Heard)]
    return heard, [line.split(" ") for line in done.stderr.decode("ascii").splitlines()]


def test_every_word_is_told_once_with_the_score_and_time_of_its_line(program: Path, tmp_path: Path) -> None:
    heard, calls = listen(program, BURSTS, tmp_path)
    told = [call[1:] for call in calls if call[0] == "word"]
    assert len(told) == 4
    assert told == [[line.label, str(line.score), str(line.time_ms), "0"] for line in heard]
    assert calls[0] == ["start"], "before any sound"
    assert [call[0] for call in calls].count("start") == 1


def test_the_scores_of_every_inference_are_those_that_the_detector_compares(program: Path, tmp_path: Path) -> None:
    samples = BURSTS
    _, calls = listen(program, samples, tmp_path)
    detector = Detector(DETECTOR, len(LABELS))
    expected = []
    for event in Listener(FRONTEND, DETECTOR, len(LABELS), summing_model).feed(samples):
        if isinstance(event, Inference):
            detector.step(np.array(event.scores, np.int8), event.time_ms)
            expected.append([str(event.time_ms), *map(str, detector.levels)])
    assert len(expected) > 40
    assert [call[1:] for call in calls if call[0] == "scores"] == expected


def test_scores_come_after_the_word_of_the_same_inference(program: Path, tmp_path: Path) -> None:
    _, calls = listen(program, BURSTS, tmp_path)
    at = next(number for number, call in enumerate(calls) if call[0] == "word")
    assert calls[at + 1][:2] == ["scores", calls[at][3]]
    threshold = DETECTOR.thresholds(len(LABELS))[2]
    assert int(calls[at + 1][4]) == int(calls[at][2]) > threshold


def test_words_that_a_host_plays_are_told_too_and_can_be_told_apart(program: Path, tmp_path: Path) -> None:
    pcm = BURSTS[:48000].astype("<i2").tobytes()
    audio = [base64.b64encode(pcm[at : at + 768]) for at in range(0, len(pcm), 768)]
    said = b"\n".join([b"!TEST", f"!DATA {AUDIO_TYPE} {len(pcm)}".encode(), *audio, b""])
    _, calls = listen(program, np.zeros(0, np.int16), tmp_path, said)
    testing = {call[4] for call in calls if call[0] == "word"}
    assert testing == {"1"}


@pytest.mark.slow
def test_lost_sound_is_told_at_once_and_nothing_of_it_twice(tmp_path: Path) -> None:
    """Not with the next status, after ten seconds. The microphone loses a block at each look at its counter."""
    wrapped = [f"-Wl,--wrap=kws_port_microphone_{what}" for what in ("overruns", "clipped")]
    program = build(tmp_path, "-DON_WORD_LINES", *wrapped, str(NATIVE / "lossy_microphone.c"))
    _, calls = listen(program, sound(1), tmp_path)
    assert [call[1:] for call in calls if call[0] == "lost"] == [["1"]] * 50, "16,000 samples in chunks of 320"


@pytest.mark.slow
def test_without_loss_nothing_is_told(program: Path, tmp_path: Path) -> None:
    _, calls = listen(program, BURSTS, tmp_path)
    assert not any(call[0] == "lost" for call in calls)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watched")
    (folder / "kws_settings.h").write_text(SETTINGS_H)
    sources = [*(FIRMWARE / "src" / name for name in ("kws_user.c", "kws_user_defaults.c")), NATIVE / "watched_user.c"]
    includes = [f"-I{folder}", *APPLICATION_INCLUDES]
    subprocess.run(["gcc", *STRICT, *SANITIZERS, *includes, *sources, "-o", folder / "watched"], check=True)
    return folder / "watched"


STUCK = "on_word has not returned for 8 s: nothing is heard meanwhile"


@pytest.mark.parametrize(
    ("seconds", "reports"),
    [((8,), [0]), ((9,), [1]), ((16,), [1]), ((17,), [2]), ((5, 5, 5), [0, 0, 0]), ((9, 8), [1, 0])],
)
def test_what_does_not_return_is_reported_after_eight_seconds_and_again(
    watched: Path, seconds: tuple[int, ...], reports: list[int]
) -> None:
    """The first second of a call is not whole: it began somewhere in it. Short calls in a row do not add up."""
    done = subprocess.run([watched, *map(str, seconds)], capture_output=True, text=True, check=True)
    expected = []
    for number, count in enumerate(reports, 1):
        expected += [*[STUCK] * count, f"hey_robot 201 {number}"]
    assert done.stdout.splitlines() == expected


@pytest.mark.slow
def test_a_deaf_word_is_not_told(tmp_path: Path) -> None:
    """hey_robot only after da, which the tests' engine never lets win."""
    program = build(tmp_path, "-DON_WORD_LINES", "-DKWS_GRAMMAR={{2,3,1000}}")
    heard, calls = listen(program, BURSTS, tmp_path)
    assert heard == []
    assert {call[0] for call in calls} == {"start", "scores"}


def test_levels_are_the_highest_since_the_last_ones(program: Path, tmp_path: Path) -> None:
    """Asked after a clip, and again: the same scores that the user's file got, their maximum, and then none."""
    pcm = BURSTS[:48000].astype("<i2").tobytes()
    audio = [base64.b64encode(pcm[at : at + 768]) for at in range(0, len(pcm), 768)]
    data = f"!DATA {AUDIO_TYPE} {len(pcm)}".encode()
    said = b"\n".join([b"!TEST", data, *audio, b"!LEVELS", b"!LEVELS", b""])
    done = subprocess.run([program], input=said, capture_output=True, timeout=600, check=True, env={})
    lines = done.stdout.decode("ascii").splitlines()
    assert all(is_of("device", line) for line in lines)
    ready, levels = parse_line(lines[0]), [line for line in map(parse_line, lines) if isinstance(line, Levels)]
    assert isinstance(ready, Ready)
    assert ready.levels
    rows = [line.split(" ") for line in done.stderr.decode("ascii").splitlines()]
    scores = np.array([row[2:] for row in rows if row[0] == "scores"], int)
    assert levels[0].peaks == tuple(scores.max(axis=0))
    assert levels[0].peaks[2] > 150
    assert levels[1].peaks == (0, 0, 0, 0)
    assert levels[0].thresholds == DETECTOR.thresholds(len(LABELS))
