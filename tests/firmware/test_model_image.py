# SPDX-License-Identifier: Apache-2.0
"""The reader of model images in C, under the sanitizers, against the writer in Python, and against what is not one."""

from __future__ import annotations

import dataclasses
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from firmware_sources import INCLUDES, portable_sources
from tiny_model import FRONTEND, dense_bundle

from tinykws.boards.rows import Board, parse_boards
from tinykws.cost.memory import arena_bytes
from tinykws.firmware_build.model_image import HEADER_BYTES, model_image
from tinykws.model.bundle import Bundle, GoldenClip
from tinykws.project.detector_settings import DetectorSettings, temporal_filter_settings
from tinykws.project.grammar import OpenAfter
from tinykws.project.temporal_filter import N_AGES
from tinykws.support.resources import FIRMWARE

BUILT_IN = "00000000-11111111-22222222-33333333"
"""Of read_model_image.c; its first hash is replaced by the bundle's."""
ROW = """
mine:
  name: Mine
  mcu: any
  platform: symlink://${PROJECT_DIR}/platform
  board: host
  main: main_c.c
  port: host
  engine: tflm
  engines: [tflm]
  tflm: {}
"""
SLOT_BYTES = 8192
HEADER_FIELDS = range(4, 120, 4)
ODD_VALUES = (0, 1, 2, 3, 15, 16, 255, 256, 257, 272, 1000, 65_535, 2**31 - 1, 2**31, 2**32 - 256, 2**32 - 1)

Read = Callable[[Iterable[bytes]], list[str]]


