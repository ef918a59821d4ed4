"""generate, build, verify, boards: from a bundle to firmware, and to a verdict on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import board_option, bundle_option, engine_option, json_option, project_option
from tinykws.cli.pipeline import Workplace, workplace

if TYPE_CHECKING:
    from tinykws.boards import Board
    from tinykws.stages.build import BuildReport


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
def generate(project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None) -> None:
    """Render the PlatformIO project for a board, without compiling it.

    \b
    Example: tinykws generate --board nano33ble --project hello
    """
    board = _board(project_dir, board_id)
    place = workplace(project_dir, bundle_dir, ConsoleProgress())
    click.echo(f"project: {_generate(place, board, engine)}")


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@json_option
@click.option("--no-compile", is_flag=True, help="Stop before PlatformIO: render the project only.")
def build(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, as_json: bool, no_compile: bool
) -> None:
    """Make firmware for a board: runs whatever is missing, from speaking the words to compiling.

    \b
    Examples:
      tinykws build --board qemu-cortex-m4
      tinykws build --board nano33ble --engine aot
      tinykws build --board nano33ble --no-compile
    """
    board = _board(project_dir, board_id)
    place = workplace(project_dir, bundle_dir, ConsoleProgress())
    folder = _generate(place, board, engine)
    if no_compile:
        click.echo(f"project: {folder}")
        return
    report = _build(folder, board)
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(_describe_build(report))


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@click.option("--port", default=None, help="The board's serial port; emulated boards need none.")
@click.option("--json", "json_file", type=click.File("w", lazy=True), default=None, help="Write the report here; - is stdout.")
@click.option("--sample", type=click.IntRange(min=1), default=None, metavar="N",
              help="Verify N of the project's testing clips.")  # fmt: skip
@click.option("--min-accuracy", type=click.FloatRange(0, 1), default=0.0, help="FAIL below this share of right labels.")
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True))
def verify(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None,
    json_file: click.utils.LazyFile | None, sample: int | None, min_accuracy: float, clips: tuple[Path, ...],
) -> int:  # fmt: skip
    """Send clips to a device and compare features, scores and detections with the host's, bit for bit.

    CLIPS are audio files or folders of them; the folder's name is the expected label. Without any, the bundle's
    golden clips are used, or --sample of the project's testing clips. The last line is PASS or FAIL; the exit
    code 0 or 1.

    \b
    Examples:
      tinykws verify --board qemu-cortex-m4
      tinykws verify --board host data/yes/*.wav --json report.json
      tinykws verify --board qemu-cortex-m4 --sample 50 --min-accuracy 0.9
    """
    raise NotImplementedError


@click.command()
@project_option
@json_option
def boards(project_dir: Path, as_json: bool) -> None:
    """List the boards: the rows of boards.yaml, with those of the project's own boards.yaml.

    \b
    Example: tinykws boards --json
    """
    import dataclasses

    rows = _boards(project_dir)
    if as_json:
        print_json([dataclasses.asdict(board) for board in rows.values()])
        return
    cells = ([b.id, b.name, b.mcu, b.engine, b.microphone.part or b.microphone.kind] for b in rows.values())
    click.echo(table(["board", "name", "chip", "engine", "microphone"], cells))


def _boards(project_dir: Path) -> dict[str, Board]:
    from tinykws.boards import load_boards

    return load_boards(project_dir / "boards.yaml")


def _board(project_dir: Path, board_id: str) -> Board:
    from tinykws.boards import find_board

    return find_board(board_id, _boards(project_dir))


def _generate(place: Workplace, board: Board, engine: str | None) -> Path:
    from tinykws.stages.generate import generate as generate_project

    folder = place.firmware_dir(board.id)
    project = generate_project(place.bundle, board, engine, folder, ConsoleProgress())
    changed = len(project.changes.written) + len(project.changes.removed)
    state = f"{changed} of {len(project.files)} files new or changed" if changed else "up to date"
    click.echo(f"generate: {state}, engine {project.engine}, model {place.bundle.model_id}", err=True)
    return folder


def _build(folder: Path, board: Board) -> BuildReport:
    from tinykws.stages.build import build as build_project

    click.echo(f"build: PlatformIO compiles {folder}", err=True)
    return build_project(folder, board, ConsoleProgress())


def _describe_build(report: BuildReport) -> str:
    rows = [
        (kind, f"{used:,}", f"{limit:,}" if limit else "-", f"{100 * used / limit:.1f} %" if limit else "-")
        for kind, used, limit in (
            ("flash", report.flash_bytes, report.flash_limit_bytes),
            ("RAM", report.ram_bytes, report.ram_limit_bytes),
        )
    ]
    return f"{report.program}\n" + table(["", "bytes", "of", "share"], rows)


COMMANDS = [generate, build, verify, boards]
