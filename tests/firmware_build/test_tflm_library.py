# SPDX-License-Identifier: Apache-2.0
"""A PlatformIO library of a TFLM checkout: which files it gets, from a small tree with TFLM's layout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tinykws.boards.rows import parse_boards
from tinykws.cli.main import run
from tinykws.cost.tflm_instructions import kernels_of
from tinykws.firmware_build.tflm_library import make_library, refuse_whole_tree
from tinykws.support.errors import ConfigError

MICRO = "tensorflow/lite/micro"
KERNELS = f"{MICRO}/kernels"
DOWNLOADS = f"{MICRO}/tools/make/downloads"
TREE = {
    "LICENSE": "of TFLM",
    f"{MICRO}/micro_interpreter.cc": f'#include "{MICRO}/micro_interpreter.h"',
    f"{MICRO}/micro_interpreter.h": f'#include "{MICRO}/micro_time.h"\n# include <cstdio>\n#include "core/c.h"',
    f"{MICRO}/micro_op_resolver.cc": "",
    f"{MICRO}/micro_time.h": "",
    f"{MICRO}/micro_time.cc": "",
    f"{MICRO}/micro_time_test.cc": "",
    f"{MICRO}/cortex_m_generic/micro_time.cc": "#error needs a vendor's header",
    f"{MICRO}/examples/main.cc": "",
    f"{MICRO}/micro_mutable_op_resolver.h": f'#include "{KERNELS}/ethosu.h"\n#include "signal/rfft.h"',
    f"{KERNELS}/ethosu.h": "",
    f"{KERNELS}/ethosu.cc": "",
    f"{KERNELS}/conv.h": '#include "fixedpoint/fixedpoint.h"',
    f"{KERNELS}/conv.cc": f'#include "{KERNELS}/conv.h"\nTFLMRegistration Register_CONV_2D() {{}}',
    f"{KERNELS}/conv_common.cc": '#include "ruy/profiler/instrumentation.h"',
    f"{KERNELS}/conv_test.cc": "TFLMRegistration Register_CONV_2D() {}",
    f"{KERNELS}/softmax.cc": "TFLMRegistration Register_SOFTMAX ( ) {",
    f"{KERNELS}/fully_connected.cc": "TFLMRegistration Register_FULLY_CONNECTED() { per_channel }",
    f"{KERNELS}/while.cc": "TFLMRegistration Register_WHILE() {",
    f"{KERNELS}/cmsis_nn/conv.cc": f'#include "{KERNELS}/conv.h"\nTFLMRegistration Register_CONV_2D() {{ fast }}',
    "signal/rfft.h": "",
    "signal/rfft.cc": '#include "kiss_fftr.h"',
    "tensorflow/lite/schema/schema_generated.h": '#include "flatbuffers/flatbuffers.h"',
}
LIBRARIES = {
    "flatbuffers/include/flatbuffers/flatbuffers.h": '#include "flatbuffers/base.h"',
    "flatbuffers/include/flatbuffers/base.h": "",
    "flatbuffers/include/flatbuffers/reflection.h": "",
    "flatbuffers/LICENSE": "of flatbuffers",
    "gemmlowp/fixedpoint/fixedpoint.h": '#include "../internal/detect_platform.h"',
    "gemmlowp/internal/detect_platform.h": "",
    "gemmlowp/LICENSE": "of gemmlowp",
    "ruy/ruy/profiler/instrumentation.h": "",
}
CMSIS_NN = {
    "Include/arm_nnfunctions.h": "",
    "Include/Internal/arm_nn_compiler.h": "",
    "Source/ConvolutionFunctions/arm_convolve_s8.c": "",
    "Source/ConvolutionFunctions/arm_convolve_f16.c": "",
    "Source/NNSupportFunctions/arm_nntables_flt.c": "",
    "LICENSE": "of CMSIS-NN",
}
REFERENCE_FILES = {
    "LICENSE", "library.json", ".tinykws-generated.json", "third_party/flatbuffers/LICENSE",
    "third_party/gemmlowp/LICENSE", f"{MICRO}/micro_interpreter.cc", f"{MICRO}/micro_interpreter.h",
    f"{MICRO}/micro_op_resolver.cc", f"{MICRO}/micro_time.h", f"{MICRO}/micro_time.cc",
    f"{MICRO}/micro_mutable_op_resolver.h", f"{KERNELS}/ethosu.h", f"{KERNELS}/conv.h", f"{KERNELS}/conv.cc",
    f"{KERNELS}/conv_common.cc", f"{KERNELS}/softmax.cc", f"{KERNELS}/fully_connected.cc", "signal/rfft.h",
    "tensorflow/lite/schema/schema_generated.h", "third_party/flatbuffers/include/flatbuffers/flatbuffers.h",
    "third_party/flatbuffers/include/flatbuffers/base.h", "third_party/gemmlowp/fixedpoint/fixedpoint.h",
    "third_party/gemmlowp/internal/detect_platform.h", "third_party/ruy/ruy/profiler/instrumentation.h",
}  # fmt: skip


def plant(folder: Path, files: dict[str, str], below: str = "") -> Path:
    for name, text in files.items():
        path = folder / below / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return plant(plant(tmp_path / "tflite-micro", TREE), LIBRARIES, DOWNLOADS)


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_it_has_what_the_engine_needs_and_no_more(checkout: Path, tmp_path: Path) -> None:
    report = make_library(checkout, tmp_path / "tflm", "reference")
    assert files_below(tmp_path / "tflm") == REFERENCE_FILES
    assert (report.sources, report.per_channel_fully_connected) == (7, True)
    assert "PRELU" in report.missing_ops
    assert "SOFTMAX" not in report.missing_ops
    build = json.loads((tmp_path / "tflm" / "library.json").read_text())["build"]
    folders = [flag.removeprefix("-I") for flag in build["flags"] if flag.startswith("-I")]
    assert folders == [".", "third_party/flatbuffers/include", "third_party/gemmlowp", "third_party/ruy"]
    assert all((tmp_path / "tflm" / folder).is_dir() for folder in folders)
    assert "-DNDEBUG" in build["flags"]
    refuse_whole_tree(tmp_path / "tflm")


def test_cmsis_nn_replaces_the_kernels_that_it_has(checkout: Path, tmp_path: Path) -> None:
    plant(tmp_path / "elsewhere", CMSIS_NN, "CMSIS-NN")
    make_library(checkout, tmp_path / "tflm", "cmsis_nn", [tmp_path / "elsewhere"])
    assert files_below(tmp_path / "tflm") == REFERENCE_FILES - {f"{KERNELS}/conv.cc"} | {
        f"{KERNELS}/cmsis_nn/conv.cc",
        "third_party/cmsis_nn/LICENSE",
        "third_party/cmsis_nn/Include/arm_nnfunctions.h",
        "third_party/cmsis_nn/Include/Internal/arm_nn_compiler.h",
        "third_party/cmsis_nn/Source/ConvolutionFunctions/arm_convolve_s8.c",
    }
    flags = json.loads((tmp_path / "tflm" / "library.json").read_text())["build"]["flags"]
    assert {"-DCMSIS_NN", "-DARM_NN_ENABLE_F16=0", "-Ithird_party/cmsis_nn"} < set(flags)


def test_made_again_for_other_kernels_it_leaves_nothing_behind(checkout: Path, tmp_path: Path) -> None:
    plant(checkout, CMSIS_NN, f"{DOWNLOADS}/cmsis_nn")
    for kernels in ("cmsis_nn", "reference"):
        make_library(checkout, tmp_path / "tflm", kernels)
    assert files_below(tmp_path / "tflm") == REFERENCE_FILES


def test_a_tree_of_create_tflm_tree_for_cortex_m_is_enough(tmp_path: Path) -> None:
    """It has its libraries in third_party, and Cortex-M's micro_time.cc in place of the other."""
    tree = plant(plant(tmp_path / "tree", TREE), LIBRARIES, "third_party")
    (tree / MICRO / "micro_time.cc").unlink()
    make_library(tree, tmp_path / "tflm", "reference")
    assert f"{MICRO}/cortex_m_generic/micro_time.cc" in files_below(tmp_path / "tflm")
    assert "-DPROJECT_GENERATION" in (tmp_path / "tflm" / "library.json").read_text()


