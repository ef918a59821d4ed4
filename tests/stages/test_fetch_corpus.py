# SPDX-License-Identifier: Apache-2.0
"""fetch: long recordings of public corpora, from a server on this computer, as tune, evaluate and prepare read them."""

from __future__ import annotations

import csv
import dataclasses
import errno
import gzip
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from archives_in_memory import member, tar_gz, tar_of, zipped
from broken_server import BrokenServer, cut_after, ignore_range, redirect, running, status

from tinykws.audio.files import read_audio, writing_flac
from tinykws.audio.samples import Samples
from tinykws.cli.main import run
from tinykws.evaluation.stream_recording import recorded_streams
from tinykws.evaluation.stream_set import STREAM_USES
from tinykws.stages import fetch_corpus as stage
from tinykws.stages.fetch import fetch
from tinykws.stages.fetch_corpus import FetchCorpusReport, FetchedStream, fetch_corpus
from tinykws.support import archives
from tinykws.support.archives import unpack
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import Progress
from tinykws.training_data import public_datasets
from tinykws.training_data.folders import noise_audio
from tinykws.training_data.public_datasets import PUBLIC_DATASETS, PublicDataset

RATE = 16000
NAME = "librispeech_dev_clean"
TEXTS = {
    "84-121123-0000": "GO DO YOU HEAR",
    "84-121123-0001": "BUT IN LESS THAN FIVE MINUTES YES THE STAIRCASE GROANED",
    "84-121123-0002": "HE KNOWS NOTHING OF IT",
    "174-50561-0000": "FORGOTTEN TOO THE NAME OF GILLIAN",
    "174-50561-0001": "NO'S AND MAYBES",
    "251-136532-0000": "ANOTHER SENTENCE",
}


def sound(seed: int, seconds: float, rate: int = RATE) -> Samples:
    return (np.arange(round(seconds * rate)) * (seed + 7) % 997 * 5).astype(np.int16)


def audio(samples: Samples, kind: str = "FLAC", rate: int = RATE) -> bytes:
    raw = io.BytesIO()
    soundfile.write(raw, samples, rate, format=kind, subtype=None if kind == "MP3" else "PCM_16")
    return raw.getvalue()


SOUNDS = {name: sound(number, 2 + number / 4) for number, name in enumerate(TEXTS)}


def librispeech() -> dict[str, bytes]:
    files = {"LibriSpeech/LICENSE.TXT": b"CC BY 4.0", "LibriSpeech/SPEAKERS.TXT": b"84 | F"}
    for name, samples in SOUNDS.items():
        speaker, chapter, _ = name.split("-")
        folder = f"LibriSpeech/dev-clean/{speaker}/{chapter}"
        files[f"{folder}/{name}.flac"] = audio(samples)
        texts = [f"{other} {text}" for other, text in TEXTS.items() if other.startswith(f"{speaker}-{chapter}")]
        files[f"{folder}/{speaker}-{chapter}.trans.txt"] = ("\n".join(texts) + "\n").encode()
    return files


ARCHIVE = tar_gz(librispeech())


def like(name: str, archive: bytes, url: str = "http://nowhere.invalid/x") -> PublicDataset:
    """The row of the table, with the size and checksum of a small archive of the same layout."""
    digest = hashlib.sha256(archive).hexdigest()
    return dataclasses.replace(
        PUBLIC_DATASETS[name], urls=(url,), sha256=digest, size=len(archive), unpacked=20_000_000, space=5_000_000
    )


@pytest.fixture
def server() -> Iterator[BrokenServer]:
    with running(ARCHIVE) as running_server:
        yield running_server


@pytest.fixture
def corpus(server: BrokenServer) -> PublicDataset:
    return like(NAME, ARCHIVE, server.url)


@pytest.fixture
def negatives(tmp_path: Path) -> Path:
    return tmp_path / "p" / "negatives"


