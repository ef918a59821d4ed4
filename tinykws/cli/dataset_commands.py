# SPDX-License-Identifier: Apache-2.0
"""init, synth, prepare: from a list of words to a dataset."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import force_option, json_option, project_option
from tinykws.cli.run_stages import run_until
from tinykws.cli.stages_in_order import report_of
from tinykws.cli.terminal import echo
from tinykws.project.layout import Project
from tinykws.project.model_settings import SIZES

if TYPE_CHECKING:
    from tinykws.stages.audit import AuditReport
    from tinykws.stages.prepare import PrepareReport
    from tinykws.stages.synth import SynthReport


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--words", required=True, metavar="WORDS", help="The words to detect, separated by commas: yes,no or 'hey robot'."
)
@click.option(
    "--language", default="en", show_default=True, metavar="CODE", help="Language of the words, as espeak-ng names it."
)
@click.option(
    "--architecture",
    default=None,
    metavar="NAME",
    help="Network architecture; `tinykws architectures` lists them. By default ds_tcn, and --size auto for one word.",
)
@click.option(
    "--size",
    default=None,
    type=click.Choice(SIZES),
    help="Instead of --architecture: a network for streams; auto is the largest that the board allows.",
)
@click.option(
    "--for",
    "purpose",
    default=None,
    type=click.Choice(["esphome"]),
    help="esphome: settings with which `tinykws export esphome` makes wake words for ESPHome.",
)
def init(
    directory: Path, words: str, language: str, architecture: str | None, size: str | None, purpose: str | None
) -> None:
    """Create a project: kws.yaml and folders for recordings.

    DIRECTORY is the project's folder, by default the current one. WORDS are single words or short phrases, in any
    language that espeak-ng can synthesize. A single one is a wake word, and gets a network for streams.

    \b
    Examples:
      tinykws init --words yes,no
      tinykws init robot --words "hey robot"
      tinykws init russisch --words да,нет --language ru
      tinykws init hello --words computer --size small
      tinykws init voice_pe --words "hey robot" --for esphome
    """
    from tinykws.stages.init import init as init_project

    project = init_project(directory, words.split(","), language, architecture, size, purpose=purpose)
    echo(f"wrote {project.root / 'kws.yaml'}")
    for label in project.config.labels[2:]:
        echo(f"  recordings of {label.text!r}, where you have any, go into {project.data_dir / label.name}/")
    where = "" if directory == Path() else f" --project {shlex.quote(str(directory))}"
    command = "export esphome wake_words --rebuild" if purpose else "build --board qemu-cortex-m4"
    echo(f"next: tinykws {command}{where}   (words without recordings are synthesized)")


@click.command()
@project_option
@force_option
@json_option
def synth(project_dir: Path, force: bool, as_json: bool) -> None:
    """Synthesize clips of the words, and of similar words.

    The clips go to build/synth/. All text-to-speech engines that are installed and speak the language make them,
    or those that kws.yaml names: `synth: {engines: [espeak, flite]}`. `tinykws doctor` shows which engines are
    installed, and what installs the others; `tinykws fetch voices` downloads voices.

    \b
    Examples:
      tinykws synth --project hello
      tinykws synth --force --json
    """
    project = Project.load(project_dir)
    run_until(project, "synth", ConsoleProgress(), force=force)
    report: SynthReport = report_of(project, "synth")
    if as_json:
        print_json(to_json(report))
    elif report.clips:
        texts = {label.name: label.text for label in project.config.labels}
        accents = f" in {len(report.accents)} accents" if report.accents else ""
        echo(f"spoken into {project.synth_dir} by {report.voices} voices{accents}")
        echo(table(["word", "clips"], [(texts[name], count) for name, count in report.clips.items()]))
        if len(report.engines) > 1:
            rows = [(one.name, one.voices, one.clips, one.version) for one in report.engines]
            echo(table(["engine", "voices", "clips", "version"], rows))


@click.command()
@project_option
@force_option
@json_option
@click.option(
    "--audit", is_flag=True, help="Also list suspicious recordings, and write a page to inspect and play them."
)
@click.option("--leave-out", multiple=True, metavar="KIND",
              help="With --audit: add suspicious recordings of this kind (cut, label, …) to data/ignore_list.txt."
              " Repeatable.")  # fmt: skip
def prepare(project_dir: Path, force: bool, as_json: bool, audit: bool, leave_out: tuple[str, ...]) -> None:
    """Turn recorded and synthetic clips into a dataset.

    Reads data/ and build/synth/, and writes the features of every clip to build/dataset/. data/ has the layout of
    Speech Commands: one folder per word, with WAV, FLAC, MP3, OGG or other files of any sample rate, also in a folder
    for each speaker. Folders that are not one of your words become "unknown"; a folder that may be one is refused.
    Noise in _background_noise_/ is mixed in. validation_list.txt and testing_list.txt set the splits. Recordings that
    are not used are listed with the reason; so are those in ignore_list.txt.

    \b
    Examples:
      tinykws prepare --project hello
      tinykws prepare --audit
      tinykws prepare --audit --leave-out cut --leave-out label
    """
    if leave_out and not audit:
        raise click.UsageError("--leave-out needs --audit")
    project = Project.load(project_dir)
    run_until(project, "prepare", ConsoleProgress(), force=force)
    if audit:
        _audit(project, leave_out, as_json)
        return
    report: PrepareReport = report_of(project, "prepare")
    if as_json:
        print_json(to_json(report))
    else:
        splits = report.counts.values()
        rows = [(label.text, *(counts[label.name] for counts in splits)) for label in project.config.labels]
        echo(table(["word", *report.counts], rows))
        echo(_describe_recordings(report, project))


def _describe_recordings(report: PrepareReport, project: Project) -> str:
    """Returns which folder became which label, and which recordings are not used."""
    from tinykws.training_data.checked_recordings import summary_of_folders, summary_of_lines, summary_of_unused
    from tinykws.training_data.dataset import SKIPPED, SURPLUS
    from tinykws.training_data.folder_walk import UnusedFile
    from tinykws.training_data.long_words import summary_of_long_words

    texts = {label.name: label.text for label in project.config.labels}
    lines = [f"{len(report.skipped)} files left out, {report.noise_seconds:.0f} s of noise to mix in"]
    lines += [f"  {line}" for line in summary_of_unused([UnusedFile(*one) for one in report.skipped])]
    if report.skipped:
        lines.append(f"  all of them: {project.dataset_dir / SKIPPED}")
    surplus = ", ".join(f"{count:,} of {texts[name]!r}" for name, count in report.surplus.items())
    if surplus:
        lines.append(f"not needed, because there are enough: {surplus}; {project.dataset_dir / SURPLUS} lists them")
    lines += summary_of_long_words(report.long_words, project.config.labels, project.config.frontend.clip_ms)
    lines += [*report.notes, *(summary_of_lines(*one) for one in report.unmatched_lines.items())]
    if report.folders:
        lines.append(f"{project.data_dir}: {summary_of_folders(report.folders, texts)}")
    return "\n".join(lines)


def _audit(project: Project, leave_out: tuple[str, ...], as_json: bool) -> None:
    from tinykws.stages.audit import audit

    report = audit(project, leave_out=leave_out, progress=ConsoleProgress())
    if as_json:
        print_json(to_json(report))
    else:
        echo(_describe_audit(report, project))


def _describe_audit(report: AuditReport, project: Project) -> str:
    from tinykws.training_data.recording_quality import KINDS

    by_kind = {kind: [one for one in report.suspicious if one.kind == kind] for kind in KINDS}
    rows = [
        (kind, meaning, len(by_kind[kind]), f"{by_kind[kind][0].source}: {by_kind[kind][0].words}")
        for kind, meaning in KINDS.items()
        if by_kind[kind]
    ]
    lines = [f"{report.clips} recordings, {len({one.source for one in report.suspicious})} of them suspicious"]
    if rows:
        lines.append(table(["kind", "meaning", "clips", "the worst"], rows))
    if not report.labels_checked:
        lines.append("labels were not checked: too few speakers")
    lines.append(f"look and listen: {report.page}")
    if report.left_out:
        lines.append(f"{report.left_out} put into {project.data_dir / 'ignore_list.txt'}")
    return "\n".join(lines)
