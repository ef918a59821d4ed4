# SPDX-License-Identifier: Apache-2.0
"""verify: what a device makes of clips, or of a stream, beside what the host makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.boards.rows import TRANSPORTS
from tinykws.cli.board_work import board_of, build_firmware, generate_firmware, port_of
from tinykws.cli.console import ConsoleProgress, print_json
from tinykws.cli.options import bundle_option, engine_option, port_option, project_option
from tinykws.cli.pipeline import Workplace, workplace
from tinykws.cli.verify_view import describe_clips, describe_stream
from tinykws.support.errors import DeviceError
from tinykws.support.files import write_json, write_text_if_changed

if TYPE_CHECKING:
    from tinykws.boards.rows import Board
    from tinykws.stages.verify import ClipFile
    from tinykws.stages.verify_stream import StreamFile
    from tinykws.verification.clip_report import VerifyReport
    from tinykws.verification.stream_report import StreamReport

STDOUT = Path("-")


def _no_option(_: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuses the next option as a file name, where the name was forgotten."""
    if path is not None and str(path).startswith("--"):
        raise click.UsageError(f"{parameter.opts[0]} wants a file name, or - for stdout, before {path}")
    return path


@click.command()
@project_option
@click.option("--board", "board_id", default=None, metavar="BOARD", help="A row of `tinykws boards`.")
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
@click.option(
    "--junit",
    "junit_path",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    default=None,
    callback=_no_option,
    help="Write a JUnit XML file here, one test case a clip, or the stream, for a CI system.",
)
@click.option(
    "--replay",
    "replay_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    metavar="LOG",
    help="Judge the log of an earlier run again: no device, no bundle, no --board.",
)
@click.option("--sample", type=click.IntRange(min=1), default=None, metavar="N",
              help="Verify N of the project's testing clips.")  # fmt: skip
@click.option(
    "--stream",
    "stream_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Send this recording, of any length, as one stream.",
)
@click.option(
    "--events",
    "events_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="What is said in the stream: a CSV of start_ms,end_ms,label.",
)
@click.option(
    "--seconds", type=click.IntRange(min=2), default=None, metavar="N", help="Only the stream's first N seconds."
)
@click.option(
    "--transport",
    "--wire",
    "emulator_transport",
    type=click.Choice(TRANSPORTS),
    default=None,
    help="How sound gets into an emulated board: byte by byte over its serial line, as into a real one, or faster;"
    " results come over the serial line either way. Default: fast, where the board's row has it.",
)
@click.option(
    "--min-accuracy", type=click.FloatRange(0, 1), default=None, help="FAIL below this share of right labels."
)
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True))
def verify(
    project_dir: Path, board_id: str | None, engine: str | None, bundle_dir: Path | None, port: str | None,
    json_path: Path | None, junit_path: Path | None, replay_path: Path | None, sample: int | None,
    stream_path: Path | None, events_path: Path | None,
    seconds: int | None, emulator_transport: str | None, min_accuracy: float | None, clips: tuple[Path, ...],
) -> int:  # fmt: skip
    """Send clips to a device and compare features, scores and detections with the host's, bit for bit.

    CLIPS are audio files or folders of them; the folder's name is the expected label. Without any, the bundle's
    golden clips are used, or --sample of the project's testing clips. The last line is PASS or FAIL; the exit
    code 0 or 1, or 4 where the device was lost on the way: the clips until then keep their results.

    With --stream, a recording goes through the device in one piece: what is found, missed, confused and falsely
    accepted, and how late, by --events; the same on the host. A stream that breaks off is sent once more from its
    start; where that fails too, it is judged as far as it came, and fails.

    \b
    Examples:
      tinykws verify --board qemu-cortex-m4
      tinykws verify --board nano33ble
      tinykws verify --board host data/yes/*.wav --json report.json
      tinykws verify --board qemu-cortex-m4 --junit verify.xml
      tinykws verify --replay build/firmware/nano33ble/verify.jsonl
      tinykws verify --board qemu-cortex-m4 --sample 50 --min-accuracy 0.9
      tinykws verify --board qemu-cortex-m4 --transport uart
      tinykws verify --board qemu-cortex-m4 --stream an_hour_of_radio.flac
      tinykws verify --board host --stream walk.wav --events walk.csv --json report.json
    """
    if replay_path is not None:
        _refuse_with_replay(board_id, port, clips, sample, stream_path, emulator_transport)
        stream_log = _replayed_stream(replay_path)
        if stream_log is not None:
            _refuse_mixture(True, None, min_accuracy)
            return _hand_over_stream(stream_log, json_path, junit_path)
        return _hand_over_clips(_replayed(replay_path, min_accuracy), json_path, junit_path)
    if board_id is None:
        raise click.UsageError("Missing option '--board'.")
    board = board_of(project_dir, board_id)
    _refuse_mixture(stream_path is not None, events_path or seconds, clips or sample or min_accuracy)
    progress = ConsoleProgress()
    device = None if board.emulator is not None and port is None else port_of(project_dir, board, port).device
    place = workplace(project_dir, bundle_dir, progress)
    log_path = place.firmware_dir(board.id) / "verify.jsonl"
    if stream_path is not None:
        from tinykws.stages.verify_stream import verify_stream

        stream = _stream(place, stream_path, events_path, seconds)
        target = device or _program(place, board, engine)
        stream_report = verify_stream(
            place.bundle, board, target, stream, progress, log_path=log_path, emulator_transport=emulator_transport
        )
        return _hand_over_stream(stream_report, json_path, junit_path)
    from tinykws.stages.verify import verify as verify_clips

    chosen = _clips(place, clips, sample)
    target = device or _program(place, board, engine)
    report = verify_clips(
        place.bundle,
        board,
        target,
        chosen,
        progress,
        emulator_transport=emulator_transport,
        min_accuracy=min_accuracy,
        log_path=log_path,
    )
    return _hand_over_clips(report, json_path, junit_path)


