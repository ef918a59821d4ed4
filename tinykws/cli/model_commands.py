"""train, quantize, evaluate, detect: from a dataset to a bundle, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinykws.cli.console import ConsoleProgress, print_json, table, to_json
from tinykws.cli.options import bundle_option, force_option, json_option, project_option
from tinykws.cli.pipeline import run_until
from tinykws.project import Project


@click.command()
@project_option
@force_option
@json_option
def train(project_dir: Path, force: bool, as_json: bool) -> None:
    """Train the network on the dataset; keep the best epoch.

    \b
    Example: tinykws train --project hello
    """
    raise NotImplementedError


@click.command()
@project_option
@force_option
@json_option
@click.option("--from", "tflite", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="Make the bundle of this .tflite, trained elsewhere.")  # fmt: skip
@click.option("--labels", default=None, help="With --from: its outputs in order, such as silence,unknown,yes,no.")
@click.option("--golden", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True,
              help="With --from: a recording to keep in the bundle with the scores it gets; may be repeated.")  # fmt: skip
def quantize(
    project_dir: Path, force: bool, as_json: bool, tflite: Path | None, labels: str | None, golden: tuple[Path, ...]
) -> None:
    """Convert the model to int8 and write the bundle: all that a device needs.

    \b
    Examples:
      tinykws quantize --project hello
      tinykws quantize --from micro_speech.tflite --labels silence,unknown,yes,no
    """
    if tflite is None:
        if labels or golden:
            raise click.UsageError("--labels and --golden go with --from FILE")
        run_until(Project.load(project_dir), "quantize", ConsoleProgress(), force=force)
        _show_bundle(project_dir, as_json)
        return
    if labels is None:
        raise click.UsageError("--from needs --labels, such as --labels silence,unknown,yes,no")
    from tinykws.stages.quantize import import_model

    import_model(tflite, labels.split(","), project_dir / "build" / "bundle", golden)
    _show_bundle(project_dir, as_json)


def _show_bundle(project_dir: Path, as_json: bool) -> None:
    from tinykws.bundle import load_bundle, to_json as bundle_to_json

    bundle = load_bundle(project_dir / "build" / "bundle")
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


COMMANDS = [train, quantize]
