# SPDX-License-Identifier: Apache-2.0
"""export: the model as C for programs that tinykws does not build."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykws.cli.boards_and_ports import board_of
from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.export_esphome import check_files, esphome_options, esphome_request, run_export_esphome
from tinykws.cli.options import BoardId, bundle_option, json_option, project_option, rebuild_option
from tinykws.cli.terminal import echo
from tinykws.cli.workplace import workplace
from tinykws.exports.export_folder import refuse_other_content
from tinykws.exports.exporters import EXPORTERS, exporter_of
from tinykws.stages.export import export as export_bundle
from tinykws.stages.export_esphome import FORM as ESPHOME
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from tinykws.stages.export import ExportReport


@click.command()
@click.argument("form", metavar="FORM", type=click.Choice((*EXPORTERS, ESPHOME)))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path), required=False)
@project_option
@bundle_option
@click.option("--engine", type=click.Choice(["aot", "tflm"]), default="aot", show_default=True,
              help="What runs the model; exports have C code compiled ahead of time (aot) only.")  # fmt: skip
@click.option("--board", "board_id", type=BoardId(), default=None, metavar="BOARD", show_default="a common Cortex-M4",
              help="Lay the model out for this board's core, RAM and flash; the C runs on others, too.")  # fmt: skip
@esphome_options
@rebuild_option
@json_option
def export(
    form: str, folder: Path | None, project_dir: Path, bundle_dir: Path | None, engine: str, board_id: str | None,
    checked: tuple[Path, ...], rebuild: bool, as_json: bool, **of_esphome: Any,
) -> int:  # fmt: skip
    """Export the model as C for programs of your own, or as wake words for ESPHome.

    FORM is c (a plain folder with CMakeLists.txt), arduino (a library .zip for the Arduino IDE), esp-idf (a component)
    or zephyr (a module). DIR becomes the export: a new folder, or that of an earlier export of the same form. The C is
    front-end, model and detector behind one header, tinykws.h, with an example and a self-test that gives the golden
    scores.

    FORM esphome makes a streaming model and a manifest of each word for ESPHome's micro_wake_word. Cutoff and window
    are chosen on the project's clips and negatives; report.md has recall and false accepts per hour of every cutoff.

    \b
    Examples:
      tinykws export c my_program/tinykws
      tinykws export arduino arduino_library --project hello
      tinykws export zephyr modules/tinykws --board nano33ble
      tinykws export esphome custom_wake_words --project voice_pe
      tinykws export esphome --check okay_nabu.json
    """
    is_esphome = form == ESPHOME
    request = esphome_request(of_esphome, checked, is_esphome=is_esphome)
    if checked:
        return check_files(checked, as_json=as_json)
    if folder is None:
        raise click.UsageError(f"name the folder to write: tinykws export {form} DIR")
    if is_esphome:
        if engine != "aot" or board_id is not None:
            raise click.UsageError("--engine and --board have no meaning for esphome: ESPHome runs the model itself")
        refuse_other_content(folder, form)
    else:
        refuse_other_content(folder, exporter_of(form, engine).name)
    board = None if board_id is None else board_of(project_dir, board_id)
    if bundle_dir is None and not rebuild:
        _refuse_without_model(project_dir)
    progress = ConsoleProgress()
    place = workplace(project_dir, bundle_dir, progress, rebuild=rebuild, hold=rebuild)
    if is_esphome:
        run_export_esphome(place, folder, request, progress, as_json=as_json)
        return 0
    report = export_bundle(place.bundle, form, folder, engine=engine, board=board, progress=progress)
    if as_json:
        print_json(to_json(report))
    else:
        echo(_describe(report))
    return 0


def _refuse_without_model(project_dir: Path) -> None:
    """Raises ConfigError for a project that has no bundle: an export trains nothing unless it is asked to."""
    if (project_dir / "kws.yaml").is_file() and not (project_dir / "build" / "bundle").is_dir():
        raise ConfigError(
            f"there is no model in {project_dir} yet",
            hint=f"make it: tinykws tune --project {shlex.quote(str(project_dir))}   (runs the stages before it, too)\n"
            "or name a bundle: --bundle FOLDER",
        )


def _describe(report: ExportReport) -> str:
    changed = len(report.changes.written) + len(report.changes.removed)
    state = f"{changed} of {len(report.files)} files new or changed" if changed else "up to date"
    return (
        f"export: {report.path}: {state}, {report.form}, engine {report.engine}, model {report.model_id}\n"
        f"RAM of one instance: {report.memory_bytes:,} bytes; flash of the model's constants: {report.constant_bytes:,}"
        f" bytes, code comes on top\n"
        f"stream: {report.stream}"
    )
