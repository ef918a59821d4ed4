# SPDX-License-Identifier: Apache-2.0
"""fetch voices: downloads voices, or lists those that can be downloaded."""

from __future__ import annotations

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.terminal import echo


def fetch_voice(voice: str | None, base: str, *, as_json: bool) -> None:
    """Downloads a set of voices and prints the result; without a name it lists the sets."""
    if voice is None:
        _list_voices(as_json=as_json)
        return
    from tinykws.stages.fetch_voices import fetch_voices

    report = fetch_voices(voice, base, progress=ConsoleProgress())
    if as_json:
        print_json(to_json(report))
        return
    if not report.fetched:
        echo(f"nothing to do: {report.name} was fetched into {report.folder} before ({report.licence})")
        return
    echo(f"{report.name}: {report.gives}, in {report.folder}")
    echo(f"licence: {report.licence}")
    echo(f"synth uses them if synth: engines in kws.yaml is auto or names {report.engine}")


def _list_voices(*, as_json: bool) -> None:
    from tinykws.speech.voice_downloads import PIPER_EXAMPLES, VOICE_SETS
    from tinykws.speech.voice_folders import voices_dir

    sets = list(VOICE_SETS.values())
    there = {each.name: all((voices_dir(each.engine) / file).is_file() for file in each.kept) for each in sets}
    if as_json:
        keys = ("name", "engine", "size", "licence", "gives")
        print_json([{**{key: getattr(each, key) for key in keys}, "fetched": there[each.name]} for each in sets])
        return
    rows = [
        (each.name, "yes" if there[each.name] else "no", f"{each.size / 1e6:.1f} MB", each.gives, each.licence)
        for each in sets
    ]
    echo(table(["voice", "fetched", "download", "gives", "licence"], rows))
    echo(f"and every voice of Piper's collection, such as {PIPER_EXAMPLES}; each shows its licence")
