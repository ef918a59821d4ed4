# SPDX-License-Identifier: Apache-2.0
"""Lists of speakers next to long recordings: told apart from lists of words, and where sections begin by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykws.audio.files import write_wav
from tinykws.evaluation.speaker_list import section_edge, speaker_changes
from tinykws.evaluation.stream_recording import FIRST_HALF, SECOND_HALF, RecordedStream, Section, recorded_streams
from tinykws.evaluation.timeline import Event
from tinykws.support.errors import ConfigError

TURNS = (
    "start_s,seconds,speaker,path\n"
    "0.0,41.97,2391,a/1.flac\n42.0,11,2391,a/2.flac\n53.2,20,14,b/1.flac\n73,27,7,c.flac\n"
)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    write_wav(tmp_path / "talk.wav", np.ones(16000 * 100, np.int16))
    return tmp_path / "talk.wav"


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (TURNS, (53.2, 73.0)),
        (TURNS.replace(",", ";"), (53.2, 73.0)),
        (TURNS.replace(",", "\t"), (53.2, 73.0)),
        ("\ufeff\n" + TURNS.replace("speaker", " Speaker ").replace("\n", "\r\n"), (53.2, 73.0)),
        ("start_ms,end_ms,speaker\n0,900,anna\n900,2000,bert\n", (0.9,)),
        ("speaker_id,file\nanna,1.wav\n", ()),
        ("start_s,speaker\nsoon,anna\n", ()),
        ("start_s,speaker\n1\n", ()),
        ("speaker\n", ()),
    ],
)
def test_a_list_of_speakers_is_not_a_list_of_words(talk: Path, text: str, changes: tuple[float, ...]) -> None:
    talk.with_suffix(".csv").write_text(text, encoding="utf-8")
    assert speaker_changes(talk.with_suffix(".csv")) == changes
    assert RecordedStream(talk).events == ()


def test_sections_begin_where_another_speaker_does(talk: Path) -> None:
    talk.with_suffix(".csv").write_text(TURNS)
    quarters = [RecordedStream(talk, Section(*edges)) for edges in ((0, 0.5), (0.5, 0.75), (0.75, 1))]
    assert [one.pieces for one in quarters] == [53, 20, 27]
    assert [one.pieces for one in recorded_streams([talk.parent], FIRST_HALF)] == [53]


def test_far_from_a_change_the_shares_hold(talk: Path) -> None:
    talk.with_suffix(".csv").write_text("start_s,speaker\n0,anna\n20,bert\n")
    assert [RecordedStream(talk, half).pieces for half in (FIRST_HALF, SECOND_HALF)] == [50, 50]
    assert section_edge(0.0, 100, (1.0,)) == 0
    assert section_edge(1.0, 100, (99.0,)) == 100


@pytest.mark.parametrize("text", ["start_ms,end_ms,label\n100,200,yes\n", "100,200,yes\n", "100,200,speaker\n"])
def test_a_list_of_words_stays_one(talk: Path, text: str) -> None:
    talk.with_suffix(".csv").write_text(text)
    assert RecordedStream(talk).events == (Event(100, 200, text.strip().rpartition(",")[2]),)


def test_another_list_is_refused_and_the_error_tells_of_speakers(talk: Path) -> None:
    talk.with_suffix(".csv").write_text("start_s,seconds,voice\n0.0,2,anna\n")
    with pytest.raises(ConfigError, match="line 1") as error:
        RecordedStream(talk)
    assert "a column named speaker" in str(error.value.hint)