class Said(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def no_sleep(_: float) -> None:
    """The tests' patience."""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


MADE = [".fetched.json", f"{NAME}.LICENCE.txt", f"{NAME}.csv", f"{NAME}.flac"]


def rows_of(listed: Path) -> list[dict[str, str]]:
    with listed.open(newline="") as file:
        return list(csv.DictReader(file))


# --- speech


def test_speech_becomes_one_recording_with_its_speakers_without_the_words(
    corpus: PublicDataset, negatives: Path
) -> None:
    said = Said()
    report = fetch_corpus(corpus, negatives, words=("yes", "no"), progress=said)
    assert said.lines == [f"licence of {NAME}: {corpus.licence}"]
    assert names(negatives) == MADE
    assert names(negatives.parent) == ["negatives"]
    rows = rows_of(negatives / f"{NAME}.csv")
    whole = read_audio(negatives / f"{NAME}.flac").samples
    used = [Path(row["path"]).stem for row in rows]
    assert sorted(used) == sorted(set(TEXTS) - {"84-121123-0001", "174-50561-0001"})
    for row, name in zip(rows, used, strict=True):
        first = round(float(row["start_s"]) * RATE)
        np.testing.assert_array_equal(whole[first : first + SOUNDS[name].size], SOUNDS[name])
        assert row["speaker"] == name.partition("-")[0]
    speakers = [row["speaker"] for row in rows]
    assert len({*speakers}) == 3 == sum(a != b for a, b in zip(["", *speakers], speakers, strict=False))
    seconds = whole.size / RATE
    assert report == FetchCorpusReport(
        NAME, negatives, True, (FetchedStream(f"{NAME}.flac", seconds, 3, 2),), ("yes", "no"), corpus.licence
    )
    assert "CC BY 4.0" in (negatives / f"{NAME}.LICENCE.txt").read_text()
    sections = (STREAM_USES.training, STREAM_USES.tuning, STREAM_USES.reporting)
    streams = [recorded_streams([negatives], section) for section in sections if section]
    assert [len(found) for found in streams] == [1, 1, 1]
    assert streams[0][0].events == ()


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        ((), 0),
        (("hey robot",), 0),
        (("less than", "gillian"), 2),
        (("Do You",), 1),
        (("ow",), 0),
        (("know",), 1),
        (("maybe",), 1),
        (("...",), 0),
    ],
)
def test_sentences_with_the_words_are_left_out(
    corpus: PublicDataset, negatives: Path, words: tuple[str, ...], left_out: int
) -> None:
    assert fetch_corpus(corpus, negatives, words=words).streams[0].left_out == left_out


def test_a_second_time_nothing_is_asked_for(server: BrokenServer, corpus: PublicDataset, negatives: Path) -> None:
    first = fetch_corpus(corpus, negatives, words=("yes", "no"))
    before = (negatives / f"{NAME}.flac").stat().st_mtime_ns
    assert fetch_corpus(corpus, negatives, words=("no",)) == dataclasses.replace(first, fetched=False)
    assert (negatives / f"{NAME}.flac").stat().st_mtime_ns == before
    assert len(server.requests) == 1


def test_other_words_are_not_taken_for_left_out(corpus: PublicDataset, negatives: Path) -> None:
    fetch_corpus(corpus, negatives, words=("yes",))
    with pytest.raises(ConfigError, match="sentences with gillian are in it") as error:
        fetch_corpus(corpus, negatives, words=("yes", "gillian"))
    for path in str(error.value.hint).partition(": rm ")[2].split():
        Path(path).unlink()
    assert fetch_corpus(corpus, negatives, words=("yes", "gillian")).streams[0].left_out == 2


def test_a_file_of_the_users_is_not_replaced(server: BrokenServer, corpus: PublicDataset, negatives: Path) -> None:
    negatives.mkdir(parents=True)
    (negatives / f"{NAME}.csv").write_text("mine")
    with pytest.raises(ConfigError, match=rf"{NAME}\.csv exists, so nothing was fetched"):
        fetch_corpus(corpus, negatives)
    assert (negatives / f"{NAME}.csv").read_text() == "mine"
    assert server.requests == []