def _replayed(path: Path, min_accuracy: float | None) -> VerifyReport:
    """Reads a log. Raises ConfigError, naming the line that is damaged."""
    from tinykws.device.session_log import read_entries
    from tinykws.verification.clip_report import report_of

    return report_of(read_entries(path.read_text(encoding="utf-8", errors="replace")), path, min_accuracy)


def _replayed_stream(path: Path) -> StreamReport | None:
    """Reads a stream's log; None where it is one of clips. Raises ConfigError."""
    from tinykws.device.session_log import RUN, STREAM, entries_of
    from tinykws.verification.stream_report import stream_report_of

    with path.open(encoding="utf-8", errors="replace") as file:
        kind = next((entry.kind for entry in entries_of(file) if entry.kind in (RUN, STREAM)), None)
        if kind != STREAM:
            return None
        file.seek(0)
        return stream_report_of(entries_of(file), path)


def _refuse_with_replay(*others: object) -> None:
    if any(others):
        raise click.UsageError("--replay judges a log: it goes with --json, --junit and --min-accuracy alone")


def _hand_over_clips(report: VerifyReport, json_path: Path | None, junit_path: Path | None) -> int:
    """Shows or writes the report on clips; returns the exit code."""
    from tinykws.verification.junit import junit_of

    if junit_path is not None:
        write_text_if_changed(junit_path, junit_of(report))
    return _hand_over(report, describe_clips(report), json_path)


def _hand_over_stream(report: StreamReport, json_path: Path | None, junit_path: Path | None) -> int:
    """Shows or writes the report on a stream; returns the exit code."""
    from tinykws.verification.junit import junit_of_stream

    if junit_path is not None:
        write_text_if_changed(junit_path, junit_of_stream(report))
    return _hand_over(report, describe_stream(report), json_path)


def _refuse_mixture(is_stream: bool, of_streams: object, of_clips: object) -> None:
    if is_stream and of_clips:
        raise click.UsageError("--stream goes without clips, --sample and --min-accuracy")
    if not is_stream and of_streams:
        raise click.UsageError("--events and --seconds belong to --stream")


def _hand_over(report: VerifyReport | StreamReport, text: str, json_path: Path | None) -> int:
    """Shows or writes the report; returns the exit code."""
    if json_path == STDOUT:
        print_json(report.to_dict())
    else:
        click.echo(text)
        if json_path is not None:
            write_json(json_path, report.to_dict())
    if report.ended:
        return DeviceError.exit_code
    return 0 if report.passed else 1


def _program(place: Workplace, board: Board, engine: str | None) -> Path:
    """Builds the firmware of an emulated board, as far as it is not up to date."""
    from tinykws.support.programs import find_programs

    find_programs(board.emulator_programs)
    return build_firmware(place, generate_firmware(place, board, engine), board, force=True).program


def _clips(place: Workplace, paths: tuple[Path, ...], sample: int | None) -> Sequence[ClipFile]:
    """The clips named, or of the project's dataset, or the bundle's golden ones."""
    from tinykws.stages.verify import ClipFile, find_clips

    if paths:
        return find_clips(paths, place.bundle.labels)
    if sample is None:
        return [ClipFile(place.bundle.path / clip.file, clip.label or None) for clip in place.bundle.golden]
    from tinykws.project.layout import Project
    from tinykws.training_data.dataset import sample_files

    project = Project.load(place.project_dir)
    return [ClipFile(path, label) for path, label in sample_files(project, sample)]


def _stream(place: Workplace, path: Path, events: Path | None, seconds: int | None) -> StreamFile:
    from tinykws.evaluation.timeline import read_timeline
    from tinykws.stages.verify_stream import StreamFile

    words = [name for label in place.bundle.labels[2:] for name in (label.text, label.name)]
    return StreamFile(path, read_timeline(events, words) if events else (), seconds)


COMMANDS = [verify]
