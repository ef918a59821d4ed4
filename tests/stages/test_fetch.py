# SPDX-License-Identifier: Apache-2.0
"""fetch: a data set from a server on this computer into a folder from which `prepare` reads it."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from archives_in_memory import member, tar_gz, tar_of, zipped
from broken_server import BrokenServer, cut_after, running, status

from tinykws.cli.main import run
from tinykws.project.config import Config
from tinykws.project.layout import Project
from tinykws.project.synth_settings import SynthSettings
from tinykws.stages.fetch import FetchReport, fetch
from tinykws.stages.prepare import prepare
from tinykws.support import archives
from tinykws.support.archives import unpack
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import Progress
from tinykws.training_data.dataset import Dataset
from tinykws.training_data.fetched_note import FETCHED
from tinykws.training_data.public_datasets import PUBLIC_DATASETS, PublicDataset

RATE = 16000


def wav(seed: int, seconds: float = 1.0) -> bytes:
    raw = io.BytesIO()
    samples = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    soundfile.write(raw, samples, RATE, format="WAV", subtype="PCM_16")
    return raw.getvalue()


WORDS = {f"{word}/{index:08x}_nohash_0.wav": wav(index) for word in ("yes", "cat") for index in range(6)}
SPEECH_COMMANDS = {
    **WORDS,
    "_background_noise_/hum.wav": wav(50, 3),
    "validation_list.txt": b"yes/00000000_nohash_0.wav\ncat/00000001_nohash_0.wav\n",
    "testing_list.txt": b"yes/00000002_nohash_0.wav\n",
    "README.md": b"# Speech Commands Data Set v0.02\n",
    "LICENSE": b"CC BY 4.0\n",
}
COUNTS = {"_background_noise_": 1, "cat": 6, "yes": 6}


def set_of(archive: bytes, url: str, name: str = "set.tar.gz", **changes: Any) -> PublicDataset:
    digest = hashlib.sha256(archive).hexdigest()
    return dataclasses.replace(
        PublicDataset("speech_commands", (url,), name, digest, len(archive), 10_000_000, "CC BY 4.0"), **changes
    )


@pytest.fixture
def server() -> Iterator[BrokenServer]:
    with running(tar_gz(SPEECH_COMMANDS)) as running_server:
        yield running_server


@pytest.fixture
def small(server: BrokenServer) -> PublicDataset:
    return set_of(server.body, server.url)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetched(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in files(folder).items() if name != FETCHED}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def no_sleep(_: float) -> None:
    """The tests' patience."""


# --- good


def test_what_was_fetched_is_what_prepare_reads(small: PublicDataset, tmp_path: Path) -> None:
    project = Project(tmp_path / "p", Config(words=("yes",), synth=SynthSettings(enabled="never")))
    for word in ("yes", "no"):
        (project.data_dir / word).mkdir(parents=True)  # as init leaves them
    report = fetch(small, project.data_dir)
    assert report == FetchReport("speech_commands", project.data_dir, True, COUNTS, (), "CC BY 4.0")
    assert fetched(project.data_dir) == SPEECH_COMMANDS
    assert (project.data_dir / "no").is_dir()
    assert names(project.root) == ["data"]
    prepared = prepare(project)
    assert {split: counts["yes"] for split, counts in prepared.counts.items()} == {
        "training": 4,
        "validation": 1,
        "testing": 1,
    }
    assert prepared.counts["validation"]["_unknown_"] == 1
    assert prepared.noise_seconds > 0
    assert prepared.skipped == ()
    assert "data/cat/00000001_nohash_0.wav" in Dataset.load(project.dataset_dir).sources("validation")


def test_a_zip_that_wraps_all_in_a_folder_and_has_macos_litter(tmp_path: Path) -> None:
    litter = {"__MACOSX/mini/yes/._a.wav": b"x", "mini/.DS_Store": b"x"}
    body = zipped({**litter, **{f"mini/{name}": content for name, content in WORDS.items()}})
    with running(body) as server:
        report = fetch(set_of(body, server.url, "mini.zip"), tmp_path / "new" / "data")
    assert fetched(report.folder) == WORDS
    assert report.recordings == {"cat": 6, "yes": 6}
    assert names(tmp_path / "new") == ["data"]