def test_recordings_of_the_users_stay(corpus: PublicDataset, negatives: Path) -> None:
    negatives.mkdir(parents=True)
    (negatives / "radio.wav").write_bytes(audio(sound(9, 3), "WAV"))
    fetch_corpus(corpus, negatives)
    assert names(negatives) == [*MADE, "radio.wav"]
    assert len(recorded_streams([negatives])) == 2


def test_a_damaged_recording_is_left_out_and_told(negatives: Path) -> None:
    files = {**librispeech(), "LibriSpeech/dev-clean/84/121123/84-121123-0000.flac": b"not sound"}
    body, said = tar_gz(files), Said()
    with running(body) as server:
        report = fetch_corpus(like(NAME, body, server.url), negatives, progress=said)
    assert len(rows_of(negatives / f"{NAME}.csv")) == len(TEXTS) - 1
    assert any(line.startswith("not used: ./LibriSpeech") or "84-121123-0000" in line for line in said.lines)
    assert report.fetched


def test_a_dinner_is_cut_where_a_word_is_said(negatives: Path) -> None:
    talk = sound(1, 15)
    times = [("00:00:04.50", "00:00:07.25"), ("00:00:10.00", "00:00:12.00"), ("00:00:14.00", "00:00:14.00")]
    texts = ["Oh yes, please.", "pass the salt", "yes"]
    said = [
        {"words": text, "speaker_id": "P05", "start_time": {"U01": begin}, "end_time": {"U01": end}}
        for text, (begin, end) in zip(texts, times, strict=True)
    ]
    body = tar_gz(
        {
            "Dipco/audio/dev/S02_U01.CH1.wav": audio(talk, "WAV"),
            "Dipco/audio/dev/S02_U01.CH2.wav": audio(talk, "WAV"),
            "Dipco/audio/dev/S02_P05.wav": audio(talk, "WAV"),
            "Dipco/audio/eval/S01_U01.CH1.wav": audio(sound(2, 5), "WAV"),
            "Dipco/transcriptions/dev/S02.json": json.dumps(said).encode(),
            "Dipco/transcriptions/eval/S01.json": b"[]",
        }
    )
    with running(body) as server:
        report = fetch_corpus(like("dipco", body, server.url), negatives, words=("yes",))
    assert (report.streams[0].speakers, report.streams[0].left_out) == (2, 2)
    row = next(row for row in rows_of(negatives / "dipco.csv") if row["speaker"] == "S02")
    first, length = (round(float(row[key]) * RATE) for key in ("start_s", "seconds"))
    cut = np.concatenate([talk[: round(4.5 * RATE)], talk[round(7.25 * RATE) :]])
    np.testing.assert_array_equal(read_audio(negatives / "dipco.flac").samples[first : first + length], cut)


@pytest.mark.parametrize("texts", [b"{", b"[1]", b'[{"words": "yes", "start_time": {}, "end_time": {}}]'])
def test_texts_that_cannot_be_read_are_named(negatives: Path, texts: bytes) -> None:
    body = tar_gz({"D/audio/S02_U01.CH1.wav": audio(sound(1, 3), "WAV"), "D/transcriptions/dev/S02.json": texts})
    with running(body) as server, pytest.raises(ToolError, match=r"S02\.json is not a list of sentences"):
        fetch_corpus(like("dipco", body, server.url), negatives, words=("yes",))
    assert names(negatives) == [".fetched.json"]


# --- noise


