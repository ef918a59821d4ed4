# SPDX-License-Identifier: Apache-2.0
"""Fixtures that several rooms share: recorded speech, the tools of this computer, small bundles and projects."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from between_workers import made_once
from tiny_model import tiny_bundle
from tone_bursts_dataset import make_project

from tinykws.model.bundle import Bundle, load_bundle
from tinykws.model.tflm_interpreter import HIDING_VARIABLE
from tinykws.project.layout import Project

ROOT = Path(__file__).parent.parent

LONG_FILES = (
    "stages/test_words_of_any_language.py",
    "stages/test_train.py",
    "support/test_interrupted_commands.py",
    "verification/test_verify_boards.py",
    "aot/test_kernel_twins.py",
    "aot/test_kernels.py",
    "aot/test_streaming.py",
    "device/test_stream_faults.py",
    "native/test_features.py",
    "stages/test_generate.py",
    "stages/test_synth.py",
    "aot/test_compiler.py",
    "model/test_converter.py",
    "speech/test_engines.py",
    "repository/test_docs.py",
    "cli/test_cli.py",
    "stages/test_build.py",
    "device/test_clip_faults.py",
    "firmware/test_tflm_engine.py",
    "cost/test_architecture_cost.py",
    "aot/test_tflite_fuzz.py",
    "stages/test_mine.py",
)
"""What takes more than 14 s of processor time, longest first (the first one makes what others use, too). They begin
first, so that all workers end at about the same time. Each worker takes whole files (`--dist loadfile`), or several
would train what the fixtures of a file share."""
SLOW_FIXTURES = {"qemu_cortex_m4", "qemu_riscv32", "learned_project", "russian", "costs"}

# A busy machine must not fail a test: hypothesis's limit of 200 ms per example is off.
hypothesis.settings.register_profile("tinykws", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=20_000)  # CONTRIBUTING.md
hypothesis.settings.load_profile("tinykws")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
CACHE = tempfile.TemporaryDirectory(prefix="tinykws-cache-")  # no test writes into the user's
os.environ["TINYKWS_CACHE_DIR"] = CACHE.name
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

if os.environ.get(HIDING_VARIABLE):  # as on a computer for which TFLite Micro has no wheels; here and in processes
    sys.modules["tflite_micro"] = None  # type: ignore[assignment]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts the tests in the background makes them, and the processes they start, ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long files first; marks tests as slow that train a model or need an emulator, for `make quick`."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of tests are on this computer."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="session")
def plain_voices() -> Iterator[None]:
    """With `engines: auto` espeak-ng speaks alone and unchanged: tests must not depend on what else is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinykws.speech.engine_choice.engine_names", lambda: ("espeak",))
        patch.setattr("tinykws.speech.vocoder.version", lambda: "")
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder next to the checkout with recorded speech and reference models; skips the test if there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` with recorded speech next to the checkout")
    return folder


@pytest.fixture(scope="session")
def qemu_cortex_m4() -> None:
    """Skips the test if firmware for an emulated Cortex-M4 cannot be built or run."""
    skip_without("arm-none-eabi-gcc", "qemu-system-arm")


@pytest.fixture(scope="session")
def qemu_riscv32() -> None:
    """Skips the test if firmware for an emulated RISC-V cannot be built or run."""
    skip_without("riscv64-unknown-elf-gcc", "qemu-system-riscv32")


@pytest.fixture(scope="session")
def cplusplus() -> None:
    """Skips the test if there is no C++ compiler for this computer."""
    skip_without("g++")


def skip_without(*programs: str) -> None:
    """Skips the test if one of the programs is not on PATH, and names it."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")


@pytest.fixture(scope="session")
def learned_project() -> Project:
    """A project of tone bursts, trained, quantized and tuned; build/ holds the results. Tests must not change it."""
    from tinykws.stages.quantize import quantize
    from tinykws.stages.train import train
    from tinykws.stages.tune import tune

    def learn(root: Path) -> None:
        project = make_project(root)
        train(project)
        quantize(project)
        tune(project)

    return Project.load(made_once("learned", learn))


@pytest.fixture(scope="session")
def trained_bundle(learned_project: Project) -> Bundle:
    """The bundle of `learned_project`, as `tune` wrote it."""
    return load_bundle(learned_project.bundle_dir)


@pytest.fixture(scope="session")
def tiny_model_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of a model of 2 kB for the word `yes`, made without TensorFlow. Tests must not change its folder."""
    return tiny_bundle(tmp_path_factory.mktemp("tiny") / "bundle")