def test_a_second_run_does_nothing(server: BrokenServer, small: PublicDataset, tmp_path: Path) -> None:
    fetch(small, tmp_path / "data")
    before = files(tmp_path)
    (tmp_path / "data" / "cat" / "00000001_nohash_0.wav").unlink()  # weeded out
    report = fetch(small, tmp_path / "data")
    assert (report.fetched, report.recordings) == (False, COUNTS)
    assert len(server.requests) == 1
    assert set(before) - set(files(tmp_path)) == {"data/cat/00000001_nohash_0.wav"}


@pytest.mark.parametrize("note", ["{", "[]", '{"speech_commands": 3}', '{"speech_commands": {"gone": 7}}'])
def test_a_note_that_is_not_true_is_not_believed(
    server: BrokenServer, small: PublicDataset, tmp_path: Path, note: str
) -> None:
    (tmp_path / FETCHED).write_text(note)
    assert fetch(small, tmp_path).fetched
    assert json.loads((tmp_path / FETCHED).read_text())["speech_commands"] == COUNTS


@pytest.mark.parametrize("as_url", [True, False])
def test_an_archive_of_the_users_is_used_where_it_is_and_stays(
    small: PublicDataset, tmp_path: Path, as_url: bool
) -> None:
    mine = tmp_path / "my downloads" / "set.tar.gz"
    mine.parent.mkdir()
    mine.write_bytes(tar_gz(SPEECH_COMMANDS))
    small = dataclasses.replace(small, sha256=hashlib.sha256(mine.read_bytes()).hexdigest())
    fetch(small, tmp_path / "data", [mine.as_uri() if as_url else str(mine)])
    assert fetched(tmp_path / "data") == SPEECH_COMMANDS
    assert names(tmp_path) == ["data", "my downloads"]
    assert names(mine.parent) == ["set.tar.gz"]


def test_an_archive_of_the_users_beside_the_folder_stays(small: PublicDataset, tmp_path: Path) -> None:
    (tmp_path / small.archive).write_bytes(b"whatever this is")
    fetch(small, tmp_path / "data")
    assert fetched(tmp_path / "data") == SPEECH_COMMANDS
    assert (tmp_path / small.archive).read_bytes() == b"whatever this is"
    assert names(tmp_path) == ["data", "set.tar.gz"]


def test_a_folder_behind_a_link_is_filled_from_the_disk_where_it_is(
    small: PublicDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = []

    def unpack_and_note(archive: Path, folder: Path, *rest: Any) -> Any:
        where.append(folder)
        return unpack(archive, folder, *rest)

    monkeypatch.setattr(archives, "unpack", unpack_and_note)
    (tmp_path / "disk" / "data").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "disk" / "data")
    fetch(small, tmp_path / "data")
    assert fetched(tmp_path / "disk" / "data") == SPEECH_COMMANDS
    assert (tmp_path / "data").is_symlink()
    assert where == [tmp_path / "disk" / ".data-unpacking"]


# --- recordings that are there


def own(folder: Path, **contents: bytes) -> dict[str, bytes]:
    mine = {"yes/mine.wav": wav(70), "robot/1.wav": wav(71), "notes.txt": b"hello"}
    for name, content in mine.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return mine


def test_a_folder_with_recordings_is_not_touched(server: BrokenServer, small: PublicDataset, tmp_path: Path) -> None:
    mine = own(tmp_path / "data")
    with pytest.raises(ConfigError, match="already contains 2 recordings") as error:
        fetch(small, tmp_path / "data")
    assert "--add" in str(error.value.hint)
    assert fetched(tmp_path / "data") == mine
    assert names(tmp_path) == ["data"]
    assert server.requests == []


def test_recordings_made_during_the_download_are_noticed(small: PublicDataset, tmp_path: Path) -> None:
    class Recording(Progress):
        def say(self, text: str) -> None:
            own(tmp_path / "data")

    with running(tar_gz(SPEECH_COMMANDS)) as server:
        server.answers.append(cut_after(1000))
        with pytest.raises(ConfigError, match="already contains 2 recordings"):
            fetch(set_of(server.body, server.url), tmp_path / "data", progress=Recording(), sleep=no_sleep)
    assert len(fetched(tmp_path / "data")) == 3
    assert names(tmp_path) == ["data", "set.tar.gz.download"]  # it came whole and is checked: the next run unpacks it


