# SPDX-License-Identifier: Apache-2.0
"""fetch: downloads public datasets: recorded words, speech, noise, music."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.fetch_listing import list_datasets
from tinykws.cli.fetch_voices import fetch_voice
from tinykws.cli.options import json_option, project_option
from tinykws.cli.terminal import echo
from tinykws.project.config import CONFIG_NAME
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.training_data.public_datasets import PUBLIC_DATASETS, PublicDataset

if TYPE_CHECKING:
    from tinykws.stages.fetch_corpus import FetchCorpusReport

VOICES = "voices"
"""Instead of a data set: voices for synthetic clips."""


@click.command()
@click.argument("name", required=False, type=click.Choice([*PUBLIC_DATASETS, VOICES]), metavar="[NAME]")
@click.argument("voice", required=False, metavar="[VOICE]")
@project_option
@click.option("--list", "is_list", is_flag=True, help="List what can be fetched: size, licence, contents and use.")
@click.option(
    "--into", "folder", type=click.Path(path_type=Path, file_okay=False), default=None,
    metavar="FOLDER",
    show_default="the project's data or negatives folder", help="Folder for the recordings; no project is needed then.",
)  # fmt: skip
@click.option("--add", is_flag=True, help="Add words to a folder that already holds recordings; replace no file.")
@click.option("--url", "urls", multiple=True, metavar="URL", show_default="the publisher's",
              help="Download the archive from this URL instead; file:// works too. Repeatable.")  # fmt: skip
@click.option("--sha256", default=None, metavar="HEX", show_default="the public archive's",
              help="Expected SHA-256 of the archive, 64 hex digits.")  # fmt: skip
@click.option("--accept-non-commercial", is_flag=True,
              help="Accept a licence that forbids commercial use (esc50).")  # fmt: skip
@json_option
def fetch(
    name: str | None,
    voice: str | None,
    project_dir: Path,
    is_list: bool,
    folder: Path | None,
    add: bool,
    urls: tuple[str, ...],
    sha256: str | None,
    accept_non_commercial: bool,
    as_json: bool,
) -> None:
    """Download public recordings, noise, or voices for synthetic clips.

    NAME is a public data set; --list shows all of them, with size, licence and use. Words (speech_commands,
    mini_speech_commands, common_voice_words) go into the project's data folder. Long speech (librispeech_…, dipco) goes
    into its negatives folder, as one recording with a list of its speakers; sentences that hold one of the project's
    words are left out. Noise and music (musan, esc50) go into the data folder's _background_noise_. The archive is
    checked before it is used. After a lost connection or Ctrl-C, the same command continues where it stopped. If
    everything is there already, it does nothing.

    `fetch voices` lists voices; `fetch voices VOICE` downloads one of them for all projects of this user: gnuspeech,
    kokoro, hibari, or a voice of Piper's collection by its name. The licence is shown first.

    \b
    Examples:
      tinykws fetch --list
      tinykws fetch mini_speech_commands --project hello
      tinykws fetch librispeech_dev_clean --project hello
      tinykws fetch musan --project hello
      tinykws fetch esc50 --project hello --accept-non-commercial
      tinykws fetch speech_commands --into ~/speech_commands
      tinykws fetch voices gnuspeech
      tinykws fetch voices kokoro
      tinykws fetch voices en_US-libritts_r-medium
      tinykws fetch speech_commands --url file:///media/usb/speech_commands_v0.02.tar.gz
    """
    if is_list:
        list_datasets(as_json=as_json)
        return
    if name is None:
        raise click.UsageError("Missing argument 'NAME'. `tinykws fetch --list` shows what can be fetched")
    if name == VOICES:
        fetch_voice(voice, urls[0] if urls else "", as_json=as_json)
        return
    if voice is not None:
        raise click.UsageError(f"{name} is a data set and takes no VOICE: {voice!r}")
    public_set = _wanted(PUBLIC_DATASETS[name], sha256)
    project = Project.load(project_dir) if folder is None or (project_dir / CONFIG_NAME).is_file() else None
    if public_set.has_words:
        _fetch_words(public_set, project, folder, urls, add=add, as_json=as_json)
    else:
        _fetch_recordings(public_set, project, folder, urls, accept=accept_non_commercial, as_json=as_json)


def _fetch_words(
    public_set: PublicDataset, project: Project | None, folder: Path | None, urls: tuple[str, ...],
    *, add: bool, as_json: bool,
) -> None:  # fmt: skip
    from tinykws.stages.fetch import fetch as fetch_set

    language = project.config.language if project else "en"
    target = _target(project, folder, "data")
    report = fetch_set(public_set, target, urls, add=add, language=language, progress=ConsoleProgress())
    if as_json:
        print_json(to_json(report))
        return
    total = sum(report.recordings.values())
    if not report.fetched:
        echo(f"nothing to do: {report.name}, {total:,} recordings, was fetched into {report.folder} before")
        return
    echo(table(["folder", "recordings"], report.recordings.items()))
    echo(f"{total:,} recordings in {report.folder}: {report.licence}")
    if report.kept:
        echo(f"left as they were: {len(report.kept)} files of yours, such as {report.kept[0]}")
    if folder:
        echo(f"to train with them, in kws.yaml: data: {report.folder}")


def _fetch_recordings(
    public_set: PublicDataset, project: Project | None, folder: Path | None, urls: tuple[str, ...],
    *, accept: bool, as_json: bool,
) -> None:  # fmt: skip
    from tinykws.stages.fetch_corpus import fetch_corpus

    report = fetch_corpus(
        public_set,
        _target(project, folder, public_set.goes_into),
        urls,
        words=project.config.words if project else (),
        accept_non_commercial=accept,
        progress=ConsoleProgress(),
    )
    if as_json:
        print_json(to_json(report))
        return
    _show_streams(report)
    if public_set.has_texts and project is None:
        echo("no project says which words to leave out: sentences that hold them count as false accepts")
    if folder:
        echo(f"to use them, in kws.yaml: {public_set.goes_into}: {report.folder}")


def _show_streams(report: FetchCorpusReport) -> None:
    if not report.fetched:
        echo(f"nothing to do: {report.name} was fetched into {report.folder} before ({report.licence})")
        return
    rows = [
        (one.file, f"{one.seconds / 60:.1f}", one.speakers or "-", one.left_out if report.without else "-")
        for one in report.streams
    ]
    echo(table(["recording", "minutes", "speakers", "sentences left out"], rows))
    if report.without:
        echo(f"left out: sentences with {', '.join(report.without)}")
    echo(f"in {report.folder}: {report.licence}")


def _target(project: Project | None, folder: Path | None, kind: str) -> Path:
    """Returns the folder that the user named, or else the project's."""
    if folder is not None or project is None:
        return folder or Path()
    return project.data_dir if kind == "data" else project.negatives_dir


def _wanted(public_set: PublicDataset, sha256: str | None) -> PublicDataset:
    """Returns the dataset, with the checksum that the user gave, if any. Raises ConfigError: not a SHA-256."""
    if sha256 is None:
        return public_set
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ConfigError(f"--sha256 {sha256!r} is not a SHA-256", hint="64 hex digits, as sha256sum prints them")
    return dataclasses.replace(public_set, sha256=sha256.lower(), size=None)
