# SPDX-License-Identifier: Apache-2.0
"""Unpacking: good archives come out byte for byte, damaged and evil ones leave nothing outside and say why."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from archives_in_memory import member, tar_gz, tar_of, zipped

from tinykws.support import archives
from tinykws.support.archives import unpack
from tinykws.support.errors import ToolError

FILES = {
    "yes/0a_nohash_0.wav": np.random.default_rng(1).bytes(32044),
    "no/0b_nohash_0.wav": np.random.default_rng(2).bytes(1024),
    "_background_noise_/hum.wav": np.random.default_rng(3).bytes(archives.BLOCK + 1),
    "validation_list.txt": b"yes/0a_nohash_0.wav\n",
    "empty.txt": b"",
}
LIMIT = 10_000_000


class Unpacker:
    def __init__(self, top: Path) -> None:
        self.top, self.folder = top, top / "in" / "here"
        self.folder.mkdir(parents=True)

    def __call__(self, data: bytes, limit: int = LIMIT) -> dict[str, bytes]:
        archive = self.top / "set.archive"
        archive.write_bytes(data)
        self.told: list[int] = []
        count = unpack(archive, self.folder, limit, self.told.append)
        found = self.files(self.folder)
        assert count == len(found)
        return found

    def refuses(self, data: bytes, limit: int = LIMIT) -> str:
        with pytest.raises(ToolError) as error:
            self(data, limit)
        outside = {name for name in self.files(self.top) if not name.startswith("in/here/")}
        assert outside == {"set.archive"}
        assert not any(path.is_symlink() for path in self.top.rglob("*"))
        return error.value.message

    @staticmethod
    def files(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def unpacked(tmp_path: Path) -> Unpacker:
    return Unpacker(tmp_path)


@pytest.mark.parametrize("pack", [tar_gz, zipped, lambda files: zipped(files, method=zipfile.ZIP_STORED)])
def test_good_archives_come_out_as_they_went_in(unpacked: Unpacker, pack: Callable[..., bytes]) -> None:
    data = pack(FILES)
    assert unpacked(data) == FILES
    assert unpacked.told == sorted(unpacked.told)
    assert len(data) / 2 < unpacked.told[-2] <= unpacked.told[-1] == len(data)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_forms_of_tar_with_long_names(unpacked: Unpacker, form: int) -> None:
    name = "/".join(["folder" * 10] * 3) + "/ä.wav"
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=form) as tar:
        info, content = member(name, b"sound")
        tar.addfile(info, content)
    assert unpacked(gzip.compress(raw.getvalue())) == {name: b"sound"}


def test_what_macos_adds_is_left_out(unpacked: Unpacker) -> None:
    litter = {"__MACOSX/yes/._a.wav": b"x", "yes/._a.wav": b"x", ".DS_Store": b"x", "yes/.DS_Store": b"x"}
    assert unpacked(zipped({**litter, **FILES})) == FILES


def test_nothing_but_content_is_taken(unpacked: Unpacker) -> None:
    info, content = member("yes/a.wav", b"sound")
    info.mode, info.uid, info.mtime = 0o6777, 0, 1
    assert unpacked(gzip.compress(tar_of((info, content)))) == {"yes/a.wav": b"sound"}
    status = (unpacked.folder / "yes" / "a.wav").stat()
    assert not stat.S_IMODE(status.st_mode) & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR | stat.S_IWOTH)
    assert status.st_mtime > 1


EVIL_NAMES = [
    "../evil.wav", "yes/../../evil.wav", "yes/..", "/tmp/evil.wav", "//evil.wav", "C:\\evil.wav", "C:/evil.wav",
    "..\\evil.wav", "yes\\..\\..\\evil.wav", "yes/a\n.wav", "yes/a\x1b[2J.wav", "a:stream",
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_names_that_lead_out_or_hide_refuse_the_archive(unpacked: Unpacker, name: str) -> None:
    assert "a name that is not safe" in unpacked.refuses(gzip.compress(tar_of(member(name, b"evil"))))
    assert "a name that is not safe" in unpacked.refuses(zipped({name: b"evil"}))


LONG_NAMES = ["x" * 300 + ".wav", "ä" * 130 + ".wav", "a/" * 2000 + "b.wav", "/".join(["folder" * 20] * 10) + "/a.wav"]


@pytest.mark.parametrize("name", LONG_NAMES, ids=["long", "long in bytes", "deep", "long path"])
def test_names_too_long_for_a_file_system_refuse_the_archive(unpacked: Unpacker, name: str) -> None:
    for data in (gzip.compress(tar_of(member(name, b"sound"))), zipped({name: b"sound"})):
        message = unpacked.refuses(data)
        assert "too long" in message
        assert len(message) < 200


KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "fifo": tarfile.FIFOTYPE,
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_links_and_devices_refuse_the_archive(unpacked: Unpacker, kind: bytes) -> None:
    evil = tar_of(member("yes", kind=kind, link=str(unpacked.top)), member("yes/evil.wav", b"evil"))
    assert "neither file nor folder" in unpacked.refuses(gzip.compress(evil))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_in_a_zip_refuse_it(unpacked: Unpacker, mode: int) -> None:
    assert "neither file nor folder" in unpacked.refuses(zipped({"yes": b"/etc/passwd"}, mode=mode | 0o777))


def test_a_link_that_is_in_the_folder_already_is_not_written_through(unpacked: Unpacker) -> None:
    victim = unpacked.top / "set.archive"
    (unpacked.folder / "a.wav").symlink_to(victim)
    data = gzip.compress(tar_of(member("a.wav", b"evil")))
    with pytest.raises(ToolError, match="a name twice"):
        unpacked(data)
    assert victim.read_bytes() == data


@pytest.mark.parametrize(
    "names", [("a.wav", "a.wav"), ("a.wav", "./a.wav"), ("a", "a/b.wav"), ("a/b.wav", "a"), (".",)]
)
def test_a_name_that_comes_twice_refuses_the_archive(unpacked: Unpacker, names: tuple[str, ...]) -> None:
    evil = tar_of(*(member(name, name.encode()) for name in names))
    assert "a name twice" in unpacked.refuses(gzip.compress(evil))


def test_a_file_twice_in_a_zip_refuses_it(unpacked: Unpacker) -> None:
    twice = zipped({"a.wav": b"1", "b.wav": b"2"}).replace(b"b.wav", b"a.wav")
    assert "a name twice" in unpacked.refuses(twice)


# --- bombs


@pytest.mark.parametrize("pack", [tar_gz, zipped])
def test_it_unpacks_to_no_more_than_the_limit(unpacked: Unpacker, pack: Callable[..., bytes]) -> None:
    files = {f"yes/{index}.wav": bytes(100_000) for index in range(10)}
    assert "far more than this data set has" in unpacked.refuses(pack(files), 999_999)
    assert sum(map(len, unpacked.files(unpacked.folder).values())) <= 999_999


def test_exactly_the_limit_is_good(unpacked: Unpacker) -> None:
    assert len(unpacked(tar_gz({"yes/a.wav": bytes(1000)}), 1000)) == 1


def test_a_tail_of_zeros_is_bounded_too(unpacked: Unpacker) -> None:
    bomb = gzip.compress(tar_gz_inside() + bytes(3 * LIMIT))
    assert "far more than this data set has" in unpacked.refuses(bomb)


def tar_gz_inside() -> bytes:
    return tar_of(member("yes/a.wav", b"sound"))


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_would_fill_the_memory_is_refused(unpacked: Unpacker, kind: bytes) -> None:
    bomb = tar_of(member("x", bytes(archives.MAX_READ_BYTES + 512), kind=kind), member("yes/a.wav", b"sound"))
    assert "a header of 4,194,816 bytes" in unpacked.refuses(gzip.compress(bomb))


def test_no_archive_has_more_members_than_the_limit(unpacked: Unpacker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    assert "more than 3 files" in unpacked.refuses(tar_gz(FILES))


# --- damage


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"<!DOCTYPE html><title>Please log in</title>", b"RIFF....WAVE", bytes(1000)],
)
def test_what_is_no_archive_is_refused(unpacked: Unpacker, data: bytes) -> None:
    said = unpacked.refuses(data)
    assert said.startswith("set.archive is neither a .tar.gz nor a .zip: it begins with b")


@pytest.mark.parametrize("pack", [tar_gz, zipped])
@pytest.mark.parametrize("part", [0.001, 0.1, 0.5, 0.9, 0.9999])
def test_a_truncated_archive_is_damaged(unpacked: Unpacker, pack: Callable[..., bytes], part: float) -> None:
    data = pack(FILES)
    assert "is damaged" in unpacked.refuses(data[: max(4, int(len(data) * part))])


@pytest.mark.parametrize("pack", [tar_gz, zipped])
def test_no_changed_bit_goes_unnoticed_in_content(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    """Whatever is changed, the outcome is the files as they were or a ToolError, never another error or content."""
    data = pack(FILES)
    random = np.random.default_rng(7)
    refused = 0
    for index in range(150):
        damaged = bytearray(data)
        # Half of the changes near the end, where a zip has its table and gzip its checksum.
        at = random.integers(len(data)) if index % 2 else len(data) - 1 - random.integers(400)
        damaged[at] ^= 1 << random.integers(8)
        unpacker = Unpacker(tmp_path / str(index))
        try:
            found = unpacker(bytes(damaged))
        except ToolError:
            refused += 1
        else:
            assert set(found.values()) <= set(FILES.values())
    assert refused > 100


def test_a_header_that_cannot_be_read_is_not_taken_for_the_end(unpacked: Unpacker) -> None:
    raw = bytearray(tar_of(*(member(name, content) for name, content in FILES.items())))
    second = 512 + -(-len(FILES["yes/0a_nohash_0.wav"]) // 512) * 512
    raw[second + 150] ^= 1  # its checksum
    assert "something follows its last file" in unpacked.refuses(gzip.compress(bytes(raw)))


def test_a_zip_in_an_unusual_way_is_refused(unpacked: Unpacker) -> None:
    assert "unusual" in unpacked.refuses(zipped(FILES, method=zipfile.ZIP_LZMA))


def test_an_encrypted_zip_is_refused(unpacked: Unpacker) -> None:
    data = bytearray(zipped({"a.wav": b"sound"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    assert "encrypted" in unpacked.refuses(bytes(data))
