# SPDX-License-Identifier: Apache-2.0
"""The application in C with the host's port, under the sanitizers: every answer it gives, and that nothing hangs it."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from firmware_application import (
    FRONTEND,
    IDENTITY,
    LABELS,
    build,
    expected_lines,
    sound,
    summing_model,
    talk,
    without_times,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.boards.rows import find_board
from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import (
    AUDIO_TYPE,
    Ack,
    ClipFigures,
    DeviceTrouble,
    Fail,
    Features,
    Heard,
    Line,
    Nak,
    Ok,
    Other,
    Ready,
    Scores,
    Status,
    Synced,
    announcement,
    audio_line,
    parse_line,
    read_line,
)
from tinykws.model.self_test_signal import golden_signal
from tinykws.native.features import features_crc32, features_of_clip
from tinykws.recording.record_protocol import longest_recording, record_sound

LINE_BYTES = 740
READY = Ready(2, "host", "summing", "0123456789ab", LINE_BYTES, 15, LABELS, identity=IDENTITY)
ALL = 2**32 - 1
"""A number of results that confirms any: nothing has to be sent again in these tests."""

Say = Callable[..., list[Line]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("app"))


@pytest.fixture
def say(program: Path) -> Say:
    """Says lines after the banner and returns the answers, the banner left out."""

    def run(*lines: str) -> list[Line]:
        answers = talk(program, "".join(f"{line}\n" for line in lines).encode())
        assert answers[0] == READY
        return answers[1:]

    return run


def clip_lines(
    samples: np.ndarray, tail: int = 0, *, line_bytes: int = LINE_BYTES, features: bool = False
) -> list[str]:
    """A clip with checks, as a host sends it over a line on which nothing goes wrong."""
    pcm = samples.astype("<i2").tobytes()
    audio = [audio_line(at, pcm[at : at + line_bytes], ALL) for at in range(0, len(pcm), line_bytes)]
    return [with_check(announcement(len(pcm), zlib.crc32(pcm), tail, features=features)), *audio]


def old_form_lines(pcm: bytes) -> list[str]:
    """As test_over_serial sends a clip."""
    audio = [base64.b64encode(pcm[at : at + 768]).decode() for at in range(0, len(pcm), 768)]
    return [f"!DATA {AUDIO_TYPE} {len(pcm)}", *audio]


def results(lines: list[Line]) -> list[Line]:
    """All but acknowledgements, times and the CRC of the audio."""
    told = without_times([line for line in lines if not isinstance(line, Ack)])
    return [dataclasses.replace(line, audio_crc=None) if isinstance(line, ClipFigures) else line for line in told]


@pytest.mark.slow
def test_it_introduces_itself_at_start_and_when_asked(say: Say) -> None:
    assert say("!INFO") == [READY]


@pytest.mark.parametrize("tail", [0, 8000, 12345])
@pytest.mark.slow
def test_a_clip_gives_the_hosts_features_scores_and_detections(say: Say, tail: int) -> None:
    samples = sound(3)
    answers = say("!TEST", *clip_lines(samples, tail))
    expected = expected_lines(np.concatenate([samples, np.zeros(tail, np.int16)]))
    assert any(isinstance(line, Heard) for line in expected)
    assert results(answers) == [Ok("TEST", "740"), *expected, Ok("DATA", f"{AUDIO_TYPE} 96000")]
    acks = [line.bytes for line in answers if isinstance(line, Ack)]
    assert acks == [*range(LINE_BYTES, 96000, LINE_BYTES), 96000]


def test_clips_do_not_hear_each_other(say: Say) -> None:
    loud, faint = sound(1, seed=2), sound(1, seed=5)
    answers = results(say("!TEST", *clip_lines(loud), *clip_lines(faint), *clip_lines(loud)))
    ok = Ok("DATA", f"{AUDIO_TYPE} 32000")
    of_loud, of_faint = [*expected_lines(loud), ok], [*expected_lines(faint), ok]
    assert answers[1:] == of_loud + of_faint + of_loud


def test_lines_of_any_even_length_come_together(say: Say) -> None:
    assert results(say("!TEST", *clip_lines(sound(1), line_bytes=38)))[1:] == [
        *expected_lines(sound(1)),
        Ok("DATA", f"{AUDIO_TYPE} 32000"),
    ]


def test_a_clip_whose_lines_are_right_and_whose_sum_is_not_is_told_by_its_crc(say: Say) -> None:
    samples = sound(1)
    pcm = samples.tobytes()
    _, *lines = clip_lines(samples)
    announced = with_check(f"!DATA {AUDIO_TYPE} {len(pcm)} crc=12345678")
    answers = results(say("!TEST", announced, *lines, *clip_lines(samples)))
    failure = Fail("crc", f"of the audio is {zlib.crc32(pcm):08x}, announced was 12345678")
    assert answers[-1] == Ok("DATA", f"{AUDIO_TYPE} 32000")
    assert answers[answers.index(failure) + 1 :] == [*expected_lines(samples), answers[-1]]


def test_what_a_clip_came_to_holds_the_crc_of_its_audio(say: Say) -> None:
    samples = sound(1)
    for lines in (clip_lines(samples, 8000), old_form_lines(samples.tobytes())):
        (figures,) = [line for line in say("!TEST", *lines) if isinstance(line, ClipFigures)]
        assert figures.audio_crc == zlib.crc32(samples.tobytes())


def test_every_answer_to_a_check_has_one_and_results_are_numbered(program: Path) -> None:
    said = "".join(f"{line}\n" for line in [with_check("!TEST"), *clip_lines(sound(1))]).encode()
    done = subprocess.run([program], input=said, capture_output=True, timeout=600, check=True)
    banner, *answers = [read_line(line) for line in done.stdout.decode("ascii").splitlines()]
    assert banner.intact is None, "nobody had asked"
    assert all(answer.intact for answer in answers)
    numbers = [answer.number for answer in answers if answer.number is not None]
    assert numbers == list(range(1, len(expected_lines(sound(1))) + 2))
    numbered = [type(answer.line) for answer in answers if answer.number is None]
    assert set(numbered) == {Ok, Ack}, "the answer to !TEST, and acknowledgements"


DAMAGED = {
    "turned": lambda line: line.replace("A", "B", 1), "cut": lambda line: line[:-3], "empty": lambda line: "",
    "doubled": lambda line: line + line, "no check": lambda line: line.rpartition(" *")[0],
    "too long": lambda line: line + "x" * 2000, "split": lambda line: line[:50] + "\n" + line[50:],
    "its beginning lost": lambda line: line[1:], "a command": lambda line: "!" + line[1:],
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_line_of_a_clip_is_asked_for_once_and_the_clip_goes_on_where_it_was(
    say: Say, damage: Callable[[str], str]
) -> None:
    samples = sound(1)
    begin, *audio = clip_lines(samples)
    rest = audio[5:]
    first_try = [*audio[:5], damage(rest[0]), *rest[1:]]
    answers = results(say("!TEST", begin, *first_try, with_check("!SYNC 7 0"), *rest))
    assert [line for line in answers if isinstance(line, Nak)] == [Nak(5 * LINE_BYTES)]
    synced = next(line for line in answers if isinstance(line, Synced))
    assert (synced.token, synced.bytes) == (7, 5 * LINE_BYTES)
    after = [line for line in answers if not isinstance(line, (Nak, Synced))]
    assert after == [Ok("TEST", "740"), *expected_lines(samples), Ok("DATA", f"{AUDIO_TYPE} 32000")]


def test_audio_that_comes_twice_is_taken_once(say: Say) -> None:
    samples = sound(1)
    begin, *audio = clip_lines(samples)
    twice = [line for line in audio for _ in range(2)]
    answers = say("!TEST", begin, *twice)
    assert results(answers)[1:] == [*expected_lines(samples), Ok("DATA", f"{AUDIO_TYPE} 32000")]
    acks = [line.bytes for line in answers if isinstance(line, Ack)]
    assert acks == sorted(acks)
    assert len(acks) == len(twice)


def test_results_are_given_again_until_the_host_has_them(say: Say) -> None:
    samples = sound(1)
    begin, *audio = [line.replace(f" {ALL} ", " 0 ") for line in clip_lines(samples)]
    audio = [with_check(line.rpartition(" *")[0]) for line in audio]
    syncs = [with_check(f"!SYNC {token} {results}") for token, results in ((1, 0), (2, 3), (3, ALL))]
    answers = results(say("!TEST", begin, *audio, *syncs))[1:]
    expected = [*expected_lines(samples), Ok("DATA", f"{AUDIO_TYPE} 32000")]
    n = len(expected)
    ends = [Synced(token, 32000, n) for token in (1, 2, 3)]
    assert answers == [*expected, *expected, ends[0], *expected[3:], ends[1], ends[2]]


def test_where_nobody_confirms_results_the_sound_waits(say: Say) -> None:
    """However long the tail: what the device keeps is bounded, and nothing is lost."""
    samples = sound(1)
    begin, *audio = clip_lines(samples, tail=80000)
    syncs = [with_check(f"!SYNC {token} {12 * token}") for token in range(1, 9)]
    answers = results(say("!TEST", begin, *audio, *syncs))[1:]
    expected = [
        *expected_lines(np.concatenate([samples, np.zeros(80000, np.int16)])),
        Ok("DATA", f"{AUDIO_TYPE} 32000"),
    ]
    assert Nak(32000) in answers
    told = [line for line in answers if not isinstance(line, (Nak, Synced))]
    assert list(dict.fromkeys(told)) == list(dict.fromkeys(expected))


@pytest.mark.parametrize(
    ("line", "code"),
    [("!SYNC 1 0", "state"), ("!SYNC 1", "sync"), ("!SYNC 1 x", "sync"), ("!NO", "command"), ("hello", "command")],
)
def test_what_is_refused_with_a_check_is_told_with_one(program: Path, line: str, code: str) -> None:
    done = subprocess.run(
        [program], input=f"{with_check(line)}\n".encode(), capture_output=True, timeout=600, check=True
    )
    answer = read_line(done.stdout.decode().splitlines()[1])
    assert answer.intact
    assert isinstance(answer.line, Fail)
    assert answer.line.code == code


def test_options_without_a_check_and_a_wrong_check_are_refused(say: Say) -> None:
    answers = say("!TEST", f"!DATA {AUDIO_TYPE} 4 crc=00000000", "!INFO", "!INFO *00000000")
    assert [line.code for line in answers if isinstance(line, Fail)] == ["check", "check"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("AAA", "base64"),
        ("AAAA====", "base64"),
        ("AA==", "base64"),
        ("no base64 at all", "base64"),
        ("A" * 1025, "line"),
        (base64.b64encode(bytes(700)).decode(), "count"),
    ],
)
def test_a_bad_line_fails_the_clip_and_nothing_more(say: Say, wrong: str, code: str) -> None:
    good = base64.b64encode(bytes(600)).decode()
    answers = say("!TEST", f"!DATA {AUDIO_TYPE} 1200", good, wrong, good, good, "!INFO")
    assert answers[1] == Ack(600)
    assert isinstance(answers[2], Fail)
    assert answers[2].code == code
    assert answers[3:] == [READY], "the clip's other lines are passed over in silence"


def test_wrong_commands_are_refused_with_their_code(say: Say) -> None:
    codes = {
        "!NO": "command", "hello": "command", f"!DATA {AUDIO_TYPE} 2": "state", "!DATA image 9": "type",
        f"!DATA {AUDIO_TYPE} 3": "size", f"!DATA {AUDIO_TYPE} 2 crc=x": "option", "!" + "x" * 2000: "line",
    }  # fmt: skip
    for line, code in codes.items():
        answers = say(line, "!INFO")
        assert isinstance(answers[0], Fail), line
        assert answers[0].code == code
        assert answers[1:] == [READY]


def test_one_complaint_about_garbage_is_enough(say: Say) -> None:
    answers = say("some", "lines", "of garbage", "!INFO", "again", "!INFO")
    assert [type(line) for line in answers] == [Fail, Ready, Fail, Ready]


def test_a_command_in_the_middle_of_a_clip_ends_the_clip(say: Say) -> None:
    lines = clip_lines(sound(1))
    answers = results(say("!TEST", *lines[:10], "!INFO", *lines[10:], "!INFO"))
    assert [type(line) for line in answers] == [Ok, Ready, Fail, Ready]


def test_reset_leaves_the_test(say: Say) -> None:
    answers = say("!TEST", "!RESET", f"!DATA {AUDIO_TYPE} 2")
    assert answers[1] == Ok("RESET")
    assert isinstance(answers[2], Fail)
    assert answers[2].code == "state"


def test_exit_ends_it(say: Say) -> None:
    assert say("!EXIT", "!INFO") == [Ok("EXIT")]


def test_lines_may_end_as_terminals_end_them(program: Path) -> None:
    assert talk(program, b"\r\n!INFO\r!INFO\r\n\n") == [READY, READY, READY]


def test_the_form_of_test_over_serial_is_understood(say: Say) -> None:
    """Acknowledgements count the line alone, and `Heard` comes after !OK: its script looks for it only then."""
    samples = sound(2)
    pcm = samples.tobytes()
    answers = say("!TEST", *old_form_lines(pcm))
    acks = [line.bytes for line in answers if isinstance(line, Ack)]
    assert acks == [768] * (len(pcm) // 768) + [len(pcm) % 768]
    expected = expected_lines(np.concatenate([samples, np.zeros(16000, np.int16)]))
    heard = [line for line in expected if isinstance(line, Heard)]
    assert heard
    assert heard[0].time_ms < 2000
    after_ok = answers[answers.index(Ok("DATA", f"{AUDIO_TYPE} {len(pcm)}")) :]
    assert [line for line in after_ok if isinstance(line, Heard)] == heard
    assert [line for line in answers if isinstance(line, Heard)] == heard


def test_in_the_old_form_no_word_is_lost_however_many_there_are(say: Say) -> None:
    """The device holds four until !OK; the oldest of more come before it."""
    loudness = np.tile(np.concatenate([np.geomspace(10, 20000, 24000), np.zeros(8000)]), 8)  # each swell is a word
    noise = np.random.default_rng(1).standard_normal(loudness.size) * loudness
    samples = noise.clip(-32768, 32767).astype(np.int16)
    pcm = samples.tobytes()
    answers = say("!TEST", *old_form_lines(pcm))
    expected = expected_lines(np.concatenate([samples, np.zeros(16000, np.int16)]))
    heard = [line for line in expected if isinstance(line, Heard)]
    in_clip = [line for line in heard if line.time_ms < 16000]
    assert len(in_clip) > 5
    assert [line for line in answers if isinstance(line, Heard)] == heard
    before_ok = answers[: answers.index(Ok("DATA", f"{AUDIO_TYPE} {len(pcm)}"))]
    assert [line for line in before_ok if isinstance(line, Heard)] == in_clip[:-4]


def test_features_come_where_they_are_asked_for(say: Say) -> None:
    """Frame by frame, each before the scores that it leads to; the clip after it is as it always is."""
    samples, tail = sound(1.5), 4000
    pcm = samples.astype("<i2").tobytes()
    confirmed = [with_check(f"!SYNC {token} {ALL}") for token in range(9)]  # features take more room than the tail has
    said = say("!TEST", *clip_lines(samples, tail, features=True), *confirmed, *clip_lines(samples, tail))
    answers = [line for line in results(said) if not isinstance(line, (Nak, Synced))]
    all_samples = np.concatenate([samples, np.zeros(tail, np.int16)])
    frames = features_of_clip(all_samples, FRONTEND)
    told = [line for line in answers if isinstance(line, Features)]
    assert b"".join(line.values for line in told) == frames.tobytes()
    assert [line.time_ms for line in told] == [
        FRONTEND.window_ms + at * FRONTEND.stride_ms for at in range(len(frames))
    ]
    for at, line in enumerate(answers):
        if isinstance(line, Scores) and at < answers.index(Ok("DATA", f"{AUDIO_TYPE} {len(pcm)}")):
            newest = [line for line in answers[:at] if isinstance(line, Features)][-1]
            assert newest.time_ms == line.time_ms
    ok = Ok("DATA", f"{AUDIO_TYPE} {len(pcm)}")
    without_features = [line for line in answers if not isinstance(line, Features)]
    assert without_features[1:] == [*expected_lines(all_samples), ok] * 2


def test_the_microphones_features_are_nobodys(program: Path, tmp_path: Path) -> None:
    recording = tmp_path / "microphone.raw"
    recording.write_bytes(sound(3).tobytes())
    said = ["!TEST", *clip_lines(np.zeros(16000, np.int16), features=True), "!RESET"]
    answers = talk(program, "".join(f"{line}\n" for line in said).encode(), env={"KWS_MICROPHONE": str(recording)})
    assert not any(isinstance(line, Features) for line in answers[answers.index(Ok("RESET")) :])


def test_it_tells_its_status_when_asked(say: Say) -> None:
    nothing = Status(0, 0, 0, 0, 0, 0, 0, 1234)
    assert say("!STATUS", "!STATUS", "!STATUS x") == [nothing, nothing, Fail("command", "is not known")]
    answers = say("!TEST", *clip_lines(sound(1)), "!STATUS")
    assert isinstance(answers[-1], Status)
    assert answers[-1].time_ms == 990, "the end of the last whole frame"


def test_it_listens_to_its_microphone(program: Path, tmp_path: Path) -> None:
    samples = sound(12)
    recording = tmp_path / "microphone.raw"
    recording.write_bytes(samples.tobytes())
    answers = talk(program, b"", env={"KWS_MICROPHONE": str(recording)})
    assert [line for line in answers if isinstance(line, Heard)] == [
        line for line in expected_lines(samples) if isinstance(line, Heard)
    ]
    status = [line for line in answers if isinstance(line, Status)]
    assert len(status) == 1, "one in ten seconds"
    heard = samples[:160000].astype(int)
    assert (status[0].loudest, status[0].clipped) == (np.abs(heard).max(), 0)
    assert status[0].rms == int(np.sqrt((heard**2).mean()))
    assert not any(isinstance(line, Scores) for line in answers)


@pytest.mark.slow
def test_sound_that_was_lost_or_too_loud_is_told(tmp_path: Path) -> None:
    wrapped = [f"-Wl,--wrap=kws_port_microphone_{what}" for what in ("overruns", "clipped")]
    program = build(tmp_path, *wrapped, str(Path(__file__).parent.parent / "c" / "lossy_microphone.c"))
    recording = tmp_path / "microphone.raw"
    recording.write_bytes(sound(21).tobytes())
    answers = talk(program, b"", env={"KWS_MICROPHONE": str(recording)})
    status = [line for line in answers if isinstance(line, Status)]
    assert [line.clipped for line in status] == [7, 7], "since the last status"
    assert 0 < status[0].overruns < status[1].overruns, "since start"
    told = [line for line in answers if isinstance(line, DeviceTrouble)]
    assert [line.what for line in told] == ["overrun"] * 2, "once a status, not once a block"


def self_test_defines(scores: tuple[int, ...] | None = None, crc: int | None = None) -> list[str]:
    """Compiler options that give the program a golden clip, whose right answers Python computes."""
    seed = 9
    features = features_of_clip(golden_signal(seed, FRONTEND.clip_samples), FRONTEND)
    assert summing_model(features)[2] == 127, "a word, for a detector that counts to one"
    wanted = ", ".join(map(str, scores or summing_model(features)))
    return [
        f"-DKWS_SELF_TEST_SEED={seed}u",
        f"-DKWS_SELF_TEST_FEATURES_CRC={features_crc32(features) if crc is None else crc}u",
        f"-DKWS_SELF_TEST_SCORES={{{wanted}}}",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defines", "says"),
    [
        (self_test_defines(), "ok"),
        (self_test_defines(scores=(1, 2, 3, 4)), "scores"),
        (self_test_defines(crc=1), "features"),
        ([*self_test_defines(), "-DFAILING_INVOKE"], "engine"),
        ([*self_test_defines(), "-DBROKEN_ENGINE"], "engine"),
    ],
)
def test_the_banner_says_what_the_self_test_found(tmp_path: Path, defines: list[str], says: str) -> None:
    (banner, *_) = talk(build(tmp_path, *defines), b"")
    assert banner == dataclasses.replace(READY, self_test=says)


@pytest.mark.slow
def test_the_self_test_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither in what the microphone brings, nor in a clip, nor in the counts; and it is not heard as a word."""
    folders = [tmp_path / name for name in ("tested", "untested")]
    for folder in folders:
        folder.mkdir()
    tested = build(folders[0], *self_test_defines(), "-DKWS_MINIMUM_COUNT=1")
    program = build(folders[1], "-DKWS_MINIMUM_COUNT=1")
    recording = tmp_path / "microphone.raw"
    recording.write_bytes(sound(12).tobytes())
    said = "".join(f"{line}\n" for line in ["!STATUS", "!TEST", *clip_lines(sound(1)), "!STATUS"]).encode()
    for heard, env in ((said, {}), (b"", {"KWS_MICROPHONE": str(recording)})):
        with_test, without = (without_times(talk(each, heard, env)) for each in (tested, program))
        assert any(isinstance(line, Heard) for line in without)
        assert with_test[0] == dataclasses.replace(READY, self_test="ok")
        assert with_test[1:] == without[1:]


