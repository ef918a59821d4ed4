# SPDX-License-Identifier: Apache-2.0
"""What killed runs left is removed by the next; what a living run is making is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tinykws.support.abandoned import owned
from tinykws.support.files import replacing, replacing_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such locks")

WORKING = """
import sys
from pathlib import Path
from tinykws.support.files import replacing_folder
with replacing_folder(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make(path: Path, text: str = "new") -> None:
    with replacing_folder(path) as folder:
        (folder / "file").write_text(text)


def test_a_run_that_works_is_left_alone_and_one_that_was_killed_is_cleaned_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKING, str(tmp_path / "synth")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        temporary = Path(process.stdout.readline().strip())
        make(tmp_path / "synth")
        assert (temporary / "half").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert temporary.exists()
    make(tmp_path / "synth")
    assert names(tmp_path) == ["synth"]


def test_folders_of_earlier_versions_go_and_others_stay(tmp_path: Path) -> None:
    for name in (".synth-abc_1234", ".synth-notes", ".synth-abcdefghi", ".dataset-abc_1234", "synth-abc_1234"):
        (tmp_path / name / "yes").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".synth-linked_1").symlink_to(tmp_path / "elsewhere")
    make(tmp_path / "synth")
    assert names(tmp_path) == [
        ".dataset-abc_1234",
        ".synth-abcdefghi",
        ".synth-linked_1",
        ".synth-notes",
        "elsewhere",
        "synth",
        "synth-abc_1234",
    ]


def test_a_folder_whose_replacement_was_interrupted_comes_back(tmp_path: Path) -> None:
    make(tmp_path / "bundle", "precious")
    (tmp_path / "bundle").rename(tmp_path / ".bundle-abc_1234-old")
    (tmp_path / ".bundle-abc_1234").mkdir()
    with pytest.raises(ZeroDivisionError), replacing_folder(tmp_path / "bundle"):
        assert 1 // 0
    assert names(tmp_path) == ["bundle"]
    assert (tmp_path / "bundle" / "file").read_text() == "precious"


def test_the_rest_of_a_replacement_goes(tmp_path: Path) -> None:
    make(tmp_path / "bundle", "new")
    (tmp_path / ".bundle-abc_1234-old").mkdir()
    make(tmp_path / "bundle", "newer")
    assert names(tmp_path) == ["bundle"]


def test_what_is_written_is_owned(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("x")
        assert names(tmp_path) == [temporary.name]
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_that_is_gone_is_not_owned(tmp_path: Path) -> None:
    with owned(tmp_path / "gone") as is_there:
        assert not is_there
