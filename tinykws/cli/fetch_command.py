# SPDX-License-Identifier: Apache-2.0
"""fetch: downloads public datasets of recorded words."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.fetch_voices import fetch_voice
from tinykws.cli.options import json_option, project_option
from tinykws.cli.terminal import echo
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.training_data.public_datasets import PUBLIC_DATASETS, PublicDataset

VOICES = "voices"
"""Instead of a data set: voices for synthetic clips."""


@click.command()
@click.argument("name", type=click.Choice([*PUBLIC_DATASETS, VOICES]), metavar="NAME")
@click.argument("voice", required=False, metavar="[VOICE]")
@project_option
@click.option(
    "--into", "folder", type=click.Path(path_type=Path, file_okay=False), default=None,
    metavar="FOLDER",
    show_default="the project's data folder", help="Folder for the recordings; no project is needed then.",
)  # fmt: skip
@click.option("--add", is_flag=True, help="Add to a folder that already holds recordings; replace no file.")
@click.option("--url", "urls", multiple=True, metavar="URL", show_default="the publisher's",
              help="Download the archive from this URL instead; file:// works too. Repeatable.")  # fmt: skip
@click.option("--sha256", default=None, metavar="HEX", show_default="the public archive's",
              help="Expected SHA-256 of the archive, 64 hex digits.")  # fmt: skip
@json_option
def fetch(
    name: str,
    voice: str | None,
    project_dir: Path,
    folder: Path | None,
    add: bool,
    urls: tuple[str, ...],
    sha256: str | None,
    as_json: bool,
) -> None:
    """Download recorded clips, or voices for synthetic clips.

    NAME is speech_commands (2.4 GB, 35 words) or mini_speech_commands (182 MB, 8 words). The archive is checked and
    unpacked into the project's data folder, in the layout that `prepare` reads. After a lost connection or Ctrl-C, the
    same command continues where it stopped. If everything is there already, it does nothing.

    `fetch voices` lists voices; `fetch voices VOICE` downloads one of them for all projects of this user: gnuspeech,
    hibari, or a voice of Piper's collection by its name. The licence is shown first.

    \b
    Examples:
      tinykws fetch mini_speech_commands --project hello
      tinykws fetch speech_commands --into ~/speech_commands
      tinykws fetch voices gnuspeech
      tinykws fetch voices en_US-libritts_r-medium
      tinykws fetch speech_commands --url file:///media/usb/speech_commands_v0.02.tar.gz
    """
    if name == VOICES:
        fetch_voice(voice, urls[0] if urls else "", as_json=as_json)
        return
    if voice is not None:
        raise click.UsageError(f"{name} is a data set and takes no VOICE: {voice!r}")
    from tinykws.stages.fetch import fetch as fetch_set

    target = folder or Project.load(project_dir).data_dir
    report = fetch_set(_wanted(PUBLIC_DATASETS[name], sha256), target, urls, add=add, progress=ConsoleProgress())
    if as_json:
        print_json(to_json(report))
        return
    total = sum(report.recordings.values())
    if not report.fetched:
        echo(f"nothing to do: {name}, {total:,} recordings, was fetched into {report.folder} before")
        return
    echo(table(["folder", "recordings"], report.recordings.items()))
    echo(f"{total:,} recordings in {report.folder}: {report.licence}")
    if report.kept:
        echo(f"left as they were: {len(report.kept)} files of yours, such as {report.kept[0]}")
    if folder:
        echo(f"to train with them, in kws.yaml: data: {report.folder}")


def _wanted(public_set: PublicDataset, sha256: str | None) -> PublicDataset:
    """Returns the dataset, with the checksum that the user gave, if any. Raises ConfigError: not a SHA-256."""
    if sha256 is None:
        return public_set
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ConfigError(f"--sha256 {sha256!r} is not a SHA-256", hint="64 hex digits, as sha256sum prints them")
    return dataclasses.replace(public_set, sha256=sha256.lower(), size=None)
