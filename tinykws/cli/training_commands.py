# SPDX-License-Identifier: Apache-2.0
"""architectures, train, quantize: from a dataset to an int8 model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinykws.cli.build_lock import hold_until_the_command_ends
from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.imported_bundle import confirm_replacing_trained
from tinykws.cli.options import force_option, json_option, project_option
from tinykws.cli.run_stages import run_until
from tinykws.cli.stages_in_order import report_of
from tinykws.cli.terminal import echo
from tinykws.project.config import CONFIG_NAME
from tinykws.project.layout import Project

if TYPE_CHECKING:
    from tinykws.cost.architecture_cost import NetworkCost
    from tinykws.firmware_build.where_it_runs import EngineUse
    from tinykws.model.bundle import Bundle
    from tinykws.stages.train import TrainReport


@click.command()
@project_option
@json_option
def architectures(project_dir: Path, as_json: bool) -> None:
    """List the network architectures and what each costs.

    Measures an untrained network of each architecture for this project's words and features: parameters,
    multiply-accumulates per inference, and bytes of flash and RAM. `model: {max_bytes, max_macs, max_arena}` in
    kws.yaml sets limits; training refuses a network that exceeds them.

    \b
    Example:
      tinykws architectures --project hello
    """
    from tinykws.cost.architecture_cost import broken_limits_of, measure_cost
    from tinykws.training.architectures.registry import ARCHITECTURES

    config, progress = Project.load(project_dir).config, ConsoleProgress()
    shape, n_labels = config.frontend.features_shape, len(config.labels)
    costs = [measure_cost(name, shape, n_labels) for name in progress.track(ARCHITECTURES, "architectures")]
    if as_json:
        print_json([{**to_json(cost), "excesses": broken_limits_of(cost, config.model)} for cost in costs])
        return
    echo(f"{shape[0]} frames of {shape[1]} channels, {n_labels} labels")
    rows = [_cost_row(cost, " *" if cost.architecture == config.model.architecture else "") for cost in costs]
    heads = ["architecture", "parameters", "MAC", ".tflite", "tflm arena", "aot flash", "aot RAM", "ops"]
    echo(table(heads, rows))
    echo("\n* this project's; bytes, and multiply-accumulates of one inference")
    for cost in costs:
        for excess in broken_limits_of(cost, config.model):
            echo(f"{cost.architecture}: {excess}")


def _cost_row(cost: NetworkCost, mark: str) -> tuple[str, ...]:
    return (
        cost.architecture + mark,
        f"{cost.parameters:,}",
        f"{cost.macs:,}",
        f"{cost.tflite_bytes:,}",
        f"{cost.arena_bytes:,}",
        f"{cost.aot_flash_bytes:,}",
        f"{cost.aot_ram_bytes:,}",
        ", ".join(cost.ops),
    )


@click.command()
@project_option
@force_option
@json_option
def train(project_dir: Path, force: bool, as_json: bool) -> None:
    """Train the network on the dataset, and keep the best epoch.

    Writes the network and its learning curves to build/model/.

    \b
    Examples:
      tinykws train --project hello
      tinykws train --project hello --force --quiet
    """
    project = Project.load(project_dir)
    run_until(project, "train", ConsoleProgress(), force=force)
    report: TrainReport = report_of(project, "train")
    if as_json:
        print_json(to_json(report))
    else:
        best = report.best
        from tinykws.cost.architecture_cost import in_words

        echo(in_words(report.cost))
        echo(
            f"best epoch {best.epoch} of {report.epochs}: {best.validation_accuracy:.1%} of {report.validation_clips}"
            f" validation clips right, mean recall {best.validation_mean_recall:.1%}, in {report.seconds:.0f} s"
        )
        echo(f"network and learning curves: {project.model_dir}")


@click.command()
@project_option
@force_option
@json_option
@click.option("--from", "tflite", type=click.Path(path_type=Path), default=None,
              metavar="FILE",
              help="Make a bundle from this .tflite (or C array of one), which was trained elsewhere, or from a"
              " microWakeWord manifest (.json).")  # fmt: skip
@click.option("--labels", default=None, metavar="LABELS",
              help="With --from: labels of its outputs, in order, such as silence,unknown,yes,no.")  # fmt: skip
@click.option("--golden", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True,
              metavar="FILE",
              help="With --from: a recording to keep in the bundle with its scores. Repeatable.")  # fmt: skip
def quantize(
    project_dir: Path, force: bool, as_json: bool, tflite: Path | None, labels: str | None, golden: tuple[Path, ...]
) -> None:
    """Convert the network to int8, or import a .tflite.

    `tinykws tune` then chooses detector settings and writes the bundle, which holds everything that a device needs.
    With --from, the bundle is written at once, with default detector settings. If there is a kws.yaml, its `features`,
    `grammar` and `detector: gate_db` are used. A bundle that was trained here is replaced only after you confirm it, or
    with --force.

    \b
    Examples:
      tinykws quantize --project hello
      tinykws quantize --from micro_speech.tflite --labels silence,unknown,yes,no
      tinykws quantize --from okay_nabu.json
    """
    if tflite is None:
        if labels or golden:
            raise click.UsageError("--labels and --golden need --from FILE")
        project = Project.load(project_dir)
        run_until(project, "quantize", ConsoleProgress(), force=force)
        _show_bundle(project.quantized_dir, as_json)
        return
    is_manifest = tflite.suffix == ".json"
    if is_manifest and labels is not None:
        raise click.UsageError("a manifest names its wake word: omit --labels")
    if not is_manifest and labels is None:
        raise click.UsageError("--from needs --labels, such as --labels silence,unknown,yes,no")
    _import(project_dir, tflite, None if labels is None else labels.split(","), golden, force=force)
    _show_bundle(project_dir / "build" / "bundle", as_json, project_dir)


def _import(project_dir: Path, model: Path, labels: list[str] | None, golden: tuple[Path, ...], *, force: bool) -> None:
    """Imports a .tflite with these labels, or without them the model of a manifest."""
    from tinykws.stages.quantize import import_model, import_wake_model

    out, progress = project_dir / "build" / "bundle", ConsoleProgress()
    wishes = {} if labels is None else _wishes_for_import(project_dir)
    if out.parent.is_dir():  # or nobody else works there, and a refused model leaves nothing behind
        hold_until_the_command_ends(out.parent, progress)
    if not force:
        confirm_replacing_trained(out)
    if labels is None:
        import_wake_model(model, out, golden)
    else:
        import_model(model, labels, out, golden, **wishes, progress=progress)


def _wishes_for_import(project_dir: Path) -> dict[str, Any]:
    """Returns what of kws.yaml an imported model obeys, as import_model() takes it; nothing if there is none."""
    if not (project_dir / CONFIG_NAME).is_file():
        return {}
    config = Project.load(project_dir).config
    return {
        "frontend": config.frontend,
        "grammar": config.grammar,
        "gate_db": config.detector.deployed_gate_db,
    }


def _show_bundle(path: Path, as_json: bool, boards_of: Path | None = None) -> None:
    """Prints a bundle; with a project's folder also which engines and boards can run it."""
    from tinykws.model.bundle import load_bundle
    from tinykws.model.bundle import to_json as bundle_to_json

    bundle = load_bundle(path)
    uses = [] if boards_of is None else _uses(bundle, boards_of)
    if as_json:
        print_json({**bundle_to_json(bundle), **({"engines": to_json(uses)} if uses else {})})
        return
    echo(f"bundle {bundle.path}")
    rows = [
        ("model", f"{bundle.model_id}, {bundle.model_path.stat().st_size:,} bytes, {bundle.origin}"),
        ("labels", ", ".join(label.text for label in bundle.labels)),
        ("ops", ", ".join(bundle.ops)),
        ("tensor arena", f"{bundle.arena_bytes:,} bytes, measured by {bundle.arena_measured_by}"),
        ("golden clips", str(len(bundle.golden))),
        *(row for use in uses for row in _use_rows(use)),
    ]
    for name, text in rows:
        echo(f"  {name:13} {text}")


def _uses(bundle: Bundle, project_dir: Path) -> list[EngineUse]:
    from tinykws.cli.boards_and_ports import load_board_rows
    from tinykws.firmware_build.where_it_runs import where_it_runs

    return where_it_runs(bundle, load_board_rows(project_dir).values())


def _use_rows(use: EngineUse) -> Iterator[tuple[str, str]]:
    name = f"engine {use.engine}"
    if use.problem:
        yield name, f"cannot run it: {use.problem}"
        return
    yield name, "runs it on " + (", ".join(use.boards) or "none of the boards")
    for problem in dict.fromkeys(use.excluded.values()):
        boards = [board for board, found in use.excluded.items() if found == problem]
        yield "", f"not on {', '.join(boards)}: {problem}"
