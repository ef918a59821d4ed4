# SPDX-License-Identifier: Apache-2.0
"""tflm-library: a checkout of tflite-micro in, a library for PlatformIO out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinykws.boards.rows import REFERENCE, TFLM_KERNELS
from tinykws.cli.console import print_json, to_json
from tinykws.cli.options import json_option
from tinykws.cli.terminal import echo

if TYPE_CHECKING:
    from tinykws.firmware_build.tflm_library import LibraryReport

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("tflm-library")
@click.option("--kernels", type=click.Choice(TFLM_KERNELS), default=REFERENCE, show_default=True,
              help="TFLM's own portable kernels, or Arm's CMSIS-NN, faster from Cortex-M4 on.")  # fmt: skip
@click.option("--third-party", multiple=True, type=click.Path(path_type=Path, file_okay=False, exists=True),
              metavar="DIR", help="Search flatbuffers, gemmlowp, ruy and CMSIS-NN here first. Repeatable.")  # fmt: skip
@json_option
@click.argument("checkout", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("folder", type=FOLDER)
def tflm_library(kernels: str, third_party: tuple[Path, ...], as_json: bool, checkout: Path, folder: Path) -> None:
    """Cut a TensorFlow Lite Micro checkout into a PlatformIO library.

    CHECKOUT is a clone of tflite-micro in which its makefile has downloaded what it uses, or a tree that its
    create_tflm_tree.py made; it is only read. FOLDER becomes the library: the interpreter, the kernels that tinykws can
    use, and a library.json with include paths and flags. At the end the keys for a row of boards.yaml are printed.

    \b
    Examples:
      tinykws tflm-library ~/tflite-micro ~/tflm
      tinykws tflm-library ~/tflite-micro ~/tflm-fast --kernels cmsis_nn --third-party ~/CMSIS-NN
    """
    from tinykws.firmware_build.tflm_library import make_library

    report = make_library(checkout.resolve(), folder.resolve(), kernels, [path.resolve() for path in third_party])
    if as_json:
        print_json(to_json(report))
    else:
        echo(_describe(report))


def _describe(report: LibraryReport) -> str:
    lines = [f"{report.folder}: {report.sources} sources, kernels {report.kernels}"]
    if report.missing_ops:
        lines.append(f"this version of TFLM lacks {', '.join(report.missing_ops)}")
    return "\n".join([*lines, "keys for a row of boards.yaml:", *report.row_keys()])
