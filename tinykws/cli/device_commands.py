"""generate, build, verify, boards: from a bundle to firmware, and to a verdict on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.board_work import board_of, build_firmware, generate_firmware, port_of, rows_of
from tinykws.cli.build_view import describe_build
from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import (
    board_option,
    bundle_option,
    engine_option,
    json_option,
    port_option,
    project_option,
    slow_too_option,
)
from tinykws.cli.pipeline import Workplace, workplace
from tinykws.files import write_json

if TYPE_CHECKING:
    from tinykws.boards import Board
    from tinykws.stages.verify import ClipFile, VerifyReport

STDOUT = Path("-")


def _no_option(_: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuses the next option as a file name, where the name was forgotten."""
    if path is not None and str(path).startswith("--"):
        raise click.UsageError(f"{parameter.opts[0]} wants a file name, or - for stdout, before {path}")
    return path


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
    board = board_of(project_dir, board_id)
    place = workplace(project_dir, bundle_dir, ConsoleProgress())
    click.echo(f"project: {generate_firmware(place, board, engine)}")


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@json_option
@click.option("--no-compile", is_flag=True, help="Stop before PlatformIO: render the project only.")
@slow_too_option
def build(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, as_json: bool, no_compile: bool,
    slow_too: bool,
) -> None:  # fmt: skip
    """Make firmware for a board: runs whatever is missing, from speaking the words to compiling.

    Says what it takes of flash and RAM by part, and about how long listening takes; a model that cannot keep up with
    the sound on the board is refused.

    \b
    Examples:
      tinykws build --board qemu-cortex-m4
      tinykws build --board nano33ble --engine aot
      tinykws build --board nano33ble --no-compile
    """
    board = board_of(project_dir, board_id)
    place = workplace(project_dir, bundle_dir, ConsoleProgress())
    folder = generate_firmware(place, board, engine)
    if no_compile:
        if as_json:
            print_json({"project": str(folder)})
        else:
            click.echo(f"project: {folder}")
        return
    report = build_firmware(place, folder, board, force=slow_too)
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(describe_build(report))


@click.command()
@project_option
@board_option
@engine_option
@bundle_option
@port_option
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False, writable=True, allow_dash=True),
    default=None,
    callback=_no_option,
    help="Write the report here; - is stdout, in the place of the table.",
)
@click.option("--sample", type=click.IntRange(min=1), default=None, metavar="N",
              help="Verify N of the project's testing clips.")  # fmt: skip
@click.option(
    "--wire",
    type=click.Choice(["uart", "fast"]),
    default=None,
    help="How sound gets into an emulated board: byte by byte over its serial line, as into a real one, or faster;"
    " results come over the serial line either way. Default: fast, where the board's row has it.",
)
@click.option(
    "--min-accuracy", type=click.FloatRange(0, 1), default=None, help="FAIL below this share of right labels."
)
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True))
def verify(
    project_dir: Path, board_id: str, engine: str | None, bundle_dir: Path | None, port: str | None,
    json_path: Path | None, sample: int | None, wire: str | None, min_accuracy: float | None, clips: tuple[Path, ...],
) -> int:  # fmt: skip
    """Send clips to a device and compare features, scores and detections with the host's, bit for bit.

    CLIPS are audio files or folders of them; the folder's name is the expected label. Without any, the bundle's
    golden clips are used, or --sample of the project's testing clips. The last line is PASS or FAIL; the exit
    code 0 or 1.

    \b
    Examples:
      tinykws verify --board qemu-cortex-m4
      tinykws verify --board nano33ble
      tinykws verify --board host data/yes/*.wav --json report.json
      tinykws verify --board qemu-cortex-m4 --sample 50 --min-accuracy 0.9
      tinykws verify --board qemu-cortex-m4 --wire uart
    """
    from tinykws.stages.verify import verify as verify_device

    board = board_of(project_dir, board_id)
    progress = ConsoleProgress()
    device = None if board.emulator is not None and port is None else port_of(project_dir, board, port).device
    place = workplace(project_dir, bundle_dir, progress)
    chosen = _clips(place, clips, sample)
    target = _program(place, board, engine) if device is None else device
    report = verify_device(
        place.bundle, board, target, chosen, progress,
        wire=wire, min_accuracy=min_accuracy, log_path=place.firmware_dir(board.id) / "verify.jsonl",
    )  # fmt: skip
    if json_path == STDOUT:
        print_json(report.to_dict())
    else:
        click.echo(_describe_verdict(report))
        if json_path is not None:
            write_json(json_path, report.to_dict())
    return 0 if report.passed else 1


@click.command()
@project_option
@json_option
def boards(project_dir: Path, as_json: bool) -> None:
    """List the boards: the rows of boards.yaml, with those of the project's own boards.yaml.

    \b
    Example: tinykws boards --json
    """
    import dataclasses

    rows = rows_of(project_dir)
    if as_json:
        print_json([dataclasses.asdict(board) for board in rows.values()])
        return
    cells = ([b.id, b.name, b.mcu, b.engine, b.microphone.part or b.microphone.kind] for b in rows.values())
    click.echo(table(["board", "name", "chip", "engine", "microphone"], cells))


def _program(place: Workplace, board: Board, engine: str | None) -> Path:
    """Builds the firmware of an emulated board, as far as it is not up to date."""
    from tinykws.doors.compilers import find_programs

    find_programs(board.emulator_programs)
    return build_firmware(place, generate_firmware(place, board, engine), board, force=True).program


def _clips(place: Workplace, paths: tuple[Path, ...], sample: int | None) -> Sequence[ClipFile]:
    """The clips named, or of the project's dataset, or the bundle's golden ones."""
    from tinykws.stages.verify import ClipFile, find_clips

    if paths:
        return find_clips(paths, place.bundle.labels)
    if sample is None:
        return [ClipFile(place.bundle.path / clip.file, clip.label or None) for clip in place.bundle.golden]
    from tinykws.clips.dataset import sample_files
    from tinykws.project import Project

    project = Project.load(place.project_dir)
    return [ClipFile(path, label) for path, label in sample_files(project, sample)]


def _describe_verdict(report: VerifyReport) -> str:
    lines = [table(report.header(), report.rows()), ""]
    lines.append(f"device = host on {report.equal_clips} of {len(report.clips)} clips: features, scores and detections")
    if report.accuracy is not None:
        lines.append(f"right labels: {report.accuracy:.1%}")
    lines.append(f"{report.audio_seconds:.0f} s of sound in {report.seconds:.1f} s on {report.board}, {report.engine}")
    if report.self_test != "none":
        lines.append(f"the device's self-test at boot: {report.self_test}")
    if report.log_path is not None:
        lines.append(f"log: {report.log_path}")
    lines.append("PASS" if report.passed else f"FAIL: {report.reason}")
    return "\n".join(lines)


COMMANDS = [generate, build, verify, boards]