def musan() -> dict[str, bytes]:
    files = {"musan/README": b"about", "musan/noise/free-sound/LICENSE": b"noise-1 public domain"}
    for kind, source, count, seconds in (("noise", "free-sound", 3, 2), ("music", "fma", 2, 31)):
        for number in range(count):
            name = f"musan/{kind}/{source}/{kind}-{source}-{number:04}.wav"
            files[name] = audio(sound(number, seconds), "WAV")
    files["musan/speech/librivox/speech-librivox-0000.wav"] = audio(sound(7, 2), "WAV")
    return files


def test_noise_and_music_go_where_prepare_reads_noise(tmp_path: Path) -> None:
    body = tar_gz(musan())
    with running(body) as server:
        report = fetch_corpus(like("musan", body, server.url), tmp_path / "data", words=("yes",))
    assert [file.source for file in noise_audio(tmp_path / "data")] == [
        "_background_noise_/musan_music.flac",
        "_background_noise_/musan_noise.flac",
    ]
    assert report.without == ()
    assert {one.file: one.seconds for one in report.streams} == {
        "_background_noise_/musan_noise.flac": pytest.approx(3 * 2.2),
        "_background_noise_/musan_music.flac": pytest.approx(2 * 30.2),
    }
    assert "noise-1 public domain" in (tmp_path / "data/_background_noise_/musan_noise.LICENCE.txt").read_text()
    assert names(tmp_path) == ["data"]


def test_only_so_much_noise_is_taken_as_prepare_uses(tmp_path: Path) -> None:
    body = tar_gz(musan())
    whole = like("musan", body)
    parts = tuple(dataclasses.replace(part, most_seconds=3) for part in whole.parts)
    with running(body) as server:
        little = dataclasses.replace(whole, parts=parts, urls=(server.url,))
        report = fetch_corpus(little, tmp_path / "data")
    assert [one.seconds for one in report.streams] == [pytest.approx(4.4), pytest.approx(30.2)]


def test_a_licence_that_is_not_free_must_be_accepted(tmp_path: Path) -> None:
    wav = audio(sound(1, 5, 44100), "WAV", 44100)
    body = zipped({"ESC-50-master/audio/1-100032-A-0.wav": wav, "ESC-50-master/LICENSE": b"CC BY-NC"})
    with running(body) as server:
        corpus = like("esc50", body, server.url)
        with pytest.raises(ConfigError, match="must not be used commercially") as error:
            fetch_corpus(corpus, tmp_path / "data")
        assert "--accept-non-commercial" in str(error.value.hint)
        assert server.requests == []
        assert not (tmp_path / "data").exists()
        report = fetch_corpus(corpus, tmp_path / "data", accept_non_commercial=True)
    assert report.streams[0].seconds == pytest.approx(5.2, abs=0.01)


# --- words


def test_single_words_of_the_language_by_their_speakers(tmp_path: Path) -> None:
    clip = audio(sound(1, 1), "MP3")
    rows = [
        ("a1" * 64, "1.mp3", "yes"), ("a1" * 64, "2.mp3", "yes"), ("b2" * 64, "3.mp3", "Firefox"),
        ("b2" * 64, "4.mp3", "two words"), ("b2" * 64, "missing.mp3", "no"), ("../x", "../../../5.mp3", "no"),
    ]  # fmt: skip
    table = "client_id\tpath\tsentence\tup_votes\n" + "".join("\t".join((*row, "2")) + "\n" for row in rows)
    top = "cv-corpus-7.0-singleword"
    body = tar_gz(
        {
            f"{top}/en/validated.tsv": table.encode(),
            **{f"{top}/en/clips/{number}.mp3": clip for number in range(1, 6)},
            f"{top}/de/validated.tsv": table.encode(),
            f"{top}/de/clips/1.mp3": clip,
        }
    )
    with running(body) as server:
        words = like("common_voice_words", body, server.url)
        report = fetch(words, tmp_path / "data")
        with pytest.raises(ConfigError, match="no words in the language 'fr'"):
            fetch(words, tmp_path / "other", language="fr")
    assert report.recordings == {"firefox": 1, "no": 1, "yes": 2}
    assert names(tmp_path / "data" / "yes") == ["a1a1a1a1a1a1_nohash_0.mp3", "a1a1a1a1a1a1_nohash_1.mp3"]
    assert "other" not in names(tmp_path)