@pytest.mark.slow
def test_an_engine_that_does_not_start_is_never_silent(tmp_path: Path) -> None:
    program = build(tmp_path, "-DBROKEN_ENGINE")
    answers = talk(program, f"!INFO\n!TEST\n!DATA {AUDIO_TYPE} 4\nYWJjZA==\n".encode())
    trouble = DeviceTrouble("engine", "arena is too small")
    assert answers[:4] == [READY, trouble, READY, trouble]
    assert answers[4] == Ok("TEST", "740")
    assert answers[5:] == [Fail("engine", "did not start: see !INFO")]


@pytest.mark.slow
def test_an_engine_that_cannot_run_fails_the_clip(tmp_path: Path) -> None:
    program = build(tmp_path, "-DFAILING_INVOKE")
    answers = talk(program, "".join(f"{line}\n" for line in ["!TEST", *clip_lines(sound(1))]).encode())
    assert answers[-1] == Fail("engine", "could not run the model")
    assert not any(isinstance(line, Scores) for line in answers)
    pcm = sound(1).tobytes()
    old_form = ["!TEST", *old_form_lines(pcm)]
    answers = talk(program, "".join(f"{line}\n" for line in old_form).encode())
    assert answers[-1] == Fail("engine", "could not run the model")
    assert not any(isinstance(line, Ok) and line.command == "DATA" for line in answers)


