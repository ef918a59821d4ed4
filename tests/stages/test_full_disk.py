# SPDX-License-Identifier: Apache-2.0
"""A full disk while a stage writes: one readable error, also from a worker process, and nothing half-written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinykws.audio.files import read_audio, write_wav, writing_wav
from tinykws.cli.main import run
from tinykws.support import files
from tinykws.support.errors import ConfigError
from tinykws.support.files import replacing, replacing_folder
from tinykws.support.project_lock import LOCK_NAME

pytest.importorskip("espeakng_loader")

KWS_YAML = "words: [yes]\nsynth: {engines: espeak, clips_per_word: 10, unknown_clips: 10, silence_clips: 10}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "kws.yaml").write_text(KWS_YAML)
    return tmp_path


def left(root: Path) -> list[Path]:
    return [path for path in (root / "build").rglob("*") if path.is_file() and path.name != Path(LOCK_NAME).name]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EMFILE, "ulimit -n"),
    ],
)
def test_what_the_disk_lacks_and_what_to_do(number: int, says: str, tmp_path: Path) -> None:
    for context, path in ((replacing_folder, tmp_path / "folder"), (replacing, tmp_path / "file")):
        with pytest.raises(ConfigError) as caught, context(path):
            raise OSError(number, os.strerror(number))
        assert caught.value.message == f"cannot write in {tmp_path}: {os.strerror(number)}"
        assert says in (caught.value.hint or "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_synth_on_a_full_disk(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    written = []

    def fails_at_the_fifth(path: Path, data: bytes) -> None:
        written.append(path)
        if len(written) == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        path.write_bytes(data)

    monkeypatch.setattr("tinykws.audio.files.write_bytes", fails_at_the_fifth)
    monkeypatch.setattr("tinykws.stages.synth.process_count", lambda: 1)
    assert run(["synth", "--project", str(root)]) == 2
    said = capsys.readouterr().err
    assert f"tinykws: cannot write in {root / 'build'}: No space left on device\n  try: free some space" in said
    assert len(written) == 5
    assert left(root) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_worker_process_says_it_too(root: Path) -> None:
    """The limit is on the size of a file, which any process may set; a full disk takes the same path."""
    code = (
        "import resource, sys\n"
        "from tinykws.cli.main import run\n"
        "if __name__ == '__main__':\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))\n"
        "    import tinykws.stages.synth as stage\n"
        "    stage.process_count = lambda: 2\n"
        "    sys.exit(run(['synth', '--project', sys.argv[1]]))\n"
    )
    (root / "limited.py").write_text(code)
    done = subprocess.run([sys.executable, root / "limited.py", root], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert f"tinykws: cannot write in {root / 'build'}: {os.strerror(errno.EFBIG)}" in done.stderr
    assert done.returncode == 2
    assert left(root) == []


def test_other_errors_keep_their_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replacing_folder(tmp_path / "a"):
        raise ZeroDivisionError
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "b"):
        (tmp_path / "nothing").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_an_error_names_the_file_that_was_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path, __: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_bytes(tmp_path / "a.wav", b"")
    assert caught.value.filename == str(tmp_path / "a.wav")


def test_a_file_in_pieces_is_the_same_as_in_one(tmp_path: Path) -> None:
    import numpy as np

    samples = np.arange(-3000, 3000, dtype=np.int16)
    write_wav(tmp_path / "a.wav", samples)
    with writing_wav(tmp_path / "b.wav") as write:
        write(samples[:100])
        write(samples[100:])
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert (read_audio(tmp_path / "b.wav").samples == samples).all()