def test_where_an_account_is_needed_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without an account") as error:
        fetch(PUBLIC_DATASETS["common_voice_words"], tmp_path / "data")
    assert "tinykws fetch common_voice_words --url cv-corpus-7.0-singleword.tar.gz" in str(error.value.hint)


# --- what goes wrong


def test_a_broken_connection_is_resumed(server: BrokenServer, corpus: PublicDataset, negatives: Path) -> None:
    server.answers.extend([cut_after(5000), cut_after(7000, reset=True)])
    fetch_corpus(corpus, negatives, sleep=no_sleep)
    assert server.ranges[:2] == [None, "bytes=5000-"]
    assert names(negatives) == MADE


def test_ctrl_c_leaves_what_was_received_and_the_next_run_asks_for_the_rest(
    server: BrokenServer, corpus: PublicDataset, negatives: Path
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    server.answers.append(cut_after(5000))
    with pytest.raises(KeyboardInterrupt):
        fetch_corpus(corpus, negatives, sleep=interrupted)
    assert names(negatives.parent) == [
        "dev-clean.tar.gz.download.part",
        "dev-clean.tar.gz.download.part.json",
        "negatives",
    ]
    fetch_corpus(corpus, negatives)
    assert server.ranges == [None, "bytes=5000-"]
    assert names(negatives.parent) == ["negatives"]


def test_a_server_that_ignores_range_sends_all_again(
    server: BrokenServer, corpus: PublicDataset, negatives: Path
) -> None:
    server.answers.extend([cut_after(5000), ignore_range])
    fetch_corpus(corpus, negatives, sleep=no_sleep)
    assert names(negatives) == MADE


def test_redirects_are_followed_and_circles_are_told(
    server: BrokenServer, corpus: PublicDataset, negatives: Path
) -> None:
    server.answers.append(redirect(server.url))
    fetch_corpus(corpus, negatives)
    server.answers.extend([redirect(server.url)] * 20)
    with pytest.raises(ToolError, match="redirects without end"):
        fetch_corpus(corpus, negatives.with_name("more"), sleep=no_sleep)


def test_the_next_address_is_tried(server: BrokenServer, corpus: PublicDataset, negatives: Path) -> None:
    server.answers.append(status(404))
    assert fetch_corpus(corpus, negatives, [server.url, server.url]).fetched


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_another_archive_than_the_checksum_tells_is_removed(
    corpus: PublicDataset, negatives: Path, algorithm: str
) -> None:
    digest = "0" * 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
    is_sha256 = algorithm == "sha256"
    wrong = dataclasses.replace(corpus, sha256=digest if is_sha256 else "", md5="" if is_sha256 else digest)
    with pytest.raises(ToolError, match="is not the expected archive") as error:
        fetch_corpus(wrong, negatives)
    assert f"--sha256 {hashlib.sha256(ARCHIVE).hexdigest()}" in str(error.value.hint)
    assert names(negatives.parent) == ["negatives"]
    assert names(negatives) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (ARCHIVE[:-5000], "is damaged"),
        (b"<html>please log in</html>", "is neither a .tar.gz nor a .zip"),
        (gzip.compress(tar_of(member("../evil.flac", b"evil"))), "not safe"),
        (zipped({"README.md": b"nothing more"}), "none of the expected recordings"),
        (zipped({"LibriSpeech/dev-clean/84/1/84-1-0.flac": bytes(20_000_001)}), "far more"),
        (gzip.compress(tar_of(member("LibriSpeech/dev-clean/x", kind=b"2", link="/etc/passwd"))), "neither file nor"),
    ],
    ids=["truncated", "page", "evil", "empty", "bomb", "link"],
)
def test_bad_archives_leave_no_recording(negatives: Path, body: bytes, says: str) -> None:
    with running(body) as server, pytest.raises(ToolError, match=says):
        fetch_corpus(like(NAME, body, server.url), negatives)
    assert names(negatives.parent) == ["negatives"]
    assert names(negatives) in ([], [".fetched.json"])


