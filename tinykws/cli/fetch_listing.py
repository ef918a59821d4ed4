# SPDX-License-Identifier: Apache-2.0
"""fetch --list: the public data sets, with size, licence, contents and use."""

from __future__ import annotations

from tinykws.cli.console import print_json, table
from tinykws.cli.terminal import echo
from tinykws.training_data.public_datasets import PUBLIC_DATASETS

KEYS = (
    "name",
    "size",
    "licence",
    "is_free",
    "contents",
    "used_for",
    "goes_into",
    "page",
    "urls",
    "archive",
    "checksum",
)
"""Fields of a data set that are keys of `--json`."""


def list_datasets(*, as_json: bool) -> None:
    """Prints what can be fetched."""
    sets = PUBLIC_DATASETS.values()
    if as_json:
        print_json([{key: getattr(each, key) for key in KEYS} for each in sets])
        return
    echo(table(["name", "download", "contents"], [(each.name, each.size_text, each.contents) for each in sets]))
    echo("")
    echo(table(["name", "used for", "licence"], [(each.name, each.used_for, each.licence) for each in sets]))
    echo("\nvoices for synthetic clips: tinykws fetch voices")
