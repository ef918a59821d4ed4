# SPDX-License-Identifier: Apache-2.0
"""verify, verify-stream, replay: compares what a device computes with what the host computes, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from tinykws.cli.console import ConsoleProgress, print_json
from tinykws.cli.options import bundle_option, project_option
from tinykws.cli.suggestions import completed
from tinykws.cli.terminal import echo
from tinykws.cli.verify_options import (
    DeviceUnderTest,
    ReportFiles,
    device_options,
    find_device,
    min_accuracy_option,
    report_options,
)
from tinykws.cli.verify_view import describe_clips, describe_stream
from tinykws.cli.workplace import Workplace
from tinykws.support.errors import DeviceError
from tinykws.support.files import write_json, write_text_if_changed

if TYPE_CHECKING:
    from tinykws.model.bundle import Bundle
    from tinykws.stages.verify import ClipFile
    from tinykws.stages.verify_stream import StreamFile
    from tinykws.verification.clip_report import VerifyReport
    from tinykws.verification.stream_report import StreamReport

STDOUT = Path("-")


@click.command()
@device_options
@report_options
@click.option("--sample", type=click.IntRange(min=1), default=None, metavar="N",
              help="Verify N of the project's testing clips.")  # fmt: skip
@min_accuracy_option
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path, exists=True))
def verify(
    device: DeviceUnderTest, reports: ReportFiles, sample: int | None, min_accuracy: float | None,
    clips: tuple[Path, ...],
) -> int:  # fmt: skip
    """Compare a device's results with the host's, clip by clip.

    Sends clips to the device. Features, scores and detections must equal the host's bit for bit. CLIPS are audio files,
    or folders of them; the folder's name is the expected label. Without CLIPS, the golden clips of the bundle are used,
    or --sample of the project's testing clips.

    The last line is PASS or FAIL; the exit code is 0 or 1. An engine that refused the model at boot is FAIL. The exit
    code is 4 if the device was lost: the results until then are kept. The log goes to
    build/firmware/BOARD/verify.jsonl; `tinykws replay` judges it again.

    \b
    Examples:
      tinykws verify --board qemu-cortex-m4
      tinykws verify --board nano33ble
      tinykws verify --board host data/yes/*.wav --json report.json
      tinykws verify --board qemu-cortex-m4 --junit verify.xml
      tinykws verify --board qemu-cortex-m4 --sample 50 --min-accuracy 0.9
      tinykws verify --board qemu-cortex-m4 --transport uart
    """
    from tinykws.stages.verify import verify as verify_clips

    ready = find_device(device)
    chosen = _chosen_clips(ready.place, clips, sample)
    report = verify_clips(
        ready.place.bundle, ready.board, ready.target(), chosen, ConsoleProgress(), log_path=ready.log_path,
        emulator_transport=device.emulator_transport, min_accuracy=min_accuracy,
    )  # fmt: skip
    return _give_clip_report(report, reports)


@click.command("verify-stream")
@device_options
@report_options
@click.option("--events", "events_path", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              metavar="CSV", help="The words in the recording: lines of start_ms,end_ms,label.")  # fmt: skip
@click.option("--seconds", type=click.IntRange(min=2), default=None, metavar="SECONDS",
              show_default="the whole recording", help="Send only the beginning.")  # fmt: skip
@click.argument("recording", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def verify_stream(
    device: DeviceUnderTest, reports: ReportFiles, events_path: Path | None, seconds: int | None, recording: Path
) -> int:
    """Compare detections over one long recording.

    Sends RECORDING, of any length and sample rate, to the device in one piece, and through the same pipeline on the
    host. With --events, the report counts the words that were found, missed, confused and falsely
    accepted, and gives the latency in ms, for the device and for the host.

    If the stream breaks off, it is sent once more from the start. If that fails too, the result is FAIL, and the report
    covers the stream until then. Last line, exit codes and log are those of `tinykws verify`.

    \b
    Examples:
      tinykws verify-stream --board qemu-cortex-m4 an_hour_of_radio.flac
      tinykws verify-stream --board host walk.wav --events walk.csv --json report.json
      tinykws verify-stream --board nano33ble walk.wav --seconds 60
    """
    from tinykws.stages.verify_stream import verify_stream as verify_recording

    ready = find_device(device)
    stream = _stream_file(ready.place, recording, events_path, seconds)
    report = verify_recording(
        ready.place.bundle, ready.board, ready.target(), stream, ConsoleProgress(), log_path=ready.log_path,
        emulator_transport=device.emulator_transport,
    )  # fmt: skip
    return _give_stream_report(report, reports)


@click.command()
@project_option
@bundle_option
@click.option("--any-bundle", is_flag=True, help="Judge the log by itself, whichever bundle the run was made with.")
@report_options
@min_accuracy_option
@click.argument("log", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def replay(
    project_dir: Path, bundle_dir: Path | None, any_bundle: bool, reports: ReportFiles, min_accuracy: float | None,
    log: Path,
) -> int:  # fmt: skip
    """Judge the log of an earlier verification again.

    LOG is the verify.jsonl that `tinykws verify` or `tinykws verify-stream` wrote. Neither a device nor a bundle is
    needed. If the log's project, or the current folder, has a bundle, or --bundle names one, the run must have been
    made with its settings: otherwise the result is FAIL. Apart from that, report and exit code are those of the
    original run; --min-accuracy may be added for a log of clips.

    \b
    Examples:
      tinykws replay build/firmware/nano33ble/verify.jsonl
      tinykws replay verify.jsonl --json report.json --junit report.xml
      tinykws replay verify.jsonl --min-accuracy 0.95
    """
    bundle = None if any_bundle else _bundle_at_hand(log, project_dir, bundle_dir)
    stream_report = _replayed_stream(log, bundle)
    if stream_report is None:
        return _give_clip_report(_replayed_clips(log, min_accuracy, bundle), reports)
    if min_accuracy is not None:
        raise click.UsageError(f"{log} is the log of a stream: --min-accuracy is for clips")
    return _give_stream_report(stream_report, reports)


def _chosen_clips(place: Workplace, paths: tuple[Path, ...], sample: int | None) -> Sequence[ClipFile]:
    """Returns the named clips, or a sample of the project's dataset, or the bundle's golden clips."""
    from tinykws.stages.verify import ClipFile, find_clips

    if paths:
        return find_clips(paths, place.bundle.labels, ConsoleProgress())
    if sample is None:
        return [ClipFile(place.bundle.path / clip.file, clip.label or None) for clip in place.bundle.golden]
    from tinykws.project.layout import Project
    from tinykws.training_data.dataset import sample_files

    project = Project.load(place.project_dir)
    return [ClipFile(path, label) for path, label in sample_files(project, sample)]


def _stream_file(place: Workplace, path: Path, events: Path | None, seconds: int | None) -> StreamFile:
    from tinykws.evaluation.timeline import read_timeline
    from tinykws.stages.verify_stream import StreamFile

    words = [name for label in place.bundle.labels[2:] for name in (label.text, label.name)]
    return StreamFile(path, read_timeline(events, words) if events else (), seconds)


def _bundle_at_hand(log: Path, project_dir: Path, named: Path | None) -> Bundle | None:
    """Returns the named bundle, or that of the named project, or of the project in which the log is, or of the current
    folder; None if there is none. Raises ConfigError if it is damaged."""
    from tinykws.model.bundle import load_bundle

    if named is not None:
        return load_bundle(named)
    source = click.get_current_context().get_parameter_source("project_dir")
    of_log = log.resolve().parents[2:3] if source == ParameterSource.DEFAULT else ()
    for build_dir in (*of_log, project_dir / "build"):
        if (build_dir / "bundle").is_dir():
            return load_bundle(build_dir / "bundle")
    return None


def _replayed_clips(log: Path, min_accuracy: float | None, bundle: Bundle | None) -> VerifyReport:
    """Returns the report on a log of clips. Raises ConfigError, naming the damaged line."""
    from tinykws.device.session_log import read_entries
    from tinykws.verification.clip_report import report_of

    return report_of(read_entries(log.read_text(encoding="utf-8", errors="replace")), log, min_accuracy, bundle)


def _replayed_stream(log: Path, bundle: Bundle | None) -> StreamReport | None:
    """Returns the report on a log of a stream; None for a log of clips. Raises ConfigError."""
    from tinykws.device.session_log import RUN, STREAM, entries_of
    from tinykws.verification.stream_report import stream_report_of

    with log.open(encoding="utf-8", errors="replace") as file:
        kind = next((entry.kind for entry in entries_of(file) if entry.kind in (RUN, STREAM)), None)
        if kind != STREAM:
            return None
        file.seek(0)
        return stream_report_of(entries_of(file), log, bundle)


def _give_clip_report(report: VerifyReport, files: ReportFiles) -> int:
    """Prints or writes the report on clips; returns the exit code."""
    from tinykws.verification.junit import junit_of

    if files.junit is not None:
        write_text_if_changed(files.junit, junit_of(report))
    return _give_report(report, describe_clips(report), files.json)


def _give_stream_report(report: StreamReport, files: ReportFiles) -> int:
    """Prints or writes the report on a stream; returns the exit code."""
    from tinykws.verification.junit import junit_of_stream

    if files.junit is not None:
        write_text_if_changed(files.junit, junit_of_stream(report))
    return _give_report(report, describe_stream(report), files.json)


def _give_report(report: VerifyReport | StreamReport, text: str, json_path: Path | None) -> int:
    """Prints the report, as JSON for "-", and writes the JSON file; returns the exit code."""
    if json_path == STDOUT:
        print_json(report.to_dict())
    else:
        echo(completed(text))
        if json_path is not None:
            write_json(json_path, report.to_dict())
    if report.ended:
        return DeviceError.exit_code
    return 0 if report.passed else 1
