# SPDX-License-Identifier: Apache-2.0
"""Long recordings as streams: parts, the words that are said in them, folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tinykws.audio.files import write_wav
from tinykws.evaluation.stream_recording import FIRST_HALF, SECOND_HALF, RecordedStream, recorded_streams
from tinykws.evaluation.timeline import Event, write_timeline
from tinykws.support.errors import ConfigError
from tinykws.support.progress import Progress


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talks" / "talk.wav"
    path.parent.mkdir()
    write_wav(path, np.arange(16000 * 9 + 100, dtype=np.int64).astype(np.int16))
    return path


def test_halves_are_the_whole(talk: Path) -> None:
    whole = np.concatenate(list(RecordedStream(talk)))
    halves = [RecordedStream(talk, part) for part in (FIRST_HALF, SECOND_HALF)]
    assert [half.duration_ms for half in halves] == [5000, 5000]
    np.testing.assert_array_equal(np.concatenate([piece for half in halves for piece in half]), whole)
    assert whole.size == 16000 * 9 + 100


def test_words_beside_a_recording_belong_to_its_part(talk: Path) -> None:
    write_timeline(talk.with_suffix(".csv"), [Event(1000, 1500, "yes"), Event(7000, 7400, "no")])
    assert RecordedStream(talk).events == (Event(1000, 1500, "yes"), Event(7000, 7400, "no"))
    assert RecordedStream(talk, FIRST_HALF).events == (Event(1000, 1500, "yes"),)
    assert RecordedStream(talk, SECOND_HALF).events == (Event(2000, 2400, "no"),)


def test_folders_and_files(talk: Path) -> None:
    write_wav(talk.with_name("short.wav"), np.zeros(100, np.int16))
    talk.with_name("notes.txt").write_text("no audio")
    assert [stream.name for stream in recorded_streams([talk.parent, talk])] == ["talk", "talk"]


def test_what_is_not_there_or_no_audio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none does not exist"):
        recorded_streams([tmp_path / "none"])
    (tmp_path / "text.wav").write_text("no audio")
    with pytest.raises(ConfigError, match="as audio"):
        recorded_streams([tmp_path / "text.wav"])


class Hearing(Progress):
    """Collects what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_what_is_not_used_of_a_folder_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "negatives"
    (tmp_path / "elsewhere").mkdir()
    folder.mkdir()
    write_wav(tmp_path / "elsewhere" / "linked.wav", np.ones(3 * 16000, np.int16))
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    write_wav(folder / "talk.wav", np.ones(3 * 16000, np.int16))
    write_wav(folder / "short.wav", np.ones(16000, np.int16))
    write_wav(folder / "cut.wav", np.ones(9 * 16000, np.int16))
    (folder / "cut.wav").write_bytes((folder / "cut.wav").read_bytes()[: 44 + 2 * 4 * 16000])
    (folder / "text.wav").write_text("no audio")
    (folder / "voice.m4a").write_bytes(b"what libsndfile cannot read")
    progress = Hearing()
    assert [stream.name for stream in recorded_streams([folder], progress=progress)] == ["cut", "linked", "talk"]
    said = "\n".join(progress.said)
    assert "voice.m4a" in said
    assert f"not used: cannot read {folder / 'text.wav'} as audio" in said
    assert f"not used: {folder / 'short.wav'}: 1 s of it, and 2 s are the least" in said
    assert f"{folder / 'cut.wav'} is damaged: only 4.0 s of its 9.0 s can be decoded" in said
    assert len(progress.said) == 4


def test_a_named_file_that_was_cut_off_counts_as_long_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 20 * 16000), 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    progress = Hearing()
    (stream,) = recorded_streams([path], progress=progress)
    assert 9000 <= stream.duration_ms <= 11000
    assert sum(samples.size for samples in stream) / 16 >= stream.duration_ms - 1000
    (said,) = progress.said
    assert f"{path} is damaged: only " in said