class Talk:
    """A program that is talked to line by line, while its microphone is a pipe that the test fills."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.pipe = folder / "microphone"
        os.mkfifo(self.pipe)
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"KWS_MICROPHONE": str(self.pipe)}
        )
        self.microphone = self.pipe.open("wb")
        assert self.read_line(600).startswith("kws ready")

    def send_lines(self, lines: list[str]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.process.stdin.flush()

    def read_line(self, timeout_s: float) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode("ascii").rstrip("\n")

    def play(self, samples: np.ndarray) -> None:
        self.microphone.write(samples.astype("<i2").tobytes())
        self.microphone.flush()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Closes what it hears, and it ends by itself; after a test that failed, it is ended."""
        self.microphone.close()
        if kind is not None:
            self.process.kill()
        self.process.communicate(timeout=600)
        assert kind is not None or self.process.returncode == 0


@pytest.fixture
def talking(program: Path, tmp_path: Path) -> Iterator[Talk]:
    with Talk(program, tmp_path) as talk:
        yield talk


@pytest.mark.parametrize("count", [1, 239, 240, 241, 5000])
def test_the_microphones_sound_comes_whole(talking: Talk, count: int) -> None:
    samples = sound(1)
    talking.send_lines(["!TEST"])
    assert talking.read_line(600).startswith("!OK TEST ")
    pieces: list[int] = []

    class Link:
        """Lets sound come only once it is asked for: what came before would be thrown away."""

        def send_lines(self, lines: list[str]) -> None:
            talking.send_lines(lines)
            talking.play(samples)

        def read_line(self, timeout_s: float) -> str:
            return talking.read_line(timeout_s)

    take = record_sound(Link(), count, lambda: 0.0, lambda piece: pieces.append(piece.size))
    assert (take.overruns, take.clipped) == (0, 0)
    assert sum(pieces) == count
    assert max(pieces) <= 240
    whole = samples.tolist()
    beginnings = [at for at in range(len(whole) - count + 1) if whole[at : at + count] == take.samples.tolist()]
    assert beginnings, "no sample is missing in it and none is new"