def test_add_puts_the_set_beside_them_and_replaces_nothing(small: PublicDataset, tmp_path: Path) -> None:
    mine = own(tmp_path / "data")
    clash = tmp_path / "data" / "yes" / "00000003_nohash_0.wav"
    clash.write_bytes(b"mine too")
    (tmp_path / "data" / "yes" / "00000004_nohash_0.wav").write_bytes(WORDS["yes/00000004_nohash_0.wav"])
    report = fetch(small, tmp_path / "data", add=True)
    assert report.kept == ("yes/00000003_nohash_0.wav",)
    lists = {"validation_list.txt", "testing_list.txt"}
    expected = {name: content for name, content in SPEECH_COMMANDS.items() if name not in lists}
    assert fetched(tmp_path / "data") == {**expected, **mine, "yes/00000003_nohash_0.wav": b"mine too"}
    assert names(tmp_path) == ["data"]


def test_a_file_with_the_name_of_a_word_stays_and_is_named(small: PublicDataset, tmp_path: Path) -> None:
    (tmp_path / "cat").write_bytes(b"a list of cats")
    assert fetch(small, tmp_path).kept == ("cat",)
    assert fetched(tmp_path)["cat"] == b"a list of cats"
    assert fetched(tmp_path)["yes/00000000_nohash_0.wav"] == WORDS["yes/00000000_nohash_0.wav"]


def test_add_joins_the_lists_where_there_are_any(small: PublicDataset, tmp_path: Path) -> None:
    own(tmp_path / "data")
    (tmp_path / "data" / "validation_list.txt").write_text("yes/mine.wav\nyes/00000000_nohash_0.wav")
    fetch(small, tmp_path / "data", add=True)
    assert (tmp_path / "data" / "validation_list.txt").read_text().splitlines() == [
        "yes/mine.wav",
        "yes/00000000_nohash_0.wav",
        "cat/00000001_nohash_0.wav",
    ]
    assert not (tmp_path / "data" / "testing_list.txt").exists()


def test_two_sets_in_one_folder_are_both_remembered(server: BrokenServer, small: PublicDataset, tmp_path: Path) -> None:
    other = {f"dog/{index}.wav": wav(90 + index) for index in range(3)}
    fetch(small, tmp_path / "data")
    archive = tmp_path / "dogs.zip"
    archive.write_bytes(zipped(other))
    dogs = set_of(archive.read_bytes(), "", name="dogs.zip")
    dogs = dataclasses.replace(dogs, name="dogs")
    fetch(dogs, tmp_path / "data", [str(archive)], add=True)
    assert fetched(tmp_path / "data") == {**SPEECH_COMMANDS, **other}
    assert not fetch(small, tmp_path / "data").fetched
    assert not fetch(dogs, tmp_path / "data").fetched


def test_a_failure_while_moving_in_is_undone(
    small: PublicDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = own(tmp_path / "data")
    (tmp_path / "data" / "cat").mkdir()
    real, calls = Path.rename, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(KeyboardInterrupt):
        fetch(small, tmp_path / "data", add=True)
    assert fetched(tmp_path / "data") == mine
    assert names(tmp_path) == ["data", "set.tar.gz.download"]
    assert (tmp_path / "data" / "cat").is_dir()


# --- bad


def test_another_archive_than_the_checksum_tells_is_removed(small: PublicDataset, tmp_path: Path) -> None:
    wrong = dataclasses.replace(small, sha256="0" * 64)
    with pytest.raises(ToolError, match="is not the expected archive") as error:
        fetch(wrong, tmp_path / "data")
    assert small.sha256 in str(error.value.hint)
    assert names(tmp_path) == []
    assert fetch(small, tmp_path / "data").fetched


def test_a_users_archive_with_another_checksum_stays(small: PublicDataset, tmp_path: Path) -> None:
    mine = tmp_path / "mine.zip"
    mine.write_bytes(b"not this")
    with pytest.raises(ToolError, match="is not the expected archive"):
        fetch(small, tmp_path / "data", [str(mine)])
    assert mine.read_bytes() == b"not this"
    assert names(tmp_path) == ["mine.zip"]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: tar_gz(SPEECH_COMMANDS)[:-5000], "is damaged"),
        (lambda: b"<html>please log in</html>", "is neither a .tar.gz nor a .zip"),
        (lambda: gzip.compress(tar_of(member("../evil.wav", b"evil"))), "not safe"),
        (lambda: zipped({"README.md": b"nothing more"}), "contains no recordings"),
        (lambda: zipped({"yes/a.wav": bytes(10_000_001)}), "far more"),
    ],
    ids=["truncated", "page", "evil", "empty", "bomb"],
)
def test_bad_archives_leave_the_folder_alone(tmp_path: Path, make: Callable[[], bytes], says: str) -> None:
    (tmp_path / "data" / "yes").mkdir(parents=True)
    body = make()
    with running(body) as server, pytest.raises(ToolError, match=says):
        fetch(set_of(body, server.url), tmp_path / "data")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["data", "data/yes"]


