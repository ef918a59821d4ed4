# SPDX-License-Identifier: Apache-2.0
"""fetch voices: voices from a server on this computer into the cache, from which an engine speaks."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives_in_memory import member, tar_gz, tar_of
from broken_server import BrokenServer, Request, cut_after, running, serve, status

from tinykws.cli.main import run
from tinykws.speech import voice_downloads
from tinykws.speech.voice_downloads import VOICE_SETS, VoiceFile, VoiceSet, licence_of_card, piper_voice
from tinykws.speech.voice_folders import voices_dir
from tinykws.stages.fetch_voices import fetch_voices
from tinykws.support.checked_download import checked_download
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.progress import Progress

CARD = b"""# Model card for many (medium)

* Language: en_US (English, United States)
* Speakers: 3

## Dataset

* URL: http://www.openslr.org/141/
* License: CC BY 4.0
"""
FOLDER = "en/en_US/many/medium"
FILES = {
    f"{FOLDER}/en_US-many-medium.onnx": b"network" * 9000,
    f"{FOLDER}/en_US-many-medium.onnx.json": b'{"num_speakers": 3}',
    f"{FOLDER}/MODEL_CARD": CARD,
}


def described(files: dict[str, bytes], name: str = "many", speakers: int = 3) -> dict[str, object]:
    each = {key: {"size_bytes": len(data), "md5_digest": hashlib.md5(data).hexdigest()} for key, data in files.items()}
    return {
        "name": name,
        "num_speakers": speakers,
        "language": {"code": "en_US"},
        "aliases": [f"en-us-{name}"],
        "files": each,
    }


INDEX = {
    "en_US-many-medium": described(FILES),
    "en_US-few-low": described(
        {"en/en_US/few/low/en_US-few-low.onnx": b"1", "en/en_US/few/low/en_US-few-low.onnx.json": b"2"}, "few", 1
    ),
    "en_US-few-high": described({"x/en_US-few-high.onnx": b"3", "x/en_US-few-high.onnx.json": b"4"}, "few", 1),
}
COLLECTION = {"voices.json": json.dumps(INDEX).encode(), **FILES}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TINYKWS_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server() -> Iterator[BrokenServer]:
    with running(b"") as running_server:
        running_server.answers.extend([of_collection] * 50)
        yield running_server


def of_collection(request: Request) -> None:
    select(request)
    serve(request)


def select(request: Request) -> None:
    """Makes the server's one body the file that this request names."""
    request.server.body = COLLECTION[request.path.removeprefix("/archive/")]
    request.server.etag = f'"{request.path}"'


def broken(request: Request) -> None:
    select(request)
    cut_after(20_000)(request)


def no_sleep(_: float) -> None:
    """The tests' patience."""


class Said(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Piper


def test_a_voice_of_the_collection_is_fetched_and_its_licence_is_said_before_the_network(server: BrokenServer) -> None:
    said = Said()
    report = fetch_voices("en_US-many-medium", server.url, progress=said)
    assert (report.engine, report.fetched, report.gives) == ("piper", True, "3 speakers of en_US")
    assert report.licence == "CC BY 4.0, http://www.openslr.org/141/"
    assert said.lines == ["licence of en_US-many-medium: CC BY 4.0, http://www.openslr.org/141/"]
    assert names(report.folder) == sorted(report.files)
    assert (report.folder / "en_US-many-medium.onnx").read_bytes() == FILES[f"{FOLDER}/en_US-many-medium.onnx"]
    asked = [request.path.rpartition("/")[2] for request in server.requests]
    assert asked == ["voices.json", "en_US-many-medium.onnx.json", "MODEL_CARD", "en_US-many-medium.onnx"]


def test_a_second_time_nothing_is_asked_for(server: BrokenServer) -> None:
    fetch_voices("en_US-many-medium", server.url)
    requests = len(server.requests)
    again = fetch_voices("en_US-many-medium", server.url)
    assert not again.fetched
    assert again.licence.startswith("CC BY 4.0")
    assert len(server.requests) == requests


def test_a_broken_download_is_resumed(server: BrokenServer) -> None:
    server.answers.clear()
    server.answers.extend([of_collection, of_collection, of_collection, broken, of_collection])
    report = fetch_voices("many", server.url, sleep=no_sleep)
    assert server.ranges[3:] == [None, "bytes=20000-"]
    assert (report.folder / "en_US-many-medium.onnx").read_bytes() == FILES[f"{FOLDER}/en_US-many-medium.onnx"]


def test_a_file_with_a_wrong_checksum_is_not_kept(server: BrokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTION, f"{FOLDER}/en_US-many-medium.onnx", b"another" * 9000)
    with pytest.raises(ToolError, match=r"en_US-many-medium\.onnx is not the expected file: its checksum is md5:"):
        fetch_voices("en_US-many-medium", server.url)
    assert "en_US-many-medium.onnx" not in names(voices_dir("piper"))
    assert not list(voices_dir("piper").glob("*.download"))


def test_the_speakers_part_of_a_name_is_enough_if_it_is_one_voice() -> None:
    assert piper_voice("many", INDEX).name == piper_voice("en-us-many", INDEX).name == "en_US-many-medium"
    with pytest.raises(ConfigError, match="'few' can be several voices") as error:
        piper_voice("few", INDEX)
    assert error.value.hint == "take one of: en_US-few-high, en_US-few-low"


def test_a_voice_that_does_not_exist_has_a_suggestion(server: BrokenServer) -> None:
    with pytest.raises(ConfigError, match="there are no voices 'en_US-mani-medium' to fetch") as error:
        fetch_voices("en_US-mani-medium", server.url)
    assert "en_US-many-medium" in str(error.value.hint)


@pytest.mark.parametrize(
    "index",
    [
        [],
        {"a": 1},
        {"evil": {**described({"../../evil.onnx": b"", "evil.onnx.json": b""}), "name": "evil"}},
        {"evil": {**described({"/evil.onnx": b"", "evil.onnx.json": b""}), "name": "evil"}},
        {"evil": {**described({"evil.onnx": b""}), "name": "evil"}},
        {"evil": {"name": "evil", "files": {"evil.onnx": {}}}},
    ],
)
def test_a_malformed_index_is_refused(index: object) -> None:
    with pytest.raises(ToolError, match="Piper's index of voices is not as expected"):
        piper_voice("evil", index)


def test_an_index_that_is_no_json_is_named(server: BrokenServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTION, "voices.json", b"<html>")
    with pytest.raises(ToolError, match=r"voices\.json is not an index of Piper's voices"):
        fetch_voices("en_US-many-medium", server.url)


def test_a_folder_of_this_computer_will_do(tmp_path: Path) -> None:
    for name, data in COLLECTION.items():
        (tmp_path / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / name).write_bytes(data)
    assert fetch_voices("en_US-many-medium", str(tmp_path / "copy")).fetched
    with pytest.raises(ConfigError, match="does not exist"):
        fetch_voices("en_US-few-low", (tmp_path / "copy").as_uri())


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (CARD.decode(), "CC BY 4.0, http://www.openslr.org/141/"),
        ("* Licence: CC0", "CC0"),
        ("Language: en", "no licence is named: read its MODEL_CARD"),
        ("", "no licence is named: read its MODEL_CARD"),
    ],
)
def test_the_licence_is_read_from_the_card(text: str, licence: str) -> None:
    assert licence_of_card(text) == licence


