# SPDX-License-Identifier: Apache-2.0
"""Archives built in memory, valid or malformed."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

Member = tuple[tarfile.TarInfo, io.BytesIO]


def member(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode = len(content), kind, link, 0o777
    return info, io.BytesIO(content)


def tar_of(*members: Member) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, content)
    return raw.getvalue()


def tar_gz(files: dict[str, bytes]) -> bytes:
    folders = [member("./", kind=tarfile.DIRTYPE), member("./yes", kind=tarfile.DIRTYPE)]
    return gzip.compress(tar_of(*folders, *(member(f"./{name}", content) for name, content in files.items())))


def zipped(files: dict[str, bytes], mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, method
            archive.writestr(info, content)
    return raw.getvalue()
