# SPDX-License-Identifier: Apache-2.0
"""fetch voices: downloads voices of a text-to-speech engine into the user's cache, for all projects.

Every file is checked before it gets its name; a broken download continues where it stopped. What is there already is
not asked for again.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tinykws.speech.voice_downloads import PIPER_BASE, PIPER_INDEX, VOICE_SETS, VoiceSet, licence_of_card, piper_voice
from tinykws.speech.voice_folders import voices_dir
from tinykws.support.archives import unpack
from tinykws.support.checked_download import checked_download, local_path
from tinykws.support.download import Sleep, check_url, download
from tinykws.support.errors import ToolError
from tinykws.support.files import made_folder
from tinykws.support.progress import SILENT, Progress

LARGEST_INDEX_BYTES = 10_000_000
UNPACKED_FACTOR = 10
"""An archive of voices does not grow by more."""


@dataclasses.dataclass(frozen=True)
class FetchVoicesReport:
    """The result of fetching voices."""

    name: str
    engine: str
    """The text-to-speech engine that has them now."""
    folder: Path
    fetched: bool
    """False if they were there already."""
    files: tuple[str, ...]
    licence: str
    gives: str


def fetch_voices(
    name: str, base: str = "", *, progress: Progress = SILENT, sleep: Sleep = time.sleep
) -> FetchVoicesReport:
    """Downloads a set of voices.

    Args:
        name: `gnuspeech`, `kokoro`, `hibari`, or a voice of Piper's collection.
        base: address or folder of a copy, instead of the public one.
        progress: shows the licence, then the downloads.
        sleep: waits between attempts.

    Raises:
        ConfigError: there is no such voice; the disk is full or not writable.
        ToolError: a file did not arrive, or is not the expected one.
    """
    if (present := _present_piper_voice(name)) is not None:
        return present
    voices = VOICE_SETS.get(name) or piper_voice(name, _piper_index(base or PIPER_BASE, progress, sleep))
    folder = made_folder(voices_dir(voices.engine))
    names = tuple(file if file != voices.card else _card_name(voices.name) for file in voices.kept)
    if all((folder / file).is_file() for file in names):
        return _report(voices, folder, names, fetched=False)
    if voices.licence:
        progress.say(f"licence of {voices.name}: {voices.licence}")
    if voices.members:
        _fetch_archive(voices, base, folder, progress, sleep)
    else:
        _fetch_files(voices, base, folder, progress, sleep)
    return _report(voices, folder, names, fetched=True)


def _fetch_files(voices: VoiceSet, base: str, folder: Path, progress: Progress, sleep: Sleep) -> None:
    for file in voices.files:
        is_card = file.name == voices.card
        path = folder / (_card_name(voices.name) if is_card else file.name)
        url = _address(base or voices.base, file.address)
        checked_download(url, path, file.size, file.checksum, progress=progress, sleep=sleep)
        if is_card:
            progress.say(f"licence of {voices.name}: {licence_of_card(_text_of(path))}")


def _fetch_archive(voices: VoiceSet, base: str, folder: Path, progress: Progress, sleep: Sleep) -> None:
    [file] = voices.files
    archive = folder / file.name
    url = base if base.endswith(file.name) else _address(base or voices.base, file.address)
    checked_download(url, archive, file.size, file.checksum, progress=progress, sleep=sleep)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as temporary:
        unpack(archive, Path(temporary), UNPACKED_FACTOR * file.size)
        for member, name in voices.members.items():
            if not (Path(temporary) / member).is_file():
                raise ToolError(f"{file.name} contains no {member}")
            (Path(temporary) / member).replace(folder / name)
    archive.unlink()


def _piper_index(base: str, progress: Progress, sleep: Sleep) -> Any:
    """Returns the voices.json of Piper's collection, as it is now."""
    url = _address(base, PIPER_INDEX)
    with tempfile.TemporaryDirectory(prefix="tinykws-") as temporary:
        path = local_path(url) or Path(temporary) / PIPER_INDEX
        if local_path(url) is None:
            check_url(url)
            download([url], path, progress=progress, sleep=sleep)
        try:
            if path.stat().st_size > LARGEST_INDEX_BYTES:
                raise ValueError("it is too large")
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ToolError(f"{url} is not an index of Piper's voices: {error}") from error


def _present_piper_voice(name: str) -> FetchVoicesReport | None:
    """Returns the report for a voice of Piper that is there; asking the collection would need the network."""
    folder = voices_dir("piper")
    names = (f"{name}.onnx", f"{name}.onnx.json")
    if name in VOICE_SETS or Path(name).name != name or not all((folder / each).is_file() for each in names):
        return None
    card = folder / _card_name(name)
    licence = licence_of_card(_text_of(card)) if card.is_file() else ""
    return FetchVoicesReport(name, "piper", folder, False, names, licence, "")


def _report(voices: VoiceSet, folder: Path, names: tuple[str, ...], *, fetched: bool) -> FetchVoicesReport:
    licence = voices.licence or licence_of_card(_text_of(folder / _card_name(voices.name)))
    return FetchVoicesReport(voices.name, voices.engine, folder, fetched, names, licence, voices.gives)


def _address(base: str, address: str) -> str:
    return f"{base.rstrip('/')}/{address}"


def _card_name(voice: str) -> str:
    return f"{voice}.MODEL_CARD"


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