def test_interrupted_while_unpacking_only_the_archive_is_left(
    server: BrokenServer, small: PublicDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(archive: Path, folder: Path, *_: object) -> None:
        (folder / "yes").mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(archives, "unpack", interrupt)
        fetch(small, tmp_path / "data")
    assert names(tmp_path) == ["set.tar.gz.download"]
    (tmp_path / ".data-unpacking" / "yes").mkdir(parents=True)
    (tmp_path / ".data-unpacking" / "yes" / "00000000_nohash_0.wav").write_bytes(b"half")  # of a run that was killed
    assert fetch(small, tmp_path / "data").fetched
    assert len(server.requests) == 1
    assert names(tmp_path) == ["data"]


def test_room_for_the_archive_and_what_it_unpacks_to_is_asked_for_first(
    server: BrokenServer, small: PublicDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert small.size is not None
    usage = SimpleNamespace(free=small.size + small.unpacked - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ConfigError, match="speech_commands needs 10 MB"):
        fetch(small, tmp_path / "data")
    assert server.requests == []
    usage.free += 1
    assert fetch(small, tmp_path / "data").fetched


@pytest.mark.parametrize("url", ["ftp://host/x.zip", "http://", "http:///x", "https://host/a b", "gopher://x/y"])
def test_an_address_that_is_none(small: PublicDataset, tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="is not the address of a file"):
        fetch(small, tmp_path / "data", [url])
    assert names(tmp_path) == []


def test_a_file_that_is_not_there(small: PublicDataset, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the file .*missing\.zip does not exist"):
        fetch(small, tmp_path / "data", [(tmp_path / "missing.zip").as_uri()])


# --- the command


def test_the_command_fetches_into_the_project_and_says_when_it_need_not(
    server: BrokenServer, small: PublicDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "p"
    assert run(["init", str(project), "--words", "yes,no"]) == 0
    command = ["fetch", "speech_commands", "--project", str(project), "--url", server.url, "--sha256", small.sha256]
    capsys.readouterr()
    assert run(command) == 0
    assert "13 recordings in" in capsys.readouterr().out
    assert fetched(project / "data") == SPEECH_COMMANDS
    assert run(command) == 0
    assert "nothing to do: speech_commands, 13 recordings" in capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == COUNTS


def test_the_command_needs_no_project_with_a_folder(
    server: BrokenServer, small: PublicDataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = tmp_path / "speech"
    command = ["fetch", "speech_commands", "--into", str(where), "--url", server.url, "--sha256", small.sha256]
    assert run(command) == 0
    assert f"data: {where}" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [status(404), status(403)])
def test_the_command_ends_with_3_where_nothing_can_be_had(
    server: BrokenServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    server.answers.append(answer)
    assert run(["fetch", "mini_speech_commands", "--into", str(tmp_path / "data"), "--url", server.url]) == 3
    said = capsys.readouterr().err
    assert f"{server.url}: the server answers 40" in said
    assert "give the file: --url FILE" in said
    assert names(tmp_path) == []


@pytest.mark.parametrize("wrong", ["abc", "g" * 64, "0" * 65])
def test_a_checksum_that_is_none(tmp_path: Path, wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fetch", "speech_commands", "--into", str(tmp_path / "data"), "--sha256", wrong]) == 2
    assert "is not a SHA-256" in capsys.readouterr().err


@pytest.mark.parametrize("public_set", PUBLIC_DATASETS.values(), ids=list(PUBLIC_DATASETS))
def test_the_table_is_well_formed(public_set: PublicDataset) -> None:
    assert PUBLIC_DATASETS[public_set.name] is public_set
    algorithm, _, digits = public_set.checksum.partition(":")
    assert len(bytes.fromhex(digits)) == hashlib.new(algorithm).digest_size
    assert public_set.unpacked > (public_set.size or 0)
    for url in public_set.urls:
        assert url.startswith(("https://", "http://"))
        assert f"/{public_set.archive}" in url
    assert all((public_set.licence, public_set.contents, public_set.used_for, public_set.page, public_set.size_text))
    assert bool(public_set.parts) != public_set.has_words
    assert public_set.is_free == ("NC" not in public_set.licence)