def test_recordings_that_cannot_be_are_refused(say: Say) -> None:
    for line, code in (("!RECORD 5", "state"), ("!RECORD", "size"), ("!RECORD 0", "size"), ("!RECORD 960001", "size"),
                       ("!RECORD 5 5", "size"), ("!RECORDS 5", "command")):  # fmt: skip
        (answer,) = say(line)
        assert isinstance(answer, Fail), line
        assert answer.code == code


def test_any_command_ends_a_recording(talking: Talk) -> None:
    talking.send_lines(["!TEST", "!RECORD 1000", "!STATUS", "!RECORD 300"])
    assert talking.read_line(600).startswith("!OK TEST ")
    assert isinstance(parse_line(talking.read_line(600)), Status), "no microphone has said anything yet"
    talking.play(sound(1))
    lines = [talking.read_line(600) for _ in range(2)]
    while not lines[-1].startswith("!OK RECORD"):
        lines.append(talking.read_line(600))
    assert [line.split(" ")[2] for line in lines[:2]] == ["0", "240"]
    assert lines[-1].startswith("!OK RECORD 300 crc=")


@pytest.mark.slow
def test_what_was_lost_or_too_loud_in_a_recording_is_told(tmp_path: Path) -> None:
    wrapped = [f"-Wl,--wrap=kws_port_microphone_{what}" for what in ("overruns", "clipped")]
    program = build(tmp_path, *wrapped, str(Path(__file__).parent.parent / "c" / "lossy_microphone.c"))
    with Talk(program, tmp_path) as talk:
        talk.send_lines(["!TEST", "!RECORD 1000"])
        talk.play(sound(1))
        lines = [talk.read_line(600)]
        while not lines[-1].startswith("!OK RECORD"):
            lines.append(talk.read_line(600))
    overruns, clipped = re.findall(r"(?:overruns|clipped)=(\d+)", lines[-1])
    assert (int(overruns) > 0, int(clipped) > 0) == (True, True)


