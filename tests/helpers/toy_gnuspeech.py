# SPDX-License-Identifier: Apache-2.0
"""A program of a kilobyte with GnuSpeech's imports and exports: a tone that depends on text, files and random numbers.

It reads the voice's file in pieces of 64 bytes, then seeks back and reads it once more; it fails on a text that starts
with an exclamation mark, as the real one does on a file that it cannot read.
"""

from __future__ import annotations

import struct
from pathlib import Path

import wasmtime

RATE_HZ = 22050
SAMPLES = 8000
DICTIONARY = "  1.0\nrun 'r_a_n%a\nyes 'y_e_s%a\nrunner 'r_a_n.uh_r%a\nyesterday 'y_e_s.t_uh.d_e_i%a\n"

PROGRAM = """
(module
  (import "a" "h" (func $open (param i32 i32 i32 i32) (result i32)))
  (import "a" "f" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "a" "d" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "a" "k" (func $seek (param i32 i32 i32 i32 i32) (result i32)))
  (import "a" "c" (func $close (param i32) (result i32)))
  (import "a" "l" (func $random (param i32 i32) (result i32)))
  (import "a" "q" (func $grow (param i32) (result i32)))
  (import "a" "j" (func $files (param i32)))
  (import "a" "b" (func $fail (param i32 i32 i32 i32)))
  (memory (export "r") 1)
  (global $top (mut i32) (i32.const 32768))
  (data (i32.const 16) "{table}")
  (data (i32.const 256) "/data/en/voice_male.txt\\00")
  (data (i32.const 320) "/data/en/MainDictionary.txt\\00")
  (data (i32.const 512) "{dictionary}")
  (data (i32.const 2048) "{header}")
  (func (export "s") (call $files (i32.const 16)))
  (func (export "u") (param i32))
  (func (export "v") (param $size i32) (result i32)
    (global.set $top (i32.add (global.get $top) (local.get $size)))
    (i32.sub (global.get $top) (local.get $size)))
  (func $stop (call $fail (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $sum_of_file (param $name i32) (result i32)
    (local $file i32) (local $sum i32) (local $at i32) (local $twice i32)
    (local.set $file (call $open (i32.const -100) (local.get $name) (i32.const 0) (i32.const 0)))
    (if (i32.lt_s (local.get $file) (i32.const 0)) (then (call $stop)))
    (loop $more
      (i32.store (i32.const 128) (i32.const 192)) (i32.store (i32.const 132) (i32.const 64))
      (drop (call $read (local.get $file) (i32.const 128) (i32.const 1) (i32.const 136)))
      (local.set $at (i32.const 0))
      (block $done (loop $each
        (br_if $done (i32.ge_u (local.get $at) (i32.load (i32.const 136))))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_u offset=192 (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $each)))
      (br_if $more (i32.load (i32.const 136)))
      (if (i32.eqz (local.get $twice)) (then
        (local.set $twice (i32.const 1))
        (drop (call $seek (local.get $file) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 144)))
        (br $more))))
    (drop (call $close (local.get $file)))
    (local.get $sum))
  (func $put (param $file i32) (param $from i32) (param $size i32)
    (i32.store (i32.const 128) (local.get $from)) (i32.store (i32.const 132) (local.get $size))
    (drop (call $write (local.get $file) (i32.const 128) (i32.const 1) (i32.const 136))))
  (func (export "w") (param $text i32) (param $out i32) (param $folder i32) (param $log i32) (param $debug i32)
    (local $step i32) (local $at i32) (local $file i32)
    (if (i32.eq (i32.load8_u (local.get $text)) (i32.const 33)) (then (call $stop)))
    (if (i32.eqz (call $grow (i32.const 131072))) (then unreachable))
    (drop (call $random (i32.const 152) (i32.const 1)))
    (local.set $step (i32.load8_u (i32.const 152)))
    (local.set $step (i32.add (local.get $step) (call $sum_of_file (i32.const 256))))
    (local.set $step (i32.add (local.get $step) (call $sum_of_file (i32.const 320))))
    (loop $letters
      (local.set $step (i32.add (i32.mul (local.get $step) (i32.const 7)) (i32.load8_u (local.get $text))))
      (local.set $text (i32.add (local.get $text) (i32.const 1)))
      (br_if $letters (i32.load8_u (local.get $text))))
    (local.set $step (i32.add (i32.const 200) (i32.and (local.get $step) (i32.const 1023))))
    (loop $samples
      (i32.store16 offset=70000 (i32.mul (local.get $at) (i32.const 2))
        (i32.sub (i32.and (i32.mul (local.get $at) (local.get $step)) (i32.const 16383)) (i32.const 8192)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $samples (i32.lt_u (local.get $at) (i32.const {samples}))))
    (local.set $file (call $open (i32.const -100) (local.get $out) (i32.const 577) (i32.const 0)))
    (call $put (local.get $file) (i32.const 2048) (i32.const 44))
    (call $put (local.get $file) (i32.const 70000) (i32.const {bytes}))
    (drop (call $close (local.get $file)))))
"""


def write_toy(path: Path) -> Path:
    """Writes the program as gnuspeech.wasm."""
    size = 2 * SAMPLES
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16, b"data", size),
    )
    table = struct.pack("<7I", 320, len(DICTIONARY), 512, 256, 0, 512, 0)
    text = PROGRAM.format(
        table=_escaped(table),
        dictionary=_escaped(DICTIONARY.encode()),
        header=_escaped(header),
        samples=SAMPLES,
        bytes=size,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wasmtime.wat2wasm(text))
    return path


def _escaped(data: bytes) -> str:
    return "".join(f"\\{byte:02x}" for byte in data)
