# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LIBRARY = ROOT / "firmware" / "lib" / "kws_audio"


@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_two_threads_lose_nothing_but_whole_blocks(tmp_path: Path, sanitizer: str) -> None:
    program = tmp_path / "sample_ring"
    sources = [str(ROOT / "tests" / "c" / "sample_ring.c"), str(LIBRARY / "kws_sample_ring.c")]
    flags = ["-std=gnu99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", f"-fsanitize={sanitizer}", "-pthread"]
    command = ["gcc", *flags, f"-I{LIBRARY}", *sources, "-o", str(program)]
    subprocess.run(command, check=True, timeout=600)
    result = subprocess.run([program], capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr
    read = int(result.stdout.split()[0])
    assert read >= 1024, "the reader saw hardly anything of the writer's work"
