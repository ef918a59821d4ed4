# SPDX-License-Identifier: Apache-2.0
"""record: clips that people speak, from a made microphone, and from the real firmware's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import firmware_application as application
import numpy as np
import pytest
from speech_like_noise import recording

from tinykws.audio.files import read_audio, write_wav
from tinykws.audio.samples import Samples
from tinykws.audio.speech_bounds import CutClip, speech_bounds
from tinykws.cli.main import run
from tinykws.device.transport.emulator import free_port
from tinykws.project.layout import Project
from tinykws.recording.record_protocol import MAX_SAMPLES, Recording, SoundLostError
from tinykws.stages import record as stage
from tinykws.stages.init import init
from tinykws.stages.record import Answer, RecordingUi, recommended_count, record, record_noise, recordings_of
from tinykws.support.errors import ConfigError
from tinykws.training_data.folders import which_set

WORD = recording((800, 0), (400, 3000), (800, 0))
ROOM = recording((2000, 0))
CUT = recording((1800, 0), (200, 3000))


class FakeMicrophone:
    """Plays recordings one after the other; None: a line was lost."""

    def __init__(self, *takes: Samples | Recording | None, longest: int = MAX_SAMPLES) -> None:
        self.takes = list(takes)
        self.longest_samples = longest
        self.asked: list[int] = []

    def record(self, count: int, on_sound: Callable[[Samples], None]) -> Recording:
        self.asked.append(count)
        take = self.takes.pop(0)
        if take is None:
            raise SoundLostError("a line of the recording arrived damaged")
        take = take if isinstance(take, Recording) else Recording(take)
        on_sound(take.samples)
        return take


class FakePrompts(RecordingUi):
    """A person with a plan."""

    def __init__(self, *answers: Answer, is_interactive: bool = False, tired_at: int | None = None) -> None:
        self.is_interactive = is_interactive
        self.said: list[str] = []
        self.prompts = 0
        self._answers = list(answers)
        self._tired_at = tired_at

    def prompt(self, what: str, number: int, count: int) -> bool:
        self.prompts += 1
        return self.prompts != self._tired_at

    def judge(self, clip: CutClip) -> Answer:
        return self._answers.pop(0) if self._answers else super().judge(clip)

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init(tmp_path / "project", ["yes", "hey robot"])


def names(project: Project, word: str) -> list[str]:
    return sorted(path.name for path in (project.data_dir / word).iterdir())


def test_clips_are_kept_under_the_speakers_name(project: Project) -> None:
    report = record(project, "hey robot", FakeMicrophone(WORD, WORD), FakePrompts(), count=2, speaker="anna")
    assert report.complete
    assert report.files == ("hey_robot/anna_nohash_0.wav", "hey_robot/anna_nohash_1.wav")
    clip = read_audio(project.data_dir / report.files[0]).samples
    assert clip.size == 16000
    bounds = speech_bounds(clip, 16000)
    assert bounds is not None
    assert abs(sum(bounds) // 2 - 8000) <= 160, "the speech is in the middle"
    assert len({which_set(name) for name in report.files}) == 1, "one speaker, one split"


def test_nothing_is_ever_overwritten(project: Project) -> None:
    folder = project.data_dir / "yes"
    for name in ("anna_nohash_4.wav", "anna_nohash_7.flac", "ben_nohash_9.wav"):
        (folder / name).write_bytes(b"precious")
    record(project, "yes", FakeMicrophone(WORD), FakePrompts(), speaker="anna")
    assert names(project, "yes") == ["anna_nohash_4.wav", "anna_nohash_7.flac", "anna_nohash_8.wav", "ben_nohash_9.wav"]
    assert (folder / "anna_nohash_4.wav").read_bytes() == b"precious"


def test_two_sittings_at_once_take_other_numbers(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter([0, 0, 1])
    monkeypatch.setattr(stage, "_next_number", lambda folder, speaker: next(numbers))
    record(project, "yes", FakeMicrophone(WORD, WORD), FakePrompts(), count=2, speaker="anna")
    assert names(project, "yes") == ["anna_nohash_0.wav", "anna_nohash_1.wav"]


def test_again_and_quit(project: Project) -> None:
    prompts = FakePrompts("again", "keep", "quit", is_interactive=True)
    report = record(project, "yes", FakeMicrophone(WORD, WORD, WORD), prompts, count=5, speaker="anna")
    assert (len(report.files), report.left_out, report.complete) == (1, 2, False)
    prompts = FakePrompts(is_interactive=True, tired_at=2)
    assert len(record(project, "yes", FakeMicrophone(WORD), prompts, count=5, speaker="ben").files) == 1


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (ROOM, "nobody spoke"),
        (CUT, "cut off at the end"),
        (None, "arrived damaged"),
        (Recording(WORD, overruns=3), "3 blocks of samples were lost"),
    ],
)
def test_what_is_no_good_is_left_out_and_spoken_again(project: Project, bad: Samples | None, why: str) -> None:
    prompts = FakePrompts()
    report = record(project, "yes", FakeMicrophone(bad, WORD), prompts, speaker="anna")
    assert (len(report.files), report.left_out) == (1, 1)
    assert why in prompts.said[0]


def test_without_anybody_to_ask_it_ends_when_it_leads_nowhere(project: Project) -> None:
    report = record(project, "yes", FakeMicrophone(WORD, *[ROOM] * 9), FakePrompts(), count=5, speaker="anna")
    assert (len(report.files), report.left_out, report.complete) == (1, stage.ATTEMPTS, False)


def test_ctrl_c_leaves_nothing_half_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, samples: Samples) -> None:
        path.write_bytes(b"RIFF")
        raise KeyboardInterrupt

    monkeypatch.setattr(stage, "write_wav", half)
    with pytest.raises(KeyboardInterrupt):
        record(project, "yes", FakeMicrophone(WORD), FakePrompts(), speaker="anna")
    assert names(project, "yes") == []


def test_a_word_of_nobodys_list_is_recorded_and_told(project: Project) -> None:
    prompts = FakePrompts()
    assert record(project, "other", FakeMicrophone(WORD), prompts, speaker="a").files == ("other/a_nohash_0.wav",)
    assert "`unknown` to the model" in prompts.said[0]


def test_the_room_is_kept_as_it_is_in_pieces_that_the_line_takes(project: Project) -> None:
    ear = FakeMicrophone(*[recording((1000, 0))] * 3, longest=16000)
    report = record_noise(project, ear, FakePrompts(), seconds=2.5, speaker="anna")
    assert ear.asked == [16000, 16000, 8000]
    assert report.files == tuple(f"_background_noise_/anna_nohash_{n}.wav" for n in range(3))
    silent = record_noise(project, FakeMicrophone(np.zeros(16000, np.int16)), FakePrompts(), seconds=1, speaker="b")
    assert silent.complete, "a silent room is a room"
    loud = FakeMicrophone(*[np.tile(np.array([-32768, 32767], np.int16), 8000)] * 3)
    assert not record_noise(project, loud, FakePrompts(), seconds=1, speaker="c").complete


def test_a_line_too_slow_for_a_clip_is_told_in_terms_of_the_row(project: Project) -> None:
    with pytest.raises(ConfigError, match="can record 687 ms") as caught:
        record(project, "yes", FakeMicrophone(longest=11000), FakePrompts(), speaker="anna")
    assert caught.value.hint is not None
    assert "ring_samples" in caught.value.hint


@pytest.mark.parametrize("name", ["", "a_nohash_b", "a/b", "a b", "..", "ä"])
def test_a_speakers_name_must_stand_in_a_files(project: Project, name: str) -> None:
    with pytest.raises(ConfigError, match="--speaker"):
        record(project, "yes", FakeMicrophone(WORD), FakePrompts(), speaker=name)


# Through the real firmware.


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return application.build(tmp_path_factory.mktemp("app"))


@pytest.fixture
def speaking_board(program: Path, tmp_path: Path) -> Iterator[str]:
    """The firmware on this computer; before its microphone somebody says a word again and again, ten times too fast."""
    sound = tmp_path / "speech.raw"
    sound.write_bytes(np.tile(recording((300, 0), (300, 3000)), 1000).tobytes())
    port = free_port()
    process = subprocess.Popen(
        [program],
        env={
            "KWS_SERIAL": f"127.0.0.1:{port}", "KWS_MICROPHONE": str(sound), "KWS_MICROPHONE_HZ": "160000",
        },
    )  # fmt: skip
    yield f"socket://127.0.0.1:{port}"
    assert process.poll() in (None, 0), "no sanitizer complained"
    process.kill()
    process.wait()


def tinykws(*arguments: str) -> int:
    return run(list(arguments))


@pytest.mark.parametrize("board", [[], ["--board", "host"]])
@pytest.mark.slow
def test_clips_through_a_boards_own_microphone(project: Project, speaking_board: str, board: list[str]) -> None:
    asked = ["--project", str(project.root), "--port", speaking_board, *board, "--count", "3", "--speaker", "anna"]
    assert tinykws("record", "yes", *asked, "--yes") == 0
    for name in names(project, "yes"):
        clip = read_audio(project.data_dir / "yes" / name).samples
        bounds = speech_bounds(clip, 16000)
        assert bounds is not None
        assert abs(sum(bounds) // 2 - 8000) <= 320
    assert len(names(project, "yes")) == 3


def test_noise_through_a_boards_own_microphone(project: Project, speaking_board: str) -> None:
    asked = ["--project", str(project.root), "--port", speaking_board, "--seconds", "3", "--speaker", "anna"]
    assert tinykws("record", "noise", *asked, "--yes") == 0
    assert names(project, "_background_noise_") == ["anna_nohash_0.wav"]
    kept = read_audio(project.data_dir / "_background_noise_" / "anna_nohash_0.wav").samples
    assert kept.size == 48000
    assert kept.tobytes() in np.tile(recording((300, 0), (300, 3000)), 8).tobytes(), "no sample is missing"


def test_somebody_must_be_there_to_ask(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert tinykws("record", "yes", "--project", str(project.root)) == 2
    assert "--yes keeps every clip" in capsys.readouterr().err


def test_twenty_recordings_are_the_standard(project: Project) -> None:
    """Those that are there count; of another word one clip is recorded."""
    assert recommended_count(project, "yes") == 20
    assert recommended_count(project, "cat") == 1
    for speaker, count in (("anna", 3), ("bert", 2)):
        for number in range(count):
            write_wav(_folder(project, "yes") / f"{speaker}_nohash_{number}.wav", recording((500, 3000)))
    assert recordings_of(project, "yes") == (5, 2)
    assert recommended_count(project, "yes") == 15
    for number in range(40):
        write_wav(_folder(project, "yes") / f"carl_nohash_{number}.wav", recording((500, 3000)))
    assert recommended_count(project, "yes") == 1


def _folder(project: Project, word: str) -> Path:
    folder = project.data_dir / word
    folder.mkdir(parents=True, exist_ok=True)
    return folder
