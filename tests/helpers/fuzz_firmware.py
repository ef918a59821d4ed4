# SPDX-License-Identifier: Apache-2.0
"""Fuzzes the firmware's application through its serial port.

    make fuzz-firmware SECONDS=3600

Coverage-guided, by libFuzzer (Debian: clang), with AddressSanitizer and UBSan; the checks are in
tests/c/fuzz_app.c. A finding ends the run and is kept in the corpus folder as crash-…; counts.json there adds up all
runs. The next run continues from the inputs that were kept. tests/firmware/test_fuzz_firmware.py is a short run with
fixed seeds.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from firmware_application import FRONTEND, LABELS_C, SETTINGS_H
from firmware_sources import APPLICATION_INCLUDES, portable_sources

from tinykws.device.line_checksum import with_check
from tinykws.device.protocol import AUDIO_TYPE, EXIT, INFO, RESET, STATUS, TEST, announcement, audio_line, sync_command
from tinykws.native.frontend_tables import c_source
from tinykws.support.resources import FIRMWARE

NATIVE = Path(__file__).parent.parent / "c"
FLAGS = ["-g", "-O2", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
LONGEST_INPUT = 8192


def build(folder: Path, compiler: str, *flags: str) -> Path:
    """Compiles the application with the fuzzer's port; returns the program."""
    frames = f"#define KWS_N_FRAMES {FRONTEND.n_frames}\n"
    assert frames in SETTINGS_H
    (folder / "kws_settings.h").write_text(SETTINGS_H.replace(frames, "#define KWS_N_FRAMES 4\n"))  # a fast model
    (folder / "tables.c").write_text(c_source(FRONTEND))
    (folder / "labels.c").write_text(LABELS_C)
    sources = [
        *(FIRMWARE / "src").glob("kws_*.c"),
        *portable_sources(),
        *(NATIVE / "summing_engine.c", NATIVE / "fuzz_app.c", NATIVE / "on_word_lines.c"),
        *(folder / "tables.c", folder / "labels.c"),
    ]
    includes = [f"-I{folder}", *APPLICATION_INCLUDES]
    program = folder / "fuzz_app"
    subprocess.run([compiler, "-std=gnu99", *FLAGS, *flags, *includes, *sources, "-o", program], check=True)
    return program


def seeds() -> Iterator[bytes]:
    """Yields sessions that are correct, or wrong in one way; the first byte is for the harness."""
    pcm = bytes(range(256)) * 8
    commands = [INFO, TEST, STATUS, RESET, "!RECORD 400", EXIT]
    data = announcement(len(pcm), zlib.crc32(pcm), 800)
    audio = [audio_line(at, pcm[at : at + 300], at // 300) for at in range(0, len(pcm), 300)]
    clip = [with_check(TEST), with_check(data), with_check(sync_command(1, 0)), *audio, with_check(sync_command(2, 3))]
    with_features = [with_check(TEST), with_check(announcement(len(pcm), zlib.crc32(pcm), 8000, features=True)), *audio]
    plain_audio = [base64.b64encode(pcm[at : at + 512]).decode() for at in range(0, len(pcm), 512)]
    old_form = [TEST, f"!DATA {AUDIO_TYPE} {len(pcm)}", *plain_audio]
    unconfirmed = [with_check(TEST), with_check(announcement(2, 0, 80000)), audio_line(0, b"ab", 0)]
    conversations = [
        *(commands, list(map(with_check, commands))),
        *(clip, clip[:5] + clip[6:], clip[:5] + clip[3:], with_features),
        *(old_form, old_form[:3], [*unconfirmed, with_check(sync_command(1, 5))]),
        *([TEST, "!RECORD 4000", "!STATUS"], ["x" * 3000, INFO], [data, with_check(data)]),
    ]
    for conversation in conversations:
        for first in (0x0F, 0x21, 0x9F):
            yield bytes([first]) + "".join(f"{line}\n" for line in conversation).encode()


def fuzz(corpus: Path, seconds: int) -> int:
    """Runs libFuzzer on the corpus; returns its exit code."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number:02}").write_bytes(seed)
    program = build(corpus.parent, "clang", "-fsanitize=fuzzer,address,undefined")
    command = [
        program,
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT}",
        "-timeout=600",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    began = time.monotonic()
    done = subprocess.run(
        [*map(str, command), f"-artifact_prefix={corpus}/", corpus], stderr=subprocess.PIPE, text=True, check=False
    )
    sys.stderr.write(done.stderr[-4000:])
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    _add_up(corpus / "counts.json", int(executed[1]) if executed else 0, time.monotonic() - began)
    return done.returncode


def _add_up(path: Path, executions: int, seconds: float) -> None:
    counts = json.loads(path.read_text()) if path.is_file() else {"executions": 0, "seconds": 0.0}
    counts["executions"] += executions
    counts["seconds"] = round(counts["seconds"] + seconds, 1)
    path.write_text(json.dumps(counts))
    print(json.dumps(counts))  # noqa: T201


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, default=Path("build/fuzz-firmware/corpus"))
    arguments = parser.parse_args()
    if shutil.which("clang") is None:
        sys.exit("needs clang, for libFuzzer: apt install clang libclang-rt-dev")
    return fuzz(arguments.corpus.resolve(), arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