@pytest.fixture(scope="module")
def board() -> Board:
    return parse_boards(ROW, source="x")["mine"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """With everything that an image can hold: a filter, a grammar, a gate, a golden clip."""
    rng = np.random.default_rng(3)
    detector = temporal_filter_settings(rng.standard_normal((3, 2, N_AGES)).tolist(), -2.5, 100)
    detector = dataclasses.replace(detector, grammar=(OpenAfter(3, 2, 4000),), gate_db=6, word_thresholds=(181, 90))
    made = dense_bundle(tmp_path_factory.mktemp("bundle"), FRONTEND, detector, ["yes", "hey robot"])
    return dataclasses.replace(made, golden=(GoldenClip("golden/any.wav", "", 0xFEDCBA98, (-128, 0, 5, 127), seed=77),))


@pytest.fixture(scope="module")
def read(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Returns what the reader says of each slot; a complaint of the sanitizers fails."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    folder = tmp_path_factory.mktemp("reader")
    text = (Path(__file__).parent.parent / "c" / "read_model_image.c").read_text()
    main = folder / "main.c"
    main.write_text(text.replace(BUILT_IN, identity_of_firmware(bundle)))
    source = FIRMWARE / "model_slot" / "kws_model_image.c"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fsanitize=address,undefined"]
    command = [
        *["gcc", *flags, "-fno-sanitize-recover=all", *INCLUDES, f"-I{source.parent}"],
        *map(str, [main, source, *portable_sources(), "-o", folder / "read"]),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    def run(slots: Iterable[bytes]) -> list[str]:
        said = b"".join(struct.pack("<I", len(slot)) + slot for slot in slots)
        done = subprocess.run([folder / "read"], input=said, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return [line.strip() for line in done.stdout.decode().splitlines()]

    return run


def identity_of_firmware(bundle: Bundle) -> str:
    """Of firmware with the bundle's front-end and another model."""
    return bundle.identity[:8] + BUILT_IN[8:]


@pytest.fixture(scope="module")
def image(bundle: Bundle, board: Board) -> bytes:
    return model_image(bundle, board, identity_of_firmware(bundle))


def in_slot(image: bytes) -> bytes:
    return image + b"\xff" * (SLOT_BYTES - len(image))


def with_field(image: bytes, at: int, value: int) -> bytes:
    """The image with a number of its header replaced, and right CRCs."""
    header = bytearray(image[:HEADER_BYTES])
    struct.pack_into("<I", header, at, value)
    struct.pack_into("<I", header, HEADER_BYTES - 4, zlib.crc32(header[:-4]))
    return bytes(header) + image[HEADER_BYTES:]


def with_body(image: bytes, body: bytes) -> bytes:
    """The image with another body of the same length, and right CRCs."""
    return with_field(image[:HEADER_BYTES] + body, 16, zlib.crc32(body))


def with_text(image: bytes, at: int, text: bytes) -> bytes:
    header = bytearray(image[:HEADER_BYTES])
    header[at : at + len(text)] = text
    return with_field(bytes(header) + image[HEADER_BYTES:], 4, 1)


def test_the_reader_finds_all_that_the_writer_put_in(read: Read, image: bytes, bundle: Bundle) -> None:
    golden, detector = bundle.self_test, bundle.detector
    assert golden is not None
    weights = 0
    for weight in detector.tap_weights:
        weights = int(np.fmod(weights * 7, 1_000_003)) + weight  # as C: the sign is the dividend's
    assert read([in_slot(image), image]) == 2 * [
        f"good model={len(bundle.model_bytes())} sum={sum(bundle.model_bytes())} settings={bundle.identity[:26]}"
        f" labels=_silence_,_unknown_,yes,hey_robot, thresholds={detector.threshold},{detector.threshold},181,90,"
        f" rule=filter taps={detector.taps} weights={weights} bias={detector.filter_bias}"
        f" shift={detector.filter_shift} history={detector.taps + 1} window={detector.average_window_ms} count=1"
        f" suppression=750 stride=5 gate=511 grammar=3:2:4000,"
        f" golden={''.join(f'{score},' for score in golden.scores)} seed={golden.seed} crc={golden.features_crc32}"
    ]


def test_a_bundle_without_filter_grammar_gate_and_golden_clip(read: Read, bundle: Bundle, board: Board) -> None:
    plain = dataclasses.replace(bundle, golden=(), detector=DetectorSettings())
    (said,) = read([model_image(plain, board, identity_of_firmware(bundle))])
    assert "rule=average taps=0 weights=0 bias=0 shift=0 history=11 window=1000 count=3 suppression=1500" in said
    assert said.endswith("stride=5 gate=0 grammar= golden= seed=0 crc=0")


def test_every_damaged_byte_is_found(read: Read, image: bytes) -> None:
    damaged = [image[:at] + bytes([image[at] ^ 1 << at % 8]) + image[at + 1 :] for at in range(len(image))]
    said = read(damaged)
    assert {line.split()[0] for line in said} == {"refused"}
    assert said[0] == "refused the model slot holds something else than a model image"
    assert said[300] == "refused the model image is damaged or was not written to its end"


def test_writing_that_stopped_anywhere_leaves_no_model(read: Read, image: bytes) -> None:
    """Flash is erased first: what was not written is 0xff. Bytes at the end may happen to be 0xff: there are none."""
    said = read(in_slot(image[:length]) for length in range(0, len(image), 7))
    assert said[0] == "none"
    assert {line.split()[0] for line in said[1:]} == {"refused"}


def test_an_erased_slot_and_one_that_is_too_small_hold_nothing(read: Read, image: bytes) -> None:
    assert read([b"\xff" * SLOT_BYTES, bytes(SLOT_BYTES), image[: HEADER_BYTES - 1]]) == 3 * ["none"]
    assert read([image[:-16]]) == ["refused the model image says that it is larger than its slot"]


def test_no_number_of_the_header_leads_outside(read: Read, image: bytes) -> None:
    """With right CRCs, as a program with a bug, or somebody, may write them. The sanitizers watch."""
    values = [*ODD_VALUES, len(image) - 1, len(image), len(image) + 1, SLOT_BYTES, SLOT_BYTES + 1]
    slots = [with_field(image, at, value) for at in HEADER_FIELDS for value in values]
    assert len(read(slots)) == len(slots)
    rng = np.random.default_rng(11)
    several = []
    for _ in range(2000):
        mutant = image
        for at in rng.choice(HEADER_FIELDS, 3):
            mutant = with_field(mutant, int(at), int(rng.choice(values)))
        several.append(with_field(mutant, 16, zlib.crc32(mutant[HEADER_BYTES:])))
    assert len(read(several)) == len(several)


def test_what_the_firmware_cannot_run_is_refused_by_name(
    read: Read, image: bytes, bundle: Bundle, board: Board
) -> None:
    labels_at = image.index(b"_silence_\0")
    body = bytearray(image[HEADER_BYTES:])
    body[labels_at - HEADER_BYTES] = ord("A")
    other = dataclasses.replace(board, id="yours")
    cases = {
        "the model image is for another board": model_image(bundle, other, identity_of_firmware(bundle)),
        "the model is for another front-end": with_text(image, 224, b"x"),
        "the model has another number of labels": with_field(image, 40, 3),
        "the model needs a larger tensor arena than this firmware has": with_field(image, 28, 5105),
        "the model image has another version than this firmware reads": with_field(image, 4, 2),
        "the detector keeps more scores than this firmware has memory for": with_field(
            with_field(image, 60, 1), 48, 2520
        ),
        "the model image is wrong: its detector": with_field(image, 44, 2),
        "the model image is wrong: its labels": with_body(image, bytes(body)),
        "the model image is wrong: its model is not inside": with_field(image, 20, HEADER_BYTES + 8),
        "the model image is wrong: its golden clip": with_field(image, 108, len(image)),
        "the model image is wrong: its identity": with_text(image, 224, bundle.identity[:28].encode()),
    }
    assert read(cases.values()) == [f"refused {why}" for why in cases]
    assert arena_bytes(bundle, board) == 5104, "the arena's limit of read_model_image.c"


def test_an_image_for_other_firmware_is_no_error(read: Read, bundle: Bundle, board: Board) -> None:
    """After a whole firmware was flashed, what is left in the slot is from before."""
    assert read([model_image(bundle, board, bundle.identity)]) == ["old"]
