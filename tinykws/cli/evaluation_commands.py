# SPDX-License-Identifier: Apache-2.0
"""evaluate, detect: how good a model is, and what it detects in recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, to_json
from tinykws.cli.evaluation_view import describe_evaluation, describe_stream
from tinykws.cli.options import (
    FiniteRange,
    bundle_option,
    force_option,
    json_option,
    model_option,
    negatives_option,
    project_option,
    rebuild_option,
)
from tinykws.cli.run_stages import run_stage
from tinykws.cli.stages_in_order import report_of
from tinykws.cli.terminal import echo
from tinykws.cli.wake_model import bundle_of_model
from tinykws.cli.workplace import run_for_evaluation, use_last_or_run, workplace
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError

if TYPE_CHECKING:
    from tinykws.stages.detect import NothingHeard
    from tinykws.stages.evaluate import EvaluateReport
    from tinykws.stages.evaluate_stream import EvaluateStreamReport


@click.command()
@project_option
@force_option
@rebuild_option
@json_option
@click.option("--split", type=click.Choice(["testing", "validation", "training"]), default="testing", show_default=True,
              help="Which split of the dataset to use.")  # fmt: skip
@click.option("--min-accuracy", type=FiniteRange(0, 1), default=0.0, show_default=True, metavar="SHARE",
              help="Exit with code 1 if the int8 model's accuracy is lower (0 to 1).")  # fmt: skip
@click.option("--stream", is_flag=True, help="Measure the detector on streams: recall, and false accepts per hour.")
@click.option("--bundle", "bundle_dir", type=click.Path(path_type=Path, file_okay=False), default=None,
              metavar="FOLDER", show_default="the project's",
              help="With --stream: measure this bundle on the project's clips.")  # fmt: skip
@model_option
@negatives_option
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), default=None, metavar="FOLDER",
              help="With --stream: write the synthetic streams to this folder, with lists of their words.")  # fmt: skip
def evaluate(
    project_dir: Path,
    force: bool,
    rebuild: bool,
    as_json: bool,
    split: str,
    min_accuracy: float,
    stream: bool,
    bundle_dir: Path | None,
    manifest: Path | None,
    negatives: tuple[Path, ...],
    save: Path | None,
) -> int:
    """Measure accuracy on clips, or the detector on streams.

    On clips: accuracy, precision, recall, F1 and the confusion matrix, of the float model and of the int8 model.

    With --stream, the deployed detector processes streams that contain held-out clips: in quiet, in noise at several
    levels, in rooms, and directly after other words. It also processes long recordings without the words. The report
    gives recall and false accepts per hour with 95 % confidence intervals, latency in ms, and recall at several rates.
    With --model, a microWakeWord model is measured with ESPHome's rule, and a cutoff is proposed for each rate; the
    project needs recordings of its wake word.

    \b
    Examples:
      tinykws evaluate --project hello
      tinykws evaluate --stream --negatives talk.flac
      tinykws evaluate --stream --save listen_to_this
      tinykws evaluate --stream --model okay_nabu.json --negatives talk.flac
    """
    if not stream and (bundle_dir or manifest or negatives or save):
        raise click.UsageError("--bundle, --model, --negatives and --save need --stream")
    project = Project.load(project_dir)
    if stream:
        bundle_dir = bundle_of_model(manifest, bundle_dir)
        measured = _stream_evaluation(
            project, force=force, rebuild=rebuild, bundle_dir=bundle_dir, negatives=negatives, save=save
        )
        _print_stream_evaluation(measured, project, as_json)
        return 0
    report = _evaluation(project, split, force=force, rebuild=rebuild)
    if as_json:
        print_json(to_json(report))
    else:
        echo(describe_evaluation(report))
        echo(f"\npictures and numbers: {project.evaluation_dir}")
    return 0 if report.int8_model.accuracy >= min_accuracy else 1


def _evaluation(project: Project, split: str, *, force: bool, rebuild: bool) -> EvaluateReport:
    from tinykws.stages.evaluate import evaluate as evaluate_bundle

    progress = ConsoleProgress()
    run_for_evaluation(project, progress, rebuild=rebuild)
    if split != "testing":
        return evaluate_bundle(project, split=split, progress=progress)
    run_stage(project, "evaluate", progress, force=force)
    report: EvaluateReport = report_of(project, "evaluate")
    return report


def _print_stream_evaluation(measured: EvaluateStreamReport, project: Project, as_json: bool) -> None:
    if as_json:
        print_json(to_json(measured))
    else:
        echo(describe_stream(measured))
        echo(f"\ncurve and numbers: {project.stream_evaluation_dir}")


def _stream_evaluation(
    project: Project,
    *,
    force: bool,
    rebuild: bool,
    bundle_dir: Path | None,
    negatives: Sequence[Path],
    save: Path | None,
) -> EvaluateStreamReport:
    """Runs `evaluate --stream`, or reads its report if it is up to date."""
    from tinykws.model.bundle import load_bundle
    from tinykws.stages.evaluate_stream import evaluate_stream

    progress = ConsoleProgress()
    if save is not None and save.exists() and any(save.iterdir()):
        raise ConfigError(
            f"{save} is not empty, and --save would replace its contents", hint="name a new folder: --save FOLDER"
        )
    if bundle_dir is None:
        run_for_evaluation(project, progress, rebuild=rebuild)
        if not negatives and save is None:
            run_stage(project, "evaluate_stream", progress, force=force)
            report: EvaluateStreamReport = report_of(project, "evaluate_stream")
            return report
    else:
        use_last_or_run(project, "prepare", [project.dataset_dir], progress, rebuild=rebuild)
    bundle = None if bundle_dir is None else load_bundle(bundle_dir)
    return evaluate_stream(project, bundle=bundle, negatives=negatives, save=save, progress=progress)


@click.command()
@project_option
@bundle_option
@model_option
@rebuild_option
@json_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def detect(
    project_dir: Path,
    bundle_dir: Path | None,
    manifest: Path | None,
    rebuild: bool,
    as_json: bool,
    files: tuple[Path, ...],
) -> None:
    """Detect words in recordings of any length.

    Prints one detection per line: the word, its score (0 to 255), and the time in ms from the start of the recording.
    Front-end and detector are the same C code as in the firmware, and so are the kernels that run the model.
    FILES are recordings of any sample rate and number of channels, or folders of them. If no word is detected in a
    file, stderr says why: the best score and the threshold, or that the file is empty, silent or clipped. A file that
    is missing or cannot be read is told, the others are heard, and the exit code is 2. It uses the last bundle, and
    says if that is out of date.

    \b
    Examples:
      tinykws detect meeting.wav
      tinykws detect --json *.flac
      tinykws detect --model okay_nabu.json kitchen.wav
    """
    from tinykws.stages.detect import detect as detect_words
    from tinykws.training_data.named_recordings import named_recordings

    progress = ConsoleProgress()
    if not any(path.exists() for path in files):
        named_recordings(files)  # raises: nothing is trained for names that are all wrong
    chosen = bundle_of_model(manifest, bundle_dir)
    bundle = workplace(project_dir, chosen, progress, rebuild=rebuild).bundle
    found: list[dict[str, str | int]] = []
    unread = _Unread()
    for named in files:
        with unread.told():
            for path in named_recordings([named], progress):
                with unread.told():
                    for heard in detect_words(bundle, path, progress=progress, on_nothing=_say_of(path, progress)):
                        found.append({"file": str(path), "time_ms": heard.time_ms, "label": heard.label.name,
                                      "text": heard.label.text, "score": heard.score})  # fmt: skip
                        if not as_json:
                            progress.result(f"{path}: Heard {heard.label.text} ({heard.score}) @{heard.time_ms}ms")
    if as_json:
        print_json(found)
    unread.refuse()


class _Unread:
    """Files and folders that cannot be read: each is told when its turn comes, and all are an error at the end."""

    def __init__(self) -> None:
        self._errors: list[ConfigError] = []

    @contextmanager
    def told(self) -> Iterator[None]:
        """Prints a ConfigError on stderr, with -q too, and goes on after the block."""
        try:
            yield
        except ConfigError as error:
            echo(f"tinykws: {error.message}", err=True)
            self._errors.append(error)

    def refuse(self) -> None:
        """Raises ConfigError if there was one."""
        if self._errors:
            count = len(self._errors)
            raise ConfigError(
                f"{count} {'file or folder was' if count == 1 else 'files or folders were'} not heard",
                hint=self._errors[0].hint,
            )


def _say_of(path: Path, progress: ConsoleProgress) -> Callable[[NothingHeard], None]:
    """Returns a function that says why nothing was heard in a file."""
    return lambda nothing: progress.say(f"{path}: {nothing.in_words()}")
