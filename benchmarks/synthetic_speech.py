# SPDX-License-Identifier: Apache-2.0
"""Accuracy on recorded speech of models trained on synthetic clips.

    .venv/bin/python benchmarks/synthetic_speech.py --data ../shared/data/speech_commands [--variant NAME] [--seed N]

Projects of yes and no, each trained with the defaults, its int8 bundle judged on the validation speakers of --data:

    spoken       synthetic clips by espeak-ng and generated noise; no recordings
    others       synthetic yes and no; recorded other words and background noise of training speakers
    spoken+20    spoken, and 20 recordings of yes and 20 of no, of training speakers, drawn by the seed
    others+20    others, and the same 40 recordings

--seed sets the seed of training, synthesis and drawing; --variant and --seed can be repeated. Adds a line to --out
after each run, and prints a table of all its lines.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
from pathlib import Path
from typing import Any

from tinykws.project.config import load_config
from tinykws.project.layout import Project
from tinykws.stages.evaluate import evaluate
from tinykws.stages.prepare import prepare
from tinykws.stages.quantize import quantize
from tinykws.stages.synth import synth
from tinykws.stages.train import train
from tinykws.training_data.folders import LIST_FILES

WORDS = ("yes", "no")
VARIANTS = ("spoken", "others", "spoken+20", "others+20")
DRAWN = 20


def main() -> None:
    """Runs each variant with each seed."""
    arguments = read_arguments()
    judge = project_at(arguments.work / "judge", arguments.data, "never", 1)
    prepare(judge)
    for variant in arguments.variant or VARIANTS:
        for seed in arguments.seed or [1]:
            figures = run(variant, seed, judge, arguments)
            with arguments.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(figures) + "\n")
    print_table([json.loads(line) for line in arguments.out.read_text(encoding="utf-8").splitlines()])


def read_arguments() -> argparse.Namespace:
    """Returns the command line's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Speech Commands' layout, with validation_list.txt")
    parser.add_argument("--variant", action="append", choices=VARIANTS)
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--synth", default="", help="settings of synth: 'engines: [espeak, flite]'")
    parser.add_argument("--training", default="", help="settings of training instead of the defaults: 'epochs: 25, …'")
    parser.add_argument("--work", type=Path, default=Path("build/synthetic_speech"))
    parser.add_argument("--out", type=Path, default=Path("build/synthetic_speech.jsonl"))
    return parser.parse_args()


def run(variant: str, seed: int, judge: Project, arguments: argparse.Namespace) -> dict[str, Any]:
    """Trains a variant; returns the accuracy of its bundle on the judge's validation clips."""
    root = arguments.work / f"{variant}-{seed}"
    data = root / "data"
    shutil.rmtree(root, ignore_errors=True)
    data.mkdir(parents=True)
    if variant.startswith("others"):
        for folder in sorted(arguments.data.iterdir()):
            if folder.name not in WORDS:
                (data / folder.name).symlink_to(folder.resolve())
    if variant.endswith("+20"):
        draw(arguments.data, data, seed)
    project = project_at(root, data, "always", seed, training=arguments.training, spoken=arguments.synth)
    synth(project)
    prepare(project)
    report = train(project)
    quantize(project)
    shutil.rmtree(judge.bundle_dir, ignore_errors=True)
    shutil.copytree(project.quantized_dir, judge.bundle_dir)
    score = evaluate(judge, split="validation").int8_model
    recalls = {label.label: None if label.recall is None else round(label.recall, 4) for label in score.labels}
    return {
        "variant": variant,
        "seed": seed,
        "training": "; ".join(filter(None, (arguments.training, arguments.synth))) or "defaults",
        "clips": score.clips,
        "accuracy": round(score.accuracy, 4),
        "mean_recall": round(score.mean_recall, 4),
        "recalls": recalls,
        "training_seconds": round(report.seconds),
    }


def project_at(
    root: Path, data: Path, synth_enabled: str, seed: int, *, training: str = "", spoken: str = ""
) -> Project:
    """Makes a project of the two words with all else, but what is given for training and synth, at its default."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "kws.yaml").write_text(
        f"words: [{', '.join(WORDS)}]\ndata: {data.resolve()}\n"
        f"synth: {{enabled: {synth_enabled}, seed: {seed}, {spoken}}}\ntraining: {{seed: {seed}, {training}}}\n",
        encoding="utf-8",
    )
    return Project(root, load_config(root / "kws.yaml"))


def draw(source: Path, target: Path, seed: int) -> None:
    """Links so many clips of each word, none of a validation or testing speaker."""
    held_back = {
        Path(line).with_suffix("")
        for name in LIST_FILES.values()
        if (source / name).is_file()
        for line in (source / name).read_text(encoding="utf-8").split()
    }
    choice = random.Random(seed)
    for word in WORDS:
        (target / word).mkdir()
        clips = [path for path in sorted((source / word).iterdir()) if Path(word, path.stem) not in held_back]
        for path in choice.sample(clips, DRAWN):
            (target / word / path.name).symlink_to(path.resolve())


def print_table(runs: list[dict[str, Any]]) -> None:
    """Prints runs as Markdown."""
    print("| variant | seed | training | accuracy | mean recall | silence | unknown | yes | no | time |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for figures in runs:
        recalls = " | ".join(f"{recall:.1%}" for recall in figures["recalls"].values())
        whole = f"{figures['accuracy']:.1%} | {figures['mean_recall']:.1%}"
        what = f"{figures['variant']} | {figures['seed']} | {figures['training']}"
        print(f"| {what} | {whole} | {recalls} | {figures['training_seconds']} s |")


if __name__ == "__main__":
    main()
