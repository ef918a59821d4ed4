# SPDX-License-Identifier: Apache-2.0
"""What tests share: the folder of real speech, where there is one, and the tools of the machine."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import hypothesis
import pytest
from made_dataset import make_project

from tinykws.project.layout import Project

ROOT = Path(__file__).parent.parent

# A busy machine is no failure: hypothesis's limit of 200 ms an example is off.
hypothesis.settings.register_profile("tinykws", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=20_000)  # CONTRIBUTING.md
hypothesis.settings.load_profile("tinykws")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs the tests in the background has them ignore Ctrl-C, and all they start: some tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the checkout that holds real speech and reference models; skips where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder of real speech beside the checkout")
    return folder


@pytest.fixture(scope="session")
def qemu_cortex_m4() -> None:
    """Skips where firmware for an emulated Cortex-M4 cannot be built or run."""
    skip_without("arm-none-eabi-gcc", "qemu-system-arm")


@pytest.fixture(scope="session")
def qemu_riscv32() -> None:
    """Skips where firmware for an emulated RISC-V cannot be built or run."""
    skip_without("riscv64-unknown-elf-gcc", "qemu-system-riscv32")


@pytest.fixture(scope="session")
def cplusplus() -> None:
    """Skips where there is no C++ compiler for this computer."""
    skip_without("g++")


def skip_without(*programs: str) -> None:
    """Skips the test where one of the programs is not on PATH, naming it."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")


@pytest.fixture(scope="session")
def learned_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of tone bursts, trained, quantized and tuned: build/ holds all of it. Not to be changed."""
    from tinykws.stages.quantize import quantize
    from tinykws.stages.train import train
    from tinykws.stages.tune import tune

    project = make_project(tmp_path_factory.mktemp("learned") / "project")
    train(project)
    quantize(project)
    tune(project)
    return project
