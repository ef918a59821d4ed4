# SPDX-License-Identifier: Apache-2.0
"""architectures, train, quantize, evaluate, detect: from a dataset to a bundle, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import bundle_option, force_option, json_option, project_option
from tinykws.cli.pipeline import report_of, run_stage, run_until, workplace
from tinykws.cli.stream_command import NEGATIVES, describe_stream, stream_report, tune
from tinykws.project.layout import Project

if TYPE_CHECKING:
    from tinykws.stages.evaluate import EvaluateReport
    from tinykws.stages.train import TrainReport


@click.command()
@project_option
@json_option
def architectures(project_dir: Path, as_json: bool) -> None:
    """List the networks with what each costs for this project's words and features, measured untrained.

    `model: {max_bytes, max_macs, max_arena}` in kws.yaml are the limits that training holds them to.

    \b
    Example: tinykws architectures --project hello
    """
    from tinykws.cost.architecture_cost import broken_limits_of, measure_cost
    from tinykws.training.architectures.registry import ARCHITECTURES

    config, progress = Project.load(project_dir).config, ConsoleProgress()
    shape, n_labels = config.frontend.features_shape, len(config.labels)
    costs = [measure_cost(name, shape, n_labels) for name in progress.track(ARCHITECTURES, "architectures")]
    if as_json:
        print_json([{**to_json(cost), "excesses": broken_limits_of(cost, config.model)} for cost in costs])
        return
    click.echo(f"{shape[0]} frames of {shape[1]} channels, {n_labels} labels")
    rows = [
        (
            cost.architecture + (" *" if cost.architecture == config.model.architecture else ""),
            f"{cost.parameters:,}",
            f"{cost.macs:,}",
            f"{cost.tflite_bytes:,}",
            f"{cost.arena_bytes:,}",
            f"{cost.aot_flash_bytes:,}",
            f"{cost.aot_ram_bytes:,}",
            ", ".join(cost.ops),
        )
        for cost in costs
    ]
    heads = ["architecture", "parameters", "MAC", ".tflite", "tflm arena", "aot flash", "aot RAM", "ops"]
    click.echo(table(heads, rows))
    click.echo("\n* this project's; bytes, and multiply-accumulates of one inference")
    for cost in costs:
        for excess in broken_limits_of(cost, config.model):
            click.echo(f"{cost.architecture}: {excess}")


@click.command()
@project_option
@force_option
@json_option
def train(project_dir: Path, force: bool, as_json: bool) -> None:
    """Train the network on the dataset; keep the best epoch.

    \b
    Example: tinykws train --project hello
    """
    project = Project.load(project_dir)
    run_until(project, "train", ConsoleProgress(), force=force)
    report: TrainReport = report_of(project, "train")
    if as_json:
        print_json(to_json(report))
    else:
        best = report.best
        from tinykws.cost.architecture_cost import in_words

        click.echo(in_words(report.cost))
        click.echo(
            f"best epoch {best.epoch} of {report.epochs}: {best.validation_accuracy:.1%} of {report.validation_clips}"
            f" validation clips right, mean recall {best.validation_mean_recall:.1%}, in {report.seconds:.0f} s"
        )
        click.echo(f"network and learning curves: {project.model_dir}")


@click.command()
@project_option
@force_option
@json_option
@click.option("--from", "tflite", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="Make the bundle of this .tflite, trained elsewhere.")  # fmt: skip
@click.option("--labels", default=None, help="With --from: its outputs in order, such as silence,unknown,yes,no.")
@click.option("--golden", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True,
              help="With --from: a recording to keep in the bundle with its scores; may be repeated.")  # fmt: skip
def quantize(
    project_dir: Path, force: bool, as_json: bool, tflite: Path | None, labels: str | None, golden: tuple[Path, ...]
) -> None:
    """Convert the model to int8; `tinykws tune` then makes the bundle of it, all that a device needs.

    \b
    Examples:
      tinykws quantize --project hello
      tinykws quantize --from micro_speech.tflite --labels silence,unknown,yes,no
    """
    if tflite is None:
        if labels or golden:
            raise click.UsageError("--labels and --golden go with --from FILE")
        project = Project.load(project_dir)
        run_until(project, "quantize", ConsoleProgress(), force=force)
        _show_bundle(project.quantized_dir, as_json)
        return
    if labels is None:
        raise click.UsageError("--from needs --labels, such as --labels silence,unknown,yes,no")
    from tinykws.stages.quantize import import_model

    out = project_dir / "build" / "bundle"
    import_model(tflite, labels.split(","), out, golden)
    _show_bundle(out, as_json)


@click.command()
@project_option
@force_option
@json_option
@click.option("--split", type=click.Choice(["testing", "validation", "training"]), default="testing", show_default=True,
              help="Which clips of the dataset.")  # fmt: skip
@click.option("--min-accuracy", type=click.FloatRange(0, 1), default=0.0, help="Exit code 1 below this share, int8.")
@click.option("--stream", is_flag=True, help="Measure the detector on streams: recall against false accepts per hour.")
@click.option("--bundle", "bundle_dir", type=click.Path(path_type=Path, file_okay=False), default=None,
              show_default="the project's",
              help="With --stream: measure this bundle, by the project's clips.")  # fmt: skip
@NEGATIVES
@click.option("--save", type=click.Path(path_type=Path, file_okay=False), default=None, metavar="FOLDER",
              help="With --stream: write the made streams as WAV files, with lists of what is said.")  # fmt: skip
def evaluate(
    project_dir: Path,
    force: bool,
    as_json: bool,
    split: str,
    min_accuracy: float,
    stream: bool,
    bundle_dir: Path | None,
    negatives: tuple[Path, ...],
    save: Path | None,
) -> int:
    """Accuracy, precision, recall, F1 and the confusion matrix: float, int8, and the difference between the two.

    With --stream the deployed detector hears held-back clips in streams: in quiet, in noise at several levels, in
    rooms, right after other words; and long recordings without the words. Told are recall and false accepts per hour
    with their 95 % limits, latency, and the curve of both.

    \b
    Examples:
      tinykws evaluate --project hello
      tinykws evaluate --stream --negatives talk.flac
      tinykws evaluate --stream --save listen_to_this
    """
    project = Project.load(project_dir)
    if stream:
        progress = ConsoleProgress()
        measured = stream_report(
            project, force=force, bundle_dir=bundle_dir, negatives=negatives, save=save, progress=progress
        )
        if as_json:
            print_json(to_json(measured))
        else:
            click.echo(describe_stream(measured))
            click.echo(f"\ncurve and numbers: {project.stream_evaluation_dir}")
        return 0
    if bundle_dir is not None or negatives or save is not None:
        raise click.UsageError("--bundle, --negatives and --save go with --stream")
    report = _evaluation(project, split, force)
    if as_json:
        print_json(to_json(report))
    else:
        click.echo(_describe_evaluation(report))
        click.echo(f"\npictures and numbers: {project.evaluation_dir}")
    return 0 if report.int8_model.accuracy >= min_accuracy else 1


def _evaluation(project: Project, split: str, force: bool) -> EvaluateReport:
    from tinykws.stages.evaluate import evaluate as evaluate_bundle

    progress = ConsoleProgress()
    run_until(project, "tune", progress)
    if split != "testing":
        return evaluate_bundle(project, split=split, progress=progress)
    run_stage(project, "evaluate", progress, force=force)
    report: EvaluateReport = report_of(project, "evaluate")
    return report


def _describe_evaluation(report: EvaluateReport) -> str:
    lines = [f"model {report.model_id} on {report.int8_model.clips} {report.split} clips", ""]
    models = [("float", report.float_model), ("int8", report.int8_model)]
    rows = [
        (name, _percent(score.accuracy), _percent(score.mean_recall)) for name, score in models if score is not None
    ]
    lines += [table(["model", "accuracy", "mean recall"], rows), ""]
    texts = [label.text for label in report.labels]
    figures = zip(texts, report.int8_model.labels, report.int8_model.confusion, strict=True)
    lines.append(
        table(
            ["int8", "clips", "precision", "recall", "F1", *(f"→ {text}" for text in texts)],
            [
                (text, score.clips, _percent(score.precision), _percent(score.recall), _percent(score.f1), *row)
                for text, score, row in figures
            ],
        )
    )
    if report.agreement is not None:
        same = report.agreement
        lines.append(f"\nint8 and float agree on {same.agreeing_clips} of {same.clips} clips; accuracy differs by"
                     f" {100 * same.accuracy_difference:+.2f} points")  # fmt: skip
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


@click.command()
@project_option
@bundle_option
@json_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def detect(project_dir: Path, bundle_dir: Path | None, as_json: bool, files: tuple[Path, ...]) -> None:
    """Run the deployed pipeline over recordings of any length: one detection a line.

    Front-end and detector are the firmware's own C; the model runs in TFLite Micro's interpreter.

    \b
    Examples:
      tinykws detect meeting.wav
      tinykws detect --json *.flac
    """
    from tinykws.stages.detect import detect as detect_words

    progress = ConsoleProgress()
    bundle = workplace(project_dir, bundle_dir, progress).bundle
    found = []
    for path in files:
        for heard in detect_words(bundle, path, progress=progress):
            found.append({"file": str(path), "time_ms": heard.time_ms, "label": heard.label.name,
                          "text": heard.label.text, "score": heard.score})  # fmt: skip
            if not as_json:
                progress.result(f"{path}: Heard {heard.label.text} ({heard.score}) @{heard.time_ms}ms")
    if as_json:
        print_json(found)


def _show_bundle(path: Path, as_json: bool) -> None:
    from tinykws.model.bundle import load_bundle
    from tinykws.model.bundle import to_json as bundle_to_json

    bundle = load_bundle(path)
    if as_json:
        print_json(bundle_to_json(bundle))
        return
    click.echo(f"bundle {bundle.path}")
    rows = [
        ("model", f"{bundle.model_id}, {bundle.model_path.stat().st_size:,} bytes, {bundle.origin}"),
        ("labels", ", ".join(label.text for label in bundle.labels)),
        ("ops", ", ".join(bundle.ops)),
        ("tensor arena", f"{bundle.arena_bytes:,} bytes, measured by {bundle.arena_measured_by}"),
        ("golden clips", str(len(bundle.golden))),
    ]
    for name, text in rows:
        click.echo(f"  {name:13} {text}")


COMMANDS = [architectures, train, quantize, tune, evaluate, detect]