@pytest.mark.slow
@pytest.mark.parametrize("ring", [8192, 32768])
def test_behind_a_slow_bridge_the_ring_holds_what_was_promised(tmp_path: Path, ring: int) -> None:
    """A line at 115,200 baud in C, no sample more or less than recording.record_protocol asks of such a row."""
    names = ("serial_write", "microphone_read", "microphone_overruns", "microphone_waiting")
    wrapped = [f"-Wl,--wrap=kws_port_{name}" for name in names]
    program = build(tmp_path, f"-DRING={ring}", *wrapped, str(Path(__file__).parent.parent / "c" / "slow_line.c"))
    row = find_board("esp32")
    microphone = dataclasses.replace(row.microphone, ring_samples=ring)
    longest = longest_recording(dataclasses.replace(row, microphone=microphone))
    with Talk(program, tmp_path) as talk:
        for count, is_lost in ((longest, False), (longest + ring // 4, True)):
            talk.send_lines(["!TEST", f"!RECORD {count}"])
            lines = [talk.read_line(600)]
            while not lines[-1].startswith("!OK RECORD"):
                lines.append(talk.read_line(600))
            assert ("overruns=0 " not in lines[-1]) == is_lost, lines[-1]
            pcm = b"".join(base64.b64decode(line.split(" ")[3]) for line in lines if line.startswith("kws sound"))
            assert len(pcm) == 2 * count
            values: npt.NDArray[np.int64] = np.frombuffer(pcm, "<i2").astype(np.int64)
            assert (set(((values[1:] - values[:-1]) % 65536).tolist()) == {1}) != is_lost, (
                "each sample is the one after the last"
            )
        talk.send_lines(["!EXIT"])


FRAGMENTS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(["!INFO", "!TEST", "!RESET", "!STATUS", "!RECORD 9", f"!DATA {AUDIO_TYPE} 64",
                     f"!DATA {AUDIO_TYPE} 64 crc=0 tail=320",
                     *map(with_check, ["!INFO", "!TEST", "!SYNC 1 0", "!SYNC 2 9", announcement(64, 0x758D6336, 16000),
                                       "@0 0 AAAA", "@3 0 AAAA", "@64 0 AAAA", "@0 x", "@0 0 A"]),
                     "@0 0 AAAA", "A" * 64, "A" * 1024, "B" * 1030, "AA==", "\n", "\r", "\n"]).map(
        str.encode),
)  # fmt: skip


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(pieces=st.lists(FRAGMENTS, max_size=40))
def test_nothing_that_comes_in_can_hang_or_upset_it(program: Path, pieces: list[bytes]) -> None:
    answers = talk(program, b"".join(pieces) + b"\n!INFO\n")
    assert answers[-1] == READY
    assert not [line for line in answers if isinstance(line, Other)]


@settings(deadline=None, max_examples=20)
@given(pieces=st.lists(FRAGMENTS, max_size=20))
def test_after_any_garbage_a_clip_gives_what_it_always_gives(program: Path, pieces: list[bytes]) -> None:
    samples = sound(0.6)
    said = b"".join(pieces) + b"\n" + "".join(f"{line}\n" for line in ["!TEST", *clip_lines(samples)]).encode()
    answers = results(talk(program, said))
    assert answers[-1] == Ok("DATA", f"{AUDIO_TYPE} 19200")
    expected = expected_lines(samples)
    assert answers[-1 - len(expected) : -1] == expected