# an archive


def archive_set(archive: bytes) -> VoiceSet:
    file = VoiceFile("voices-1.tgz", f"sha512:{hashlib.sha512(archive).hexdigest()}", len(archive))
    return dataclasses.replace(VOICE_SETS["gnuspeech"], files=(file,))


GOOD = tar_gz({"package/wasm/gnuspeech.wasm": b"program" * 100, "package/COPYING": b"GPL", "package/other.js": b"x"})


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The archive of a set, in a folder."""
    monkeypatch.setitem(voice_downloads.VOICE_SETS, "gnuspeech", archive_set(GOOD))
    (tmp_path / "voices-1.tgz").write_bytes(GOOD)
    return tmp_path / "voices-1.tgz"


@pytest.mark.parametrize("whole_name", [True, False])
def test_of_an_archive_only_the_named_files_are_kept(archive: Path, whole_name: bool) -> None:
    said = Said()
    report = fetch_voices("gnuspeech", str(archive if whole_name else archive.parent), progress=said)
    assert names(report.folder) == ["COPYING", "gnuspeech.wasm"]
    assert (report.folder / "gnuspeech.wasm").read_bytes() == b"program" * 100
    assert said.lines == ["licence of gnuspeech: GnuSpeech, GPL-3.0-or-later (its text is next to the program)"]
    assert not fetch_voices("gnuspeech", "http://nowhere.invalid/").fetched


def test_an_archive_without_the_file_is_refused(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tar_gz({"package/COPYING": b"GPL"})
    monkeypatch.setitem(voice_downloads.VOICE_SETS, "gnuspeech", archive_set(other))
    archive.write_bytes(other)
    with pytest.raises(ToolError, match=r"voices-1\.tgz contains no package/wasm/gnuspeech\.wasm"):
        fetch_voices("gnuspeech", str(archive))
    assert not [name for name in names(voices_dir("gnuspeech")) if name.startswith(".unpacking")]


def test_a_server_that_refuses_is_named(server: BrokenServer, archive: Path) -> None:
    server.answers.clear()
    server.answers.append(status(404))
    with pytest.raises(ToolError, match=r"cannot download voices-1\.tgz\.download"):
        fetch_voices("gnuspeech", server.url, sleep=no_sleep)


def test_a_member_that_leads_out_of_the_folder_is_refused(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    evil = gzip.compress(tar_of(member("package/wasm/gnuspeech.wasm", b"x"), member("../evil", b"x")))
    monkeypatch.setitem(voice_downloads.VOICE_SETS, "gnuspeech", archive_set(evil))
    archive.write_bytes(evil)
    with pytest.raises(ToolError):
        fetch_voices("gnuspeech", str(archive))
    assert not (voices_dir("gnuspeech").parent / "evil").exists()


# the data and the command


def test_every_set_has_https_addresses_and_strong_checksums() -> None:
    for each in VOICE_SETS.values():
        assert each.base.startswith("https://")
        assert each.licence
        for file in each.files:
            algorithm, _, digits = file.checksum.partition(":")
            assert len(digits) == 2 * hashlib.new(algorithm).digest_size
            assert algorithm in ("sha256", "sha512")
            assert file.size > 10_000


def test_an_existing_file_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"x")
    checked_download("http://nowhere.invalid/", tmp_path / "there", 5, "sha256:0")
    assert (tmp_path / "there").read_bytes() == b"x"


def test_the_command_fetches_and_lists(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fetch", "voices"]) == 0
    assert "GPL-3.0" in capsys.readouterr().out
    assert run(["fetch", "voices", "gnuspeech", "--url", str(archive), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["fetched"], report["engine"], report["files"]) == (True, "gnuspeech", ["gnuspeech.wasm", "COPYING"])
    assert run(["fetch", "voices", "gnuspeech"]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert run(["fetch", "voices", "--json"]) == 0
    assert {each["name"]: each["fetched"] for each in json.loads(capsys.readouterr().out)} == {
        "gnuspeech": True,
        "kokoro": False,
        "hibari": False,
    }
    assert run(["fetch", "speech_commands", "gnuspeech"]) == 2