def test_interrupted_while_the_recording_is_written_the_archive_stays(
    server: BrokenServer, corpus: PublicDataset, negatives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(pieces: object, path: Path, *_: object) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(stage, "write_stream", interrupt)
        fetch_corpus(corpus, negatives)
    assert names(negatives) == [".fetched.json"]
    assert names(negatives.parent) == ["dev-clean.tar.gz.download", "negatives"]
    (negatives / f"{NAME}.flac").write_bytes(b"moved in, but not its list")
    assert fetch_corpus(corpus, negatives).fetched
    assert len(server.requests) == 1
    assert names(negatives) == MADE


def test_room_is_asked_for_first(
    server: BrokenServer, corpus: PublicDataset, negatives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(free=len(ARCHIVE) + 5_000_000 - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ConfigError, match=rf"{NAME} needs 5 MB"):
        fetch_corpus(corpus, negatives)
    assert server.requests == []


def test_a_disk_that_fills_while_unpacking(
    corpus: PublicDataset, negatives: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(archive: Path, folder: Path, *rest: object) -> int:
        unpack(archive, folder, *rest)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch, pytest.raises(ConfigError, match="No space left on device") as error:
        patch.setattr(archives, "unpack", full)
        fetch_corpus(corpus, negatives)
    assert "free some space" in str(error.value.hint)
    assert names(negatives.parent) == ["dev-clean.tar.gz.download", "negatives"]
    assert fetch_corpus(corpus, negatives).fetched


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_disk_that_fills_while_the_recording_is_written() -> None:
    with pytest.raises(OSError, match="No space left on device") as error, writing_flac(Path("/dev/full")) as write:
        for _ in range(5):
            write(sound(1, 2))
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, "/dev/full")


# --- the command


@pytest.fixture
def small(corpus: PublicDataset, monkeypatch: pytest.MonkeyPatch) -> PublicDataset:
    monkeypatch.setitem(public_datasets.PUBLIC_DATASETS, NAME, corpus)
    return corpus


def test_the_command_fills_the_projects_negatives(
    small: PublicDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "p"
    assert run(["init", str(project), "--words", "yes,no"]) == 0
    capsys.readouterr()
    assert run(["fetch", NAME, "--project", str(project)]) == 0
    out = capsys.readouterr().out
    assert f"{NAME}.flac" in out
    assert "left out: sentences with yes, no" in out
    assert small.licence in out
    assert run(["fetch", NAME, "--project", str(project)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert run(["fetch", NAME, "--project", str(project), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["fetched"], report["without"], report["streams"][0]["left_out"]) == (False, ["yes", "no"], 2)


def test_the_command_needs_no_project_with_a_folder(
    small: PublicDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["fetch", NAME, "--into", str(tmp_path / "speech")]) == 0
    out = capsys.readouterr().out
    assert "no project says which words to leave out" in out
    assert f"negatives: {tmp_path / 'speech'}" in out
    assert names(tmp_path / "speech") == MADE


def test_the_list_has_size_licence_and_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fetch", "--list"]) == 0
    out = capsys.readouterr().out
    for each in PUBLIC_DATASETS.values():
        for text in (each.name, each.size_text, each.licence, each.used_for, each.contents):
            assert text in out
    assert run(["fetch", "--list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == set(PUBLIC_DATASETS)
    assert rows["esc50"]["is_free"] is False
    assert rows["dipco"]["size"] == 13_415_522_146


def test_without_a_name_the_list_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fetch"]) == 2
    assert "tinykws fetch --list" in capsys.readouterr().err