@pytest.mark.parametrize("name", ["flatbuffers", "gemmlowp", "ruy", "cmsis_nn"])
def test_a_missing_library_is_named_with_the_command_that_gets_it(name: str, tmp_path: Path) -> None:
    rest = {path: text for path, text in LIBRARIES.items() if not path.startswith(name)}
    checkout = plant(plant(tmp_path / "tflite-micro", TREE), rest, DOWNLOADS)
    with pytest.raises(ConfigError, match=f"^{name} is missing: TFLM needs its") as caught:
        make_library(checkout, tmp_path / "tflm", "cmsis_nn" if name == "cmsis_nn" else "reference")
    assert "third_party_downloads" in str(caught.value.hint)
    assert not (tmp_path / "tflm").exists()


def test_what_is_no_checkout_or_not_empty_is_refused(checkout: Path, tmp_path: Path) -> None:
    other = plant(tmp_path / "other", LIBRARIES, "third_party")
    with pytest.raises(ConfigError, match="is not a checkout of tflite-micro: it has no tensorflow"):
        make_library(other, tmp_path / "tflm", "reference")
    with pytest.raises(ConfigError, match="is not empty"):
        make_library(checkout, other, "reference")
    (checkout / KERNELS / "conv.cc").unlink()
    with pytest.raises(ConfigError, match="has been cut for CMSIS-NN"):
        make_library(checkout, tmp_path / "tflm", "reference")


def test_the_command_prints_a_row_that_can_be_read(
    checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["tflm-library", str(checkout), str(tmp_path / "tflm")]) == 0
    keys = capsys.readouterr().out.split("keys for a row of boards.yaml:\n")[1]
    row = f"mine:\n  name: Mine\n  mcu: M4\n  platform: x@1\n  board: x\n  main: main_c.c\n  port: host\n{keys}"
    board = parse_boards(row, source="x")["mine"]
    assert board.tflm is not None
    assert board.tflm.lib_deps == (f"symlink://{tmp_path / 'tflm'}",)
    assert kernels_of(board.tflm) == "reference"


def test_a_whole_checkout_as_a_library_is_refused_before_it_is_compiled(checkout: Path) -> None:
    for manifest in ({"name": "tflm"}, {"name": "tflm", "build": {"flags": "-I."}}):
        (checkout / "library.json").write_text(json.dumps(manifest))
        with pytest.raises(
            ConfigError, match=r"is a whole checkout of tflite-micro.* 15 sources.*conv_test\.cc"
        ) as caught:
            refuse_whole_tree(checkout)
        assert f"tinykws tflm-library {checkout} {checkout}-cut" in str(caught.value.hint)
    (checkout / "library.json").write_text(json.dumps({"build": {"srcFilter": ["-<*>"]}}))
    refuse_whole_tree(checkout)
